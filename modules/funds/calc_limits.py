"""Concentration of a portfolio and covenants. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .calc_returns import ratio

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"


@dataclass(frozen=True)
class Weight:
    """A part of the portfolio: its cost, its share of the base and whether that is above the limit (equal is not)."""

    key: str
    cost: Decimal
    share: Decimal | None
    limit: Decimal | None
    above: bool


def weights(costs: Mapping[str, Decimal], base: Decimal, limit: Decimal | None) -> list[Weight]:
    """The parts, largest first. `base`: usually the commitments. Compared exactly, not after rounding."""
    out = [Weight(k, c, ratio(c, base, 6), limit, limit is not None and base > 0 and c > limit * base) for k, c in costs.items() if c]
    return sorted(out, key=lambda w: (-w.cost, w.key))


def covenant(value: Decimal | None, op: str, threshold: Decimal) -> str:
    """pass, fail, or unknown while nobody reported the value (missing is not zero). `op`: gte or lte."""
    if value is None:
        return UNKNOWN
    return PASS if (value >= threshold if op == "gte" else value <= threshold) else FAIL
