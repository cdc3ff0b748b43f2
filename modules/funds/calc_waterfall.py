"""Who gets what of a distribution: return of capital, preferred return, catch-up, carried interest. Pure: no session, no clock.

One engine serves both terms. *European* (whole fund): every amount paid in must come back with its preferred return before carry.
*Deal by deal*: only what was paid in for the deals realised so far (with their share of fees and expenses, and written-off deals).
The caller chooses the contributions; the tiers are the same:

1. capital: what was paid in and has not come back;
2. preferred return: `hurdle` a year on it, actual/365, compounding daily-exact (`(1 + h) ^ (days / 365)`) or simple;
3. catch-up: `catch_up` of each yuan to the manager until it holds `carry` of all profit distributed; 0 = no catch-up;
4. the rest: `carry` to the manager, what is left to the partners.

Each tier is rounded once, half up to the fen; the tiers of a distribution always sum to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from parkops.money import ZERO, allocate, round_fen

Flow = tuple[date, Decimal]


@dataclass(frozen=True)
class Terms:
    """hurdle, carry, catch_up as fractions (0.08, 0.2, 1)."""

    hurdle: Decimal = ZERO
    carry: Decimal = ZERO
    catch_up: Decimal = Decimal(1)
    compound: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.carry < 1 or self.hurdle < 0 or not 0 <= self.catch_up <= 1:
            raise ValueError("carry lies in [0, 1), the hurdle is not negative and the catch-up lies in [0, 1]")
        if self.catch_up and self.catch_up <= self.carry:
            raise ValueError("a catch-up at or below the carry never catches up; use 0 for none")


@dataclass(frozen=True)
class Prior:
    """An earlier distribution: to the partners and to the manager as carry."""

    on: date
    partners: Decimal
    carry: Decimal = ZERO


@dataclass(frozen=True)
class Split:
    """The tiers of one distribution; `catch_up` and `split` each in the partners' and the manager's part."""

    capital: Decimal = ZERO
    preferred: Decimal = ZERO
    catch_up_partners: Decimal = ZERO
    catch_up_carry: Decimal = ZERO
    rest_partners: Decimal = ZERO
    rest_carry: Decimal = ZERO

    @property
    def excess(self) -> Decimal:
        """The partners' profit above the preferred return."""
        return self.catch_up_partners + self.rest_partners

    @property
    def carry(self) -> Decimal:
        return self.catch_up_carry + self.rest_carry

    @property
    def partners(self) -> Decimal:
        return self.capital + self.preferred + self.excess

    @property
    def total(self) -> Decimal:
        return self.partners + self.carry


@dataclass
class Account:
    """Where the partners stand: capital not returned, preferred return due (not rounded), profit and carry paid so far."""

    capital: Decimal = ZERO
    preferred: Decimal = ZERO
    profit: Decimal = ZERO  # of the partners
    carry: Decimal = ZERO
    day: date | None = None

    def until(self, on: date, terms: Terms) -> None:
        """Let the preferred return grow up to a day."""
        if self.day is not None and on > self.day and terms.hurdle:
            years = Decimal((on - self.day).days) / 365
            with localcontext() as ctx:
                ctx.prec = 34
                if terms.compound:
                    self.preferred += (self.capital + self.preferred) * ((1 + terms.hurdle) ** years - 1)
                else:
                    self.preferred += self.capital * terms.hurdle * years
        self.day = on if self.day is None else max(self.day, on)

    def pay(self, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Apply money to capital, then to the preferred return; (capital, preferred) paid."""
        capital = min(amount, self.capital)
        preferred = min(amount - capital, max(round_fen(self.preferred), ZERO))
        self.capital -= capital
        self.preferred -= preferred
        if self.capital == 0 and abs(self.preferred) < Decimal("0.01"):
            self.preferred = ZERO  # the fraction of a fen that rounding left
        return capital, preferred


def stand(contributions: Iterable[Flow], priors: Iterable[Prior], on: date, terms: Terms) -> Account:
    """The account on a day. On one day money comes in before it goes out; the order within is without effect."""
    events = [(d, 0, a, ZERO) for d, a in contributions if d <= on] + [(p.on, 1, p.partners, p.carry) for p in priors if p.on <= on]
    account = Account()
    days = sorted({(d, kind) for d, kind, _a, _c in events})
    for day, kind in days:
        account.until(day, terms)
        amount = sum((a for d, k, a, _c in events if (d, k) == (day, kind)), ZERO)
        if kind == 0:
            account.capital += amount
            continue
        capital, _preferred = account.pay(amount)
        account.profit += amount - capital
        account.carry += sum((c for d, k, _a, c in events if (d, k) == (day, kind)), ZERO)
    account.until(on, terms)
    return account


def distribute(contributions: Sequence[Flow], priors: Sequence[Prior], amount: Decimal, on: date, terms: Terms) -> Split:
    """The tiers of `amount` distributed on a day. Raises ValueError when it is negative."""
    if amount < 0:
        raise ValueError("a distribution is not negative")
    account = stand(contributions, priors, on, terms)
    capital, preferred = account.pay(amount)
    rest, profit, carry = amount - capital - preferred, account.profit + preferred, account.carry
    caught_partners = caught_carry = ZERO
    if rest and terms.carry and terms.catch_up:
        due = terms.carry * (profit + carry) - carry
        if due > 0:
            tier = min(rest, round_fen(due / (terms.catch_up - terms.carry)))
            caught_carry = round_fen(tier * terms.catch_up)
            caught_partners = tier - caught_carry
            rest -= tier
    rest_carry = round_fen(rest * terms.carry)
    return Split(capital, preferred, caught_partners, caught_carry, rest - rest_carry, rest_carry)


def clawback(contributions: Sequence[Flow], priors: Sequence[Prior], terms: Terms, left: Decimal = ZERO) -> Decimal:
    """What the manager must give back at the end: carry above its share of the whole fund's profit. `left`: value still to distribute."""
    paid, back = sum((a for _d, a in contributions), ZERO), sum((p.partners + p.carry for p in priors), ZERO)
    carry = sum((p.carry for p in priors), ZERO)
    return max(carry - round_fen(max(back + left - paid, ZERO) * terms.carry), ZERO)


@dataclass(frozen=True)
class Partner:
    """key: id; paid_in and unreturned weigh the tiers (yuan); bearing: pays carry; manager: receives it."""

    key: int
    committed: Decimal
    paid_in: Decimal
    unreturned: Decimal
    bearing: bool = True
    manager: bool = False


@dataclass(frozen=True)
class Part:
    """A partner's part of a distribution by tier."""

    key: int
    capital: Decimal
    preferred: Decimal
    excess: Decimal
    carry: Decimal

    @property
    def total(self) -> Decimal:
        return self.capital + self.preferred + self.excess + self.carry


def shares(amount: Decimal, partners: Sequence[Partner]) -> tuple[Decimal, Decimal]:
    """A distribution's part for partners that bear carry and for those that do not, by paid-in capital."""
    weights = [sum((p.paid_in for p in partners if p.bearing is kind), ZERO) for kind in (True, False)]
    if not any(weights):
        raise ValueError("nobody has paid in anything")
    bearing, free = allocate(amount, weights)
    return bearing, free


def to_partners(split: Split, free: Decimal, partners: Sequence[Partner]) -> list[Part]:
    """The tiers among the partners, each allocated exactly: capital by what has not come back, profit by what was paid in. `free` is the
    part of partners that bear no carry: capital first, the rest profit. Raises ValueError when carry has no receiver."""
    bearing = [p for p in partners if p.bearing]
    others = [p for p in partners if not p.bearing]
    columns = {p.key: [ZERO, ZERO, ZERO, ZERO] for p in partners}
    _spread(columns, 0, split.capital, bearing, "unreturned")
    _spread(columns, 1, split.preferred, bearing, "paid_in")
    _spread(columns, 2, split.excess, bearing, "paid_in")
    back = min(free, sum((p.unreturned for p in others), ZERO))
    _spread(columns, 0, back, others, "unreturned")
    _spread(columns, 2, free - back, others, "paid_in")
    if split.carry:
        managers = [p for p in partners if p.manager]
        if len(managers) != 1:
            raise ValueError("exactly one partner receives the carried interest")
        columns[managers[0].key][3] += split.carry
    return [Part(p.key, *columns[p.key]) for p in partners]


def _spread(columns: dict[int, list[Decimal]], place: int, amount: Decimal, partners: Sequence[Partner], weight: str) -> None:
    if not amount:
        return
    weights = [max(getattr(p, weight), ZERO) for p in partners]
    if not any(weights):
        weights = [p.paid_in for p in partners]
    for p, part in zip(partners, allocate(amount, weights), strict=True):
        columns[p.key][place] += part
