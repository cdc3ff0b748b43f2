"""Pure calculations of meters: usage, plausibility, what usage costs, and who pays which part. No session, no clock.

Worked numbers (tests/modules/leasing/test_meters.py):
* A counter with 4 digits and multiplier 40 goes 9,990 -> 12: (10,000 − 9,990 + 12) × 40 = 880.
* Tiers 0: 3.00, above 20: 4.50, above 40: 6.00; 50 m³ in one month = 20 × 3 + 20 × 4.5 + 10 × 6 = 210.00; the same usage over
  two months = 40 × 3 + 10 × 4.5 = 165.00, because the limits are per month.
* Peak 100 × 1.20 + flat 200 × 0.80 + valley 50 × 0.40 = 300.00.
* 900 kWh from 1 to 30 June at 0.80, tenant A until the 10th, vacant until the 15th, B from the 16th: A 300 kWh 240.00, the park
  150 kWh 120.00, B 450 kWh 360.00."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from parkops.clock import add_months
from parkops.money import allocate, round_fen, yuan

ONE_DAY = timedelta(days=1)
FOUR = Decimal("0.0001")
ZERO = Decimal(0)


class CannotCharge(ValueError):
    """No price for a day of the period; `day` is the first such day."""

    def __init__(self, day: date):
        super().__init__(f"no price on {day}")
        self.day = day


def usage_of(before: Decimal, after: Decimal, *, multiplier: Decimal = Decimal(1), digits: int = 6, rolled_over: bool = False) -> Decimal:
    """What passed the counter, multiplier included, to four decimals. A counter that passed zero counts up to its size first.

    Raises ValueError when the reading is lower than the last one without a roll-over, or does not fit the counter."""
    size = Decimal(10) ** digits
    if not 0 <= after < size:
        raise ValueError("the reading does not fit the counter")
    if after < before and not rolled_over:
        raise ValueError("the reading is lower than the last one")
    passed = after - before + (size if after < before else 0)
    return (passed * multiplier).quantize(FOUR)


def jump_percent(usage: Decimal, days: int, last_usage: Decimal | None, last_days: int) -> int | None:
    """By how many percent the usage per day differs from the last one (whole percent, never negative); None without a last one."""
    if last_usage is None or last_days <= 0 or days <= 0:
        return None
    if last_usage == 0:
        return 100 if usage else None
    now, then = Fraction(usage) / days, Fraction(last_usage) / last_days
    return int(abs(now - then) * 100 / then)


def months_of(first: date, last: date) -> Fraction:
    """Months in the days `first`..`last`: whole when they are whole calendar months of the first day, else days × 12 ÷ 365."""
    n = (last.year - first.year) * 12 + last.month - first.month
    for months in (n, n + 1):
        if months > 0 and add_months(first, months) == last + ONE_DAY:
            return Fraction(months)
    return Fraction(((last - first).days + 1) * 12, 365)


@dataclass(frozen=True)
class Usage:
    """Total, and by register where the meter tells peak, flat and valley apart."""

    total: Decimal
    peak: Decimal | None = None
    flat: Decimal | None = None
    valley: Decimal | None = None

    def split(self, weights: Sequence[int]) -> list[Usage]:
        """By weights (days), each register on its own, sums exact to four decimals; the total is the registers' sum."""
        if self.peak is None:
            return [Usage(q) for q in quantities(self.total, weights)]
        rows = zip(quantities(self.peak, weights), quantities(self.flat, weights), quantities(self.valley, weights), strict=True)
        return [Usage(p + f + v, p, f, v) for p, f, v in rows]


def quantities(total: Decimal, weights: Sequence[int | Decimal]) -> list[Decimal]:
    """`total` (four decimals) split by weights, exact sum, largest remainder."""
    units = int(total.scaleb(4))
    return [Decimal(int(part.scaleb(2))).scaleb(-4) for part in allocate(yuan(units), weights)]


@dataclass(frozen=True)
class Price:
    """A price of a medium from `first` to `last` (None: open). tiers: (above per month, price), the lowest above 0."""

    first: date
    last: date | None
    kind: str = "flat"
    price: Decimal = ZERO
    peak: Decimal = ZERO
    flat: Decimal = ZERO
    valley: Decimal = ZERO
    tiers: tuple[tuple[Decimal, Decimal], ...] = ()
    tax_included: bool = True
    doc_no: str = ""
    ref: int | None = None

    def cost(self, usage: Usage, months: Fraction) -> Decimal:
        """Yuan, rounded half-up to the fen once."""
        if self.kind == "pfv":
            if usage.peak is None:
                raise ValueError("a price by peak, flat and valley needs these registers")
            return round_fen(usage.peak * self.peak + usage.flat * self.flat + usage.valley * self.valley)
        if self.kind == "tiers":
            return _tiered(self.tiers, usage.total, months)
        return round_fen(usage.total * self.price)


def _tiered(tiers: tuple[tuple[Decimal, Decimal], ...], usage: Decimal, months: Fraction) -> Decimal:
    limits = [(Fraction(above) * months, Fraction(price)) for above, price in sorted(tiers)]
    total, amount = Fraction(usage), Fraction(0)
    for i, (above, price) in enumerate(limits):
        upper = limits[i + 1][0] if i + 1 < len(limits) else None
        within = (total if upper is None else min(total, upper)) - above
        amount += max(within, Fraction(0)) * price
    return round_fen(Decimal(amount.numerator) / Decimal(amount.denominator))


@dataclass(frozen=True)
class Tenancy:
    """Who has the unit on the days `first`..`last`; firm None: nobody."""

    first: date
    last: date
    firm_id: int | None
    lease_id: int | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Part:
    """What one tenant (or the park, firm None) bears for consecutive days at one price."""

    first: date
    last: date
    firm_id: int | None
    lease_id: int | None
    quantity: Decimal
    amount: Decimal
    price: Price = field(repr=False, default_factory=lambda: Price(date.min, None))


def fill(first: date, last: date, tenancies: Sequence[Tenancy]) -> list[Tenancy]:
    """The tenancies cut to the days, with rows for the days nobody has; in order, without gaps."""
    out, day = [], first
    for t in sorted(tenancies, key=lambda t: t.first):
        start, end = max(t.first, first), min(t.last, last)
        if end < start or end < day:
            continue
        start = max(start, day)
        if start > day:
            out.append(Tenancy(day, start - ONE_DAY, None))
        out.append(Tenancy(start, end, t.firm_id, t.lease_id))
        day = end + ONE_DAY
    if day <= last:
        out.append(Tenancy(day, last, None))
    return out


def price_spans(first: date, last: date, prices: Sequence[Price]) -> list[tuple[date, date, Price]]:
    """The prices that hold on the days, cut to them; raises CannotCharge for a day without a price."""
    out, day = [], first
    for p in sorted(prices, key=lambda p: p.first):
        end = last if p.last is None else min(p.last, last)
        if p.first > day or end < day:
            continue
        out.append((day, end, p))
        day = end + ONE_DAY
        if day > last:
            return out
    raise CannotCharge(day)


def charge(first: date, last: date, usage: Usage, tenancies: Sequence[Tenancy], prices: Sequence[Price]) -> list[Part]:
    """The usage of the days `first`..`last` priced and divided: by days over a change of price, then by days over the tenants.

    Quantities add up to the usage and amounts to the sum of the priced spans, exactly. Raises CannotCharge."""
    spans = price_spans(first, last, prices)
    everyone, out = fill(first, last, tenancies), []
    for (start, end, price), part in zip(spans, usage.split([(e - s).days + 1 for s, e, _p in spans]), strict=True):
        here = [
            Tenancy(max(t.first, start), min(t.last, end), t.firm_id, t.lease_id) for t in everyone if t.first <= end and t.last >= start
        ]
        days = [t.days for t in here]
        amounts = allocate(price.cost(part, months_of(start, end)), days)
        for t, q, amount in zip(here, part.split(days), amounts, strict=True):
            out.append(Part(t.first, t.last, t.firm_id, t.lease_id, q.total, amount, price))
    return out
