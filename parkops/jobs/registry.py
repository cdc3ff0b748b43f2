"""What a job is. Modules list theirs in `jobs.py: JOBS`. `run` is the very service a clerk can press a button for:
`run(session, *, on, park_id) -> dict | None` (counts for the log). It never commits; the runner does, together with its
marker, so that the effect and "done" are one transaction."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ..clock import ZONE, local
from ..errors import Refused
from ..i18n import _l

ALL, LATEST = "all", "latest"
EXTRA: list[Any] = []  # tests of the machinery declare theirs here


@dataclass(frozen=True)
class Cron:
    """When: every day at `hour`:`minute` (park zone); `day` restricts to a day of the month (a day the month does not
    have means its last day), `weekday` (0 = Monday) to a weekday, `month` to months of the year (e.g. (1,) or
    (1, 4, 7, 10)); `every_minutes` instead of a time for frequent jobs (a divisor of 1440, counted from midnight)."""

    hour: int = 2
    minute: int = 0
    day: int | None = None
    weekday: int | None = None
    month: tuple[int, ...] = ()
    every_minutes: int | None = None

    def __post_init__(self) -> None:
        if self.every_minutes is not None and (self.every_minutes < 1 or 1440 % self.every_minutes):
            raise ValueError("every_minutes must divide a day (1440 minutes)")

    @property
    def is_plain_daily(self) -> bool:
        """True when no calendar date is meant: the job may run as soon as it exists."""
        return self.day is None and self.weekday is None and not self.month

    def falls_on(self, day: date) -> bool:
        """Does the job run on this day at all?"""
        if self.month and day.month not in self.month:
            return False
        if self.weekday is not None and day.weekday() != self.weekday:
            return False
        if self.day is None:
            return True
        last = ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
        return day.day == min(self.day, last)

    def slots_on(self, day: date) -> list[datetime]:
        """The instants (UTC) of one day."""
        if not self.falls_on(day):
            return []
        if self.every_minutes is None:
            return [datetime.combine(day, time(self.hour, self.minute), ZONE).astimezone(UTC)]
        midnight = datetime.combine(day, time(0), ZONE).astimezone(UTC)
        return [midnight + timedelta(minutes=n) for n in range(0, 1440, self.every_minutes)]

    def slots(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Every instant in `(after, until]`, oldest first."""
        day, last = local(after).date(), local(until).date()
        while day <= last:
            yield from (s for s in self.slots_on(day) if after < s <= until)
            day += timedelta(days=1)

    def latest(self, until: datetime) -> datetime | None:
        """The last instant at or before `until`; None when there was none in 800 days."""
        day = local(until).date()
        for back in range(800):
            found = [s for s in self.slots_on(day - timedelta(days=back)) if s <= until]
            if found:
                return found[-1]
        return None

    def next(self, after: datetime) -> datetime | None:
        """The first instant after `after`."""
        day = local(after).date()
        for ahead in range(800):
            found = [s for s in self.slots_on(day + timedelta(days=ahead)) if s > after]
            if found:
                return found[0]
        return None

    def slot_for(self, day: date) -> datetime:
        """The instant a run asked for by date stands for: the schedule's own when the day has one."""
        found = self.slots_on(day)
        return found[-1] if found else datetime.combine(day, time(self.hour, self.minute), ZONE).astimezone(UTC)


@dataclass(frozen=True)
class Job:
    """code `module.thing`; per_park: one run per park; catch_up: `all` missed dates oldest first, or `latest` only.
    formerly: codes this job had before, so that renaming it neither repeats nor loses a date."""

    code: str
    title: Any
    when: Cron
    run: Callable[..., Any]
    per_park: bool = True
    catch_up: str = "latest"
    timeout_minutes: int = 30
    explain: Any = None
    formerly: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.catch_up not in (ALL, LATEST):
            raise ValueError(f"job {self.code}: catch_up is all or latest")


def all_jobs() -> dict[str, Job]:
    """Every declared job by code: the kernel's, then the modules' in module order."""
    from ..registry import registry
    from .kernel_jobs import JOBS

    return {job.code: job for job in (*JOBS, *registry().collect("jobs", "JOBS"), *EXTRA)}


def job_of(code: str) -> Job:
    """One job; Refused with the nearest name otherwise."""
    found = all_jobs()
    if code not in found:
        near = difflib.get_close_matches(code, found, 1)
        raise Refused(_l("There is no job %(code)s; did you mean %(near)s?", code=code, near=near[0]) if near
                      else _l("There is no job %(code)s; see the list of jobs.", code=code))
    return found[code]
