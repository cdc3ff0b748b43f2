"""A firm that leaves gives its bookings and rights back (peers.md 4.2, rule 11)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from modules.tenants import signals
from parkops import clock
from parkops.hooks import receiver
from parkops.i18n import _

from .. import calc_policy
from ..models.booking import Booking, BookingSeries, WaitingEntry
from ..models.entitlement import EntitlementGrant
from ..services import bookings
from ..states import WAITING


@receiver(signals.firm_left)
def give_back(session: Any, *, firm: Any, on: date, **_more: Any) -> None:
    """K-40: bookings after the day, series, places in line and plans end."""
    at, words = clock.now(), _("%(name)s left the park.", name=firm.name)
    limit = max(calc_policy.instant(on + timedelta(days=1), "00:00"), at)
    for grant in session.scalars(select(EntitlementGrant).where(
            EntitlementGrant.firm_id == firm.id, or_(EntitlementGrant.ends_on.is_(None), EntitlementGrant.ends_on > on))):
        grant.ends_on = max(on, grant.starts_on)
    for series in session.scalars(select(BookingSeries).where(BookingSeries.firm_id == firm.id, BookingSeries.ended_on.is_(None))):
        series.ended_on = on
    session.flush()
    waiting = WaitingEntry.state.in_(("waiting", "offered"))
    for entry in session.scalars(select(WaitingEntry).where(WaitingEntry.firm_id == firm.id, waiting)):
        WAITING.move(session, entry, "withdraw", on=on, reason=words)
    for booking in session.scalars(select(Booking).where(
            Booking.firm_id == firm.id, Booking.state.in_(("requested", "confirmed")), Booking.starts_at >= limit)):
        bookings.cancel(session, booking, reason=words, at=at)
