"""What must hold for every KPI, checked by the suite every module inherits: the stored figure, the figure measured now, the
list behind it, the export and the API are one number; roll-ups follow `adds_up`."""

from __future__ import annotations

from datetime import date
from typing import Any

from ..clock import Period
from ..kpi import drill, engine, store
from ..kpi.figures import Figure, combine
from ..kpi.registry import DISTINCT, LAST, NONE, SUM, Kpi, Window


def differences(session: Any, kpi: Kpi, period: Period, park_id: int | None, *, today: date) -> list[str]:
    """One sentence per difference for a computed period; empty when all agree. park_id None: the company."""
    if period.grain not in kpi.grains:
        return []
    window = Window(period, today)
    rows = [s for s in store.figures(session, [kpi.code], [period], park_id=park_id, keys=True) if s.park_id == park_id]
    if not any(s.key == "" for s in rows) and kpi.adds_up not in (NONE, DISTINCT):
        return [f"{kpi.code}: no figure is stored for {period.key}; compute it first"]
    return [d for row in rows for d in row_differences(session, row, window)]


def row_differences(session: Any, row: store.Shown, window: Window) -> list[str]:
    """The same for one stored figure (of a park or the company, in all or of one key)."""
    kpi, stored = row.kpi, (row.live if row.frozen else row.figure) or Figure(None)
    live = engine.measured_now(session, kpi, window, row.park_id, row.key)
    out = _lists(session, kpi, window, row.park_id, row.key, stored)
    if (live.numerator, live.denominator) != (stored.numerator, stored.denominator):
        out.append(f"{kpi.code} {row.key or 'total'}: stored {stored}, measured now {live}")
    return out + _api(session, row)


def _lists(session: Any, kpi: Kpi, window: Window, park_id: int | None, key: str, stored: Figure) -> list[str]:
    out = []
    for side, units in (("numerator", stored.numerator), ("denominator", stored.denominator)):
        if not drill.has_drill(kpi, side):
            continue
        function = kpi.drill if side == "numerator" else kpi.drill_denominator
        if key and "key" not in function(window).selected_columns.keys():  # type: ignore[misc]
            continue
        count, amount = drill.drill_total(session, kpi, window, park_id, key, side)
        ids = drill.drill_ids(session, kpi, window, park_id, key, side)
        if len(ids) != count or len(set(ids)) != count:
            out.append(f"{kpi.code} {side}: the list has {len(ids)} records, its count says {count}")
        if drill.sums(kpi, window, side):
            if (amount or 0) != (units or 0):
                out.append(f"{kpi.code} {side}: the list adds up to {amount}, the figure is {units}")
        elif kpi.unit in ("count", "people", "percent") and (units or 0) != count:
            out.append(f"{kpi.code} {side}: the list has {count} records, the figure is {units}")
    return out


def _api(session: Any, row: Any) -> list[str]:
    """The JSON of `kpi show`, the export and the API is made from the same figure."""
    if row.frozen:
        return []
    told, places = row.as_json(store.park_codes(session)), row.kpi.numerator_places
    numerator = None if row.figure.numerator is None else row.figure.numerator / 10**places
    if told["numerator"] != numerator:
        return [f"{row.kpi.code}: JSON says {told['numerator']}, the figure is {numerator}"]
    if (told["value"] is None) != (row.value is None):
        return [f"{row.kpi.code}: JSON and tile disagree on whether it is reported"]
    return []


def roll_up_differences(session: Any, kpi: Kpi, quarter: Period, park_id: int, *, today: date) -> list[str]:
    """A quarter measured at once equals its months combined, for what may be combined over time."""
    if kpi.adds_up not in (SUM, LAST) or not {"month", "quarter"} <= set(kpi.grains):
        return []
    months, month = [], Period.month(quarter.start)
    while month.start < quarter.end and month.start <= today:
        months.append(engine.measured_now(session, kpi, Window(month, today), park_id))
        month = month.next()
    whole = engine.measured_now(session, kpi, Window(quarter, today), park_id)
    parts = combine(kpi, months, "periods")
    if parts.numerator != whole.numerator:
        return [f"{kpi.code}: months give {parts.numerator}, the quarter {whole.numerator}"]
    return []


def check_all(session: Any, kpis: list[Kpi], last: Period, *, today: date) -> list[str]:
    """Compute the month `last`, its quarter and its year for every KPI and return every difference, parks and company."""
    from sqlalchemy import select

    from ..models import Park

    out: list[str] = []
    parks = [*session.scalars(select(Park.id).where(Park.is_active).order_by(Park.id)), None]
    for period in (last, Period.quarter(last.start), Period.year(last.start)):
        done = engine.compute(session, period, [k.code for k in kpis], today=today)
        out += [f"{code}: {message}" for code, message in done.failed.items()]
        for kpi in kpis:
            if kpi.code not in done.failed:
                out += [d for park_id in parks for d in differences(session, kpi, period, park_id, today=today)]
    for kpi in kpis:
        out += [d for p in parks[:-1] for d in roll_up_differences(session, kpi, Period.quarter(last.start), p, today=today)]
    return out


__all__ = ["check_all", "differences", "roll_up_differences", "row_differences"]
