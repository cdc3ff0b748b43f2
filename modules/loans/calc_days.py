"""Working days between two days, by the public holiday calendar where it is known, else by weekday. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar


@lru_cache(maxsize=4096)
def is_working(day: date) -> bool:
    """A day offices are open."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # a year whose holidays are not announced yet
        return day.weekday() < 5


def working_days(start: date, end: date) -> int:
    """Working days of `[start, end)`: handed over and answered on one day is 0."""
    return sum(is_working(start + timedelta(days=n)) for n in range(max(0, (end - start).days)))


def by_party(spans: Iterable[tuple[str, date, date | None]], on: date) -> dict[str, int]:
    """Working days each party had the case; an open span runs until `on`."""
    out: dict[str, int] = {}
    for party, start, end in spans:
        out[party] = out.get(party, 0) + working_days(start, min(end, on) if end else max(start, on))
    return out
