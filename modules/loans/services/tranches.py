"""Payouts of the bank: recorded by one, confirmed by another. Rules LN-50 to LN-53."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.clock import add_months
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.case import LoanCase
from ..models.money import LoanTranche
from ..states_money import TRANCHE
from . import clocks, servicing

RESOURCE = "loans.tranche"
OWN = _l("Whoever recorded the payout does not confirm it. Ask a colleague.")


def of_case(session: Any, case: LoanCase) -> list[LoanTranche]:
    """In order."""
    return list(session.scalars(select(LoanTranche).where(LoanTranche.case_id == case.id).order_by(LoanTranche.seq)))


def record_tranche(session: Any, *, case_id: int, amount: Decimal, paid_on: date, reference: str, note: str | None = None) -> LoanTranche:
    """LN-50: what the bank has paid out under the signed contract; together no more than was approved. Counts once confirmed."""
    access.require(session, RESOURCE, "add")
    case = session.get(LoanCase, case_id)
    if case is None:
        raise NotFound(_l("There is no such record in your parks."))
    problems, values = Problems(), {"case_id": case_id, "amount": amount, "paid_on": paid_on, "reference": reference, "note": note}
    _check(session, case, amount, paid_on, problems)
    problems.stop()
    top = session.scalar(select(func.coalesce(func.max(LoanTranche.seq), 0)).where(LoanTranche.case_id == case_id))
    return records.create(session, LoanTranche, values | {"seq": top + 1, "recorded_by_id": scope_of(session).user_id, "state": "recorded"})


def _check(session: Any, case: LoanCase, amount: Decimal, paid_on: date, problems: Problems) -> None:
    if case.state != "disbursing":
        problems.add("loans.LN-50", _l("The bank pays out between the signature of the contract and the end of the payout."))
        return
    if amount <= 0:
        problems.add("loans.LN-50", _l("Enter an amount above zero."), "amount")
    recorded = session.scalar(select(func.coalesce(func.sum(LoanTranche.amount), 0)).where(
        LoanTranche.case_id == case.id, LoanTranche.state != "refused"))
    if (left := case.amount_approved - recorded) < amount:
        problems.add("loans.LN-51", _l("Of the loan %(left)s yuan are left to be paid out.", left=f"{left:,.2f}"), "amount")
    if case.contract_on is not None and paid_on < case.contract_on:
        problems.add("loans.LN-50", _l("The contract is of %(day)s; the bank pays out later.", day=case.contract_on.isoformat()), "paid_on")
    records.not_future({"paid_on": paid_on}, problems, ("paid_on",))


def why_not_confirm(session: Any, row: LoanTranche) -> str | None:
    """LN-52: another person, whatever the role."""
    return str(OWN) if scope_of(session).user_id in (None, row.recorded_by_id) else None


def confirm_tranche(session: Any, row: LoanTranche) -> LoanTranche:
    """LN-52, LN-53: compared with the bank's receipt. The sums of the loan follow, the schedule is made anew; with the last part the
    payout is complete."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if why := why_not_confirm(session, row):
        problems.add("loans.LN-52", why)
    problems.stop()
    row.confirmed_by_id = scope_of(session).user_id
    session.flush()
    TRANCHE.move(session, row, "confirm", on=row.paid_on)
    case = row.case
    session.refresh(case)
    case.matures_on = add_months(case.first_paid_on, case.term_months)
    session.flush()
    servicing.rebuild(session, case)
    if case.disbursed == case.amount_approved:
        span = clocks.open_span(session, case)
        clocks.advance(session, case, "paid_out", on=max(row.paid_on, span.from_on) if span else row.paid_on)
        session.refresh(case)
    return row


def refuse_tranche(session: Any, row: LoanTranche, *, reason: str) -> LoanTranche:
    """It was recorded wrongly."""
    TRANCHE.move(session, row, "refuse", reason=reason)
    return row


def remove_tranche(session: Any, row: LoanTranche) -> None:
    """Only while nobody has confirmed it."""
    problems = Problems()
    if row.state != "recorded":
        problems.add("loans.LN-50", _l("Only a payout that waits for confirmation is removed."))
    problems.stop()
    records.remove(session, row)
