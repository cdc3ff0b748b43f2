"""Computing indicators: the stored roll-up of one KPI over many parks and records next to the bare aggregate in SQL."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from sqlalchemy import Date, Integer, cast, func, insert, literal, select, text
from sqlalchemy.orm import Session

from parkops.clock import Period
from parkops.db.session import system_scope
from parkops.kpi import catalogue, engine
from parkops.kpi.models import KpiTarget
from parkops.kpi.registry import Kpi
from parkops.models import Park
from parkops.testing.benches import neighbour, own_database

TURNS = 5
MAY = Period.parse("2022-05")
TODAY = date(2022, 6, 1)
T = KpiTarget


def _kpi(code: str, keyed: bool) -> Kpi:
    columns = [T.park_id, *([func.substr(T.code, 7, 1).label("key")] if keyed else []), func.count().label("numerator")]

    def measure(w: Any) -> Any:
        query = select(*columns).where(T.period_start >= w.start, T.period_start < w.end, T.code.startswith("bench."))
        return query.group_by(*[c for c in query.selected_columns if c.key != "numerator"])

    return Kpi(code, code, "count", "sum", measure, "")


def run(size: int) -> list[dict[str, Any]]:
    """`{"op", "rows", "seconds", "raw_seconds", "ratio"}`."""
    with own_database("parkops_bench_kpi"):
        return measured(size)


def run_parks(parks: int, firms: int) -> list[dict[str, Any]]:
    """Every KPI of every module over generated parks and firms, see _kpi_parks.py."""
    return neighbour("_kpi_parks").run(parks, firms)


def measured(size: int) -> list[dict[str, Any]]:
    """Both indicators, computed and in bare SQL."""
    catalogue.EXTRA[:] = [_kpi("bench.plain", False), _kpi("bench.keyed", True)]
    out = []
    with system_scope("bench kpi") as s:
        s.add(Park(code="bench", name="Bench"))
        s.flush()
        _fill(s, size)
        for kpi in catalogue.EXTRA:
            raw = _best(lambda k=kpi: s.execute(k.measure(engine.Window(MAY, TODAY))).all())
            ours = _best(lambda k=kpi: engine.compute(s, MAY, [k.code], today=TODAY))
            out.append({"op": f"compute {kpi.code}", "rows": size, "seconds": round(ours, 4), "raw_seconds": round(raw, 4),
                        "ratio": round(ours / raw, 2)})
        s.rollback()
    catalogue.EXTRA.clear()
    return out


def _fill(s: Session, size: int) -> None:
    """`size` records over the parks there are, in one statement."""
    n = func.generate_series(1, size).table_valued("n").render_derived()
    park = select(func.min(Park.id)).scalar_subquery()
    s.execute(insert(T).from_select(
        ["park_id", "code", "grain", "period_start", "target"],
        select(park, func.concat("bench.", n.c.n % 10, ".", n.c.n), text("'month'"), literal(MAY.start, Date) + cast(n.c.n % 31, Integer),
               text("10000"))))


def _best(work: Any) -> float:
    found = []
    for _turn in range(TURNS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)
