"""Working days of the hall: counting, due days, the calendar of a park over the public one. Pure.

Counting starts on the next working day after the event (domain.md 14); limits are working days without public holidays
(行政许可法, article 82). `Calendar` puts the park's own holidays and make-up days over `parkops.workdays`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from parkops import workdays

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Days entered by the park decide; other days follow the public calendar. `own`: day -> is it worked."""

    own: Mapping[date, bool] = field(default_factory=dict)

    def works(self, day: date) -> bool:
        """Whether the hall works on that day."""
        found = self.own.get(day)
        return workdays.works(day) if found is None else found

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
