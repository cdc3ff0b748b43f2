"""Units: what they are, what they are used for on a day (worked out, never typed), and their plain records. Rules S-01 to S-08."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from parkops import records
from parkops.db.base import Model
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.holds import Hold
from ..models.lease import Lease, LeaseUnit
from ..models.space import Building, Floor, Outage, Unit, UnitLineage

RESOURCE = "leasing.unit"
BY_STEPS = ("during", "ends_on")
AREAS = ("lettable_area", "built_area", "shared_area", "usable_area")
STATES = ("let", "out_of_use", "public", "reserved", "held", "under_construction", "vacant")


def exists_on(on: Any, unit: Any = Unit) -> Any:
    """SQL: the unit exists on the day."""
    return and_(unit.starts_on <= on, or_(unit.ends_on.is_(None), unit.ends_on >= on))


def let_ids(on: Any) -> Any:
    """Ids of units a signed lease occupies on the day."""
    return select(LeaseUnit.unit_id).where(LeaseUnit.during.contains(on))


def outage_ids(on: Any, causes: tuple[str, ...] = ()) -> Any:
    """Ids of units out of use on the day, for the given causes (default: any)."""
    query = select(Outage.unit_id).where(Outage.starts_on <= on, or_(Outage.ends_on.is_(None), Outage.ends_on >= on))
    return query.where(Outage.cause.in_(causes)) if causes else query


def reserved_ids(on: Any) -> Any:
    """Ids of units promised on the day: by an approved lease that awaits signing, or by one signed already that begins later."""
    promised = and_(Lease.state == "approved", or_(Lease.ends_on.is_(None), Lease.ends_on >= on))
    later = and_(LeaseUnit.during.is_not(None), func.lower(LeaseUnit.during) > on, Lease.signed_on <= on)
    return select(LeaseUnit.unit_id).join(Lease, Lease.id == LeaseUnit.lease_id).where(or_(promised, later))


def hold_on(on: Any, hold: Any = Hold) -> Any:
    """SQL: the hold was in force on the day."""
    return and_(hold.held_on <= on, hold.expires_on >= on, or_(hold.ended_on.is_(None), hold.ended_on > on))


def held_ids(on: Any) -> Any:
    """Ids of units held for somebody on the day."""
    return select(Hold.unit_id).where(hold_on(on))


def buildings_on(on: Any, state: str) -> Any:
    """Ids of buildings that are `unfinished` or `closed` on the day."""
    if state == "closed":
        return select(Building.id).where(
            or_(Building.closed_on <= on, and_(Building.construction == "closed", Building.closed_on.is_(None)))
        )
    unfinished = and_(Building.construction.in_(("planned", "building", "topped_out")), Building.completed_on.is_(None))
    return select(Building.id).where(or_(unfinished, Building.completed_on > on))


def state_on(on: Any, unit: Any = Unit) -> Any:
    """SQL expression of the state (one of `UNIT_STATES`); NULL on days on which the unit does not exist. S-05.

    The first that holds: let, out of use (outage, closed building), public service space, reserved, held, under construction,
    vacant. Every test is an uncorrelated `IN`, so the database hashes each list once whatever the number of units."""
    return case(
        (~exists_on(on, unit), None),
        (unit.id.in_(let_ids(on)), literal("let")),
        (or_(unit.id.in_(outage_ids(on)), unit.building_id.in_(buildings_on(on, "closed"))), literal("out_of_use")),
        (unit.kind == "public", literal("public")),
        (unit.id.in_(reserved_ids(on)), literal("reserved")),
        (unit.id.in_(held_ids(on)), literal("held")),
        (unit.building_id.in_(buildings_on(on, "unfinished")), literal("under_construction")),
        else_=literal("vacant"),
    )


def unit_states(session: Any, on: date, unit_ids: Any = None) -> dict[int, str]:
    """Unit id -> its state on the day, for the units that exist on it (one statement)."""
    query = select(Unit.id, state_on(on)).where(exists_on(on))
    if unit_ids is not None:
        query = query.where(Unit.id.in_(list(unit_ids)))
    return dict(session.execute(query).all())


def lettable_on(on: Any, unit: Any = Unit) -> Any:
    """SQL condition: the unit counts as lettable on the day (S-06): it exists, has area, its building stands and is not closed,
    it is no public service space, and the park does not use it itself. What is let counts always."""
    return and_(
        exists_on(on, unit),
        unit.lettable_area > 0,
        or_(
            unit.id.in_(let_ids(on)),
            and_(
                unit.kind != "public",
                unit.building_id.not_in(buildings_on(on, "unfinished")),
                unit.building_id.not_in(buildings_on(on, "closed")),
                unit.id.not_in(outage_ids(on, ("own_use",))),
            ),
        ),
    )


def lettable_area_on(session: Any, on: date, building_id: int | None = None) -> Decimal:
    """Total lettable area (㎡) on the day."""
    query = select(func.coalesce(func.sum(Unit.lettable_area), 0)).where(lettable_on(on))
    total = session.scalar(query if building_id is None else query.where(Unit.building_id == building_id))
    return Decimal(total).quantize(Decimal("0.01"))


def area_of(unit: Unit, on: date) -> Decimal | None:
    """The lettable area on the day; None when the unit did not exist."""
    return unit.lettable_area if unit.starts_on <= on and (unit.ends_on is None or unit.ends_on >= on) else None


def tenant_rows(session: Any, on: date, unit_ids: Any = None, building_id: int | None = None) -> dict[int, Any]:
    """Unit id -> (lease, firm name …) of the lease that occupies it on the day."""
    from modules.tenants.models.firm import Firm

    query = (
        select(
            LeaseUnit.unit_id,
            LeaseUnit.area,
            LeaseUnit.lease_id,
            Lease.number,
            Lease.firm_id,
            Lease.starts_on,
            Lease.ends_on,
            Lease.state,
            Firm.name.label("firm"),
        )
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .join(Firm, Firm.id == Lease.firm_id)
        .where(LeaseUnit.during.contains(on))
    )
    if unit_ids is not None:
        query = query.where(LeaseUnit.unit_id.in_(list(unit_ids)))
    if building_id is not None:
        query = query.where(LeaseUnit.unit_id.in_(select(Unit.id).where(Unit.building_id == building_id)))
    return {row.unit_id: row for row in session.execute(query)}


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        for name in (*AREAS, "list_price"):
            if values.get(name) is not None and values[name] < 0:
                problems.add("leasing.S-01", _l("This cannot be negative."), name)
        built, usable = values.get("built_area"), values.get("usable_area")
        if built is not None and usable is not None and usable > built:
            problems.add("leasing.S-01", _l("The usable area cannot exceed the built area; check both."), "usable_area")
        records.date_order(values, problems, "starts_on", "ends_on", _l("A unit cannot end before it begins."))
        floor = session.get(Floor, values["floor_id"])
        if floor is not None and floor.building_id != values["building_id"]:
            problems.add("leasing.S-02", _l("This floor belongs to another building; choose a floor of the unit's building."), "floor_id")
        check_code_free(
            session, problems, values["building_id"], values.get("code"), values.get("starts_on"), values.get("ends_on"), own_id
        )

    return check


def check_code_free(
    session: Any, problems: Problems, building_id: int, code: str | None, first: date | None, last: date | None, own_id: int | None = None
) -> None:
    """S-03: a code names one unit of a building on any day (the database refuses two as well)."""
    if code is None or first is None:
        return
    query = select(Unit.id).where(Unit.building_id == building_id, Unit.code == code, or_(Unit.ends_on.is_(None), Unit.ends_on >= first))
    query = query.where(Unit.starts_on <= last) if last is not None else query
    if session.scalar((query.where(Unit.id != own_id) if own_id is not None else query).limit(1)) is not None:
        problems.add("leasing.S-03", _l("The building has a unit %(code)s on these days already; choose another code.", code=code), "code")


def create_unit(
    session: Any,
    *,
    floor_id: int,
    code: str,
    kind: str,
    lettable_area: Decimal,
    starts_on: date,
    built_area: Decimal | None = None,
    shared_area: Decimal | None = None,
    usable_area: Decimal | None = None,
    incubation: bool = False,
    list_price: Decimal | None = None,
    certificate_no: str | None = None,
    ends_on: date | None = None,
    note: str | None = None,
) -> Unit:
    """Record a unit of a floor from `starts_on` on; the building is the floor's. S-01 areas, S-03 code."""
    floor = session.get(Floor, floor_id) if floor_id is not None else None
    values = {
        "floor_id": floor_id,
        "code": code,
        "kind": kind,
        "lettable_area": lettable_area,
        "starts_on": starts_on,
        "built_area": built_area,
        "shared_area": shared_area,
        "usable_area": usable_area,
        "incubation": bool(incubation),
        "list_price": list_price,
        "certificate_no": certificate_no,
        "ends_on": ends_on,
        "note": note,
    }
    if floor is None:
        access.require(session, RESOURCE, "add")
        problems = Problems()
        problems.add("record.no_such_record", _l("There is no such record in your parks."), "floor_id")
        problems.stop()
    return records.create(session, Unit, {**values, "building_id": floor.building_id}, _check(None))


def _history_stays(session: Any, unit: Unit, given: dict[str, Any], problems: Problems) -> None:
    """S-04: what a lease rests on is not changed afterwards."""
    new_area = given.get("lettable_area", unit.lettable_area)
    if new_area != unit.lettable_area and was_let(session, unit.id):
        problems.add(
            "leasing.S-04",
            _l(
                "This unit has been let with %(area)s ㎡; use “Measure again” so that the old area stays on record.",
                area=str(unit.lettable_area),
            ),
            "lettable_area",
        )
    if (
        "starts_on" in given
        and given["starts_on"] is not None
        and given["starts_on"] > unit.starts_on
        and was_let(session, unit.id, before=given["starts_on"])
    ):
        problems.add("leasing.S-04", _l("A lease covers earlier days of this unit; it cannot begin later."), "starts_on")


def change_unit(
    session: Any,
    unit: Unit,
    *,
    floor_id: Any = ...,
    code: Any = ...,
    kind: Any = ...,
    lettable_area: Any = ...,
    built_area: Any = ...,
    shared_area: Any = ...,
    usable_area: Any = ...,
    incubation: Any = ...,
    list_price: Any = ...,
    certificate_no: Any = ...,
    starts_on: Any = ...,
    note: Any = ...,
) -> Unit:
    """Correct a unit. S-04: the lettable area of a unit that was let is history; a new measurement begins a new unit instead."""
    given = {n: v for n, v in locals().items() if n not in ("session", "unit") and v is not ...}
    problems = Problems()
    _history_stays(session, unit, given, problems)
    if "floor_id" in given and given["floor_id"] is not None:
        floor = session.get(Floor, given["floor_id"])
        if floor is not None:
            given["building_id"] = floor.building_id
    problems.stop()
    return records.change(session, unit, given, _check(unit.id))


def was_let(session: Any, unit_id: int, before: date | None = None) -> bool:
    """Whether a signed lease covers the unit on any day (before `before`)."""
    query = select(exists().where(LeaseUnit.unit_id == unit_id, LeaseUnit.during.is_not(None)).select_from(LeaseUnit))
    if before is not None:
        query = select(exists().where(LeaseUnit.unit_id == unit_id, func.lower(LeaseUnit.during) < before).select_from(LeaseUnit))
    return bool(session.scalar(query))


def referrers(*skip: str) -> list[tuple[Any, Any]]:
    """Every (mapped class, column) that points to a unit, of all installed modules, from the metadata."""
    target = Unit.__table__.c.id
    out = []
    for mapper in Model.registry.mappers:
        table = mapper.local_table
        if Model.metadata.tables.get(getattr(table, "key", "")) is not table or mapper.class_.__name__ in skip:
            continue
        for column in table.columns:
            if any(key.references(Unit.__table__) and key.column is target for key in column.foreign_keys):
                out.append((mapper.class_, getattr(mapper.class_, mapper.get_property_by_column(column).key)))
    return sorted(out, key=lambda pair: (pair[0].__name__, pair[1].key))


def used_by(session: Any, unit_ids: list[int], *skip: str) -> list[str]:
    """Names of the kinds of records that refer to the units."""
    return sorted(
        {
            model.__resource__
            for model, column in referrers(*skip)
            if session.scalar(select(model.id).where(column.in_(unit_ids)).limit(1)) is not None
        }
    )


def remove_unit(session: Any, unit: Unit) -> None:
    """Remove a unit entered by mistake. S-08: a unit with any history ends instead."""
    access.require(session, RESOURCE, "remove")
    problems = Problems()
    used = used_by(session, [unit.id])
    if used:
        problems.add(
            "leasing.S-08", _l("Other records belong to this unit (%(kinds)s); end it instead of deleting it.", kinds=", ".join(used))
        )
    problems.stop()
    session.delete(unit)
    session.flush()


def covering(session: Any, unit_ids: list[int], on: date) -> list[tuple[str, str]]:
    """What is agreed about the units from `on` on: (unit code, sentence) for leases, promised leases and holds."""
    u = aliased(Unit)
    leases = (
        select(u.code, Lease.number)
        .join(LeaseUnit, LeaseUnit.unit_id == u.id)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(
            u.id.in_(unit_ids),
            or_(
                and_(LeaseUnit.during.is_not(None), or_(func.upper_inf(LeaseUnit.during), func.upper(LeaseUnit.during) > on)),
                and_(LeaseUnit.during.is_(None), Lease.state.in_(("submitted", "approved"))),
            ),
        )
    )
    found = [
        (code, _l("Lease %(number)s covers %(unit)s on that day or later; amend the lease first.", number=number, unit=code))
        for code, number in session.execute(leases)
    ]
    holds = (
        select(u.code, Hold.expires_on)
        .join(Hold, Hold.unit_id == u.id)
        .where(u.id.in_(unit_ids), Hold.state.in_(("held", "queued")), Hold.expires_on >= on)
    )
    return found + [
        (code, _l("%(unit)s is held until %(day)s; release the hold first.", unit=code, day=day.isoformat()))
        for code, day in session.execute(holds)
    ]


def end_unit(session: Any, unit: Unit, *, on: date, reason: str) -> Unit:
    """The unit no longer exists after `on` (its last day). S-07: refused while a lease or hold reaches beyond."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if unit.ends_on is not None:
        problems.add("leasing.S-07", _l("This unit ended on %(day)s already.", day=unit.ends_on.isoformat()))
    if on < unit.starts_on:
        problems.add("leasing.S-07", _l("The unit begins on %(day)s; choose a later day.", day=unit.starts_on.isoformat()), "on")
    for _code, sentence in covering(session, [unit.id], on + timedelta(days=1)):
        problems.add("leasing.S-07", sentence)
    problems.stop()
    unit.ends_on = on
    unit.note = f"{unit.note}\n{reason}" if unit.note else reason
    session.flush()
    return unit


def why_not_end(session: Any, unit: Unit) -> str | None:
    """Guard of the buttons that end a unit."""
    return _("This unit has ended; open the units that came from it.") if unit.ends_on is not None else None


def lineage_of(session: Any, unit: Unit) -> list[UnitLineage]:
    """The lines in which the unit is parent or child, oldest first."""
    return list(
        session.scalars(
            select(UnitLineage).where(or_(UnitLineage.parent_id == unit.id, UnitLineage.child_id == unit.id)).order_by(UnitLineage.id)
        )
    )
