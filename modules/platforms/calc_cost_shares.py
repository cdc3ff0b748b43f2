"""Shared material and energy cost among joint operators (共担材料能耗): by hours, area, meter or fixed share, summing exactly.

Worked number (domain.md 11.4): 100.00 yuan by hours 1:1:1 is 33.34 / 33.33 / 33.33. The split is `parkops.money.allocate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from parkops.money import allocate


class CannotShare(ValueError):
    """The cost cannot be divided; `why`: missing (somebody's amount is not known) or weightless (all are nil)."""

    def __init__(self, why: str, names: tuple[str, ...] = ()):
        super().__init__(why)
        self.why, self.names = why, names


@dataclass(frozen=True)
class Part:
    """An operator's part of a shared cost."""

    name: str
    weight: Decimal
    amount: Decimal


def divide(amount: Decimal, weights: Sequence[tuple[str, Decimal | None]]) -> list[Part]:
    """Split `amount` (yuan) over (name, weight); earlier ones first on a tie. A weight nobody reported is not zero: it is refused."""
    missing = tuple(name for name, weight in weights if weight is None)
    if missing:
        raise CannotShare("missing", missing)
    known = [(name, weight) for name, weight in weights if weight is not None]
    if not known or sum((w for _n, w in known), Decimal(0)) == 0:
        raise CannotShare("weightless")
    parts = allocate(amount, [w for _n, w in known])
    return [Part(name, weight, part) for (name, weight), part in zip(known, parts, strict=True)]
