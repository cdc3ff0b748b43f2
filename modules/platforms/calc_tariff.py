"""What an hour of an instrument costs, built up part by part: a pure calculation (peers.md 3.9, domain.md 11.3 成本补偿).

machine price (开机费) = book value ÷ (years of life × rated hours a year)
cost price = machine price + Σ other cost ÷ hours used; consumables beside it = Σ materials ÷ hours used

An instrument's own cost is divided by its hours, a cost of the platform by the hours of the platform. Depreciation of the pools is not
added: the machine price stands for it. Worked number (tests): 800,000 ÷ (5 × 800) = 200; consumables 20 + 30 + 200 + 50 = 300 an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

PRICE = Decimal("0.0001")
CONSUMED, BY_RATED = "materials", "depreciation"


@dataclass(frozen=True)
class Part:
    """A cost over the hours it is divided by; `own`: of the instrument alone, else of the whole platform."""

    kind: str
    title: str
    amount: Decimal
    hours: Decimal
    own: bool = False

    @property
    def price(self) -> Decimal | None:
        """Yuan per hour; None when nothing was used."""
        return (self.amount / self.hours).quantize(PRICE, rounding=ROUND_HALF_UP) if self.hours > 0 else None


@dataclass(frozen=True)
class BuildUp:
    """Price of an hour: the machine, the other costs, and consumables apart. None: a part of it is not known."""

    machine: Decimal | None
    parts: tuple[Part, ...]
    consumed: tuple[Part, ...]

    def of(self, kind: str) -> Decimal | None:
        """The parts of a kind together; 0 when there are none."""
        return _sum([p.price for p in (*self.parts, *self.consumed) if p.kind == kind])

    @property
    def cost_price(self) -> Decimal | None:
        return _sum([self.machine, *[p.price for p in self.parts]])

    @property
    def consumables(self) -> Decimal | None:
        return _sum([p.price for p in self.consumed])


def _sum(prices: Sequence[Decimal | None]) -> Decimal | None:
    known = [p for p in prices if p is not None]
    return sum(known, Decimal(0)) if len(known) == len(prices) else None


def machine_price(value: Decimal, life_years: int, rated_hours: int) -> Decimal:
    """Yuan per hour that the book value comes to (开机费): value ÷ (years × rated hours per year)."""
    if life_years <= 0 or rated_hours <= 0:
        raise ValueError("life and rated hours must be positive")
    return (value / (life_years * rated_hours)).quantize(PRICE, rounding=ROUND_HALF_UP)


def build_up(value: Decimal | None, life_years: int, rated_hours: int, parts: Sequence[Part]) -> BuildUp:
    """The build-up of an instrument; `value` None: nobody recorded what it cost."""
    machine = machine_price(value, life_years, rated_hours) if value is not None else None
    return BuildUp(machine, tuple(p for p in parts if p.kind not in (CONSUMED, BY_RATED)), tuple(p for p in parts if p.kind == CONSUMED))
