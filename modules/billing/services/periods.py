"""The months of a park's books: open, soft lock, hard lock, and the exceptions to a soft lock."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import Problem, RuleError
from parkops.i18n import _l

from ..models.ledger import BookPeriod, PeriodException


def state_on(session: Any, park_id: int, on: date) -> str:
    """State of the month a day lies in: open, soft or hard."""
    return session.scalar(select(BookPeriod.state).where(BookPeriod.park_id == park_id, BookPeriod.month == on.replace(day=1))) or "open"


def require_open(session: Any, park_id: int, on: date) -> None:
    """RuleError G-04 when the day lies in a month that takes no postings, or none of this person's."""
    state = state_on(session, park_id, on)
    if state == "open" or (state == "soft" and _excepted(session, park_id, on)):
        return
    if state == "hard":
        why = _l("%(month)s is closed for good. Choose a day of an open month.", month=f"{on:%Y-%m}")
    else:
        why = _l("%(month)s is locked. Choose a later day, or ask a colleague for an exception under Periods.", month=f"{on:%Y-%m}")
    raise RuleError([Problem("billing.G-04", why, "on")])


def _excepted(session: Any, park_id: int, on: date) -> bool:
    """Whether the acting person holds an exception for the month that has not ended."""
    who = scope_of(session)
    return session.scalar(select(PeriodException.id).join(BookPeriod, BookPeriod.id == PeriodException.period_id).where(
        BookPeriod.park_id == park_id, BookPeriod.month == on.replace(day=1), PeriodException.user_id == who.user_id,
        PeriodException.user_name == who.user_name, PeriodException.expires_at > clock.now()).limit(1)) is not None
