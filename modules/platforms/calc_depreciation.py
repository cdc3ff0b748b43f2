"""Straight-line depreciation to the fen: a pure calculation; the months of a life sum to the value exactly.

Fixed assets are depreciated from the month after they came and no longer from the month after they went (企业会计准则第4号——固定资产,
应用指南). No residual value: the tariff sheets of shared equipment spread the whole book value (peers.md 3.9: 800,000 ÷ (5 × 800) h)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from parkops.clock import add_months
from parkops.money import ZERO, round_fen


def until(value: Decimal, months: int, elapsed: int) -> Decimal:
    """Depreciation of the first `elapsed` months of a life of `months`; rounded once, so differences of it sum exactly."""
    if months <= 0 or value <= 0:
        return ZERO
    return round_fen(value * min(max(elapsed, 0), months) / months)


def _month_number(day: date) -> int:
    return day.year * 12 + day.month


def of_period(value: Decimal, life_years: int, bought_on: date, start: date, end: date, gone_on: date | None = None) -> Decimal:
    """Depreciation of the whole months in `[start, end)`; the month of purchase bears none, the month it left the last."""
    first = _month_number(bought_on) + 1
    last = _month_number(end)
    if gone_on is not None:
        last = min(last, _month_number(gone_on) + 1)
    before, after = _month_number(start) - first, last - first
    months = life_years * 12
    return max(until(value, months, after) - until(value, months, before), ZERO)


def by_month(value: Decimal, life_years: int, bought_on: date) -> Iterable[tuple[date, Decimal]]:
    """Every month of the life with its depreciation."""
    month = add_months(bought_on.replace(day=1), 1)
    for _n in range(life_years * 12):
        following = add_months(month, 1)
        yield month, of_period(value, life_years, bought_on, month, following)
        month = following
