"""Computed columns, facts and tab data of leases."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, case, cast, func, select, type_coerce

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from parkops import attachments, clock
from parkops.db.types import Area, Money
from parkops.i18n import _

from ..models.lease import DUE_KINDS, Lease, LeaseDue, LeaseLine, LeaseUnit
from ..models.lease_law import LeaseSublet
from ..models.lease_terms import LeaseDiscount, LeaseIndexation, LeaseRentFree, LeaseStep, LeaseSubsidy
from ..models.settlement import SettlementCheck
from ..models.space import Unit
from ..services import expiry, law, lease_deposits, leases, schedule, settlement_lines, settlements, versions


def area(model: Any, context: Any) -> Any:
    """SQL: ㎡ of all units."""
    return type_coerce(select(func.sum(LeaseUnit.area)).where(LeaseUnit.lease_id == model.id).correlate(model).scalar_subquery(), Area)


def unit_codes(model: Any, context: Any) -> Any:
    """SQL: codes of the units."""
    return (
        select(func.string_agg(Unit.code, "、"))
        .join(LeaseUnit, LeaseUnit.unit_id == Unit.id)
        .where(LeaseUnit.lease_id == model.id)
        .correlate(model)
        .scalar_subquery()
    )


def days_left(model: Any, context: Any) -> Any:
    """SQL: days until a running lease ends; negative when the day has passed."""
    return case((model.state.in_(law.OCCUPYING), cast(model.ends_on - context.today, Integer)), else_=None)


def is_renewed(model: Any, context: Any) -> Any:
    """SQL: a later version exists."""
    return expiry.renewed()


def left_tone(value: Any) -> str:
    """Red when over, amber within 90 days."""
    return "grey" if value is None or value > 90 else "red" if value < 0 else "amber"


def area_fact(session: Any, lease: Lease) -> tuple[Any, str | None]:
    found = session.scalar(select(type_coerce(func.sum(LeaseUnit.area), Area)).where(LeaseUnit.lease_id == lease.id))
    return (f"{found:,.2f} ㎡", None) if found else (_("no units yet"), "amber")


def left_fact(session: Any, lease: Lease) -> tuple[Any, str | None]:
    if lease.state not in law.OCCUPYING:
        return "", None
    if lease.ends_on is None or lease.state == "holding_over":
        return _("indefinite"), "amber" if lease.state == "holding_over" else None
    left = (lease.ends_on - clock.today()).days
    return _("%(n)s days", n=left), left_tone(left)


def total_fact(session: Any, lease: Lease) -> tuple[Any, str | None]:
    total = lease.total_amount if lease.total_amount is not None else schedule.preview(session, lease, clock.today()).total
    return f"{total:,.2f}", None


def open_fact(session: Any, lease: Lease) -> tuple[Any, str | None]:
    """What is open on bills that hold charges of this lineage's tenant."""
    total = sum((b.gross - b.settled for b in settlement_lines.bills_of(session, lease, "bill")), Decimal(0))
    return f"{total:,.2f}", "red" if total else "green"


def deposit_fact(session: Any, lease: Lease) -> tuple[Any, str | None]:
    rows = lease_deposits.deposits_of(session, lease)
    held, agreed = sum((d.held for d in rows), Decimal(0)), sum((d.agreed for d in rows), Decimal(0))
    return f"{held:,.2f} / {agreed:,.2f}", "amber" if held < agreed and lease.state in law.OCCUPYING else None


def schedule_tab(session: Any, lease: Lease) -> dict[str, Any]:
    """The preview of a draft, or the due rows of a signed lease, by year and line."""
    lines = {line.id: line for line in leases.lines_text(session, lease)}
    if lease.signed_on is None:
        found = schedule.preview(session, lease, clock.today())
        rows, unknown = found.rows, found.unknown
    else:
        rows, unknown = [_as_row(d) for d in schedule.dues_of(session, lease)], _unknown(session, lease)
    taken = {} if lease.signed_on is None else _billed(session, lease)
    years: dict[int, dict[str, Any]] = defaultdict(lambda: {"rows": [], "charge": Decimal(0), "less": Decimal(0), "total": Decimal(0)})
    by_line: dict[int, Decimal] = defaultdict(Decimal)
    for r in rows:
        year = years[r.period_from.year]
        year["rows"].append(
            {
                "row": r,
                "line": str(lines.get(r.line, "")),
                "kind": DUE_KINDS.label(r.kind),
                "tone": DUE_KINDS.tone(r.kind),
                "bill": taken.get((r.line, r.kind, r.period_from)),
            }
        )
        year["charge" if r.amount > 0 else "less"] += r.amount
        year["total"] += r.amount
        by_line[r.line] += r.amount
    return {
        "lease": lease,
        "years": sorted(years.items()),
        "total": sum((r.amount for r in rows), Decimal(0)),
        "count": len(rows),
        "by_line": [(str(lines[i]), v) for i, v in by_line.items() if i in lines],
        "preview": lease.signed_on is None,
        "unknown": [(str(lines[u.line]), u) for u in unknown if u.line in lines],
        "warnings": law.warnings(session, lease, clock.today()),
    }


def _as_row(d: LeaseDue) -> Any:
    from ..calc_schedule import Instalment

    return Instalment(
        d.line_id, d.kind, d.period_from, d.period_to, d.bill_month, d.due_on, d.amount, d.quantity, d.unit_price, d.explain, d.funder_id
    )


def _unknown(session: Any, lease: Lease) -> list[Any]:
    if lease.state not in law.OCCUPYING:
        return []
    return schedule.preview(session, lease, clock.today()).unknown


def _billed(session: Any, lease: Lease) -> dict[tuple, tuple[int | None, str | None]]:
    """(line, kind, first day) → (bill id, number) of what is charged."""
    query = (
        select(LeaseDue.line_id, LeaseDue.kind, LeaseDue.period_from, Charge.bill_id, Bill.number)
        .join(Charge, (Charge.source == schedule.SOURCE) & (Charge.source_id == LeaseDue.id))
        .outerjoin(Bill, Bill.id == Charge.bill_id)
        .where(LeaseDue.lease_id == lease.id)
    )
    return {(line, kind, first): (bill, number) for line, kind, first, bill, number in session.execute(query)}


def terms_tab(session: Any, lease: Lease) -> dict[str, Any]:
    """Units, lines and what hangs on them, on one page."""
    lines = leases.lines_text(session, lease)
    ids = [line.id for line in lines]
    extra: dict[int, list[Any]] = defaultdict(list)
    for model, word in ((LeaseStep, "step"), (LeaseIndexation, "indexation"), (LeaseDiscount, "discount"), (LeaseSubsidy, "subsidy")):
        for row in session.scalars(select(model).where(model.line_id.in_(ids)).order_by(model.id)):
            extra[row.line_id].append((word, row))
    units = session.execute(
        select(LeaseUnit, Unit).join(Unit, Unit.id == LeaseUnit.unit_id).where(LeaseUnit.lease_id == lease.id).order_by(Unit.code)
    ).all()
    free = session.scalars(select(LeaseRentFree).where(LeaseRentFree.lease_id == lease.id).order_by(LeaseRentFree.starts_on)).all()
    return {
        "lease": lease,
        "lines": [(line, extra[line.id]) for line in lines],
        "units": units,
        "free": free,
        "area": sum((row.area for row, _u in units), Decimal(0)),
        "editable": lease.state == "draft",
        "problems": law.problems_of(session, lease) if lease.state == "draft" else [],
        "warnings": law.warnings(session, lease, clock.today()),
    }


def versions_tab(session: Any, lease: Lease) -> dict[str, Any]:
    """All versions, the firm's sub-lettings and the settlement."""
    sublets = session.scalars(select(LeaseSublet).where(LeaseSublet.lease_id == lease.id).order_by(LeaseSublet.known_on)).all()
    return {
        "lease": lease,
        "versions": versions.lineage(session, lease),
        "settlement": settlements.of_lease(session, lease),
        "sublets": [(s, law.sublet_answer(s.known_on, s.answer, clock.today())) for s in sublets],
    }


def deposits_tab(session: Any, lease: Lease) -> dict[str, Any]:
    """Deposits of the lineage by kind."""
    from modules.billing.models.deposit import DEPOSIT_KINDS

    rows = lease_deposits.deposits_of(session, lease, everybody=True)
    return {"rows": [(d, DEPOSIT_KINDS.label(d.kind)) for d in rows], "lease": lease}


def charges_tab(session: Any, lease: Lease) -> dict[str, Any]:
    """Charges of this version and the bills they stand on."""
    query = (
        select(Charge, Bill)
        .outerjoin(Bill, Bill.id == Charge.bill_id)
        .where(Charge.source == schedule.SOURCE, Charge.source_id.in_(select(LeaseDue.id).where(LeaseDue.lease_id == lease.id)))
        .order_by(Charge.period_from, Charge.id)
        .limit(400)
    )
    rows = session.execute(query).all()
    return {"rows": rows, "total": sum((c.gross for c, _b in rows), Decimal(0))}


def contracts_tab(session: Any, lease: Lease) -> dict[str, Any]:
    """Documents beside the lease."""
    return {"files": attachments.of(session, lease), "lease": lease}


def settlement_tab(session: Any, row: Any) -> dict[str, Any]:
    """The sheet: what is owed, what goes back, what remains."""
    from ..models.settlement import SETTLEMENT_LINES

    lines = settlements.lines_of(session, row)
    return {
        "row": row,
        "owed": [(x, SETTLEMENT_LINES.label(x.kind)) for x in lines if x.amount > 0],
        "back": [(x, SETTLEMENT_LINES.label(x.kind)) for x in lines if x.amount <= 0],
        "owed_sum": sum((x.amount for x in lines if x.amount > 0), Decimal(0)),
        "back_sum": sum((x.amount for x in lines if x.amount <= 0), Decimal(0)),
        "total": settlements.total(session, row),
    }


def balance_fact(session: Any, row: Any) -> tuple[Any, str | None]:
    """What remains: to pay, or to refund."""
    if row.balance is None:
        return _("not worked out yet"), "amber"
    return f"{row.balance:,.2f}", "red" if row.balance > 0 else "green"


def handed_fact(session: Any, row: Any) -> tuple[Any, str | None]:
    return row.handed_back_on.isoformat(), None


def free_fact(session: Any, row: Any) -> tuple[Any, str | None]:
    """Since when the units are free, or what is still open of the checklist."""
    if row.released_on is not None:
        return row.released_on.isoformat(), "green"
    n = session.scalar(
        select(func.count()).where(SettlementCheck.settlement_id == row.id, SettlementCheck.done_on.is_(None)).select_from(SettlementCheck)
    )
    return _("%(n)s items of the checklist are open", n=n), "amber"


def lease_fact(session: Any, row: Any) -> tuple[Any, str | None]:
    return str(row.lease), None


def line_label(model: Any, context: Any) -> Any:
    """SQL: text on the bill."""
    return select(func.coalesce(LeaseLine.memo, "")).where(LeaseLine.id == model.line_id).correlate(model).scalar_subquery()


__all__ = ["Money"]
