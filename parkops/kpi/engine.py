"""Computing figures: one select per KPI and period covers every key, park and the company; `kpi.writing` stores it.

The very same select (`figures_of`) answers "now" for the page that explains a figure, so stored and live cannot differ by
definition. Several periods of a KPI are computed together: only their selects are one per period, what parks without rows
get, what the company lacks and what is gone is settled for all of them at once. A KPI that fails is recorded and the
others go on."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ..clock import Period
from ..db import audit
from ..errors import Refused
from ..i18n import _l
from ..security import access
from . import problems, writing
from .catalogue import all_kpis, kpi_of
from .figures import Figure
from .measuring import NO_KEY, figures_of
from .registry import Kpi, Window

log = logging.getLogger(__name__)
RESOURCE = "core.kpi"
GRAINS = ("month", "quarter", "year")


@dataclass
class Computed:
    """What a computation did: figures written, and a sentence per KPI that failed."""

    period: Period
    values: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def compute(session: Any, period: Period, codes: Iterable[str] | None = None, park_id: int | None = None, *, today: date) -> Computed:
    """Compute and store the figures of a period (for one park, or every park in scope and the company).

    Needs act on core.kpi. Refused for a period that has not begun. Frozen periods keep their frozen figures; what is
    stored here shows as their delta."""
    return compute_all(session, [period], codes, park_id, today=today)[0]


def compute_all(session: Any, periods: list[Period], codes: Iterable[str] | None = None, park_id: int | None = None, *,
                today: date) -> list[Computed]:
    """`compute` for several periods, KPI by KPI; one `Computed` per period, in the order given."""
    access.require(session, RESOURCE, "act")
    ahead = next((p for p in periods if p.start > today), None)
    if ahead is not None:
        raise Refused(_l("%(period)s has not begun yet; choose an earlier period.", period=ahead.key))
    done = {p: Computed(p) for p in periods}
    wanted = [kpi_of(c) for c in codes] if codes is not None else list(all_kpis().values())
    troubled = problems.known(session, [k.code for k in wanted])
    for kpi in wanted:
        for grain in kpi.grains:
            windows = [Window(p, today) for p in done if p.grain == grain]
            if windows:
                _compute_one(session, kpi, windows, park_id, done, troubled)
    for found in done.values():
        audit.bulk(session, "core.kpi", "compute", found.values,
                   {"period": found.period.key, "failed": sorted(found.failed)}, park_id=park_id)
    return list(done.values())


def _compute_one(session: Any, kpi: Kpi, windows: list[Window], park_id: int | None, done: dict[Period, Computed],
                 troubled: set[tuple[str, str, date]]) -> None:
    """All windows (of one grain) in one savepoint; when that fails each alone, so that only what cannot be computed is left out."""
    try:
        with session.begin_nested():
            for period, n in writing.store(session, kpi, windows, park_id).items():
                done[period].values += n
            for w in windows:
                if (kpi.code, w.period.grain, w.start) in troubled:
                    problems.clear(session, kpi.code, w.period)
    except Exception as e:
        if len(windows) > 1:
            for w in windows:
                _compute_one(session, kpi, [w], park_id, done, troubled)
            return
        period = windows[0].period
        log.exception("KPI %s could not be computed for %s", kpi.code, period.key)
        done[period].failed[kpi.code] = f"{type(e).__name__}: {e}"[:2000]
        problems.note(session, kpi.code, period, done[period].failed[kpi.code])


def backfill(session: Any, code: str, first: Period, last: Period, park_id: int | None = None, *, today: date) -> list[Computed]:
    """Every month, quarter and year that touches `[first.start, last.end)`, oldest first, up to today."""
    kpi = kpi_of(code)
    if first.start > last.start:
        raise Refused(_l("The first period lies after the last one; exchange them."))
    periods = []
    for grain in kpi.grains:
        period = Period.of(grain, first.start)
        while period.start < last.end and period.start <= today:
            periods.append(period)
            period = period.next()
    return compute_all(session, periods, [code], park_id, today=today)


def due_periods(today: date, grains: tuple[str, ...] = GRAINS) -> list[Period]:
    """The windows a daily roll-up refreshes: the current and the previous month, quarter and year."""
    current = [Period.of(g, today) for g in grains]
    return [p for c in current for p in (c.previous(), c)]


def roll_up(session: Any, *, today: date, grains: tuple[str, ...] = GRAINS) -> dict[str, Any]:
    """The daily jobs (one per grain): every KPI of that grain for every due window. Fails (after storing what could be) only when
    all of them failed."""
    done = compute_all(session, due_periods(today, grains), today=today)
    values, failed = sum(d.values for d in done), {code for d in done for code in d.failed}
    kpis = {code for code, kpi in all_kpis().items() if set(grains) & set(kpi.grains)}
    if kpis and failed >= kpis:
        raise Refused(_l("No indicator could be computed; see the errors on the page of indicators."))
    return {"values": values, "kpis": len(kpis), "failed": sorted(failed)}


def measured_now(session: Any, kpi: Kpi, window: Window, park_id: int | None, key: str = "") -> Figure:
    """The figure at this moment, from the same select that is stored. park_id None: all parks in scope."""
    access.require(session, RESOURCE, "read")
    company = park_id is None
    rows = session.execute(figures_of(kpi, window, park_id, company=company)).all()
    for row in rows:
        if row.park_id == park_id and row.key == key:
            if kpi.empty_is_zero and row.numerator is None and not row.missing:
                return Figure(0, kpi.empty_denominator)
            return Figure(row.numerator, row.denominator, row.missing)
    return Figure(0, kpi.empty_denominator) if kpi.empty_is_zero else Figure(None)


__all__ = ["NO_KEY", "Computed", "backfill", "compute", "compute_all", "due_periods", "figures_of", "measured_now", "roll_up"]
