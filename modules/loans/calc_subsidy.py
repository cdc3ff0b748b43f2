"""Interest subsidy of a period, pure (domain.md 7.4). Rates are fractions of one, money yuan, days are nights of interest.

    LOAN-2020 (from 2021):  borrower pays max(0, LPR - 1.50 %), the rest is subsidised
    LOAN-2023:              half of the interest
    LOAN-SD-2020:           people the whole interest, firms half of the LPR of the contract

Interest accrues on actual days; overdue days and days of an extension are left out; after an early repayment the smaller balance
counts. Interest and subsidy are rounded half up to the fen once per loan and period; a subsidy never exceeds its interest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .calc_schedule import ZERO, fen

RULES = ("full", "share_of_interest", "share_of_lpr", "above_lpr_minus", "none")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Subsidy:
    """days: with interest and subsidised; excluded: nights of the loan left out; the rates; interest and subsidy of the days counted."""

    days: int
    excluded: int
    borrower_rate: Decimal
    subsidy_rate: Decimal
    interest: Decimal
    subsidy: Decimal
    weighted: Decimal  # sum of balance x days


def subsidy_rate(rule: str, *, rate: Decimal, lpr: Decimal, share: Decimal | None = None, bp: int | None = None) -> Decimal:
    """The part of the interest rate that is subsidised; never below zero nor above the rate."""
    if rule == "none":
        return Decimal(0)
    if rule == "full":
        return rate
    if rule == "share_of_interest":
        return rate * _known(share, "share")
    if rule == "share_of_lpr":
        return min(rate, lpr * _known(share, "share"))
    if rule == "above_lpr_minus":
        borrower = max(Decimal(0), lpr - Decimal(_known(bp, "bp")) / 10_000)
        return max(Decimal(0), rate - borrower)
    raise ValueError(f"unknown subsidy rule {rule!r}")


def _known(value: Decimal | int | None, name: str) -> Decimal:
    if value is None:
        raise ValueError(f"the subsidy rule needs {name}")
    return Decimal(value)


def balance_on(flows: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    """Principal out at the end of `day`: the night from `day` to the next bears interest on it."""
    return sum((a for d, a in flows if d <= day), ZERO)


def subsidy(flows: Sequence[tuple[date, Decimal]], *, rule: str, rate: Decimal, lpr: Decimal, start: date, end: date, last_day: date,
            share: Decimal | None = None, bp: int | None = None, basis: int = 365, left_out: Collection[date] = ()) -> Subsidy:
    """Of the nights beginning in `[start, end)` and before `last_day` (the contract's end). flows: payouts +, principal back -."""
    part = subsidy_rate(rule, rate=rate, lpr=lpr, share=share, bp=bp)
    days, excluded, weighted, day = 0, 0, ZERO, start
    running = balance_on(flows, start - DAY)
    by_day: dict[date, Decimal] = {}
    for d, a in flows:
        by_day[d] = by_day.get(d, ZERO) + a
    while day < end:
        running += by_day.get(day, ZERO)
        if running > 0:
            if day >= last_day or day in left_out:
                excluded += 1
            else:
                days, weighted = days + 1, weighted + running
        day += DAY
    interest = fen(weighted * rate / basis)
    return Subsidy(days, excluded, rate - part, part, interest, min(interest, fen(weighted * part / basis)), weighted)
