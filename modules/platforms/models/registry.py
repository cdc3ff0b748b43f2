"""Platforms, their instruments, what else can be charged (samples, consumables, training), staff, and who is trained."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money, UnitPrice
from parkops.i18n import _l

OPERATING_MODELS = Choices(
    "platforms.operating_model",
    ("self", _l("Run by the park"), "blue"),
    ("delegated", _l("Delegated to an operator"), "violet"),
    ("joint", _l("Operated jointly"), "amber"),
)
INSTRUMENT_STATES = Choices(
    "platforms.instrument_state",
    ("in_use", _l("In use"), "green"),
    ("out_of_order", _l("Out of order"), "red"),
    ("retired", _l("Retired"), "grey"),
)
ITEM_KINDS = Choices(
    "platforms.item_kind",
    ("sample", _l("Sample or service order")),
    ("consumable", _l("Consumable")),
    ("technician", _l("Technician time")),
    ("training", _l("Training")),
)
STAFF_DUTIES = Choices(
    "platforms.staff_duty",
    ("technician", _l("Technician")),
    ("engineer", _l("Engineer")),
    ("manager", _l("Platform manager")),
)


class Platform(ParkScoped, Record):
    """A shared technical platform. Use is charged for under `charge_item_id` unless the item ordered names its own."""

    __tablename__ = "platforms_platform"
    __table_args__ = (UniqueConstraint("park_id", "code"),)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(200), _l("Name"))
    name_en: Mapped[str | None] = field(String(200), _l("English name"))
    operating_model: Mapped[str] = field(EnumText(OPERATING_MODELS), _l("Operating model"), default="self", server_default="self")
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    operator_id: Mapped[int | None] = fk(
        "tenants_firm.id", _l("Platform operator"), help=_l("The firm that runs a delegated or joint platform"))
    charge_item_id: Mapped[int] = fk("billing_charge_item.id", _l("Charged for"))
    place: Mapped[str | None] = field(String(200), _l("Place"))
    area: Mapped[Decimal | None] = field(Area, _l("Floor area"))
    opened_on: Mapped[date | None] = field(Date, _l("Opened on"))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    services: Mapped[str | None] = field(Text, _l("What it offers"), long=True)
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="Platform.carrier_id")
    operator: Mapped[Any] = relationship("Firm", foreign_keys="Platform.operator_id")
    charge_item: Mapped[Any] = relationship("ChargeItem", foreign_keys="Platform.charge_item_id")

    __search__ = ("code", "name", "name_en")

    def __str__(self) -> str:
        return self.name


class Instrument(ParkScoped, Record):
    """An instrument of a platform. `rated_hours` a year: 1,400 general, 800 special or mechanical (domain.md 11.1).

    Yearly depreciation is value divided by life (straight line, no residual value), until the month of `retired_on`; a retired
    instrument without that day (unknown) has no rated hours at all. `interlock_id` is what the switch at the
    machine calls itself; `resource_id` is the instrument in the booking calendar."""

    __tablename__ = "platforms_instrument"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        UniqueConstraint("park_id", "interlock_id"),
        CheckConstraint("value IS NULL OR value >= 0", name="value"),
        CheckConstraint("life_years BETWEEN 1 AND 50", name="life_years"),
        CheckConstraint("rated_hours BETWEEN 1 AND 8760", name="rated_hours"),
        CheckConstraint("retired_on IS NULL OR state = 'retired' AND (bought_on IS NULL OR retired_on >= bought_on)", name="retired_on"),
        Index("ix_platforms_instrument_resource_id", "resource_id", unique=True, postgresql_where="resource_id IS NOT NULL"),
    )
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(200), _l("Name"))
    model: Mapped[str | None] = field(String(120), _l("Model"))
    maker: Mapped[str | None] = field(String(120), _l("Manufacturer"))
    serial: Mapped[str | None] = field(String(80), _l("Serial number"), fmt="code")
    value: Mapped[Decimal | None] = field(Money, _l("Original value"))
    bought_on: Mapped[date | None] = field(Date, _l("Bought on"))
    life_years: Mapped[int] = field(SmallInteger, _l("Useful life in years"), default=5, server_default="5")
    rated_hours: Mapped[int] = field(Integer, _l("Rated hours a year"), default=1400, server_default="1400",
                                     help=_l("1,400 for general instruments, 800 for special and mechanical ones"))
    state: Mapped[str] = field(EnumText(INSTRUMENT_STATES), _l("State"), default="in_use", server_default="in_use")
    retired_on: Mapped[date | None] = field(Date, _l("Retired on"), help=_l("Its last day; costs and rated hours count until its month"))
    interlock_id: Mapped[str | None] = field(String(80), _l("Interlock id"), fmt="code",
                                             help=_l("What the switch at the machine calls itself"))
    resource_id: Mapped[int | None] = fk("booking_resource.id", _l("In the booking calendar as"), index=False)
    needs_training: Mapped[bool] = field(Boolean, _l("Only for trained people"), default=False, server_default="false")
    self_service: Mapped[bool] = field(Boolean, _l("Users may start it themselves"), default=True, server_default="true")
    place: Mapped[str | None] = field(String(200), _l("Place"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    platform: Mapped[Platform] = relationship(foreign_keys="Instrument.platform_id")
    resource: Mapped[Any] = relationship("BookableResource", foreign_keys="Instrument.resource_id")

    __search__ = ("code", "name", "model", "serial")

    def __str__(self) -> str:
        return self.name


class ServiceItem(ParkScoped, Record):
    """Something a platform sells besides machine hours: a test, a consumable with stock, technician time, a course."""

    __tablename__ = "platforms_service_item"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("stock IS NULL OR kind = 'consumable'", name="stock_kind"),
        CheckConstraint("stock IS NULL OR stock >= 0", name="stock"),
    )
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    kind: Mapped[str] = field(EnumText(ITEM_KINDS), _l("Kind"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(200), _l("Name"))
    unit: Mapped[str | None] = field(String(20), _l("Unit"))
    charge_item_id: Mapped[int | None] = fk("billing_charge_item.id", _l("Charged for"), help=_l("Empty: as the platform"))
    stock: Mapped[Decimal | None] = field(UnitPrice, _l("In stock"), help=_l("Kept by stock moves; empty: no stock is kept"))
    stock_warn: Mapped[Decimal | None] = field(UnitPrice, _l("Warn below"))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    platform: Mapped[Platform] = relationship(foreign_keys="ServiceItem.platform_id")
    charge_item: Mapped[Any] = relationship("ChargeItem", foreign_keys="ServiceItem.charge_item_id")

    __search__ = ("code", "name")

    def __str__(self) -> str:
        return self.name


class PlatformStaff(ParkScoped, Record):
    """Somebody who works on a platform."""

    __tablename__ = "platforms_staff"
    __table_args__ = (CheckConstraint("last_day IS NULL OR last_day >= starts_on", name="dates"),)
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    name: Mapped[str] = field(String(80), _l("Name"), personal="name")
    duty: Mapped[str] = field(EnumText(STAFF_DUTIES), _l("Duty"))
    user_id: Mapped[int | None] = fk("core_user.id", _l("User"))
    phone: Mapped[str | None] = field(String(40), _l("Telephone"), personal="phone")
    starts_on: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    platform: Mapped[Platform] = relationship(foreign_keys="PlatformStaff.platform_id")

    def __str__(self) -> str:
        return self.name


class OperatorQualification(ParkScoped, Record):
    """A firm's person may use an instrument, from a training on, until it expires. `person_id` empty: the whole firm is qualified."""

    __tablename__ = "platforms_operator_qualification"
    __table_args__ = (
        CheckConstraint("expires_on IS NULL OR expires_on >= trained_on", name="dates"),
        Index("ix_platforms_operator_qualification_who", "instrument_id", "firm_id", "person_id"),
    )
    instrument_id: Mapped[int] = fk("platforms_instrument.id", _l("Instrument"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    person_id: Mapped[int | None] = fk("tenants_person.id", _l("Person"))
    trained_on: Mapped[date] = field(Date, _l("Trained on"))
    expires_on: Mapped[date | None] = field(Date, _l("Valid until"))
    trainer: Mapped[str | None] = field(String(80), _l("Trainer"), personal="name")
    note: Mapped[str | None] = field(String(300), _l("Note"))
    instrument: Mapped[Instrument] = relationship(foreign_keys="OperatorQualification.instrument_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="OperatorQualification.firm_id")
    person: Mapped[Any] = relationship("Person", foreign_keys="OperatorQualification.person_id")

    def __str__(self) -> str:
        return f"{self.instrument} {self.trained_on}"
