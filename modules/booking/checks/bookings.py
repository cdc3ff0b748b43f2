"""What `parkops check` asks of bookings, the waiting list and vouchers. Each should find nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from parkops.checks import Check
from parkops.clock import now
from parkops.i18n import _, _l

from .. import calc_policy
from ..models.booking import OCCUPYING, Booking, WaitingEntry
from ..models.entitlement import Voucher, VoucherUse
from ..models.resource import BookableResource

SLACK = timedelta(days=1)  # the jobs run every quarter of an hour


def _doubles(session: Any) -> list[str]:
    """No two bookings of an exclusive resource overlap."""
    a, b = Booking, aliased(Booking)
    rows = session.scalars(select(a).join(b, (b.resource_id == a.resource_id) & (b.id > a.id)).join(
        BookableResource, BookableResource.id == a.resource_id).where(
        BookableResource.capacity == 1, a.state.in_(OCCUPYING), b.state.in_(OCCUPYING), a.during.op("&&")(b.during)))
    return [_("%(booking)s overlaps another booking of the resource.", booking=str(row)) for row in rows]


def _too_many(session: Any) -> list[str]:
    """Resources for several at once never have more than they take."""
    found = []
    for resource in session.scalars(select(BookableResource).where(BookableResource.capacity > 1)):
        spans = [(lower, upper) for lower, upper in session.execute(select(func.lower(Booking.during), func.upper(Booking.during)).where(
            Booking.resource_id == resource.id, Booking.state.in_(OCCUPYING), ~func.isempty(Booking.during)))]
        if spans and calc_policy.most_at_once(spans, (min(s[0] for s in spans), max(s[1] for s in spans))) > resource.capacity:
            found.append(_("%(name)s has more bookings at one time than it takes.", name=resource.name))
    return found


def _unfinished(session: Any) -> list[str]:
    """The jobs ended what is over."""
    rows = session.scalars(select(Booking).join(BookableResource, BookableResource.id == Booking.resource_id).where(
        ((Booking.state == "checked_in") & (Booking.ends_at < now() - SLACK))
        | ((Booking.state == "confirmed") & BookableResource.missed_minutes.is_not(None) & (Booking.ends_at < now() - SLACK))))
    out = [_("%(booking)s is over but neither finished nor a no-show; look at the job.", booking=str(row)) for row in rows]
    offers = session.scalars(select(WaitingEntry).where(WaitingEntry.state == "offered", WaitingEntry.offer_until < now() - SLACK))
    return out + [_("%(slot)s is still offered although the offer has ended; look at the job.", slot=str(row)) for row in offers]


def _vouchers(session: Any) -> list[str]:
    """Uses stay within the quota."""
    used = (select(VoucherUse.voucher_id, func.sum(VoucherUse.amount).label("used")).where(VoucherUse.state != "rejected")
            .group_by(VoucherUse.voucher_id).subquery())
    rows = session.scalars(select(Voucher).join(used, used.c.voucher_id == Voucher.id).where(used.c.used > Voucher.quota))
    return [_("The uses of voucher %(number)s exceed its quota.", number=row.number) for row in rows]


CHECKS = [
    Check("booking.doubles", _l("Exclusive resources are booked once at a time"), _doubles),
    Check("booking.places", _l("Resources for several are not overbooked"), _too_many),
    Check("booking.over", _l("Bookings and offers that are over have ended"), _unfinished),
    Check("booking.vouchers", _l("Voucher uses stay within the quota"), _vouchers),
]
