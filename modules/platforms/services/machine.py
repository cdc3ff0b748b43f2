"""What the page at the machine, the interlock and booking ask: prices before use, who may start, events from bookings.

Rules U-61 to U-64."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import or_, select

from modules.booking.calc_findings import Finding
from modules.booking.models.booking import LONGEST as LONGEST_BOOKING
from modules.booking.models.booking import Booking
from parkops import clock
from parkops.errors import NotFound, Problem, RuleError
from parkops.i18n import _l
from parkops.security import access

from .. import calc_pricing as calc
from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.rate import PlatformRate
from ..models.registry import Instrument, OperatorQualification
from . import events, pricing, projects

LONGEST = timedelta(days=366)
PAYER = events.PAYER


def instrument_of(session: Any, resource_id: int) -> Instrument | None:
    """The instrument a bookable resource stands for."""
    return session.scalars(select(Instrument).where(Instrument.resource_id == resource_id)).one_or_none()


def preview(session: Any, *, instrument: Instrument, project: PayingProject, starts_at: datetime, ends_at: datetime) -> pricing.Estimate:
    """What use of an instrument would cost the project (U-61)."""
    if ends_at < starts_at:
        raise RuleError([Problem("platforms.U-43", _l("The end lies before the start."), "ends_at")])
    if ends_at - starts_at > LONGEST:
        raise RuleError([Problem("platforms.U-43", _l("Use of more than a year is not recorded as one event."), "ends_at")])
    return pricing.estimate(session, kind="usage", platform_id=instrument.platform_id, customer_class=project.customer_class,
                            starts_at=starts_at, ends_at=ends_at, instrument_id=instrument.id)


def project_of(
    session: Any, firm_id: int | None, payer: tuple[str, int] | None, platform_id: int | None = None
) -> PayingProject | None:
    """The paying project a booking names; without one the firm's only open project that pays for the platform, else its only one."""
    if payer is not None:
        return session.get(PayingProject, payer[1]) if payer[0] == PAYER else None
    if firm_id is None:
        return None
    found = session.scalars(select(PayingProject).where(PayingProject.firm_id == firm_id, PayingProject.state == "active")).all()
    fits = [p for p in found if p.platform_id in (None, platform_id)]
    return fits[0] if len(fits) == 1 else found[0] if len(found) == 1 else None


def payers(session: Any, *, resource: Any, firm_id: int | None, on: date) -> list[dict[str, Any]]:
    """What the booking form offers as payer: open projects of the firm that hold for the instrument."""
    instrument = instrument_of(session, resource.id)
    if instrument is None or firm_id is None:
        return []
    return [{"source": PAYER, "id": p.id, "label": str(p)}
            for p in projects.of_firm(session, firm_id, kind="usage", on=on, platform_id=instrument.platform_id)]


def findings(
    session: Any, *, resource: Any, starts_at: datetime, ends_at: datetime, firm_id: int | None, contact_id: int | None,
    payer: tuple[str, int] | None,
) -> list[Finding]:
    """What speaks against booking an instrument (U-62): no paying project that holds, no training."""
    instrument = instrument_of(session, resource.id)
    if instrument is None:
        return []
    out, project, on = [], project_of(session, firm_id, payer, instrument.platform_id), clock.local(ends_at).date()
    if firm_id is not None or payer is not None:
        needs = preview(session, instrument=instrument, project=project, starts_at=starts_at, ends_at=ends_at).amount if project else None
        out += [Finding(p.code, p.message, p.code in ("platforms.U-23", "platforms.U-24"), "payer_id")
                for p in projects.objections(session, project, kind="usage", on=on, platform_id=instrument.platform_id, firm_id=firm_id,
                                             needs=needs or calc.ZERO)]
    if instrument.state != "in_use":
        out.append(Finding("platforms.U-41", _l("%(name)s is out of order. Take another instrument.", name=instrument.name)))
    if instrument.needs_training and firm_id is not None and not events.trained(session, instrument, firm_id, contact_id, on):
        out.append(Finding("platforms.U-42", events.untrained(instrument), True, "contact_id"))
    return out


def trained_people(session: Any, instrument: Instrument, on: date) -> list[OperatorQualification]:
    """Personal trainings that hold on a day: whom the page at the machine offers to name. Nobody where no training is asked for."""
    q = OperatorQualification
    if not instrument.needs_training:
        return []
    return list(session.scalars(select(q).distinct(q.firm_id, q.person_id).where(
        q.instrument_id == instrument.id, q.person_id.is_not(None), q.trained_on <= on,
        or_(q.expires_on.is_(None), q.expires_on >= on)).order_by(q.firm_id, q.person_id)))


def price_lines(
    session: Any, *, resource: Any, starts_at: datetime, ends_at: datetime, firm_id: int | None, payer: tuple[str, int] | None
) -> list[dict[str, Any]]:
    """The price preview of booking (U-61)."""
    instrument = instrument_of(session, resource.id)
    project = project_of(session, firm_id, payer, instrument.platform_id) if instrument is not None else None
    if instrument is None or project is None:
        return []
    return preview(session, instrument=instrument, project=project, starts_at=starts_at, ends_at=ends_at).lines


def missed_booking(session: Any, booking: Any) -> UsageEvent | None:
    """A booking nobody used becomes an event at the no-show rate, where the instrument has one (U-63). While no project pays, nothing
    is charged: the month's run names it and tries again."""
    instrument = instrument_of(session, booking.resource_id)
    if instrument is None:
        return None
    found = session.scalars(select(UsageEvent).where(UsageEvent.booking_id == booking.id, UsageEvent.kind == "missed")).one_or_none()
    if found is not None or _was_used(session, booking, instrument):
        return found
    project = _missed_by(session, booking, instrument)
    if project is None or _no_show(session, booking, instrument, project).rate is None or why_not_missed(session, booking):
        return None
    event = UsageEvent(
        park_id=instrument.park_id, kind="missed", state="validated", origin="booking", platform_id=instrument.platform_id,
        instrument_id=instrument.id, firm_id=project.firm_id, project_id=project.id, person_id=booking.contact_id,
        customer_class=project.customer_class, booking_id=booking.id, started_at=calc.to_minute(booking.starts_at),
        ended_at=calc.to_minute(booking.ends_at), ended_on=clock.local(booking.ends_at).date(),
        minutes=calc.minutes_between(booking.starts_at, booking.ends_at))
    session.add(event)
    session.flush()
    return event


def _missed_by(session: Any, booking: Any, instrument: Instrument) -> PayingProject | None:
    payer = (booking.payer_source, booking.payer_id) if booking.payer_id is not None else None
    return project_of(session, booking.firm_id, payer, instrument.platform_id)


def _no_show(session: Any, booking: Any, instrument: Instrument, project: PayingProject) -> pricing.Estimate:
    return pricing.estimate(
        session, kind="missed", platform_id=instrument.platform_id, customer_class=project.customer_class, starts_at=booking.starts_at,
        ends_at=booking.ends_at, instrument_id=instrument.id)


def why_not_missed(session: Any, booking: Any) -> list[Problem]:
    """What keeps a no-show from being charged; nothing where no rate for no-shows holds or the instrument was used."""
    instrument, on = instrument_of(session, booking.resource_id), clock.local(booking.ends_at).date()
    if instrument is None or _was_used(session, booking, instrument):
        return []
    project = _missed_by(session, booking, instrument)
    price = _no_show(session, booking, instrument, project) if project is not None else None
    charged = pricing.any_rate(session, kind="missed", platform_id=instrument.platform_id, on=on)
    if not charged or (price is not None and price.rate is None):
        return []
    return projects.objections(session, project, kind="missed", on=on, platform_id=instrument.platform_id, firm_id=booking.firm_id,
                               needs=(price.amount if price is not None else None) or calc.ZERO)


def missed_in(session: Any, park_id: int, month: date) -> list[Booking]:
    """Bookings that firms missed in a month and that no event names as missed, of instruments of platforms that charge no-shows."""
    b, e, i = Booking, UsageEvent, Instrument
    charging = select(PlatformRate.platform_id).where(PlatformRate.park_id == park_id, PlatformRate.kind == "missed")
    first, end = (datetime.combine(day, time(), clock.ZONE) for day in (month, clock.Period.month(month).end))
    return list(session.scalars(
        select(b).where(b.park_id == park_id, b.state.in_(("missed", "late_cancelled")), b.firm_id.is_not(None), b.ends_at >= first,
                        b.starts_at >= first - LONGEST_BOOKING, b.ends_at < end,
                        b.resource_id.in_(select(i.resource_id).where(i.resource_id.is_not(None), i.platform_id.in_(charging))),
                        ~select(e.id).where(e.booking_id == b.id, e.kind == "missed").exists()).order_by(b.id)))


def _was_used(session: Any, booking: Any, instrument: Instrument) -> bool:
    """The firm used the instrument within the booked time, begun before check-in opened or paid by another project: it pays for that."""
    e = UsageEvent
    return session.scalar(select(e.id).where(
        e.instrument_id == instrument.id, e.firm_id == booking.firm_id, e.kind == "usage", e.state != "void",
        e.started_at < booking.ends_at, or_(e.ended_at.is_(None), e.ended_at > booking.starts_at)).limit(1)) is not None


def by_interlock(session: Any, interlock_id: str) -> Instrument:
    """The instrument a switch names; NotFound in one sentence otherwise."""
    found = session.scalars(select(Instrument).where(Instrument.interlock_id == _plain(interlock_id))).one_or_none()
    if found is None:
        raise NotFound(_l("No instrument of your parks has this interlock."))
    return found


def _plain(text: str) -> str:
    """A code as a program sent it, without what no code holds."""
    return text.replace("\x00", "")[:80]


def by_number(session: Any, number: str) -> PayingProject | None:
    """A paying project by its number."""
    return session.scalars(select(PayingProject).where(PayingProject.number == _plain(number))).one_or_none()


def _person(given: Any) -> int | None:
    """The contact a program names, by its id."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and 0 < given < 2**63):
        return given
    raise RuleError([Problem("platforms.U-64", _l("Name the person by the number of the contact, such as 17."), "person")])


def switched(session: Any, payload: dict[str, Any], *, at: datetime) -> UsageEvent:
    """One message of an interlock: `{"interlock": id, "on": true|false, "project": number, "person": contact id, "answers": {code: value}}`
    (U-64).

    The same contract holds for a broker that hands messages on. Switching off what is off is refused, so is on what is on."""
    access.require(session, "platforms.event", "add" if payload.get("on") else "change")
    instrument = by_interlock(session, str(payload.get("interlock") or ""))
    answers = payload.get("answers") if isinstance(payload.get("answers"), dict) else {}
    if payload.get("on"):
        project = by_number(session, str(payload.get("project") or ""))
        return events.start_usage(session, instrument_id=instrument.id, project_id=project.id if project else None, at=at,
                                  person_id=_person(payload.get("person")), origin="interlock", answers=answers)
    running = events.running(session, instrument.id)
    if running is None:
        raise RuleError([Problem("platforms.U-43", _l("%(name)s is not running.", name=instrument.name), "interlock")])
    return events.stop_usage(session, running, at=at, answers=answers)
