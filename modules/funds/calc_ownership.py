"""Who owns how much of a firm, what a round dilutes and what a convertible becomes. Pure; shares are exact numbers (or yuan of
registered capital for a limited company), four places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal, localcontext
from fractions import Fraction

ZERO = Decimal(0)
SHARE = Decimal("0.0001")


@dataclass(frozen=True)
class Entry:
    """A change of the register on a day: a holder got (or, negative, gave) shares. `round`: what the rows of one event share."""

    on: date
    holder: str
    shares: Decimal
    round: str = ""
    price: Decimal | None = None


@dataclass(frozen=True)
class Owned:
    """holder, shares, exact share of all, and the money paid where known."""

    holder: str
    shares: Decimal
    share: Fraction

    @property
    def percent(self) -> Decimal:
        """As a fraction with eight places."""
        with localcontext() as ctx:
            ctx.prec = 40
            return (Decimal(self.share.numerator) / Decimal(self.share.denominator)).quantize(Decimal(1).scaleb(-8))


def table(entries: Sequence[Entry], on: date) -> list[Owned]:
    """The register at the end of a day, largest first; holders with nothing are left out. Raises ValueError on a negative holding."""
    held: dict[str, Decimal] = {}
    for e in entries:
        if e.on <= on:
            held[e.holder] = held.get(e.holder, ZERO) + e.shares
    if any(n < 0 for n in held.values()):
        raise ValueError("a holder gave away more than they had")
    total = sum(held.values(), ZERO)
    rows = [Owned(h, n, Fraction(n) / Fraction(total)) for h, n in held.items() if n]
    return sorted(rows, key=lambda r: (-r.shares, r.holder))


@dataclass(frozen=True)
class Diluted:
    """A holder's exact share before and after an event; `lost` is the part of the former share gone (0.2 = a fifth)."""

    on: date
    round: str
    holder: str
    before: Fraction
    after: Fraction

    @property
    def lost(self) -> Fraction:
        return Fraction(0) if not self.before else 1 - self.after / self.before


def dilution(entries: Sequence[Entry], holder: str) -> list[Diluted]:
    """What each event did to one holder, in order of time."""
    events = sorted({(e.on, e.round) for e in entries})
    out, before, gone = [], Fraction(0), []
    for on, name in events:
        gone += [e for e in entries if (e.on, e.round) == (on, name)]
        total = Fraction(sum((e.shares for e in gone), ZERO))
        mine = Fraction(sum((e.shares for e in gone if e.holder == holder), ZERO))
        after = mine / total if total else Fraction(0)
        if before or after:
            out.append(Diluted(on, name, holder, before, after))
        before = after
    return out


def price_per_share(pre_money: Decimal, shares: Decimal) -> Decimal:
    """Yuan a share, four places. Raises ValueError without shares."""
    if shares <= 0:
        raise ValueError("no shares are on the register")
    return (pre_money / shares).quantize(SHARE)


def issued(amount: Decimal, pre_money: Decimal, shares: Decimal) -> Decimal:
    """New shares for `amount` at a pre-money value with `shares` outstanding, cut to four places: amount × shares ÷ pre-money."""
    if pre_money <= 0 or shares <= 0:
        raise ValueError("the pre-money value and the shares are more than nothing")
    with localcontext() as ctx:
        ctx.prec = 40
        return (amount * shares / pre_money).quantize(SHARE, rounding=ROUND_DOWN)


def convert(
    principal: Decimal,
    rate: Decimal,
    days: int,
    *,
    price: Decimal,
    discount: Decimal = ZERO,
    cap: Decimal | None = None,
    shares: Decimal = ZERO,
) -> tuple[Decimal, Decimal, Decimal]:
    """A convertible at the next round: (shares, price per share, amount converted). Simple interest, actual/365; the lower of the round's
    price less the discount and the cap ÷ shares outstanding; shares cut to four places."""
    with localcontext() as ctx:
        ctx.prec = 40
        amount = (principal + principal * rate * days / 365).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
        prices = [price * (1 - discount)] + ([cap / shares] if cap is not None and shares > 0 else [])
        best = min(prices).quantize(SHARE, rounding="ROUND_HALF_UP")
        if best <= 0:
            raise ValueError("the price of a share is more than nothing")
        return (amount / best).quantize(SHARE, rounding=ROUND_DOWN), best, amount
