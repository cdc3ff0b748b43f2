"""The move-out settlement: worked out, approved by another person, posted through billing; the exit checklist frees the units.

Rules C-60 to C-66. The sheet adds what the firm owes and what it gets back, line by line with its source; posting makes exactly
that true in billing: a bill for what is charged, credits and advances used, deposits set off, the rest asked to be refunded."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import approval, clock, records, sequences
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.lease import Lease
from ..models.settlement import EXIT_ITEMS, Settlement, SettlementCheck, SettlementLine
from ..states_settlement import SETTLEMENT
from . import occupying, settlement_lines, terminations

RESOURCE = "leasing.settlement"
KIND = approval.ApprovalKind(RESOURCE, _l("Move-out settlement"), RESOURCE, thresholds=((Decimal(100000), 2),))
DAY = timedelta(days=1)


def open_settlement(session: Any, lease: Lease, *, on: date) -> Settlement:
    """Made when a lease ends; with the exit checklist."""
    found = of_lease(session, lease)
    if found is not None:
        return found
    row = Settlement(
        park_id=lease.park_id,
        number=sequences.next_number(session, RESOURCE, lease.park_id, on),
        lease_id=lease.id,
        firm_id=lease.firm_id,
        state="draft",
        handed_back_on=on,
    )
    session.add(row)
    session.flush()
    for n, item in enumerate(EXIT_ITEMS, 1):
        session.add(SettlementCheck(park_id=lease.park_id, settlement_id=row.id, position=n, item=item))
    session.flush()
    return row


def of_lease(session: Any, lease: Lease) -> Settlement | None:
    """The lease's settlement that is not cancelled."""
    return session.scalars(select(Settlement).where(Settlement.lease_id == lease.id, Settlement.state != "cancelled")).one_or_none()


def lines_of(session: Any, row: Settlement) -> list[SettlementLine]:
    """Its lines, what is owed first."""
    return list(
        session.scalars(
            select(SettlementLine).where(SettlementLine.settlement_id == row.id).order_by(SettlementLine.amount.desc(), SettlementLine.id)
        )
    )


def change_settlement(session: Any, row: Settlement, *, bank_account_id: int | None = None, note: str | None = None) -> Settlement:
    """Where refunds are paid from, and a note."""
    return records.change(session, row, {"bank_account_id": bank_account_id, "note": note})


def require_draft(row: Settlement) -> None:
    """C-62: what was submitted does not change."""
    if row.state != "draft":
        raise RuleError([Problem("leasing.C-62", _l("Only a draft settlement is changed. Return it to draft first."))])


def work_out(session: Any, row: Settlement, *, on: date) -> str:
    """C-60: read everything anew from bills, charges, credits, advances and deposits; own lines stay. Sets the balance."""
    access.require(session, RESOURCE, "change")
    require_draft(row)
    for line in session.scalars(select(SettlementLine).where(SettlementLine.settlement_id == row.id, SettlementLine.own.is_(False))):
        session.delete(line)
    session.flush()
    for values in settlement_lines.derived(session, row, on):
        session.add(SettlementLine(park_id=row.park_id, settlement_id=row.id, own=False, **values))
    session.flush()
    row.balance, row.worked_out_on = total(session, row), on
    session.flush()
    return _("Worked out: %(balance)s yuan.", balance=row.balance)


def total(session: Any, row: Settlement) -> Decimal:
    """Sum of the lines; they are the sheet."""
    return sum((line.amount for line in lines_of(session, row)), Decimal("0.00"))


def _may_enter(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """C-61: what is entered by hand, and above zero."""
    if values["kind"] not in ("reading", "damages", "other"):
        problems.add("leasing.C-61", _l("By hand come readings, damages and other amounts; the rest is worked out."), "kind")
    if values["amount"] is None or values["amount"] <= 0:
        problems.add("leasing.C-61", _l("Enter the amount, or quantity and price."), "amount")


def add_own_line(
    session: Any,
    *,
    settlement_id: int,
    kind: str,
    title: str,
    amount: Decimal | None = None,
    item_id: int | None = None,
    quantity: Decimal | None = None,
    unit_price: Decimal | None = None,
    explain: str | None = None,
) -> SettlementLine:
    """C-61: a final reading, a damage or another amount entered by hand; quantity × price where both are given."""
    row = session.get(Settlement, settlement_id) if settlement_id else None
    if row is not None:
        require_draft(row)
    if quantity is not None and unit_price is not None:
        from parkops.money import round_fen

        amount = round_fen(quantity * unit_price)

    values = {
        "settlement_id": settlement_id,
        "kind": kind,
        "title": title,
        "amount": amount,
        "item_id": item_id,
        "quantity": quantity,
        "unit_price": unit_price,
        "explain": explain,
        "own": True,
    }
    if amount is None:
        raise RuleError([Problem("leasing.C-61", _l("Enter the amount, or quantity and price."), "amount")])
    line = records.create(session, SettlementLine, values, _may_enter)
    row.balance = total(session, row)
    session.flush()
    return line


def remove_own_line(session: Any, line: SettlementLine) -> None:
    """Only lines entered by hand are removed."""
    row = session.get(Settlement, line.settlement_id)
    require_draft(row)
    if not line.own:
        raise RuleError([Problem("leasing.C-61", _l("This line was worked out; correct its source and work the sheet out anew."))])
    records.remove(session, line)
    row.balance = total(session, row)


def why_not_submit(session: Any, row: Settlement) -> str | None:
    """C-60: it was worked out."""
    return _("Work the settlement out first.") if row.worked_out_on is None else None


def submit_settlement(session: Any, row: Settlement, *, on: date) -> Settlement:
    """Ask for approval; from 100,000 yuan on of two people."""
    before, now = (
        row.balance,
        sum((v["amount"] for v in settlement_lines.derived(session, row, row.worked_out_on or on)), Decimal(0))
        + sum((line.amount for line in lines_of(session, row) if line.own), Decimal(0)),
    )
    if row.worked_out_on is not None and before != now:
        raise RuleError([Problem("leasing.C-60", _l("Bills or payments changed since it was worked out; work it out anew."))])
    SETTLEMENT.move(session, row, "submit", on=on)
    approval.request(
        session,
        row,
        KIND.code,
        amount=abs(row.balance or Decimal(0)),
        payload={"balance": row.balance, "firm": str(row.firm)},
        title=_("Settlement %(number)s: %(firm)s, %(balance)s yuan", number=row.number, firm=str(row.firm), balance=row.balance),
    )
    return row


def _request(session: Any, row: Settlement) -> Any:
    a = approval.Approval
    return session.scalars(
        select(a).where(a.kind == KIND.code, a.resource == RESOURCE, a.record_id == row.id, a.state == "waiting")
    ).one_or_none()


def approve_settlement(session: Any, row: Settlement, *, on: date) -> str | None:
    """One person's approval."""
    found = _request(session, row)
    if found is None:
        raise RuleError([Problem("leasing.C-15", _l("No approval is waiting for this settlement. Submit it first."))])
    approval.vote(session, found, True, on=on)
    return None if found.state == "approved" else _("Approved; %(n)s more needed.", n=found.needed - found.given)


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, row: Settlement) -> None:
    SETTLEMENT.move(session, row, "approve", on=clock.local(request.decided_at).date())


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, row: Settlement) -> None:
    if row.state == "submitted":
        SETTLEMENT.move(session, row, "return", reason=request.reason or str(_l("The request for approval was closed")))


def return_settlement(session: Any, row: Settlement, *, reason: str) -> Settlement:
    """Back to draft."""
    found = _request(session, row)
    if found is None:
        SETTLEMENT.move(session, row, "return", reason=reason)
    elif scope_of(session).user_id == found.requested_by_id:
        approval.withdraw(session, found, reason)
    else:
        approval.vote(session, found, False, reason)
    return row


def cancel_settlement(session: Any, row: Settlement, *, reason: str) -> Settlement:
    """Made by mistake; another one can be opened for the lease."""
    if _request(session, row) is not None:
        return_settlement(session, row, reason=reason)
        session.refresh(row)
    SETTLEMENT.move(session, row, "cancel", reason=reason)
    return row


def post_settlement(session: Any, row: Settlement, *, on: date) -> Settlement:
    """C-63: make the sheet true in billing, then the finance item of the checklist is done."""
    from . import settlement_posting

    SETTLEMENT.move(session, row, "post", on=on)
    settlement_posting.post(session, row, on)
    last = session.scalars(select(SettlementCheck).where(SettlementCheck.settlement_id == row.id, SettlementCheck.item == "finance")).one()
    _tick(session, row, last, on)
    return row


def do_check(session: Any, check: SettlementCheck, *, on: date, note: str | None = None) -> SettlementCheck:
    """C-64: an item of the exit checklist is done. The last one frees the units."""
    access.require(session, SettlementCheck.__resource__, "change")
    row = session.get(Settlement, check.settlement_id)
    problems = Problems()
    if check.item == "finance" and row.state != "posted":
        problems.add("leasing.C-64", _l("This item is done when finance posts the settlement."))
    if on < row.handed_back_on - timedelta(days=60):
        problems.add("leasing.C-64", _l("This day lies long before the hand-back; check it."), "on")
    if row.state == "cancelled" or row.released_on is not None:
        problems.add("leasing.C-64", _l("The checklist is closed."))
    problems.stop()
    if note:
        check.note = note
    return _tick(session, row, check, on)


def do_checks(session: Any, checks: list[SettlementCheck], *, on: date) -> str:
    """Several at once."""
    done = [do_check(session, c, on=on) for c in checks if c.done_on is None]
    return _("%(n)s items done.", n=len(done))


def _tick(session: Any, row: Settlement, check: SettlementCheck, on: date) -> SettlementCheck:
    check.done_on, check.done_by = on, scope_of(session).user_name
    session.flush()
    open_ones = session.scalar(
        select(func.count()).select_from(SettlementCheck).where(SettlementCheck.settlement_id == row.id, SettlementCheck.done_on.is_(None))
    )
    if not open_ones and row.released_on is None:
        release(session, row, on=max(on, row.handed_back_on))
    return check


def release(session: Any, row: Settlement, *, on: date) -> None:
    """C-42: the checklist is complete: the units are free from the next day; the firm's move-out case hears of it."""
    from modules.tenants.services import moveout

    row.released_on = on
    lease = session.get(Lease, row.lease_id)
    terminations.release_units(session, lease, on=on)
    if access.may(session, "tenants.moveout", "change"):
        moveout.settle_code(session, lease.firm, occupying.code_of(lease), on=on)
