"""Computed columns and facts of space and meters. `context.today` is the day the list is looked at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, case, cast, func, literal, select, type_coerce

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.db.types import Area, Choices
from parkops.i18n import _, _l

from ..models.lease import Lease, LeaseUnit
from ..models.meters import MeterReading
from ..models.space import UNIT_STATES, Unit
from ..services import meters, units, vacancy

CAUSES = Choices(
    "leasing.vacancy_cause",
    ("never_let", _l("Never let"), "red"), ("after", _l("Left, not let again"), "amber"), ("outage", _l("Outage"), "grey"),
    ("held", _l("On hold"), "amber"), ("reserved", _l("Reserved"), "violet"), ("construction", _l("Under construction"), "grey"),
    ("closed", _l("Building closed"), "grey"),
)  # fmt: skip


def state(model: Any, context: Any) -> Any:
    """The unit's state today."""
    return units.state_on(context.today, model)


def cause(model: Any, context: Any) -> Any:
    """Why it is not let."""
    return vacancy.cause_on(context.today, model)


def days_vacant(model: Any, context: Any) -> Any:
    """Days of the present vacancy."""
    return vacancy.days_vacant(context.today, model)


def lost_rent(model: Any, context: Any) -> Any:
    """Rent lost at the asking price since then."""
    return vacancy.lost_rent(context.today, model)


def _tenancy(model: Any, context: Any, what: Any) -> Any:
    found = select(what).select_from(LeaseUnit).join(Lease, Lease.id == LeaseUnit.lease_id).join(Firm, Firm.id == Lease.firm_id)
    return found.where(LeaseUnit.unit_id == model.id, LeaseUnit.during.contains(context.today)).correlate(model).limit(1).scalar_subquery()


def tenant(model: Any, context: Any) -> Any:
    """Name of the firm that has it today."""
    return _tenancy(model, context, Firm.name)


def lease_ends(model: Any, context: Any) -> Any:
    """Agreed last day of the present lease."""
    return _tenancy(model, context, Lease.ends_on)


def building_units(model: Any, context: Any) -> Any:
    """Units of the building that exist today."""
    return (
        select(func.count(Unit.id)).where(Unit.building_id == model.id, units.exists_on(context.today)).correlate(model).scalar_subquery()
    )


def _area(model: Any, condition: Any) -> Any:
    total = select(func.sum(type_coerce(Unit.lettable_area, BigInteger))).where(Unit.building_id == model.id, condition).correlate(model)
    return type_coerce(cast(total.scalar_subquery(), BigInteger), Area())


def building_lettable(model: Any, context: Any) -> Any:
    """Lettable area today."""
    return _area(model, units.lettable_on(context.today))


def building_let(model: Any, context: Any) -> Any:
    """Area let today."""
    return _area(model, Unit.id.in_(units.let_ids(context.today)))


def hold_days_left(model: Any, context: Any) -> Any:
    """Days until the hold ends, the last day counted as 0."""
    return case((model.state.in_(("held", "queued")), cast(model.expires_on - context.today, Integer)), else_=None)


def soon_tone(value: Any) -> str:
    """Red when over, amber within three days."""
    return "grey" if value is None or value > 3 else "red" if value < 0 else "amber"


def days_unread(model: Any, context: Any) -> Any:
    """Days since the last reading (or since the device was put in); NULL when out of use."""
    return case((model.active.is_(True), cast(literal(context.today) - meters.last_read(model), Integer)), else_=None)


def last_value(model: Any, context: Any) -> Any:
    """What it showed last."""
    return (
        select(MeterReading.value)
        .where(MeterReading.meter_id == model.id)
        .order_by(MeterReading.read_on.desc())
        .limit(1)
        .correlate(model)
        .scalar_subquery()
    )


def meter_where(model: Any, context: Any) -> Any:
    """Code of the unit, empty for meters of the building."""
    return select(Unit.code).where(Unit.id == model.unit_id).correlate(model).scalar_subquery()


def unread_tone(value: Any) -> str:
    """Amber after a month, red after two."""
    return "grey" if value is None or value <= 31 else "red" if value > 62 else "amber"


def area_fact(session: Any, firm: Firm) -> tuple[Any, str | None]:
    """Area the firm has today."""
    total = session.scalar(
        select(func.sum(LeaseUnit.area))
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(Lease.firm_id == firm.id, LeaseUnit.during.contains(clock.today()))
    )
    return (f"{total:,.2f} ㎡", None) if total else ("", None)


def state_fact(session: Any, unit: Unit) -> tuple[Any, str | None]:
    """The unit's state in the header."""
    found = units.unit_states(session, clock.today(), [unit.id]).get(unit.id)
    return (UNIT_STATES.label(found), UNIT_STATES.tone(found)) if found else (_("Does not exist today"), "grey")


def tenant_fact(session: Any, unit: Unit) -> tuple[Any, str | None]:
    """Who has it today and until when."""
    row = units.tenant_rows(session, clock.today(), [unit.id]).get(unit.id)
    if row is None:
        return "", None
    return (f"{row.firm} · {row.ends_on.isoformat()}" if row.ends_on else row.firm), None
