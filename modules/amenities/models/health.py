"""Health centre: packages, orders of firms, slots, visits. Results are not stored: there is no field for them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from ..states_health import HEALTH_ORDER, HEALTH_VISIT
from .facility import AmenityFacility

PACKAGE_KINDS = Choices(
    "amenities.package_kind",
    ("checkup", _l("Health check-up")),
    ("occupational", _l("Occupational health check")),
    ("special", _l("Special examination")),
    ("advice", _l("Health advice")),
)
COMING = ("booked", "attended")


class HealthPackage(ParkScoped, Record):
    """What is offered, with the price a person."""

    __tablename__ = "amenities_package"
    __table_args__ = (UniqueConstraint("park_id", "code"), CheckConstraint("price >= 0", name="price"))
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Health centre"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Package"))
    kind: Mapped[str] = field(EnumText(PACKAGE_KINDS), _l("Kind of package"))
    price: Mapped[Decimal] = field(Money, _l("Price a person"))
    active: Mapped[bool] = field(Boolean, _l("Offered"), default=True, server_default="true")
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="HealthPackage.facility_id")

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name


class HealthOrder(ParkScoped, Record):
    """A firm orders a package for its people; invoiced by who came."""

    __tablename__ = "amenities_health_order"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("persons > 0", name="persons"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    package_id: Mapped[int] = fk("amenities_package.id", _l("Package"))
    persons: Mapped[int] = field(Integer, _l("Persons ordered"))
    price: Mapped[Decimal] = field(Money, _l("Price a person"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Last day"))
    state: Mapped[str] = field(EnumText(HEALTH_ORDER.choices), _l("State"), default="draft", server_default="draft")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="HealthOrder.firm_id")
    package: Mapped[HealthPackage] = relationship(foreign_keys="HealthOrder.package_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class HealthSlot(ParkScoped, Record):
    """A time with so many places. `taken` is kept by a trigger and never exceeds them (CHECK)."""

    __tablename__ = "amenities_slot"
    __table_args__ = (
        UniqueConstraint("park_id", "facility_id", "starts_at"),
        CheckConstraint("places > 0", name="places"),
        CheckConstraint("taken BETWEEN 0 AND places", name="taken"),
        CheckConstraint("minutes BETWEEN 5 AND 600", name="minutes"),
    )
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Health centre"))
    starts_at: Mapped[datetime] = field(UTCDateTime, _l("Start"))
    minutes: Mapped[int] = field(SmallInteger, _l("Minutes"), default=30, server_default="30")
    places: Mapped[int] = field(SmallInteger, _l("Places"))
    taken: Mapped[int] = field(SmallInteger, _l("Taken"), default=0, server_default="0")
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="HealthSlot.facility_id")

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M}"


class HealthInvoice(ParkScoped, Record):
    """Attendance of an order up to a day, charged once: every visit is on at most one."""

    __tablename__ = "amenities_health_invoice"
    __table_args__ = (CheckConstraint("persons > 0 AND amount >= 0", name="sum"),)
    order_id: Mapped[int] = fk("amenities_health_order.id", _l("Health order"))
    until: Mapped[date] = field(Date, _l("Attendance until"))
    persons: Mapped[int] = field(Integer, _l("Attended"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    entered_by: Mapped[str] = field(String(80), _l("Entered by"))
    order: Mapped[HealthOrder] = relationship(foreign_keys="HealthInvoice.order_id")

    def __str__(self) -> str:
        return f"{self.order} {self.until}"


class HealthVisit(ParkScoped, Record):
    """One person, one visit. `person_code` is the firm's staff number: who came twice is one person and two person-times."""

    __tablename__ = "amenities_visit"
    __table_args__ = (
        CheckConstraint("state <> 'attended' OR attended_on IS NOT NULL", name="attended_on"),
        CheckConstraint("invoice_id IS NULL OR state = 'attended'", name="invoice"),
        Index("uq_amenities_visit_slot_person", "slot_id", "firm_id", "person_code", unique=True,
              postgresql_where="slot_id IS NOT NULL AND state <> 'cancelled'"),
        Index("ix_amenities_visit_park_id_attended_on", "park_id", "attended_on"),
        Index("ix_amenities_visit_firm_id", "firm_id", "person_code"),
    )
    order_id: Mapped[int | None] = fk("amenities_health_order.id", _l("Health order"))
    package_id: Mapped[int] = fk("amenities_package.id", _l("Package"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    slot_id: Mapped[int | None] = fk("amenities_slot.id", _l("Slot"), index=False)
    person_code: Mapped[str] = field(String(40), _l("Staff number"), fmt="code")
    name: Mapped[str | None] = field(String(80), _l("Name"), personal="name")
    state: Mapped[str] = field(EnumText(HEALTH_VISIT.choices), _l("State"), default="booked", server_default="booked")
    attended_on: Mapped[date | None] = field(Date, _l("Came on"))
    invoice_id: Mapped[int | None] = fk("amenities_health_invoice.id", _l("Charged with"))
    order: Mapped[HealthOrder | None] = relationship(foreign_keys="HealthVisit.order_id")
    package: Mapped[HealthPackage] = relationship(foreign_keys="HealthVisit.package_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="HealthVisit.firm_id")
    slot: Mapped[HealthSlot | None] = relationship(foreign_keys="HealthVisit.slot_id")
    invoice: Mapped[HealthInvoice | None] = relationship(foreign_keys="HealthVisit.invoice_id")

    def __str__(self) -> str:
        return self.person_code


COUNTED = """
CREATE OR REPLACE FUNCTION amenities_slot_count() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.slot_id IS NOT NULL AND OLD.state IN ('booked', 'attended') THEN
    UPDATE amenities_slot SET taken = taken - 1 WHERE id = OLD.slot_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.slot_id IS NOT NULL AND NEW.state IN ('booked', 'attended') THEN
    UPDATE amenities_slot SET taken = taken + 1 WHERE id = NEW.slot_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER amenities_slot_count AFTER INSERT OR DELETE OR UPDATE OF slot_id, state ON amenities_visit
  FOR EACH ROW EXECUTE FUNCTION amenities_slot_count()"""
UNCOUNTED = """
DROP TRIGGER IF EXISTS amenities_slot_count ON amenities_visit;
DROP FUNCTION IF EXISTS amenities_slot_count()"""
after_create(HealthVisit.__table__, COUNTED, UNCOUNTED)
