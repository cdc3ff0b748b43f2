"""Billable events: machine use started and stopped, orders, consumables, technician time, training, other charges.

Rules U-40 to U-52. Nothing starts without a paying project that holds, and the refusal names every reason. What is on a bill
keeps its values until an adjustment is applied."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.booking.models.booking import Booking, BookingOverride
from modules.booking.models.resource import BookableResource
from modules.booking.services import attendance, policy
from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_pricing as calc
from ..models.event import EVENT_KINDS, UsageEvent
from ..models.maintenance import MaintenanceWork
from ..models.project import PayingProject
from ..models.registry import Instrument, OperatorQualification, Platform, ServiceItem
from ..states import EVENT
from . import pricing, projects, questions, stock

RESOURCE = "platforms.event"
PAYER = "platforms.project"  # how a booking names a paying project


def start_usage(
    session: Any, *, instrument_id: int, project_id: int | None, at: datetime, person_id: int | None = None, origin: str = "staff",
    answers: dict[str, Any] | None = None, memo: str | None = None,
) -> UsageEvent:
    """Switch the machine on for a project (U-40). Refused at once when the project, the machine or the training does not hold.
    The firm's booking of that time is checked in and named by the event (U-65)."""
    access.require(session, RESOURCE, "add")
    instrument = _lock(session, instrument_id)
    at = calc.to_minute(at)
    project = session.get(PayingProject, project_id) if project_id else None
    on = clock.local(at).date()
    booking = _booking(session, instrument, project, at)
    problems = Problems()
    problems.extend([p for p in (_machine(session, instrument, at, booking), _person(session, instrument, project, person_id, on)) if p])
    problems.extend(projects.objections(session, project, kind="usage", on=on, platform_id=instrument.platform_id, until=at))
    if project is not None and not project.allows_consumable and questions.take_consumables(session, instrument.id):
        problems.add("platforms.U-22", _l("Project %(number)s does not pay for the consumables this machine takes. Take another one.",
                                          number=project.number), "project_id")
    problems.stop()
    assert project is not None
    asked = questions.of_instrument(session, instrument.id, "before")
    given = questions.check(asked, answers or {}, problems)
    problems.stop()
    if booking is not None and booking.state == "confirmed":
        attendance.check_in(session, booking, at=at)
    event = UsageEvent(
        park_id=instrument.park_id, kind="usage", state="open", origin=origin, platform_id=instrument.platform_id,
        instrument_id=instrument.id, firm_id=project.firm_id, project_id=project.id, person_id=person_id,
        customer_class=project.customer_class, booking_id=booking.id if booking else None, started_at=at,
        started_by=scope_of(session).user_name, memo=memo)
    session.add(event)
    session.flush()
    _take(session, event, questions.keep(session, event, asked, given))
    return event


def _lock(session: Any, instrument_id: int) -> Instrument:
    """The instrument, held until the transaction ends: two starts wait for each other."""
    found = session.scalars(select(Instrument).where(Instrument.id == instrument_id).with_for_update(of=Instrument)).one_or_none()
    if found is None:
        raise NotFound(_l("There is no such record in your parks."))
    return found


def _booking(session: Any, instrument: Instrument, project: PayingProject | None, at: datetime) -> Booking | None:
    """The firm's booking the use belongs to (U-65): of this time, by this project where it names one."""
    if instrument.resource_id is None or project is None:
        return None
    found = attendance.to_use(session, resource_id=instrument.resource_id, firm_id=project.firm_id, at=at)
    mine = [b for b in found if b.payer_id is None or (b.payer_source, b.payer_id) == (PAYER, project.id)]
    return mine[0] if mine else None


def running(session: Any, instrument_id: int) -> UsageEvent | None:
    """The use that goes on at a machine."""
    return session.scalars(select(UsageEvent).where(UsageEvent.instrument_id == instrument_id, UsageEvent.kind == "usage",
                                                    UsageEvent.state == "open")).one_or_none()


def _machine(session: Any, instrument: Instrument, at: datetime, booking: Booking | None) -> Problem | None:
    """U-41: in use, free, not under repair or closed."""
    if instrument.state != "in_use" or not session.get(Platform, instrument.platform_id).active:
        return Problem("platforms.U-41", _l("%(name)s is out of order. Take another instrument.", name=instrument.name), "instrument_id")
    if running(session, instrument.id) is not None:
        return Problem("platforms.U-41", _l("%(name)s is running already. Stop that use first.", name=instrument.name), "instrument_id")
    why = session.scalars(select(MaintenanceWork.title).where(
        MaintenanceWork.instrument_id == instrument.id, MaintenanceWork.starts_at <= at,
        or_(MaintenanceWork.ends_at.is_(None), MaintenanceWork.ends_at > at)).limit(1)).first() or _closed(session, instrument, at, booking)
    if why:
        return Problem("platforms.U-41", _l("%(name)s cannot be used now: %(why)s.", name=instrument.name, why=why), "instrument_id")
    return None


def _closed(session: Any, instrument: Instrument, at: datetime, booking: Booking | None) -> str | None:
    """Why the calendar is closed now for the instrument, its group or the whole park (K-10 of booking). What staff let pass when
    they took the booking stops nobody at the machine either."""
    resource = session.get(BookableResource, instrument.resource_id) if instrument.resource_id else None
    rows = policy.closures_at(session, at, at + policy.MINUTE, park_id=instrument.park_id, resource_id=instrument.resource_id,
                              group_id=resource.group_id if resource else None)
    if rows and booking is not None and session.scalar(
            select(BookingOverride.id).where(BookingOverride.booking_id == booking.id, BookingOverride.code == "booking.K-10").limit(1)):
        rows = [row for row in rows if row.kind != "closure"]
    return rows[0].cause if rows else None


def _person(session: Any, instrument: Instrument, project: PayingProject | None, person_id: int | None, on: date) -> Problem | None:
    """U-42: who is named belongs to the firm; where training is asked for, the firm or who is named has one that holds."""
    if project is not None and person_id is not None and not policy.belongs(session, project.firm_id, person_id, on):
        return Problem("platforms.U-42", _l("This person does not belong to %(name)s. Add the person to the firm first.",
                                            name=session.get(Firm, project.firm_id).name), "person_id")
    if project is None or not instrument.needs_training or trained(session, instrument, project.firm_id, person_id, on):
        return None
    return Problem("platforms.U-42", untrained(instrument), "person_id")


def trained(session: Any, instrument: Instrument, firm_id: int, person_id: int | None, on: date) -> bool:
    """Whether a training holds on a day: of the whole firm, or of the person who is named."""
    q = OperatorQualification
    who = q.person_id.is_(None) if person_id is None else or_(q.person_id.is_(None), q.person_id == person_id)
    return session.scalar(select(q.id).where(q.instrument_id == instrument.id, q.firm_id == firm_id, who, q.trained_on <= on,
                                             or_(q.expires_on.is_(None), q.expires_on >= on)).limit(1)) is not None


def untrained(instrument: Instrument) -> Any:
    """The sentence for who has no training that holds."""
    return _l("Nobody named here holds a valid training for %(name)s. Name the trained person, or book a training first.",
              name=instrument.name)


def stop_usage(
    session: Any, event: UsageEvent, *, at: datetime, answers: dict[str, Any] | None = None, memo: str | None = None
) -> UsageEvent:
    """Switch the machine off (U-43): minutes are counted, answers kept, consumables taken."""
    access.require(session, RESOURCE, "change")
    at, problems = calc.to_minute(at), Problems()
    if event.state != "open":
        problems.add("platforms.U-43", _l("This use was stopped already."))
    elif at < event.started_at:
        problems.add("platforms.U-43", _l("The end lies before the start."), "at")
    elif calc.minutes_between(event.started_at, at) > 527_040:
        problems.add("platforms.U-43", _l("Use of more than a year is not recorded as one event."), "at")
    asked = questions.of_instrument(session, event.instrument_id, "after")
    given = questions.check(asked, answers or {}, problems)
    problems.stop()
    event.ended_at, event.ended_on = at, clock.local(at).date()
    event.minutes = calc.minutes_between(event.started_at, at)
    event.stopped_by, event.memo = scope_of(session).user_name, memo or event.memo
    session.flush()
    EVENT.move(session, event, "stop", on=event.ended_on)
    _take(session, event, questions.keep(session, event, asked, given))
    return event


def stop_now(session: Any, event: UsageEvent) -> None:
    """The record page's button: stops it now; where questions must be answered, the page at the machine asks them."""
    stop_usage(session, event, at=clock.now())


def _take(session: Any, event: UsageEvent, takes: list[tuple[Any, Decimal]]) -> None:
    """An answer that takes consumables becomes an event of its own (U-46). Before use the project must pay for them; what was taken by
    the end is a fact like the use itself: it never keeps a machine from being stopped, and the month's run warns of the cap."""
    project, at = session.get(PayingProject, event.project_id), event.ended_at or event.started_at
    for question, quantity in takes:
        item = session.get(ServiceItem, question.item_id)
        if event.state == "open":
            needs = _needs(session, project, kind="consumable", platform_id=event.platform_id, item=item, starts_at=at, quantity=quantity)
            projects.require(session, project, kind="consumable", on=clock.local(at).date(), platform_id=event.platform_id, until=at,
                             needs=needs)
        _write(session, kind="consumable", project=project, platform_id=event.platform_id, item=item, starts_at=at, ends_at=None,
               quantity=quantity, amount=None, origin="question", parent=event, memo=question.text, person_id=event.person_id)


def record_event(
    session: Any, *, kind: str, project_id: int | None, started_at: datetime, item_id: int | None = None, platform_id: int | None = None,
    instrument_id: int | None = None, ended_at: datetime | None = None, quantity: Decimal | None = None, amount: Decimal | None = None,
    person_id: int | None = None, origin: str = "staff", memo: str | None = None,
) -> UsageEvent:
    """Record an order, a consumable, technician time, a training, an other charge, or use that was written down (U-44)."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    item = session.get(ServiceItem, item_id) if item_id else None
    instrument = session.get(Instrument, instrument_id) if instrument_id else None
    owner = item.platform_id if item else instrument.platform_id if instrument else platform_id
    _shape(kind, item, instrument, owner, started_at, ended_at, quantity, amount, problems)
    problems.stop()
    project = session.get(PayingProject, project_id) if project_id else None
    projects.require(session, project, kind=kind, on=clock.local(ended_at or started_at).date(), platform_id=owner, until=ended_at,
                     needs=_needs(session, project, kind=kind, platform_id=owner, item=item, instrument=instrument, starts_at=started_at,
                                  ends_at=ended_at, quantity=quantity, amount=amount))
    return _write(session, kind=kind, project=project, platform_id=owner, item=item, instrument=instrument, starts_at=started_at,
                  ends_at=ended_at, quantity=quantity, amount=amount, origin=origin, memo=memo, person_id=person_id)


def _needs(
    session: Any, project: PayingProject | None, *, kind: str, platform_id: int, starts_at: datetime, item: ServiceItem | None = None,
    instrument: Instrument | None = None, ends_at: datetime | None = None, quantity: Decimal | None = None, amount: Decimal | None = None,
) -> Decimal:
    """What the event will cost the project as the preview prices it; nothing where no rate holds yet."""
    if project is None:
        return calc.ZERO
    if kind != "custom":
        amount = pricing.estimate(
            session, kind=kind, platform_id=platform_id, customer_class=project.customer_class, starts_at=starts_at,
            ends_at=ends_at or starts_at, instrument_id=instrument.id if instrument else None, item_id=item.id if item else None,
            quantity=quantity).amount
    return amount or calc.ZERO


def _shape(kind: str, item: Any, instrument: Any, owner: Any, starts_at: datetime, ends_at: Any, quantity: Any, amount: Any,
           problems: Problems) -> None:
    """What each kind needs and must not have."""
    if kind not in EVENT_KINDS:
        problems.add("platforms.U-44", _l("Choose the kind of event."), "kind")
    if owner is None:
        problems.add("platforms.U-44", _l("Name the platform, the instrument or what was ordered."), "platform_id")
    if item is not None and item.kind != kind:
        problems.add("platforms.U-13", _l("The kind of event is not the kind of what is ordered."), "item_id")
    if item is not None and instrument is not None and item.platform_id != instrument.platform_id:
        problems.add("platforms.U-13", _l("This is offered by another platform."), "item_id")
    if kind in ("sample", "consumable") and (item is None or quantity is None or quantity <= 0):
        problems.add("platforms.U-44", _l("Name what was ordered and how much of it."), "item_id")
    if kind in ("usage", "technician", "training") and ends_at is None:
        problems.add("platforms.U-44", _l("Enter when it ended."), "ended_at")
    if kind == "usage" and instrument is None:
        problems.add("platforms.U-44", _l("Name the instrument that was used."), "instrument_id")
    if ends_at is not None and ends_at < starts_at:
        problems.add("platforms.U-43", _l("The end lies before the start."), "ended_at")
    if (kind == "custom") != (amount is not None):
        problems.add("platforms.U-44", _l("An other charge brings its amount; every other kind is priced by its rate."), "amount")


def _write(
    session: Any, *, kind: str, project: Any, platform_id: int, starts_at: datetime, ends_at: datetime | None, quantity: Decimal | None,
    amount: Decimal | None, origin: str, item: ServiceItem | None = None, instrument: Instrument | None = None,
    parent: UsageEvent | None = None, memo: str | None = None, person_id: int | None = None, booking_id: int | None = None,
) -> UsageEvent:
    start, end = calc.to_minute(starts_at), calc.to_minute(ends_at or starts_at)
    timed = ends_at is not None and kind != "consumable"
    who = scope_of(session).user_name
    event = UsageEvent(
        park_id=project.park_id, kind=kind, state="done", origin=origin, platform_id=platform_id, item_id=item.id if item else None,
        instrument_id=instrument.id if instrument else None, firm_id=project.firm_id, project_id=project.id, person_id=person_id,
        customer_class=project.customer_class, parent_id=parent.id if parent else None, booking_id=booking_id, started_at=start,
        ended_at=end, ended_on=clock.local(end).date(), minutes=calc.minutes_between(start, end) if timed else None, quantity=quantity,
        amount=amount, started_by=who, stopped_by=who, memo=memo)
    session.add(event)
    session.flush()
    if kind == "consumable" and item is not None:
        stock.take_out(session, item, event)
    return event


def why_not_validate(session: Any, event: UsageEvent) -> str | None:
    """Guard of the button."""
    return None


def validate_event(session: Any, event: UsageEvent) -> UsageEvent:
    """A member of staff confirms that it happened like this (U-47)."""
    access.require(session, RESOURCE, "act")
    event.validated_by, event.validated_on = scope_of(session).user_name, clock.today()
    session.flush()
    EVENT.move(session, event, "validate")
    return event


def validate_many(session: Any, events: list[UsageEvent]) -> int:
    """The list's bulk action: what is to be validated is, the rest stays."""
    done = [validate_event(session, e) for e in events if e.state == "done"]
    return len(done)


def why_not_waive(session: Any, event: UsageEvent) -> str | None:
    """U-48: who recorded it does not waive it; what is priced is adjusted."""
    if event.started_by is not None and event.started_by == scope_of(session).user_name:
        return _("You recorded this event. A colleague waives it.")
    return why_not_change(session, event)


def why_not_change(session: Any, event: UsageEvent) -> str | None:
    """U-50: a priced event is not changed any more."""
    if event.net is not None:
        return _("This event is priced. Enter an adjustment instead.")
    return None


def waive_event(session: Any, event: UsageEvent, *, reason: str) -> UsageEvent:
    """Charge nothing for it; its value is shown apart (U-48)."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if not (reason or "").strip():
        problems.add("workflow.reason_missing", _l("Write a reason."), "reason")
    if why := why_not_waive(session, event):
        problems.add("platforms.U-48", why)
    problems.stop()
    event.waived_by, event.waived_reason = scope_of(session).user_name, reason.strip()[:300]
    session.flush()
    EVENT.move(session, event, "waive", reason=reason)
    return event


def unwaive_event(session: Any, event: UsageEvent, *, reason: str) -> UsageEvent:
    """Charge it after all (U-48)."""
    access.require(session, RESOURCE, "act")
    _not_priced(session, event)
    EVENT.move(session, event, "unwaive", reason=reason)
    return event


def cancel_event(session: Any, event: UsageEvent, *, reason: str) -> UsageEvent:
    """It did not happen (U-49); consumables go back into stock."""
    access.require(session, RESOURCE, "act")
    _not_priced(session, event)
    EVENT.move(session, event, "cancel", reason=reason)
    stock.put_back(session, event)
    return event


def _not_priced(session: Any, event: UsageEvent) -> None:
    if why := why_not_change(session, event):
        raise RuleError([Problem("platforms.U-50", why)])
