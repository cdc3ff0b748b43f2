"""What may be charged and the dated facts of VAT on it: loading the reference files, and the plain records finance keeps.

Rules B-01 (one rate on a day), B-02 (exemption is entered by the tax officer, a waiver binds 36 months) and B-03 (simplified
method, 36 months) of the README."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from parkops import records
from parkops.clock import add_months
from parkops.errors import Problems, Refused
from parkops.i18n import _l

from ..models.catalogue import (
    INCUBATION_CLASSES,
    CarrierExemption,
    ChargeItem,
    SimplifiedElection,
    TaxStatus,
    VatRate,
)
from ..models.charge import Charge
from . import accounts

LOCK_MONTHS = 36  # VAT Law, article 27; 财政部 税务总局公告2026年第10号, article 3(2)3
OLD_BUILDING = date(2016, 4, 30)


def load(session: Any, path: Path) -> int:
    """Load items.yaml or vat.yaml; what is there stays as it is. Returns how many rows are new."""
    rows = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    found = {"items": _load_items, "vat": _load_rates}.get(Path(path).stem)
    if found is None:
        raise Refused(f"{Path(path).name}: neither charge items nor VAT rates")
    return found(session, rows)


def _load_items(session: Any, rows: list[dict[str, Any]]) -> int:
    have = set(session.scalars(select(ChargeItem.code)))
    new = [
        ChargeItem(
            code=r["code"],
            name=r["name"],
            name_en=r.get("name_en"),
            supply=r["supply"],
            service_class=r["service_class"],
            account_id=accounts.by_code(session, r["account"]).id,
            exempt_account_id=accounts.by_code(session, r["exempt_account"]).id if r.get("exempt_account") else None,
            tax_code=r.get("tax_code"),
            unit=r.get("unit"),
            rent=bool(r.get("rent")),
        )
        for r in rows
        if r["code"] not in have
    ]
    session.add_all(new)
    session.flush()
    return len(new)


def _load_rates(session: Any, rows: list[dict[str, Any]]) -> int:
    key = (VatRate.supply, VatRate.taxpayer, VatRate.method, VatRate.starts_on)
    have = {tuple(r) for r in session.execute(select(*key))}
    new = []
    for r in rows:
        method = r.get("method", "normal")
        if (r["supply"], r["taxpayer"], method, r["from"]) in have:
            continue
        new.append(
            VatRate(
                supply=r["supply"],
                taxpayer=r["taxpayer"],
                method=method,
                rate=Decimal(str(r["rate"])) / 100,
                exempt=bool(r.get("exempt")),
                starts_on=r["from"],
                during=Range(r["from"], r.get("to"), bounds="[)"),
                doc_no=r["doc"],
                article=r.get("article"),
                provenance=r["provenance"],
                note=r.get("note"),
            )
        )
    session.add_all(new)
    session.flush()
    return len(new)


def by_code(session: Any, code: str) -> ChargeItem:
    """The charge item of a code; Refused when the list has none."""
    found = session.scalars(select(ChargeItem).where(ChargeItem.code == code)).one_or_none()
    if found is None:
        raise Refused(_l("There is no charge item %(code)s. Finance adds it under Charge items.", code=code))
    return found


def create_item(session: Any, **values: Any) -> ChargeItem:
    """Add something that may be charged."""
    return records.create(session, ChargeItem, values, _check_item)


def change_item(session: Any, item: ChargeItem, **values: Any) -> ChargeItem:
    """Change an item; lines charged before keep what they were charged with."""
    return records.change(session, item, values, _check_item)


def remove_item(session: Any, item: ChargeItem) -> None:
    """Remove an item nothing was charged for."""
    records.remove(session, item, (Charge, "item_id", _l("This was charged before. Take it out of use instead of deleting it.")))


def _check_item(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("service_class") in INCUBATION_CLASSES and values.get("supply") != "none" and not values.get("exempt_account_id"):
        problems.add("billing.B-06", _l("An incubation service needs an own account for its exempt income."), "exempt_account_id")
    code = values.get("tax_code")
    if code and not (code.isdigit() and len(code) == 19):
        problems.add("billing.tax_code", _l("A tax classification code has 19 digits."), "tax_code")


def _dated(values: dict[str, Any]) -> dict[str, Any]:
    """The half-open range of `starts_on` and `last_day`."""
    start, last = values.get("starts_on"), values.get("last_day")
    if start is not None:
        values["during"] = Range(start, last + timedelta(days=1) if last and last >= start else None, bounds="[)")
    return values


def _days(values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "last_day", _l("The last day lies before the first."))


def _locked(values: dict[str, Any], problems: Problems) -> None:
    """36 months from the start, whoever asks."""
    start, last = values.get("starts_on"), values.get("last_day")
    if start and last and last < add_months(start, LOCK_MONTHS) - timedelta(days=1):
        problems.add(
            "billing.B-03",
            _l(
                "This binds for 36 months: the last day is %(day)s at the earliest.",
                day=(add_months(start, LOCK_MONTHS) - timedelta(days=1)).isoformat(),
            ),
            "last_day",
        )


def _overlap(session: Any, model: Any, values: dict[str, Any], problems: Problems, own_id: int | None, **same: Any) -> None:
    """One row on a day; the database refuses it too, this says which row is in the way."""
    query = select(model).where(model.during.op("&&")(values["during"]), model.id != (own_id or 0))
    for name, value in same.items():
        query = query.where(getattr(model, name) == value)
    other = session.scalars(query.limit(1)).first()
    if other is not None:
        problems.add(
            "billing.B-01", _l("Another row already holds from %(day)s. End that one first.", day=other.starts_on.isoformat()), "starts_on"
        )


def _check_rate(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        if not 0 <= values["rate"] < 1:
            problems.add("billing.rate", _l("Enter a rate from 0 to below 100 %."), "rate")
        _overlap(session, VatRate, values, problems, own_id, supply=values["supply"], taxpayer=values["taxpayer"], method=values["method"])

    return check


def create_rate(session: Any, *, last_day: date | None = None, **values: Any) -> VatRate:
    """Add a dated rate with its document number."""
    values = _dated({**values, "last_day": last_day})
    values.pop("last_day")
    return records.create(session, VatRate, {"method": "normal", **values}, _check_rate(None))


def end_rate(session: Any, rate: VatRate, *, last_day: date) -> VatRate:
    """Let a rate end; a later one begins the day after."""
    problems = Problems()
    if last_day < rate.starts_on:
        problems.add("record.date_order", _l("The last day lies before the first."), "last_day")
    problems.stop()
    return records.change(session, rate, {"during": Range(rate.starts_on, last_day + timedelta(days=1), bounds="[)")})


def _checked(model: Any, same: str, own_id: int | None, *more: Any) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        _days(values, problems)
        if not problems.found:
            same_row = {same: values[same]} if same in values else {}
            _overlap(session, model, values, problems, own_id, **same_row)
        for rule in more:
            rule(values, problems)

    return check


def _waiver(values: dict[str, Any], problems: Problems) -> None:
    if values.get("waived"):
        _locked(values, problems)


def _old(values: dict[str, Any], problems: Problems) -> None:
    if values.get("acquired_on") and values["acquired_on"] >= OLD_BUILDING:
        problems.add("billing.B-03", _l("Only real estate acquired before 30 April 2016 may use the simplified method."), "acquired_on")
    _locked(values, problems)


def create_exemption(session: Any, **values: Any) -> CarrierExemption:
    """The tax officer states that a carrier qualifies (or that the exemption is waived) from a day on."""
    return records.create(session, CarrierExemption, _dated(values), _checked(CarrierExemption, "carrier_id", None, _waiver))


def change_exemption(session: Any, row: CarrierExemption, **values: Any) -> CarrierExemption:
    """Change a statement, usually to end it: from the month after cancellation (domain.md 9.1)."""
    values = _dated({"starts_on": row.starts_on, "last_day": row.last_day, **values})
    problems = Problems()
    if row.waived and not values.get("waived", True):
        problems.add("billing.B-02", _l("A waiver is not taken back; it ends after 36 months and a new row begins."), "waived")
    problems.stop()
    return records.change(session, row, values, _checked(CarrierExemption, "carrier_id", row.id, _waiver))


def create_tax_status(session: Any, **values: Any) -> TaxStatus:
    """The operator is a general or small-scale taxpayer from a day on."""
    return records.create(session, TaxStatus, _dated(values), _checked(TaxStatus, "park_id", None))


def change_tax_status(session: Any, row: TaxStatus, **values: Any) -> TaxStatus:
    """Correct or end a dated status."""
    values = _dated({"starts_on": row.starts_on, "last_day": row.last_day, **values})
    return records.change(session, row, values, _checked(TaxStatus, "park_id", row.id))


def create_election(session: Any, **values: Any) -> SimplifiedElection:
    """Lease a carrier's old real estate under the simplified method."""
    return records.create(session, SimplifiedElection, _dated(values), _checked(SimplifiedElection, "carrier_id", None, _old))


def change_election(session: Any, row: SimplifiedElection, **values: Any) -> SimplifiedElection:
    """Correct or end an election, not before its 36 months."""
    values = _dated({"starts_on": row.starts_on, "last_day": row.last_day, **values})
    return records.change(session, row, values, _checked(SimplifiedElection, "carrier_id", row.id, _old))
