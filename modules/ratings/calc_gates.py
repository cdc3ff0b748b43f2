"""What a gate lacks, in units somebody can go and get: pure arithmetic on counts.

A share is `per × numerator ÷ denominator`. Worked example (domain.md 17.1): 11 of 40 firms against 30 % lacks 1 firm."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

ONE = Decimal(1)


@dataclass(frozen=True)
class Count:
    """A measured figure. Without denominator it is absolute. None is unknown, never zero."""

    numerator: Decimal | None = None
    denominator: Decimal | None = None
    per: Decimal = ONE
    absolute: bool = False

    @property
    def value(self) -> Decimal | None:
        """The figure itself; None while a part is unknown or the denominator is zero."""
        if self.numerator is None or (not self.absolute and not self.denominator):
            return None
        return self.numerator if self.absolute else share(self.numerator, self.denominator, self.per)


def share(numerator: Decimal, denominator: Decimal | None, per: Decimal = ONE) -> Decimal:
    """per × numerator ÷ denominator; exact when it can be."""
    return numerator * per / Decimal(denominator or 1)


def reached(op: str, value: Decimal, threshold: Decimal) -> bool:
    """Whether a numeric gate is passed. Raises ValueError for an operator that is no comparison."""
    if op not in ("gte", "gt", "lte", "lt"):
        raise ValueError(f"{op} is no comparison")
    return {"gte": value >= threshold, "gt": value > threshold, "lte": value <= threshold, "lt": value < threshold}[op]


def lacking(op: str, count: Count, threshold: Decimal, step: Decimal = ONE) -> Decimal | None:
    """How much more of the numerator passes the gate, in whole steps; 0 when it passes, None when it cannot be said.

    For `lte` and `lt` it is how much less."""
    if count.value is None:
        return None
    if reached(op, count.value, threshold):
        return Decimal(0)
    base = ONE if count.absolute else Decimal(count.denominator or 1) / count.per
    missing = (threshold * base - Decimal(count.numerator or 0)) * (1 if op in ("gte", "gt") else -1)
    steps = (missing / step).to_integral_value(rounding=ROUND_CEILING)
    if op in ("gt", "lt") and steps * step == missing:
        steps += 1
    return steps * step


def newcomers(op: str, count: Count, threshold: Decimal) -> Decimal | None:
    """How many new firms that all count would pass the gate: each raises numerator and denominator by one.

    None when it cannot be said, or when no number of them would do (a share of 100 % or more)."""
    if count.value is None or count.absolute or op not in ("gte", "gt"):
        return None
    if reached(op, count.value, threshold):
        return Decimal(0)
    n, d, t = Decimal(count.numerator or 0) * count.per, Decimal(count.denominator or 0), threshold
    if count.per <= t:
        return None
    need = (t * d - n) / (count.per - t)
    whole = need.to_integral_value(rounding=ROUND_CEILING)
    return whole + 1 if op == "gt" and whole == need else whole


def leavers(op: str, count: Count, threshold: Decimal) -> Decimal | None:
    """How many firms that do not count would have to leave; None when that cannot pass the gate."""
    if count.value is None or count.absolute or op not in ("gte", "gt") or threshold <= 0:
        return None
    if reached(op, count.value, threshold):
        return Decimal(0)
    n, d = Decimal(count.numerator or 0), Decimal(count.denominator or 0)
    most = (n * count.per / threshold).to_integral_value(rounding=ROUND_FLOOR)
    if op == "gt" and most and not reached("gt", share(n, most, count.per), threshold):
        most -= 1
    if count.per == 1 and most < n:
        most = n
    return d - most if most > 0 and reached(op, share(n, most, count.per), threshold) else None


def relaxed(threshold: Decimal, factor: Decimal | None) -> Decimal:
    """A threshold lowered for a hardship region (工信部科〔2025〕131号 art. 10: by 15 %)."""
    return threshold if factor is None else threshold * factor


def growth(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """Year-on-year growth; a missing figure or a base of zero or less is not computable."""
    if before is None or after is None or before <= 0:
        return None
    return (after - before) / before
