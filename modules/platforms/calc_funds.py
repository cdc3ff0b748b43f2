"""What prepaid money still holds: use draws on the funds valid on its day, what expires first before what lasts (U-24). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from parkops.money import ZERO


@dataclass(frozen=True)
class Fund:
    """Money paid in, usable from a day until it expires (both included)."""

    amount: Decimal
    received_on: date
    expires_on: date | None = None

    def valid(self, on: date) -> bool:
        """Whether it may be drawn on that day."""
        return self.received_on <= on and (self.expires_on is None or on <= self.expires_on)


def left(funds: Iterable[Fund], spent: Iterable[tuple[date, Decimal]], on: date) -> Decimal:
    """What the funds valid on a day still hold after what was spent, in order of its days. What no fund of its day could pay is owed:
    the funds of later days pay it first, so it is below zero while none does."""
    rows = sorted(funds, key=lambda f: (f.expires_on or date.max, f.received_on, f.amount))
    rest, owed = [f.amount for f in rows], ZERO
    days: dict[date, Decimal] = {}
    for day, amount in spent:
        days[day] = days.get(day, ZERO) + amount
    for day in sorted(days.keys() | {f.received_on for f in rows if f.received_on <= on} | {on}):
        owed += days.get(day, ZERO)
        for n, fund in enumerate(rows):
            if owed > 0 and fund.valid(day):
                taken = min(rest[n], owed)
                rest[n] -= taken
                owed -= taken
    return sum((r for r, f in zip(rest, rows, strict=True) if f.valid(on)), ZERO) - owed
