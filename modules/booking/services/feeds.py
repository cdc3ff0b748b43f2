"""Calendar feeds (iCalendar, RFC 5545) under a secret address that can be revoked. Rule K-28.

The token is shown once; only its SHA-256 is kept. A feed holds resource, firm, purpose and state, never contact data."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.booking import Booking, CalendarToken
from ..states import BOOKING

RESOURCE = "booking.calendar_token"
BACK, AHEAD = timedelta(days=90), timedelta(days=400)
SHOWN = ("requested", "confirmed", "checked_in", "finished")


def fingerprint(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(session: Any, *, resource_id: int | None = None, firm_id: int | None = None, contact_id: int | None = None,
                user_id: int | None = None, at: datetime | None = None) -> tuple[CalendarToken, str]:
    """A new address for one resource, firm, person or user (K-28); returns the row and the token, which nobody sees again."""
    access.require(session, RESOURCE, "add")
    scope, whose = scope_of(session), (resource_id, firm_id, contact_id, user_id)
    if sum(x is not None for x in whose) != 1:
        raise RuleError([Problem("booking.K-28", _l("Choose one: a resource, a firm or a person."), "resource_id")])
    token = secrets.token_urlsafe(32)
    row = CalendarToken(park_id=scope.park_id, resource_id=resource_id, firm_id=firm_id, contact_id=contact_id, user_id=user_id,
                        token_hash=fingerprint(token), hint=token[-4:], issued_by=scope.user_name, issued_at=at or clock.now())
    session.add(row)
    session.flush()
    return row, token


def revoke_token(session: Any, row: CalendarToken, *, at: datetime | None = None) -> str:
    """From now on the address answers "not found"."""
    access.require(session, RESOURCE, "change")
    if row.revoked_at is not None:
        raise RuleError([Problem("booking.K-28", _l("This address was revoked already."))])
    row.revoked_at = at or clock.now()
    session.flush()
    return _("Revoked.")


def why_not_revoke(session: Any, row: CalendarToken) -> str | None:
    """Guard of the button."""
    return str(_l("This address was revoked already.")) if row.revoked_at is not None else None


def find_token(session: Any, token: str) -> CalendarToken | None:
    """The token's row when it is in force."""
    return session.scalar(select(CalendarToken).where(CalendarToken.token_hash == fingerprint(token), CalendarToken.revoked_at.is_(None)))


def note_read(session: Any, row: CalendarToken, on: date) -> bool:
    """Remember the day it was last read; True when that changed."""
    if row.last_used_on == on:
        return False
    row.last_used_on = on
    session.flush()
    return True


def feed_of(session: Any, row: CalendarToken, *, at: datetime) -> bytes:
    """The calendar as text."""
    pairs = (("resource_id", row.resource_id), ("firm_id", row.firm_id), ("contact_id", row.contact_id), ("user_id", row.user_id))
    column, value = next((c, v) for c, v in pairs if v is not None)
    found = session.scalars(select(Booking).where(
        getattr(Booking, column) == value, Booking.park_id == row.park_id, Booking.state.in_(SHOWN),
        Booking.ends_at > at - BACK, Booking.starts_at < at + AHEAD,
    ).options(selectinload(Booking.resource), selectinload(Booking.firm)).order_by(Booking.starts_at, Booking.id))
    calendar = Calendar()
    calendar.add("prodid", "-//ParkOps//booking//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", str(row.resource or row.firm or row.contact or _("My bookings")))
    calendar.add("refresh-interval;value=duration", "PT30M")
    for booking in found:
        calendar.add_component(event_of(booking, by_resource=row.resource_id is not None, at=at))
    return calendar.to_ical()


def event_of(booking: Booking, *, by_resource: bool, at: datetime) -> Event:
    """One booking as an event; a requested one is tentative."""
    event = Event()
    event.add("uid", f"booking-{booking.id}@parkops")
    event.add("dtstamp", at)
    event.add("sequence", booking.version)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    names = [str(booking.firm) if booking.firm is not None else _("The park itself"), booking.memo]
    event.add("summary", " · ".join(n for n in (names if by_resource else [booking.resource.name, booking.memo]) if n))
    event.add("location", booking.resource.place or booking.resource.name)
    event.add("status", "TENTATIVE" if booking.state == "requested" else "CONFIRMED")
    event.add("description", str(BOOKING.choices.label(booking.state)))
    return event
