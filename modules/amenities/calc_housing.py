"""Rent of an apartment by calendar months, and the published order of the queue: pure calculations.

rent of a part month = monthly rent × days ÷ days of the month, rounded once, half up to the fen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from parkops.clock import add_months
from parkops.money import round_fen


@dataclass(frozen=True)
class Month:
    """A calendar month of a stay: its used days and what they cost."""

    month: date
    first: date
    last: date
    amount: Decimal


def month_rent(rent: Decimal, first: date, last: date) -> Decimal:
    """Rent of the days from first to last of one month."""
    start = first.replace(day=1)
    days = (add_months(start, 1) - start).days
    return round_fen(rent * ((last - first).days + 1) / days)


def months(rent: Decimal, starts_on: date, last_day: date) -> list[Month]:
    """Every month of a stay, both days included."""
    out, month = [], starts_on.replace(day=1)
    while month <= last_day:
        first, last = max(starts_on, month), min(last_day, add_months(month, 1) - timedelta(days=1))
        out.append(Month(month, first, last, month_rent(rent, first, last)))
        month = add_months(month, 1)
    return out


def whole_months(since: date, on: date) -> int:
    """Completed months from a day to a day."""
    found = (on.year - since.year) * 12 + on.month - since.month
    return max(found - (1 if on.day < since.day else 0), 0)


def in_order(entries: Iterable[tuple[int, object, int]]) -> list[int]:
    """Ids of (rank, since, id) in the published order: higher rank, then longer waiting, then lower number."""
    return [pk for _rank, _since, pk in sorted(entries, key=lambda e: (-e[0], e[1], e[2]))]
