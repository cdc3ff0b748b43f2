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


def areas(session: Any, carriers: Sequence[Any], on: date) -> dict[int, Space]:
    """Carrier → units in its buildings that exist on the day; carriers whose buildings are not on record are absent."""
    from modules.leasing.models.space import Building, Unit
    from modules.leasing.services.units import exists_on

    rows = session.execute(
        select(Building.carrier_id, Unit.id, Unit.lettable_area)
        .join(Building, Building.id == Unit.building_id)
        .where(
            Building.carrier_id.in_([c.id for c in carriers]),
            exists_on(on),
            or_(Building.closed_on.is_(None), Building.closed_on > on),
            or_(Building.completed_on.is_(None), Building.completed_on <= on),
            Building.construction.in_(("in_use", "closed")),
        )
        .order_by(Unit.id)
    ).all()
    found: dict[int, list[Any]] = {}
    for r in rows:
        found.setdefault(r.carrier_id, []).append(r)
    return {k: Space(sum((r.lettable_area for r in v), Decimal(0)), tuple(r.id for r in v)) for k, v in found.items()}
