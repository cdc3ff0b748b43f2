"""Yearly benefit evaluation of instruments (高等学校贵重仪器设备年度效益评价表) and sharing metrics: pure calculations.

Weights, steps and grades come from dated parameters with their provenance (`data/rules/evaluation.yaml`); nothing is fixed here.
Worked number (domain.md 11.1): dimension scores 80/60/40/75/58 with 35/20/25/15/5 % are 64.15, grade 合格."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

FULL = Decimal(100)
DIMENSIONS = ("EQ-1", "EQ-2", "EQ-3", "EQ-4", "EQ-5")


@dataclass(frozen=True)
class Facts:
    """What a year of an instrument brought; None is not recorded and leaves the dimension without a score."""

    effective_hours: Decimal | None = None
    quota_hours: Decimal | None = None
    operators: int | None = None  # trained to work alone
    guided: int | None = None  # trained to work under guidance
    shown: int | None = None  # persons at demonstrations
    national_awards: int | None = None
    provincial_awards: int | None = None
    own_awards: int | None = None
    papers: int | None = None
    outside_income: Decimal | None = None
    functions: int | None = None
    functions_used: int | None = None
    functions_new: int = 0


@dataclass(frozen=True)
class Line:
    """One dimension: score (None: cannot be said), weight, and the missing facts."""

    code: str
    score: Decimal | None
    weight: Decimal
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The whole: total and grade are None while a dimension cannot be said."""

    lines: tuple[Line, ...]
    total: Decimal | None
    grade: str | None


def _capped(value: Decimal, most: Decimal = FULL) -> Decimal:
    return min(value, most).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def hours_score(facts: Facts) -> Decimal:
    """EQ-1: effective ÷ quota hours × 100."""
    return _capped(Decimal(facts.effective_hours or 0) / Decimal(facts.quota_hours or 1) * 100)


def training_score(facts: Facts, p: dict[str, Any]) -> Decimal:
    """EQ-2: points for each person who works alone, under guidance, and for each group at a demonstration."""
    return _capped(Decimal(facts.operators or 0) * p["operator"] + Decimal(facts.guided or 0) * p["guided"]
                   + Decimal((facts.shown or 0) // int(p["shown_per"])))


def results_score(facts: Facts, p: dict[str, Any]) -> Decimal:
    """EQ-3: awards and papers; `cap` is a parameter because one note of the source limits the dimension to 20."""
    points = sum((Decimal(getattr(facts, n) or 0) * p[n] for n in NEEDS["EQ-3"]), Decimal(0))
    return _capped(points, Decimal(p["cap"]))


def income_score(facts: Facts, p: dict[str, Any]) -> Decimal:
    """EQ-4: points per 1,000 yuan of outside income; whole thousands count."""
    return _capped(Decimal(int((facts.outside_income or Decimal(0)) // 1000)) * p["per_thousand"])


def functions_score(facts: Facts, steps: Sequence[tuple[Decimal, Decimal]], new: Decimal) -> Decimal:
    """EQ-5: the step of the share of functions used (share from, points), plus points per function developed."""
    share = Decimal(facts.functions_used or 0) / Decimal(facts.functions or 1)
    base = next((points for least, points in sorted(steps, reverse=True) if share >= least), Decimal(0))
    return _capped(base + facts.functions_new * new)


NEEDS = {
    "EQ-1": ("effective_hours", "quota_hours"),
    "EQ-2": ("operators", "guided", "shown"),
    "EQ-3": ("national_awards", "provincial_awards", "own_awards", "papers"),
    "EQ-4": ("outside_income",),
    "EQ-5": ("functions", "functions_used"),
}


def evaluate(facts: Facts, p: dict[str, Any]) -> Verdict:
    """Every dimension, the total and the grade. `p`: weights {code: share}, EQ-2 … EQ-5 (their points), grades [(from, name)]."""
    how = {
        "EQ-1": lambda: hours_score(facts),
        "EQ-2": lambda: training_score(facts, p["EQ-2"]),
        "EQ-3": lambda: results_score(facts, p["EQ-3"]),
        "EQ-4": lambda: income_score(facts, p["EQ-4"]),
        "EQ-5": lambda: functions_score(facts, p["EQ-5"]["steps"], p["EQ-5"]["new"]),
    }
    lines = []
    for code in DIMENSIONS:
        missing = tuple(n for n in NEEDS[code] if getattr(facts, n) is None)
        lines.append(Line(code, None if missing else how[code](), Decimal(p["weights"][code]), missing))
    if any(line.score is None for line in lines):
        return Verdict(tuple(lines), None, None)
    total = weighted([line.score for line in lines], [line.weight for line in lines])
    return Verdict(tuple(lines), total, grade(total, p["grades"]))


def weighted(scores: Sequence[Decimal | None], weights: Sequence[Decimal]) -> Decimal:
    """Σ score × weight, two places; the weights must make one whole. Raises ValueError otherwise."""
    if sum(weights, Decimal(0)) != 1:
        raise ValueError("the weights of the dimensions must sum to 100 %")
    total = sum((Decimal(s or 0) * w for s, w in zip(scores, weights, strict=True)), Decimal(0))
    return total.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def grade(total: Decimal, grades: Sequence[tuple[Decimal, str]]) -> str:
    """The first grade whose lower limit is reached."""
    return next(name for least, name in sorted(grades, key=lambda g: -g[0]) if total >= least)


def external_share_score(external: Decimal, effective: Decimal, p: dict[str, Decimal]) -> Decimal | None:
    """(external ÷ effective hours) ÷ share_step × share_points (domain.md 11.2); None without effective hours. Without a stated maximum."""
    return _cents(external / effective / p["share_step"] * p["share_points"]) if effective > 0 else None


def income_share_score(internal: Decimal, external: Decimal, value: Decimal, p: dict[str, Decimal]) -> Decimal | None:
    """(internal + external × income_outside) ÷ original value ÷ income_step × income_points; None without a value."""
    return _cents((internal + external * p["income_outside"]) / value / p["income_step"] * p["income_points"]) if value > 0 else None


def hours_points(effective: Decimal, p: dict[str, Decimal]) -> int:
    """One point per hours_step hours, at most hours_points."""
    return min(int(effective // p["hours_step"]), int(p["hours_points"]))


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Compared:
    """A year of an instrument beside the national average; None: not known or not published."""

    code: str
    own: Decimal | None
    national: Decimal | None


def compared(hours: Decimal, external: Decimal, value: Decimal | None, p: dict[str, Decimal | None]) -> tuple[Compared, ...]:
    """Hours, external hours and their share. From `big_value` on the averages of the largest instruments hold (without external hours)."""
    big = value is not None and p["big_value"] is not None and value >= p["big_value"]
    share = (external / hours).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP) if hours > 0 else None
    return (Compared("hours", hours, p["big_hours"] if big else p["hours"]),
            Compared("outside_hours", external, None if big else p["outside_hours"]),
            Compared("share_rate", share, p["big_share_rate"] if big else p["share_rate"]))
