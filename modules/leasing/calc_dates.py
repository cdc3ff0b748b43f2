"""The calendar of a lease: months of charging, instalments made of them, and the days in them that count. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache

from dateutil.rrule import MONTHLY, rrule

from parkops.clock import add_months

DAY = timedelta(days=1)
LONGEST_MONTHS = 240  # Civil Code 705: twenty years


@dataclass(frozen=True)
class Unit:
    """One month of charging: `whole` days it would have, of which `starts`..`ends` (inclusive) belong to the line."""

    starts: date
    ends: date
    whole: int

    @property
    def days(self) -> int:
        return (self.ends - self.starts).days + 1


def month_starts(first: date, anniversaries: bool) -> Iterator[date]:
    """First days of the months of charging from the one that holds `first`: calendar months, or months counted from
    `first` itself (31 January, 28 February, 31 March …)."""
    if anniversaries:
        yield from (d.date() for d in rrule(MONTHLY, dtstart=_clock(first), bymonthday=(first.day, -1), bysetpos=1))
    else:
        yield from (d.date() for d in rrule(MONTHLY, dtstart=_clock(first.replace(day=1))))


def _clock(day: date) -> datetime:
    return datetime.combine(day, time())


def units(first: date, last: date | None, anniversaries: bool) -> Iterator[Unit]:
    """Months of charging of a line from `first` to `last` (None: without end); the first and last may be parts."""
    starts = month_starts(first, anniversaries)
    begin = next(starts)
    for following in starts:
        end = following - DAY
        if last is not None and begin > last:
            return
        yield Unit(max(begin, first), end if last is None else min(end, last), (following - begin).days)
        begin = following


@lru_cache(maxsize=1024)
def finite(first: date, last: date, cycle: int, anniversaries: bool) -> tuple[tuple[Unit, ...], ...]:
    """`instalments` of a line with an end, remembered: leases of a park share few calendars."""
    return tuple(instalments(first, last, cycle, anniversaries, None))


def instalments(first: date, last: date | None, cycle: int, anniversaries: bool, until: date | None) -> Iterator[tuple[Unit, ...]]:
    """Groups of `cycle` months. With an end the last group is what remains; without one, whole groups that begin by `until`."""
    group: list[Unit] = []
    for unit in units(first, last, anniversaries):
        if not group and until is not None and unit.starts > until:
            return
        group.append(unit)
        if len(group) == cycle:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)


def fraction(rule: str, charged: int, whole: int) -> Fraction:
    """Which part of a month's price `charged` of its `whole` days cost. A whole month always costs one month.

    actual_days: days ÷ days of that month; days_30: days ÷ 30, at most one month; days_365: days × 12 ÷ 365, at most one
    month; full_months: months counted from the first day, so parts appear only where something ends inside one."""
    if charged >= whole:
        return Fraction(1)
    if rule == "days_30":
        return min(Fraction(1), Fraction(charged, 30))
    if rule == "days_365":
        return min(Fraction(1), Fraction(12 * charged, 365))
    return Fraction(charged, whole)


def priced_days(rule: str, charged: int, whole: int) -> Fraction:
    """How many days a price per day is taken for: in a whole month its days, 30 or 365 ÷ 12; in a part the days charged."""
    month = {"actual_days": Fraction(whole), "days_30": Fraction(30)}.get(rule, Fraction(365, 12))
    return month if charged >= whole else min(month, Fraction(charged))


def months_between(first: date, last: date) -> int:
    """Whole months from `first` to `last` (inclusive), rounded up."""
    n = (last.year - first.year) * 12 + last.month - first.month
    return n if add_months(first, n) > last else n + 1


def whole_months(first: date, last: date) -> bool:
    """Does the time from `first` to `last` (inclusive) consist of whole months counted from `first`?"""
    return add_months(first, months_between(first, last)) == last + DAY


@lru_cache(maxsize=8192)
def bill_month(period_from: date, period_to: date, timing: str) -> date:
    """In which month an instalment is billed: in advance in the month it begins, in arrears after its last day."""
    return (period_from if timing == "advance" else period_to + DAY).replace(day=1)


@lru_cache(maxsize=8192)
def due_date(period_from: date, period_to: date, timing: str, due_day: int) -> date:
    """The agreed day of the month of billing, never before the instalment begins (advance) or is over (arrears)."""
    month = bill_month(period_from, period_to, timing)
    last = (add_months(month, 1) - DAY).day
    agreed = month.replace(day=min(due_day, last))
    return max(agreed, period_from if timing == "advance" else period_to + DAY)
