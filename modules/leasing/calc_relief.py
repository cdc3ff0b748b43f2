"""Pure calculations of rent relief: rent by calendar month, months granted, amounts. No session, no clock, no rounding twice.

Source of the rules: 发改财金〔2022〕271号 and 国资厅财评〔2022〕29号 (three months, six where the county was listed; secondary source);
the pro-rata rule months × tenancy ÷ year is a park rule (D). Months and shares are exact fractions; amounts are yuan, rounded
once to the fen so that the parts sum to the rounded total (largest remainder) and no part exceeds its rent."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from parkops.clock import add_months
from parkops.money import allocate, fen, yuan


@dataclass(frozen=True)
class Terms:
    """What a scheme grants: `months` (`months_listed` where the county was listed) at `rate`, then `then_months` at `then_rate`."""

    months: int
    months_listed: int | None = None
    rate: Fraction = Fraction(1)
    then_months: int = 0
    then_rate: Fraction = Fraction(0)
    pro_rata: str = "none"  # none | months | days


@dataclass(frozen=True)
class Due:
    """An instalment of rent: first and last day, amount in yuan (a discount is negative)."""

    start: date
    end: date
    amount: Decimal


@dataclass(frozen=True)
class RentMonth:
    """A calendar month in which rent is payable: the days covered and the rent in yuan."""

    month: date
    start: date
    end: date
    rent: Decimal

    @property
    def coverage(self) -> Fraction:
        """Covered days ÷ days of the month: how much of a month of entitlement it uses up."""
        return Fraction((self.end - self.start).days + 1, monthrange(self.month.year, self.month.month)[1])


@dataclass(frozen=True)
class Grant:
    """Relief of one month: `share` of its rent, and the amount."""

    month: date
    start: date
    end: date
    rent: Decimal
    share: Fraction
    amount: Decimal


def months_of(start: date, end: date) -> list[tuple[date, date, date]]:
    """(first of the month, first covered day, last covered day) for `[start, end]`, both included."""
    out, first = [], start.replace(day=1)
    while first <= end:
        last = add_months(first, 1) - timedelta(days=1)
        out.append((first, max(start, first), min(end, last)))
        first = add_months(first, 1)
    return out


def rent_by_month(dues: Iterable[Due]) -> dict[date, RentMonth]:
    """Rent of each calendar month: an instalment over several months is split by the part of each month it covers (a full
    month counts 1), exactly to the fen."""
    rent: dict[date, Decimal] = {}
    days: dict[date, tuple[date, date]] = {}
    for due in dues:
        parts = months_of(due.start, due.end)
        weights = [Fraction((b - a).days + 1, monthrange(m.year, m.month)[1]) for m, a, b in parts]
        scale = _common(weights)
        for (month, a, b), amount in zip(parts, allocate(due.amount, [int(w * scale) for w in weights]), strict=True):
            rent[month] = rent.get(month, Decimal(0)) + amount
            if due.amount > 0:
                first, last = days.get(month, (a, b))
                days[month] = (min(first, a), max(last, b))
    return {m: RentMonth(m, *days[m], rent[m]) for m in sorted(days) if rent[m] > 0}


def _common(weights: Sequence[Fraction]) -> int:
    scale = 1
    for w in weights:
        scale = scale * w.denominator // _gcd(scale, w.denominator)
    return scale


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def tenancy_share(pro_rata: str, year: int, spans: Iterable[tuple[date, date]]) -> Fraction:
    """The part of the year the tenancy covers: calendar months with a day of tenancy ÷ 12, or days ÷ days of the year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    days: set[int] = set()
    for start, end in spans:
        days.update(range(max(start, first).toordinal(), min(end, last).toordinal() + 1))
    if pro_rata == "none":
        return Fraction(1) if days else Fraction(0)
    if pro_rata == "months":
        return Fraction(len({date.fromordinal(d).month for d in days}), 12)
    return Fraction(len(days), (last - first).days + 1)


def entitlement(terms: Terms, *, listed: bool, tenancy: Fraction) -> list[tuple[Fraction, Fraction]]:
    """(months, rate) to hand out in order: three months, six where listed, × the part of the year, then the half-rate ones."""
    full = terms.months_listed if listed and terms.months_listed is not None else terms.months
    steps = [(full * tenancy, terms.rate), (terms.then_months * tenancy, terms.then_rate)]
    return [(months, rate) for months, rate in steps if months > 0 and rate > 0]


def propose(rents: Sequence[RentMonth], steps: Sequence[tuple[Fraction, Fraction]], taken: Mapping[date, str] | None = None) -> list[Grant]:
    """Months in order until the entitlement is used up; a month in `taken` (relieved already) is left out and uses nothing."""
    left, exact = [list(s) for s in steps], []
    for rent in rents:
        if rent.month in (taken or {}):
            continue
        share, free = Fraction(0), rent.coverage
        while left and free > 0:
            used = min(free, left[0][0])
            share, free = share + used / rent.coverage * left[0][1], free - used
            left[0][0] -= used
            if left[0][0] == 0:
                left.pop(0)
        if share > 0:
            exact.append((rent, share))
    amounts = split([fen(r.rent) * share for r, share in exact])
    return [Grant(r.month, r.start, r.end, r.rent, share, yuan(a)) for (r, share), a in zip(exact, amounts, strict=True)]


def split(exact: Sequence[Fraction]) -> list[int]:
    """Whole fen that sum to the half-up rounded total; each is the floor or the ceiling of its exact part (largest remainder)."""
    floors = [int(x) for x in exact]
    rest = int(sum(exact, Fraction(0)) + Fraction(1, 2)) - sum(floors)
    for i in sorted(range(len(exact)), key=lambda i: (-(exact[i] - floors[i]), i))[:rest]:
        floors[i] += 1
    return floors


def people_for(amount: Decimal, thresholds: Iterable[tuple[Decimal, int]]) -> int:
    """How many different people must approve an amount: the highest threshold reached, at least one."""
    return max([1, *(n for start, n in thresholds if amount >= start)])


def shown_share(share: Fraction) -> Decimal:
    """The share with eight places, never above 1 and never 0 (it is stored for reading; amounts come from the fraction)."""
    value = (Decimal(share.numerator) / Decimal(share.denominator)).quantize(Decimal("0.00000001"))
    return max(Decimal("0.00000001"), min(value, Decimal(1)))
