"""Bills: drafts of charge lines that wait for one, what they sum to, when they fall due, and how a draft goes again.

Rules B-10 to B-13 of the README. Posting stands in `posting`, credit notes in `credits`, the monthly run in `runs`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from modules.tenants.models.firm import Firm
from parkops import settings
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.money import ZERO
from parkops.security import access

from ..models.bill import Bill
from ..models.charge import Charge
from . import charges

LONGEST_HOLIDAY = 20


def make_bill(
    session: Any, *, firm_id: int, charge_ids: Sequence[int], issued_on: date, due_on: date | None = None, memo: str | None = None
) -> Bill:
    """A draft of lines that are on no bill yet. Without `due_on` the earliest day of its lines counts (B-11).

    Raises RuleError when a line is billed already, belongs to another firm, or the sum is below zero (B-10)."""
    access.require(session, "billing.bill", "add")
    firm = session.get(Firm, firm_id)
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    rows = _take(session, firm, charge_ids)
    gross = sum((c.gross for c in rows), ZERO)
    problems = Problems()
    if gross < 0:
        problems.add("billing.B-10", _l("These lines come to less than zero. Make a credit note of them instead."), "charge_ids")
    problems.stop()
    return _draft(
        session, firm, rows, "bill", issued_on, due_on or due_day(session, min(c.due_on for c in rows), issued_on, firm.park_id), memo
    )


def make_credit(session: Any, *, firm: Firm, charge_ids: Sequence[int], on: date, reason: str, reverses_id: int | None = None) -> Bill:
    """A draft credit note of lines that come to less than zero (or nothing)."""
    rows = _take(session, firm, charge_ids)
    problems = Problems()
    if sum((c.gross for c in rows), ZERO) > 0:
        problems.add("billing.B-10", _l("A credit note gives money back; these lines come to more than zero."))
    problems.stop()
    return _draft(session, firm, rows, "credit", on, on, reason, reverses_id)


def _take(session: Any, firm: Firm, charge_ids: Sequence[int]) -> list[Charge]:
    """The lines, locked; RuleError when one is not free."""
    ids = sorted(set(charge_ids))
    rows = list(
        session.scalars(
            select(Charge)
            .where(Charge.id.in_(ids))
            .order_by(Charge.id)
            .with_for_update(of=Charge)
            .execution_options(populate_existing=True)
        )
    )
    problems = Problems()
    if not ids or len(rows) != len(ids) or any(c.firm_id != firm.id for c in rows):
        problems.add("billing.B-10", _l("Choose lines of this firm."), "charge_ids")
    elif any(c.bill_id is not None for c in rows):
        problems.add("billing.B-10", _l("One of the lines is on a bill already. Load the page again."), "charge_ids")
    problems.stop()
    return rows


def _draft(
    session: Any, firm: Firm, rows: list[Charge], kind: str, issued_on: date, due_on: date, memo: str | None, reverses_id: int | None = None
) -> Bill:
    bill = Bill(
        park_id=firm.park_id,
        firm_id=firm.id,
        kind=kind,
        month=issued_on.replace(day=1),
        issued_on=issued_on,
        due_on=due_on,
        state="draft",
        net=sum((c.net for c in rows), ZERO),
        vat=sum((c.vat for c in rows), ZERO),
        gross=sum((c.gross for c in rows), ZERO),
        settled=ZERO,
        memo=memo,
        reverses_id=reverses_id,
    )
    session.add(bill)
    session.flush()
    session.execute(
        update(Charge).where(Charge.id.in_([c.id for c in rows])).values(bill_id=bill.id, version=Charge.version + 1),
        execution_options={"synchronize_session": False},
    )
    for row in rows:
        session.expire(row)
    return bill


def change_draft(session: Any, bill: Bill, *, issued_on: date, due_on: date, memo: str | None = None) -> Bill:
    """Change the days or the note of a draft; its lines are changed where they come from."""
    access.require(session, "billing.bill", "change")
    problems = Problems()
    if bill.state != "draft":
        problems.add("billing.B-12", _l("The bill is posted. Reverse it with a credit note instead of changing it."))
    if due_on < issued_on:
        problems.add("billing.B-11", _l("A bill cannot be due before it is issued."), "due_on")
    problems.stop()
    bill.issued_on, bill.due_on, bill.month, bill.memo = issued_on, due_on, issued_on.replace(day=1), memo
    session.flush()
    return bill


def discard_draft(session: Any, bill: Bill) -> None:
    """Delete a draft: lines of the run go (the next run makes them again), other lines wait for the next bill (B-07)."""
    access.require(session, "billing.bill", "remove")
    problems = Problems()
    if bill.state != "draft":
        problems.add("billing.B-12", _l("A posted bill is never deleted. Reverse it with a credit note."))
    problems.stop()
    charges.free_lines(session, [bill.id])
    session.delete(bill)
    session.flush()


def due_day(session: Any, due_on: date, issued_on: date, park_id: int) -> date:
    """B-11: not before the day of issue; on a working day when the park wants that."""
    return due_days(session, [due_on], issued_on, park_id)[due_on]


def due_days(session: Any, days: Iterable[date], issued_on: date, park_id: int) -> dict[date, date]:
    """Each day of `days` with the day a bill falls due instead (B-11)."""
    shift = settings.get(session, "billing.due_workday", park_id)
    return {day: next_workday(max(day, issued_on)) if shift else max(day, issued_on) for day in days}


def next_workday(day: date) -> date:
    """The day itself or the next working day after the State Council's holiday notices; beyond the years known, Monday to Friday."""
    import chinese_calendar

    for step in range(LONGEST_HOLIDAY):
        found = day + timedelta(days=step)
        try:
            working = chinese_calendar.is_workday(found)
        except NotImplementedError:
            working = found.weekday() < 5
        if working:
            return found
    return day
