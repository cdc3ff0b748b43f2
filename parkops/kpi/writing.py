"""Storing the figures of one KPI: an upsert per period, then what belongs to all of them in three statements."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Date, String, and_, case, cast, column, delete, func, literal, null, or_, select, true, update, values
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from ..clock import Period, now
from ..db.session import scope_of
from ..models import Park
from .measuring import figures_of, has_totals
from .models import KpiValue
from .registry import DISTINCT, Kpi, Window

V = KpiValue
AS_IT_IS = {"synchronize_session": False}


def store(session: Any, kpi: Kpi, windows: list[Window], park_id: int | None) -> dict[Period, int]:
    """Compute and keep the windows (all of one grain); how many figures each has now. What is gone is removed."""
    run, company = uuid.uuid4().hex, scope_of(session).parks is None and park_id is None
    for window in windows:
        _upsert_figures(session, kpi, window, park_id, run, company)
    if has_totals(kpi, windows[0]):
        _fill(session, kpi, windows, run, park_id)
        if company:
            _count_silent_parks(session, kpi, windows, run)
    mine = _mine(V, kpi, windows)
    session.execute(delete(V).where(mine, V.run_id != run, true() if park_id is None else V.park_id == park_id), execution_options=AS_IT_IS)
    counted = dict(session.execute(select(V.period_start, func.count()).where(mine, V.run_id == run).group_by(V.period_start)).all())
    return {w.period: counted.get(w.start, 0) for w in windows}


def _mine(v: Any, kpi: Kpi, windows: list[Window]) -> Any:
    """The rows of these periods, whatever run wrote them; what the index on code, grain and period finds."""
    return and_(v.code == kpi.code, v.kpi_version == kpi.version, v.grain == windows[0].period.grain,
                v.period_start.in_([w.start for w in windows]))


def _fixed(kpi: Kpi, grain: str, run: str) -> dict[str, Any]:
    found = {"code": kpi.code, "kpi_version": kpi.version, "grain": grain, "run_id": run, "computed_at": now()}
    return {n: literal(v, V.__table__.c[n].type) for n, v in found.items()}


def _upsert_figures(session: Any, kpi: Kpi, window: Window, park_id: int | None, run: str, company: bool) -> None:
    found = figures_of(kpi, window, park_id, company=company).subquery("figures")
    fixed = _fixed(kpi, window.period.grain, run)
    fixed |= {n: literal(v, V.__table__.c[n].type) for n, v in (("period_start", window.start), ("period_key", window.period.key))}
    number = func.coalesce(found.c.numerator, 0) if kpi.empty_is_zero and kpi.adds_up == DISTINCT else found.c.numerator
    _upsert(session, fixed, select(
        *(v.label(n) for n, v in fixed.items()), found.c.park_id, found.c.key, number.label("numerator"), found.c.denominator,
        found.c.missing))


def _upsert(session: Any, fixed: Any, rows: Any) -> None:
    names = [*fixed, "park_id", "key", "numerator", "denominator", "missing"]
    new = insert(V).from_select(names, rows)
    changed = ("numerator", "denominator", "missing", "run_id", "computed_at", "period_key")
    session.execute(new.on_conflict_do_update(constraint="uq_core_kpi_value_figure", set_={n: new.excluded[n] for n in changed}))


def _periods(windows: list[Window]) -> Any:
    rows: list[tuple[date, str]] = [(w.start, w.period.key) for w in windows]
    return values(column("period_start", Date), column("period_key", String), name="periods").data(rows).alias("periods")


def _fill(session: Any, kpi: Kpi, windows: list[Window], run: str, park_id: int | None) -> None:
    """A park without a row in a period: nothing happened (0) or nobody reported (NULL), as the KPI says."""
    scope, periods, seen = scope_of(session), _periods(windows), aliased(V)
    there = select(literal(1)).select_from(seen).where(
        _mine(seen, kpi, windows), seen.period_start == periods.c.period_start, seen.run_id == run, seen.key == "", seen.park_id == Park.id)
    here = [Park.is_active, ~there.exists()]
    if park_id is not None:
        here.append(Park.id == park_id)
    elif scope.parks is not None:
        here.append(Park.id.in_(tuple(scope.parks)))
    number = cast(literal(0) if kpi.empty_is_zero else null(), BigInteger)
    below = cast(null() if kpi.empty_denominator is None else literal(kpi.empty_denominator), BigInteger)
    fixed = _fixed(kpi, windows[0].period.grain, run)
    _upsert(session, [*fixed, "period_start", "period_key"], select(
        *(v.label(n) for n, v in fixed.items()), periods.c.period_start, periods.c.period_key, Park.id.label("park_id"),
        literal("", String).label("key"), number.label("numerator"), below.label("denominator"),
        literal(0 if kpi.empty_is_zero else 1).label("missing")).select_from(Park).join(periods, true()).where(*here))


def _count_silent_parks(session: Any, kpi: Kpi, windows: list[Window], run: str) -> None:
    """The company's figure says how many parks are not in it; with nothing at all it is 0 or unreported like a park's."""
    park = aliased(V)
    silent = select(func.count()).select_from(park).where(
        _mine(park, kpi, windows), park.period_start == V.period_start, park.run_id == run, park.key == "", park.park_id.is_not(None),
        park.numerator.is_(None)).scalar_subquery()
    found: dict[str, Any] = {"missing": func.greatest(V.missing, silent)}
    if kpi.empty_is_zero:
        found["numerator"] = case((V.missing + silent == 0, func.coalesce(V.numerator, 0)), else_=V.numerator)
    if kpi.empty_denominator is not None:
        found["denominator"] = case((V.missing + silent == 0, func.coalesce(V.denominator, kpi.empty_denominator)), else_=V.denominator)
    session.execute(update(V).where(_mine(V, kpi, windows), V.run_id == run, V.park_id.is_(None), or_(silent > 0, V.numerator.is_(None)))
                    .values(**found), execution_options=AS_IT_IS)
