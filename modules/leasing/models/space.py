"""Park → building → floor → unit. What a unit is used for follows from leases, holds and outages; nobody types its state."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, UnitPrice
from parkops.i18n import _l

CONSTRUCTION = Choices(
    "leasing.construction",
    ("planned", _l("Planned"), "grey"), ("building", _l("Under construction"), "amber"), ("topped_out", _l("Topped out"), "blue"),
    ("in_use", _l("In use"), "green"), ("closed", _l("Closed"), "red"),
)
UNIT_KINDS = Choices(
    "leasing.unit_kind",
    ("office", _l("Office")), ("lab", _l("Laboratory")), ("workshop", _l("Workshop")), ("shop", _l("Shop")), ("desk", _l("Workstation")),
    ("apartment", _l("Apartment")), ("storage", _l("Storage")), ("parking", _l("Parking space")), ("public", _l("Public service space")),
)


class Building(ParkScoped, Record):
    """A building or yard. Address and certificate are what the e-invoice of a lease must name (domain.md 10.2)."""

    __tablename__ = "leasing_building"
    __table_args__ = (UniqueConstraint("park_id", "code"), CheckConstraint("built_area >= 0", name="built_area"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    construction: Mapped[str] = field(EnumText(CONSTRUCTION), _l("Construction"), default="in_use", server_default="in_use")
    phase: Mapped[str | None] = field(String(60), _l("Phase"))
    built_area: Mapped[Decimal | None] = field(Area, _l("Built area"))
    completed_on: Mapped[date | None] = field(Date, _l("Completed on"))
    acquired_on: Mapped[date | None] = field(Date, _l("Acquired on"), help=_l("Before 2016-05-01 the simplified VAT method may be chosen."))
    simplified_vat: Mapped[bool] = field(Boolean, _l("Simplified VAT method chosen"), default=False, server_default="false")
    region: Mapped[str | None] = field(String(80), _l("Province, city and district"))
    address: Mapped[str | None] = field(String(120), _l("Street address"))
    certificate_no: Mapped[str | None] = field(String(80), _l("Real estate certificate no."))
    cross_city: Mapped[bool] = field(Boolean, _l("In another city than the operator"), default=False, server_default="false")
    state_owned: Mapped[bool] = field(Boolean, _l("State-owned"), default=True, server_default="true", help=_l("Rent relief of state landlords asks for it."))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="Building.carrier_id")

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name


class Floor(ParkScoped, Record):
    """A storey; `level` orders the stacking plan (basements are negative)."""

    __tablename__ = "leasing_floor"
    __table_args__ = (UniqueConstraint("building_id", "level"),)
    building_id: Mapped[int] = fk("leasing_building.id", _l("Building"), index=False)
    level: Mapped[int] = field(Integer, _l("Level"))
    name: Mapped[str] = field(String(60), _l("Name"))
    building: Mapped[Building] = relationship(foreign_keys="Floor.building_id")

    def __str__(self) -> str:
        return self.name


class Unit(ParkScoped, Record):
    """Something that can be let. It exists on the days of `during` (half-open): a split or merge ends units and begins others.

    Areas are ㎡ in hundredths. `lettable_area` is what rent and occupancy count; `shared_area` is the allocated common part."""

    __tablename__ = "leasing_unit"
    __table_args__ = (
        UniqueConstraint("park_id", "building_id", "code", "starts_on"),
        CheckConstraint("lettable_area >= 0 AND built_area >= 0 AND shared_area >= 0", name="areas"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during)", name="during"),
        ExcludeConstraint((text("int8range(building_id, building_id, '[]')"), "&&"), (text("int8range(hashtextextended(code, 0), hashtextextended(code, 0), '[]')"), "&&"),
                          ("during", "&&"), using="gist", name="ex_leasing_unit_code_during"),
        Index("ix_leasing_unit_floor_id_code", "floor_id", "code"),
    )
    building_id: Mapped[int] = fk("leasing_building.id", _l("Building"))
    floor_id: Mapped[int] = fk("leasing_floor.id", _l("Floor"), index=False)
    code: Mapped[str] = field(String(40), _l("Unit"), fmt="code")
    kind: Mapped[str] = field(EnumText(UNIT_KINDS), _l("Kind"))
    built_area: Mapped[Decimal | None] = field(Area, _l("Built area"))
    lettable_area: Mapped[Decimal] = field(Area, _l("Lettable area"))
    shared_area: Mapped[Decimal | None] = field(Area, _l("Share of common areas"))
    incubation: Mapped[bool] = field(Boolean, _l("For incubated firms"), default=False, server_default="false")
    list_price: Mapped[Decimal | None] = field(UnitPrice, _l("Asking rent per ㎡ and month"))
    certificate_no: Mapped[str | None] = field(String(80), _l("Real estate certificate no."), help=_l("Empty: the building's"))
    starts_on: Mapped[date] = field(Date, _l("Exists from"))
    ends_on: Mapped[date | None] = field(Date, _l("Exists until"), help=_l("Last day; empty while it exists"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    building: Mapped[Building] = relationship(foreign_keys="Unit.building_id")
    floor: Mapped[Floor] = relationship(foreign_keys="Unit.floor_id")

    __search__ = ("code",)

    def __str__(self) -> str:
        return self.code
