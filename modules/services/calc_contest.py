"""Staff contests: means, star bands, ranking with explicit rules for ties. Pure; our own design (domain.md 15).

Means are exact fractions, shown with two decimals; nobody wins by a rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

TIE_RULES = ("mean", "lowest", "earlier", "entry")  # what decides, in this order


@dataclass(frozen=True)
class Entry:
    """A bid: its scores, the day it came (ordinal) and its number of entry."""

    key: int
    scores: tuple[int, ...]
    day: int
    entry: int


def mean(scores: Sequence[int]) -> Fraction:
    """Exact mean. Raises ValueError without scores."""
    if not scores:
        raise ValueError("no scores")
    return Fraction(sum(scores), len(scores))


def shown(value: Fraction) -> Decimal:
    """With two decimals, half up."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def stars(value: Fraction, bands: Sequence[tuple[int, int]]) -> int:
    """Stars of a mean by bands (from score, stars); 0 below the lowest."""
    return max((s for start, s in bands if value >= start), default=0)


def rank(entries: Sequence[Entry]) -> list[Entry]:
    """Best first: higher mean, then the higher of the lowest scores, then the earlier day, then the earlier entry."""
    return sorted(entries, key=lambda e: (-mean(e.scores), -min(e.scores), e.day, e.entry))


def decided_by(first: Entry, second: Entry | None) -> str:
    """Which rule put the first before the second."""
    if second is None or mean(first.scores) != mean(second.scores):
        return "mean"
    if min(first.scores) != min(second.scores):
        return "lowest"
    return "earlier" if first.day != second.day else "entry"


def arena(scores: dict[int, Sequence[int]]) -> list[tuple[int, int, int, int]]:
    """(rank, person, total, best round): total first, then the best single round; still equal: the same rank, the next is left out."""
    rows = sorted(((-sum(s), -max(s), person) for person, s in scores.items() if s))
    out: list[tuple[int, int, int, int]] = []
    for n, (total, best, person) in enumerate(rows, 1):
        same = out and (-total, -best) == out[-1][2:]
        out.append((out[-1][0] if same else n, person, -total, -best))
    return out
