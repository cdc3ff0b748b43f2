"""Events of the park and who registered, came and what they thought."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l
from parkops.security.masking import mask

from ..states_event import EVENT, REGISTRATION
from .venue import Venue

EVENT_KINDS = Choices(
    "amenities.event_kind",
    ("roadshow", _l("Roadshow")), ("matchmaking", _l("Matchmaking")), ("training", _l("Training")), ("salon", _l("Salon")),
    ("culture", _l("Culture and sports")), ("other", _l("Other event")),
)


class ParkEvent(ParkScoped, Record):
    """An event. `taken` counts who is registered or came (trigger) and never exceeds `places` (CHECK)."""

    __tablename__ = "amenities_event"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint("places IS NULL OR places > 0", name="places"),
        CheckConstraint("taken >= 0 AND (places IS NULL OR taken <= places)", name="taken"),
        Index("ix_amenities_event_park_id_starts_at", "park_id", "starts_at"),
    )
    title: Mapped[str] = field(String(160), _l("Park event"))
    kind: Mapped[str] = field(EnumText(EVENT_KINDS), _l("Type of event"))
    venue_id: Mapped[int | None] = fk("amenities_venue.id", _l("Venue"))
    place: Mapped[str | None] = field(String(160), _l("Place"))
    starts_at: Mapped[datetime] = field(UTCDateTime, _l("Start"))
    ends_at: Mapped[datetime] = field(UTCDateTime, _l("End"))
    register_until: Mapped[datetime | None] = field(UTCDateTime, _l("Registration until"))
    places: Mapped[int | None] = field(Integer, _l("Places"), help=_l("Empty: no limit"))
    taken: Mapped[int] = field(Integer, _l("Registered"), default=0, server_default="0")
    host: Mapped[str | None] = field(String(120), _l("Host"))
    state: Mapped[str] = field(EnumText(EVENT.choices), _l("State"), default="draft", server_default="draft")
    booking_id: Mapped[int | None] = fk("booking_booking.id", _l("Booking of the venue"))
    description: Mapped[str | None] = field(Text, _l("Description"), long=True)
    venue: Mapped[Venue | None] = relationship(foreign_keys="ParkEvent.venue_id")
    booking: Mapped[Any] = relationship("Booking", foreign_keys="ParkEvent.booking_id")

    __search__ = ("title",)

    def __str__(self) -> str:
        return self.title


class EventRegistration(ParkScoped, Record):
    """A person at an event. `code` is in the QR code; a rating is given once, by who came."""

    __tablename__ = "amenities_registration"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        Index("uq_amenities_registration_person", "event_id", "phone", unique=True, postgresql_where="state <> 'cancelled'"),
        CheckConstraint("state <> 'attended' OR checked_in_at IS NOT NULL", name="checked_in"),
        CheckConstraint("rating IS NULL OR (rating BETWEEN 1 AND 5 AND state = 'attended')", name="rating"),
    )
    event_id: Mapped[int] = fk("amenities_event.id", _l("Park event"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    name: Mapped[str] = field(String(80), _l("Name"), personal="name")
    phone: Mapped[str] = field(String(40), _l("Phone"), personal="phone")
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    state: Mapped[str] = field(EnumText(REGISTRATION.choices), _l("State"), default="registered", server_default="registered")
    registered_at: Mapped[datetime] = field(UTCDateTime, _l("Registered at"))
    checked_in_at: Mapped[datetime | None] = field(UTCDateTime, _l("Checked in at"))
    rating: Mapped[int | None] = field(SmallInteger, _l("Rating"))
    remark: Mapped[str | None] = field(String(300), _l("Remark"))
    event: Mapped[ParkEvent] = relationship(foreign_keys="EventRegistration.event_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="EventRegistration.firm_id")

    def __str__(self) -> str:
        return mask("name", self.name)


COUNTED = """
CREATE OR REPLACE FUNCTION amenities_event_count() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE before int := CASE WHEN TG_OP = 'INSERT' THEN 0 WHEN OLD.state IN ('registered', 'attended') THEN 1 ELSE 0 END;
        after int := CASE WHEN TG_OP = 'DELETE' THEN 0 WHEN NEW.state IN ('registered', 'attended') THEN 1 ELSE 0 END;
BEGIN
  IF before <> after THEN
    UPDATE amenities_event SET taken = taken + after - before WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.event_id ELSE NEW.event_id END;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER amenities_event_count AFTER INSERT OR DELETE OR UPDATE OF state ON amenities_registration
  FOR EACH ROW EXECUTE FUNCTION amenities_event_count()"""
UNCOUNTED = """
DROP TRIGGER IF EXISTS amenities_event_count ON amenities_registration;
DROP FUNCTION IF EXISTS amenities_event_count()"""
after_create(EventRegistration.__table__, COUNTED, UNCOUNTED)
