"""Sample rows of an entry of the definitions book: the first records behind the figure now. R-122."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import refs
from parkops.clock import Period
from parkops.kpi import drill
from parkops.kpi.catalogue import readable
from parkops.kpi.registry import Window

from . import recognition
from .definitions import INDICATOR, KPI, MEASURE, Definition
from .measures import MEASURES

LIMIT = 10


@dataclass(frozen=True)
class Samples:
    """count: how many records there are in all; rows: (label, address, text); more: the whole list; why: why there are none."""

    count: int = 0
    rows: tuple[tuple[str, str, str], ...] = ()
    more: str = ""


def samples(session: Any, d: Definition, period: Period, today: date, park_id: int | None) -> Samples:
    """The first ten of the period (KPI) or of the day (measure of a carrier); empty where there is no list."""
    if d.kind == KPI:
        return _of_kpi(session, d.code, period, today, park_id)
    if d.kind == MEASURE:
        return _of_measure(session, d.code.split(":", 1)[1], today, park_id)
    if d.kind == INDICATOR:
        return Samples(more="/ratings/score/")
    return Samples(more=f"/ratings/recognition/?on={today}" if d.code.startswith("gate:") and d.resource == "tenants.carrier" else "")


def _of_kpi(session: Any, code: str, period: Period, today: date, park_id: int | None) -> Samples:
    kpi = readable(session)[code]
    if not drill.has_drill(kpi) or period.grain not in kpi.grains:
        return Samples()
    sub = drill.drill_select(kpi, Window(period, today), park_id).subquery()
    count, _amount = drill.drill_total(session, kpi, Window(period, today), park_id)
    ids = list(session.scalars(select(sub.c.id).order_by(sub.c.id).limit(LIMIT)))
    labels = refs.labels(session, [(kpi.resource, i) for i in ids])
    rows = tuple((labels.get((kpi.resource, i), str(i)), refs.url(kpi.resource, i), "") for i in ids)
    return Samples(count, rows, f"/core/kpi/{code}/list?period={period.key}&park={park_id or 'all'}")


def _of_measure(session: Any, name: str, today: date, park_id: int | None) -> Samples:
    carriers = [c for c in recognition.carriers_on(session, today) if park_id in (None, c.park_id)]
    found = MEASURES[name].fn(session, carriers[:LIMIT], today)
    rows = []
    for c in carriers[:LIMIT]:
        m = found.get(c.id)
        value = m.count.value if m is not None else None
        text = "" if value is None else f"{value * 100:.1f} %" if MEASURES[name].fmt == "percent" else f"{value.normalize():,f}"
        rows.append((c.name, f"/ratings/recognition/{c.id}?on={today}", text))
    return Samples(len(carriers), tuple(rows), f"/ratings/recognition/?on={today}")
