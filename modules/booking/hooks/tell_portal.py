"""A firm's user who booked in the portal is told when the park confirms, refuses, moves or cancels the booking."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.db.session import scope_of
from parkops.hooks import receiver
from parkops.i18n import _l
from parkops.notify import sending
from parkops.security.models import UserProfile

from ..signals.booking import booking_changed

TEXTS = {
    "confirmed": _l("Confirmed: %(name)s on %(at)s."),
    "refused": _l("Not possible: %(name)s on %(at)s."),
    "moved": _l("Moved: %(name)s is now on %(at)s."),
    "cancelled": _l("Cancelled: %(name)s on %(at)s."),
}


@receiver(booking_changed)
def tell(session: Any, booking: Any, action: str, **_more: Any) -> None:
    """Nobody is told what they did themselves; staff see bookings on their own pages."""
    if action not in TEXTS or booking.user_id in (None, scope_of(session).user_id):
        return
    person = session.get(UserProfile, booking.user_id)
    if person is not None and person.is_portal and person.active:
        values = {"name": str(booking.resource), "at": f"{clock.local(booking.starts_at):%Y-%m-%d %H:%M}"}
        sending.tell(session, [person.id], "booking.decided", TEXTS[action], values, owner=booking)
