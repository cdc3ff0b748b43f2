"""Late fees day by day (Civil Code 585): rate × what was open at the end of each day, from the day after due day and grace on.

Pure; amounts in yuan, rates per day (0.0005 = 0.05 %), both days of a period included. A payment counts on its own day: that day
is charged on what is left of the bill after it. Rounded once per bill and period, half up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from parkops.money import round_fen

ZERO = Decimal(0)
ONE = timedelta(days=1)


@dataclass(frozen=True)
class Step:
    """Days `first` to `last` on which `open` was overdue."""

    first: date
    last: date
    open: Decimal

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Fee:
    """The steps of a period and what they come to."""

    steps: tuple[Step, ...]
    rate: Decimal

    @property
    def amount(self) -> Decimal:
        return round_fen(sum((s.open * s.days for s in self.steps), ZERO) * self.rate)

    @property
    def days(self) -> int:
        return sum(s.days for s in self.steps)

    @property
    def first(self) -> date | None:
        return self.steps[0].first if self.steps else None


def steps(
    principal: Decimal, due_on: date, moves: Sequence[tuple[date, Decimal]], first: date, last: date, grace: int = 0
) -> tuple[Step, ...]:
    """Overdue steps of a bill in a period. `moves`: (day, amount settled; below zero when undone), of the whole life."""
    day = max(first, due_on + timedelta(days=grace) + ONE)
    out: list[Step] = []
    changes = sorted({d for d, _a in moves if day < d <= last})
    for start, end in zip([day, *changes], [*(c - ONE for c in changes), last], strict=True):
        left = principal - sum((a for d, a in moves if d <= start), ZERO)
        if start <= end and left > 0:
            if out and out[-1].open == left and out[-1].last + ONE == start:
                out[-1] = Step(out[-1].first, end, left)
            else:
                out.append(Step(start, end, left))
    return tuple(out)


def fee(
    principal: Decimal, due_on: date, moves: Sequence[tuple[date, Decimal]], first: date, last: date, rate: Decimal, grace: int = 0
) -> Fee:
    """The late fee of a bill for a period."""
    return Fee(steps(principal, due_on, moves, first, last, grace), rate)


def over_cap(principal: Decimal, charged: Decimal, percent: int) -> bool:
    """Whether the late fees of a bill are above so many percent of it: a court may lower them (Civil Code 585)."""
    return charged * 100 > principal * percent
