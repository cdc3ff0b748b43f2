"""Disputes over lines of posted bills: raised, answered in comments, decided by a second person, applied by a new document.

Rules B-40 to B-43 of the README."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.bill import Bill
from ..models.charge import Charge
from ..models.dispute import Dispute
from ..states_dispute import DISPUTE
from . import charges, credits

RESOURCE = "billing.dispute"


def raise_dispute(session: Any, *, charge_id: int, requested: Decimal, raised_on: date, reason: str) -> Dispute:
    """Record that a firm disputes a line; original and requested amount are kept (B-40)."""
    access.require(session, RESOURCE, "add")
    line = session.get(Charge, charge_id)
    if line is None:
        raise NotFound(_l("There is no such record in your parks."))
    bill, problems = session.get(Bill, line.bill_id) if line.bill_id else None, Problems()
    if bill is None or bill.state != "posted" or bill.kind != "bill" or line.gross <= 0:
        problems.add("billing.B-40", _l("Only a line of a posted bill can be disputed; change a draft instead."), "charge_id")
    if requested < 0 or requested == line.gross:
        problems.add(
            "billing.B-40", _l("Enter the amount the firm thinks right; it differs from the bill and is not negative."), "requested"
        )
    if not (reason or "").strip():
        problems.add("workflow.reason_missing", _l("Write a reason."), "reason")
    if session.scalar(select(Dispute.id).where(Dispute.charge_id == line.id, Dispute.state.in_(("open", "accepted")))):
        problems.add("billing.B-40", _l("This line is disputed already. Add a comment there."), "charge_id")
    problems.stop()
    scope = scope_of(session)
    row = Dispute(
        park_id=line.park_id,
        charge_id=line.id,
        bill_id=bill.id,
        firm_id=line.firm_id,
        original=line.gross,
        requested=requested,
        raised_on=raised_on,
        reason=reason.strip(),
        entered_by_id=scope.user_id,
        entered_by=scope.user_name,
    )
    session.add(row)
    session.flush()
    return row


def why_not_decide(session: Any, row: Dispute) -> str | None:
    """B-41: nobody decides what they entered themselves."""
    user = scope_of(session).user_id
    if user is not None and user == row.entered_by_id:
        return _("You entered this dispute. A colleague decides it.")
    return None


def accept_dispute(session: Any, row: Dispute, *, on: date, reason: str, agreed: Decimal | None = None) -> Dispute:
    """Agree to an amount (the one asked for unless another is given); applying it is the next step."""
    access.require(session, RESOURCE, "act")
    amount, problems = row.requested if agreed is None else agreed, Problems()
    if amount < 0 or amount == row.original:
        problems.add("billing.B-41", _l("The agreed amount differs from the bill and is not negative."), "agreed")
    problems.stop()
    _decide(session, row, "accept", on, reason)
    row.agreed = amount
    session.flush()
    return row


def reject_dispute(session: Any, row: Dispute, *, on: date, reason: str) -> Dispute:
    """The bill stands as it is."""
    access.require(session, RESOURCE, "act")
    return _decide(session, row, "reject", on, reason)


def _decide(session: Any, row: Dispute, step: str, on: date, reason: str) -> Dispute:
    scope, problems = scope_of(session), Problems()
    if on < row.raised_on:
        problems.add("billing.B-41", _l("It was raised on %(day)s; decide it that day or later.", day=row.raised_on.isoformat()), "on")
    problems.stop()
    if why := why_not_decide(session, row):
        problems.add("billing.B-41", why)
    problems.stop()
    row.decided_on, row.decided_by_id, row.decided_by, row.answer = on, scope.user_id, scope.user_name, reason
    session.flush()
    DISPUTE.move(session, row, step, on=on, reason=reason)
    return row


def apply_dispute(session: Any, row: Dispute, *, on: date) -> Dispute:
    """Correct by a document of its own: a credit note for less, an adjustment line on the next bill for more (B-42)."""
    access.require(session, RESOURCE, "act")
    line, bill = session.get(Charge, row.charge_id), session.get(Bill, row.bill_id)
    difference = row.agreed - row.original
    reason = _("Dispute of %(bill)s: %(reason)s", bill=bill.number, reason=row.answer or row.reason)
    if difference < 0:
        row.credit_id = credits.credit_lines(session, bill, parts=[(line.id, -difference)], on=on, reason=reason).id
    else:
        key = f"dispute:{row.id}"
        charges.add_charges(
            session,
            row.park_id,
            [
                {
                    "key": key,
                    "firm_id": row.firm_id,
                    "carrier_id": line.carrier_id,
                    "item_id": line.item_id,
                    "kind": "adjustment",
                    "source": RESOURCE,
                    "source_id": row.id,
                    "corrects_id": line.id,
                    "period_from": line.period_from,
                    "period_to": line.period_to,
                    "due_on": on,
                    "amount": difference,
                    "memo": reason[:300],
                }
            ],
        )
        row.adjustment_id = session.scalar(select(Charge.id).where(Charge.park_id == row.park_id, Charge.key == key))
    session.flush()
    DISPUTE.move(session, row, "apply", on=on)
    return row


def withdraw_dispute(session: Any, row: Dispute, *, reason: str) -> Dispute:
    """The firm takes it back."""
    access.require(session, RESOURCE, "change")
    DISPUTE.move(session, row, "withdraw", reason=reason)
    return row
