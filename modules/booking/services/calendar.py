"""What the calendar shows: bookings, closures and opening hours of a resource or group, and the price a booking would have."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.security import access

from ..models.booking import LONGEST, OCCUPYING, Booking
from ..models.resource import BookableResource, ResourceClosure, ResourceGroup
from ..signals.booking import booking_payers, booking_price

MANY = 3000


def groups_of(session: Any) -> list[tuple[ResourceGroup | None, list[BookableResource]]]:
    """Groups with their active resources, those without a group last."""
    groups = list(session.scalars(select(ResourceGroup).order_by(ResourceGroup.position, ResourceGroup.name)))
    rows = list(session.scalars(select(BookableResource).where(BookableResource.active).order_by(BookableResource.name)))
    found = [(g, [r for r in rows if r.group_id == g.id]) for g in groups]
    loose = [r for r in rows if r.group_id is None]
    return [*[pair for pair in found if pair[1]], *([(None, loose)] if loose else [])]


def resources_of(session: Any, *, resource_id: int | None, group_id: int | None) -> list[BookableResource]:
    """The resources of a calendar; NotFound when there is no such one in the actor's parks."""
    query = select(BookableResource).order_by(BookableResource.name)
    if resource_id is not None:
        query = query.where(BookableResource.id == resource_id)
    elif group_id is not None:
        query = query.where(BookableResource.group_id == group_id, BookableResource.active)
    else:
        query = query.where(BookableResource.active)
    found = list(session.scalars(query))
    if not found and (resource_id is not None or group_id is not None):
        raise NotFound(_l("There is no such record in your parks."))
    return found


def bookings_between(session: Any, resources: list[BookableResource], start: datetime, end: datetime) -> list[Booking]:
    """What occupies the resources between two instants."""
    access.require(session, "booking.booking", "read")
    return list(session.scalars(select(Booking).where(
        Booking.resource_id.in_([r.id for r in resources]), Booking.state.in_(OCCUPYING), Booking.starts_at < end,
        Booking.starts_at > start - LONGEST, func.upper(Booking.during) > start,
    ).options(selectinload(Booking.firm)).order_by(Booking.starts_at, Booking.id).limit(MANY)))


def closures_between(session: Any, resources: list[BookableResource], start: datetime, end: datetime) -> list[ResourceClosure]:
    """Closures that touch the span for any of the resources."""
    whole = ResourceClosure.resource_id.is_(None) & ResourceClosure.group_id.is_(None)
    groups = {r.group_id for r in resources if r.group_id is not None}
    return list(session.scalars(select(ResourceClosure).where(
        or_(whole, ResourceClosure.resource_id.in_([r.id for r in resources]), ResourceClosure.group_id.in_(groups)),
        ResourceClosure.park_id.in_({r.park_id for r in resources}), ResourceClosure.starts_at < end,
        or_(ResourceClosure.ends_at.is_(None), ResourceClosure.ends_at > start))
        .order_by(ResourceClosure.starts_at)))


def price_of(session: Any, *, resource: BookableResource, starts_at: datetime, ends_at: datetime, firm_id: int | None,
             payer: tuple[str, int] | None = None) -> tuple[list[dict[str, Any]], Decimal | None]:
    """Lines other modules name for the booking, and their sum; None when nobody prices it."""
    lines = [line for answer in booking_price.send(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id,
                                                   payer=payer) for line in answer or ()]
    return lines, sum((Decimal(line["amount"]) for line in lines), Decimal(0)) if lines else None


def of_day(session: Any, start: datetime, end: datetime) -> list[Booking]:
    """The day's bookings of all resources, for the desk."""
    access.require(session, "booking.booking", "read")
    return list(session.scalars(select(Booking).where(
        Booking.state.in_(OCCUPYING), Booking.starts_at < end, Booking.starts_at > start - LONGEST, Booking.ends_at > start).options(
        selectinload(Booking.firm), selectinload(Booking.resource)).order_by(Booking.starts_at, Booking.id).limit(MANY)))


def payers_of(session: Any, *, resource: BookableResource, firm_id: int | None, on: date | None = None) -> list[dict[str, Any]]:
    """Records of other modules that may pay for the firm's booking on a day (None: today): `payer` (module.thing:id) and label."""
    if firm_id is None:
        return []
    return [{"payer": f"{item['source']}:{item['id']}", "label": str(item["label"])}
            for answer in booking_payers.send(session, resource=resource, firm_id=firm_id, on=on) for item in answer or ()]
