"""Room types, rooms and dated rates of the hotel. Rules Y-42, Y-43."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.facility import AmenityFacility
from ..models.hotel import HotelRate, HotelReservation, HotelRoom, HotelRoomType


def _check_type(session: Any, values: dict[str, Any], problems: Problems) -> None:
    found = session.get(AmenityFacility, values["facility_id"])
    if found is not None and found.kind != "hotel":
        problems.add("amenities.Y-42", _l("Choose a hotel."), "facility_id")
    if not 1 <= (values.get("guests") or 0) <= 12:
        problems.add("amenities.Y-42", _l("A room is for 1 to 12 guests."), "guests")


def create_type(session: Any, **values: Any) -> HotelRoomType:
    """Rooms sold as the same thing (Y-42)."""
    return records.create(session, HotelRoomType, values, _check_type)


def change_type(session: Any, row: HotelRoomType, **values: Any) -> HotelRoomType:
    """Change it."""
    return records.change(session, row, values, _check_type)


def create_room(session: Any, **values: Any) -> HotelRoom:
    """One room."""
    return records.create(session, HotelRoom, {k: v for k, v in values.items() if v is not None})


def change_room(session: Any, row: HotelRoom, **values: Any) -> HotelRoom:
    """Cleaned, out of order, back in order."""
    return records.change(session, row, values)


def remove_room(session: Any, row: HotelRoom) -> None:
    """Delete one nobody slept in."""
    records.remove(session, row, (HotelReservation, "room_id", _l("Guests had this room. Mark it as out of order instead of deleting it.")))


def mark_clean(session: Any, rows: list[HotelRoom]) -> str:
    """Housekeeping has finished."""
    for row in rows:
        records.change(session, row, {"clean": True})
    return str(_l("%(n)s rooms are clean.", n=len(rows)))


def _check_rate(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        records.date_order(values, problems, "since", "until", _l("The last night lies before the first."))
        if (values.get("amount") or Decimal(0)) < 0:
            problems.add("amenities.Y-43", _l("This cannot be negative."), "amount")
        r = HotelRate
        span = func.daterange(values["since"], values["until"], "[]")
        if problems.found:
            return
        other = select(r.id).where(r.type_id == values["type_id"], r.rate_class == values["rate_class"], r.id != (own_id or 0),
                                   func.daterange(r.since, r.until, "[]").op("&&")(span))
        if session.scalar(other.limit(1)) is not None:
            problems.add("amenities.Y-43", _l("Some of these nights have a price of this class. End that one first."), "since")

    return check


def create_rate(session: Any, **values: Any) -> HotelRate:
    """A price for a span of nights; one price a class and night (Y-43)."""
    return records.create(session, HotelRate, values, _check_rate(None))


def change_rate(session: Any, row: HotelRate, **values: Any) -> HotelRate:
    """Change it; nights posted keep what they cost."""
    return records.change(session, row, values, _check_rate(row.id))


def remove_rate(session: Any, row: HotelRate) -> None:
    """Delete a price."""
    records.remove(session, row)
