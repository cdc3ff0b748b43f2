"""The schedule of a lease: what every line comes to, instalment by instalment. Pure: no session, no clock.

Every instalment is worked out from the lease alone, never from the one before (no cursor): asked once for ten years, or
month by month, late, twice or out of order, it is the same. Exact fractions inside, rounded half-up to the fen once per
instalment. What cannot be known (a turnover not reported, an index not published) is not guessed: it is in `unknown`."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from parkops.clock import add_months
from parkops.i18n import _

from . import calc_dates as dates
from .calc_explain import explain_parts, reduction_words, short

FEN, PRICE = Decimal("0.01"), Decimal("0.0001")
SQM = ("sqm_month", "sqm_day")


@dataclass(frozen=True)
class Terms:
    """What holds for all lines. ends_on None: indefinite, worked out for instalments that begin by `until`."""

    starts_on: date
    ends_on: date | None
    proration: str = "actual_days"
    due_day: int = 5


@dataclass(frozen=True)
class Reduction:
    """A discount or subsidy from `starts_on` to `ends_on`: a share of the price (for at most `area_cap` ㎡) or an amount a month."""

    starts_on: date
    ends_on: date
    percent: Decimal | None = None
    amount: Decimal | None = None
    area_cap: Decimal | None = None
    funder_id: int | None = None


@dataclass(frozen=True)
class Index:
    """Every `every_months` from the line's first day: up by `rate`, or with an index, value of that month ÷ value of the month
    of the last adjustment. values: (first day of the month, value)."""

    every_months: int = 12
    rate: Decimal | None = None
    values: tuple[tuple[date, Decimal], ...] = ()
    first_on: date | None = None


@dataclass(frozen=True)
class Line:
    """One line of the lease. area: ㎡ it is charged for. steps: (day, price). free: (first, last) days without rent."""

    key: Any
    basis: str
    price: Decimal
    area: Decimal = Decimal(0)
    cycle_months: int = 1
    timing: str = "advance"
    starts_on: date | None = None
    ends_on: date | None = None
    steps: tuple[tuple[date, Decimal], ...] = ()
    free: tuple[tuple[date, date], ...] = ()
    index: Index | None = None
    discounts: tuple[Reduction, ...] = ()
    subsidies: tuple[Reduction, ...] = ()
    turnover_rate: Decimal | None = None
    minimum: Decimal | None = None
    turnover: dict[date, Decimal] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Instalment:
    """One amount of a line for a period. Discounts and subsidies are negative."""

    line: Any
    kind: str  # charge | discount | subsidy
    period_from: date
    period_to: date
    bill_month: date
    due_on: date
    amount: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    explain: str | None = None
    funder_id: int | None = None


@dataclass(frozen=True)
class Unknown:
    """An instalment that cannot be worked out yet, and why."""

    line: Any
    period_from: date
    period_to: date
    reason: str  # turnover | index
    missing: str


@dataclass
class Schedule:
    """All instalments in order, and what is not known yet."""

    rows: list[Instalment] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum((r.amount for r in self.rows), Decimal("0.00"))

    def years(self) -> dict[int, dict[str, Decimal]]:
        """Per year (of the first day of the period): charges, discounts, subsidies and what remains."""
        out: dict[int, dict[str, Decimal]] = {}
        for row in self.rows:
            year = out.setdefault(row.period_from.year, dict.fromkeys(("charge", "discount", "subsidy", "total"), Decimal("0.00")))
            year[row.kind] += row.amount
            year["total"] += row.amount
        return dict(sorted(out.items()))

    def by_line(self) -> dict[Any, Decimal]:
        """Per line, all kinds together."""
        out: dict[Any, Decimal] = defaultdict(lambda: Decimal("0.00"))
        for row in self.rows:
            out[row.line] += row.amount
        return dict(out)


def rounded(value: Fraction) -> Decimal:
    """Half-up to the fen, exactly."""
    sign, value = (-1, -value) if value < 0 else (1, value)
    return sign * Decimal(int(value * 100 + Fraction(1, 2))).scaleb(-2)


def schedule(terms: Terms, lines: list[Line], until: date | None = None) -> Schedule:
    """The whole schedule. `until` is needed when the lease (or a line) has no end: instalments that begin by that day."""
    out = Schedule()
    for line in lines:
        _line(terms, line, until, out)
    out.rows.sort(key=lambda r: r.period_from)
    return out


def span(terms: Terms, line: Line) -> tuple[date, date | None]:
    """First and last day of a line: its own, within the lease's."""
    first = max(terms.starts_on, line.starts_on or terms.starts_on)
    ends = [d for d in (terms.ends_on, line.ends_on) if d is not None]
    return first, min(ends) if ends else None


def prices(line: Line, first: date, last: date) -> list[tuple[date, Decimal | None]]:
    """(from, price) in order, to `last`; price None from an anniversary whose index value is not published. A step sets the
    price; each anniversary raises the price in force, rounded half-up to four places; a step on that day goes first."""
    steps, now = dict(line.steps), line.price
    events = {d for d in steps if d <= last} | _anniversaries(line, first, last)
    for day in sorted(d for d in events if d <= first):
        now = steps.get(day, now)
    out: list[tuple[date, Decimal | None]] = [(first, now)]
    base_day = first
    for day in sorted(d for d in events if d > first):
        if day in steps:
            now, base_day = steps[day], day
        elif line.index is not None and now is not None:
            now = _raised(line.index, now, base_day, day)
            base_day = day
        out.append((day, now))
    return out


def _anniversaries(line: Line, first: date, last: date) -> set[date]:
    if line.index is None:
        return set()
    every = line.index.every_months
    base, out, n = line.index.first_on or add_months(first, every), set(), 0
    while (day := add_months(base, n * every)) <= last:
        out.add(day)
        n += 1
    return {day for day in out if day > first}


def _raised(index: Index, price: Decimal, base: date, day: date) -> Decimal | None:
    if index.rate is not None:
        return (price * (1 + index.rate)).quantize(PRICE, ROUND_HALF_UP)
    known = dict(index.values)
    old, new = known.get(base.replace(day=1)), known.get(day.replace(day=1))
    return None if old is None or new is None else (price * new / old).quantize(PRICE, ROUND_HALF_UP)


def _line(terms: Terms, line: Line, until: date | None, out: Schedule) -> None:
    first, last = span(terms, line)
    if last is not None and last < first:
        return
    if last is None and until is None:
        raise ValueError("a lease without end needs a day until which it is worked out")
    far = last if last is not None else add_months(max(until, first), line.cycle_months + 1)
    table, memo = prices(line, first, far), {}
    cuts = sorted(
        {d for d, _p in table}
        | {d for a, b in line.free for d in (a, b + dates.DAY)}
        | {d for r in (*line.discounts, *line.subsidies) for d in (r.starts_on, r.ends_on + dates.DAY)}
    )
    anniversaries = terms.proration == "full_months"
    groups = (
        dates.finite(first, last, line.cycle_months, anniversaries)
        if last is not None
        else dates.instalments(first, None, line.cycle_months, anniversaries, until)
    )
    for group in groups:
        if line.basis == "turnover":
            _turnover(terms, line, group, out)
        else:
            _instalment(terms, line, group, table, cuts, memo, out)


@dataclass(frozen=True, slots=True)
class Part:
    """Days of one month with one price: `days` of `charged` days charged in a month of `whole` days."""

    price: Decimal | None
    days: int
    charged: int
    whole: int
    discounts: tuple[Reduction, ...] = ()
    subsidies: tuple[Reduction, ...] = ()


def parts_of(line: Line, unit: dates.Unit, table: list[tuple[date, Decimal | None]], cuts: list[date]) -> tuple[Part, ...]:
    """The charged days of a month, cut where the price, a discount or a subsidy changes; rent-free days are left out."""
    edges = [unit.starts, *(c for c in cuts if unit.starts < c <= unit.ends), unit.ends + dates.DAY]
    found = []
    for a, b in itertools.pairwise(edges):
        if any(x <= a <= y for x, y in line.free):
            continue
        price = next(p for d, p in reversed(table) if d <= a)
        found.append(
            (
                price,
                (b - a).days,
                tuple(r for r in line.discounts if r.starts_on <= a <= r.ends_on),
                tuple(r for r in line.subsidies if r.starts_on <= a <= r.ends_on),
            )
        )
    charged = sum(f[1] for f in found)
    return tuple(Part(p, d, charged, unit.whole, x, y) for p, d, x, y in found)


def _instalment(terms: Terms, line: Line, group: tuple[dates.Unit, ...], table: Any, cuts: list[date], memo: dict, out: Schedule) -> None:
    starts, ends = group[0].starts, group[-1].ends
    place = bisect_right(cuts, starts)
    same = place == bisect_right(cuts, ends)  # nothing changes inside: instalments of the same shape come to the same
    lengths = line.basis == "sqm_day"
    key = (place, tuple((u.days, u.whole) if lengths or u.days < u.whole else 0 for u in group)) if same else (starts, ends)
    if key not in memo:
        parts = tuple(parts_of(line, u, table, cuts) for u in group)
        known = all(p.price is not None for unit in parts for p in unit)
        memo[key] = _worked_out(terms.proration, line, parts) if known else None
    if memo[key] is None:
        out.unknown.append(Unknown(line.key, starts, ends, "index", str(starts)))
        return
    month, due = dates.bill_month(starts, ends, line.timing), dates.due_date(starts, ends, line.timing, terms.due_day)
    for kind, amount, quantity, unit_price, explain, funder in memo[key]:
        out.rows.append(Instalment(line.key, kind, starts, ends, month, due, amount, quantity, unit_price, explain, funder))


def _worked_out(rule: str, line: Line, parts: tuple[tuple[Part, ...], ...]) -> list[tuple]:
    gross = discount = subsidy = Fraction(0)
    funder, flat = None, [p for unit in parts for p in unit]
    for part in flat:
        x, months = amount_of(rule, line, part)
        off = min(x, sum((_reduction(line, r, x, months) for r in part.discounts), Fraction(0)))
        paid = min(x - off, sum((_reduction(line, r, x - off, months) for r in part.subsidies), Fraction(0)))
        gross, discount, subsidy = gross + x, discount + off, subsidy + paid
        funder = next((r.funder_id for r in part.subsidies), funder)
    amount = rounded(gross)
    quantity, unit_price = _quantity(rule, line, parts, amount)
    rows = [("charge", amount, quantity, unit_price, explain_parts(rule, line, parts), None)]
    if discount:
        rows.append(
            (
                "discount",
                -min(amount, rounded(discount)),
                None,
                None,
                _("Discount on %(amount)s: %(what)s", amount=amount, what=reduction_words([r for p in flat for r in p.discounts])),
                None,
            )
        )
    if subsidy:
        rest = amount - (min(amount, rounded(discount)) if discount else 0)
        rows.append(
            (
                "subsidy",
                -min(rest, rounded(subsidy)),
                None,
                None,
                _(
                    "Paid by a third party of %(amount)s: %(what)s",
                    amount=rest,
                    what=reduction_words([r for p in flat for r in p.subsidies]),
                ),
                funder,
            )
        )
    return rows


def _reduction(line: Line, r: Reduction, base: Fraction, months: Fraction) -> Fraction:
    if r.amount is not None:
        return Fraction(r.amount) * months
    share = Fraction(r.percent)
    if r.area_cap is not None and line.area > r.area_cap:
        share *= Fraction(r.area_cap) / Fraction(line.area)
    return base * share


def amount_of(rule: str, line: Line, part: Part) -> tuple[Fraction, Fraction]:
    """(exact amount, months it stands for) of some days of a month."""
    share = Fraction(part.days, part.charged)
    months = dates.fraction(rule, part.charged, part.whole) * share
    price = Fraction(part.price)
    if line.basis == "sqm_day":
        return price * Fraction(line.area) * dates.priced_days(rule, part.charged, part.whole) * share, months
    if line.basis == "sqm_month":
        return price * Fraction(line.area) * months, months
    return price * months / (12 if line.basis == "year" else 1), months


def _quantity(rule: str, line: Line, parts: tuple[tuple[Part, ...], ...], amount: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Quantity and unit price for the bill where one price holds and the product is the amount; otherwise neither."""
    flat = [p for unit in parts for p in unit]
    if not flat or len({p.price for p in flat}) != 1:
        return None, None
    if line.basis == "sqm_day":
        n = sum((dates.priced_days(rule, p.charged, p.whole) * Fraction(p.days, p.charged) for p in flat), Fraction(0)) * Fraction(
            line.area
        )
    else:
        n = sum((amount_of(rule, line, p)[1] for p in flat), Fraction(0)) * (Fraction(line.area) if line.basis == "sqm_month" else 1)
    scaled = n * 10000
    if line.basis == "year" or scaled.denominator != 1:
        return None, None
    quantity = Decimal(int(scaled)).scaleb(-4)
    return (quantity, flat[0].price) if (quantity * flat[0].price).quantize(FEN, ROUND_HALF_UP) == amount else (None, None)


def _turnover(terms: Terms, line: Line, group: tuple[dates.Unit, ...], out: Schedule) -> None:
    """Share of the reported turnover, at least the minimum (reduced for part months). One missing month: not known."""
    starts, ends = group[0].starts, group[-1].ends
    charged = [(u, u.days - _free_days(line, u)) for u in group]
    needed = [u.starts.replace(day=1) for u, days in charged if days]
    missing = [m for m in needed if m not in line.turnover]
    if missing:
        out.unknown.append(Unknown(line.key, starts, ends, "turnover", ", ".join(f"{m:%Y-%m}" for m in missing)))
        return
    share = Fraction(line.turnover_rate) * sum((Fraction(line.turnover[m]) for m in needed), Fraction(0))
    months = sum((dates.fraction(terms.proration, days, u.whole) for u, days in charged if days), Fraction(0))
    least = Fraction(line.minimum or 0) * months / line.cycle_months
    turnover = sum((line.turnover[m] for m in needed), Decimal(0))
    words = _("%(rate)s %% of a turnover of %(turnover)s", rate=short(line.turnover_rate * 100), turnover=turnover)
    if least > share:
        words += " → " + _("at least %(amount)s", amount=rounded(least))
    month, due = dates.bill_month(starts, ends, "arrears"), dates.due_date(starts, ends, "arrears", terms.due_day)
    out.rows.append(Instalment(line.key, "charge", starts, ends, month, due, rounded(max(share, least)), None, None, words[:200]))


def _free_days(line: Line, unit: dates.Unit) -> int:
    return sum(max(0, (min(b, unit.ends) - max(a, unit.starts)).days + 1) for a, b in line.free)
