"""Score of an operator's period and the payment it comes to: pure calculations, explained line by line.

points of a clause = min(actual ÷ target, most) × weight × 100; score = Σ points
basic fee = fee a year × months ÷ 12; share = revenue × rate
bonus = basic fee × min((score − from) × step, cap) above `from`; deduction likewise below its own limit

Worked number (tests): fee 240,000 a year, score 106, bonus 1 % a point above 100, at most 10 %: bonus 14,400.00."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from parkops.money import ZERO, round_fen

POINT = Decimal("0.0001")


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
