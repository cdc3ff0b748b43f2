"""Carriers side by side: best, median and the distance to each. Pure; R-115. Unknown figures take no part and are never zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median


@dataclass(frozen=True)
class Compared:
    """Of one row: best and median of what is known; per carrier the distance to them and its part of the best (for the bar)."""

    best: Decimal | None
    median: Decimal | None
    to_best: tuple[Decimal | None, ...]
    to_median: tuple[Decimal | None, ...]
    part: tuple[Decimal | None, ...]


def compare(values: Sequence[Decimal | None], better: str = "higher") -> Compared:
    """better higher|lower|none (none: the highest is only the longest bar, nobody is best)."""
    known = [v for v in values if v is not None]
    if not known:
        nothing = (None,) * len(values)
        return Compared(None, None, nothing, nothing, nothing)
    best = min(known) if better == "lower" else max(known)
    middle, top = Decimal(median(known)), max(max(known), -min(known), Decimal(0))
    return Compared(
        best if better != "none" else None,
        middle,
        tuple(None if v is None or better == "none" else v - best for v in values),
        tuple(None if v is None else v - middle for v in values),
        tuple(None if v is None else (abs(v) / top if top else Decimal(0)) for v in values),
    )
