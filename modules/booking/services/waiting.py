"""The waiting list: who wants a taken slot is offered it, in order, when it becomes free. Rules K-20, K-21."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from parkops import clock, outbox, settings, todos
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.booking import Booking, WaitingEntry
from ..models.resource import BookableResource
from ..states import WAITING
from .policy import problems, shown

RESOURCE = "booking.waiting"
SLOT_FREE = "booking.slot_free"


def join(session: Any, *, resource_id: int, starts_at: datetime, ends_at: datetime, firm_id: int | None = None,
         contact_id: int | None = None, memo: str | None = None, payer: str | None = None,
         at: datetime | None = None) -> WaitingEntry:
    """Stand in line for a slot that is taken (K-20); `payer` (`module.thing:id`) pays when it is taken."""
    from .bookings import payer_of, resource_of

    access.require(session, RESOURCE, "add")
    at, resource, found, pays = at or clock.now(), resource_of(session, resource_id), Problems(), payer_of(payer)
    against = problems(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id, contact_id=contact_id,
                       payer=pays, at=at)
    if not any(f.code in ("booking.K-11", "booking.K-21") for f in against):
        found.add("booking.K-20", _l("This slot is not taken. Book it instead."), "starts_at")
    found.extend([f.refused() for f in against if not f.overridable and f.code != "booking.K-11"])
    if starts_at <= at:
        found.add("booking.K-04", _l("This time has begun already. Choose a later start."), "starts_at")
    found.stop()
    source, source_id = pays or (None, None)
    entry = WaitingEntry(park_id=resource.park_id, resource_id=resource.id, firm_id=firm_id, contact_id=contact_id,
                         user_id=scope_of(session).user_id, starts_at=starts_at, ends_at=ends_at, state="waiting", asked_at=at,
                         memo=(memo or "").strip()[:300] or None, payer_source=source, payer_id=source_id)
    session.add(entry)
    session.flush()
    return entry


def follow(session: Any, *, resource: BookableResource, starts_at: datetime, ends_at: datetime, at: datetime) -> WaitingEntry | None:
    """A slot has become free: the first in line who could have it now is offered it, and told."""
    for entry in in_line(session, resource, starts_at, ends_at, at):
        if _is_free(session, entry, at):
            return _offer(session, entry, at)
    return None


def freed(session: Any, *, resource: BookableResource, starts_at: datetime, ends_at: datetime, at: datetime) -> None:
    """Give a freed slot to the first in line. A firm's user moves no other firm's place: there the offer follows after the commit."""
    if scope_of(session).firm_id is None:
        follow(session, resource=resource, starts_at=starts_at, ends_at=ends_at, at=at)
        return
    slot = {"resource_id": resource.id, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
    outbox.publish(session, SLOT_FREE, slot, park_id=resource.park_id)


@outbox.handler(SLOT_FREE)
def offer_freed(session: Any, payload: dict, message: Any) -> None:
    """A slot a firm's user gave back is offered; whether it is still free is looked at again."""
    resource = session.get(BookableResource, payload["resource_id"])
    if resource is not None:
        starts_at, ends_at = (datetime.fromisoformat(payload[name]) for name in ("starts_at", "ends_at"))
        follow(session, resource=resource, starts_at=starts_at, ends_at=ends_at, at=clock.now())


def in_line(session: Any, resource: BookableResource, starts_at: datetime, ends_at: datetime, at: datetime) -> list[WaitingEntry]:
    """Who waits for something that touches the span, oldest first."""
    return list(session.scalars(select(WaitingEntry).where(
        WaitingEntry.resource_id == resource.id, WaitingEntry.state == "waiting", WaitingEntry.starts_at < ends_at,
        WaitingEntry.ends_at > starts_at, WaitingEntry.starts_at > at).order_by(WaitingEntry.asked_at, WaitingEntry.id)))


def _is_free(session: Any, entry: WaitingEntry, at: datetime) -> bool:
    from .bookings import payer_kept

    found = problems(session, resource=entry.resource, starts_at=entry.starts_at, ends_at=entry.ends_at, firm_id=entry.firm_id,
                     contact_id=entry.contact_id, payer=payer_kept(entry), at=at, waiting=entry)
    return not any(not f.overridable or f.code == "booking.K-21" for f in found)


def _offer(session: Any, entry: WaitingEntry, at: datetime) -> WaitingEntry:
    hours = settings.get(session, "booking.offer_hours", entry.park_id)
    entry.offered_at, entry.offer_until = at, min(at + timedelta(hours=hours), entry.starts_at)
    WAITING.move(session, entry, "offer", on=clock.local(at).date())
    if entry.user_id is not None:
        todos.notify(session, entry.user_id, _l("%(slot)s is free for you until %(end)s."),
                     {"slot": str(entry), "end": shown(entry.offer_until)}, owner=entry)
    return entry


def offer_now(session: Any, entry: WaitingEntry) -> None:
    """The button: staff offers the slot by hand."""
    why = why_not_offer(session, entry)
    if why:
        raise RuleError([Problem("booking.K-21", why)])
    _offer(session, entry, clock.now())


def why_not_offer(session: Any, entry: WaitingEntry) -> str | None:
    """Guard of the button."""
    return None if _is_free(session, entry, entry.offered_at or clock.now()) else str(_l("The slot is not free."))


def take(session: Any, entry: WaitingEntry, *, at: datetime | None = None) -> Booking:
    """Book the offered slot (K-21)."""
    from .bookings import book, payer_kept

    access.require(session, RESOURCE, "change")
    at = at or clock.now()
    if entry.state != "offered" or entry.offer_until is None or entry.offer_until <= at:
        raise RuleError([Problem("booking.K-21", _l("The offer has ended. Book the slot if it is still free."))])
    booking = book(session, resource=entry.resource, starts_at=entry.starts_at, ends_at=entry.ends_at, firm_id=entry.firm_id,
                   contact_id=entry.contact_id, payer=payer_kept(entry), memo=entry.memo, at=at, waiting=entry)
    entry.booking_id = booking.id
    WAITING.move(session, entry, "take", on=clock.local(at).date())
    return booking


def take_now(session: Any, entry: WaitingEntry) -> tuple[str, str]:
    """The button."""
    booking = take(session, entry)
    return _("Booked."), f"/booking/booking/{booking.id}"


def withdraw(session: Any, entry: WaitingEntry, *, reason: str | None = None, at: datetime | None = None) -> None:
    """Leave the line; an offer goes to the next."""
    _end(session, entry, "withdraw", at or clock.now(), reason)


def expire_now(session: Any, entry: WaitingEntry) -> None:
    """The button: the offer is not taken."""
    _end(session, entry, "expire", clock.now(), None)


def _end(session: Any, entry: WaitingEntry, step: str, at: datetime, reason: str | None) -> None:
    offered = entry.state == "offered"
    WAITING.move(session, entry, step, on=clock.local(at).date(), reason=reason)
    if offered:
        follow(session, resource=entry.resource, starts_at=entry.starts_at, ends_at=entry.ends_at, at=at)


def expire_offers(session: Any, *, on: date, park_id: int | None, at: datetime | None = None) -> dict[str, int]:
    """The job: offers nobody took go to the next in line; who waits for a time that has begun leaves the line."""
    at = at or clock.now()
    query = select(WaitingEntry).where(
        ((WaitingEntry.state == "offered") & (WaitingEntry.offer_until <= at))
        | ((WaitingEntry.state == "waiting") & (WaitingEntry.starts_at <= at)))
    query = query.where(WaitingEntry.park_id == park_id) if park_id is not None else query
    entries = list(session.scalars(query.order_by(WaitingEntry.id)))
    for entry in entries:
        _end(session, entry, "expire", at, None)
    return {"expired": len(entries)}
