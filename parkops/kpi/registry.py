"""What a KPI is. Modules list theirs in `kpis.py: KPIS`; the engine, the tile, the drill-down, the export and the API all
run the same `measure`, so they cannot differ. `HOME` beside it names those that the homes of roles show.

**measure(window)** returns a select over mapped classes (the park scope then applies) with the columns `park_id`, `key`
(text, optional dimension such as the carrier id; leave out for none), `numerator` and, for ratios, `denominator`.
Figures are whole numbers in the smallest unit: people and counts 1, money fen (what SUM over a `Money` column gives),
area 1/100 ㎡, hours 1/100 h; see `Kpi.scale`. NULL means "not reported" and stays NULL.
A DISTINCT measure returns one row per member instead: `park_id`, optional `key`, `member` (the person's id); the engine
counts members once per key, once per park and once for the company.

**drill(window)** returns a select of the `id` of the `resource` records behind the numerator, with `key` when the measure
has one, and `amount` (smallest unit) when the numerator is a sum rather than a count of the records. `drill_denominator`
likewise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..clock import Period

SUM, LAST, RATIO, DISTINCT, NONE = "sum", "last", "ratio", "distinct", "none"
ADDS_UP = (SUM, LAST, RATIO, DISTINCT, NONE)
UNITS = {"count": 0, "people": 0, "percent": 0, "money": 2, "area": 2, "hours": 2}  # unit -> decimal places of the stored integer


@dataclass(frozen=True)
class Window:
    """The period measured, with the day stocks are counted on (its last day, never beyond `today`)."""

    period: Period
    today: date

    @property
    def start(self) -> date:
        return self.period.start

    @property
    def end(self) -> date:
        return self.period.end

    @property
    def on(self) -> date:
        return min(self.period.last_day, self.today)


@dataclass(frozen=True)
class Home:
    """`Home("finance", "billing.collected billing.overdue_share")`: what a role's home shows until its reader chooses others."""

    role: str
    codes: str


@dataclass(frozen=True)
class Kpi:
    """code `module.thing`; unit count|money|percent|area|hours|people; grains it is stored for; adds_up how months and
    parks combine; better higher|lower|none; formula: the sentence shown behind the number, with its legal source.

    empty: what "no row for this park" means, `zero` (own records: nothing happened) or `missing` (reported facts: nobody
    told us); by default zero for counts of own records and missing for everything else. A ratio of own records says `zero`: of nothing due
    nothing is late, 0 ÷ 0, shown as a dash. places, denominator_places:
    decimal places of the stored integers when the unit does not say (occupancy: percent of two areas = 2, 2)."""

    code: str
    title: Any
    unit: str
    adds_up: str
    measure: Callable[[Window], Any]
    explain: Any
    resource: str | None = None
    drill: Callable[[Window], Any] | None = None
    drill_denominator: Callable[[Window], Any] | None = None
    grains: tuple[str, ...] = ("month", "quarter", "year")
    better: str = "higher"
    dimension: str | None = None  # resource name the key refers to, e.g. tenants.carrier
    source: str = ""  # 文号 and article, when there is one
    version: int = 1
    order: int = 50
    empty: str | None = None
    places: int | None = None
    denominator_places: int = 0
    denominator_resource: str | None = None

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"KPI {self.code}: unknown unit {self.unit!r}; known are {', '.join(UNITS)}")
        if self.adds_up not in ADDS_UP:
            raise ValueError(f"KPI {self.code}: adds_up is one of {', '.join(ADDS_UP)}")
        if self.empty not in (None, "zero", "missing"):
            raise ValueError(f"KPI {self.code}: empty is zero or missing")
        if "." not in self.code:
            raise ValueError(f"KPI {self.code}: the code is module.thing")

    @property
    def module(self) -> str:
        return self.code.split(".", 1)[0]

    @property
    def numerator_places(self) -> int:
        return UNITS[self.unit] if self.places is None else self.places

    @property
    def empty_is_zero(self) -> bool:
        if self.empty is not None:
            return self.empty == "zero"
        return self.unit in ("count", "people") and self.adds_up in (SUM, LAST, DISTINCT)

    @property
    def empty_denominator(self) -> int | None:
        """What stands below the line where there was no row."""
        return 0 if self.empty_is_zero and self.adds_up == RATIO else None
