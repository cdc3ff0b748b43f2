"""Places of the community: apartments, hotel, canteen, food streets, education, health, squares; who runs them by contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText
from parkops.i18n import _l

FACILITY_KINDS = Choices(
    "amenities.facility_kind",
    ("talent_housing", _l("Talent apartments")),
    ("youth_housing", _l("Youth apartments")),
    ("hotel", _l("Hotel")),
    ("canteen", _l("Dining complex")),
    ("food_street", _l("Food street")),
    ("education", _l("Education complex")),
    ("health", _l("Health centre")),
    ("sports", _l("Sports and fitness")),
    ("culture", _l("Culture and party building")),
    ("other", _l("Other amenity")),
)
HOUSING = ("talent_housing", "youth_housing")
LODGING = (*HOUSING, "hotel")


class AmenityFacility(ParkScoped, Record):
    """One place. `seats` is how many people it holds at once; `building_code` names its building in leasing (merchants)."""

    __tablename__ = "amenities_facility"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("seats IS NULL OR seats > 0", name="seats"),
        CheckConstraint("area IS NULL OR area > 0", name="area"),
        CheckConstraint("closed_on IS NULL OR opened_on IS NULL OR closed_on >= opened_on", name="dates"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    kind: Mapped[str] = field(EnumText(FACILITY_KINDS), _l("Kind of amenity"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    address: Mapped[str | None] = field(String(200), _l("Address"))
    area: Mapped[Decimal | None] = field(Area, _l("Floor area"))
    seats: Mapped[int | None] = field(Integer, _l("People at once"))
    opened_on: Mapped[date | None] = field(Date, _l("In use since"))
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    building_code: Mapped[str | None] = field(
        String(40), _l("Building in leasing"), fmt="code", help=_l("Code of the building its merchants rent in")
    )
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="AmenityFacility.carrier_id")

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name


class AmenityTitle(ParkScoped, Record):
    """A title an authority gave a place (夜间经济示范街区); `revoked_on` when it lost it."""

    __tablename__ = "amenities_title"
    __table_args__ = (
        UniqueConstraint("park_id", "facility_id", "title"),
        CheckConstraint("revoked_on IS NULL OR revoked_on >= awarded_on", name="dates"),
    )
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity"))
    title: Mapped[str] = field(String(200), _l("Title awarded"))
    authority: Mapped[str] = field(String(120), _l("Awarded by"))
    awarded_on: Mapped[date] = field(Date, _l("Awarded on"))
    revoked_on: Mapped[date | None] = field(Date, _l("Revoked on"))
    document: Mapped[str | None] = field(String(120), _l("Document number"))
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="AmenityTitle.facility_id")

    def __str__(self) -> str:
        return self.title


class AmenityPeriod(ParkScoped, Record):
    """What a centre reported for a whole year from before its visits were recorded here: persons and person-times apart."""

    __tablename__ = "amenities_period"
    __table_args__ = (
        UniqueConstraint("park_id", "facility_id", "starts_on"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("persons IS NULL OR persons >= 0", name="persons"),
        CheckConstraint("person_times IS NULL OR (person_times >= 0 AND person_times >= coalesce(persons, 0))", name="person_times"),
    )
    __reported__ = ("persons", "person_times")
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Last day"))
    persons: Mapped[int | None] = field(Integer, _l("Different persons"))
    person_times: Mapped[int | None] = field(Integer, _l("Person-times"))
    source: Mapped[str] = field(String(200), _l("Source"))
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="AmenityPeriod.facility_id")

    def __str__(self) -> str:
        return f"{self.facility} {self.starts_on.year}"
