"""Loan facts of firms by day, and the newest one that is still current. Rule LN-15."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import records, settings
from parkops.clock import add_months
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.standing import LoanStanding


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ("on_date",))
    staff, hired = values.get("staff_total"), values.get("hired_eligible")
    if staff is not None and staff <= 0:
        problems.add("loans.LN-15", _l("A firm that borrows has staff; enter at least one person."), "staff_total")
    if hired is not None and (hired < 0 or (staff is not None and hired > staff)):
        problems.add("loans.LN-15", _l("The hires lie between none and the staff in total."), "hired_eligible")


def add_standing(session: Any, **values: Any) -> LoanStanding:
    """What the firm declared and proved as of a day; empty means not asked."""
    return records.create(session, LoanStanding, values, _check)


def change_standing(session: Any, row: LoanStanding, **values: Any) -> LoanStanding:
    """Correct it; decisions already stored keep what was known then."""
    return records.change(session, row, values, _check)


def remove_standing(session: Any, row: LoanStanding) -> None:
    """Entered by mistake."""
    records.remove(session, row)


def newest(session: Any, firm_ids: Iterable[int], on: date, park_id: int | None = None) -> dict[int, LoanStanding]:
    """LN-15: per firm the newest facts by the day, unless older than `loans.standing_months`."""
    oldest = add_months(on, -int(settings.get(session, "loans.standing_months", park_id)))
    query = select(LoanStanding).where(LoanStanding.firm_id.in_(list(firm_ids)), LoanStanding.on_date <= on, LoanStanding.on_date >= oldest)
    return {row.firm_id: row for row in session.scalars(query.order_by(LoanStanding.on_date, LoanStanding.id))}
