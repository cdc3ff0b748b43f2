"""The select behind every figure: what a KPI's measure gives, rolled up to keys, parks and the company as far as it may be."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, and_, cast, func, literal, null, select, tuple_

from ..errors import Refused
from .drill import drill_members
from .registry import DISTINCT, NONE, RATIO, Kpi, Window

NO_KEY = "-"  # rows whose dimension is unknown (a firm without a carrier)


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


def has_totals(kpi: Kpi, window: Window) -> bool:
    """Whether a park's total exists at all (a split that must not be added up has none)."""
    names = set(kpi.measure(window).selected_columns.keys())
    if "key" not in names:
        return True
    return kpi.adds_up != NONE and (kpi.adds_up != DISTINCT or "member" in names or kpi.drill is not None)
