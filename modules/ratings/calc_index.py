"""Composite indices: base-year ratio or min-max, weights, direction, missing values. Pure and exact.

Worked number (domain.md 12): five dimensions with ratios 1.50, 1.20, 1.35, 1.30, 1.30 and equal weights make 133.0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

HUNDRED, ONE = Decimal(100), Decimal(1)
TOLERANCE = Decimal("1e-9")
METHODS = ("base_year", "min_max")
MISSING = ("refuse", "reweight", "carry")


@dataclass(frozen=True)
class Indicator:
    """`weight` within its dimension, None for equal weights; `positive` False when less is better."""

    code: str
    dimension: str
    weight: Decimal | None = None
    positive: bool = True


@dataclass(frozen=True)
class Dimension:
    code: str
    weight: Decimal | None = None


@dataclass(frozen=True)
class Part:
    """An indicator's or dimension's score, or why it is not computable (`zero_base`, `no_base`, `missing`, `no_range`)."""

    code: str
    score: Decimal | None
    why: str = ""
    weight: Decimal = ONE
    year_used: int | None = None


@dataclass(frozen=True)
class Answer:
    """One year: the index, its dimensions and indicators."""

    year: int
    index: Decimal | None
    dimensions: tuple[Part, ...]
    indicators: tuple[Part, ...]


def weights_of(items: Sequence[Indicator | Dimension]) -> dict[str, Decimal]:
    """Equal weights when none is given; otherwise all must be given and sum to 1 (tolerance 1e-9). Raises ValueError."""
    given = [i.weight for i in items]
    if all(w is None for w in given):
        return {i.code: ONE / len(items) for i in items}
    if any(w is None for w in given):
        raise ValueError("either every weight is given or none")
    if abs(sum((w for w in given if w is not None), Decimal(0)) - 1) > TOLERANCE:
        raise ValueError("weights must sum to 1")
    return {i.code: w for i, w in zip(items, given, strict=True) if w is not None}


def ratio_score(value: Decimal | None, base: Decimal | None, *, positive: bool = True) -> Part:
    """100 × x ÷ x0, or 100 × x0 ÷ x when less is better."""
    if base is None:
        return Part("", None, "no_base")
    if value is None:
        return Part("", None, "missing")
    top, bottom = (value, base) if positive else (base, value)
    return Part("", None, "zero_base") if bottom == 0 else Part("", HUNDRED * top / bottom)


def range_score(value: Decimal | None, seen: Sequence[Decimal], *, positive: bool = True) -> Part:
    """(x − min) ÷ (max − min) × 100, reversed when less is better."""
    if value is None:
        return Part("", None, "missing")
    if not seen or min(seen) == max(seen):
        return Part("", None, "no_range")
    score = (value - min(seen)) / (max(seen) - min(seen)) * HUNDRED
    return Part("", score if positive else HUNDRED - score)


def _value(years: Mapping[int, Decimal], year: int, missing: str) -> tuple[Decimal | None, int | None]:
    """The value of a year; under `carry` the last one before it."""
    if year in years:
        return years[year], year
    earlier = [y for y in years if y < year] if missing == "carry" else []
    return (years[max(earlier)], max(earlier)) if earlier else (None, None)


def _join(code: str, parts: Sequence[Part], weights: Mapping[str, Decimal], missing: str) -> tuple[Decimal | None, str]:
    """Σ weight × score; what cannot be computed makes the whole so, unless the rest is weighted anew."""
    known = [p for p in parts if p.score is not None]
    if not known or (len(known) < len(parts) and missing != "reweight"):
        return None, next((p.why for p in parts if p.score is None), "missing")
    whole = sum((weights[p.code] for p in known), Decimal(0))
    if whole == 0:
        return None, "missing"
    return sum((weights[p.code] * p.score for p in known if p.score is not None), Decimal(0)) / whole, ""


def compute(
    dimensions: Sequence[Dimension],
    indicators: Sequence[Indicator],
    values: Mapping[str, Mapping[int, Decimal]],
    year: int,
    *,
    base_year: int,
    method: str = "base_year",
    missing: str = "refuse",
) -> Answer:
    """The index of a year from values by indicator and year. Raises ValueError for weights that do not sum or an unknown method."""
    if method not in METHODS or missing not in MISSING:
        raise ValueError("unknown method or policy")
    outer = weights_of(dimensions)
    parts, dims = [], []
    for dim in dimensions:
        mine = [i for i in indicators if i.dimension == dim.code]
        inner = weights_of(mine) if mine else {}
        scored = [_scored(i, values.get(i.code, {}), year, base_year, method, missing, inner[i.code]) for i in mine]
        parts += scored
        score, why = _join(dim.code, scored, inner, missing) if mine else (None, "missing")
        dims.append(Part(dim.code, score, why, outer[dim.code]))
    return Answer(year, _join("", dims, outer, missing)[0], tuple(dims), tuple(parts))


def _scored(i: Indicator, years: Mapping[int, Decimal], year: int, base_year: int, method: str, missing: str, weight: Decimal) -> Part:
    value, used = _value(years, year, missing)
    found = (
        ratio_score(value, years.get(base_year), positive=i.positive)
        if method == "base_year"
        else range_score(value, list(years.values()), positive=i.positive)
    )
    return Part(i.code, found.score, found.why, weight, used)
