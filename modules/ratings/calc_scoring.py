"""Scoring functions of rating schemes: pure, exact. An unknown value has no points, never zero points.

A rule is data: `{"kind": "per_unit", "from": "50", "base": "5", "each": "0.1"}`. Worked sheet: domain.md 4.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal(0)
KINDS = ("linear", "steps", "bands", "per_unit", "sum", "rank", "expert", "direct")
NEEDS = {"linear": ("low", "high"), "steps": ("steps",), "bands": ("bands",), "per_unit": ("each",), "sum": ("parts",), "rank": ("shares",)}


@dataclass(frozen=True)
class Rank:
    """A place among peers: 1 is the best."""

    place: int
    of: int

    @property
    def share(self) -> Decimal:
        return Decimal(self.place) / Decimal(self.of)


def d(value: Any) -> Decimal:
    """An exact number of the rule's text."""
    if isinstance(value, float):
        raise TypeError("rules hold numbers as text, never float")
    return Decimal(str(value))


def problems_of(rule: Mapping[str, Any]) -> list[str]:
    """What a rule lacks, by key; empty when it can score."""
    kind = rule.get("kind")
    if kind not in KINDS:
        return ["kind"]
    missing = [k for k in NEEDS.get(kind, ()) if rule.get(k) in (None, "", [], {})]
    if kind == "linear" and not missing and d(rule["low"]) == d(rule["high"]):
        missing.append("high")
    return missing


def points(
    rule: Mapping[str, Any], most: Decimal, value: Any, *, parts: Mapping[str, Any] | None = None, rank: Rank | None = None
) -> Decimal | None:
    """Points for a value, at most `most` and never below zero; None while something is unknown.

    `parts`: the values of a `sum`, by fact; `rank`: the place of a `rank`. Raises ValueError for an unknown kind."""
    kind = rule["kind"]
    if kind == "rank":
        got = None if rank is None else _ranked(rule, rank)
    elif kind == "sum":
        got = _summed(rule, parts or {})
    elif value is None:
        return None
    elif kind in ("expert", "direct"):
        got = d(value)
    else:
        got = {"linear": _linear, "steps": _steps, "bands": _bands, "per_unit": _per_unit}[kind](rule, d(value), most)
    return None if got is None else max(ZERO, min(most, got))


def _linear(rule: Mapping[str, Any], value: Decimal, most: Decimal) -> Decimal:
    """From nothing at `low` to everything at `high`; `low` above `high` counts downwards."""
    low, high = d(rule["low"]), d(rule["high"])
    return most * (value - low) / (high - low)


def _steps(rule: Mapping[str, Any], value: Decimal, _most: Decimal) -> Decimal:
    """The points of the highest step reached: [[from, points], …]."""
    return next((d(p) for least, p in sorted(rule["steps"], key=lambda s: -d(s[0])) if value >= d(least)), ZERO)


def _bands(rule: Mapping[str, Any], value: Decimal, _most: Decimal) -> Decimal:
    """The points of the band [from, to) the value lies in: [[from, to or null, points], …]."""
    return next((d(p) for low, high, p in rule["bands"] if value >= d(low) and (high is None or value < d(high))), ZERO)


def _per_unit(rule: Mapping[str, Any], value: Decimal, _most: Decimal) -> Decimal:
    """Nothing below `from`, `base` points at it, `each` more per `per` above. `whole`: only full units count (a reading of the park)."""
    start, per = d(rule.get("from", 0)), d(rule.get("per", 1))
    if value < start:
        return ZERO
    units = (value - start) / per
    if rule.get("whole", True):
        units = units.to_integral_value(rounding=ROUND_FLOOR)
    return d(rule.get("base", 0)) + units * d(rule["each"])


def _summed(rule: Mapping[str, Any], parts: Mapping[str, Any]) -> Decimal | None:
    """Points per piece of several kinds; one unknown kind makes the whole unknown."""
    if any(parts.get(name) is None for name in rule["parts"]):
        return None
    return sum((d(parts[name]) * d(each) for name, each in rule["parts"].items()), ZERO)


def _ranked(rule: Mapping[str, Any], rank: Rank) -> Decimal:
    """Quota by rank: [[up to this share of the peers, points], …]; `else` for the rest."""
    return next((d(p) for share, p in sorted(rule["shares"], key=lambda s: d(s[0])) if rank.share <= d(share)), d(rule.get("else", 0)))


@dataclass(frozen=True)
class Line:
    """One indicator's answer."""

    code: str
    dimension: str
    most: Decimal
    points: Decimal | None
    kind: str = "base"  # base | bonus | veto


@dataclass(frozen=True)
class Band:
    """A grade from a score on, and within a share of the ranks where the scheme says so."""

    grade: str
    least: Decimal
    rank_share: Decimal | None = None


@dataclass(frozen=True)
class Total:
    """The sheet: points of the base, of the bonus, all of it; what cannot be said; vetoes that bite; the grade."""

    base: Decimal
    bonus: Decimal
    total: Decimal
    unknown: tuple[str, ...]
    vetoes: tuple[str, ...]
    grade: str | None

    @property
    def complete(self) -> bool:
        return not self.unknown


def total(
    lines: Sequence[Line],
    bands: Sequence[Band] = (),
    *,
    bonus_most: Decimal | None = None,
    rank: Rank | None = None,
    automatic: bool = False,
) -> Total:
    """Sum, bonus capped, grade. While a base indicator is unknown there is a sum of what is known but no grade.

    A veto line bites when its points are not zero: the best grade is out of reach. `automatic`: the best grade is granted by another
    decision (Fuyang: 优良 of the province in the same year)."""
    base = sum((x.points for x in lines if x.kind == "base" and x.points is not None), ZERO)
    bonus = sum((x.points for x in lines if x.kind == "bonus" and x.points is not None), ZERO)
    bonus = bonus if bonus_most is None else min(bonus, bonus_most)
    unknown = tuple(x.code for x in lines if x.points is None and x.kind != "bonus")
    vetoes = tuple(x.code for x in lines if x.kind == "veto" and x.points)
    whole = base + bonus
    return Total(
        base, bonus, whole, unknown, vetoes, None if unknown else grade(whole, bands, rank=rank, vetoed=bool(vetoes), automatic=automatic)
    )


def grade(score: Decimal, bands: Sequence[Band], *, rank: Rank | None = None, vetoed: bool = False, automatic: bool = False) -> str | None:
    """The best band whose score and rank are reached. A band that asks for a rank is out of reach while nobody knows the rank."""
    ordered = sorted(bands, key=lambda b: (-b.least, b.rank_share is None))
    if not ordered:
        return None
    if automatic and not vetoed:
        return ordered[0].grade
    for band in ordered:
        if vetoed and band.grade == ordered[0].grade:
            continue
        if score >= band.least and (band.rank_share is None or (rank is not None and rank.share <= band.rank_share)):
            return band.grade
    return None


def to_next(score: Decimal, bands: Sequence[Band]) -> tuple[str, Decimal] | None:
    """The next better grade by score and the points it takes; None at the top."""
    better = sorted((b for b in bands if b.least > score), key=lambda b: b.least)
    return (better[0].grade, better[0].least - score) if better else None


def shown(value: Decimal) -> Decimal:
    """Two places for the sheet; the stored score keeps every digit."""
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def places(totals: Sequence[Decimal]) -> list[int]:
    """Place of each by its score, the highest first; equal scores share a place (1, 2, 2, 4)."""
    return [1 + sum(other > mine for other in totals) for mine in totals]
