"""Working days of the hall: counting, due days, the calendar of a park over the public one. Pure.

Counting starts on the next working day after the event (domain.md 14); limits are working days without public holidays
(行政许可法, article 82). `Calendar` puts the park's own holidays and make-up days over `chinesecalendar`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar

DAY = timedelta(days=1)


@lru_cache(maxsize=8192)
def public_workday(day: date) -> bool:
    """A working day by the announced public calendar; by weekday for years not announced yet."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def announced(year: int) -> dict[date, tuple[str, str]]:
    """Days of a year that differ from the week: day -> (holiday|makeup, name); empty when not announced."""
    try:
        days = chinese_calendar.get_dates(date(year, 1, 1), date(year, 12, 31))
        found = {d: chinese_calendar.get_holiday_detail(d) for d in days}
    except NotImplementedError:
        return {}
    out = {}
    for day, (off, name) in found.items():
        if off and name:
            out[day] = ("holiday", name)
        elif not off and day.weekday() > 4:
            out[day] = ("makeup", name or "")
    return out


@dataclass(frozen=True)
class Calendar:
    """Days entered by the park decide; other days follow the public calendar. `own`: day -> is it worked."""

    own: Mapping[date, bool] = field(default_factory=dict)

    def works(self, day: date) -> bool:
        """Whether the hall works on that day."""
        found = self.own.get(day)
        return public_workday(day) if found is None else found

    def due(self, start: date, days: int) -> date:
        """The last day of a limit of `days` working days; counting starts on the next working day after `start`.

        0 days: the day itself. Raises ValueError below zero or beyond 2,000 days."""
        if not 0 <= days <= 2000:
            raise ValueError("a limit is between 0 and 2000 working days")
        found = start
        while days:
            found += DAY
            days -= self.works(found)
        return found

    def between(self, start: date, end: date) -> int:
        """Working days of `(start, end]`: received and done on one day is 0."""
        return sum(self.works(start + n * DAY) for n in range(1, max(0, (end - start).days) + 1))


def minutes(taken: float) -> int:
    """Whole minutes of a wait in seconds, rounded up: half a minute is a minute of somebody's time."""
    return max(0, -(-int(taken) // 60))
