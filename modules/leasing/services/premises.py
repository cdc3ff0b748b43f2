"""What an e-invoice says of leased premises: one block per instalment, read once for many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, select

from ..models.lease import LeaseDue, LeaseLine, LeaseUnit
from ..models.space import Building, Unit


def of_dues(session: Any, due_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """due id → region, address, certificate, cross_city, plates. Several units: the address of the first, with all unit codes;
    certificates joined. The unit of the line counts where it names one."""
    mine = or_(LeaseLine.unit_id.is_(None), LeaseLine.unit_id == LeaseUnit.unit_id)
    query = (
        select(LeaseDue.id, Unit.code, Unit.kind, Unit.certificate_no, Building)
        .join(LeaseLine, LeaseLine.id == LeaseDue.line_id)
        .join(
            LeaseUnit, (LeaseUnit.lease_id == LeaseDue.lease_id) & mine
        )
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Building, Building.id == Unit.building_id)
        .where(LeaseDue.id.in_(list(due_ids)))
        .order_by(LeaseDue.id, Unit.code)
    )
    rows: dict[int, list[Any]] = defaultdict(list)
    for due_id, code, kind, certificate, building in session.execute(query):
        rows[due_id].append((code, kind, certificate or building.certificate_no, building))
    return {due_id: _block(found) for due_id, found in rows.items()}


def _block(rows: list[Any]) -> dict[str, Any]:
    building = rows[0][3]
    codes = "、".join(r[0] for r in rows if r[3].id == building.id)
    room = 120 - len(building.region or "") - len(building.address or "") - len(building.name) - 1
    where = f"{building.address or ''}{building.name}{codes if len(codes) <= room else ''}"
    certificates = sorted({r[2] for r in rows if r[2]})
    return {
        "region": building.region,
        "address": where if building.address else None,
        "certificate": "、".join(certificates) or None,
        "cross_city": any(r[3].cross_city for r in rows),
        "plates": (),
    }
