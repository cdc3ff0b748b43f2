"""Cost recovery of a platform: a pure calculation (recharge-centre practice, peers.md 3.9; 成本补偿、非盈利 domain.md 11.3).

C = depreciation + staff + energy + materials + maintenance + space + other − earmarked grants − surplus carried (+ deficit carried)
p* = C ÷ Σ h_k                                   the uniform break-even price
p_ext = (C − Σ_{k∈S} p_k·h_k) ÷ h_ext            what outside users pay when the classes S pay less
gap_k = (p* − p_k)·h_k = (h_k's part of C) − what class k was charged
H* = fixed cost ÷ (p − variable cost per hour)   break-even hours at price p
recovery billed = charges net of waivers ÷ C; recovery cash = receipts ÷ C; utilisation = effective ÷ rated hours

C is split over the classes by hours with `allocate`, so the gaps of the classes sum to the gap of the platform to the fen.
An amount nobody recorded is None and makes what depends on it None: missing is not zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from parkops.money import ZERO, allocate, round_fen

COSTS = ("depreciation", "staff", "energy", "materials", "maintenance", "space", "other")
VARIABLE = ("energy", "materials")
PRICE = Decimal("0.0001")


def _places(value: Decimal, unit: Decimal) -> Decimal:
    with localcontext() as ctx:
        ctx.prec = 60
        return value.quantize(unit, rounding=ROUND_HALF_UP)


def ratio(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """part ÷ whole with six places; None when either is not known or there is nothing to divide by."""
    if part is None or whole is None or whole <= 0:
        return None
    return _places(part / whole, Decimal("0.000001"))


def net_cost(costs: dict[str, Decimal | None], *, grants: Decimal = ZERO, carried: Decimal = ZERO) -> Decimal | None:
    """C of the period. `carried`: what the period before left, a surplus positive, a deficit negative. None without any cost recorded."""
    known = [costs[k] for k in COSTS if costs.get(k) is not None]
    return sum(known, ZERO) - grants - carried if known else None


def break_even_price(cost: Decimal | None, hours: Decimal) -> Decimal | None:
    """p*; nothing when no hours were used; 0 when grants bear all."""
    if cost is None or hours <= 0:
        return None
    return _places(max(cost, ZERO) / hours, PRICE)


def outside_price(cost: Decimal | None, reduced: Iterable[tuple[Decimal, Decimal]], hours: Decimal) -> Decimal | None:
    """p_ext for `hours` of outside users when (price, hours) of the reduced classes are given; never below 0."""
    if cost is None or hours <= 0:
        return None
    paid = sum((price * h for price, h in reduced), Decimal(0))
    return _places(max(cost - paid, Decimal(0)) / hours, PRICE)


def break_even_hours(fixed: Decimal | None, price: Decimal, variable: Decimal) -> Decimal | None:
    """H* with two places; None when every hour costs at least what it brings."""
    if fixed is None or price <= variable:
        return None
    return _places(max(fixed, Decimal(0)) / (price - variable), Decimal("0.01"))


@dataclass(frozen=True)
class Use:
    """What one class of customers used and was charged. gross − discount − entitled − waived = billed."""

    code: str
    hours: Decimal
    gross: Decimal = ZERO
    discount: Decimal = ZERO
    entitled: Decimal = ZERO
    waived: Decimal = ZERO
    billed: Decimal = ZERO
    cash: Decimal = ZERO
    events: int = 0
    firms: int = 0
    outside: bool = False
    funder: str | None = None


@dataclass(frozen=True)
class ClassLine:
    """A class of the sheet: its part of C by hours, what it paid per hour, and the gap with who bears it."""

    use: Use
    cost: Decimal | None
    price: Decimal | None
    gap: Decimal | None


@dataclass(frozen=True)
class Sheet:
    """The numbers of a platform and period; every one is derived from what was recorded."""

    cost: Decimal | None
    gross_cost: Decimal | None
    fixed: Decimal | None
    variable_hour: Decimal | None
    hours: Decimal
    rated: Decimal | None
    lines: tuple[ClassLine, ...]
    gross: Decimal
    discount: Decimal
    entitled: Decimal
    waived: Decimal
    billed: Decimal
    cash: Decimal
    recovery_billed: Decimal | None
    recovery_cash: Decimal | None
    own_income: Decimal | None
    utilisation: Decimal | None
    outside_share: Decimal | None
    price: Decimal | None
    break_even: Decimal | None
    outside: Decimal | None
    break_even_hours: Decimal | None
    gap: Decimal | None


def split_cost(cost: Decimal | None, hours: Sequence[Decimal]) -> list[Decimal | None]:
    """C over the classes by hours, to the fen and exactly; nothing when it is not known or nobody used anything."""
    if cost is None or sum(hours, Decimal(0)) <= 0:
        return [None] * len(hours)
    return list(allocate(round_fen(cost), hours))


def sheet(costs: dict[str, Decimal | None], uses: Sequence[Use], *, grants: Decimal = ZERO, carried: Decimal = ZERO,
          rated: Decimal | None = None) -> Sheet:
    """The recovery sheet of one platform and period; total = sum of the classes."""
    cost, hours = net_cost(costs, grants=grants, carried=carried), sum((u.hours for u in uses), Decimal(0))
    total = {n: sum((getattr(u, n) for u in uses), ZERO) for n in ("gross", "discount", "entitled", "waived", "billed", "cash")}
    lines = tuple(ClassLine(u, part, break_even_price(u.billed, u.hours), part - u.billed if part is not None else None)
                  for u, part in zip(uses, split_cost(cost, [u.hours for u in uses]), strict=True))
    price, even = break_even_price(total["billed"], hours), break_even_price(cost, hours)
    variable = sum((costs.get(k) or ZERO for k in VARIABLE), ZERO)
    gross_cost, fixed = net_cost(costs), cost - variable if cost is not None else None
    variable_hour = _places(variable / hours, PRICE) if cost is not None and hours > 0 else None
    reduced = [u for u in uses if not u.outside]
    out = [u for u in uses if u.outside]
    return Sheet(
        cost=cost, gross_cost=gross_cost, fixed=fixed, variable_hour=variable_hour, hours=hours, rated=rated, lines=lines, **total,
        recovery_billed=ratio(total["billed"], cost), recovery_cash=ratio(total["cash"], cost),
        own_income=ratio(total["billed"], gross_cost),
        utilisation=ratio(hours, rated), outside_share=ratio(sum((u.hours for u in out), Decimal(0)), hours), price=price, break_even=even,
        outside=_outside(cost, reduced, out), gap=cost - total["billed"] if cost is not None else None,
        break_even_hours=break_even_hours(fixed, price, variable_hour) if price is not None and variable_hour is not None else None,
    )


def _outside(cost: Decimal | None, reduced: Sequence[Use], out: Sequence[Use]) -> Decimal | None:
    """p_ext from what the other classes were charged (their price times their hours)."""
    if cost is None:
        return None
    return outside_price(cost - sum((u.billed for u in reduced), ZERO), (), sum((u.hours for u in out), Decimal(0)))


def cheaper_outside(found: Sheet) -> ClassLine | None:
    """The class that pays more per hour than outside users do, the dearest of them; outside users should pay at least as much."""
    outside = [line.price for line in found.lines if line.use.outside and line.price is not None]
    inside = [line for line in found.lines if not line.use.outside and line.price is not None]
    if not outside or not inside:
        return None
    dearest = max(inside, key=lambda line: line.price or ZERO)
    return dearest if (dearest.price or ZERO) > min(outside) else None


@dataclass(frozen=True)
class WhatIf:
    """The numbers of the sheet when prices, hours and the mix of classes were others; `recovery.js` computes the same in the browser."""

    hours: Decimal
    charged: Decimal
    cost: Decimal | None
    recovery: Decimal | None
    utilisation: Decimal | None
    price: Decimal | None
    even: Decimal | None
    outside: Decimal | None
    even_hours: Decimal | None
    gap: Decimal | None


def shares_of(uses: Sequence[Use]) -> list[Decimal]:
    """Share of each class in the hours; nothing used: 0."""
    hours = sum((u.hours for u in uses), Decimal(0))
    return [u.hours / hours if hours else Decimal(0) for u in uses]


def give_way(shares: Sequence[Decimal], moved: int, to: Decimal, base: Sequence[Decimal]) -> list[Decimal]:
    """The shares after one class took `to`: the others keep their proportions and all make one whole.

    Others that had come down to nothing come back in the proportions of `base`; a class that used everything cannot move."""
    for known in (shares, base):
        others = sum(known, Decimal(0)) - known[moved]
        if others > 0:
            return [to if n == moved else s / others * (1 - to) for n, s in enumerate(known)]
    return list(shares)


def what_if(uses: Sequence[Use], fixed: Decimal | None, variable: Decimal | None, rated: Decimal | None, *, prices: Decimal = Decimal(1),
            times: Decimal = Decimal(1), shares: Sequence[Decimal] | None = None) -> WhatIf:
    """All prices × `prices`, all hours × `times`, and each class with its share of the hours.

    h_k = H·share_k·times; charged_k = p_k·prices·h_k (a class without hours: charged × prices × times); C = fixed + variable ÷ H × Σ h_k.
    `variable`: the variable cost of the recorded hours. What depends on an unknown cost is None."""
    total = sum((u.hours for u in uses), Decimal(0))
    hours = [total * s * times for s in (shares if shares is not None else shares_of(uses))]
    paid = [u.billed / u.hours * prices * h if u.hours else u.billed * prices * times for u, h in zip(uses, hours, strict=True)]
    h, charged = sum(hours, Decimal(0)), sum(paid, Decimal(0))
    an_hour = variable / total if variable is not None and total else Decimal(0)
    cost = fixed + an_hour * h if fixed is not None else None
    out = sum((x for u, x in zip(uses, hours, strict=True) if u.outside), Decimal(0))
    rest = sum((x for u, x in zip(uses, paid, strict=True) if not u.outside), Decimal(0))
    price = charged / h if h else None
    return WhatIf(
        hours=h, charged=charged, cost=cost, recovery=ratio(charged, cost), utilisation=ratio(h, rated), price=price,
        even=break_even_price(cost, h), outside=outside_price(cost, [(rest, Decimal(1))], out),
        even_hours=break_even_hours(fixed, price, an_hour) if price is not None else None, gap=cost - charged if cost is not None else None,
    )
