"""Park → building → floor → unit. What a unit is used for follows from leases, holds and outages; nobody types its state."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Computed, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, UnitPrice
from parkops.i18n import _l


def computed_days() -> Computed:
    """The range of `starts_on` and `ends_on`, both included, open while there is no last day; kept by the database itself."""
    return Computed("daterange(starts_on, ends_on, '[]')", persisted=True)


CONSTRUCTION = Choices(
    "leasing.construction",
    ("planned", _l("Planned"), "grey"), ("building", _l("Under construction"), "amber"), ("topped_out", _l("Topped out"), "blue"),
    ("in_use", _l("In use"), "green"), ("closed", _l("Closed"), "red"),
)
UNIT_KINDS = Choices(
    "leasing.unit_kind",
    ("office", _l("Office")), ("lab", _l("Laboratory")), ("workshop", _l("Workshop")), ("shop", _l("Shop")), ("desk", _l("Workstation")),
    ("apartment", _l("Apartment")), ("storage", _l("Storage room")), ("parking", _l("Parking space")),
    ("public", _l("Public service space")),
)
UNIT_STATES = Choices(  # worked out from leases, holds, outages and construction; never stored
    "leasing.unit_state",
    ("let", _l("Let"), "green"), ("reserved", _l("Reserved"), "violet"), ("held", _l("On hold"), "amber"), ("vacant", _l("Vacant"), "blue"),
    ("out_of_use", _l("Out of use"), "red"), ("public", _l("Public service space"), "grey"),
    ("under_construction", _l("Under construction"), "grey"),
)
OUTAGE_CAUSES = Choices(
    "leasing.outage_cause",
    ("repair", _l("Repair"), "red"), ("renovation", _l("Renovation"), "amber"), ("own_use", _l("Own use"), "grey"),
    ("safety", _l("Safety closure"), "red"), ("other", _l("Other"), "grey"),
)
UNIT_CHANGES = Choices("leasing.unit_change", ("split", _l("Split")), ("merge", _l("Merged")), ("remeasure", _l("Measured again")))


class Building(ParkScoped, Record):
    """A building or yard. Address and certificate are what the e-invoice of a lease must name (domain.md 10.2)."""

    __tablename__ = "leasing_building"
    __table_args__ = (
        UniqueConstraint("park_id", "code"), CheckConstraint("built_area >= 0", name="built_area"),
        CheckConstraint("coalesce(length(region), 0) + coalesce(length(address), 0) <= 120", name="invoice_address"),
        CheckConstraint("closed_on IS NULL OR completed_on IS NULL OR closed_on >= completed_on", name="closed"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    construction: Mapped[str] = field(EnumText(CONSTRUCTION), _l("Construction"), default="in_use", server_default="in_use")
    phase: Mapped[str | None] = field(String(60), _l("Phase"))
    built_area: Mapped[Decimal | None] = field(Area, _l("Built area"))
    completed_on: Mapped[date | None] = field(Date, _l("Completed on"), help=_l("Before this day its units count as under construction."))
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"), help=_l("First day nothing in it can be let any more"))
    acquired_on: Mapped[date | None] = field(Date, _l("Acquired on"), help=_l("Before 2016-05-01 the simplified VAT method may be chosen."))
    simplified_vat: Mapped[bool] = field(Boolean, _l("Simplified VAT method chosen"), default=False, server_default="false")
    region: Mapped[str | None] = field(String(80), _l("Province, city and district"))
    address: Mapped[str | None] = field(String(120), _l("Street address"))
    certificate_no: Mapped[str | None] = field(String(80), _l("Real estate certificate no."))
    cross_city: Mapped[bool] = field(Boolean, _l("In another city than the operator"), default=False, server_default="false")
    state_owned: Mapped[bool] = field(Boolean, _l("State-owned"), default=True, server_default="true",
                                      help=_l("Rent relief of state landlords asks for it."))
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
        CheckConstraint("lettable_area >= 0 AND built_area >= 0 AND shared_area >= 0 AND usable_area >= 0", name="areas"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        ExcludeConstraint((text("int8range(building_id, building_id, '[]')"), "&&"),
                          (text("int8range(hashtextextended(code, 0), hashtextextended(code, 0), '[]')"), "&&"),
                          ("during", "&&"), using="gist", name="ex_leasing_unit_code_during"),
        Index("ix_leasing_unit_floor_id_code", "floor_id", "code"),
    )
    building_id: Mapped[int] = fk("leasing_building.id", _l("Building"))
    floor_id: Mapped[int] = fk("leasing_floor.id", _l("Floor"), index=False)
    code: Mapped[str] = field(String(40), _l("Unit no."), fmt="code")
    kind: Mapped[str] = field(EnumText(UNIT_KINDS), _l("Kind"))
    built_area: Mapped[Decimal | None] = field(Area, _l("Built area"))
    lettable_area: Mapped[Decimal] = field(Area, _l("Lettable area"))
    usable_area: Mapped[Decimal | None] = field(Area, _l("Usable area"))
    shared_area: Mapped[Decimal | None] = field(Area, _l("Share of common areas"))
    incubation: Mapped[bool] = field(Boolean, _l("For incubated firms"), default=False, server_default="false")
    list_price: Mapped[Decimal | None] = field(UnitPrice, _l("Asking rent per ㎡ and month"))
    certificate_no: Mapped[str | None] = field(String(80), _l("Real estate certificate no."), help=_l("Empty: the building's"))
    starts_on: Mapped[date] = field(Date, _l("Exists from"))
    ends_on: Mapped[date | None] = field(Date, _l("Exists until"), help=_l("Last day; empty while it exists"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"), server_default=computed_days())
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    building: Mapped[Building] = relationship(foreign_keys="Unit.building_id")
    floor: Mapped[Floor] = relationship(foreign_keys="Unit.floor_id")

    __search__ = ("code",)

    def __str__(self) -> str:
        return self.code


class UnitChange(ParkScoped, Record):
    """A split, merge or new measurement: the parents end the day before `changed_on`, the children begin on it.

    `difference` is the lettable area of the children less that of the parents; anything but 0 needs a reason."""

    __tablename__ = "leasing_unit_change"
    __table_args__ = (CheckConstraint("difference = 0 OR reason IS NOT NULL", name="difference"),)
    building_id: Mapped[int] = fk("leasing_building.id", _l("Building"))
    kind: Mapped[str] = field(EnumText(UNIT_CHANGES), _l("Kind of change"))
    changed_on: Mapped[date] = field(Date, _l("Changed on"))
    before: Mapped[str] = field(Text, _l("Before"))
    after: Mapped[str] = field(Text, _l("After"))
    difference: Mapped[Decimal] = field(Area, _l("Difference in area"), default=Decimal(0), server_default="0")
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    building: Mapped[Building] = relationship(foreign_keys="UnitChange.building_id")

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class UnitLineage(ParkScoped, Record):
    """From which unit a unit came. `parent_ends_on` is what the parent's last day was before, for the undo."""

    __tablename__ = "leasing_unit_lineage"
    __table_args__ = (UniqueConstraint("change_id", "parent_id", "child_id"), CheckConstraint("parent_id <> child_id", name="self"))
    change_id: Mapped[int] = fk("leasing_unit_change.id", _l("Change"), index=False)
    parent_id: Mapped[int] = fk("leasing_unit.id", _l("Unit before"))
    child_id: Mapped[int] = fk("leasing_unit.id", _l("Unit after"))
    parent_ends_on: Mapped[date | None] = field(Date, _l("Last day before the change"))
    change: Mapped[UnitChange] = relationship(foreign_keys="UnitLineage.change_id")
    parent: Mapped[Unit] = relationship(foreign_keys="UnitLineage.parent_id")
    child: Mapped[Unit] = relationship(foreign_keys="UnitLineage.child_id")

    def __str__(self) -> str:
        return f"{self.parent} → {self.child}"


class Outage(ParkScoped, Record):
    """Days on which a unit cannot be let, with the cause. Days are inclusive; outages of a unit never overlap."""

    __tablename__ = "leasing_outage"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        ExcludeConstraint((text("int8range(unit_id, unit_id, '[]')"), "&&"), ("during", "&&"), using="gist",
                          name="ex_leasing_outage_unit_id_during"),
    )
    unit_id: Mapped[int] = fk("leasing_unit.id", _l("Unit no."))
    cause: Mapped[str] = field(EnumText(OUTAGE_CAUSES), _l("Cause"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day; empty while it lasts"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"), server_default=computed_days())
    note: Mapped[str | None] = field(String(300), _l("Note"))
    unit: Mapped[Unit] = relationship(foreign_keys="Outage.unit_id")

    def __str__(self) -> str:
        return f"{OUTAGE_CAUSES.label(self.cause)} {self.starts_on}"
