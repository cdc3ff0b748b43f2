"""Events: published, registered for with a QR code, checked in, rated. Rules Y-73 to Y-79."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from modules.booking.models.resource import BookableResource
from modules.booking.services import bookings
from modules.tenants.models.firm import Firm
from parkops import clock, qr, records
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.event import EventRegistration, ParkEvent
from ..models.venue import Venue
from ..states_event import EVENT, REGISTRATION

RESOURCE = "amenities.event"
SEAT = "amenities.registration"


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["ends_at"] <= values["starts_at"]:
        problems.add("amenities.Y-73", _l("The end lies before the start."), "ends_at")
    if values.get("places") is not None and values["places"] < 1:
        problems.add("amenities.Y-73", _l("Enter a number above zero, or leave it empty."), "places")
    if values.get("register_until") is not None and values["register_until"] > values["ends_at"]:
        problems.add("amenities.Y-73", _l("Registration ends at the latest with the event."), "register_until")


def create_event(session: Any, **values: Any) -> ParkEvent:
    """Prepare an event (Y-73)."""
    return records.create(session, ParkEvent, values, _check)


def change_event(session: Any, row: ParkEvent, **values: Any) -> ParkEvent:
    """Change it until it is over; not fewer places than are taken."""

    def check(s: Any, v: dict[str, Any], problems: Problems) -> None:
        _check(s, v, problems)
        if row.state in ("held", "cancelled"):
            problems.add("amenities.Y-73", _l("The event is over."))
        if v.get("places") is not None and v["places"] < row.taken:
            problems.add("amenities.Y-73", _l("%(n)s places are taken.", n=row.taken), "places")

    return records.change(session, row, values, check)


def why_not_publish(session: Any, row: ParkEvent) -> str | None:
    """People must know where."""
    return None if row.venue_id is not None or row.place else _("Say where it is: choose a venue or write the place.")


def publish_event(session: Any, row: ParkEvent) -> None:
    """Open it for registration; its venue is booked in the calendar (Y-74)."""
    access.require(session, RESOURCE, "act")
    if (why := why_not_publish(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-74", why)])
    venue = session.get(Venue, row.venue_id) if row.venue_id is not None else None
    if venue is not None and venue.resource_id is not None and row.starts_at > clock.now():
        row.booking_id = bookings.book(
            session,
            resource=session.get(BookableResource, venue.resource_id),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            firm_id=None,
            memo=row.title,
        ).id
    EVENT.move(session, row, "publish")


def cancel_event(session: Any, row: ParkEvent, *, reason: str) -> None:
    """The venue is free again; registrations end."""
    access.require(session, RESOURCE, "act")
    if row.booking is not None and row.booking.state in ("requested", "confirmed"):
        bookings.cancel(session, row.booking, reason=reason)
    for seat in session.scalars(
        select(EventRegistration).where(EventRegistration.event_id == row.id, EventRegistration.state == "registered")
    ):
        REGISTRATION.move(session, seat, "cancel")
    EVENT.move(session, row, "cancel", reason=reason)


def register(session: Any, *, event_id: int, name: str, phone: str, firm_id: int | None = None) -> EventRegistration:
    """A person registers: once per telephone, while places are left (Y-75)."""
    access.require(session, SEAT, "add")
    event = session.get(ParkEvent, event_id)
    if event is None:
        raise NotFound(_l("There is no such record in your parks."))
    problems, now = Problems(), clock.now()
    if event.state != "published":
        problems.add("amenities.Y-75", _l("This event is not open for registration."), "event_id")
    elif now > (event.register_until or event.ends_at):
        problems.add("amenities.Y-75", _l("Registration has ended."), "event_id")
    problems.stop()
    values = {
        "event_id": event_id,
        "name": name,
        "phone": phone.replace(" ", ""),
        "firm_id": firm_id,
        "code": secrets.token_hex(10),
        "registered_at": now,
    }
    try:
        with session.begin_nested():
            return records.create(session, EventRegistration, values)
    except IntegrityError as e:
        raise _refused(e) from None


def _refused(e: IntegrityError) -> Exception:
    if "ck_amenities_event_taken" in str(e.orig):
        return RuleError([Problem("amenities.Y-76", _l("All places of this event are taken."), "event_id")])
    if "uq_amenities_registration_person" in str(e.orig):
        return RuleError([Problem("amenities.Y-75", _l("This telephone number is registered already."), "phone")])
    return e


def qr_svg(row: EventRegistration, scale: int = 4) -> str:
    """The registration's code as a picture; nothing personal is in it (Y-77)."""
    return qr.svg(f"PARKOPS:EVENT:{row.code}", scale=scale)


def find_code(session: Any, code: str) -> EventRegistration:
    """The registration a scanner read."""
    text = code.strip().removeprefix("PARKOPS:EVENT:")
    found = session.scalars(select(EventRegistration).where(EventRegistration.code == text[:40])).one_or_none()
    if found is None:
        raise NotFound(_l("This code belongs to no registration of your parks."))
    return found


def check_in(session: Any, row: EventRegistration, *, at: datetime | None = None) -> None:
    """The person is here, on the day of the event (Y-78)."""
    access.require(session, SEAT, "change")
    at = at or clock.now()
    event = session.get(ParkEvent, row.event_id)
    problems = Problems()
    if row.state == "attended":
        problems.add("amenities.Y-78", _l("This code was checked in already."))
    elif (
        event.state != "published" or not clock.local(event.starts_at).date() <= clock.local(at).date() <= clock.local(event.ends_at).date()
    ):
        problems.add("amenities.Y-78", _l("The event is not today."))
    problems.stop()
    row.checked_in_at = at
    REGISTRATION.move(session, row, "check_in")


def undo_check_in(session: Any, row: EventRegistration) -> None:
    """The wrong person was checked in; not once it was rated."""
    if row.rating is not None:
        raise RuleError([Problem("amenities.Y-79", _l("It was rated already."))])
    row.checked_in_at = None
    REGISTRATION.move(session, row, "undo")


def close_event(session: Any, row: ParkEvent) -> str:
    """It took place; who did not come is marked."""
    access.require(session, RESOURCE, "change")
    if clock.now() < row.starts_at:
        raise RuleError([Problem("amenities.Y-78", _l("It has not begun yet."))])
    left = list(
        session.scalars(select(EventRegistration).where(EventRegistration.event_id == row.id, EventRegistration.state == "registered"))
    )
    for seat in left:
        REGISTRATION.move(session, seat, "miss")
    EVENT.move(session, row, "close")
    return _("Closed; %(n)s did not come.", n=len(left))


def rate(session: Any, row: EventRegistration, *, rating: int, remark: str | None = None) -> None:
    """One to five, once, by who came (Y-79)."""
    access.require(session, SEAT, "change")
    problems = Problems()
    if row.rating is not None:
        problems.add("amenities.Y-79", _l("It was rated already."), "rating")
    if row.state != "attended":
        problems.add("amenities.Y-79", _l("Only who came rates."), "rating")
    if not 1 <= rating <= 5:
        problems.add("amenities.Y-79", _l("A rating is 1 to 5."), "rating")
    problems.stop()
    records.change(session, row, {"rating": rating, "remark": remark})


def why_not_rate(session: Any, row: EventRegistration) -> str | None:
    """Once, by who came."""
    return (
        str(_l("It was rated already.")) if row.rating is not None else None if row.state == "attended" else str(_l("Only who came rates."))
    )


def by_firm(session: Any, row: ParkEvent) -> list[tuple[str, int, int]]:
    """(firm, registered, came) of an event; people without a firm under a dash."""
    access.require(session, SEAT, "read")
    e = EventRegistration
    return [
        tuple(r)
        for r in session.execute(
            select(func.coalesce(Firm.name, "—"), func.count(e.id), func.count(e.id).filter(e.state == "attended"))
            .outerjoin(Firm, Firm.id == e.firm_id)
            .where(e.event_id == row.id, e.state != "cancelled")
            .group_by(Firm.name)
            .order_by(func.count(e.id).desc(), Firm.name)
        )
    ]


def mean_rating(session: Any, row: ParkEvent) -> tuple[int, int]:
    """(sum of stars, ratings)."""
    e = EventRegistration
    return tuple(session.execute(select(func.coalesce(func.sum(e.rating), 0), func.count(e.rating)).where(e.event_id == row.id)).one())
