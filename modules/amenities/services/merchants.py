"""Merchants of the food streets: leases of leasing with a share of turnover, where leasing is installed. Rule Y-89.

Amenities only extends leasing, so its models are imported when they are needed; without it nobody trades here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import registry
from parkops.clock import add_months
from parkops.security import access

from ..models.facility import AmenityFacility

MONTHS = 6


@dataclass
class Merchant:
    """One lease of a merchant; a month missing in `turnover` was not declared, which is not zero."""

    lease_id: int
    number: str
    firm_id: int
    firm: str
    units: list[str]
    share: Decimal | None
    turnover: dict[date, Decimal] = field(default_factory=dict)

    def as_cell(self, month: date) -> Decimal | None:
        """The declared turnover of a month."""
        return self.turnover.get(month)


def last_months(on: date) -> list[date]:
    """The last six whole months, oldest first."""
    return [add_months(on.replace(day=1), -n) for n in range(MONTHS, 0, -1)]


def of_places(session: Any, *, on: date) -> list[tuple[AmenityFacility, list[Merchant]]]:
    """Food places with a building, each with its merchants of the day."""
    access.require(session, "amenities.facility", "read")
    places = list(session.scalars(select(AmenityFacility).where(AmenityFacility.building_code.is_not(None)).order_by(AmenityFacility.code)))
    if not places or "leasing" not in registry.registry().manifests:
        return [(p, []) for p in places]
    return [(p, _merchants(session, p, on)) for p in places]


def _merchants(session: Any, place: AmenityFacility, on: date) -> list[Merchant]:
    from modules.leasing.models.lease import Lease, LeaseLine, LeaseUnit
    from modules.leasing.models.lease_terms import LeaseTurnover
    from modules.leasing.models.space import Building, Unit

    rows = session.execute(
        select(Lease, Unit.code)
        .join(LeaseUnit, LeaseUnit.lease_id == Lease.id)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Building, Building.id == Unit.building_id)
        .where(Building.park_id == place.park_id, Building.code == place.building_code, LeaseUnit.during.contains(on))
        .order_by(Unit.code)
    ).all()
    units: dict[int, list[str]] = defaultdict(list)
    leases = {}
    for lease, unit in rows:
        leases[lease.id] = lease
        units[lease.id].append(unit)
    lines = {
        line.lease_id: line
        for line in session.scalars(select(LeaseLine).where(LeaseLine.lease_id.in_(list(leases)), LeaseLine.basis == "turnover"))
    }
    out = {
        i: Merchant(i, str(row), row.firm_id, str(row.firm), units[i], getattr(lines.get(i), "turnover_rate", None))
        for i, row in leases.items()
    }
    since = last_months(on)[0]
    for line_id, month, amount in session.execute(
        select(LeaseTurnover.line_id, LeaseTurnover.month, LeaseTurnover.amount).where(
            LeaseTurnover.line_id.in_([x.id for x in lines.values()]), LeaseTurnover.month >= since
        )
    ):
        lease_id = next(k for k, x in lines.items() if x.id == line_id)
        out[lease_id].turnover[month] = amount
    return list(out.values())
