"""The months of a park's books: open, soft lock, hard lock. Rules G-04 and G-07 to G-10.

A soft lock is lifted for one person and at most 24 hours (`period_exceptions`), or taken back with a second person's approval;
a hard lock is for ever (a trigger says so). Locking asks every part of the product what is unfinished (`billing.closing`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, cast, func, select

from parkops import approval, clock
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.ledger import PERIOD_STATES, BookPeriod, LedgerEntry, PeriodException
from ..signals.closing import closing

RESOURCE = "billing.book_period"
REOPEN = approval.ApprovalKind("billing.reopen", _l("Taking back a soft lock"), RESOURCE)


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


@dataclass(frozen=True)
class Month:
    """A month of a park's books as the page shows it. `record` is None while nobody has touched it."""

    month: date
    state: str
    entries: int
    total: Decimal
    record: BookPeriod | None

    @property
    def word(self) -> Any:
        return PERIOD_STATES.label(self.state)

    @property
    def tone(self) -> str:
        return PERIOD_STATES.tone(self.state)


def list_months(session: Any, park_id: int, *, until: date) -> list[Month]:
    """Every month from the first entry (or lock) to the one of `until`, the newest first."""
    day = LedgerEntry.entry_date
    month = (day - cast(func.extract("day", day), Integer) + 1).label("month")
    found = {m: (n, total) for m, n, total in session.execute(
        select(month, func.count(), func.sum(LedgerEntry.total)).where(LedgerEntry.park_id == park_id).group_by(month))}
    rows = {p.month: p for p in session.scalars(select(BookPeriod).where(BookPeriod.park_id == park_id))}
    last, out = max([until.replace(day=1), *found, *rows]), []
    at = min([until.replace(day=1), *found, *rows])
    while at <= last:
        count, total = found.get(at, (0, Decimal(0)))
        out.append(Month(at, rows[at].state if at in rows else "open", count, Decimal(total), rows.get(at)))
        at = clock.add_months(at, 1)
    return out[::-1]


def blockers(session: Any, park_id: int, month: date, *, hard: bool = False) -> list[Problem]:
    """What stands against locking a month: earlier months that are not, and what other parts say is unfinished."""
    first = session.scalar(select(func.min(LedgerEntry.entry_date)).where(LedgerEntry.park_id == park_id))
    found = []
    wanted = ("hard",) if hard else ("soft", "hard")
    locked = set(session.scalars(select(BookPeriod.month).where(BookPeriod.park_id == park_id, BookPeriod.state.in_(wanted))))
    at = first.replace(day=1) if first is not None else month
    while at < month:
        if at not in locked:
            found.append(Problem("billing.G-08", _l("%(month)s is still open. Lock the earlier month first.", month=f"{at:%Y-%m}")))
            break
        at = clock.add_months(at, 1)
    return found + closing.collect(session, park_id=park_id, month=month, hard=hard)


def lock_month(session: Any, *, month: date, park_id: int | None = None, hard: bool = False, on: date | None = None) -> BookPeriod:
    """Lock a month: soft first, then hard. Raises RuleError with everything that is unfinished (G-08), or that it is over (G-09).

    The end of the park's chain is locked first, so that no posting under way slips into the month behind the check."""
    from . import ledger  # the ledger asks this module whether a month is open

    access.require(session, RESOURCE, "act")
    park = park_id or scope_of(session).park_id
    month = month.replace(day=1)
    ledger.lock(session, park)
    row = session.scalars(select(BookPeriod).where(BookPeriod.park_id == park, BookPeriod.month == month)).one_or_none()
    problems = Problems()
    state = row.state if row is not None else "open"
    if hard and state != "soft":
        problems.add("billing.G-09", _l("Only a month with a soft lock can be locked for good."))
    elif not hard and state != "open":
        problems.add("billing.G-09", _l("%(month)s is locked already.", month=f"{month:%Y-%m}"))
    if month >= (on or clock.today()).replace(day=1):
        problems.add("billing.G-09", _l("A month is locked after it has ended."))
    problems.extend(blockers(session, park, month, hard=hard))
    problems.stop()
    if row is None:
        row = BookPeriod(park_id=park, month=month)
        session.add(row)
    row.state, row.locked_at, row.locked_by = "hard" if hard else "soft", clock.now(), scope_of(session).user_name
    session.flush()
    return row


def lock_soft(session: Any, period: BookPeriod) -> BookPeriod:
    """The button on a month that was reopened."""
    return lock_month(session, month=period.month, park_id=period.park_id)


def lock_hard(session: Any, period: BookPeriod) -> BookPeriod:
    """The button that closes a month for good."""
    return lock_month(session, month=period.month, park_id=period.park_id, hard=True)


def why_not_reopen(session: Any, period: BookPeriod) -> str | None:
    """Only a soft lock is taken back, and only while no later month is locked for good."""
    if period.state == "hard":
        return _("A hard lock is never taken back.")
    if period.state != "soft":
        return _("This month is open.")
    return None


def request_reopen(session: Any, period: BookPeriod, *, reason: str) -> str:
    """Ask to take a soft lock back; a second person decides (G-10)."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if (why := why_not_reopen(session, period)) is not None:
        problems.add("billing.G-09", why)
    if not (reason or "").strip():
        problems.add("billing.G-10", _l("Write why the month must be opened again."), "reason")
    problems.stop()
    approval.request(session, period, REOPEN.code, payload={"month": period.month}, reason=reason.strip(),
                     title=_("Open %(month)s again", month=f"{period.month:%Y-%m}"))
    return _("Asked. A colleague decides under Approvals.")


@approval.on_approved(REOPEN.code)
def _reopen(session: Any, request: Any, period: BookPeriod) -> None:
    if period.state == "soft":
        period.state, period.locked_at, period.locked_by = "open", None, None
        session.flush()


def locked_until(session: Any, park_id: int) -> tuple[date | None, datetime | None]:
    """The last month locked for good and when that was done."""
    found = session.execute(select(BookPeriod.month, BookPeriod.locked_at).where(
        BookPeriod.park_id == park_id, BookPeriod.state == "hard").order_by(BookPeriod.month.desc()).limit(1)).first()
    return (found.month, found.locked_at) if found else (None, None)
