"""What a draft lease consists of: units, lines, steps, rent-free days, indexation, discounts, subsidies. Rules C-04, C-07, C-13, C-17.

All of it is edited on drafts only (C-13); a signed lease is amended."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.models.catalogue import ChargeItem
from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.lease import Lease, LeaseLine, LeaseUnit
from ..models.lease_terms import IndexValue, LeaseDiscount, LeaseIndexation, LeaseRentFree, LeaseStep, LeaseSubsidy
from ..models.space import Unit
from .leases import require_draft


def _lease(session: Any, lease_id: int | None) -> Lease | None:
    lease = session.get(Lease, lease_id) if lease_id is not None else None
    if lease is not None:
        require_draft(lease)
    return lease


def _of_line(session: Any, line_id: int | None) -> LeaseLine | None:
    line = session.get(LeaseLine, line_id) if line_id is not None else None
    if line is not None:
        require_draft(session.get(Lease, line.lease_id))
    return line


def add_unit(session: Any, lease: Lease, *, unit_id: int, area: Decimal | None = None) -> LeaseUnit:
    """A unit of the lease; the area is the lettable area unless another one is agreed."""
    return create_unit(session, lease_id=lease.id, unit_id=unit_id, area=area)


def create_unit(session: Any, *, lease_id: int, unit_id: int, area: Decimal | None = None) -> LeaseUnit:
    """As `add_unit`, for the form."""
    _lease(session, lease_id)
    unit = session.get(Unit, unit_id) if unit_id is not None else None
    if area is None and unit is not None:
        area = unit.lettable_area
    return records.create(session, LeaseUnit, {"lease_id": lease_id, "unit_id": unit_id, "area": area}, _positive_area)


def _positive_area(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("area") is not None and values["area"] <= 0:
        problems.add("leasing.C-04", _l("The area let is more than zero."), "area")


def change_unit(session: Any, row: LeaseUnit, *, area: Decimal) -> LeaseUnit:
    """Another area (C-13: drafts only)."""
    _lease(session, row.lease_id)
    return records.change(session, row, {"area": area}, _positive_area)


def remove_unit(session: Any, row: LeaseUnit) -> None:
    """Take a unit out of a draft."""
    _lease(session, row.lease_id)
    records.remove(session, row)


def add_line(
    session: Any,
    lease: Lease,
    *,
    item_id: int | None = None,
    item: str | None = None,
    steps: Any = (),
    discounts: Any = (),
    subsidies: Any = (),
    indexation: dict[str, Any] | None = None,
    **values: Any,
) -> LeaseLine:
    """A line with what hangs on it. item: the code of the charge item, instead of its id."""
    if item_id is None and item is not None:
        item_id = session.scalar(select(ChargeItem.id).where(ChargeItem.code == item))
    line = create_line(session, lease_id=lease.id, item_id=item_id, **values)
    for starts_on, price in steps:
        create_step(session, line_id=line.id, starts_on=starts_on, price=price)
    for one in discounts:
        create_discount(session, line_id=line.id, **one)
    for one in subsidies:
        create_subsidy(session, line_id=line.id, **one)
    if indexation:
        create_indexation(session, line_id=line.id, **indexation)
    return line


def create_line(
    session: Any,
    *,
    lease_id: int,
    item_id: int,
    basis: str,
    price: Decimal | None = None,
    unit_id: int | None = None,
    turnover_rate: Decimal | None = None,
    minimum: Decimal | None = None,
    cycle_months: int = 1,
    timing: str | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    memo: str | None = None,
) -> LeaseLine:
    """One line of a draft."""
    _lease(session, lease_id)
    price = Decimal(0) if price is None and basis == "turnover" else price
    timing = timing or ("arrears" if basis == "turnover" else "advance")
    return records.create(
        session,
        LeaseLine,
        {
            "lease_id": lease_id,
            "item_id": item_id,
            "basis": basis,
            "price": price,
            "unit_id": unit_id,
            "turnover_rate": turnover_rate,
            "minimum": minimum,
            "cycle_months": cycle_months,
            "timing": timing,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "memo": memo,
        },
        _check_line,
    )


def _check_line(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["price"] is not None and values["price"] < 0:
        problems.add("leasing.C-07", _l("A price is not negative; enter a discount instead."), "price")
    if not 1 <= values["cycle_months"] <= 60:
        problems.add("leasing.C-07", _l("An instalment covers 1 to 60 months."), "cycle_months")
    if values["basis"] == "turnover":
        if not values.get("turnover_rate") or not 0 < values["turnover_rate"] <= 1:
            problems.add("leasing.C-07", _l("Enter the share of turnover, between 0 and 100 %%."), "turnover_rate")
        if values["timing"] != "arrears":
            problems.add("leasing.C-07", _l("A share of turnover is charged in arrears."), "timing")
    elif values.get("turnover_rate") or values.get("minimum"):
        problems.add("leasing.C-07", _l("Share and minimum belong to lines with a share of turnover only."), "turnover_rate")
    records.date_order(values, problems, "starts_on", "ends_on", _l("The line ends before it begins; correct the dates."))


def change_line(session: Any, line: LeaseLine, **values: Any) -> LeaseLine:
    """Correct a line of a draft."""
    _of_line(session, line.id)
    return records.change(session, line, values, _check_line)


def remove_line(session: Any, line: LeaseLine) -> None:
    """Take a line out of a draft, with its steps and reductions."""
    _of_line(session, line.id)
    records.remove(session, line)


def create_step(session: Any, *, line_id: int, starts_on: date, price: Decimal) -> LeaseStep:
    """C-17: from this day the price is another one; the day lies within the lease."""
    line = _of_line(session, line_id)

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        lease = session.get(Lease, line.lease_id)
        if not _inside(lease, values["starts_on"], values["starts_on"]):
            problems.add("leasing.C-17", _l("This day lies outside the lease."), "starts_on")
        if values["price"] < 0:
            problems.add("leasing.C-07", _l("A price is not negative; enter a discount instead."), "price")

    return records.create(session, LeaseStep, {"line_id": line_id, "starts_on": starts_on, "price": price}, check)


def _inside(lease: Lease, first: date, last: date) -> bool:
    return first >= lease.starts_on and (lease.ends_on is None or last <= lease.ends_on)


def _check_days(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("It ends before it begins; correct the dates."))
    lease = session.get(Lease, values["lease_id"]) if values.get("lease_id") else None
    if lease is None and values.get("line_id"):
        lease = session.get(Lease, session.get(LeaseLine, values["line_id"]).lease_id)
    if lease is not None and not _inside(lease, values["starts_on"], values["ends_on"]):
        problems.add("leasing.C-17", _l("These days lie outside the lease."), "ends_on")


def create_rent_free(
    session: Any, *, lease_id: int, starts_on: date, ends_on: date, line_id: int | None = None, reason: str | None = None
) -> LeaseRentFree:
    """C-17: days without rent, inside the lease."""
    _lease(session, lease_id)
    values = {"lease_id": lease_id, "line_id": line_id, "starts_on": starts_on, "ends_on": ends_on, "reason": reason}

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        _check_days(session, values, problems)
        if line_id is not None and session.get(LeaseLine, line_id).lease_id != lease_id:
            problems.add("leasing.C-17", _l("This line belongs to another lease."), "line_id")

    return records.create(session, LeaseRentFree, values, check)


def _check_reduction(session: Any, values: dict[str, Any], problems: Problems) -> None:
    _check_days(session, values, problems)
    if (values.get("percent") is None) == (values.get("amount") is None):
        problems.add("leasing.C-17", _l("Enter a share of the price or an amount a month, one of them."), "percent")
    if values.get("percent") is not None and not 0 < values["percent"] <= 1:
        problems.add("leasing.C-17", _l("The share lies between 0 and 100 %%."), "percent")
    if values.get("amount") is not None and values["amount"] <= 0:
        problems.add("leasing.C-17", _l("The amount is more than zero."), "amount")


def create_discount(
    session: Any,
    *,
    line_id: int,
    starts_on: date,
    ends_on: date,
    percent: Decimal | None = None,
    amount: Decimal | None = None,
    area_cap: Decimal | None = None,
    reason: str | None = None,
) -> LeaseDiscount:
    """The landlord's own discount: a negative line of its own on the bill."""
    _of_line(session, line_id)
    return records.create(
        session,
        LeaseDiscount,
        {
            "line_id": line_id,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "percent": percent,
            "amount": amount,
            "area_cap": area_cap,
            "reason": reason,
        },
        _check_reduction,
    )


def create_subsidy(
    session: Any,
    *,
    line_id: int,
    funder_id: int,
    starts_on: date,
    ends_on: date,
    percent: Decimal | None = None,
    amount: Decimal | None = None,
    area_cap: Decimal | None = None,
    doc_no: str | None = None,
) -> LeaseSubsidy:
    """C-08: a third party pays part; owed by the funder, VAT stays on the full price."""
    _of_line(session, line_id)
    return records.create(
        session,
        LeaseSubsidy,
        {
            "line_id": line_id,
            "funder_id": funder_id,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "percent": percent,
            "amount": amount,
            "area_cap": area_cap,
            "doc_no": doc_no,
        },
        _check_reduction,
    )


def create_indexation(
    session: Any,
    *,
    line_id: int,
    every_months: int = 12,
    first_on: date | None = None,
    rate: Decimal | None = None,
    index_code: str | None = None,
) -> LeaseIndexation:
    """A rise on each anniversary: by a rate, or with an entered index."""
    _of_line(session, line_id)

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        if (values.get("rate") is None) == (values.get("index_code") is None):
            problems.add("leasing.C-17", _l("Enter a rate or an index, one of them."), "rate")
        if not 1 <= values["every_months"] <= 120:
            problems.add("leasing.C-17", _l("A rise comes every 1 to 120 months."), "every_months")

    return records.create(
        session,
        LeaseIndexation,
        {"line_id": line_id, "every_months": every_months, "first_on": first_on, "rate": rate, "index_code": index_code},
        check,
    )


def remove_term(session: Any, row: Any) -> None:
    """Take a step, rent-free time, indexation, discount or subsidy out of a draft."""
    lease_id = getattr(row, "lease_id", None) or session.get(LeaseLine, row.line_id).lease_id
    _lease(session, lease_id)
    records.remove(session, row)


def enter_index(session: Any, *, code: str, month: date, value: Decimal, on: date | None = None, source: str | None = None) -> IndexValue:
    """A published index value; leases that waited for it get their further due rows."""
    from . import schedule

    month = month.replace(day=1) if month is not None else month
    row = records.create(session, IndexValue, {"code": code, "month": month, "value": value, "source": source})
    waiting = session.scalars(
        select(Lease)
        .join(LeaseLine, LeaseLine.lease_id == Lease.id)
        .join(LeaseIndexation, LeaseIndexation.line_id == LeaseLine.id)
        .where(LeaseIndexation.index_code == row.code, Lease.state.in_(("running", "holding_over")))
        .distinct()
    )
    schedule.write_many(session, list(waiting), on)
    return row


def remove_index(session: Any, row: IndexValue) -> None:
    """Remove a value nothing was worked out with yet."""
    access.require(session, IndexValue.__resource__, "remove")
    records.remove(session, row)


def change_unit_form(session: Any, row: LeaseUnit, *, area: Decimal, lease_id: int | None = None, unit_id: int | None = None) -> LeaseUnit:
    """The form shows lease and unit too; only the area changes."""
    return change_unit(session, row, area=area)


def change_line_form(
    session: Any,
    line: LeaseLine,
    *,
    item_id: int,
    basis: str,
    price: Decimal | None = None,
    unit_id: int | None = None,
    turnover_rate: Decimal | None = None,
    minimum: Decimal | None = None,
    cycle_months: int = 1,
    timing: str = "advance",
    starts_on: date | None = None,
    ends_on: date | None = None,
    memo: str | None = None,
    lease_id: int | None = None,
) -> LeaseLine:
    """A line of a draft from its form; it stays with its lease."""
    values = {k: v for k, v in locals().items() if k not in ("session", "line", "lease_id")}
    return change_line(session, line, **values)
