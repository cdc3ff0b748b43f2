"""Apartments and beds, applications with their queue, contracts, what was found on hand-back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Computed, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from ..states import HOUSING_APPLICATION, HOUSING_CONTRACT
from .facility import AmenityFacility

TALENT_LEVELS = Choices(  # graded talents of the province and city; the order is the order of the queue
    "amenities.talent_level",
    ("A", _l("Class A talent")),
    ("B", _l("Class B talent")),
    ("C", _l("Class C talent")),
    ("D", _l("Class D talent")),
    ("E", _l("Class E talent")),
    ("F", _l("Class F talent")),
    ("none", _l("Not graded")),
)
RANKS = {code: 7 - n for n, code in enumerate(TALENT_LEVELS, 1)}  # A = 6 … F = 1, not graded = 0
LAYOUTS = Choices(
    "amenities.layout",
    ("bed", _l("Bed in a shared room")),
    ("single", _l("Single room")),
    ("one", _l("One bedroom")),
    ("two", _l("Two bedrooms")),
    ("three", _l("Three bedrooms")),
)
OCCUPYING = ("allotted", "signed", "living", "leaving", "ended")
NO_OVERLAP = "ex_amenities_housing_contract_bed_id_during"
DURING = Computed("daterange(starts_on, greatest(starts_on, coalesce(ended_on, ends_on) + 1), '[)')", persisted=True)


class Apartment(ParkScoped, Record):
    """A flat or dormitory room."""

    __tablename__ = "amenities_apartment"
    __table_args__ = (UniqueConstraint("park_id", "facility_id", "code"), CheckConstraint("area IS NULL OR area > 0", name="area"))
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity"))
    code: Mapped[str] = field(String(40), _l("Room number"), fmt="code")
    floor: Mapped[int | None] = field(SmallInteger, _l("Floor"))
    layout: Mapped[str] = field(EnumText(LAYOUTS), _l("Layout"))
    area: Mapped[Decimal | None] = field(Area, _l("Area"))
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="Apartment.facility_id")

    __search__ = ("code",)

    def __str__(self) -> str:
        return f"{self.facility} {self.code}"


class ApartmentBed(ParkScoped, Record):
    """What is let: a bed, or the whole apartment as one. Monthly rent and deposit are those of new contracts."""

    __tablename__ = "amenities_bed"
    __table_args__ = (
        UniqueConstraint("park_id", "apartment_id", "code"),
        CheckConstraint("rent >= 0 AND deposit >= 0", name="money"),
        CheckConstraint("people BETWEEN 1 AND 12", name="people"),
    )
    apartment_id: Mapped[int] = fk("amenities_apartment.id", _l("Apartment"))
    code: Mapped[str] = field(String(20), _l("Bed"), fmt="code")
    people: Mapped[int] = field(SmallInteger, _l("People it is for"), default=1, server_default="1")
    rent: Mapped[Decimal] = field(Money, _l("Rent a month"))
    deposit: Mapped[Decimal] = field(Money, _l("Deposit"), default=Decimal(0), server_default="0")
    active: Mapped[bool] = field(Boolean, _l("Can be let"), default=True, server_default="true")
    apartment: Mapped[Apartment] = relationship(foreign_keys="ApartmentBed.apartment_id")

    def __str__(self) -> str:
        return f"{self.apartment}-{self.code}"


class HousingApplication(ParkScoped, Record):
    """A person asks for a bed or apartment. The queue is by talent level, then by the day it entered the queue, then by number."""

    __tablename__ = "amenities_housing_application"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("months BETWEEN 1 AND 60", name="months"),
        CheckConstraint("insured_months IS NULL OR insured_months >= 0", name="insured_months"),
        CheckConstraint("state NOT IN ('queued', 'allotted', 'housed') OR queued_at IS NOT NULL", name="queued"),
        Index("uq_amenities_housing_application_open", "park_id", "person_id", unique=True,
              postgresql_where="state IN ('draft', 'queued', 'allotted')"),
        Index("ix_amenities_housing_application_queue", "facility_id", "rank", "queued_at", postgresql_where="state = 'queued'"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    person_id: Mapped[int] = fk("tenants_person.id", _l("Housing applicant"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Employer"))
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity wished"))
    layout: Mapped[str] = field(EnumText(LAYOUTS), _l("Layout wished"))
    talent_level: Mapped[str] = field(EnumText(TALENT_LEVELS), _l("Talent level"), default="none", server_default="none")
    rank: Mapped[int] = field(SmallInteger, _l("Rank in the queue"), default=0, server_default="0")
    months: Mapped[int] = field(SmallInteger, _l("Months wished"), default=12, server_default="12")
    applied_on: Mapped[date] = field(Date, _l("Applied on"))
    employed_since: Mapped[date | None] = field(Date, _l("Employed since"))
    insured_months: Mapped[int | None] = field(SmallInteger, _l("Months of social insurance"))
    owns_home: Mapped[bool | None] = field(Boolean, _l("Owns a home in the city"))
    state: Mapped[str] = field(EnumText(HOUSING_APPLICATION.choices), _l("State"), default="draft", server_default="draft")
    verdict: Mapped[str | None] = field(String(10), _l("Result of the rules"), fmt="code")
    queued_at: Mapped[datetime | None] = field(UTCDateTime, _l("In the queue since"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    person: Mapped[Any] = relationship("Person", foreign_keys="HousingApplication.person_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="HousingApplication.firm_id")
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="HousingApplication.facility_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class HousingContract(ParkScoped, Record):
    """A bed for a person from a day to a day, both included. It occupies the bed from allotment on (EXCLUDE); `ended_on` shortens it.

    `payer_id` is the firm that gets the bills: the employer, or a register entry of the resident."""

    __tablename__ = "amenities_housing_contract"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("ended_on IS NULL OR ended_on >= starts_on", name="ended_on"),
        CheckConstraint("rent >= 0 AND deposit >= 0", name="money"),
        CheckConstraint("due_day BETWEEN 1 AND 28", name="due_day"),
        CheckConstraint("state NOT IN ('signed', 'living', 'leaving', 'ended') OR signed_on IS NOT NULL", name="signed"),
        CheckConstraint("state NOT IN ('living', 'leaving', 'ended') OR checked_in_on IS NOT NULL", name="checked_in"),
        CheckConstraint("state NOT IN ('leaving', 'ended') OR ended_on IS NOT NULL", name="left"),
        ExcludeConstraint((text("int8range(bed_id, bed_id, '[]')"), "&&"), ("during", "&&"), using="gist", name=NO_OVERLAP,
                          where=text(f"state IN {OCCUPYING}")),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    application_id: Mapped[int | None] = fk("amenities_housing_application.id", _l("Housing application"))
    person_id: Mapped[int] = fk("tenants_person.id", _l("Resident"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Employer"))
    payer_id: Mapped[int] = fk("tenants_firm.id", _l("Pays the bills"))
    bed_id: Mapped[int] = fk("amenities_bed.id", _l("Bed"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Last day"))
    ended_on: Mapped[date | None] = field(Date, _l("Left on"), help=_l("Last day the bed was used"))
    rent: Mapped[Decimal] = field(Money, _l("Rent a month"))
    deposit: Mapped[Decimal] = field(Money, _l("Deposit"), default=Decimal(0), server_default="0")
    due_day: Mapped[int] = field(SmallInteger, _l("Due on day"), default=5, server_default="5")
    state: Mapped[str] = field(EnumText(HOUSING_CONTRACT.choices), _l("State"), default="allotted", server_default="allotted")
    allotted_on: Mapped[date] = field(Date, _l("Allotted on"))
    answer_by: Mapped[date | None] = field(Date, _l("To be signed by"))
    signed_on: Mapped[date | None] = field(Date, _l("Signed on"))
    checked_in_on: Mapped[date | None] = field(Date, _l("Moved in on"))
    condition_in: Mapped[str | None] = field(Text, _l("State at hand-over"), long=True)
    condition_out: Mapped[str | None] = field(Text, _l("State at hand-back"), long=True)
    keys: Mapped[int] = field(SmallInteger, _l("Keys handed over"), default=1, server_default="1")
    inspected_by: Mapped[str | None] = field(String(80), _l("Inspected by"))
    inspected_by_id: Mapped[int | None] = field(Integer, _l("User id"))
    settled_on: Mapped[date | None] = field(Date, _l("Settled on"))
    deposit_id: Mapped[int | None] = fk("billing_deposit.id", _l("Deposit record"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"), server_default=DURING)
    application: Mapped[HousingApplication | None] = relationship(foreign_keys="HousingContract.application_id")
    person: Mapped[Any] = relationship("Person", foreign_keys="HousingContract.person_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="HousingContract.firm_id")
    payer: Mapped[Any] = relationship("Firm", foreign_keys="HousingContract.payer_id")
    bed: Mapped[ApartmentBed] = relationship(foreign_keys="HousingContract.bed_id")
    deposit_record: Mapped[Any] = relationship("Deposit", foreign_keys="HousingContract.deposit_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class HousingDamage(ParkScoped, Record):
    """Something found on hand-back that the resident pays for."""

    __tablename__ = "amenities_housing_damage"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)
    contract_id: Mapped[int] = fk("amenities_housing_contract.id", _l("Housing contract"))
    title: Mapped[str] = field(String(200), _l("What is damaged or missing"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    contract: Mapped[HousingContract] = relationship(foreign_keys="HousingDamage.contract_id")

    def __str__(self) -> str:
        return self.title
