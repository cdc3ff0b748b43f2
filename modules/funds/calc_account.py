"""A partner's capital account on a day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from parkops.money import ZERO, allocate

from .calc_returns import Irr, irr, ratio
from .calc_standing import Book, Standing, partner_flows


@dataclass(frozen=True)
class Account:
    """What one partner committed, paid in, received (without carry), may be called again for, and still holds; in yuan."""

    committed: Decimal
    paid: Decimal
    back: Decimal
    recallable: Decimal
    carry: Decimal
    value: Decimal
    net: Irr

    @property
    def dpi(self) -> Decimal | None:
        return ratio(self.back, self.paid)

    @property
    def tvpi(self) -> Decimal | None:
        return ratio(self.back + self.value, self.paid)


def values(book: Book, found: Standing) -> dict[int, Decimal]:
    """The net asset value among the partners by what they paid in; they sum to it. Accrued carry burdens only those who bear it. Nothing
    is split while the value is not above zero."""
    paid: dict[int, Decimal] = {}
    for m in book.until(found.on):
        if m.kind == "contribution" and m.partner is not None:
            paid[m.partner] = paid.get(m.partner, ZERO) + m.amount
    keys = sorted(k for k, a in paid.items() if a > 0)
    if not keys or found.nav <= 0:
        return {}
    whole = dict(zip(keys, allocate(found.nav + found.accrued_carry, [paid[k] for k in keys]), strict=True))
    bearing = [k for k in keys if k in book.bearing]
    if bearing and found.accrued_carry:
        for k, part in zip(bearing, allocate(found.accrued_carry, [paid[k] for k in bearing]), strict=True):
            whole[k] -= part
    return whole


def account(book: Book, found: Standing, partner: int) -> Account:
    """One partner's."""
    on: date = found.on
    mine = [m for m in book.until(on) if m.partner == partner]
    carry = sum((m.carry for m in mine), ZERO)
    value = values(book, found).get(partner, ZERO)
    return Account(
        committed=sum((a for p, d, a in book.commitments if p == partner and d <= on), ZERO),
        paid=sum((m.amount for m in mine if m.kind == "contribution"), ZERO),
        back=-sum((m.amount for m in mine if m.kind == "distribution"), ZERO) - carry,
        recallable=sum((m.recallable for m in mine), ZERO),
        carry=carry,
        value=value,
        net=irr([*partner_flows(mine), (on, value)]),
    )
