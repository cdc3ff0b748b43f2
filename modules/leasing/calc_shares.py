"""Pure calculation of shared costs (公摊): what a main meter shows beyond its sub-meters, divided so that it sums exactly.

Worked numbers (tests/modules/leasing/test_meters_shares.py): 100.00 yuan and 125 kWh of June over units of 100, 50 and 50 ㎡ by area,
the last vacant from the 16th: 50.00 / 25.00 / 12.50 / park 12.50 yuan and 62.5 / 31.25 / 15.625 / 15.625 kWh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from parkops.money import allocate

from .calc_meters import quantities


class CannotShare(ValueError):
    """The shares cannot be worked out; `why`: negative (subs above main) or weightless (all shares are nil)."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Bearer:
    """A unit for the days of one tenant (firm None: vacant, the park bears it). base: ㎡, usage or fixed share of the whole unit.

    `unit_days` are the unit's days in the period: a base that is an amount of the period (usage) is spread over them."""

    unit_id: int
    firm_id: int | None
    first: date
    last: date
    base: Decimal
    unit_days: int

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Share:
    bearer: Bearer
    weight: Decimal
    quantity: Decimal
    amount: Decimal


def weight(bearer: Bearer, key: str) -> Decimal:
    """Area and fixed shares weigh by their days; a usage is what it is and is spread over the unit's days. Six decimals."""
    if key == "usage":
        return (bearer.base * bearer.days / bearer.unit_days).quantize(Decimal("0.000001"))
    return bearer.base * bearer.days


def difference(main: Decimal, subs: Sequence[Decimal]) -> Decimal:
    """What the main meter shows beyond its sub-meters; raises CannotShare when they show more."""
    left = main - sum(subs, Decimal(0))
    if left < 0:
        raise CannotShare("negative")
    return left


def divide(usage: Decimal, amount: Decimal, key: str, bearers: Sequence[Bearer]) -> list[Share]:
    """Usage and amount over the bearers; both sum exactly (largest remainder, earlier bearers first on a tie)."""
    weights = [weight(b, key) for b in bearers]
    if not weights or sum(weights) == 0:
        raise CannotShare("weightless")
    parts = zip(bearers, weights, quantities(usage, weights), allocate(amount, weights), strict=True)
    return [Share(b, w, q, a) for b, w, q, a in parts]
