"""The walk round a building: what to read in which order, and keeping what is right while naming what is not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from parkops import todos
from parkops.errors import RuleError
from parkops.i18n import _
from parkops.security import access

from ..models.meters import Meter, MeterDevice, MeterReading
from ..models.space import Building
from . import meters, readings, units


@dataclass
class Row:
    """A meter on the walk: the device of the day, what it showed last, who has the unit, and today's reading when it is there."""

    meter: Meter
    device: MeterDevice | None
    last: readings.Last | None
    tenant: str
    done: MeterReading | None


def buildings(session: Any, on: date) -> list[dict[str, Any]]:
    """Buildings with meters: how many are in use and how many were read this month."""
    this_month = select(MeterReading.meter_id).where(MeterReading.read_on >= on.replace(day=1), MeterReading.read_on <= on)
    query = (
        select(Building, func.count(Meter.id), func.count(Meter.id).filter(Meter.id.in_(this_month)))
        .join(Meter, Meter.building_id == Building.id)
        .where(Meter.active)
        .group_by(Building.id)
        .order_by(Building.code)
    )
    return [{"building": b, "meters": n, "read": done} for b, n, done in session.execute(query)]


def rows(session: Any, building: Building, on: date, kind: str | None = None) -> list[Row]:
    """The meters of the walk: by place in the round, then code. Five statements whatever their number."""
    access.require(session, "leasing.meter", "read")
    query = select(Meter).where(Meter.building_id == building.id, Meter.active).options(selectinload(Meter.unit))
    query = query.where(Meter.kind == kind) if kind else query
    found = list(session.scalars(query.order_by(Meter.position, Meter.kind, Meter.code)))
    ids = [m.id for m in found]
    devices = {
        d.meter_id: d
        for d in session.scalars(
            select(MeterDevice).where(MeterDevice.meter_id.in_(ids), MeterDevice.starts_on <= on).order_by(MeterDevice.starts_on)
        )
        if d.ends_on is None or d.ends_on >= on
    }
    mine = select(MeterReading).where(MeterReading.device_id.in_([d.id for d in devices.values()]))
    today = {r.meter_id: r for r in session.scalars(mine.where(MeterReading.read_on == on))}
    newest = (
        mine.where(MeterReading.read_on < on).distinct(MeterReading.device_id).order_by(MeterReading.device_id, MeterReading.read_on.desc())
    )
    before = {r.device_id: r for r in session.scalars(newest)}
    tenants = units.tenant_rows(session, on, building_id=building.id)
    return [_row(m, devices.get(m.id), before, tenants.get(m.unit_id), today.get(m.id)) for m in found]


def _row(meter: Meter, device: MeterDevice | None, before: dict[int, MeterReading], tenant: Any, done: MeterReading | None) -> Row:
    last = readings.as_last(before.get(device.id), device) if device is not None else None
    return Row(meter, device, last, tenant.firm if tenant is not None else "", done)


def record_round(session: Any, typed: list[dict[str, Any]], *, on: date) -> tuple[int, dict[int, str]]:
    """Record every reading that is right, each in a savepoint of its own; (how many, meter id -> why not).

    A reading that is there already with the same value was kept by an earlier press of the button and is passed over."""
    kept, refused = 0, {}
    for row in typed:
        if _there(session, row, on):
            continue
        try:
            with session.begin_nested():
                readings.record_reading(session, read_on=on, **row)
            kept += 1
        except RuleError as e:
            refused[row["meter_id"]] = str(e)
    return kept, refused


def _there(session: Any, row: dict[str, Any], on: date) -> bool:
    device = meters.device_on(session, row["meter_id"], on)
    found = readings.latest(session, device.id) if device is not None else None
    if found is None or found.read_on != on:
        return False
    total = row["value"] if "value" in row else sum((row[n] or Decimal(0) for n in readings.NAMES), Decimal(0))
    return found.value == total


def remind_due(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """The daily job: one open to-do per building with meters due to be read; it is done once they are."""
    due: dict[int, int] = Counter(m.building_id for m in meters.due_meters(session, on, park_id))
    for building in session.scalars(select(Building).where(Building.id.in_(due))):
        todos.add(session, building, _("%(n)s meters to be read", n=due[building.id]), due_on=on, key=f"meters:{building.id}")
    query = select(todos.Todo).where(todos.Todo.key.like("meters:%"), ~todos.Todo.is_done, todos.Todo.resource == "leasing.building")
    query = query.where(todos.Todo.park_id == park_id) if park_id is not None else query
    return {"buildings": len(due), "closed": todos.close(session, keys=[t.key for t in session.scalars(query) if t.record_id not in due])}
