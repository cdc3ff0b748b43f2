"""What the space tabs of a firm, a carrier and a unit show."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, case, func, select, type_coerce
from sqlalchemy.orm import selectinload

from parkops import clock
from parkops.i18n import _
from parkops.money import yuan
from parkops.security import access

from ..models.lease import Lease, LeaseUnit
from ..models.meters import METER_KINDS, Meter, MeterReading
from ..models.space import UNIT_STATES, Building, Unit
from ..services import stacking, units, vacancy
from . import _space as c

YEARS = 3


def firm_space(session: Any, firm: Any) -> dict[str, Any]:
    """Units the firm has or had, rent a month of those it has, and the meters of the present ones."""
    on = clock.today()
    rows = session.execute(
        select(LeaseUnit, Lease)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(Lease.firm_id == firm.id, LeaseUnit.during.is_not(None))
        .options(selectinload(LeaseUnit.unit).selectinload(Unit.building))
        .order_by(func.lower(LeaseUnit.during).desc())
    ).all()
    now = [(lu, lease) for lu, lease in rows if on in lu.during]
    may = access.may(session, "leasing.lease", "read")
    rents = stacking.unit_rents(session, on, sorted({lease.id for _lu, lease in now})) if may else {}
    return {
        "now": now,
        "before": [(lu, lease) for lu, lease in rows if (lu, lease) not in now],
        "rents": rents,
        "may_lease": may,
        "area": sum((lu.area for lu, _lease in now), Decimal(0)),
        "rent": sum(rents.values(), Decimal(0)) if rents else None,
        "meters": _meters(session, [lu.unit_id for lu, _lease in now]),
        "kinds": METER_KINDS,
    }


def _meters(session: Any, unit_ids: list[int]) -> list[tuple[Meter, MeterReading | None]]:
    if not access.may(session, "leasing.meter", "read"):
        return []
    found = list(
        session.scalars(
            select(Meter).where(Meter.unit_id.in_(unit_ids), Meter.active).options(selectinload(Meter.unit)).order_by(Meter.code)
        )
    )
    latest = select(func.max(MeterReading.id)).where(MeterReading.meter_id.in_([m.id for m in found])).group_by(MeterReading.meter_id)
    last = {r.meter_id: r for r in session.scalars(select(MeterReading).where(MeterReading.id.in_(latest)))}
    return [(m, last.get(m.id)) for m in found]


def carrier_space(session: Any, carrier: Any) -> dict[str, Any]:
    """The carrier's buildings with lettable, let and vacant area, and what is vacant why."""
    on = clock.today()
    area, state = type_coerce(Unit.lettable_area, BigInteger), units.state_on(on)
    rows = session.execute(
        select(
            Building,
            func.count(Unit.id),
            func.sum(case((units.lettable_on(on), area), else_=0)),
            func.sum(case((state == "let", area), else_=0)),
            func.sum(case((state.in_(("vacant", "held")), area), else_=0)),
        )
        .outerjoin(Unit, (Unit.building_id == Building.id) & units.exists_on(on))
        .where(Building.carrier_id == carrier.id)
        .group_by(Building.id)
        .order_by(Building.code)
    ).all()
    found = [
        {"building": b, "units": n, "lettable": yuan(int(x or 0)), "let": yuan(int(y or 0)), "free": yuan(int(z or 0))}
        for b, n, x, y, z in rows
    ]
    total = {k: sum((r[k] for r in found), Decimal(0)) for k in ("lettable", "let", "free")}
    meters = session.scalar(select(func.count(Meter.id)).where(Meter.building_id.in_([r["building"].id for r in found]), Meter.active))
    return {
        "rows": found,
        "total": total,
        "rate": total["let"] / total["lettable"] if total["lettable"] else None,
        "on": on,
        "meters": meters,
    }


def unit_life(session: Any, unit: Unit) -> dict[str, Any]:
    """The unit's stretches of the last years, and the units it came from or became."""
    on = clock.today()
    first = max(unit.starts_on, on - timedelta(days=365 * YEARS))
    last = min(unit.ends_on or on, on)
    stretches = vacancy.timelines(session, [unit], first, last).get(unit.id, []) if first <= last else []
    return {
        "stretches": stretches[::-1],
        "lineage": units.lineage_of(session, unit),
        "unit": unit,
        "causes": c.CAUSES,
        "states": UNIT_STATES,
        "days_let": sum(s.days for s in stretches if s.what == "let"),
        "days": sum(s.days for s in stretches),
        "words": words(),
    }


def words() -> dict[str, tuple[Any, str]]:
    """(label, tone) of every kind of stretch."""
    return {
        "let": (_("Let"), "green"),
        "never_let": (_("Never let"), "red"),
        "between": (_("Between two leases"), "amber"),
        "after": (_("Left, not let again"), "amber"),
        "outage": (_("Outage"), "grey"),
        "held": (_("On hold"), "amber"),
        "reserved": (_("Reserved"), "violet"),
        "construction": (_("Under construction"), "grey"),
        "closed": (_("Building closed"), "grey"),
    }
