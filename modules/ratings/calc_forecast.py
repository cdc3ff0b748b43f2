"""When a figure may be expected to pass its mark: a straight line through the last two reported years. Pure; R-110 to R-112.

The rule is meant to be understood at a glance, not to be clever: slope = (last − the year before it that was reported) ÷ years between
them; a year that is not reported is not zero and gives no point; fewer than two points: cannot say. Nothing is expected beyond ten
years, and a line that never passes the mark is "not on this trend"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

REACHED, DATED, FLAT, CANNOT_SAY, EVENT = "reached", "dated", "flat", "unknown", "event"
HORIZON = 10
READY, YEAR, LATER, NOT_ON_TREND, UNKNOWN = "ready", "year", "later", "flat", "unknown"


@dataclass(frozen=True)
class Expected:
    """kind: reached, dated (with `on`), flat, unknown (fewer than two points) or event (no yearly figure: it happens or not)."""

    kind: str
    on: date | None = None
    slope: Decimal | None = None


def line_of(points: Mapping[int, Decimal]) -> tuple[int, Decimal, Decimal] | None:
    """(last year, its figure, slope a year) through the last two points; None with fewer."""
    if len(points) < 2:
        return None
    before, last = sorted(points)[-2:]
    return last, points[last], (points[last] - points[before]) / (last - before)


def value_in(points: Mapping[int, Decimal], line: tuple[int, Decimal, Decimal], year: int) -> Decimal:
    """What is reported of a year, else the line; never below zero."""
    last, value, slope = line
    return points[year] if year in points else max(Decimal(0), value + slope * (year - last))


def expect(points: Mapping[int, Decimal], mark: Decimal, on: date, *, years: int = 1) -> Expected:
    """R-111: the end of the first year whose figure (or the sum of `years` consecutive ones) is above the mark.

    Never before `on`: what the line says of a past, unreported year is expected on the day itself."""
    line = line_of(points)
    if line is None:
        return Expected(CANNOT_SAY)
    last = line[0]
    for year in range(last + 1, max(last, on.year) + HORIZON + 1):
        if sum((value_in(points, line, y) for y in range(year - years + 1, year + 1)), Decimal(0)) > mark:
            return Expected(DATED, max(date(year, 12, 31), on), line[2])
    return Expected(FLAT, slope=line[2])


def outlook(passed: bool, lines: Sequence[Expected], on: date, *, combine: str = "any") -> tuple[str, date | None]:
    """R-112: of a firm. Where any criterion is enough the earliest day counts, else the latest; events have no day and are left out,
    except that with `all` they leave the answer open."""
    if passed:
        return READY, on
    days = [x.on for x in lines if x.kind == DATED and x.on is not None]
    if combine == "all":
        left = [x for x in lines if x.kind != REACHED]
        if any(x.kind in (CANNOT_SAY, EVENT) for x in left):
            return UNKNOWN, None
        day = max(days) if days and len(days) == len(left) else None
    else:
        day = min(days, default=None)
    if day is None:
        return (NOT_ON_TREND if any(x.kind == FLAT for x in lines) else UNKNOWN), None
    return (YEAR if day <= date(on.year + 1, on.month, min(on.day, 28)) else LATER), day
