"""Where a fund stands on a day, from its movements, marks, sales and commitments. Pure: no session, no clock.

A holding is worth its last confirmed mark of or before the day, moved on by what was paid (added) and sold (in proportion) after the
mark's day; without a mark it stands at cost and says so. Net figures are what partners hold after carry due if everything were sold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from parkops.money import ZERO, allocate, round_fen

from .calc_returns import Flow, Irr, Multiples, irr, ratio
from .calc_waterfall import Prior, Terms, distribute

IN = ("contribution", "proceeds", "income", "interest")


@dataclass(frozen=True)
class Movement:
    """A flow seen by the fund. `capital`, `carry`, `recallable`: of a distribution (positive)."""

    on: date
    kind: str
    amount: Decimal
    cash: bool = True
    partner: int | None = None
    investment: int | None = None
    exit: int | None = None
    capital: Decimal = ZERO
    carry: Decimal = ZERO
    recallable: Decimal = ZERO


@dataclass(frozen=True)
class Mark:
    """`order` decides between marks of one day: the later confirmed one counts."""

    investment: int
    on: date
    value: Decimal
    basis: str
    order: int = 0


@dataclass(frozen=True)
class Sale:
    """An agreed exit: a part of the holding for proceeds."""

    id: int
    investment: int
    on: date
    part: Decimal
    proceeds: Decimal


@dataclass(frozen=True)
class Book:
    """Everything known of a fund. bearing: partners that bear carry; terms of the waterfall."""

    movements: tuple[Movement, ...] = ()
    marks: tuple[Mark, ...] = ()
    sales: tuple[Sale, ...] = ()
    commitments: tuple[tuple[int, date, Decimal], ...] = ()
    terms: Terms = field(default_factory=Terms)
    deal_by_deal: bool = False
    bearing: frozenset[int] = frozenset()

    def until(self, on: date) -> list[Movement]:
        return [m for m in self.movements if m.on <= on]

    def investments(self) -> list[int]:
        return sorted({m.investment for m in self.movements if m.investment is not None})


@dataclass(frozen=True)
class Position:
    """One investment on a day: paid, cost of what is left, value, basis (None: at cost because nobody valued it), since when."""

    investment: int
    paid: Decimal
    cost: Decimal
    value: Decimal
    proceeds: Decimal
    income: Decimal
    receivable: Decimal
    basis: str | None
    marked_on: date | None
    sold: Decimal
    flows: tuple[Flow, ...]

    @property
    def returned(self) -> Decimal:
        return self.proceeds + self.income

    @property
    def moic(self) -> Decimal | None:
        return ratio(self.returned + self.value + self.receivable, self.paid)

    def irr(self, on: date) -> Irr:
        """Gross, with what is left as if received on the day."""
        return irr([*self.flows, (on, self.value + self.receivable)])


def position(book: Book, investment: int, on: date) -> Position:
    """An investment on a day."""
    mine = [m for m in book.until(on) if m.investment == investment]
    sales = sorted((s for s in book.sales if s.investment == investment and s.on <= on), key=lambda s: (s.on, s.id))
    marks = [m for m in book.marks if m.investment == investment and m.on <= on]
    mark = max(marks, key=lambda m: (m.on, m.order), default=None)
    pays = [(m.on, -m.amount) for m in mine if m.kind == "investment"]
    proceeds = sum((m.amount for m in mine if m.kind == "proceeds"), ZERO)
    came = sum((m.amount for m in mine if m.kind == "proceeds" and m.exit is not None), ZERO)
    flows = tuple((m.on, m.amount) for m in mine if m.kind in ("investment", "proceeds", "income"))
    cost = _rolled(ZERO, None, pays, sales)
    return Position(
        investment,
        sum((a for _d, a in pays), ZERO),
        cost,
        cost if mark is None else _rolled(mark.value, mark.on, pays, sales),
        proceeds,
        sum((m.amount for m in mine if m.kind == "income"), ZERO),
        max(sum((s.proceeds for s in sales), ZERO) - came, ZERO),
        mark.basis if mark else None,
        mark.on if mark else None,
        _sold(sales),
        flows,
    )


def _rolled(start: Decimal, since: date | None, pays: Iterable[Flow], sales: Iterable[Sale]) -> Decimal:
    """An amount moved on from the end of a day: payments add, sales take their part. On one day payments come first."""
    events = [(d, 0, a) for d, a in pays if since is None or d > since] + [
        (s.on, 1, s.part) for s in sales if since is None or s.on > since
    ]
    for _day, kind, number in sorted(events, key=lambda e: (e[0], e[1])):
        start = start + number if kind == 0 else round_fen(start * (1 - number))
    return start


def _sold(sales: Iterable[Sale]) -> Decimal:
    left = Decimal(1)
    for s in sales:
        left *= 1 - s.part
    return 1 - left


@dataclass(frozen=True)
class Standing:
    """The figures of a day, in yuan."""

    on: date
    committed: Decimal
    paid_in: Decimal
    distributed: Decimal
    recallable: Decimal
    invested: Decimal
    returned: Decimal
    cost: Decimal
    holdings: Decimal
    receivable: Decimal
    cash: Decimal
    accrued_carry: Decimal
    paid_carry: Decimal
    nav: Decimal
    positions: tuple[Position, ...]
    net: Irr
    gross: Irr

    @property
    def multiples(self) -> Multiples:
        return Multiples(self.paid_in, self.distributed, self.recallable, self.nav, self.committed)

    @property
    def moic(self) -> Decimal | None:
        return ratio(self.returned + self.holdings + self.receivable, self.invested)

    @property
    def held(self) -> list[Position]:
        return [p for p in self.positions if p.sold < 1 and p.paid]


def _total(rows: Iterable[Movement], *kinds: str) -> Decimal:
    return sum((m.amount for m in rows if m.kind in kinds), ZERO)


def partner_flows(rows: Iterable[Movement], partners: frozenset[int] | None = None) -> list[Flow]:
    """Paid in negative, received (without carry) positive; of some partners or all."""
    return [
        (m.on, -m.amount - m.carry)
        for m in rows
        if m.kind in ("contribution", "distribution") and (partners is None or m.partner in partners)
    ]


def standing(book: Book, on: date) -> Standing:
    """The fund on a day."""
    rows = book.until(on)
    positions = tuple(position(book, i, on) for i in sorted({m.investment for m in rows if m.investment is not None}))
    holdings, receivable = sum((p.value for p in positions), ZERO), sum((p.receivable for p in positions), ZERO)
    cash = sum((m.amount for m in rows if m.cash), ZERO)
    paid_carry = sum((m.carry for m in rows), ZERO)
    whole = holdings + receivable + cash
    carry = accrued_carry(book, whole, on)
    nav, gross = whole - carry, [f for p in positions for f in p.flows]
    return Standing(
        on,
        sum((a for _p, d, a in book.commitments if d <= on), ZERO),
        _total(rows, "contribution"),
        -_total(rows, "distribution") - paid_carry,
        sum((m.recallable for m in rows), ZERO),
        sum((p.paid for p in positions), ZERO),
        sum((p.returned for p in positions), ZERO),
        sum((p.cost for p in positions), ZERO),
        holdings,
        receivable,
        cash,
        carry,
        paid_carry,
        nav,
        positions,
        irr([*partner_flows(rows), (on, nav)]),
        irr([*gross, (on, holdings + receivable)]),
    )


def priors(book: Book, on: date) -> list[Prior]:
    """Earlier distributions to partners that bear carry, and carry itself."""
    out = []
    for m in book.until(on):
        if m.kind == "distribution":
            mine = -m.amount - m.carry if m.partner in book.bearing else ZERO
            out.append(Prior(m.on, mine, m.carry))
    return out


def contributions(book: Book, on: date) -> list[Flow]:
    """What partners that bear carry paid in."""
    return [(m.on, m.amount) for m in book.until(on) if m.kind == "contribution" and m.partner in book.bearing]


def bearing_share(book: Book, on: date) -> tuple[Decimal, Decimal]:
    """Paid-in capital that bears carry and that does not."""
    rows = [m for m in book.until(on) if m.kind == "contribution"]
    bearing = sum((m.amount for m in rows if m.partner in book.bearing), ZERO)
    return bearing, sum((m.amount for m in rows), ZERO) - bearing


def realised_contributions(book: Book, on: date) -> list[Flow]:
    """Deal by deal: what was paid for the holdings sold so far, with fees and expenses in the same proportion of all cost, for the part of
    the partners that bear carry; dated when it was paid."""
    bearing, free = bearing_share(book, on)
    if not bearing:
        return []
    part = bearing / (bearing + free)
    rows, out = book.until(on), []
    all_cost = realised = ZERO
    for i in sorted({m.investment for m in rows if m.investment is not None}):
        sold = position(book, i, on).sold
        for m in rows:
            if m.investment == i and m.kind == "investment":
                all_cost, realised = all_cost - m.amount, realised - m.amount * sold
                out.append((m.on, round_fen(-m.amount * sold * part)))
    share = realised / all_cost if all_cost else ZERO
    out += [(m.on, round_fen(-m.amount * share * part)) for m in rows if m.kind == "expense"]
    return [(d, a) for d, a in out if a]


def accrued_carry(book: Book, whole: Decimal, on: date) -> Decimal:
    """Carry due if everything were sold for what it is worth; then every deal is realised, so both waterfalls agree."""
    bearing, free = bearing_share(book, on)
    if whole <= 0 or not bearing or not book.terms.carry:
        return ZERO
    part = allocate(whole, (bearing, free))[0]
    return distribute(contributions(book, on), priors(book, on), part, on, book.terms).carry


def pooled(books: Sequence[Book], on: date) -> Standing:
    """Several funds as one: sums, and rates of the pooled flows; never an average of ratios."""
    each = [standing(b, on) for b in books]

    def add(name: str) -> Decimal:
        return sum((getattr(s, name) for s in each), ZERO)

    positions = tuple(p for s in each for p in s.positions)
    rows = [m for b in books for m in b.until(on)]
    nav, left = add("nav"), add("holdings") + add("receivable")
    return Standing(
        on,
        add("committed"),
        add("paid_in"),
        add("distributed"),
        add("recallable"),
        add("invested"),
        add("returned"),
        add("cost"),
        add("holdings"),
        add("receivable"),
        add("cash"),
        add("accrued_carry"),
        add("paid_carry"),
        nav,
        positions,
        irr([*partner_flows(rows), (on, nav)]),
        irr([*(f for p in positions for f in p.flows), (on, left)]),
    )
