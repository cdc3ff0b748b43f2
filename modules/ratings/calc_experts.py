"""Several experts' points for one indicator, with a rule for outliers: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

RULES = ("none", "extremes", "median")


@dataclass(frozen=True)
class Agreed:
    """The mean of what counts, and the experts whose points were left out."""

    points: Decimal | None
    left_out: tuple[int, ...] = ()


def median(values: list[Decimal]) -> Decimal:
    """The middle value; of an even number the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def agree(given: Mapping[int, Decimal], rule: str, tolerance: Decimal) -> Agreed:
    """Expert → points. `extremes`: from three experts on one highest and one lowest are left out; `median`: points farther from the
    median than `tolerance` are left out. Raises ValueError for an unknown rule."""
    if rule not in RULES:
        raise ValueError(f"unknown rule {rule}")
    if not given:
        return Agreed(None)
    out: set[int] = set()
    if rule == "extremes" and len(given) >= 3:
        ordered = sorted(given, key=lambda e: (given[e], e))
        out = {ordered[0], ordered[-1]}
    elif rule == "median":
        middle = median(list(given.values()))
        out = {e for e, p in given.items() if abs(p - middle) > tolerance}
    kept = [p for e, p in given.items() if e not in out] or list(given.values())
    return Agreed(sum(kept, Decimal(0)) / len(kept), tuple(sorted(out)) if len(kept) < len(given) else ())
