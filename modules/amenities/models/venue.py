"""Venues and sports grounds: each is a resource of the booking calendar with a price an hour."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.booking.models.resource import BookableResource
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money
from parkops.i18n import _l

from .facility import AmenityFacility

VENUE_KINDS = Choices(
    "amenities.venue_kind",
    ("hall", _l("Hall")), ("meeting", _l("Meeting room")), ("court", _l("Sports court")), ("gym", _l("Gym")), ("square", _l("Square")),
    ("gallery", _l("Exhibition gallery")),
)


class Venue(ParkScoped, Record):
    """A hall, court or square. `resource_id` is its calendar; prices are yuan an hour, the first for firms of the park."""

    __tablename__ = "amenities_venue"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        UniqueConstraint("resource_id"),
        CheckConstraint("seats IS NULL OR seats > 0", name="seats"),
        CheckConstraint("park_price >= 0 AND public_price >= 0", name="price"),
    )
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Venue"))
    kind: Mapped[str] = field(EnumText(VENUE_KINDS), _l("Kind of venue"))
    seats: Mapped[int | None] = field(Integer, _l("Seats"))
    area: Mapped[Decimal | None] = field(Area, _l("Area"))
    park_price: Mapped[Decimal] = field(Money, _l("Price an hour, firms of the park"), default=Decimal(0), server_default="0")
    public_price: Mapped[Decimal] = field(Money, _l("Price an hour, others"), default=Decimal(0), server_default="0")
    active: Mapped[bool] = field(Boolean, _l("Can be booked"), default=True, server_default="true")
    resource_id: Mapped[int | None] = fk("booking_resource.id", _l("Resource in the calendar"), index=False)
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="Venue.facility_id")
    resource: Mapped[BookableResource | None] = relationship(foreign_keys="Venue.resource_id")

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name
