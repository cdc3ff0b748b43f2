"""Rates of return and multiples. Pure: no session, no clock, no Flask.

Amounts are Decimal yuan seen by the investor: paid in negative, received positive. Days count actual/365. The rate itself comes from
`pyxirr` (a float inside this file only) and leaves as a Decimal with ten places. What cannot be computed says why; it is never zero.
Terms as in the performance template of the ILPA: DPI = distributed ÷ paid in, RVPI = net asset value ÷ paid in, TVPI = DPI + RVPI."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from itertools import accumulate, pairwise

import pyxirr

Flow = tuple[date, Decimal]
ZERO = Decimal(0)
PLACES = Decimal(1).scaleb(-10)
NO_FLOWS, NO_OUTFLOW, TOTAL_LOSS, TOO_CLOSE, NO_RATE = "no_flows", "no_outflow", "total_loss", "too_close", "no_rate"
MOST = Decimal(1000)  # 100,000 % a year: days between flows, not a yearly rate


@dataclass(frozen=True)
class Irr:
    """`rate`: 0.08 = 8 % a year, None when it cannot be computed; `why`: then one of the codes above. `several`: the flows change sign
    more than once, so that other rates may solve them too."""

    rate: Decimal | None
    why: str | None = None
    several: bool = False


def by_day(flows: Iterable[Flow]) -> list[Flow]:
    """One amount per day, in order of time; days that come to nothing are left out. The order of same-day flows cannot matter."""
    days: dict[date, Decimal] = {}
    for on, amount in flows:
        days[on] = days.get(on, ZERO) + amount
    return [(on, days[on]) for on in sorted(days) if days[on]]


def npv(rate: Decimal, flows: Iterable[Flow]) -> Decimal:
    """Value on the first day of flows at a yearly rate (actual/365); exact to 30 digits."""
    found = by_day(flows)
    if not found:
        return ZERO
    first = found[0][0]
    with localcontext() as ctx:
        ctx.prec = 34
        return sum((a / (1 + rate) ** (Decimal((on - first).days) / 365) for on, a in found), ZERO)


def irr(flows: Iterable[Flow]) -> Irr:
    """The yearly rate at which the flows are worth nothing on their first day."""
    found = by_day(flows)
    why = _why_not(found)
    if why is not None:
        return Irr(None, why)
    guess = pyxirr.xirr([on for on, _a in found], [float(a) for _on, a in found], silent=True)
    sums = list(accumulate(a for _on, a in found))
    several = _changes([a for _on, a in found]) > 1 and (guess is None or guess < 0 or _changes(sums) > 1)
    if guess is None or not guess > -1:
        return Irr(None, NO_RATE, several)
    if guess > MOST:
        return Irr(None, TOO_CLOSE, several)
    rate = _polished(Decimal(str(guess)), found)
    return Irr(None, NO_RATE, several) if rate is None else Irr(rate, None, several)


def _changes(amounts: list[Decimal]) -> int:
    """How often a row of amounts changes its sign; nothing is no sign. When the running sum does so once, the rate above zero is the only
    one (Norstrom 1972)."""
    signs = [a > 0 for a in amounts if a]
    return sum(x != y for x, y in pairwise(signs))


def _why_not(found: list[Flow]) -> str | None:
    if not found:
        return NO_FLOWS
    if len(found) == 1:
        return TOTAL_LOSS if found[0][1] < 0 else NO_OUTFLOW
    if not any(a < 0 for _on, a in found):
        return NO_OUTFLOW
    if not any(a > 0 for _on, a in found):
        return TOTAL_LOSS
    return None


def _polished(rate: Decimal, found: list[Flow]) -> Decimal | None:
    """Two Newton steps in exact decimals; nothing when the value at the rate is not zero within a millionth of the money moved."""
    first, moved = found[0][0], sum(abs(a) for _on, a in found)
    with localcontext() as ctx:
        ctx.prec = 34
        for _step in range(2):
            years = [(Decimal((on - first).days) / 365, a) for on, a in found]
            slope = sum((-t * a / (1 + rate) ** (t + 1) for t, a in years), ZERO)
            if not slope:
                break
            better = rate - npv(rate, found) / slope
            if not -1 < better <= MOST:
                break  # from here a step leads away
            rate = better
        rate = rate.quantize(PLACES)
    return rate if rate > -1 and abs(npv(rate, found)) <= moved / 1_000_000 else None


def ratio(upper: Decimal | None, lower: Decimal | None, places: int = 4) -> Decimal | None:
    """upper ÷ lower, half up; None when one is unknown or the lower one is nothing."""
    if upper is None or not lower:
        return None
    with localcontext() as ctx:
        ctx.prec = 40
        return (upper / lower).quantize(Decimal(1).scaleb(-places), rounding="ROUND_HALF_UP")


@dataclass(frozen=True)
class Multiples:
    """What was paid in, came back, of it may be called again, and is still there; all in yuan."""

    paid_in: Decimal = ZERO
    distributed: Decimal = ZERO
    recallable: Decimal = ZERO
    value: Decimal | None = ZERO
    committed: Decimal = ZERO

    @property
    def dpi(self) -> Decimal | None:
        return ratio(self.distributed, self.paid_in)

    @property
    def dpi_final(self) -> Decimal | None:
        """Without what may be called again."""
        return ratio(self.distributed - self.recallable, self.paid_in)

    @property
    def rvpi(self) -> Decimal | None:
        return ratio(self.value, self.paid_in)

    @property
    def tvpi(self) -> Decimal | None:
        return None if self.value is None else ratio(self.distributed + self.value, self.paid_in)

    @property
    def pic(self) -> Decimal | None:
        """Paid in ÷ committed."""
        return ratio(self.paid_in, self.committed)

    @property
    def unfunded(self) -> Decimal:
        """What may still be called: the commitment, less what was paid in, plus what came back to be called again."""
        return self.committed - self.paid_in + self.recallable


def rollup(parts: Iterable[Multiples]) -> Multiples:
    """Several funds as one: sums, so that every ratio is Σ ÷ Σ and never an average of ratios. An unknown value makes the whole unknown."""
    rows = list(parts)
    values = [r.value for r in rows]
    return Multiples(
        sum((r.paid_in for r in rows), ZERO), sum((r.distributed for r in rows), ZERO), sum((r.recallable for r in rows), ZERO),
        None if any(v is None for v in values) else sum((v for v in values if v is not None), ZERO),
        sum((r.committed for r in rows), ZERO))
