"""Which part of a month's machine hours firms' rights cover: booking's entitlements, allocated by its pure calculation (U-09).

Machine hours are used when they were used, not when they were booked: bookings of instruments do not count here, their events
do; bookings of rooms and halls do, so that a right for everything is spent once. Credits are followed from the day they were given.
What stands on a bill, or was priced in an earlier month, keeps what rights paid of it, and that counts against them (U-32).
`of_statement` tells booking the same uses, so that its statement of a firm's month and the bill say the same (a test)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import or_, select, text

from modules.booking.calc_entitlements import CREDIT, PLAN, Right, Use, allocate
from modules.booking.models.booking import Booking
from modules.booking.models.entitlement import CreditGrant, EntitlementGrant, PlanLine
from modules.booking.models.resource import BookableResource
from modules.booking.services.entitlements import counted
from modules.tenants.models.firm import Firm
from parkops import money
from parkops.clock import ZONE, Period, local

from ..models.event import UsageEvent
from ..models.registry import Instrument
from . import pricing, pricing_sql

ENDED = ("done", "validated", "waived")
# hours priced now, and those since a credit began that keep their price and what rights paid; amounts are what the discount left
HOURS = """
SELECT e.id, e.firm_id, e.started_at, e.minutes, coalesce(r.id, 0), coalesce(r.kind, 'instrument'), r.group_id,
       coalesce(n.gross - n.discount, e.gross - e.discount), CASE WHEN n.id IS NULL THEN e.entitled END
  FROM platforms_event e JOIN platforms_instrument i ON i.id = e.instrument_id LEFT JOIN booking_resource r ON r.id = i.resource_id
  LEFT JOIN platforms_tmp_price n ON n.id = e.id
 WHERE e.park_id = :park AND e.kind = 'usage' AND e.firm_id = ANY(:firms) AND e.ended_on >= :since AND e.ended_on < :next
   AND (n.id IS NOT NULL OR e.net IS NOT NULL) AND e.minutes > 0
"""


def shares(session: Any, park_id: int, month: date) -> list[tuple[int, int]]:
    """Event and covered fen for `pricing_sql.put_rights`; the month's prices must be prepared."""
    rights = of_firms(session, park_id, month)
    if not rights:
        return []
    since = min([month, *(r.starts_on.replace(day=1) for found in rights.values() for r in found if r.tier == CREDIT)])
    if since < month:  # a plan of an earlier month was spent before a credit was
        rights = of_firms(session, park_id, month, since=since)
    uses, waiting = _uses(session, park_id, sorted(rights), since, month)
    out: dict[int, int] = defaultdict(int)
    for firm_id, found in rights.items():
        for share in allocate(found, uses.get(firm_id, ())):
            if share.use in waiting:
                out[waiting[share.use]] += share.amount
    return sorted(out.items())


def of_firms(session: Any, park_id: int, month: date, *, since: date | None = None) -> dict[int, list[Right]]:
    """Rights by firm, plans month by month from `since` on (K-29, K-30 of booking), in two statements."""
    last = Period.month(month).last_day
    first, out = since or month, defaultdict(list)
    plans = session.execute(
        select(EntitlementGrant, PlanLine).join(PlanLine, PlanLine.plan_id == EntitlementGrant.plan_id)
        .where(EntitlementGrant.park_id == park_id, EntitlementGrant.starts_on <= last,
               or_(EntitlementGrant.ends_on.is_(None), EntitlementGrant.ends_on >= first)))
    for grant, line in plans:
        period = Period.month(first)
        while period.start <= last:
            start, end = max(period.start, grant.starts_on), min(period.last_day, grant.ends_on or period.last_day)
            if start <= end:
                out[grant.firm_id].append(_right(f"plan:{grant.id}:{line.id}:{period.key}", PLAN, line, start, end))
            period = Period.month(period.end)
    credits = session.scalars(select(CreditGrant).where(
        CreditGrant.park_id == park_id, CreditGrant.granted_on <= last,
        or_(CreditGrant.expires_on.is_(None), CreditGrant.expires_on >= first)))
    for credit in credits:
        out[credit.firm_id].append(_right(f"credit:{credit.id}", CREDIT, credit, credit.granted_on, credit.expires_on))
    return dict(out)


def _right(key: str, tier: str, row: Any, starts_on: date, ends_on: date | None) -> Right:
    unlimited = bool(getattr(row, "unlimited", False))
    quantity = None if unlimited else row.minutes if row.unit == "minutes" else money.fen(row.amount)
    return Right(key, tier, row.unit, quantity, unlimited, starts_on, ends_on, row.kind, row.group_id, row.resource_id)


def _uses(session: Any, park_id: int, firms: list[int], since: date, month: date) -> tuple[dict[int, list[Use]], dict[str, int]]:
    """Uses by firm since a day, and the events among them that are priced now."""
    end = Period.month(month).end
    uses, waiting = defaultdict(list), {}
    bound = {"park": park_id, "firms": firms, "since": since, "next": end}
    for id_, firm_id, at, minutes, resource_id, kind, group_id, amount, kept in session.connection().execute(text(HOURS), bound):
        key = f"event:{id_}"
        uses[firm_id].append(Use(key, at, minutes, resource_id, kind, group_id, int(amount), kept=kept))
        if kept is None:
            waiting[key] = id_
    b, r = Booking, BookableResource
    rows = session.execute(
        select(b.id, b.firm_id, b.starts_at, b.ends_at, r.id, r.kind, r.group_id).join(r, r.id == b.resource_id)
        .where(b.park_id == park_id, b.firm_id.in_(firms), b.state.in_(counted(session, park_id)), b.starts_at >= _midnight(since),
               b.starts_at < _midnight(end), r.id.not_in(select(Instrument.resource_id).where(Instrument.resource_id.is_not(None)))))
    for id_, firm_id, start, stop, resource_id, kind, group_id in rows:
        minutes = (stop - start) // timedelta(minutes=1)
        uses[firm_id].append(Use(f"booking:{id_}", start, minutes, resource_id, kind, group_id, None))
    return uses, waiting


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def of_statement(session: Any, *, firm_id: int, first: date, last: date) -> tuple[set[int], list[Use]]:
    """What booking's statement counts instead of bookings of instruments: machine hours that ended between two days, priced ones as
    they were priced, the others as they look now before discounts. What the next run of the last day's month leaves alone keeps what
    rights paid of it."""
    resources = set(session.scalars(select(Instrument.resource_id).where(Instrument.resource_id.is_not(None))))
    e, r, month = UsageEvent, BookableResource, Period.month(last)
    park_id = session.scalar(select(Firm.park_id).where(Firm.id == firm_id))
    again = pricing_sql.unbilled(session, pricing_sql.values(park_id, month.start, month.end, firm=firm_id))
    rows = session.execute(
        select(e, Instrument.name, r.id, r.kind, r.group_id).join(Instrument, Instrument.id == e.instrument_id)
        .outerjoin(r, r.id == Instrument.resource_id)
        .where(e.firm_id == firm_id, e.kind == "usage", e.ended_on >= first, e.ended_on <= last, e.minutes > 0,
               or_(e.net.is_not(None), e.state.in_(ENDED))).order_by(e.id))
    return resources, [
        Use(f"event:{event.id}", event.started_at, event.minutes, resource_id or 0, kind or "instrument", group_id, _amount(session, event),
            f"{name} {local(event.started_at):%m-%d %H:%M}", "platforms.event",
            None if event.net is None or event.id in again else money.fen(event.entitled))
        for event, name, resource_id, kind, group_id in rows]


def _amount(session: Any, event: UsageEvent) -> int | None:
    """Fen before rights; None while no rate holds."""
    if event.net is not None:
        return money.fen(event.gross - event.discount)
    found = pricing.of_event(session, event)
    return None if found is None else money.fen(found)
