"""Pure calculations of space: months to expiry, the stretches of a unit's life, rent lost while vacant. No session, no clock.

Worked numbers: 100 ㎡ asking 30 yuan per ㎡ and month, vacant 73 days -> 100 × 30 × 12 ÷ 365 × 73 = 7,200.00 yuan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from parkops.money import round_fen

BANDS = ("over", "m1", "m3", "m6", "m12", "later", "open")  # holding over, within 1, 3, 6, 12 months, later, no end agreed
ORDER = ("let", "closed", "outage", "reserved", "held", "construction")  # the first that covers a day names it
ONE_DAY = timedelta(days=1)


def months_between(first: date, last: date) -> int:
    """Whole months from `first` to `last`, not negative: 15 Jan to 14 Feb is 0, to 15 Feb is 1."""
    months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
    return max(months, 0)


def expiry_band(on: date, ends_on: date | None, state: str = "running") -> str:
    """How soon a lease ends (one of BANDS), counted in whole months from `on`."""
    if state == "holding_over" or (ends_on is not None and ends_on < on):
        return "over"
    if ends_on is None:
        return "open"
    months = months_between(on, ends_on)
    return next((name for name, limit in (("m1", 1), ("m3", 3), ("m6", 6), ("m12", 12)) if months < limit), "later")


def lost_rent(area: Decimal | None, price: Decimal | None, days: int) -> Decimal | None:
    """Rent at the asking price (per ㎡ and month) for vacant days, a year counted as 365; None when area or price is unknown."""
    if area is None or price is None:
        return None
    return round_fen(area * price * 12 * days / Decimal(365))


@dataclass(frozen=True)
class Span:
    """Days (inclusive, open end = None) something covers: what, and for whom or why."""

    what: str
    first: date
    last: date | None
    label: str = ""
    ref: int | None = None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or self.last >= day)


@dataclass(frozen=True)
class Stretch:
    """A stretch of a unit's life. what: let, closed, outage, reserved, held, construction, or the cause of vacancy: never_let,
    between (let before and after), after (let before, not since)."""

    first: date
    last: date
    what: str
    label: str = ""
    ref: int | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def timeline(first: date, last: date, spans: Iterable[Span]) -> list[Stretch]:
    """The days from `first` to `last` without gaps, each named once; neighbours of one kind and label are one stretch."""
    spans = [s for s in spans if s.last is None or s.last >= s.first]
    if last < first:
        return []
    lets = [s for s in spans if s.what == "let"]
    cuts = {first}
    for s in spans:
        cuts |= {
            d
            for d in (s.first, s.last + ONE_DAY if s.last is not None and s.last < date.max else None)
            if d is not None and first < d <= last
        }
    starts, out = sorted(cuts), []
    for i, start in enumerate(starts):
        end = starts[i + 1] - ONE_DAY if i + 1 < len(starts) else last
        piece = _named(start, end, spans, lets)
        if out and (out[-1].what, out[-1].label, out[-1].ref) == (piece.what, piece.label, piece.ref):
            out[-1] = replace(out[-1], last=end)
        else:
            out.append(piece)
    return out


def _named(start: date, end: date, spans: list[Span], lets: list[Span]) -> Stretch:
    for what in ORDER:
        for span in spans:
            if span.what == what and span.covers(start):
                return Stretch(start, end, what, span.label, span.ref)
    before, after = any(s.first < start for s in lets), any(s.first > start for s in lets)
    return Stretch(start, end, "never_let" if not before else "between" if after else "after")


def vacant_since(on: date, exists_from: date, let_until: date | None, completed_on: date | None) -> date:
    """First day of the present vacancy: the day after the last let day, else the day it could be let for the first time."""
    if let_until is not None:
        return let_until + ONE_DAY
    return max(exists_from, completed_on or exists_from)
