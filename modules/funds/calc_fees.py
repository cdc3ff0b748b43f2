"""The management fee of a period. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from parkops.money import ZERO, round_fen

Step = tuple[date, Decimal]


def fee(steps: Sequence[Step], rate: Decimal, first: date, last: date) -> Decimal:
    """`rate` a year on a base that changes in steps (from a day on, increase in yuan), for the days `first` to `last` inclusive,
    actual/365, rounded once to the fen. Raises ValueError when the days are the wrong way round."""
    if last < first:
        raise ValueError("the last day lies before the first")
    total = ZERO
    for day, change in steps:
        days = (last - max(day, first)).days + 1
        total += change * max(days, 0)
    return round_fen(total * rate / 365)
