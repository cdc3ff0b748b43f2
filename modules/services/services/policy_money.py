"""Applications for policies, what the office said, money received. Rules SV-126 to SV-129."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import clock, records
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.refs import load
from parkops.rules import engine

from ..models.policy import PolicyApplication, PolicyItem, PolicyPayment
from ..states_policy import APPLICATION
from . import policies
from .steps import number, refuse, take

LIVE = ("preparing", "applied", "accepted", "approved")
A = PolicyApplication


def create_application(
    session: Any, *, item_id: int, firm_id: int, asked: Decimal | None = None, owner_id: int | None = None
) -> PolicyApplication:
    """SV-126: one open application per firm and item; the rules' answer of the day is kept beside it."""
    item, on = load(session, "services.policy_item", item_id), clock.today()
    if (why := policies.holds(item, on)) is not None:
        raise refuse("SV-126", why, "item_id")
    if session.scalar(select(A.id).where(A.item_id == item_id, A.firm_id == firm_id, A.state.in_(LIVE)).limit(1)) is not None:
        raise refuse("SV-126", _l("This firm has an open application for it already."), "firm_id")
    _most(item, asked)
    outcome = engine.evaluate(session, item.rule_key, load(session, "tenants.firm", firm_id), on)
    values = {
        "item_id": item_id,
        "firm_id": firm_id,
        "asked": asked,
        "verdict": outcome.verdict,
        "owner_id": owner_id or scope_of(session).user_id,
    }
    row = records.create(session, A, {**values, "number": number(session, "policy_application", item.park_id, on)})
    if not outcome.unverified:
        engine.store(session, outcome, owner=row)
    return row


def _most(item: PolicyItem, amount: Decimal | None) -> None:
    if amount is not None and item.amount_max is not None and amount > item.amount_max:
        raise refuse("SV-126", _l("At most %(amount)s yuan are offered.", amount=f"{item.amount_max:,.2f}"), "asked")


def change_application(
    session: Any, row: PolicyApplication, *, asked: Decimal | None = None, owner_id: int | None = None
) -> PolicyApplication:
    """Before it is handed in."""
    _most(row.item, asked)
    return records.change(session, row, {"asked": asked, "owner_id": owner_id})


def why_not_hand_in(session: Any, row: PolicyApplication) -> str | None:
    """The item is open and, where it gives money, the amount is known."""
    known = row.asked or not row.item.gives_money
    return policies.holds(row.item, clock.today()) or (None if known else str(_l("Enter the amount asked for first.")))


def hand_in(session: Any, row: PolicyApplication, *, on: date) -> None:
    """At the office."""
    if (why := policies.holds(row.item, on)) is not None or (why := why_not_hand_in(session, row)) is not None:
        raise refuse("SV-127", why)
    take(session, APPLICATION, row, "hand_in", on=on, applied_on=on)


def note_accepted(session: Any, row: PolicyApplication, *, on: date) -> None:
    """The office took it."""
    take(session, APPLICATION, row, "accept", on=on, after=row.applied_on, accepted_on=on)


def note_approved(
    session: Any, row: PolicyApplication, *, on: date, amount: Decimal | None = None, document_no: str | None = None
) -> None:
    """SV-127: the amount of the office's decision; help that is no money has none."""
    if (amount is None and row.item.gives_money) or (amount is not None and amount <= 0):
        raise refuse("SV-127", _l("Enter an amount above zero."), "amount")
    take(session, APPLICATION, row, "approve", on=on, after=row.accepted_on, approved=amount, decided_on=on, document_no=document_no)


def note_refused(session: Any, row: PolicyApplication, *, reason: str, on: date) -> None:
    """With the office's reason."""
    row.reason = reason[:300]
    take(session, APPLICATION, row, "refuse", on=on, after=row.applied_on, reason=reason, decided_on=on)


def withdraw_application(session: Any, row: PolicyApplication, *, reason: str, on: date) -> None:
    """The firm takes it back."""
    row.reason = reason[:300]
    take(session, APPLICATION, row, "withdraw", on=on, reason=reason)


def why_not_provided(session: Any, row: PolicyApplication) -> str | None:
    """Only what is no money."""
    return str(_l("Money was approved; record its payments.")) if row.approved else None


def note_provided(session: Any, row: PolicyApplication, *, on: date) -> None:
    """SV-128: the firm has it; nothing is to be paid."""
    if (why := why_not_provided(session, row)) is not None:
        raise refuse("SV-128", why)
    take(session, APPLICATION, row, "provide", on=on, after=row.decided_on)


def why_not_paid(session: Any, row: PolicyApplication) -> str | None:
    """Something must have been paid."""
    return None if row.paid else str(_l("No payment is recorded yet."))


def note_paid(session: Any, row: PolicyApplication, *, on: date) -> None:
    """No more will come."""
    if (why := why_not_paid(session, row)) is not None:
        raise refuse("SV-128", why)
    take(session, APPLICATION, row, "pay", on=on, after=row.decided_on)


def only_when_paid(session: Any, row: PolicyApplication) -> str | None:
    """SV-128: the last payment closes it by itself, whoever records it."""
    return None if row.approved and row.paid == row.approved else str(_l("Record the payments; the last one closes it."))


def by_payment_only(session: Any, row: PolicyApplication) -> None:
    """Nobody closes it as paid in full by hand, whatever their role."""
    raise refuse("SV-128", _l("Record the payments; the last one closes it."))


def record_payment(session: Any, *, application_id: int, paid_on: date, amount: Decimal, payer: str, reference: str) -> PolicyPayment:
    """SV-128: money the firm received; never more than was approved. The last part closes the application."""
    app = session.scalars(
        select(A).where(A.id == application_id).with_for_update(of=A).execution_options(populate_existing=True)
    ).one_or_none()
    if app is None:
        raise refuse("SV-128", _l("There is no such record in your parks."), "application_id")

    def check(s: Any, values: dict[str, Any], problems: Problems) -> None:
        if app.state != "approved":
            problems.add("services.SV-128", _l("Only approved applications are paid."), "application_id")
        elif amount <= 0 or app.paid + amount > (app.approved or 0):
            left = (app.approved or Decimal(0)) - app.paid
            problems.add("services.SV-128", _l("%(amount)s yuan are left to be paid.", amount=f"{left:,.2f}"), "amount")
        elif paid_on < app.decided_on:
            problems.add("services.SV-100", _l("This day lies before %(day)s.", day=app.decided_on.isoformat()), "paid_on")

    values = {
        "application_id": app.id,
        "firm_id": app.firm_id,
        "paid_on": paid_on,
        "amount": amount,
        "payer": payer,
        "reference": reference,
    }
    row = records.create(session, PolicyPayment, values, check)
    app.paid += amount
    session.flush()
    if app.paid == app.approved:
        take(session, APPLICATION, app, "settle", on=paid_on)
    return row


def received(session: Any, firm_id: int) -> Decimal:
    """SV-129: everything a firm received through policies."""
    return session.scalar(select(func.sum(PolicyPayment.amount)).where(PolicyPayment.firm_id == firm_id)) or Decimal(0)
