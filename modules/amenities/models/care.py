"""Childcare and pre-school: classes, children, places and the waiting list, who may pick a child up."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.person import GENDERS
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l
from parkops.security.masking import mask

from ..states_care import PLACE
from .facility import AmenityFacility

CLASS_KINDS = Choices("amenities.class_kind", ("nursery", _l("Nursery (under three)")), ("kindergarten", _l("Pre-school (three to six)")))
PRIORITIES = Choices(  # the published order of the waiting list: first of the list first
    "amenities.care_priority",
    ("hardship", _l("Family in hardship or martyr's family")),
    ("sibling", _l("Brother or sister in the class's house")),
    ("both", _l("Both parents work in the park")),
    ("one", _l("One parent works in the park")),
    ("resident", _l("Lives nearby")),
)
CARE_RANKS = {code: n for n, code in enumerate(PRIORITIES)}


class CareClass(ParkScoped, Record):
    """A class of a school year with its places and fee. `taken` counts offered and given places (trigger), never more than there are."""

    __tablename__ = "amenities_care_class"
    __table_args__ = (
        UniqueConstraint("park_id", "facility_id", "name", "starts_on"),
        CheckConstraint("places > 0", name="places"),
        CheckConstraint("taken BETWEEN 0 AND places", name="taken"),
        CheckConstraint("fee >= 0", name="fee"),
        CheckConstraint("ends_on > starts_on", name="dates"),
        CheckConstraint("age_from >= 0 AND age_to > age_from", name="ages"),
    )
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity"))
    name: Mapped[str] = field(String(60), _l("Class"))
    kind: Mapped[str] = field(EnumText(CLASS_KINDS), _l("Kind of class"))
    starts_on: Mapped[date] = field(Date, _l("First day of school"))
    ends_on: Mapped[date] = field(Date, _l("Last day of school"))
    age_from: Mapped[int] = field(SmallInteger, _l("Age from, in months"))
    age_to: Mapped[int] = field(SmallInteger, _l("Age below, in months"))
    places: Mapped[int] = field(SmallInteger, _l("Places"))
    taken: Mapped[int] = field(SmallInteger, _l("Taken"), default=0, server_default="0")
    fee: Mapped[Decimal] = field(Money, _l("Fee a month"))
    teacher: Mapped[str | None] = field(String(80), _l("Teacher"), personal="name")
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="CareClass.facility_id")

    __search__ = ("name",)

    def __str__(self) -> str:
        return self.name


class Child(ParkScoped, Record):
    """A child. Its name and its parent's are masked without the right to see them."""

    __tablename__ = "amenities_child"
    __table_args__ = (CheckConstraint("length(btrim(name)) > 0", name="name"),)
    name: Mapped[str] = field(String(80), _l("Name of the child"), personal="name")
    born_on: Mapped[date] = field(Date, _l("Born on"))
    gender: Mapped[str | None] = field(EnumText(GENDERS), _l("Gender"))
    parent: Mapped[str] = field(String(80), _l("Parent"), personal="name")
    phone: Mapped[str] = field(String(40), _l("Phone"), personal="phone")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Parent's employer"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True, help=_l("Allergies and what teachers must know; no diagnoses"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Child.firm_id")

    __search__ = ("name",)

    def __str__(self) -> str:
        return mask("name", self.name)


class CarePlace(ParkScoped, Record):
    """A child on the waiting list of a class, then with a place. Places never exceed the class (CHECK there)."""

    __tablename__ = "amenities_place"
    __table_args__ = (
        Index(
            "uq_amenities_place_open", "class_id", "child_id", unique=True, postgresql_where="state IN ('waiting', 'offered', 'enrolled')"
        ),
        Index("ix_amenities_place_queue", "class_id", "rank", "listed_at", "id"),
        CheckConstraint("state NOT IN ('enrolled', 'left') OR starts_on IS NOT NULL", name="starts_on"),
        CheckConstraint("state <> 'left' OR ends_on IS NOT NULL", name="ends_on"),
        CheckConstraint("ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on", name="dates"),
        CheckConstraint("fee IS NULL OR fee >= 0", name="fee"),
    )
    class_id: Mapped[int] = fk("amenities_care_class.id", _l("Class"), index=False)
    child_id: Mapped[int] = fk("amenities_child.id", _l("Child"))
    payer_id: Mapped[int] = fk("tenants_firm.id", _l("Pays the bills"))
    priority: Mapped[str] = field(EnumText(PRIORITIES), _l("Priority"))
    rank: Mapped[int] = field(SmallInteger, _l("Rank in the queue"), default=0, server_default="0")
    listed_at: Mapped[datetime] = field(UTCDateTime, _l("On the list since"))
    state: Mapped[str] = field(EnumText(PLACE.choices), _l("State"), default="waiting", server_default="waiting")
    answer_by: Mapped[date | None] = field(Date, _l("To be answered by"))
    starts_on: Mapped[date | None] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Last day"))
    fee: Mapped[Decimal | None] = field(Money, _l("Fee a month"))
    child: Mapped[Child] = relationship(foreign_keys="CarePlace.child_id")
    care_class: Mapped[CareClass] = relationship(foreign_keys="CarePlace.class_id")
    payer: Mapped[Any] = relationship("Firm", foreign_keys="CarePlace.payer_id")

    def __str__(self) -> str:
        return f"{self.child}"


class PickupPerson(ParkScoped, Record):
    """Who may pick a child up, until when."""

    __tablename__ = "amenities_pickup"
    __table_args__ = (CheckConstraint("until IS NULL OR until >= since", name="dates"),)
    child_id: Mapped[int] = fk("amenities_child.id", _l("Child"))
    name: Mapped[str] = field(String(80), _l("Name"), personal="name")
    relation: Mapped[str] = field(String(40), _l("Relation to the child"))
    phone: Mapped[str] = field(String(40), _l("Phone"), personal="phone")
    since: Mapped[date] = field(Date, _l("From"))
    until: Mapped[date | None] = field(Date, _l("Until"))
    child: Mapped[Child] = relationship(foreign_keys="PickupPerson.child_id")

    def __str__(self) -> str:
        return mask("name", self.name)


COUNTED = """
CREATE OR REPLACE FUNCTION amenities_place_count() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.state IN ('offered', 'enrolled') THEN
    UPDATE amenities_care_class SET taken = taken - 1 WHERE id = OLD.class_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.state IN ('offered', 'enrolled') THEN
    UPDATE amenities_care_class SET taken = taken + 1 WHERE id = NEW.class_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER amenities_place_count AFTER INSERT OR DELETE OR UPDATE OF class_id, state ON amenities_place
  FOR EACH ROW EXECUTE FUNCTION amenities_place_count()"""
UNCOUNTED = """
DROP TRIGGER IF EXISTS amenities_place_count ON amenities_place;
DROP FUNCTION IF EXISTS amenities_place_count()"""
after_create(CarePlace.__table__, COUNTED, UNCOUNTED)
