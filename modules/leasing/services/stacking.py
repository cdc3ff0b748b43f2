"""What the stacking plan shows: floors top-down, units with state, tenant, rent and what is agreed; totals. Few statements a building."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, case, func, select, type_coerce

from modules.billing.models.catalogue import ChargeItem
from parkops.money import round_fen, yuan
from parkops.security import access

from .. import calc_space
from ..models.holds import Hold
from ..models.lease import Lease, LeaseDue, LeaseLine, LeaseUnit
from ..models.space import Building, Floor, Outage, Unit
from . import units

REPORTED = ("let", "reserved", "held", "vacant", "out_of_use", "public", "under_construction")


@dataclass
class Cell:
    """A unit as drawn. `rent` is the month's rent in yuan and `rent_sqm` per ㎡, None when unknown or not let."""

    unit: Unit
    state: str
    lease: Any = None
    band: str | None = None
    rent: Decimal | None = None
    rent_sqm: Decimal | None = None
    hold: Hold | None = None
    outage: Outage | None = None
    coming: Any = None  # the promised lease of a reserved unit
    queue: int = 0


@dataclass
class Storey:
    floor: Floor
    cells: list[Cell] = field(default_factory=list)

    def area(self, *states: str) -> Decimal:
        return sum((c.unit.lettable_area for c in self.cells if not states or c.state in states), Decimal(0))


@dataclass
class Plan:
    building: Building
    on: date
    storeys: list[Storey]
    lettable: Decimal  # what occupancy counts (units.lettable_on)

    @property
    def cells(self) -> list[Cell]:
        return [c for s in self.storeys for c in s.cells]

    def area(self, *states: str) -> Decimal:
        return sum((s.area(*states) for s in self.storeys), Decimal(0))

    def totals(self) -> list[tuple[str, int, Decimal]]:
        """(state, units, area) of every state that occurs."""
        return [(state, n, self.area(state)) for state in REPORTED if (n := sum(c.state == state for c in self.cells))]


def monthly(due: Any = LeaseDue) -> Any:
    """SQL: an instalment as fen per month (its amount over the months of its period; odd days count as thirtieths)."""
    age = func.age(due.period_to + 1, due.period_from)
    months = func.extract("year", age) * 12 + func.extract("month", age)
    return type_coerce(due.amount, BigInteger) * 30 / func.nullif(months * 30 + func.extract("day", age), 0)


def rents(on: date, lease_ids: Any) -> Any:
    """Select (lease_id, unit_id or NULL, fen per month) of the rent lines' instalments that cover the day."""
    return (
        select(LeaseDue.lease_id, LeaseLine.unit_id, func.sum(monthly()).label("fen"))
        .join(LeaseLine, LeaseLine.id == LeaseDue.line_id)
        .join(ChargeItem, ChargeItem.id == LeaseLine.item_id)
        .where(
            ChargeItem.rent.is_(True),
            LeaseDue.kind.in_(("charge", "discount")),
            LeaseDue.period_from <= on,
            LeaseDue.period_to >= on,
            LeaseDue.lease_id.in_(lease_ids),
        )
        .group_by(LeaseDue.lease_id, LeaseLine.unit_id)
    )


def unit_rents(session: Any, on: date, lease_ids: list[int]) -> dict[tuple[int, int], Decimal]:
    """(lease, unit) -> yuan per month; what a lease charges for all its units goes by their area."""
    if not lease_ids:
        return {}
    areas: dict[int, dict[int, Decimal]] = defaultdict(dict)
    for lease, unit, area in session.execute(
        select(LeaseUnit.lease_id, LeaseUnit.unit_id, LeaseUnit.area).where(LeaseUnit.lease_id.in_(lease_ids))
    ):
        areas[lease][unit] = area
    out: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for lease, unit, fen in session.execute(rents(on, lease_ids)):
        if unit is not None:
            out[lease, unit] += Decimal(fen)
            continue
        whole = sum(areas[lease].values(), Decimal(0))
        for one, area in areas[lease].items():
            out[lease, one] += Decimal(fen) * area / whole
    return {key: round_fen(fen / 100) for key, fen in out.items()}


def plan_of(session: Any, building: Building, on: date) -> Plan:
    """The building on the day: ten statements whatever its size. Units that were never let are shown like all others."""
    access.require(session, "leasing.unit", "read")
    floors = list(session.scalars(select(Floor).where(Floor.building_id == building.id).order_by(Floor.level.desc())))
    rows = session.execute(
        select(Unit, units.state_on(on)).where(Unit.building_id == building.id, units.exists_on(on)).order_by(Unit.code)
    ).all()
    cells = {unit.id: Cell(unit, state) for unit, state in rows}
    _tenants(session, cells, building, on)
    _agreed(session, cells, on)
    by_floor = {f.id: Storey(f) for f in floors}
    for cell in cells.values():
        by_floor[cell.unit.floor_id].cells.append(cell)
    return Plan(building, on, list(by_floor.values()), units.lettable_area_on(session, on, building.id))


def _tenants(session: Any, cells: dict[int, Cell], building: Building, on: date) -> None:
    tenants = units.tenant_rows(session, on, building_id=building.id)
    money = unit_rents(session, on, sorted({t.lease_id for t in tenants.values()})) if access.may(session, "leasing.lease", "read") else {}
    for unit_id, row in tenants.items():
        cell = cells.get(unit_id)
        if cell is None:
            continue
        cell.lease, cell.band = row, calc_space.expiry_band(on, row.ends_on, row.state)
        cell.rent = money.get((row.lease_id, unit_id))
        if cell.rent is not None and row.area:
            cell.rent_sqm = round_fen(cell.rent / row.area)


def _agreed(session: Any, cells: dict[int, Cell], on: date) -> None:
    ids = list(cells)
    for hold in session.scalars(select(Hold).where(Hold.unit_id.in_(ids), units.hold_on(on))):
        cells[hold.unit_id].hold = hold
    for unit_id, n in session.execute(
        select(Hold.unit_id, func.count()).where(Hold.unit_id.in_(ids), Hold.state == "queued").group_by(Hold.unit_id)
    ):
        cells[unit_id].queue = n
    for outage in session.scalars(
        select(Outage).where(
            Outage.unit_id.in_(ids),
            Outage.id.in_(select(Outage.id).where(Outage.starts_on <= on, (Outage.ends_on.is_(None)) | (Outage.ends_on >= on))),
        )
    ):
        cells[outage.unit_id].outage = outage
    reserved = [c.unit.id for c in cells.values() if c.state == "reserved"]
    if reserved:
        for row in coming(session, reserved, on):
            cells[row.unit_id].coming = row


def coming(session: Any, unit_ids: list[int], on: date) -> list[Any]:
    """The promised leases of reserved units: (unit_id, lease_id, number, starts_on, firm)."""
    from modules.tenants.models.firm import Firm

    query = (
        select(LeaseUnit.unit_id, Lease.id.label("lease_id"), Lease.number, Lease.starts_on, Lease.ends_on, Firm.name.label("firm"))
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .join(Firm, Firm.id == Lease.firm_id)
        .where(
            LeaseUnit.unit_id.in_(unit_ids), Lease.state.in_(("approved", "running")), (Lease.state == "approved") | (Lease.starts_on > on)
        )
    )
    return session.execute(query.order_by(Lease.starts_on.desc())).all()


def building_list(session: Any, on: date) -> list[dict[str, Any]]:
    """Every building with its units' areas by state: for the list at the left (one statement)."""
    state = units.state_on(on)
    area = type_coerce(Unit.lettable_area, BigInteger)
    inside = (
        select(
            Unit.building_id,
            func.count(Unit.id).label("units"),
            func.sum(area).label("area"),
            func.sum(case((state == "let", area), else_=0)).label("let"),
            func.sum(case((state.in_(("vacant", "held")), area), else_=0)).label("free"),
        )
        .where(units.exists_on(on))
        .group_by(Unit.building_id)
        .subquery()
    )
    query = (
        select(Building, inside.c.units, inside.c.area, inside.c.let, inside.c.free)
        .outerjoin(inside, inside.c.building_id == Building.id)
        .order_by(Building.code)
    )
    return [
        {"building": b, "units": n or 0, "area": yuan(int(area or 0)), "let": yuan(int(let or 0)), "free": yuan(int(free or 0))}
        for b, n, area, let, free in session.execute(query)
    ]
