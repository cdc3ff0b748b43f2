"""Hotel: room types and rooms, dated rates, group blocks, reservations with their folio, closed days."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Computed, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from ..states_hotel import BLOCK, RESERVATION
from .facility import AmenityFacility

RATE_CLASSES = Choices("amenities.rate_class", ("public", _l("Public price")), ("park", _l("Firms of the park")), ("group", _l("Groups")))
FOLIO_KINDS = Choices(
    "amenities.folio_kind",
    ("night", _l("Night")),
    ("extra", _l("Extra")),
    ("discount", _l("Discount"), "green"),
    ("payment", _l("Paid at the desk"), "green"),
    ("reversal", _l("Taken back"), "amber"),
)
DESK_MEANS = Choices("amenities.desk_means", ("cash", _l("Cash payment")), ("bank", _l("Card or bank transfer")))
STAYING = ("booked", "in_house", "left")
NO_OVERLAP = "ex_amenities_reservation_room_id_during"
NIGHTS = Computed("daterange(arrives_on, greatest(arrives_on, coalesce(left_on, leaves_on)), '[)')", persisted=True)


class HotelRoomType(ParkScoped, Record):
    """Rooms that are sold as the same thing."""

    __tablename__ = "amenities_room_type"
    __table_args__ = (UniqueConstraint("park_id", "facility_id", "code"), CheckConstraint("guests BETWEEN 1 AND 12", name="guests"))
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Hotel"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(80), _l("Room type"))
    guests: Mapped[int] = field(SmallInteger, _l("Guests at most"), default=2, server_default="2")
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="HotelRoomType.facility_id")

    def __str__(self) -> str:
        return self.name


class HotelRoom(ParkScoped, Record):
    """One room. Out of order rooms are not sold."""

    __tablename__ = "amenities_room"
    __table_args__ = (UniqueConstraint("park_id", "type_id", "number"),)
    type_id: Mapped[int] = fk("amenities_room_type.id", _l("Room type"))
    number: Mapped[str] = field(String(20), _l("Room"), fmt="code")
    in_order: Mapped[bool] = field(Boolean, _l("In order"), default=True, server_default="true")
    clean: Mapped[bool] = field(Boolean, _l("Clean"), default=True, server_default="true")
    type: Mapped[HotelRoomType] = relationship(foreign_keys="HotelRoom.type_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class HotelRate(ParkScoped, Record):
    """Price a night of a room type for a class of guests on every night of a span (last night included). Never two on a night."""

    __tablename__ = "amenities_room_rate"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("until >= since", name="dates"),
        ExcludeConstraint(
            (text("int8range(type_id, type_id, '[]')"), "&&"),
            (text("int8range(hashtextextended(rate_class, 0), hashtextextended(rate_class, 0), '[]')"), "&&"),
            (text("daterange(since, until, '[]')"), "&&"), using="gist", name="ex_amenities_room_rate_type_id"),
    )
    type_id: Mapped[int] = fk("amenities_room_type.id", _l("Room type"))
    rate_class: Mapped[str] = field(EnumText(RATE_CLASSES), _l("Class of price"), default="public", server_default="public")
    since: Mapped[date] = field(Date, _l("First night"))
    until: Mapped[date] = field(Date, _l("Last night"))
    amount: Mapped[Decimal] = field(Money, _l("Price a night"))
    type: Mapped[HotelRoomType] = relationship(foreign_keys="HotelRate.type_id")

    def __str__(self) -> str:
        return f"{self.type} {self.since}"


class HotelBlock(ParkScoped, Record):
    """Rooms kept for a group until the cut-off day; reservations of the group take from it."""

    __tablename__ = "amenities_block"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("leaves_on > arrives_on", name="dates"),
        CheckConstraint("rooms > 0", name="rooms"),
        CheckConstraint("price IS NULL OR price >= 0", name="price"),
        CheckConstraint("cut_off_on <= arrives_on", name="cut_off_on"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    type_id: Mapped[int] = fk("amenities_room_type.id", _l("Room type"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm that pays"))
    title: Mapped[str] = field(String(120), _l("Group"))
    arrives_on: Mapped[date] = field(Date, _l("Arrival"))
    leaves_on: Mapped[date] = field(Date, _l("Departure"))
    rooms: Mapped[int] = field(SmallInteger, _l("Rooms"))
    price: Mapped[Decimal | None] = field(Money, _l("Agreed price a night"), help=_l("Empty: the group price of the night"))
    cut_off_on: Mapped[date] = field(Date, _l("Kept until"), help=_l("Rooms nobody took by then are sold to others"))
    state: Mapped[str] = field(EnumText(BLOCK.choices), _l("State"), default="held", server_default="held")
    type: Mapped[HotelRoomType] = relationship(foreign_keys="HotelBlock.type_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="HotelBlock.firm_id")

    __search__ = ("number", "title")

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class HotelReservation(ParkScoped, Record):
    """A stay from arrival to departure (the night before it is the last). With a firm the folio goes on its bill, else it is paid at
    the desk. A room is taken once a night (EXCLUDE); `left_on` shortens the stay."""

    __tablename__ = "amenities_reservation"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("leaves_on > arrives_on", name="dates"),
        CheckConstraint("guests BETWEEN 1 AND 12", name="guests"),
        CheckConstraint("state <> 'in_house' OR room_id IS NOT NULL", name="room"),
        CheckConstraint("state <> 'left' OR left_on IS NOT NULL", name="left_on"),
        ExcludeConstraint((text("int8range(room_id, room_id, '[]')"), "&&"), ("during", "&&"), using="gist", name=NO_OVERLAP,
                          where=text(f"room_id IS NOT NULL AND state IN {STAYING}")),
        Index("ix_amenities_reservation_type_id_arrives_on", "type_id", "arrives_on"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    type_id: Mapped[int] = fk("amenities_room_type.id", _l("Room type"), index=False)
    room_id: Mapped[int | None] = fk("amenities_room.id", _l("Room"))
    block_id: Mapped[int | None] = fk("amenities_block.id", _l("Group block"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm that pays"))
    guest: Mapped[str] = field(String(80), _l("Guest"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    guests: Mapped[int] = field(SmallInteger, _l("Guests"), default=1, server_default="1")
    arrives_on: Mapped[date] = field(Date, _l("Arrival"))
    leaves_on: Mapped[date] = field(Date, _l("Departure"))
    left_on: Mapped[date | None] = field(Date, _l("Left on"))
    rate_class: Mapped[str] = field(EnumText(RATE_CLASSES), _l("Class of price"), default="public", server_default="public")
    state: Mapped[str] = field(EnumText(RESERVATION.choices), _l("State"), default="booked", server_default="booked")
    during: Mapped[Range[date]] = field(DATERANGE, _l("Nights"), server_default=NIGHTS)
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    type: Mapped[HotelRoomType] = relationship(foreign_keys="HotelReservation.type_id")
    room: Mapped[HotelRoom | None] = relationship(foreign_keys="HotelReservation.room_id")
    block: Mapped[HotelBlock | None] = relationship(foreign_keys="HotelReservation.block_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="HotelReservation.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class HotelDay(ParkScoped, Record):
    """A business day that was closed (night audit): nights posted, what the desk took. Never closed twice."""

    __tablename__ = "amenities_hotel_day"
    __table_args__ = (UniqueConstraint("park_id", "facility_id", "day"),)
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Hotel"))
    day: Mapped[date] = field(Date, _l("Business day"))
    rooms: Mapped[int] = field(Integer, _l("Rooms in order"))
    nights: Mapped[int] = field(Integer, _l("Nights posted"))
    missed: Mapped[int] = field(Integer, _l("Guests who did not come"), default=0, server_default="0")
    revenue: Mapped[Decimal] = field(Money, _l("Revenue of the day"))
    desk: Mapped[Decimal] = field(Money, _l("Taken at the desk"))
    entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    closed_at: Mapped[datetime] = field(UTCDateTime, _l("Closed at"))
    closed_by: Mapped[str] = field(String(80), _l("Closed by"))
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="HotelDay.facility_id")
    entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="HotelDay.entry_id")

    def __str__(self) -> str:
        return self.day.isoformat()


class HotelFolioLine(ParkScoped, Record):
    """A line of a guest's folio: never changed, only taken back. One night a reservation and day, however often the day is closed."""

    __tablename__ = "amenities_folio_line"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("(kind = 'payment') = (means IS NOT NULL) OR kind = 'reversal'", name="paid_by"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
        Index("uq_amenities_folio_line_night", "reservation_id", "day", unique=True, postgresql_where="kind = 'night'"),
        Index("uq_amenities_folio_line_reverses", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
        Index("ix_amenities_folio_line_park_id_day", "park_id", "day"),
    )
    reservation_id: Mapped[int] = fk("amenities_reservation.id", _l("Reservation"))
    day: Mapped[date] = field(Date, _l("Business day"))
    kind: Mapped[str] = field(EnumText(FOLIO_KINDS), _l("Kind"))
    title: Mapped[str] = field(String(200), _l("Line"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"), help=_l("Payments and discounts are negative"))
    means: Mapped[str | None] = field(EnumText(DESK_MEANS), _l("Means of payment"))
    reverses_id: Mapped[int | None] = fk("amenities_folio_line.id", _l("Takes back"), index=False)
    entered_by: Mapped[str] = field(String(80), _l("Entered by"))
    reservation: Mapped[HotelReservation] = relationship(foreign_keys="HotelFolioLine.reservation_id")
    reverses: Mapped[HotelFolioLine | None] = relationship(foreign_keys="HotelFolioLine.reverses_id", remote_side="HotelFolioLine.id")

    def __str__(self) -> str:
        return self.title


FIXED = """
CREATE OR REPLACE FUNCTION amenities_folio_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'a folio line is never changed or removed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM amenities_reservation r JOIN amenities_room_type t ON t.id = r.type_id
             JOIN amenities_hotel_day d ON d.facility_id = t.facility_id AND d.day = NEW.day WHERE r.id = NEW.reservation_id) THEN
    RAISE EXCEPTION 'a closed hotel day takes no more lines' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER amenities_folio_guard BEFORE INSERT OR UPDATE OR DELETE ON amenities_folio_line
  FOR EACH ROW EXECUTE FUNCTION amenities_folio_guard()"""
FREE = """
DROP TRIGGER IF EXISTS amenities_folio_guard ON amenities_folio_line;
DROP FUNCTION IF EXISTS amenities_folio_guard()"""
after_create(HotelFolioLine.__table__, FIXED, FREE)
