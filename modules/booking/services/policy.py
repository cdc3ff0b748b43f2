"""The rules of booking: every problem at once, in words, with whether staff may let it pass (K-02 to K-16).

Other modules add their own through the signal `booking.problems` (training, paying project)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from modules.tenants.models.firm import Firm
from modules.tenants.models.person import FirmPerson
from parkops import clock
from parkops.errors import Problem
from parkops.i18n import _l

from .. import calc_policy as calc
from ..calc_findings import Finding
from ..models.booking import LONGEST, OCCUPYING, Booking, WaitingEntry
from ..models.resource import CLOSURE_KINDS, BookableResource, OpeningHours, ResourceClosure
from ..signals.booking import booking_problems

MINUTE = timedelta(minutes=1)
GONE = ("left", "dissolved")


def shown(at: datetime) -> str:
    """An instant in words, park time."""
    return f"{clock.local(at):%Y-%m-%d %H:%M}"


def problems(session: Any, *, resource: BookableResource, starts_at: datetime, ends_at: datetime, firm_id: int | None,
             contact_id: int | None = None, payer: tuple[str, int] | None = None, booking: Booking | None = None,
             people: int | None = None, at: datetime | None = None, waiting: WaitingEntry | None = None) -> list[Finding]:
    """Everything that speaks against the booking. `booking` is the one being moved, `waiting` the place in line being taken up,
    `at` the instant it is asked (default: now)."""
    at = at or clock.now()
    if ends_at <= starts_at:
        return [Finding("booking.K-02", _l("The end lies before the start. Choose a later end."), False, "ends_at")]
    if ends_at - starts_at > LONGEST:
        text = _l("A booking lasts at most %(n)s days. Make several bookings, or a series.", n=LONGEST.days)
        return [Finding("booking.K-02", text, False, "ends_at")]
    found = [*_times(resource, starts_at, ends_at, at), *_length(resource, starts_at, ends_at), *_resource(resource, people),
             *_opening(session, resource, starts_at, ends_at), *_closures(session, resource, starts_at, ends_at),
             *_firm(session, firm_id, contact_id, starts_at)]
    found += others(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id, booking=booking)
    found += _offers(session, resource, starts_at, ends_at, at, waiting)
    for answer in booking_problems.send(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id,
                                        contact_id=contact_id, payer=payer, booking=booking):
        found += [_as_finding(item) for item in answer or ()]
    return found


def _as_finding(item: Any) -> Finding:
    """A receiver may answer with plain Problems; those cannot be overridden."""
    return Finding(item.code, item.message, False, item.field) if isinstance(item, Problem) else item


def _times(resource: BookableResource, starts_at: datetime, ends_at: datetime, at: datetime) -> list[Finding]:
    """K-02 grid, K-03 horizon, K-04 past and notice."""
    found, step = [], resource.step_minutes
    if not (calc.on_grid(starts_at, step) and calc.on_grid(ends_at, step)):
        found.append(Finding("booking.K-02", _l("Times go in steps of %(n)s minutes. Choose such times.", n=step), True, "starts_at"))
    if resource.horizon_days is not None:
        last = clock.local(at).date() + timedelta(days=resource.horizon_days)
        if clock.local(starts_at).date() > last:
            found.append(Finding("booking.K-03", _l("Bookings are open until %(day)s (%(n)s days ahead). Choose an earlier day.",
                                                    day=last.isoformat(), n=resource.horizon_days), True, "starts_at"))
    if starts_at < at:
        found.append(Finding("booking.K-04", _l("This time has begun already. Choose a later start."), True, "starts_at"))
    elif starts_at < at + resource.notice_minutes * MINUTE:
        found.append(Finding("booking.K-04", _l("Book at least %(time)s hours before the start. Choose a later start.",
                                                time=calc.length_words(resource.notice_minutes)), True, "starts_at"))
    return found


def _length(resource: BookableResource, starts_at: datetime, ends_at: datetime) -> list[Finding]:
    """K-05."""
    minutes = int((ends_at - starts_at) / MINUTE)
    if resource.min_minutes is not None and minutes < resource.min_minutes:
        return [Finding("booking.K-05", _l("A booking lasts at least %(time)s hours. Choose a later end.",
                                           time=calc.length_words(resource.min_minutes)), True, "ends_at")]
    if resource.max_minutes is not None and minutes > resource.max_minutes:
        return [Finding("booking.K-05", _l("A booking lasts at most %(time)s hours. Choose an earlier end.",
                                           time=calc.length_words(resource.max_minutes)), True, "ends_at")]
    return []


def _resource(resource: BookableResource, people: int | None) -> list[Finding]:
    """K-12 seats, K-13 out of service."""
    found = []
    if not resource.active:
        found.append(Finding("booking.K-13", _l("%(name)s cannot be booked any more. Choose another resource.", name=resource.name),
                             False, "resource_id"))
    if people is not None and resource.seats is not None and people > resource.seats:
        found.append(Finding("booking.K-12", _l("%(name)s holds %(seats)s people, not %(people)s. Choose a larger one.",
                                                name=resource.name, seats=resource.seats, people=people), True, "people"))
    return found


def hours_of(session: Any, resource: BookableResource) -> list[calc.Hours]:
    """Its own opening hours, else the group's; none: always open."""
    rows = list(session.scalars(select(OpeningHours).where(
        or_(OpeningHours.resource_id == resource.id, OpeningHours.group_id == (resource.group_id or 0)))))
    own = [r for r in rows if r.resource_id is not None]
    return [calc.Hours(int(r.weekday), r.opens, r.closes, r.valid_from, r.valid_to) for r in own or rows]


def _opening(session: Any, resource: BookableResource, starts_at: datetime, ends_at: datetime) -> list[Finding]:
    """K-09."""
    hours = hours_of(session, resource)
    if not hours or calc.is_open(hours, starts_at, ends_at):
        return []
    day = clock.local(starts_at).date()
    words = calc.words_of_hours(hours, day)
    text = (_l("%(name)s is open %(hours)s on %(day)s. Choose a time within.", name=resource.name, hours=words, day=day.isoformat())
            if words else _l("%(name)s is closed on %(day)s. Choose another day.", name=resource.name, day=day.isoformat()))
    return [Finding("booking.K-09", text, True, "starts_at")]


def closures_of(session: Any, resource: BookableResource, starts_at: datetime, ends_at: datetime) -> list[ResourceClosure]:
    """Closures of the resource, its group or the park that touch the span."""
    return closures_at(session, starts_at, ends_at, park_id=resource.park_id, resource_id=resource.id, group_id=resource.group_id)


def closures_at(
    session: Any, starts_at: datetime, ends_at: datetime, *, park_id: int, resource_id: int | None, group_id: int | None
) -> list[ResourceClosure]:
    """The same by ids; without a resource those of the whole park."""
    whose = or_(ResourceClosure.resource_id == (resource_id or 0), ResourceClosure.group_id == (group_id or 0),
                ResourceClosure.resource_id.is_(None) & ResourceClosure.group_id.is_(None))
    return list(session.scalars(select(ResourceClosure).where(
        whose, ResourceClosure.park_id == park_id, ResourceClosure.starts_at < ends_at,
        or_(ResourceClosure.ends_at.is_(None), ResourceClosure.ends_at > starts_at)).order_by(ResourceClosure.starts_at)))


def _closures(session: Any, resource: BookableResource, starts_at: datetime, ends_at: datetime) -> list[Finding]:
    """K-10: a closure may be overridden, an outage or maintenance may not."""
    found = []
    for row in closures_of(session, resource, starts_at, ends_at):
        values = {"kind": CLOSURE_KINDS.label(row.kind), "cause": row.cause, "start": shown(row.starts_at)}
        text = (_l("%(kind)s until %(end)s: %(cause)s. Choose a time after it.", end=shown(row.ends_at), **values) if row.ends_at
                else _l("%(kind)s since %(start)s: %(cause)s. Choose another resource.", **values))
        found.append(Finding("booking.K-10", text, row.kind == "closure", "starts_at"))
    return found


def _firm(session: Any, firm_id: int | None, contact_id: int | None, starts_at: datetime) -> list[Finding]:
    """K-14 the firm is in the park, K-15 the person belongs to it."""
    if firm_id is None:
        return []
    firm = session.get(Firm, firm_id)
    if firm is None:
        return [Finding("booking.K-14", _l("There is no such firm in your parks. Choose it from the list."), False, "firm_id")]
    found = []
    if firm.state in GONE:
        found.append(Finding("booking.K-14", _l("%(name)s has left the park. Choose another firm.", name=firm.name), False, "firm_id"))
    if contact_id is not None and not belongs(session, firm_id, contact_id, clock.local(starts_at).date()):
        found.append(Finding("booking.K-15", _l("This person does not belong to %(name)s. Add the person to the firm first.",
                                                name=firm.name), True, "contact_id"))
    return found


def belongs(session: Any, firm_id: int, person_id: int, on: date) -> bool:
    """Whether a person is of a firm on a day (K-15)."""
    return session.scalar(select(FirmPerson.id).where(
        FirmPerson.firm_id == firm_id, FirmPerson.person_id == person_id,
        or_(FirmPerson.until.is_(None), FirmPerson.until >= on)).limit(1)) is not None


def others(session: Any, *, resource: BookableResource, starts_at: datetime, ends_at: datetime, firm_id: int | None,
           booking: Booking | None = None) -> list[Finding]:
    """What other bookings say: K-11 taken, K-08 turnaround, K-07 gap, K-06 per day. Asked again under the lock when it counts."""
    own, reach = (starts_at, ends_at), max(resource.gap_minutes, resource.turnaround_minutes) * MINUTE
    first, last = min(starts_at - reach, _day_start(starts_at)), max(ends_at + reach, _day_start(starts_at) + timedelta(days=1))
    query = select(Booking.firm_id, Booking.starts_at, func.upper(Booking.during).label("ends_at")).where(
        Booking.resource_id == resource.id, Booking.state.in_(OCCUPYING), ~func.isempty(Booking.during),
        Booking.starts_at < last, Booking.starts_at > first - LONGEST, func.upper(Booking.during) > first)
    rows = session.execute(query.where(Booking.id != booking.id) if booking is not None else query).all()
    found = []
    if calc.most_at_once([(r.starts_at, r.ends_at) for r in rows], own) >= resource.capacity:
        found.append(_taken(resource, rows, own))
    elif resource.turnaround_minutes and calc.most_at_once(
            [(r.starts_at - resource.turnaround_minutes * MINUTE, r.ends_at + resource.turnaround_minutes * MINUTE) for r in rows],
            own) >= resource.capacity:
        found.append(Finding("booking.K-08", _l("%(n)s minutes are kept free between two bookings. Choose another time.",
                                                n=resource.turnaround_minutes), True, "starts_at"))
    if firm_id is not None:
        found += _same_firm(resource, [r for r in rows if r.firm_id == firm_id], own)
    return found


def _day_start(at: datetime) -> datetime:
    return calc.instant(clock.local(at).date(), "00:00")


def _taken(resource: BookableResource, rows: Sequence[Any], own: calc.Span) -> Finding:
    busy = [r for r in rows if calc.overlap((r.starts_at, r.ends_at), own)]
    if resource.capacity == 1:
        text = _l("%(name)s is booked from %(start)s to %(end)s. Choose another time or join the waiting list.", name=resource.name,
                  start=shown(busy[0].starts_at), end=shown(busy[0].ends_at))
    else:
        text = _l("All %(n)s places of %(name)s are taken at that time. Choose another time or join the waiting list.",
                  n=resource.capacity, name=resource.name)
    return Finding("booking.K-11", text, False, "starts_at")


def _same_firm(resource: BookableResource, rows: Sequence[Any], own: calc.Span) -> list[Finding]:
    """K-06 and K-07."""
    found, day = [], clock.local(own[0]).date()
    if resource.per_day is not None:
        count = sum(1 for r in rows if clock.local(r.starts_at).date() == day)
        if count >= resource.per_day:
            found.append(Finding("booking.K-06", _l("The firm has %(count)s bookings on %(day)s already; %(n)s are allowed. Choose another "
                                                    "day.", count=count, day=day.isoformat(), n=resource.per_day), True, "starts_at"))
    if resource.gap_minutes and any(calc.too_near((r.starts_at, r.ends_at), own, resource.gap_minutes)
                                    and not calc.overlap((r.starts_at, r.ends_at), own) for r in rows):
        found.append(Finding("booking.K-07", _l("At least %(n)s minutes lie between two bookings of a firm. Choose another time.",
                                                n=resource.gap_minutes), True, "starts_at"))
    return found


def _offers(session: Any, resource: BookableResource, starts_at: datetime, ends_at: datetime, at: datetime,
            own: WaitingEntry | None) -> list[Finding]:
    """K-21: a freed slot is kept for the first in line while the offer holds."""
    if resource.capacity != 1:
        return []
    query = select(WaitingEntry.offer_until).where(
        WaitingEntry.resource_id == resource.id, WaitingEntry.state == "offered", WaitingEntry.offer_until > at,
        WaitingEntry.starts_at < ends_at, WaitingEntry.ends_at > starts_at)
    until = session.scalar((query.where(WaitingEntry.id != own.id) if own is not None else query).limit(1))
    if until is None:
        return []
    return [Finding("booking.K-21", _l("This slot is offered to the first in line until %(end)s. Try again after that.", end=shown(until)),
                    True, "starts_at")]
