"""Bookings, series, the waiting list, overrides and calendar tokens.

No two bookings of an exclusive resource overlap: the database refuses it (EXCLUDE on `during`, K-01). `during` is half-open and
ends early when the use was finished or given up early; `exclusive` is kept by a trigger from the resource's capacity."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql import text

from parkops import clock
from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

from ..states import BOOKING, WAITING
from .resource import TIME_OF_DAY, BookableResource

LONGEST = timedelta(days=62)  # of any booking: what overlaps a time began at most so long before it
OCCUPYING = ("requested", "confirmed", "checked_in", "finished", "missed")
LIVE = ("requested", "confirmed", "checked_in")
FREQUENCIES = Choices("booking.frequency", ("daily", _l("Every day")), ("weekly", _l("Every week")), ("monthly", _l("Every month")))
DURING = Computed("tstzrange(starts_at, greatest(starts_at, least(ends_at, coalesce(finished_at, ends_at))), '[)')", persisted=True)
NO_OVERLAP = "ex_booking_booking_resource_id_during"


def user_fk(label: Any) -> Any:
    """A reference to a user that survives the user."""
    return mapped_column(Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), index=True, info={"label": label, "fmt": "int"})


class BookingSeries(ParkScoped, Record):
    """A rule that makes bookings: every n days, weeks (on weekdays) or months, from a day to a day, with days left out.

    Its payer (as of a booking) pays for every day."""

    __tablename__ = "booking_series"
    __table_args__ = (
        CheckConstraint("every BETWEEN 1 AND 52", name="every"),
        CheckConstraint(f"starts ~ {TIME_OF_DAY} AND starts <> '24:00'", name="starts"),
        CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes"),
        CheckConstraint("last_day >= first_day", name="dates"),
        CheckConstraint("frequency <> 'weekly' OR weekdays ~ '^[1-7](,[1-7])*$'", name="weekdays"),
        CheckConstraint("(payer_source IS NULL) = (payer_id IS NULL)", name="payer"),
    )
    resource_id: Mapped[int] = fk("booking_resource.id", _l("Resource"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    contact_id: Mapped[int | None] = fk("tenants_person.id", _l("Contact person"))
    user_id: Mapped[int | None] = user_fk(_l("User id"))
    frequency: Mapped[str] = field(EnumText(FREQUENCIES), _l("Repeats"), default="weekly", server_default="weekly")
    every: Mapped[int] = field(SmallInteger, _l("Every"), default=1, server_default="1", help=_l("2: every second day, week or month"))
    weekdays: Mapped[str | None] = field(String(20), _l("Weekdays"), help=_l("1 is Monday; for example 1,3"))
    first_day: Mapped[date] = field(Date, _l("First day"))
    last_day: Mapped[date] = field(Date, _l("Last day"))
    starts: Mapped[str] = field(String(5), _l("Starts at"), help=_l("Time of day, for example 08:30"))
    minutes: Mapped[int] = field(Integer, _l("Length in minutes"))
    memo: Mapped[str | None] = field(String(300), _l("Purpose"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    payer_source: Mapped[str | None] = field(String(80), _l("Payer record"))
    payer_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    resource: Mapped[BookableResource] = relationship(foreign_keys="BookingSeries.resource_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="BookingSeries.firm_id")
    contact: Mapped[Any] = relationship("Person", foreign_keys="BookingSeries.contact_id")

    def __str__(self) -> str:
        return f"{self.resource} · {FREQUENCIES.label(self.frequency)} {self.starts}"


class SeriesException(ParkScoped, Record):
    """A day on which the series makes no booking."""

    __tablename__ = "booking_series_exception"
    __table_args__ = (UniqueConstraint("series_id", "day"),)
    series_id: Mapped[int] = fk("booking_series.id", _l("Booking series"), index=False)
    day: Mapped[date] = field(Date, _l("Day"))
    reason: Mapped[str | None] = field(String(200), _l("Reason"))
    series: Mapped[BookingSeries] = relationship(foreign_keys="SeriesException.series_id")

    def __str__(self) -> str:
        return self.day.isoformat()


class Booking(ParkScoped, Record):
    """Somebody has a resource from `starts_at` to `ends_at` (UTC, half-open).

    `firm_id` pays and is counted (empty: the park itself); `contact_id` is the person of the firm, `user_id` who booked;
    `payer_source`/`payer_id` is the record of another module that pays (a paying project); `previous_id` is the booking this
    one replaces."""

    __tablename__ = "booking_booking"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="dates"),
        CheckConstraint("ends_at - starts_at <= interval '62 days'", name="longest"),
        CheckConstraint("people IS NULL OR people >= 1", name="people"),
        CheckConstraint("(payer_source IS NULL) = (payer_id IS NULL)", name="payer"),
        CheckConstraint("checked_in_at IS NOT NULL OR state NOT IN ('checked_in', 'finished')", name="checked_in"),
        CheckConstraint("cancelled_at IS NOT NULL OR state NOT IN ('cancelled', 'late_cancelled', 'refused')", name="cancelled"),
        ExcludeConstraint((text("int8range(resource_id, resource_id, '[]')"), "&&"), ("during", "&&"), using="gist", name=NO_OVERLAP,
                          where=text(f"exclusive AND state IN {OCCUPYING}")),
        UniqueConstraint("series_id", "series_day"),
        Index("ix_booking_booking_resource_id_starts_at", "resource_id", "starts_at"),
        Index("ix_booking_booking_park_id_starts_at", "park_id", "starts_at"),
        Index("ix_booking_booking_firm_id_starts_at", "firm_id", "starts_at"),
        Index("ix_booking_booking_payer", "payer_source", "payer_id", postgresql_where="payer_id IS NOT NULL"),
    )
    resource_id: Mapped[int] = fk("booking_resource.id", _l("Resource"), index=False)
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"), index=False)
    contact_id: Mapped[int | None] = fk("tenants_person.id", _l("Contact person"))
    user_id: Mapped[int | None] = user_fk(_l("User id"))
    booked_by: Mapped[str | None] = field(String(80), _l("Booked by"))
    starts_at: Mapped[datetime] = field(UTCDateTime, _l("Start"))
    ends_at: Mapped[datetime] = field(UTCDateTime, _l("End"))
    state: Mapped[str] = field(EnumText(BOOKING.choices), _l("State"), default="requested", server_default="requested")
    people: Mapped[int | None] = field(Integer, _l("Number of people"))
    memo: Mapped[str | None] = field(String(300), _l("Purpose"))
    series_id: Mapped[int | None] = fk("booking_series.id", _l("Booking series"), index=False)
    series_day: Mapped[date | None] = field(Date, _l("Day of the series"))
    payer_source: Mapped[str | None] = field(String(80), _l("Payer record"))
    payer_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    previous_id: Mapped[int | None] = fk("booking_booking.id", _l("Replaces"))
    checked_in_at: Mapped[datetime | None] = field(UTCDateTime, _l("Checked in at"))
    finished_at: Mapped[datetime | None] = field(UTCDateTime, _l("Free again at"))
    cancelled_at: Mapped[datetime | None] = field(UTCDateTime, _l("Cancelled at"))
    end_reason: Mapped[str | None] = field(String(300), _l("Reason"))
    exclusive: Mapped[bool] = field(Boolean, _l("Exclusive"), default=True, server_default="true")
    during: Mapped[Range[datetime]] = field(TSTZRANGE, _l("Period"), server_default=DURING)
    resource: Mapped[BookableResource] = relationship(foreign_keys="Booking.resource_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Booking.firm_id")
    contact: Mapped[Any] = relationship("Person", foreign_keys="Booking.contact_id")
    series: Mapped[BookingSeries | None] = relationship(foreign_keys="Booking.series_id")

    __search__ = ("memo",)

    def __str__(self) -> str:
        first, last = clock.local(self.starts_at), clock.local(self.ends_at)
        return f"{self.resource} {first:%Y-%m-%d %H:%M}–{last:%H:%M}"


class BookingOverride(ParkScoped, Record):
    """A problem a member of staff let pass: which, when, who and why. Never changed."""

    __tablename__ = "booking_override"
    booking_id: Mapped[int] = fk("booking_booking.id", _l("Booking"))
    code: Mapped[str] = field(String(80), _l("Rule"), fmt="code")
    message: Mapped[str] = field(String(500), _l("Problem"))
    reason: Mapped[str] = field(String(300), _l("Reason"))
    user_id: Mapped[int | None] = field(Integer, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"))
    at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    booking: Mapped[Booking] = relationship(foreign_keys="BookingOverride.booking_id")

    def __str__(self) -> str:
        return self.code


protect(BookingOverride)


class WaitingEntry(ParkScoped, Record):
    """Who wants a slot that is taken. The first in line is offered it when it becomes free, until `offer_until`.

    Its payer (as of a booking) pays when the slot is taken."""

    __tablename__ = "booking_waiting"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="dates"),
        CheckConstraint("state <> 'offered' OR offer_until IS NOT NULL", name="offer"),
        CheckConstraint("state <> 'booked' OR booking_id IS NOT NULL", name="booked"),
        CheckConstraint("(payer_source IS NULL) = (payer_id IS NULL)", name="payer"),
        Index("ix_booking_waiting_resource_id_state", "resource_id", "state", "starts_at"),
    )
    resource_id: Mapped[int] = fk("booking_resource.id", _l("Resource"), index=False)
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    contact_id: Mapped[int | None] = fk("tenants_person.id", _l("Contact person"))
    user_id: Mapped[int | None] = user_fk(_l("User id"))
    starts_at: Mapped[datetime] = field(UTCDateTime, _l("Start"))
    ends_at: Mapped[datetime] = field(UTCDateTime, _l("End"))
    state: Mapped[str] = field(EnumText(WAITING.choices), _l("State"), default="waiting", server_default="waiting")
    asked_at: Mapped[datetime] = field(UTCDateTime, _l("Asked at"))
    offered_at: Mapped[datetime | None] = field(UTCDateTime, _l("Offered at"))
    offer_until: Mapped[datetime | None] = field(UTCDateTime, _l("Offer holds until"))
    booking_id: Mapped[int | None] = fk("booking_booking.id", _l("Booking"))
    memo: Mapped[str | None] = field(String(300), _l("Purpose"))
    payer_source: Mapped[str | None] = field(String(80), _l("Payer record"))
    payer_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    resource: Mapped[BookableResource] = relationship(foreign_keys="WaitingEntry.resource_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="WaitingEntry.firm_id")
    contact: Mapped[Any] = relationship("Person", foreign_keys="WaitingEntry.contact_id")
    booking: Mapped[Booking | None] = relationship(foreign_keys="WaitingEntry.booking_id")

    def __str__(self) -> str:
        return f"{self.resource} {clock.local(self.starts_at):%Y-%m-%d %H:%M}"


class CalendarToken(ParkScoped, Record):
    """A secret address under which a calendar program reads the bookings of a user, a person, a firm or a resource.

    Only the SHA-256 of the token is kept; revoked tokens stay as rows."""

    __tablename__ = "booking_calendar_token"
    __table_args__ = (
        UniqueConstraint("park_id", "token_hash"),
        CheckConstraint("num_nonnulls(user_id, contact_id, firm_id, resource_id) = 1", name="whose"),
        Index("uq_booking_calendar_token_hash", "token_hash", unique=True),
    )
    user_id: Mapped[int | None] = user_fk(_l("User id"))
    contact_id: Mapped[int | None] = fk("tenants_person.id", _l("Contact person"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    resource_id: Mapped[int | None] = fk("booking_resource.id", _l("Resource"))
    token_hash: Mapped[str] = field(String(64), _l("Fingerprint"))
    hint: Mapped[str] = field(String(8), _l("Ends with"), fmt="code")
    issued_by: Mapped[str] = field(String(80), _l("Issued by"))
    issued_at: Mapped[datetime] = field(UTCDateTime, _l("Issued at"))
    revoked_at: Mapped[datetime | None] = field(UTCDateTime, _l("Revoked at"))
    last_used_on: Mapped[date | None] = field(Date, _l("Last read on"))
    contact: Mapped[Any] = relationship("Person", foreign_keys="CalendarToken.contact_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="CalendarToken.firm_id")
    resource: Mapped[BookableResource | None] = relationship(foreign_keys="CalendarToken.resource_id")

    def __str__(self) -> str:
        return f"…{self.hint}"


EXCLUSIVE = """
CREATE OR REPLACE FUNCTION booking_exclusive() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE room record;
BEGIN
  SELECT capacity, park_id INTO room FROM booking_resource WHERE id = NEW.resource_id FOR KEY SHARE;
  IF room.park_id <> NEW.park_id THEN
    RAISE EXCEPTION 'a booking belongs to the park of its resource';
  END IF;
  NEW.exclusive := (room.capacity = 1);
  RETURN NEW;
END $$;
CREATE TRIGGER booking_exclusive BEFORE INSERT OR UPDATE OF resource_id, exclusive ON booking_booking
  FOR EACH ROW EXECUTE FUNCTION booking_exclusive();
CREATE OR REPLACE FUNCTION booking_capacity() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE booking_booking SET exclusive = (NEW.capacity = 1) WHERE resource_id = NEW.id AND exclusive <> (NEW.capacity = 1);
  RETURN NULL;
END $$;
CREATE TRIGGER booking_capacity AFTER UPDATE OF capacity ON booking_resource
  FOR EACH ROW WHEN ((OLD.capacity = 1) <> (NEW.capacity = 1)) EXECUTE FUNCTION booking_capacity()
"""
DROP = """
DROP TRIGGER IF EXISTS booking_capacity ON booking_resource;
DROP TRIGGER IF EXISTS booking_exclusive ON booking_booking;
DROP FUNCTION IF EXISTS booking_capacity();
DROP FUNCTION IF EXISTS booking_exclusive()
"""
after_create(Booking.__table__, EXCLUSIVE, DROP)
