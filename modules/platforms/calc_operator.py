"""Score of an operator's period and the payment it comes to: pure calculations, explained line by line.

points of a clause = min(actual ÷ target, most) × weight × 100; score = Σ points
target of a span = target × months of the span ÷ months of its period, for amounts and counts; shares are not scaled
basic fee = fee a year × months ÷ 12; share = revenue × rate
bonus = basic fee × min((score − from) × step, cap) above `from`; deduction likewise below its own limit

Worked number (tests): fee 240,000 a year, score 106, bonus 1 % a point above 100, at most 10 %: bonus 14,400.00;
1,200 hours a year are 600 for six months."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from parkops.money import ZERO, round_fen

POINT = Decimal("0.0001")
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
SHARES = ("utilisation", "own_income", "manual")  # not an amount or a count: holds for any span


@dataclass(frozen=True)
class Clause:
    """A performance clause with what was reached; actual None: nobody knows yet."""

    target: Decimal
    weight: Decimal
    most: Decimal
    actual: Decimal | None


@dataclass(frozen=True)
class Terms:
    """What a contract pays for."""

    base_fee: Decimal
    revenue_share: Decimal
    bonus_from: int
    bonus_step: Decimal
    bonus_cap: Decimal
    penalty_from: int
    penalty_step: Decimal
    penalty_cap: Decimal


@dataclass(frozen=True)
class Payment:
    """The parts of a payment; `total` is their sum."""

    base: Decimal
    share: Decimal
    bonus: Decimal
    penalty: Decimal

    @property
    def total(self) -> Decimal:
        return self.base + self.share + self.bonus - self.penalty


def points(clause: Clause) -> Decimal | None:
    """Points of a clause out of its weight × 100; never below zero."""
    if clause.actual is None:
        return None
    reached = min(max(clause.actual, Decimal(0)) / clause.target, clause.most)
    return (reached * clause.weight * 100).quantize(POINT, rounding=ROUND_HALF_UP)


def score(clauses: Sequence[Clause]) -> Decimal | None:
    """The sum of the points; None without clauses or while one is not known."""
    found = [points(c) for c in clauses]
    known = [p for p in found if p is not None]
    return sum(known, Decimal(0)) if found and len(known) == len(found) else None


def months(first: tuple[int, int], last: tuple[int, int]) -> int:
    """Months from (year, month) to (year, month), both included."""
    return (last[0] - first[0]) * 12 + last[1] - first[1] + 1


def span_months(first: date, last: date) -> Decimal:
    """Months of the days `first` to `last`, both included; a part of a month is its days ÷ the days of the month."""
    end = last + timedelta(days=1)
    whole = (end.year - first.year) * 12 + end.month - first.month
    return whole + _passed(end) - _passed(first)


def _passed(day: date) -> Decimal:
    return Decimal(day.day - 1) / monthrange(day.year, day.month)[1]


def target_for(metric: str, target: Decimal, period: str, n_months: Decimal) -> Decimal:
    """The target of so many months when it holds for `period`; never rounded to nothing. Shares are the same for any span."""
    if metric in SHARES or n_months == MONTHS[period]:
        return target
    return max((target * n_months / MONTHS[period]).quantize(POINT, rounding=ROUND_HALF_UP), POINT)


def payment(terms: Terms, reached: Decimal | None, revenue: Decimal, n_months: int) -> Payment:
    """The payment of a period. Without clauses (score None) there is neither bonus nor deduction."""
    base = round_fen(terms.base_fee * n_months / 12)
    share = round_fen(max(revenue, Decimal(0)) * terms.revenue_share)
    bonus = penalty = ZERO
    if reached is not None and reached > terms.bonus_from:
        bonus = round_fen(base * min((reached - terms.bonus_from) * terms.bonus_step, terms.bonus_cap))
    if reached is not None and reached < terms.penalty_from:
        penalty = round_fen(base * min((terms.penalty_from - reached) * terms.penalty_step, terms.penalty_cap))
    return Payment(base, share, bonus, penalty)
