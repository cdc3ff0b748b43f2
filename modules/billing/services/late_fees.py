"""Late fees: what a month comes to per bill, charged once, and waived only with a second person. Rules N-10 to N-15 of the README."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from modules.tenants.models.firm import Firm
from parkops import approval, settings
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l, _n
from parkops.security import access

from .. import calc_late_fee as calc
from ..models.bill import Bill
from ..models.charge import Charge
from ..models.dunning import FeeWaiver
from ..models.receipt import Allocation
from ..signals.bank import late_fee_terms
from ..states_dunning import WAIVER
from . import catalogue, charges, credits
from .allocations import apply_credit

SOURCE, RESOURCE = "billing.bill", "billing.fee_waiver"
KIND = approval.ApprovalKind(RESOURCE, _l("Waiver of a late fee"), RESOURCE, "act", needed=1, thresholds=((Decimal(50000), 2),))
ZERO = Decimal(0)


@dataclass
class Due:
    """The late fee of a bill for a month. `before`: late fees of the bill so far; `warn`: with this one above the cap."""

    bill: Bill
    fee: calc.Fee
    principal: Decimal
    before: Decimal
    warn: bool


def month_days(month: date) -> tuple[date, date]:
    """First and last day of a month."""
    first = month.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def due_fees(session: Any, *, park_id: int, month: date) -> list[Due]:
    """What the month would be charged, bill by bill; bills charged for it already are left out. Writes nothing."""
    access.require(session, "billing.charge", "read")
    first, last = month_days(month)
    grace = settings.get(session, "billing.late_fee_grace", park_id=park_id)
    bills = _overdue(session, park_id, first, last)
    if not bills:
        return []
    ids = [b.id for b in bills]
    rates, principals, moves, before = _rates(session, park_id, ids), _principals(session, ids), _moves(session, ids), _before(session, ids)
    cap = settings.get(session, "billing.late_fee_cap", park_id=park_id)
    out = []
    for bill in bills:
        principal, so_far = principals.get(bill.id, ZERO), before.get(bill.id, ZERO)
        found = calc.fee(principal, bill.due_on, moves[bill.id], first, last, rates.get(bill.id, ZERO), grace)
        if found.amount > 0:
            out.append(Due(bill, found, principal, so_far, calc.over_cap(principal, so_far + found.amount, cap)))
    return out


def _overdue(session: Any, park_id: int, first: date, last: date) -> list[Bill]:
    """Posted bills due before the last day that were open in the month and are not charged for it."""
    moved = select(Allocation.bill_id).where(Allocation.on_date >= first, Allocation.bill_id.is_not(None))
    charged = select(Charge.source_id).where(
        Charge.park_id == park_id, Charge.kind == "penalty", Charge.source == SOURCE, Charge.key.like(f"late:%:{first:%Y-%m}")
    )
    return list(
        session.scalars(
            select(Bill)
            .where(
                Bill.park_id == park_id,
                Bill.kind == "bill",
                Bill.state == "posted",
                Bill.due_on < last,
                Bill.id.not_in(charged),
                or_(Bill.settled != Bill.gross, Bill.id.in_(moved)),
            )
            .order_by(Bill.firm_id, Bill.due_on, Bill.id)
        )
    )


def _rates(session: Any, park_id: int, ids: list[int]) -> dict[int, Decimal]:
    default = settings.get(session, "billing.late_fee_rate", park_id=park_id)
    out = dict.fromkeys(ids, Decimal(default)) if default else {}
    for answer in late_fee_terms.send(session, bill_ids=ids):
        out |= answer or {}
    return out


def _principals(session: Any, ids: list[int]) -> dict[int, Decimal]:
    """What late fees are charged on: a bill without its own late fees (no fee on a fee)."""
    rows = session.execute(
        select(Charge.bill_id, func.sum(Charge.gross))
        .where(Charge.bill_id.in_(ids), Charge.kind.not_in(("penalty", "waiver")))
        .group_by(Charge.bill_id)
    )
    return {i: Decimal(total) for i, total in rows}


def _moves(session: Any, ids: list[int]) -> dict[int, list[tuple[date, Decimal]]]:
    out: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    for bill, day, amount in session.execute(
        select(Allocation.bill_id, Allocation.on_date, Allocation.amount).where(Allocation.bill_id.in_(ids))
    ):
        out[bill].append((day, amount))
    return out


def _before(session: Any, ids: list[int]) -> dict[int, Decimal]:
    rows = session.execute(
        select(Charge.source_id, func.sum(Charge.gross))
        .where(Charge.source == SOURCE, Charge.source_id.in_(ids), Charge.kind.in_(("penalty", "waiver")))
        .group_by(Charge.source_id)
    )
    return {i: Decimal(total) for i, total in rows}


def demand_of(session: Any, due: Due, month: date) -> dict[str, Any]:
    """The charge line of a late fee: its key names bill and month, so it is never charged twice (N-12)."""
    last = month_days(month)[1]
    return {
        "key": f"late:{due.bill.id}:{month:%Y-%m}",
        "firm_id": due.bill.firm_id,
        "item_id": catalogue.by_code(session, "late_fee").id,
        "kind": "penalty",
        "source": SOURCE,
        "source_id": due.bill.id,
        "period_from": due.fee.first,
        "period_to": last,
        "due_on": last,
        "amount": due.fee.amount,
        "memo": _(
            "Late fee on bill %(number)s, %(days)s days at %(rate)s %% a day",
            number=due.bill.number,
            days=due.fee.days,
            rate=f"{(due.fee.rate * 100).normalize():f}",
        )[:300],
    }


def charge_fees(session: Any, *, park_id: int, month: date, today: date, over_cap: bool = False) -> dict[str, int]:
    """Charge the late fees of a month that is over. Those above the cap only when a person asks for them (`over_cap`)."""
    access.require(session, "billing.charge", "add")
    if month_days(month)[1] >= today:
        problems = Problems()
        problems.add("billing.N-11", _l("The month is not over yet. Late fees are charged from the first day of the next month."), "month")
        problems.stop()
    month = month.replace(day=1)
    found = due_fees(session, park_id=park_id, month=month)
    taken = [d for d in found if over_cap or not d.warn]
    done = charges.add_charges(session, park_id, [demand_of(session, d, month) for d in taken]) if taken else 0
    return {"charged": done, "above_cap": sum(d.warn for d in found)}


def charge_last_month(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: late fees of the month before `on`, for one park."""
    month = (on.replace(day=1) - timedelta(days=1)).replace(day=1)
    return charge_fees(session, park_id=park_id, month=month, today=on) if park_id is not None else {"charged": 0, "above_cap": 0}


# --- waivers


def waived(session: Any, charge_id: int) -> Decimal:
    """What of a late fee is waived or credited already (above zero)."""
    return -Decimal(session.scalar(select(func.coalesce(func.sum(Charge.gross), 0)).where(Charge.corrects_id == charge_id)) or 0)


def request_waiver(session: Any, *, charge_id: int, amount: Decimal, asked_on: date, reason: str) -> FeeWaiver:
    """Ask not to claim a late fee, or part of it (N-13)."""
    access.require(session, RESOURCE, "add")
    line = session.scalars(select(Charge).where(Charge.id == charge_id).with_for_update(of=Charge)).first()
    if line is None:
        raise NotFound(_l("There is no such record in your parks."))
    problems, left = Problems(), line.gross - waived(session, line.id)
    if line.kind != "penalty" or line.gross <= 0:
        problems.add("billing.N-13", _l("Only a late fee can be waived."), "charge_id")
    elif amount is None or not 0 < amount <= left:
        problems.add("billing.N-13", _l("Of this late fee %(left)s is left. Enter that amount or less.", left=f"{left:,.2f}"), "amount")
    if not (reason or "").strip():
        problems.add("billing.N-13", _l("Write a reason."), "reason")
    if (
        session.scalar(select(FeeWaiver.id).where(FeeWaiver.charge_id == line.id, FeeWaiver.state.in_(("requested", "approved"))))
        is not None
    ):
        problems.add("billing.N-13", _l("A waiver of this late fee waits already. Finish or return it first."), "charge_id")
    problems.stop()
    row = FeeWaiver(
        park_id=line.park_id,
        charge_id=line.id,
        firm_id=line.firm_id,
        amount=amount,
        asked_on=asked_on,
        reason=reason.strip(),
        asked_by=scope_of(session).user_name,
    )
    session.add(row)
    session.flush()
    title = _("%(firm)s: waive %(amount)s of a late fee", firm=session.get(Firm, line.firm_id).name, amount=f"{amount:,.2f}")
    payload = {"line": str(line), "amount": amount}
    asked = approval.request(session, row, KIND.code, amount=amount, reason=row.reason, payload=payload, title=title)
    row.approval_id = asked.id
    session.flush()
    return row


def why_not_approve(session: Any, row: FeeWaiver) -> str | None:
    """Why the actor may not approve it, or None (N-14: nobody approves their own request)."""
    problem = approval.why_not(session, row.approval) if row.approval is not None and row.approval.state == "waiting" else None
    return str(problem.message) if problem is not None else None


def approve_waiver(session: Any, row: FeeWaiver) -> FeeWaiver:
    """One person's approval."""
    approval.vote(session, row.approval, True)
    return row


def return_waiver(session: Any, row: FeeWaiver, *, reason: str) -> FeeWaiver:
    """Do not waive: a vote against it, the asker's withdrawal, or a later second thought."""
    asked = row.approval
    if asked is not None and asked.state == "waiting":
        if scope_of(session).user_id == asked.requested_by_id:
            approval.withdraw(session, asked, reason)
        else:
            approval.vote(session, asked, False, reason)
    else:
        WAIVER.move(session, row, "return", reason=reason)
    return row


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, row: FeeWaiver) -> None:
    WAIVER.move(session, row, "approve")


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, row: FeeWaiver) -> None:
    WAIVER.move(session, row, "return", reason=request.reason or str(_l("The request has expired.")))


def apply_waiver(session: Any, row: FeeWaiver, *, on: date) -> FeeWaiver:
    """Write the line of its own that names the approval (N-15): beside a late fee still waiting for a bill, else as a credit note
    that settles what is open of the fee's bill."""
    access.require(session, "billing.charge", "add")
    WAIVER.move(session, row, "apply", on=on)
    line = session.get(Charge, row.charge_id)
    bill = session.get(Bill, line.bill_id) if line.bill_id is not None else None
    problems = Problems()
    if row.amount > (left := line.gross - waived(session, line.id)):
        problems.add("billing.N-13", _l("Of this late fee %(left)s is left. Enter that amount or less.", left=f"{left:,.2f}"))
    if bill is not None and bill.state == "draft":
        problems.add("billing.N-15", _l("The late fee is on a draft. Post or delete the draft first."))
    problems.stop()
    demand = {
        "key": f"waiver:{row.id}",
        "firm_id": row.firm_id,
        "item_id": line.item_id,
        "kind": "waiver",
        "source": line.source,
        "source_id": line.source_id,
        "corrects_id": line.id,
        "approval_id": row.approval_id,
        "period_from": line.period_from,
        "period_to": line.period_to,
        "due_on": on,
        "amount": -row.amount,
        "memo": _("Waiver: %(line)s", line=line)[:300],
    }
    if bill is None:
        charges.add_charges(session, row.park_id, [demand])
    else:
        credit = credits.credit_charges(session, firm_id=row.firm_id, demands=[demand], on=max(on, bill.issued_on), reason=row.reason)
        if use := min(bill.gross - bill.settled, -credit.gross):
            apply_credit(session, credit, pairs=[(bill.id, use)], on=max(on, bill.issued_on))
        row.credit_id = credit.id
    row.line_id = session.scalar(select(Charge.id).where(Charge.park_id == row.park_id, Charge.key == demand["key"]))
    row.applied_on = on
    session.flush()
    return row


def sentence(done: dict[str, int]) -> str:
    """What was charged, in words."""
    text = str(_n("%(n)s late fee was charged.", "%(n)s late fees were charged.", done["charged"]))
    return text + (" " + str(_l("%(n)s are above the warning limit.", n=done["above_cap"])) if done["above_cap"] else "")
