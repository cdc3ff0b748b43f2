"""Readings: what a device showed, checked against the last one, and what follows as usage. Rules M-07 to M-11."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.models.charge import Charge
from parkops import records, settings
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_meters
from ..models.meters import Meter, MeterDevice, MeterReading, ShareSheet

RESOURCE = "leasing.meter_reading"
NAMES = ("peak", "flat", "valley")


@dataclass(frozen=True)
class Last:
    """What a device showed last: the day, the counters and the usage of that stretch (None at the beginning)."""

    on: date
    value: Decimal
    registers: tuple[Decimal, Decimal, Decimal] | None
    usage: Decimal | None = None
    days: int = 0


def latest(session: Any, device_id: int) -> MeterReading | None:
    """The device's last reading."""
    return session.scalar(select(MeterReading).where(MeterReading.device_id == device_id).order_by(MeterReading.read_on.desc()).limit(1))


def last_of(session: Any, device: MeterDevice) -> Last:
    """The last reading, else what it showed when put in."""
    return as_last(latest(session, device.id), device)


def record_reading(
    session: Any,
    *,
    meter_id: int,
    read_on: date,
    value: Decimal | None = None,
    peak: Decimal | None = None,
    flat: Decimal | None = None,
    valley: Decimal | None = None,
    kind: str = "round",
    rolled_over: bool = False,
    reason: str | None = None,
) -> MeterReading:
    """What the device showed at the end of the day. M-07 order of days, M-08 lower than the last, M-09 large jump, M-10 registers."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    meter = session.get(Meter, meter_id) if meter_id is not None else None
    if meter is None:
        problems.add("record.no_such_record", _l("There is no such record in your parks."), "meter_id")
    records.not_future({"read_on": read_on}, problems, ["read_on"])
    problems.stop()
    session.execute(select(Meter.id).where(Meter.id == meter.id).with_for_update())
    device, last = _device_and_last(session, meter, read_on, problems)
    made = _usage(meter, device, last, value, (peak, flat, valley), rolled_over, problems)
    if made is not None:
        _plausible(session, meter, last, read_on, made[1].total, rolled_over, (reason or "").strip(), problems)
    problems.stop()
    row = MeterReading(
        park_id=meter.park_id,
        meter_id=meter.id,
        device_id=device.id,
        kind=kind,
        from_on=last.on,
        read_on=read_on,
        reader_name=scope_of(session).user_name,
    )
    return _fill(session, row, meter, made, (peak, flat, valley), rolled_over, reason)


def _device_and_last(session: Any, meter: Meter, read_on: date, problems: Problems) -> tuple[MeterDevice, Last]:
    """M-07: the device of that day and its last reading, which must be earlier."""
    from . import meters

    device = meters.device_on(session, meter.id, read_on)
    if device is None or not meter.active:
        problems.add("leasing.M-07", _l("This meter has no device on that day, or is out of use."), "read_on")
        problems.stop()
    last = last_of(session, device)
    if read_on <= last.on:
        problems.add("leasing.M-07", _l("The last reading is of %(day)s; a new one must be later.", day=last.on.isoformat()), "read_on")
    problems.stop()
    return device, last


def _usage(
    meter: Meter, device: MeterDevice, last: Last, value: Decimal | None, registers: Any, rolled_over: bool, problems: Problems
) -> tuple[Decimal, calc_meters.Usage] | None:
    """(total shown, usage); None with a problem added."""
    pairs = [("value", last.value, value)]
    if meter.registers == "pfv":
        pairs = [(name, before, after) for name, before, after in zip(NAMES, last.registers, registers, strict=True)]
    parts = []
    for name, before, after in pairs:
        if after is None:
            problems.add("leasing.M-10", _l("Enter what this register shows."), name)
            continue
        try:
            parts.append(calc_meters.usage_of(before, after, multiplier=device.multiplier, digits=device.digits, rolled_over=rolled_over))
        except ValueError:
            if not 0 <= after < Decimal(10) ** device.digits:
                problems.add("leasing.M-08", _l("The counter has %(n)s digits; this reading does not fit it.", n=device.digits), name)
            else:
                problems.add(
                    "leasing.M-08",
                    _l(
                        "Lower than the last reading of %(last)s; correct it, or say that the counter passed zero.",
                        last=f"{before.normalize():f}",
                    ),
                    name,
                )
    if problems.found:
        return None
    if meter.registers == "pfv":
        return sum(registers, Decimal(0)), calc_meters.Usage(sum(parts, Decimal(0)), *parts)
    return value, calc_meters.Usage(parts[0])


def _plausible(
    session: Any, meter: Meter, last: Last, read_on: date, usage: Decimal, rolled_over: bool, reason: str, problems: Problems
) -> None:
    if rolled_over and not reason:
        problems.add("leasing.M-08", _l("Say in the reason that the counter passed zero."), "reason")
    limit = settings.get(session, "leasing.reading_jump_percent", meter.park_id)
    percent = calc_meters.jump_percent(usage, (read_on - last.on).days, last.usage, last.days)
    if percent is not None and percent > limit and not reason:
        problems.add(
            "leasing.M-09",
            _l(
                "Usage per day differs by %(percent)s percent from the last time (%(usage)s); check the reading or give the reason.",
                percent=percent,
                usage=f"{last.usage.normalize():f}",
            ),
            "reason",
        )


def _fill(session: Any, row: MeterReading, meter: Meter, made: Any, registers: Any, rolled_over: bool, reason: str | None) -> MeterReading:
    row.value, usage = made
    if meter.registers == "pfv":
        row.peak, row.flat, row.valley = registers
    row.usage, row.usage_peak, row.usage_flat, row.usage_valley = usage.total, usage.peak, usage.flat, usage.valley
    row.rolled_over, row.reason = rolled_over, (reason or "").strip()[:300] or None
    session.add(row)
    session.flush()
    return row


def charged_ids(session: Any, meter_id: int) -> set[int]:
    """Readings of the meter that charges rest on."""
    mine = select(MeterReading.id).where(MeterReading.meter_id == meter_id)
    direct = select(Charge.source_id).where(Charge.source == "leasing.meter_reading", Charge.source_id.in_(mine))
    shared = select(ShareSheet.reading_id).where(ShareSheet.reading_id.in_(mine), ShareSheet.state != "discarded")
    return set(session.scalars(direct)) | set(session.scalars(shared))


def correct_reading(
    session: Any,
    reading: MeterReading,
    *,
    value: Decimal | None = None,
    peak: Decimal | None = None,
    flat: Decimal | None = None,
    valley: Decimal | None = None,
    rolled_over: bool = False,
    reason: str | None = None,
) -> MeterReading:
    """M-11: only the device's last reading, and only while nothing was charged for it; the old value stays in the audit trail."""
    access.require(session, RESOURCE, "change")
    _may_change(session, reading)
    meter, device = reading.meter, reading.device
    before = session.scalar(
        select(MeterReading)
        .where(MeterReading.device_id == device.id, MeterReading.read_on < reading.read_on)
        .order_by(MeterReading.read_on.desc())
        .limit(1)
    )
    last = as_last(before, device)
    problems = Problems()
    made = _usage(meter, device, last, value, (peak, flat, valley), rolled_over, problems)
    if made is not None:
        _plausible(session, meter, last, reading.read_on, made[1].total, rolled_over, (reason or "").strip(), problems)
    problems.stop()
    return _fill(session, reading, meter, made, (peak, flat, valley), rolled_over, reason)


def as_last(row: MeterReading | None, device: MeterDevice) -> Last:
    """A reading, or what the device showed when put in, as the last one."""
    if row is None:
        start = (device.start_peak, device.start_flat, device.start_valley)
        return Last(device.starts_on, device.start_value, None if device.start_peak is None else start)
    registers = None if row.peak is None else (row.peak, row.flat, row.valley)
    return Last(row.read_on, row.value, registers, row.usage, (row.read_on - row.from_on).days)


def _may_change(session: Any, reading: MeterReading) -> None:
    problems = Problems()
    why = why_not_change(session, reading)
    if why:
        problems.add("leasing.M-11", why)
    problems.stop()


def why_not_change(session: Any, reading: MeterReading) -> str | None:
    """Guard of the buttons."""
    if reading.id in charged_ids(session, reading.meter_id):
        return _("This reading was charged or shared out; record the next reading right, and credit the bill if money must go back.")
    if latest(session, reading.device_id).id != reading.id or reading.device.ends_on is not None:
        return _("Later readings rest on this one; correct the last one first.")
    return None


def remove_reading(session: Any, reading: MeterReading) -> None:
    """Delete a wrong reading: the last of its device, nothing charged for it."""
    access.require(session, RESOURCE, "remove")
    _may_change(session, reading)
    session.delete(reading)
    session.flush()
