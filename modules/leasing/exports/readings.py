"""Import of meter readings: meter, day, reading; usage follows as on the screen."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import settings
from parkops.i18n import _l
from parkops.importing import ImportField, ImportKind, ImportRow

from .. import calc_meters
from ..models.meters import Meter, MeterDevice, MeterReading
from ..services import readings


def prepare(session: Any, rows: list[ImportRow], on: date) -> None:
    """Device and usage of every row, in the order of days; the rules of the screen (M-07 to M-10). Few statements a chunk."""
    codes = {r.values["meter_id"] for r in rows}
    meters = {m.code: m for m in session.scalars(select(Meter).where(Meter.code.in_(codes)))}
    devices: dict[int, list[MeterDevice]] = defaultdict(list)
    for d in session.scalars(select(MeterDevice).where(MeterDevice.meter_id.in_([m.id for m in meters.values()]))):
        devices[d.meter_id].append(d)
    known: dict[int, dict[date, MeterReading]] = defaultdict(dict)
    ids = [d.id for group in devices.values() for d in group]
    for reading in session.scalars(select(MeterReading).where(MeterReading.device_id.in_(ids))):
        known[reading.device_id][reading.read_on] = reading
    last = {d.id: readings.as_last(known[d.id][max(known[d.id])] if known[d.id] else None, d) for group in devices.values() for d in group}
    for row in sorted(rows, key=lambda r: r.values["read_on"]):
        _one(session, row, meters, devices, known, last, on)


def _one(session: Any, row: ImportRow, meters: Any, devices: Any, known: Any, last: Any, on: date) -> None:
    v = row.values
    meter = meters.get(v["meter_id"])
    if meter is None:
        return row.refuse(
            "leasing.M-07", _l("There is no meter %(code)s; correct the number or record the meter.", code=v["meter_id"]), "meter_id"
        )
    if v["read_on"] > on:
        return row.refuse("record.future_date", _l("This date lies in the future. Enter the day it happened."), "read_on")
    if meter.registers == "pfv":
        return row.refuse("leasing.M-10", _l("This meter has three registers; enter its readings on the screen."), "value")
    device = next((d for d in devices[meter.id] if d.starts_on <= v["read_on"] and (d.ends_on is None or d.ends_on >= v["read_on"])), None)
    if device is None:
        return row.refuse("leasing.M-07", _l("This meter has no device on that day, or is out of use."), "read_on")
    v["meter_id"], v["device_id"], v["kind"] = meter.id, device.id, "import"
    there = known[device.id].get(v["read_on"])
    if there is not None:
        if there.value != v["value"]:
            return row.refuse("leasing.M-11", _l("There is another reading of that day; correct it on the screen."), "value")
        v |= {n: getattr(there, n) for n in ("from_on", "usage", "kind", "reason")}
        return None
    return _usage(session, row, meter, device, last, v)


def _usage(session: Any, row: ImportRow, meter: Meter, device: MeterDevice, last: Any, v: dict[str, Any]) -> None:
    before = last[device.id]
    if v["read_on"] <= before.on:
        return row.refuse(
            "leasing.M-07", _l("The last reading is of %(day)s; a new one must be later.", day=before.on.isoformat()), "read_on"
        )
    try:
        usage = calc_meters.usage_of(before.value, v["value"], multiplier=device.multiplier, digits=device.digits)
    except ValueError:
        return row.refuse(
            "leasing.M-08",
            _l(
                "Lower than the last reading of %(last)s; correct it, or say that the counter passed zero.",
                last=f"{before.value.normalize():f}",
            ),
            "value",
        )
    days = (v["read_on"] - before.on).days
    percent = calc_meters.jump_percent(usage, days, before.usage, before.days)
    if percent is not None and percent > settings.get(session, "leasing.reading_jump_percent", meter.park_id) and not v.get("reason"):
        return row.refuse(
            "leasing.M-09",
            _l(
                "Usage per day differs by %(percent)s percent from the last time (%(usage)s); check the reading or give the reason.",
                percent=percent,
                usage=f"{before.usage.normalize():f}",
            ),
            "reason",
        )
    v["from_on"], v["usage"] = before.on, usage
    last[device.id] = readings.Last(v["read_on"], v["value"], None, usage, days)
    return None


def derived(text: str) -> dict[str, Any]:
    """The reading itself; what follows from it is filled by `prepare`."""
    from parkops.importing import BadValue

    try:
        value = Decimal(text.replace(",", "").replace("，", ""))
        if not value.is_finite() or value != value.quantize(Decimal("0.0001")) or abs(value) >= 10**10:
            raise ValueError
    except (ArithmeticError, ValueError):
        raise BadValue(_l("Write the reading as a number with at most four decimals.")) from None
    return {"value": value, "usage": None, "from_on": None, "device_id": None, "kind": None}


IMPORTS = [
    ImportKind(
        code="leasing.readings",
        title=_l("Meter readings"),
        resource="leasing.meter_reading",
        model="modules.leasing.models.meters:MeterReading",
        key=("meter_id", "read_on"),
        prepare=prepare,
        help=_l("Readings are found by meter and day; usage is worked out as on the screen."),
        fields=(
            ImportField("meter_id", _l("Meter"), required=True, aliases=("表号", "表计编号", "水表号", "电表号", "Meter code")),
            ImportField("read_on", _l("Read on"), kind="date", required=True, aliases=("抄表日期", "抄表日", "日期", "Date")),
            ImportField(
                "value",
                _l("Reading"),
                required=True,
                parse=derived,
                fills=("value", "usage", "from_on", "device_id", "kind"),
                aliases=("读数", "表读数", "本次读数", "示数", "止度"),
            ),
            ImportField("reason", _l("Reason of an unusual reading"), max_length=300, aliases=("原因", "备注", "说明")),
        ),
    ),
]
