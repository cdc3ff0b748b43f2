"""Meters: measuring points, the devices that sat at them, readings, dated tariffs, and shared-cost rules and sheets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money, UnitPrice
from parkops.i18n import _l

from ..states_space import SHARE_SHEET
from .space import Building, Unit, computed_days

METER_KINDS = Choices(
    "leasing.meter_kind",
    ("water", _l("Water"), "blue"),
    ("electricity", _l("Electricity"), "amber"),
    ("gas", _l("Gas"), "violet"),
    ("heat", _l("Heat"), "red"),
)
REGISTERS = Choices("leasing.registers", ("single", _l("One register")), ("pfv", _l("Peak, flat and valley")))
READING_KINDS = Choices(
    "leasing.reading_kind",
    ("round", _l("Round")),
    ("handover", _l("Handover")),
    ("final", _l("Last reading of a device")),
    ("import", _l("Imported")),
)
TARIFF_KINDS = Choices("leasing.tariff_kind", ("flat", _l("One price")), ("tiers", _l("Tiers")), ("pfv", _l("Peak, flat and valley")))
SHARE_KEYS = Choices(
    "leasing.share_key",
    ("area", _l("By area")),
    ("usage", _l("By usage of the sub-meters")),
    ("fixed", _l("Fixed shares")),
)
# One price of a medium on a day, and beside it one by peak, flat and valley for the meters that have these registers.
_SLOT = "int8range(hashtextextended(medium || (kind = 'pfv')::text, 0), hashtextextended(medium || (kind = 'pfv')::text, 0), '[]')"


class Meter(ParkScoped, Record):
    """A measuring point: of one unit, or of a building (a main meter has sub-meters below it). Devices at it may be replaced."""

    __tablename__ = "leasing_meter"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("parent_id <> id", name="parent"),
        Index("ix_leasing_meter_round", "building_id", "kind", "position"),
    )
    code: Mapped[str] = field(String(40), _l("Meter"), fmt="code")
    kind: Mapped[str] = field(EnumText(METER_KINDS), _l("Measures"))
    building_id: Mapped[int] = fk("leasing_building.id", _l("Building"), index=False)
    unit_id: Mapped[int | None] = fk("leasing_unit.id", _l("Unit no."), help=_l("Empty: a meter of the building"))
    parent_id: Mapped[int | None] = fk("leasing_meter.id", _l("Main meter"))
    registers: Mapped[str] = field(EnumText(REGISTERS), _l("Registers"), default="single", server_default="single")
    position: Mapped[int] = field(Integer, _l("Place in the round"), default=0, server_default="0")
    place: Mapped[str | None] = field(String(120), _l("Where it hangs"))
    charged: Mapped[bool] = field(Boolean, _l("Charged to the tenant"), default=True, server_default="true")
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    building: Mapped[Building] = relationship(foreign_keys="Meter.building_id")
    unit: Mapped[Unit | None] = relationship(foreign_keys="Meter.unit_id")
    parent: Mapped[Meter | None] = relationship(foreign_keys="Meter.parent_id", remote_side="Meter.id")

    __search__ = ("code", "place")

    def __str__(self) -> str:
        return self.code


class MeterDevice(ParkScoped, Record):
    """The device at a measuring point: its multiplier and digits, what it showed when put in and when taken out."""

    __tablename__ = "leasing_meter_device"
    __table_args__ = (
        UniqueConstraint("meter_id", "starts_on"),
        CheckConstraint("multiplier > 0", name="multiplier"),
        CheckConstraint("digits BETWEEN 3 AND 10", name="digits"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        Index("uq_leasing_meter_device_open", "meter_id", unique=True, postgresql_where="ends_on IS NULL"),
    )
    meter_id: Mapped[int] = fk("leasing_meter.id", _l("Meter"), index=False)
    serial: Mapped[str | None] = field(String(60), _l("Serial number"), fmt="code")
    multiplier: Mapped[Decimal] = field(UnitPrice, _l("Multiplier"), default=Decimal(1), server_default="10000")
    digits: Mapped[int] = field(SmallInteger, _l("Digits before the point"), default=6, server_default="6")
    starts_on: Mapped[date] = field(Date, _l("Put in on"))
    start_value: Mapped[Decimal] = field(UnitPrice, _l("First reading"), default=Decimal(0), server_default="0")
    start_peak: Mapped[Decimal | None] = field(UnitPrice, _l("First reading, peak"))
    start_flat: Mapped[Decimal | None] = field(UnitPrice, _l("First reading, flat"))
    start_valley: Mapped[Decimal | None] = field(UnitPrice, _l("First reading, valley"))
    ends_on: Mapped[date | None] = field(Date, _l("Taken out on"))
    end_value: Mapped[Decimal | None] = field(UnitPrice, _l("Last reading"))
    meter: Mapped[Meter] = relationship(foreign_keys="MeterDevice.meter_id")

    def __str__(self) -> str:
        return self.serial or f"{self.meter} {self.starts_on}"


class MeterReading(ParkScoped, Record):
    """What a device showed at the end of `read_on`, and the usage since `from_on` (the day of the reading before), multiplier included."""

    __tablename__ = "leasing_meter_reading"
    __table_args__ = (
        UniqueConstraint("device_id", "read_on"),
        CheckConstraint("read_on > from_on OR (read_on = from_on AND usage = 0) OR kind = 'final'", name="days"),
        CheckConstraint("usage >= 0", name="usage"),
        Index("ix_leasing_meter_reading_meter_id_read_on", "meter_id", "read_on"),
        Index("ix_leasing_meter_reading_park_id_read_on", "park_id", "read_on"),
    )
    meter_id: Mapped[int] = fk("leasing_meter.id", _l("Meter"), index=False)
    device_id: Mapped[int] = fk("leasing_meter_device.id", _l("Device"), index=False)
    kind: Mapped[str] = field(EnumText(READING_KINDS), _l("Kind"), default="round", server_default="round")
    from_on: Mapped[date] = field(Date, _l("Since"))
    read_on: Mapped[date] = field(Date, _l("Read on"))
    value: Mapped[Decimal] = field(UnitPrice, _l("Reading"))
    peak: Mapped[Decimal | None] = field(UnitPrice, _l("Peak"))
    flat: Mapped[Decimal | None] = field(UnitPrice, _l("Flat"))
    valley: Mapped[Decimal | None] = field(UnitPrice, _l("Valley"))
    usage: Mapped[Decimal] = field(UnitPrice, _l("Usage"))
    usage_peak: Mapped[Decimal | None] = field(UnitPrice, _l("Usage, peak"))
    usage_flat: Mapped[Decimal | None] = field(UnitPrice, _l("Usage, flat"))
    usage_valley: Mapped[Decimal | None] = field(UnitPrice, _l("Usage, valley"))
    rolled_over: Mapped[bool] = field(Boolean, _l("Counter passed zero"), default=False, server_default="false")
    reason: Mapped[str | None] = field(String(300), _l("Reason of an unusual reading"))
    reader_name: Mapped[str | None] = field(String(80), _l("Read by"))
    meter: Mapped[Meter] = relationship(foreign_keys="MeterReading.meter_id")
    device: Mapped[MeterDevice] = relationship(foreign_keys="MeterReading.device_id")

    def __str__(self) -> str:
        return f"{self.meter} {self.read_on}"


class Tariff(ParkScoped, Record):
    """The price of a medium in a park on the days of its period, with the document that set it. Prices include VAT or not as said."""

    __tablename__ = "leasing_tariff"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        CheckConstraint("kind <> 'flat' OR price IS NOT NULL", name="flat"),
        CheckConstraint("kind <> 'pfv' OR (peak_price IS NOT NULL AND flat_price IS NOT NULL AND valley_price IS NOT NULL)", name="pfv"),
        ExcludeConstraint(
            (text("int8range(park_id, park_id, '[]')"), "&&"),
            (text(_SLOT), "&&"),
            ("during", "&&"),
            using="gist",
            name="ex_leasing_tariff_during",
        ),
    )
    medium: Mapped[str] = field(EnumText(METER_KINDS), _l("Energy kind"))
    kind: Mapped[str] = field(EnumText(TARIFF_KINDS), _l("Kind of price"))
    name: Mapped[str] = field(String(120), _l("Name"))
    price: Mapped[Decimal | None] = field(UnitPrice, _l("Price"))
    peak_price: Mapped[Decimal | None] = field(UnitPrice, _l("Peak price"))
    flat_price: Mapped[Decimal | None] = field(UnitPrice, _l("Flat price"))
    valley_price: Mapped[Decimal | None] = field(UnitPrice, _l("Valley price"))
    tax_included: Mapped[bool] = field(Boolean, _l("Price includes VAT"), default=True, server_default="true")
    doc_no: Mapped[str] = field(String(120), _l("Document number"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day; empty while it holds"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"), server_default=computed_days())

    def __str__(self) -> str:
        return self.name


class TariffTier(ParkScoped, Record):
    """A tier of a month's usage: above `above` (per month) each unit costs `price`, up to the next tier."""

    __tablename__ = "leasing_tariff_tier"
    __table_args__ = (UniqueConstraint("tariff_id", "above"), CheckConstraint("above >= 0 AND price >= 0", name="values"))
    tariff_id: Mapped[int] = fk("leasing_tariff.id", _l("Price"), index=False)
    above: Mapped[Decimal] = field(UnitPrice, _l("Above, per month"))
    price: Mapped[Decimal] = field(UnitPrice, _l("Price"))
    tariff: Mapped[Tariff] = relationship(foreign_keys="TariffTier.tariff_id")

    def __str__(self) -> str:
        return f"> {self.above}"


class ShareRule(ParkScoped, Record):
    """How the difference between a main meter and its sub-meters is borne. Without members: every unit of the building."""

    __tablename__ = "leasing_share_rule"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        ExcludeConstraint(
            (text("int8range(meter_id, meter_id, '[]')"), "&&"), ("during", "&&"), using="gist", name="ex_leasing_share_rule_during"
        ),
    )
    meter_id: Mapped[int] = fk("leasing_meter.id", _l("Main meter"))
    key: Mapped[str] = field(EnumText(SHARE_KEYS), _l("Shared by"))
    name: Mapped[str] = field(String(120), _l("Name"))
    basis: Mapped[str | None] = field(String(200), _l("Basis"), help=_l("Contract clause or document the key rests on"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day; empty while it holds"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"), server_default=computed_days())
    meter: Mapped[Meter] = relationship(foreign_keys="ShareRule.meter_id")

    def __str__(self) -> str:
        return self.name


class ShareMember(ParkScoped, Record):
    """A unit that bears a part; `weight` counts with fixed shares only."""

    __tablename__ = "leasing_share_member"
    __table_args__ = (UniqueConstraint("rule_id", "unit_id"), CheckConstraint("weight >= 0", name="weight"))
    rule_id: Mapped[int] = fk("leasing_share_rule.id", _l("Shared-cost rule"), index=False)
    unit_id: Mapped[int] = fk("leasing_unit.id", _l("Unit no."))
    weight: Mapped[Decimal] = field(UnitPrice, _l("Share"), default=Decimal(1), server_default="10000")
    rule: Mapped[ShareRule] = relationship(foreign_keys="ShareMember.rule_id")
    unit: Mapped[Unit] = relationship(foreign_keys="ShareMember.unit_id")

    def __str__(self) -> str:
        return str(self.unit)


class ShareSheet(ParkScoped, Record):
    """One reading of a main meter divided: main − subs = difference, priced, and its lines, which sum to it exactly."""

    __tablename__ = "leasing_share_sheet"
    __table_args__ = (
        CheckConstraint("difference = main_usage - subs_usage AND difference >= 0", name="difference"),
        CheckConstraint("period_to >= period_from", name="period"),
        Index("uq_leasing_share_sheet_reading_id", "reading_id", unique=True, postgresql_where="state <> 'discarded'"),
    )
    rule_id: Mapped[int] = fk("leasing_share_rule.id", _l("Shared-cost rule"))
    reading_id: Mapped[int] = fk("leasing_meter_reading.id", _l("Reading of the main meter"))
    state: Mapped[str] = field(EnumText(SHARE_SHEET.choices), _l("State"), default="draft", server_default="draft")
    period_from: Mapped[date] = field(Date, _l("Period from"))
    period_to: Mapped[date] = field(Date, _l("Period to"))
    main_usage: Mapped[Decimal] = field(UnitPrice, _l("Main meter"))
    subs_usage: Mapped[Decimal] = field(UnitPrice, _l("Sub-meters"))
    difference: Mapped[Decimal] = field(UnitPrice, _l("Shared usage"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    park_amount: Mapped[Decimal] = field(Money, _l("Borne by the park"))
    tax_included: Mapped[bool] = field(Boolean, _l("Price includes VAT"), default=True, server_default="true")
    explain: Mapped[str | None] = field(String(300), _l("How it was worked out"))
    rule: Mapped[ShareRule] = relationship(foreign_keys="ShareSheet.rule_id")
    reading: Mapped[MeterReading] = relationship(foreign_keys="ShareSheet.reading_id")

    def __str__(self) -> str:
        return f"{self.rule} {self.period_to:%Y-%m}"


class ShareLine(ParkScoped, Record):
    """The part of one unit for the days of one tenant (or of none: the park bears it)."""

    __tablename__ = "leasing_share_line"
    __table_args__ = (
        UniqueConstraint("sheet_id", "unit_id", "period_from"),
        CheckConstraint("period_to >= period_from", name="period"),
        CheckConstraint("amount >= 0", name="amount"),
    )
    sheet_id: Mapped[int] = fk("leasing_share_sheet.id", _l("Shared-cost sheet"), index=False)
    unit_id: Mapped[int] = fk("leasing_unit.id", _l("Unit no."))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"), help=_l("Empty: vacant, borne by the park"))
    period_from: Mapped[date] = field(Date, _l("Period from"))
    period_to: Mapped[date] = field(Date, _l("Period to"))
    days: Mapped[int] = field(Integer, _l("Days"))
    weight: Mapped[Decimal] = field(UnitPrice, _l("Weight"))
    area: Mapped[Decimal | None] = field(Area, _l("Area"))
    quantity: Mapped[Decimal] = field(UnitPrice, _l("Usage"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    sheet: Mapped[ShareSheet] = relationship(foreign_keys="ShareLine.sheet_id")
    unit: Mapped[Unit] = relationship(foreign_keys="ShareLine.unit_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="ShareLine.firm_id")

    def __str__(self) -> str:
        return f"{self.unit} {self.period_from}"
