"""Vacancy: since when, why, what it costs, and the life of every unit as stretches. Rule S-23: every day has exactly one cause."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, Numeric, and_, case, cast, func, literal, select, type_coerce

from parkops.db.types import Money
from parkops.security import access

from .. import calc_space
from ..models.holds import Hold
from ..models.lease import Lease, LeaseUnit
from ..models.space import OUTAGE_CAUSES, Building, Outage, Unit
from . import units

CAUSES = ("never_let", "after", "outage", "held", "reserved", "construction", "closed")


def since_on(on: Any, unit: Any = Unit) -> Any:
    """SQL: first day of the present vacancy (correlated; one index look-up per unit). NULL while let."""
    last_let = (
        select(func.max(func.upper(LeaseUnit.during)))
        .where(LeaseUnit.unit_id == unit.id, func.upper(LeaseUnit.during) <= on)
        .correlate(unit)
        .scalar_subquery()
    )
    completed = (
        select(Building.completed_on).where(Building.id == unit.building_id, Building.completed_on <= on).correlate(unit).scalar_subquery()
    )
    return case((unit.id.in_(units.let_ids(on)), None), else_=func.coalesce(last_let, func.greatest(unit.starts_on, completed)))


def days_vacant(on: Any, unit: Any = Unit) -> Any:
    """SQL: days of the present vacancy, the day itself counted; NULL while let or before it exists."""
    return cast(case((units.exists_on(on, unit), literal(on, Date) - since_on(on, unit) + 1), else_=None), Integer)


def lost_rent(on: Any, unit: Any = Unit) -> Any:
    """SQL: fen lost at the asking price since the vacancy began (as calc_space.lost_rent); NULL without a price."""
    amount = type_coerce(unit.lettable_area, BigInteger) * type_coerce(unit.list_price, BigInteger) * 12 * days_vacant(on, unit)
    return type_coerce(cast(func.round(cast(amount, Numeric) / (365 * 10000)), BigInteger), Money())


def cause_on(on: Any, unit: Any = Unit) -> Any:
    """SQL: why the unit is not let on the day (one of CAUSES); NULL while let."""
    ever = select(LeaseUnit.unit_id).where(func.lower(LeaseUnit.during) <= on)
    return case(
        (~units.exists_on(on, unit), None),
        (unit.id.in_(units.let_ids(on)), None),
        (unit.building_id.in_(units.buildings_on(on, "closed")), literal("closed")),
        (unit.id.in_(units.outage_ids(on)), literal("outage")),
        (unit.id.in_(units.reserved_ids(on)), literal("reserved")),
        (unit.id.in_(units.held_ids(on)), literal("held")),
        (unit.building_id.in_(units.buildings_on(on, "unfinished")), literal("construction")),
        (unit.id.in_(ever), literal("after")),
        else_=literal("never_let"),
    )


def timelines(session: Any, found: list[Unit], first: date, last: date) -> dict[int, list[calc_space.Stretch]]:
    """Unit id -> stretches between the two days; four statements whatever the number of units."""
    access.require(session, "leasing.unit", "read")
    ids = [u.id for u in found]
    spans = defaultdict(list)
    _lets(session, ids, last, spans)
    for row in session.scalars(select(Outage).where(Outage.unit_id.in_(ids))):
        spans[row.unit_id].append(calc_space.Span("outage", row.starts_on, row.ends_on, str(OUTAGE_CAUSES.label(row.cause)), row.id))
    for hold in session.scalars(select(Hold).where(Hold.unit_id.in_(ids), Hold.held_on.is_not(None))):
        until = hold.expires_on if hold.ended_on is None else min(hold.expires_on, hold.ended_on - timedelta(days=1))
        spans[hold.unit_id].append(calc_space.Span("held", hold.held_on, until, hold.holder_name or "", hold.id))
    out = {}
    for unit in found:
        begin, end = max(first, unit.starts_on), min(last, unit.ends_on or last)
        out[unit.id] = calc_space.timeline(begin, end, [*spans[unit.id], *_building(unit.building)])
    return out


def _lets(session: Any, ids: list[int], last: date, spans: dict[int, list[Any]]) -> None:
    from modules.tenants.models.firm import Firm

    query = (
        select(LeaseUnit.unit_id, LeaseUnit.during, Lease.id, Firm.name)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .join(Firm, Firm.id == Lease.firm_id)
        .where(LeaseUnit.unit_id.in_(ids), LeaseUnit.during.is_not(None))
    )
    for unit_id, during, lease_id, firm in session.execute(query):
        until = during.upper - timedelta(days=1) if during.upper is not None else None
        spans[unit_id].append(calc_space.Span("let", during.lower, until, firm, lease_id))


def _building(building: Building) -> list[calc_space.Span]:
    out = []
    if building.completed_on is not None:
        out.append(calc_space.Span("construction", date.min, building.completed_on - timedelta(days=1)))
    elif building.construction in ("planned", "building", "topped_out"):
        out.append(calc_space.Span("construction", date.min, None))
    if building.closed_on is not None:
        out.append(calc_space.Span("closed", building.closed_on, None))
    return out


def not_let(on: Any) -> Any:
    """SQL condition of the vacancy list: lettable on the day and not let."""
    return and_(units.lettable_on(on), Unit.id.not_in(units.let_ids(on)))


def totals(session: Any, on: date, building_id: int | None = None) -> list[Any]:
    """(cause, units, area in hundredths, lost fen) of what is not let, by cause."""
    cause = cause_on(on)
    area = type_coerce(Unit.lettable_area, BigInteger)
    query = select(
        cause.label("cause"),
        func.count(Unit.id).label("units"),
        func.sum(area).label("area"),
        func.sum(type_coerce(lost_rent(on), BigInteger)).label("lost"),
    ).where(units.exists_on(on), Unit.lettable_area > 0, Unit.kind != "public", Unit.id.not_in(units.let_ids(on)))
    if building_id is not None:
        query = query.where(Unit.building_id == building_id)
    return session.execute(query.group_by(cause).order_by(cause)).all()


__all__ = ["CAUSES", "cause_on", "days_vacant", "lost_rent", "not_let", "since_on", "timelines", "totals"]
