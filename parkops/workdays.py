"""Working days by the announced public calendar of China (holidays and make-up days through `chinesecalendar`). Pure.

Years whose holidays are not announced yet go by the weekday. What a park enters itself is laid over it by who keeps it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import chinese_calendar


@lru_cache(maxsize=8192)
def works(day: date) -> bool:
    """Whether offices are open on the day."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # what the package raises for years nobody has announced
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
