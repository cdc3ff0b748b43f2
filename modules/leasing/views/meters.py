"""Screens of meters, the devices at them and readings."""

from __future__ import annotations

from decimal import Decimal

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.meters import Meter, MeterDevice, MeterReading
from . import _space as c

METERS, READINGS = "modules.leasing.services.meters", "modules.leasing.services.readings"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

METER = Resource(
    "leasing.meter",
    Meter,
    Titles(_l("Meters"), _l("Meter"), _l("New meter")),
    icon="gauge",
    columns=(
        Col("code", width=120, important=True, link=True),
        Col("kind", width=90, important=True),
        Col("building_id", width=150),
        Col("unit_code", _l("Unit no."), 90, sql=c.meter_where),
        Col("parent_id", width=110),
        Col("last_value", _l("Last reading"), 110, sql=c.last_value, fmt="decimal"),
        Col("days_unread", _l("Days since the last reading"), 110, True, sql=c.days_unread, fmt="int", tone=c.unread_tone),
        Col("place", width=160),
        Col("registers", hidden=True),
        Col("position", hidden=True),
        Col("charged", hidden=True),
        Col("active", width=80, hidden=True),
    ),
    sections=(
        Section(
            _l("Meter"), ("code", "kind", "building_id", "unit_id", "parent_id", "registers", "position", "place", "charged", "active")
        ),
        Section(
            _l("Device"),
            (
                Input("starts_on", "date", _l("Put in on"), default=lambda session: clock.today()),
                Input("serial", "text", _l("Serial number"), max_length=60),
                Input("multiplier", "decimal", _l("Multiplier"), default=Decimal(1)),
                Input("digits", "int", _l("Digits before the point"), default=6),
                Input("start_value", "decimal", _l("First reading"), default=Decimal(0)),
            ),
        ),
    ),
    create=f"{METERS}:create_meter",
    change=f"{METERS}:change_meter",
    remove=f"{METERS}:remove_meter",
    views=(
        View("active", _l("In use"), (Filter("active", "eq", True),), "code"),
        View("due", _l("To be read"), (Filter("days_unread", "gte", 31),), "-days_unread"),
        View("main", _l("Main meters"), (Filter("unit_id", "empty"), Filter("active", "eq", True)), "code"),
        View("all", _l("All"), (), "code"),
    ),
    actions=(
        Action(
            "replace",
            _l("Replace the device"),
            f"{METERS}:replace_by_form",
            (
                ON,
                Input("end_value", "decimal", _l("Last reading of the old device"), required=True),
                Input("start_value", "decimal", _l("First reading of the new device"), default=Decimal(0)),
                Input("serial", "text", _l("Serial number"), max_length=60),
                Input("multiplier", "decimal", _l("Multiplier")),
            ),
            word="change",
            guard=f"{METERS}:why_not_replace",
        ),
    ),
    tabs=(
        Related("readings", _l("Readings"), "leasing.meter_reading", "meter_id", order=10),
        Related("devices", _l("Devices"), "leasing.meter_device", "meter_id", order=20),
        Related("subs", _l("Sub-meters"), "leasing.meter", "parent_id", order=30),
        Related("rules", _l("Shared costs"), "leasing.share_rule", "meter_id", order=40),
    ),
    search=("code", "place", "building.name"),
    load=("building", "unit", "parent"),
    sort="code",
    parent=("building_id", "leasing.building"),
    menu=("meters", 20),
    code_field="code",
)

DEVICE = Resource(
    "leasing.meter_device",
    MeterDevice,
    Titles(_l("Devices"), _l("Device")),
    icon="device-analytics",
    columns=(
        Col("meter_id", width=130, important=True, link=True),
        Col("serial", width=130, important=True),
        Col("multiplier", width=90),
        Col("digits", width=80),
        Col("starts_on", width=110, important=True),
        Col("start_value", width=110),
        Col("ends_on", width=110),
        Col("end_value", width=110),
    ),
    sections=(Section(_l("Device"), ("meter_id", "serial", "multiplier", "digits", "starts_on", "start_value", "ends_on", "end_value")),),
    search=("serial", "meter.code"),
    sort="-starts_on",
)

READING = Resource(
    "leasing.meter_reading",
    MeterReading,
    Titles(_l("Readings"), _l("Reading"), _l("New reading")),
    icon="list-numbers",
    importer="leasing.readings",
    columns=(
        Col("meter_id", width=130, important=True, link=True),
        Col("meter.kind", _l("Measures"), 90),
        Col("meter.unit_id", _l("Unit no."), 90),
        Col("from_on", width=105),
        Col("read_on", width=105, important=True),
        Col("value", width=110),
        Col("usage", width=110, important=True, total="sum"),
        Col("kind", width=110),
        Col("reason", width=200),
        Col("reader_name", width=110),
        Col("usage_peak", hidden=True, total="sum"),
        Col("usage_flat", hidden=True, total="sum"),
        Col("usage_valley", hidden=True, total="sum"),
        Col("rolled_over", hidden=True),
    ),
    sections=(
        Section(_l("Reading"), ("meter_id", "read_on", "value", "peak", "flat", "valley", "rolled_over", "reason")),
        Section(_l("What follows"), ("from_on", "usage", "usage_peak", "usage_flat", "usage_valley", "kind", "reader_name")),
    ),
    create=f"{READINGS}:record_reading",
    change=f"{READINGS}:correct_reading",
    remove=f"{READINGS}:remove_reading",
    views=(
        View("month", _l("This month"), (Filter("read_on", "eq", "@month"),), "-read_on"),
        View("unusual", _l("With a reason"), (Filter("reason", "notempty"),), "-read_on"),
        View("all", _l("All"), (), "-read_on"),
    ),
    search=("meter.code", "reason"),
    load=("meter",),
    sort="-read_on",
    parent=("meter_id", "leasing.meter"),
    menu=("meters", 30),
)

RESOURCES = [METER, DEVICE, READING]

slots.tile(Tile("leasing.meters_due", _l("Meters to be read"), "leasing.meter", "due", ("operations_clerk",), ("code", "days_unread"), 46))
