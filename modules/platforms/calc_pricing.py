"""What an event costs: cut along weekly windows, tiers, minimum, fee, daily cap, once per day. Pure; money is Decimal yuan.

Rules U-03 to U-07 of the README. Times are the park's wall clock (no summer time since 1991), cut to the minute. An amount is
rounded once, half up to the fen, after minutes and prices were multiplied exactly. `services/pricing_sql.py` says the same in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from parkops.money import ZERO, round_fen

MINUTE = timedelta(minutes=1)
DAY = 1440


@dataclass(frozen=True)
class Window:
    """On these weekdays (1 Monday … 7 Sunday), from minute to minute of the day, an hour costs `amount`."""

    weekdays: frozenset[int]
    from_minute: int
    to_minute: int
    amount: Decimal


@dataclass(frozen=True)
class Tariff:
    """A sheet on a day: the base rate with what belongs to it, and its windows. `tiers`: (beyond minutes or units, price)."""

    basis: str  # hour | unit | flat | day
    amount: Decimal
    minimum: Decimal | None = None
    service_fee: Decimal | None = None
    daily_cap: Decimal | None = None
    tiers: tuple[tuple[int, Decimal], ...] = ()
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True)
class Piece:
    """`quantity` minutes, units, days or events at a price each (per hour for minutes)."""

    unit: str  # minute | unit | flat | day
    quantity: Decimal
    amount: Decimal

    @property
    def exact(self) -> Fraction:
        """The piece's price before rounding."""
        return Fraction(self.quantity) * Fraction(self.amount) / (60 if self.unit == "minute" else 1)


def to_minute(moment: datetime) -> datetime:
    """The moment without its seconds."""
    return moment.replace(second=0, microsecond=0)


def minutes_between(start: datetime, end: datetime) -> int:
    """Whole minutes of the clock between two moments, both cut to the minute."""
    return int((to_minute(end) - to_minute(start)) / MINUTE)


def days_of(start: datetime, end: datetime) -> list[date]:
    """The days of the clock an event touches; one that ends at midnight does not touch the next day."""
    last = max(start, end - MINUTE).date() if end > start else start.date()
    return [start.date() + timedelta(days=n) for n in range((last - start.date()).days + 1)]


def overlap(window: Window, start: datetime, end: datetime) -> int:
    """Minutes of an event inside a window."""
    found = 0
    for day in days_of(start, end):
        if day.isoweekday() in window.weekdays:
            midnight = datetime.combine(day, datetime.min.time(), start.tzinfo)
            first = max(start, midnight + window.from_minute * MINUTE)
            last = min(end, midnight + window.to_minute * MINUTE)
            found += max(0, int((last - first) / MINUTE))
    return found


def cut(tariff: Tariff, start: datetime, end: datetime) -> list[Piece]:
    """Minutes per price: each window's, the rest at the base rate (U-03)."""
    start, end = to_minute(start), to_minute(end)
    inside = [Piece("minute", Decimal(n), w.amount) for w in tariff.windows if (n := overlap(w, start, end))]
    rest = minutes_between(start, end) - int(sum(p.quantity for p in inside))
    return [Piece("minute", Decimal(rest), tariff.amount), *inside] if rest else inside


def stepped(unit: str, quantity: Decimal, amount: Decimal, tiers: Sequence[tuple[int, Decimal]]) -> list[Piece]:
    """The part beyond each tier at the tier's price, the part before at its own (U-04)."""
    bounds = [(Decimal(0), amount), *((Decimal(after), price) for after, price in sorted(tiers))]
    out = []
    for n, (after, price) in enumerate(bounds):
        upper = bounds[n + 1][0] if n + 1 < len(bounds) else quantity
        part = min(quantity, upper) - after
        if part > 0:
            out.append(Piece(unit, part, price))
    return out


def pieces(tariff: Tariff, *, start: datetime, end: datetime, quantity: Decimal | None = None, days: int | None = None) -> list[Piece]:
    """What the event is made of, at which prices. `days`: the days not charged yet, all of the event's when not given."""
    if tariff.basis == "flat":
        return [Piece("flat", Decimal(1), tariff.amount)]
    if tariff.basis == "day":
        count = len(days_of(to_minute(start), to_minute(end))) if days is None else days
        return [Piece("day", Decimal(count), tariff.amount)] if count else []
    if tariff.basis == "unit":
        return stepped("unit", quantity if quantity is not None else Decimal(1), tariff.amount, tariff.tiers)
    if tariff.tiers:
        return stepped("minute", Decimal(minutes_between(start, end)), tariff.amount, tariff.tiers)
    return cut(tariff, start, end)


def half_up(value: Fraction) -> Decimal:
    """A fraction of yuan rounded half up to the fen (values are not negative)."""
    return Decimal((value.numerator * 200 + value.denominator) // (2 * value.denominator)).scaleb(-2)


def price(tariff: Tariff, *, start: datetime, end: datetime, quantity: Decimal | None = None, days: int | None = None) -> Decimal:
    """The price of one event before its day's cap: pieces rounded once, at least the minimum, plus the fee (U-05)."""
    found = half_up(sum((p.exact for p in pieces(tariff, start=start, end=end, quantity=quantity, days=days)), Fraction(0)))
    return max(found, tariff.minimum or ZERO) + (tariff.service_fee or ZERO)


def capped(prices: Iterable[Decimal], cap: Decimal | None) -> list[Decimal]:
    """Prices of one day in their order, cut so that they sum to at most the cap (U-06)."""
    out, used = [], ZERO
    for amount in prices:
        kept = amount if cap is None else min(amount, max(ZERO, cap - used))
        used += amount
        out.append(kept)
    return out


def fresh_days(events: Iterable[tuple[datetime, datetime]]) -> list[int]:
    """How many days each event is the first to touch: a rate per day charges a day once (U-07)."""
    seen: set[date] = set()
    out = []
    for start, end in events:
        new = set(days_of(to_minute(start), to_minute(end))) - seen
        seen |= new
        out.append(len(new))
    return out


def tier_percent(total: Decimal, tiers: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The discount of the highest step a month's total reaches; 0 below the first (U-08)."""
    return max(((reached, percent) for reached, percent in tiers if total >= reached), default=(ZERO, Decimal(0)))[1]


def reduced(gross: Decimal, percent: Decimal, entitled: Decimal = ZERO, waived: bool = False) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Discount, what rights cover, what is waived, what is left to charge; always `gross` in sum (U-08, U-09)."""
    discount = round_fen(gross * percent) if gross > 0 else ZERO
    covered = min(entitled, max(ZERO, gross - discount))
    rest = gross - discount - covered
    return discount, covered, (rest if waived else ZERO), (ZERO if waived else rest)
