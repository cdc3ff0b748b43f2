"""Meters and the devices at them: plain records, replacement with history, and which are due to be read. Rules M-03 to M-06."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from parkops import records, settings
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.meters import Meter, MeterDevice, MeterReading, ShareRule
from ..models.space import Unit
from . import readings

RESOURCE = "leasing.meter"


def create_meter(
    session: Any,
    *,
    code: str,
    kind: str,
    building_id: int,
    starts_on: date,
    unit_id: int | None = None,
    parent_id: int | None = None,
    registers: str = "single",
    position: int = 0,
    place: str | None = None,
    charged: bool = True,
    serial: str | None = None,
    multiplier: Decimal = Decimal(1),
    digits: int = 6,
    start_value: Decimal = Decimal(0),
) -> Meter:
    """Record a measuring point and the device that sits at it since `starts_on` and then showed `start_value`."""
    values = {
        "code": code,
        "kind": kind,
        "building_id": building_id,
        "unit_id": unit_id,
        "parent_id": parent_id,
        "registers": registers,
        "position": position,
        "place": place,
        "charged": charged,
    }
    meter = records.create(session, Meter, values, _check(None))
    add_device(session, meter, starts_on=starts_on, serial=serial, multiplier=multiplier, digits=digits, start_value=start_value)
    return meter


def add_device(
    session: Any,
    meter: Meter,
    *,
    starts_on: date,
    serial: str | None,
    multiplier: Decimal,
    digits: int,
    start_value: Decimal,
    registers: tuple[Decimal, Decimal, Decimal] | None = None,
) -> MeterDevice:
    """The device from `starts_on` on. M-04: it fits its counter, the multiplier is above zero."""
    problems = Problems()
    if multiplier is None or multiplier <= 0:
        problems.add("leasing.M-04", _l("The multiplier must be above zero; a meter without transformer has 1."), "multiplier")
    if digits is None or not 3 <= digits <= 10:
        problems.add("leasing.M-04", _l("A counter has 3 to 10 digits before the point."), "digits")
    elif not 0 <= start_value < Decimal(10) ** digits:
        problems.add("leasing.M-04", _l("The first reading does not fit a counter of %(n)s digits.", n=digits), "start_value")
    problems.stop()
    peak = flat = valley = None
    if meter.registers == "pfv":
        peak, flat, valley = registers or (Decimal(0), Decimal(0), Decimal(0))
        start_value = peak + flat + valley
    device = MeterDevice(
        park_id=meter.park_id,
        meter_id=meter.id,
        serial=serial,
        multiplier=multiplier,
        digits=digits,
        starts_on=starts_on,
        start_value=start_value,
        start_peak=peak,
        start_flat=flat,
        start_valley=valley,
    )
    session.add(device)
    session.flush()
    return device


def change_meter(
    session: Any,
    meter: Meter,
    *,
    code: str,
    unit_id: int | None = None,
    parent_id: int | None = None,
    position: int = 0,
    place: str | None = None,
    charged: bool = True,
    active: bool = True,
) -> Meter:
    """Change a measuring point; what it measures and where its device began stay. M-05: a meter that was charged keeps its unit."""
    values = {n: v for n, v in locals().items() if n not in ("session", "meter")}
    if unit_id != meter.unit_id and readings.charged_ids(session, meter.id):
        problems = Problems()
        problems.add(
            "leasing.M-05", _l("Usage of this meter was charged; take it out of use and record a new meter for the other unit."), "unit_id"
        )
        problems.stop()
    return records.change(session, meter, values, _check(meter.id))


def remove_meter(session: Any, meter: Meter) -> None:
    """Delete a meter entered by mistake: never read, nothing below it."""
    access.require(session, RESOURCE, "remove")
    problems = Problems()
    for model, column, sentence in (
        (MeterReading, MeterReading.meter_id, _l("This meter has readings; take it out of use instead.")),
        (Meter, Meter.parent_id, _l("Sub-meters hang on this meter; move them first.")),
        (ShareRule, ShareRule.meter_id, _l("A shared-cost rule rests on this meter; delete that first.")),
    ):
        if session.scalar(select(model.id).where(column == meter.id).limit(1)) is not None:
            problems.add("record.in_use", sentence)
    problems.stop()
    for device in session.scalars(select(MeterDevice).where(MeterDevice.meter_id == meter.id)):
        session.delete(device)
    session.flush()
    session.delete(meter)
    session.flush()


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        unit = session.get(Unit, values["unit_id"]) if values.get("unit_id") else None
        if unit is not None and unit.building_id != values["building_id"]:
            problems.add("leasing.M-03", _l("This unit stands in another building; choose one of the meter's building."), "unit_id")
        if values.get("registers") == "pfv" and values["kind"] != "electricity":
            problems.add("leasing.M-03", _l("Only electricity meters tell peak, flat and valley apart."), "registers")
        parent = session.get(Meter, values["parent_id"]) if values.get("parent_id") else None
        if parent is None:
            return
        if parent.kind != values["kind"]:
            problems.add("leasing.M-03", _l("The main meter measures something else; choose one of the same kind."), "parent_id")
        if own_id is not None and own_id in chain(session, parent):
            problems.add("leasing.M-03", _l("This meter lies above that one; a meter cannot be its own main meter."), "parent_id")

    return check


def chain(session: Any, meter: Meter | None) -> list[int]:
    """The meter and those above it."""
    out: list[int] = []
    while meter is not None and meter.id not in out:
        out.append(meter.id)
        meter = session.get(Meter, meter.parent_id) if meter.parent_id else None
    return out


def device_on(session: Any, meter_id: int, on: date) -> MeterDevice | None:
    """The device a reading of the day belongs to: put in before it, not taken out earlier."""
    return session.scalar(
        select(MeterDevice)
        .where(MeterDevice.meter_id == meter_id, MeterDevice.starts_on <= on, or_(MeterDevice.ends_on.is_(None), MeterDevice.ends_on >= on))
        .order_by(MeterDevice.starts_on.desc())
        .limit(1)
    )


def replace_device(
    session: Any,
    meter: Meter,
    *,
    on: date,
    end_value: Decimal,
    start_value: Decimal = Decimal(0),
    serial: str | None = None,
    multiplier: Decimal | None = None,
    digits: int | None = None,
    reason: str | None = None,
) -> MeterDevice:
    """M-06: the old device gets its last reading on `on` and leaves, the new one begins there; usage up to the day is not lost."""
    access.require(session, RESOURCE, "change")
    old = session.scalar(select(MeterDevice).where(MeterDevice.meter_id == meter.id, MeterDevice.ends_on.is_(None)).with_for_update())
    problems = Problems()
    if old is None:
        problems.add("leasing.M-06", _l("This meter has no device; it is out of use."))
    elif on <= old.starts_on:
        problems.add("leasing.M-06", _l("The device was put in on %(day)s; choose a later day.", day=old.starts_on.isoformat()), "on")
    problems.stop()
    last = readings.latest(session, old.id)
    if meter.registers == "pfv" and (last is None or last.read_on != on):
        problems.add("leasing.M-06", _l("Record the last reading of its three registers on that day first, then replace it."), "end_value")
    problems.stop()
    if last is None or last.read_on != on:
        readings.record_reading(session, meter_id=meter.id, read_on=on, value=end_value, kind="final", reason=reason)
    old.ends_on, old.end_value = on, end_value
    session.flush()
    return add_device(
        session,
        meter,
        starts_on=on,
        serial=serial,
        multiplier=multiplier or old.multiplier,
        digits=digits or old.digits,
        start_value=start_value,
    )


def replace_by_form(
    session: Any,
    meter: Meter,
    *,
    on: date,
    end_value: Decimal,
    start_value: Decimal = Decimal(0),
    serial: str | None = None,
    multiplier: Decimal | None = None,
) -> str:
    """The button."""
    replace_device(session, meter, on=on, end_value=end_value, start_value=start_value, serial=serial, multiplier=multiplier)
    return _("The device was replaced; its last reading is on record.")


def why_not_replace(session: Any, meter: Meter) -> str | None:
    """Guard of the button."""
    found = session.scalar(select(MeterDevice.id).where(MeterDevice.meter_id == meter.id, MeterDevice.ends_on.is_(None)))
    return None if found is not None else _("This meter has no device; it is out of use.")


def last_read(meter: Any = Meter) -> Any:
    """SQL: day of the last reading, else the day its device was put in (correlated)."""
    read = select(func.max(MeterReading.read_on)).where(MeterReading.meter_id == meter.id).correlate(meter).scalar_subquery()
    begun = select(func.min(MeterDevice.starts_on)).where(MeterDevice.meter_id == meter.id).correlate(meter).scalar_subquery()
    return func.coalesce(read, begun)


def due_meters(session: Any, on: date, park_id: int | None = None) -> list[Meter]:
    """Meters in use that were not read for `leasing.reading_interval_days` days."""
    days = settings.get(session, "leasing.reading_interval_days", park_id)
    query = select(Meter).where(Meter.active, last_read() <= on - timedelta(days=days))
    return list(session.scalars(query.where(Meter.park_id == park_id) if park_id is not None else query))
