"""Booking rules as pure functions over instants: opening hours, how many bookings run at once, gaps. No session, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from parkops.clock import ZONE

Span = tuple[datetime, datetime]  # half-open


class Hours(NamedTuple):
    """Opening hours of one weekday, park time."""

    weekday: int  # 1 = Monday
    opens: str
    closes: str
    valid_from: date | None = None
    valid_to: date | None = None


def instant(day: date, clock: str) -> datetime:
    """A time of day of the park, `24:00` included, as an instant."""
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), ZONE)


def days_of(starts_at: datetime, ends_at: datetime) -> list[date]:
    """The park's days a half-open span touches."""
    first, last = starts_at.astimezone(ZONE).date(), (ends_at - timedelta(microseconds=1)).astimezone(ZONE).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def open_spans(hours: Iterable[Hours], days: Sequence[date]) -> list[Span]:
    """When it is open on these days, touching spans joined."""
    found: list[Span] = []
    for day in days:
        for h in hours:
            valid = (h.valid_from is None or h.valid_from <= day) and (h.valid_to is None or day <= h.valid_to)
            if valid and h.weekday == day.isoweekday():
                found.append((instant(day, h.opens), instant(day, h.closes)))
    return joined(found)


def joined(spans: Iterable[Span]) -> list[Span]:
    """Sorted, overlapping and touching spans made one."""
    out: list[Span] = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def is_open(hours: Sequence[Hours], starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the whole span lies in opening hours."""
    return any(first <= starts_at and ends_at <= last for first, last in open_spans(hours, days_of(starts_at, ends_at)))


def open_minutes(hours: Sequence[Hours], days: Sequence[date], closed: Iterable[Span]) -> int:
    """Whole minutes open on these days less what closures, overlapping or not, take of them."""
    spans, stops = open_spans(hours, days), joined(closed)
    seconds = sum((last - first).total_seconds() for first, last in spans)
    lost = sum((min(last, b) - max(first, a)).total_seconds() for first, last in spans for a, b in stops if a < last and b > first)
    return int((seconds - lost) // 60)


def words_of_hours(hours: Sequence[Hours], day: date) -> str:
    """`08:30–12:00, 14:00–18:00` of a day, empty when closed."""
    spans = open_spans(hours, [day])
    return ", ".join(f"{a.astimezone(ZONE):%H:%M}–{'24:00' if b.astimezone(ZONE).date() > day else f'{b.astimezone(ZONE):%H:%M}'}"
                     for a, b in spans)


def overlap(a: Span, b: Span) -> bool:
    """Whether two half-open spans share an instant."""
    return a[0] < b[1] and b[0] < a[1]


def most_at_once(spans: Iterable[Span], within: Span) -> int:
    """The largest number of spans that run at the same instant of `within`."""
    steps: list[tuple[datetime, int]] = []
    for first, last in spans:
        first, last = max(first, within[0]), min(last, within[1])
        if first < last:
            steps += [(first, 1), (last, -1)]
    running = most = 0
    for _at, change in sorted(steps):  # at one instant the ends (-1) come first: half-open
        running += change
        most = max(most, running)
    return most


def too_near(other: Span, own: Span, minutes: int) -> bool:
    """Whether less than `minutes` lie between two spans."""
    gap = timedelta(minutes=minutes)
    return own[0] < other[1] + gap and other[0] < own[1] + gap


def on_grid(at: datetime, minutes: int) -> bool:
    """Whether an instant lies on the park day's grid."""
    local = at.astimezone(ZONE)
    return not local.second and not local.microsecond and (local.hour * 60 + local.minute) % minutes == 0


def length_words(minutes: int) -> str:
    """`1:30` for ninety minutes."""
    return f"{minutes // 60}:{minutes % 60:02d}"
