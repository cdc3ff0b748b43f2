"""Days of a repeating booking. Pure: no session, no clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from dateutil.rrule import DAILY, WEEKLY, rrule

from parkops.clock import add_months


def days(frequency: str, every: int, weekdays: Collection[int], first: date, last: date, left_out: Collection[date] = ()) -> list[date]:
    """Every day of the rule from `first` to `last`, both included, without those left out.

    weekdays: 1 = Monday, for `weekly` (none: the weekday of `first`). Weeks are counted from the Monday of `first`'s week. A
    monthly rule keeps the day of the month; months without it take their last day."""
    if last < first:
        return []
    if frequency == "monthly":
        found = _monthly(every, first, last)
    elif frequency == "weekly":
        chosen = [n - 1 for n in sorted(weekdays or {first.isoweekday()})]
        found = [d.date() for d in rrule(WEEKLY, dtstart=_start(first), until=_start(last), interval=every, byweekday=chosen, wkst=0)]
    else:
        found = [d.date() for d in rrule(DAILY, dtstart=_start(first), until=_start(last), interval=every)]
    return [day for day in found if day not in set(left_out)]


def _start(day: date) -> datetime:
    """The rule wants an instant without zone."""
    return datetime(day.year, day.month, day.day)


def _monthly(every: int, first: date, last: date) -> list[date]:
    found, n = [], 0
    while (day := add_months(first, n)) <= last:
        found.append(day)
        n += every
    return found


def parse_weekdays(text: str | None) -> set[int]:
    """`1,3` -> {1, 3}; ValueError for anything else."""
    parts = [p.strip() for p in (text or "").replace("，", ",").replace("、", ",").split(",") if p.strip()]
    found = {int(p) for p in parts}
    if any(not 1 <= n <= 7 for n in found):
        raise ValueError(text)
    return found
