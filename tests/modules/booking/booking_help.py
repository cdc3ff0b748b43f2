"""Builders for the tests of booking."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from core_help import entry

from modules.booking.models.resource import BookableResource, OpeningHours, ResourceGroup
from modules.booking.services import bookings
from parkops.clock import ZONE

_n = count(1)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)  # a Monday


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of March 2026, park time."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE)


def group(s: Any, **values: Any) -> ResourceGroup:
    n = next(_n)
    row = ResourceGroup(park_id=values.pop("park_id", None) or s.info["scope"].park_id, code=f"G{n}", name=f"会议室组{n}", **values)
    s.add(row)
    s.flush()
    return row


def room(s: Any, **values: Any) -> BookableResource:
    n = next(_n)
    values = {"code": f"R{n}", "name": f"路演厅{n}", "park_id": s.info["scope"].park_id, **values}
    row = BookableResource(**values)
    s.add(row)
    s.flush()
    return row


def hours(s: Any, opens: str = "08:30", closes: str = "18:00", weekdays: str = "12345", **whose: Any) -> None:
    for weekday in weekdays:
        s.add(OpeningHours(park_id=s.info["scope"].park_id, weekday=weekday, opens=opens, closes=closes, **whose))
    s.flush()


def firm(s: Any) -> Any:
    return entry(s)


def book(s: Any, resource: BookableResource, start: datetime, minutes: int = 60, **values: Any) -> Any:
    values.setdefault("at", NOW)
    values.setdefault("firm_id", None)
    return bookings.book(s, resource=resource, starts_at=start, ends_at=start + timedelta(minutes=minutes), **values)


def codes(s: Any, resource: BookableResource, start: datetime, minutes: int = 60, **values: Any) -> list[str]:
    """The numbers of the rules that speak against it."""
    values.setdefault("at", NOW)
    values.setdefault("firm_id", None)
    found = bookings.problems(s, resource=resource, starts_at=start, ends_at=start + timedelta(minutes=minutes), **values)
    return [f.code.removeprefix("booking.") for f in found]
