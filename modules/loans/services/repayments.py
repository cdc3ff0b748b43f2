"""Repayments, entered or imported; never changed, taken back by a row of their own. Rules LN-60 to LN-62."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import LoanCase
from ..models.money import LoanRepayment
from ..states import OWING
from . import servicing

RESOURCE = "loans.repayment"
ZERO = Decimal("0.00")


def record_repayment(session: Any, *, case_id: int, paid_on: date, reference: str, principal: Decimal = ZERO, interest: Decimal = ZERO,
                     penalty: Decimal = ZERO, note: str | None = None) -> LoanRepayment:
    """LN-60: what the borrower paid to the bank. Principal beyond what is due lowers the balance at once (early repayment)."""
    access.require(session, RESOURCE, "add")
    case = session.get(LoanCase, case_id)
    if case is None:
        raise NotFound(_l("There is no such record in your parks."))
    values = {"case_id": case_id, "paid_on": paid_on, "reference": reference, "principal": principal or ZERO, "interest": interest or ZERO,
              "penalty": penalty or ZERO, "note": note, "payer": "borrower", "source": "manual"}
    problems = Problems()
    _check(case, values, problems)
    problems.stop()
    row = records.create(session, LoanRepayment, values)
    refreshed(session, case, paid_on)
    return row


def record_many(session: Any, case: LoanCase, rows: list[dict[str, Any]]) -> int:
    """Several repayments of one loan at once, in the order of days, under the same rules (LN-60, LN-61)."""
    access.require(session, RESOURCE, "add")
    problems, left, made = Problems(), case.outstanding, []
    for row in rows:
        values = {"principal": ZERO, "interest": ZERO, "penalty": ZERO, **row}
        left -= values["principal"]
        if left < 0:
            amount = f"{case.outstanding:,.2f}"
            problems.add("loans.LN-61", _l("Only %(amount)s yuan of the principal are left.", amount=amount), "principal")
        _check(case, values | {"principal": min(values["principal"], case.outstanding)}, problems)
        made.append(LoanRepayment(park_id=case.park_id, case_id=case.id, payer="borrower", source="manual", **values))
    problems.stop()
    session.add_all(made)
    if rows:
        refreshed(session, case, max(r["paid_on"] for r in rows))
    return len(rows)


def _check(case: LoanCase, values: dict[str, Any], problems: Problems) -> None:
    if case.state not in OWING:
        problems.add("loans.LN-60", _l("Nothing is owed to the bank in this state."))
    parts = [values[n] for n in ("principal", "interest", "penalty")]
    if min(parts) < 0 or sum(parts) <= 0:
        problems.add("loans.LN-60", _l("Enter what was paid: principal, interest or penalty interest, none below zero."), "principal")
    if values["principal"] > case.outstanding:
        problems.add("loans.LN-61", _l("Only %(amount)s yuan of the principal are left.", amount=f"{case.outstanding:,.2f}"), "principal")
    if case.first_paid_on is not None and values["paid_on"] < case.first_paid_on:
        problems.add("loans.LN-60", _l("The loan was paid out on %(day)s; repayments come later.", day=case.first_paid_on.isoformat()),
                     "paid_on")
    records.not_future(values, problems, ("paid_on",))


def refreshed(session: Any, case: LoanCase, on: date) -> None:
    """Sums of the database, schedule and arrears after money moved; the day of the last look is kept when it is later."""
    session.flush()
    session.refresh(case)
    if case.state in OWING:
        servicing.rebuild(session, case)
        servicing.watch(session, [case], on=max(on, case.watched_on or on))


def why_not_reverse(session: Any, row: LoanRepayment) -> str | None:
    """LN-62: once, and not what a claim booked."""
    if row.reverses_id is not None or row.payer != "borrower":
        return _("Only a payment of the borrower is taken back.")
    taken = session.scalar(select(LoanRepayment.id).where(LoanRepayment.reverses_id == row.id))
    if taken is not None:
        return _("This payment was taken back already.")
    return None if row.case.state in OWING else _("Nothing is owed to the bank in this state.")


def reverse_repayment(session: Any, row: LoanRepayment, *, on: date, note: str) -> LoanRepayment:
    """LN-62: it was entered wrongly, or the bank returned it. The row stays, a row with the opposite amounts follows."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if why := why_not_reverse(session, row):
        problems.add("loans.LN-62", why)
    if on < row.paid_on:
        problems.add("loans.LN-62", _l("It was paid on %(day)s; choose that day or a later one.", day=row.paid_on.isoformat()), "on")
    problems.stop()
    back = LoanRepayment(park_id=row.park_id, case_id=row.case_id, paid_on=on, reference=f"{row.reference}-R", reverses_id=row.id,
                         principal=-row.principal, interest=-row.interest, penalty=-row.penalty, note=note, payer="borrower",
                         source="manual")
    session.add(back)
    session.flush()
    refreshed(session, row.case, on)
    return back


def after_import(session: Any, case_ids: Iterable[int], on: date) -> None:
    """Sums, schedules and arrears of the loans an import has touched."""
    cases = list(session.scalars(select(LoanCase).where(LoanCase.id.in_(set(case_ids))).execution_options(populate_existing=True)))
    owing = [c for c in cases if c.state in OWING]
    for case in owing:
        servicing.rebuild(session, case)
    if owing:
        servicing.watch(session, owing, on=max([on, *(c.watched_on for c in owing if c.watched_on)]))
