"""What can be booked, by which rules, when it is open and when it is not."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

RESOURCE_KINDS = Choices(
    "booking.resource_kind",
    ("room", _l("Meeting room")), ("instrument", _l("Instrument")), ("studio", _l("Studio")), ("venue", _l("Venue")),
    ("desk", _l("Hot desk")), ("vehicle", _l("Vehicle")), ("other", _l("Other")),
)
WEEKDAYS = Choices(
    "booking.weekday",
    ("1", _l("Monday")), ("2", _l("Tuesday")), ("3", _l("Wednesday")), ("4", _l("Thursday")), ("5", _l("Friday")),
    ("6", _l("Saturday")), ("7", _l("Sunday")),
)
CLOSURE_KINDS = Choices(
    "booking.closure_kind",
    ("closure", _l("Planned closure"), "amber"), ("maintenance", _l("Maintenance"), "violet"), ("outage", _l("Out of order"), "red"),
)
TIME_OF_DAY = "'^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$'"


class ResourceGroup(ParkScoped, Record):
    """Resources people look at together in one calendar; opening hours and closures may be said once for the group."""

    __tablename__ = "booking_group"
    __table_args__ = (UniqueConstraint("park_id", "code"),)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    position: Mapped[int] = field(SmallInteger, _l("Order"), default=50, server_default="50")

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name


class BookableResource(ParkScoped, Record):
    """A room, instrument or venue with its booking rules. Empty rule = no such rule; times are minutes, days are days.

    `capacity` is how many bookings may run at the same time (1 = exclusive, kept by the database), `seats` how many people it
    holds. `owner_source`/`owner_id` name the record of another module it stands for (an instrument, a hall)."""

    __tablename__ = "booking_resource"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("capacity >= 1", name="capacity"),
        CheckConstraint("seats IS NULL OR seats >= 1", name="seats"),
        CheckConstraint("step_minutes BETWEEN 5 AND 1440", name="step_minutes"),
        CheckConstraint("horizon_days IS NULL OR horizon_days >= 1", name="horizon_days"),
        CheckConstraint("min_minutes IS NULL OR min_minutes >= 1", name="min_minutes"),
        CheckConstraint("max_minutes IS NULL OR max_minutes >= coalesce(min_minutes, 1)", name="max_minutes"),
        CheckConstraint("per_day IS NULL OR per_day >= 1", name="per_day"),
        CheckConstraint("gap_minutes >= 0 AND turnaround_minutes >= 0 AND notice_minutes >= 0 AND cancel_minutes >= 0", name="minutes"),
        CheckConstraint("missed_minutes IS NULL OR missed_minutes >= 1", name="missed_minutes"),
        CheckConstraint("(owner_source IS NULL) = (owner_id IS NULL)", name="owner"),
        Index("uq_booking_resource_owner", "park_id", "owner_source", "owner_id", unique=True, postgresql_where="owner_id IS NOT NULL"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    kind: Mapped[str] = field(EnumText(RESOURCE_KINDS), _l("Kind"), default="room", server_default="room")
    group_id: Mapped[int | None] = fk("booking_group.id", _l("Resource group"))
    place: Mapped[str | None] = field(String(200), _l("Place"))
    capacity: Mapped[int] = field(SmallInteger, _l("Bookings at the same time"), default=1, server_default="1",
                                  help=_l("1: nobody else can book the same time"))
    seats: Mapped[int | None] = field(Integer, _l("Seats"))
    active: Mapped[bool] = field(Boolean, _l("Can be booked"), default=True, server_default="true")
    step_minutes: Mapped[int] = field(SmallInteger, _l("Time grid in minutes"), default=15, server_default="15")
    horizon_days: Mapped[int | None] = field(Integer, _l("Bookable days ahead"), help=_l("Empty: any day"))
    min_minutes: Mapped[int | None] = field(Integer, _l("Shortest booking in minutes"))
    max_minutes: Mapped[int | None] = field(Integer, _l("Longest booking in minutes"))
    per_day: Mapped[int | None] = field(SmallInteger, _l("Bookings per firm and day"))
    gap_minutes: Mapped[int] = field(Integer, _l("Minutes between two bookings of a firm"), default=0, server_default="0")
    turnaround_minutes: Mapped[int] = field(Integer, _l("Minutes kept free between bookings"), default=0, server_default="0")
    notice_minutes: Mapped[int] = field(Integer, _l("Booked at least minutes before"), default=0, server_default="0")
    cancel_minutes: Mapped[int] = field(Integer, _l("Free cancellation until minutes before"), default=0, server_default="0")
    missed_minutes: Mapped[int | None] = field(Integer, _l("No-show after minutes"),
                                               help=_l("Empty: bookings are never marked as missed by themselves"))
    needs_approval: Mapped[bool] = field(Boolean, _l("Bookings need approval"), default=False, server_default="false")
    owner_source: Mapped[str | None] = field(String(80), _l("Belongs to"))
    owner_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    group: Mapped[ResourceGroup | None] = relationship(foreign_keys="BookableResource.group_id")

    __search__ = ("name", "code", "place")

    def __str__(self) -> str:
        return self.name


class ResourceAttribute(ParkScoped, Record):
    """What a resource has: projector, biosafety level, load of the floor."""

    __tablename__ = "booking_attribute"
    __table_args__ = (UniqueConstraint("resource_id", "name"),)
    resource_id: Mapped[int] = fk("booking_resource.id", _l("Resource"), index=False)
    name: Mapped[str] = field(String(80), _l("Attribute"))
    value: Mapped[str] = field(String(200), _l("Value"))
    resource: Mapped[BookableResource] = relationship(foreign_keys="ResourceAttribute.resource_id")

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class OpeningHours(ParkScoped, Record):
    """Hours of a weekday (1 = Monday), park time, for a resource or a group. A resource with rows of its own ignores the
    group's; without any it is open at all times."""

    __tablename__ = "booking_opening"
    __table_args__ = (
        CheckConstraint("(resource_id IS NULL) <> (group_id IS NULL)", name="whose"),
        CheckConstraint(f"opens ~ {TIME_OF_DAY} AND closes ~ {TIME_OF_DAY}", name="times"),
        CheckConstraint("closes > opens", name="order"),
        CheckConstraint("valid_to IS NULL OR valid_from IS NULL OR valid_to >= valid_from", name="dates"),
    )
    resource_id: Mapped[int | None] = fk("booking_resource.id", _l("Resource"))
    group_id: Mapped[int | None] = fk("booking_group.id", _l("Resource group"))
    weekday: Mapped[str] = field(EnumText(WEEKDAYS), _l("Weekday"))
    opens: Mapped[str] = field(String(5), _l("Opens"), help=_l("Time of day, for example 08:30"))
    closes: Mapped[str] = field(String(5), _l("Closes"), help=_l("Time of day; 24:00 is midnight"))
    valid_from: Mapped[date | None] = field(Date, _l("Valid from"))
    valid_to: Mapped[date | None] = field(Date, _l("Valid until"), help=_l("Last day"))
    resource: Mapped[BookableResource | None] = relationship(foreign_keys="OpeningHours.resource_id")
    group: Mapped[ResourceGroup | None] = relationship(foreign_keys="OpeningHours.group_id")

    def __str__(self) -> str:
        return f"{WEEKDAYS.label(self.weekday)} {self.opens}–{self.closes}"


class ResourceClosure(ParkScoped, Record):
    """From when to when nothing can be booked, and why: a resource, a group, or (neither named) the whole park.

    An outage or maintenance has a resource; `ends_at` empty means it lasts. Outages cannot be overridden, closures can."""

    __tablename__ = "booking_closure"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="dates"),
        CheckConstraint("resource_id IS NULL OR group_id IS NULL", name="whose"),
        Index("ix_booking_closure_park_id_starts_at", "park_id", "starts_at"),
    )
    resource_id: Mapped[int | None] = fk("booking_resource.id", _l("Resource"))
    group_id: Mapped[int | None] = fk("booking_group.id", _l("Resource group"), help=_l("Neither resource nor group: the whole park"))
    kind: Mapped[str] = field(EnumText(CLOSURE_KINDS), _l("Kind"), default="closure", server_default="closure")
    cause: Mapped[str] = field(String(200), _l("Cause"))
    starts_at: Mapped[datetime] = field(UTCDateTime, _l("From"))
    ends_at: Mapped[datetime | None] = field(UTCDateTime, _l("Until"), help=_l("Empty while it lasts"))
    source: Mapped[str | None] = field(String(80), _l("Comes from"))
    source_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    resource: Mapped[BookableResource | None] = relationship(foreign_keys="ResourceClosure.resource_id")
    group: Mapped[ResourceGroup | None] = relationship(foreign_keys="ResourceClosure.group_id")

    def __str__(self) -> str:
        return f"{CLOSURE_KINDS.label(self.kind)}: {self.cause}"
