"""Computing and storing figures, set-based: one INSERT … SELECT per KPI and period covers every key, park and the company.

The very same select (`figures_of`) answers "now" for the page that explains a figure, so stored and live cannot differ by
definition. A KPI that fails is recorded and the others go on."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    String,
    and_,
    case,
    cast,
    delete,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from ..clock import Period, now
from ..db import audit
from ..db.session import scope_of
from ..errors import Refused
from ..i18n import _l
from ..models import Park
from ..security import access
from .catalogue import all_kpis, kpi_of
from .drill import drill_members
from .figures import Figure
from .models import KpiProblem, KpiValue
from .registry import DISTINCT, NONE, RATIO, Kpi, Window

log = logging.getLogger(__name__)
RESOURCE = "core.kpi"
NO_KEY = "-"  # rows whose dimension is unknown (a firm without a carrier)


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
    access.require(session, RESOURCE, "act")
    if period.start > today:
        raise Refused(_l("%(period)s has not begun yet; choose an earlier period.", period=period.key))
    done = Computed(period)
    wanted = [kpi_of(c) for c in codes] if codes is not None else list(all_kpis().values())
    for kpi in wanted:
        if period.grain not in kpi.grains:
            continue
        try:
            with session.begin_nested():
                done.values += _store(session, kpi, Window(period, today), park_id)
                _clear_problem(session, kpi, period)
        except Exception as e:
            log.exception("KPI %s could not be computed for %s", kpi.code, period.key)
            done.failed[kpi.code] = f"{type(e).__name__}: {e}"[:2000]
            _note_problem(session, kpi, period, done.failed[kpi.code])
    audit.bulk(session, "core.kpi", "compute", done.values,
               {"period": period.key, "failed": sorted(done.failed)}, park_id=park_id)
    return done


def backfill(session: Any, code: str, first: Period, last: Period, park_id: int | None = None, *, today: date) -> list[Computed]:
    """Every month, quarter and year that touches `[first.start, last.end)`, oldest first, up to today."""
    kpi = kpi_of(code)
    if first.start > last.start:
        raise Refused(_l("The first period lies after the last one; exchange them."))
    out = []
    for grain in kpi.grains:
        period = Period.of(grain, first.start)
        while period.start < last.end and period.start <= today:
            out.append(compute(session, period, [code], park_id, today=today))
            period = period.next()
    return out


def due_periods(today: date) -> list[Period]:
    """The windows a daily roll-up refreshes: the current and the previous month, quarter and year."""
    current = [Period.of(g, today) for g in ("month", "quarter", "year")]
    return [p for c in current for p in (c.previous(), c)]


def roll_up(session: Any, *, today: date) -> dict[str, Any]:
    """The daily job: every KPI for every due window. Fails (after storing what could be) only when all KPIs failed."""
    values, failed = 0, set()
    for period in due_periods(today):
        done = compute(session, period, today=today)
        values += done.values
        failed |= set(done.failed)
    kpis = all_kpis()
    if kpis and len(failed) == len(kpis):
        raise Refused(_l("No indicator could be computed; see the errors on the page of indicators."))
    return {"values": values, "kpis": len(kpis), "failed": sorted(failed)}


def measured_now(session: Any, kpi: Kpi, window: Window, park_id: int | None, key: str = "") -> Figure:
    """The figure at this moment, from the same select that is stored. park_id None: all parks in scope."""
    access.require(session, RESOURCE, "read")
    company = park_id is None
    rows = session.execute(figures_of(kpi, window, park_id, company=company)).all()
    for row in rows:
        if row.park_id == park_id and row.key == key:
            empty = 0 if kpi.empty_is_zero and row.numerator is None and not row.missing else row.numerator
            return Figure(empty, row.denominator, row.missing)
    return Figure(0 if kpi.empty_is_zero else None)


def figures_of(kpi: Kpi, window: Window, park_id: int | None, *, company: bool) -> Any:
    """The select of `park_id, key, numerator, denominator, missing` at every level the KPI allows."""
    measured = kpi.measure(window)
    names = set(measured.selected_columns.keys())
    wrong = {"park_id"} - names or (set() if {"numerator", "member"} & names else {"numerator"})
    if wrong:
        raise Refused(f"the measure of {kpi.code} lacks the column {', '.join(sorted(wrong))}")
    if kpi.adds_up == RATIO and "denominator" not in names:
        raise Refused(f"the measure of {kpi.code} is a ratio and lacks the column denominator")
    keyed = "key" in names
    if "member" in names:
        return _distinct(measured, keyed, park_id, company)
    if kpi.adds_up == NONE:
        return _grouped(kpi, measured, keyed, park_id, "finest")
    if kpi.adds_up != DISTINCT:
        return _grouped(kpi, measured, keyed, park_id, "company" if company else "park")
    if kpi.drill is None or (not keyed and not company):
        return _grouped(kpi, measured, keyed, park_id, "finest")
    return _grouped(kpi, measured, keyed, park_id, "finest").union_all(
        _distinct(drill_members(kpi, window), False, park_id, company, parks=keyed))


def _source(measured: Any, keyed: bool, park_id: int | None) -> tuple[Any, Any]:
    sub = measured.subquery("measured")
    where = sub.c.park_id.is_not(None) if park_id is None else sub.c.park_id == park_id
    key = func.coalesce(cast(sub.c.key, String), NO_KEY) if keyed else literal("", String)
    columns = [sub.c.park_id, key.label("key"), *(c for n, c in sub.c.items() if n in ("numerator", "denominator", "member"))]
    return select(*columns).where(where).subquery("rows"), where


def _sets(rows: Any, keyed: bool, level: str, parks: bool = True) -> Any:
    """Grouping sets: key, park, company, as far as asked. Without a key the park is the finest level."""
    sets = [tuple_(rows.c.park_id, rows.c.key)] if keyed else ([tuple_(rows.c.park_id)] if parks else [])
    if keyed and level != "finest":
        sets.append(tuple_(rows.c.park_id))
    if level == "company":
        sets.append(tuple_())
    return func.grouping_sets(*sets)


def _grouped(kpi: Kpi, measured: Any, keyed: bool, park_id: int | None, level: str) -> Any:
    rows, _where = _source(measured, keyed, park_id)
    ratio = kpi.adds_up == RATIO
    reported = and_(rows.c.numerator.is_not(None), rows.c.denominator.is_not(None)) if ratio else rows.c.numerator.is_not(None)
    denominator = cast(func.sum(rows.c.denominator).filter(reported), BigInteger) if ratio else cast(null(), BigInteger)
    return select(
        rows.c.park_id.label("park_id"),
        _key(rows, keyed).label("key"),
        cast(func.sum(rows.c.numerator).filter(reported), BigInteger).label("numerator"),
        denominator.label("denominator"),
        cast(func.count().filter(~reported), BigInteger).label("missing"),
    ).group_by(_sets(rows, keyed, level))


def _distinct(measured: Any, keyed: bool, park_id: int | None, company: bool, parks: bool = True) -> Any:
    rows, _where = _source(measured, keyed, park_id)
    return select(
        rows.c.park_id.label("park_id"),
        _key(rows, keyed).label("key"),
        cast(func.count(rows.c.member.distinct()), BigInteger).label("numerator"),
        cast(null(), BigInteger).label("denominator"),
        cast(literal(0), BigInteger).label("missing"),
    ).group_by(_sets(rows, keyed, "company" if company else "park", parks))


def _key(rows: Any, keyed: bool) -> Any:
    return func.coalesce(rows.c.key, "") if keyed else literal("", String)


def _store(session: Any, kpi: Kpi, window: Window, park_id: int | None) -> int:
    scope = scope_of(session)
    run, company = uuid.uuid4().hex, scope.parks is None and park_id is None
    found = figures_of(kpi, window, park_id, company=company).subquery("figures")
    fixed = _fixed(kpi, window, run)
    number = func.coalesce(found.c.numerator, 0) if kpi.empty_is_zero and kpi.adds_up == DISTINCT else found.c.numerator
    _upsert(session, fixed, select(
        *(v.label(n) for n, v in fixed.items()), found.c.park_id, found.c.key, number.label("numerator"), found.c.denominator,
        found.c.missing))
    if _has_totals(kpi, window):
        _fill(session, kpi, fixed, run, park_id)
        if company:
            _count_silent_parks(session, kpi, run)
    mine = and_(KpiValue.code == kpi.code, KpiValue.kpi_version == kpi.version, KpiValue.grain == window.period.grain,
                KpiValue.period_start == window.start)
    session.execute(delete(KpiValue).where(mine, KpiValue.run_id != run, true() if park_id is None else KpiValue.park_id == park_id),
                    execution_options={"synchronize_session": False})
    return session.scalar(select(func.count()).select_from(KpiValue).where(mine, KpiValue.run_id == run))


def _has_totals(kpi: Kpi, window: Window) -> bool:
    """Whether a park's total exists at all (a split that must not be added up has none)."""
    names = set(kpi.measure(window).selected_columns.keys())
    if "key" not in names:
        return True
    return kpi.adds_up != NONE and (kpi.adds_up != DISTINCT or "member" in names or kpi.drill is not None)


def _fixed(kpi: Kpi, window: Window, run: str) -> dict[str, Any]:
    values = {"code": kpi.code, "kpi_version": kpi.version, "grain": window.period.grain, "period_start": window.start,
              "period_key": window.period.key, "run_id": run, "computed_at": now()}
    return {n: literal(v, KpiValue.__table__.c[n].type) for n, v in values.items()}


def _upsert(session: Any, fixed: dict[str, Any], rows: Any) -> None:
    names = [*fixed, "park_id", "key", "numerator", "denominator", "missing"]
    new = insert(KpiValue).from_select(names, rows)
    changed = ("numerator", "denominator", "missing", "run_id", "computed_at", "period_key")
    session.execute(new.on_conflict_do_update(constraint="uq_core_kpi_value_figure",
                                              set_={n: new.excluded[n] for n in changed}))


def _fill(session: Any, kpi: Kpi, fixed: dict[str, Any], run: str, park_id: int | None) -> None:
    """A park without a row: nothing happened (0) or nobody reported (NULL), as the KPI says."""
    scope = scope_of(session)
    seen = select(KpiValue.park_id).where(KpiValue.run_id == run, KpiValue.key == "", KpiValue.park_id.is_not(None))
    here = [Park.is_active, Park.id.not_in(seen)]
    if park_id is not None:
        here.append(Park.id == park_id)
    elif scope.parks is not None:
        here.append(Park.id.in_(tuple(scope.parks)))
    number = cast(literal(0) if kpi.empty_is_zero else null(), BigInteger)
    _upsert(session, fixed, select(
        *(v.label(n) for n, v in fixed.items()), Park.id.label("park_id"), literal("", String).label("key"), number.label("numerator"),
        cast(null(), BigInteger).label("denominator"), literal(0 if kpi.empty_is_zero else 1).label("missing")).where(*here))


def _count_silent_parks(session: Any, kpi: Kpi, run: str) -> None:
    """The company's figure says how many parks are not in it; with nothing at all it is 0 or unreported like a park's."""
    silent = select(func.count()).select_from(KpiValue).where(
        KpiValue.run_id == run, KpiValue.key == "", KpiValue.park_id.is_not(None), KpiValue.numerator.is_(None)).scalar_subquery()
    values: dict[str, Any] = {"missing": func.greatest(KpiValue.missing, silent)}
    if kpi.empty_is_zero:
        values["numerator"] = case((KpiValue.missing + silent == 0, func.coalesce(KpiValue.numerator, 0)), else_=KpiValue.numerator)
    session.execute(update(KpiValue).where(KpiValue.run_id == run, KpiValue.park_id.is_(None)).values(**values),
                    execution_options={"synchronize_session": False})


def _note_problem(session: Any, kpi: Kpi, period: Period, message: str) -> None:
    new = insert(KpiProblem).values(code=kpi.code, grain=period.grain, period_start=period.start, message=message, at=now())
    session.execute(new.on_conflict_do_update(index_elements=["code", "grain", "period_start"],
                                              set_={"message": new.excluded.message, "at": new.excluded.at}))


def _clear_problem(session: Any, kpi: Kpi, period: Period) -> None:
    session.execute(delete(KpiProblem).where(KpiProblem.code == kpi.code, KpiProblem.grain == period.grain,
                                             KpiProblem.period_start == period.start),
                    execution_options={"synchronize_session": False})


__all__ = ["Computed", "backfill", "compute", "due_periods", "figures_of", "measured_now", "roll_up"]
