"""A day of several resources side by side: minutes of the park's day, lanes, closed spans, free slots. Pure, no session, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from parkops.clock import ZONE

from . import calc_policy

DAY = 1440
Part = tuple[int, int]  # minutes of the day, half-open


@dataclass(frozen=True)
class Block:
    """A span of the day in lane `lane` of `lanes` lanes that stand beside each other (several at once)."""

    key: int
    start: int
    end: int
    lane: int = 0
    lanes: int = 1


def minutes_of(day: date, starts_at: datetime, ends_at: datetime | None) -> Part | None:
    """The part of a span that lies on the park's day; None when it does not touch it. No end: it goes on."""
    zero = calc_policy.instant(day, "00:00")
    first = (starts_at.astimezone(ZONE) - zero) // timedelta(minutes=1)
    last = DAY if ends_at is None else -((zero - ends_at.astimezone(ZONE)) // timedelta(minutes=1))
    first, last = max(first, 0), min(last, DAY)
    return (first, last) if first < last else None


def beside(spans: Iterable[tuple[int, int, int]]) -> list[Block]:
    """(key, start, end) as blocks; what overlaps, directly or through others, shares its width in lanes."""
    out: list[Block] = []
    cluster: list[tuple[int, int, int, int]] = []
    ends: list[int] = []

    def close() -> None:
        out.extend(Block(key, a, b, lane, len(ends)) for key, a, b, lane in cluster)
        cluster.clear()
        ends.clear()

    for key, start, end in sorted(spans, key=lambda s: (s[1], s[2], s[0])):
        if cluster and start >= max(ends):
            close()
        lane = next((n for n, until in enumerate(ends) if until <= start), len(ends))
        ends[lane:lane + 1] = [end]
        cluster.append((key, start, end, lane))
    close()
    return out


def rest(parts: Sequence[Part], first: int = 0, last: int = DAY) -> list[Part]:
    """What of first … last the parts leave: the closed hours of a day that is open in `parts`."""
    out, at = [], first
    for a, b in sorted(parts):
        if min(a, last) > at:
            out.append((at, min(a, last)))
        at = max(at, b)
    if at < last:
        out.append((at, last))
    return out


def hours_shown(parts: Iterable[Part], least: Part = (8, 18)) -> Part:
    """The whole hours a page shows: from the earliest to the latest of what is open or booked, at least `least`."""
    first, last = least
    for a, b in parts:
        first, last = min(first, a // 60), max(last, -(-b // 60))
    return first, last


def free_slots(shown: Part, step: int, least: int, usual: int, blocked: Sequence[Part], now: int) -> list[Part]:
    """(start, end) on the grid of `step` minutes within the hours shown, not passed: `usual` minutes, or what is free of them, but at
    least `least`."""
    out = []
    for at in range(shown[0] * 60, shown[1] * 60, step):
        if at < now or any(a <= at < b for a, b in blocked):
            continue
        end = min([at + max(usual, least), DAY, *(a for a, _b in blocked if a > at)])
        if end - at >= least:
            out.append((at, end))
    return out
