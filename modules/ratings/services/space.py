"""The controllable area from the space ledger. Leasing is only extended: its models are imported when it is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select


@dataclass(frozen=True)
class Space:
    """Sum of the areas and the units it is made of."""

    total: Decimal
    units: tuple[int, ...]


def _standing(carriers: Sequence[Any], on: date) -> tuple[Any, ...]:
    """Units that exist on the day in buildings of the carriers that are finished and not closed yet."""
    from modules.leasing.models.space import Building
    from modules.leasing.services.units import exists_on

    return (
        Building.carrier_id.in_([c.id for c in carriers]),
        exists_on(on),
        or_(Building.closed_on.is_(None), Building.closed_on > on),
        or_(Building.completed_on.is_(None), Building.completed_on <= on),
        Building.construction.in_(("in_use", "closed")),
    )


def areas(session: Any, carriers: Sequence[Any], on: date) -> dict[int, Space]:
    """Carrier → units in its buildings that exist on the day; carriers whose buildings are not on record are absent."""
    from modules.leasing.models.space import Building, Unit

    rows = session.execute(
        select(Building.carrier_id, Unit.id, Unit.lettable_area)
        .join(Building, Building.id == Unit.building_id)
        .where(*_standing(carriers, on))
        .order_by(Unit.id)
    ).all()
    found: dict[int, list[Any]] = {}
    for r in rows:
        found.setdefault(r.carrier_id, []).append(r)
    return {k: Space(sum((r.lettable_area for r in v), Decimal(0)), tuple(r.id for r in v)) for k, v in found.items()}


@dataclass(frozen=True)
class Let:
    """Let area of lettable area and the let units."""

    total: Decimal
    of: Decimal
    units: tuple[int, ...]


def occupancy(session: Any, carriers: Sequence[Any], on: date) -> dict[int, Let]:
    """Carrier → let and lettable area of its buildings on the day."""
    from modules.leasing.models.space import Building, Unit
    from modules.leasing.services.units import let_ids, lettable_on

    rows = session.execute(
        select(Building.carrier_id, Unit.id, Unit.lettable_area, Unit.id.in_(let_ids(on)).label("let"))
        .join(Building, Building.id == Unit.building_id)
        .where(Building.carrier_id.in_([c.id for c in carriers]), lettable_on(on))
        .order_by(Unit.id)
    ).all()
    out: dict[int, Let] = {}
    for r in rows:
        was = out.get(r.carrier_id, Let(Decimal(0), Decimal(0), ()))
        area = r.lettable_area
        out[r.carrier_id] = Let(was.total + (area if r.let else 0), was.of + area, (*was.units, r.id) if r.let else was.units)
    return out


def units_of(session: Any, carriers: Sequence[Any], on: date) -> dict[int, list[Any]]:
    """Carrier → its units on the day with kind, incubation mark, area and whether the operator uses them itself."""
    from modules.leasing.models.space import Building, Outage, Unit

    own = select(Outage.unit_id).where(
        Outage.cause == "own_use", Outage.starts_on <= on, or_(Outage.ends_on.is_(None), Outage.ends_on >= on)
    )
    rows = session.execute(
        select(Building.carrier_id, Unit.id, Unit.kind, Unit.incubation, Unit.lettable_area, Unit.id.in_(own).label("own_use"))
        .join(Building, Building.id == Unit.building_id)
        .where(*_standing(carriers, on))
        .order_by(Unit.id)
    ).all()
    out: dict[int, list[Any]] = {}
    for r in rows:
        out.setdefault(r.carrier_id, []).append(r)
    return out


def use_of(unit: Any) -> str:
    """Which part of the premises a unit is on the form; each unit is one part, so the parts make the total."""
    if unit.kind == "public":
        return "public"
    if unit.own_use:
        return "office"
    return "incubation" if unit.incubation else "other"
