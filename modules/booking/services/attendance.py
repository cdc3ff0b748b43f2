"""Check-in, finishing, no-show. Rules K-22 to K-24."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from parkops import clock
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.booking import Booking
from ..models.resource import BookableResource
from ..signals.booking import booking_changed
from ..states import BOOKING
from .policy import MINUTE, shown

RESOURCE = "booking.booking"
EARLY = 30  # minutes before the start from which people may check in


def check_in(session: Any, booking: Booking, *, at: datetime | None = None) -> Booking:
    """The firm is there: from half an hour before the start until the end (K-22)."""
    access.require(session, RESOURCE, "change")
    at = at or clock.now()
    why = _why_not_check_in(booking, at)
    if why is not None:
        raise RuleError([Problem("booking.K-22", why)])
    booking.checked_in_at = at
    BOOKING.move(session, booking, "check_in", on=clock.local(at).date())
    booking_changed.send(session, booking=booking, action="checked_in")
    return booking


def _why_not_check_in(booking: Booking, at: datetime) -> Any:
    if at < booking.starts_at - EARLY * MINUTE:
        return _l("Check-in opens at %(start)s.", start=shown(booking.starts_at - EARLY * MINUTE))
    if at >= booking.ends_at:
        return _l("The booking ended at %(end)s. Record a no-show, or book again.", end=shown(booking.ends_at))
    return None


def why_not_check_in(session: Any, booking: Booking) -> str | None:
    """Guard of the button."""
    why = _why_not_check_in(booking, booking.checked_in_at or clock.now())
    return str(why) if why is not None else None


def check_in_now(session: Any, booking: Booking) -> str:
    """The button."""
    check_in(session, booking)
    return _("Checked in.")


def to_use(session: Any, *, resource_id: int, firm_id: int, at: datetime) -> list[Booking]:
    """The firm's bookings of a resource under which it may use it now: checked in, or open for check-in (K-22). Those that have begun
    come first. They stay locked until the transaction ends, so that nobody records a no-show meanwhile."""
    return list(session.scalars(
        select(Booking).where(Booking.resource_id == resource_id, Booking.firm_id == firm_id,
                              Booking.state.in_(("confirmed", "checked_in")), Booking.starts_at <= at + EARLY * MINUTE,
                              Booking.ends_at > at)
        .order_by(Booking.starts_at > at, Booking.starts_at, Booking.id)
        .with_for_update(of=Booking).execution_options(populate_existing=True)))


def finish(session: Any, booking: Booking, *, at: datetime | None = None) -> Booking:
    """The use is over; what is left of the time is free for others (K-23)."""
    from . import waiting

    access.require(session, RESOURCE, "change")
    at = at or clock.now()
    booking.finished_at = max(booking.starts_at, min(at, booking.ends_at))
    BOOKING.move(session, booking, "finish", on=clock.local(at).date())
    booking_changed.send(session, booking=booking, action="finished")
    if booking.finished_at < booking.ends_at:
        waiting.follow(session, resource=booking.resource, starts_at=booking.finished_at, ends_at=booking.ends_at, at=at)
    return booking


def finish_now(session: Any, booking: Booking) -> str:
    """The button."""
    finish(session, booking)
    return _("Finished.")


def mark_missed(session: Any, booking: Booking, *, at: datetime | None = None) -> Booking:
    """Nobody came (K-24): after the resource's minutes, or by hand after the start. The rest of the time is free."""
    from . import waiting

    access.require(session, RESOURCE, "change")
    at = at or clock.now()
    if at < booking.starts_at:
        raise RuleError([Problem("booking.K-24", _l("The booking begins at %(start)s; nobody can have missed it yet.",
                                                    start=shown(booking.starts_at)))])
    booking.finished_at = min(at, booking.ends_at)
    BOOKING.move(session, booking, "miss", on=clock.local(at).date())
    booking_changed.send(session, booking=booking, action="missed")
    if booking.finished_at < booking.ends_at:
        waiting.follow(session, resource=booking.resource, starts_at=booking.finished_at, ends_at=booking.ends_at, at=at)
    return booking


def mark_missed_now(session: Any, booking: Booking) -> str:
    """The button."""
    mark_missed(session, booking)
    return _("Recorded as no-show.")


def why_not_missed(session: Any, booking: Booking) -> str | None:
    """Guard of the button."""
    if (booking.finished_at or clock.now()) >= booking.starts_at:
        return None
    return str(_l("The booking begins at %(start)s; nobody can have missed it yet.", start=shown(booking.starts_at)))


def close_past(session: Any, *, on: date, park_id: int | None, at: datetime | None = None) -> dict[str, int]:
    """The job: bookings nobody checked in to become no-shows after the resource's minutes; checked-in ones end with their time."""
    at = at or clock.now()
    limit = Booking.starts_at + func.make_interval(0, 0, 0, 0, 0, BookableResource.missed_minutes)
    query = (select(Booking).join(BookableResource, BookableResource.id == Booking.resource_id)
             .where(Booking.state == "confirmed", BookableResource.missed_minutes.is_not(None), limit <= at))
    ended = select(Booking).where(Booking.state == "checked_in", Booking.ends_at <= at)
    if park_id is not None:
        query, ended = query.where(Booking.park_id == park_id), ended.where(Booking.park_id == park_id)
    missed, finished = list(session.scalars(query.order_by(Booking.id))), list(session.scalars(ended.order_by(Booking.id)))
    for booking in missed:
        mark_missed(session, booking, at=at)
    for booking in finished:
        finish(session, booking, at=at)
    return {"missed": len(missed), "finished": len(finished)}
