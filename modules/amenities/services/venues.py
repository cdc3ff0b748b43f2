"""Venues: each is a resource of booking, priced by the hour, paid by entitlements first. Rules Y-69 to Y-72."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.models.charge import Charge
from modules.billing.services import catalogue
from modules.booking.models.booking import Booking
from modules.booking.services import entitlements, setup
from modules.tenants.models.firm import Firm
from modules.tenants.services.stages import IN_PARK
from parkops import records, settings
from parkops.clock import Period, local
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.money import round_fen, yuan

from ..models.facility import AmenityFacility
from ..models.venue import Venue

RESOURCE = "amenities.venue"
KINDS = {"meeting": "room"}
CHARGED = ("finished", "missed", "late_cancelled")
ZERO = Decimal(0)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    for name in ("park_price", "public_price"):
        if (values.get(name) or ZERO) < 0:
            problems.add("amenities.Y-69", _l("This cannot be negative."), name)
    for name in ("seats", "area"):
        if values.get(name) is not None and values[name] <= 0:
            problems.add("amenities.Y-01", _l("Enter a number above zero, or leave it empty."), name)


def create_venue(session: Any, *, facility_id: int, code: str, name: str, kind: str, **values: Any) -> Venue:
    """A venue and its calendar (Y-69)."""
    given = {"facility_id": facility_id, "code": code, "name": name, "kind": kind, **{k: v for k, v in values.items() if v is not None}}
    row = records.create(session, Venue, given, _check)
    place = session.get(AmenityFacility, facility_id)
    row.resource_id = setup.create_resource(
        session,
        code=f"V-{code}"[:40],
        name=name,
        kind=KINDS.get(kind, "venue"),
        place=(place.address or place.name)[:200],
        seats=row.seats,
        horizon_days=90,
        min_minutes=30,
        max_minutes=720,
        cancel_minutes=120,
        missed_minutes=30,
        owner_source=RESOURCE,
        owner_id=row.id,
        active=row.active,
    ).id
    session.flush()
    return row


def change_venue(session: Any, row: Venue, **values: Any) -> Venue:
    """Change it; the calendar follows in name, seats and whether it can be booked."""
    records.change(session, row, values, _check)
    if row.resource is not None:
        records.change(session, row.resource, {"name": row.name, "seats": row.seats, "active": row.active})
    return row


def venue_of(session: Any, resource_id: int) -> Venue | None:
    """The venue a calendar belongs to."""
    return session.scalars(select(Venue).where(Venue.resource_id == resource_id)).one_or_none()


def price_lines(session: Any, *, resource: Any, starts_at: datetime, ends_at: datetime, firm_id: int | None) -> list[dict[str, Any]]:
    """What booking shows before booking (Y-70)."""
    if resource.owner_source != RESOURCE or (venue := venue_of(session, resource.id)) is None:
        return []
    firm = session.get(Firm, firm_id) if firm_id is not None else None
    price = venue.park_price if firm is not None and firm.state in IN_PARK else venue.public_price
    if not price:
        return []
    hours = round_fen(Decimal(int((ends_at - starts_at).total_seconds())) / 3600)
    return [{"text": venue.name, "quantity": str(hours), "unit_price": str(price), "amount": str(amount_of(price, starts_at, ends_at))}]


def amount_of(price: Decimal, starts_at: datetime, ends_at: datetime) -> Decimal:
    """Price an hour × minutes ÷ 60, rounded once, half up to the fen."""
    return round_fen(price * (int((ends_at - starts_at).total_seconds()) // 60) / 60)


def _not_charged(session: Any, park_id: int) -> list[Booking]:
    """Bookings of venues by firms that count and are on no line yet."""
    b = Booking
    done = select(Charge.source_id).where(Charge.park_id == park_id, Charge.source == "booking.booking")
    return list(
        session.scalars(
            select(b)
            .join(Venue, Venue.resource_id == b.resource_id)
            .where(b.park_id == park_id, b.firm_id.is_not(None), b.state.in_(CHARGED), b.id.not_in(done))
            .order_by(b.starts_at)
        )
    )


def demands(session: Any, park_id: int, month: date, today: date) -> list[dict[str, Any]]:
    """Bookings of venues of the months before the run's that ended: price less what rights of the firm pay; a use rights pay wholly is a
    line at nothing (Y-71, Y-72)."""
    end = min(Period.month(month).end, today.replace(day=1))
    item = catalogue.by_code(session, "venue_hire").id
    rows = _not_charged(session, park_id)
    due, shares, out = settings.get(session, "amenities.due_days", park_id), {}, []
    for booking in rows:
        day = local(booking.starts_at).date()
        lines = price_lines(
            session, resource=booking.resource, starts_at=booking.starts_at, ends_at=booking.ends_at, firm_id=booking.firm_id
        )
        if day >= end or not lines:
            continue
        key = (booking.firm_id, day.replace(day=1))
        if key not in shares:
            shares[key] = entitlements.allocation(session, firm_id=key[0], month=key[1])
        price, covered = Decimal(lines[0]["amount"]), yuan(shares[key].of_use(f"booking:{booking.id}")[1])
        memo = f"{lines[0]['text']} {local(booking.starts_at):%m-%d %H:%M}"
        if covered:
            memo += _(" (price %(price)s, rights cover %(covered)s)", price=price, covered=covered)
        out.append(
            {
                "key": f"amenities.venue:{booking.id}",
                "firm_id": booking.firm_id,
                "item_id": item,
                "source": "booking.booking",
                "source_id": booking.id,
                "period_from": day,
                "period_to": day,
                "due_on": end + timedelta(days=due - 1),
                "amount": max(price - covered, ZERO),
                "memo": memo[:300],
            }
        )
    return out
