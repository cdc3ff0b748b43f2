"""What a KPI is. Modules list theirs in `kpis.py: KPIS`; the engine, the tile, the drill-down, the export and the API all
run the same `measure`, so they cannot differ.

`measure(window)` returns a select over mapped classes (the park scope then applies) with the columns `park_id`, `key`
(text, optional dimension such as the carrier id; leave out for none), `numerator` and, for ratios, `denominator`.
`drill(window)` returns a select of the ids of the `resource` records behind the numerator (and `drill_denominator`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..clock import Period

SUM, LAST, RATIO, DISTINCT, NONE = "sum", "last", "ratio", "distinct", "none"


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
class Kpi:
    """code `module.thing`; unit count|money|percent|area|hours|people; grains it is stored for; adds_up how months and
    parks combine; better higher|lower|none; formula: the sentence shown behind the number, with its legal source."""

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

    @property
    def module(self) -> str:
        return self.code.split(".", 1)[0]
