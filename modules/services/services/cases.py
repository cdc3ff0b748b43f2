"""A case from receipt to acceptance: first asked, checklist, one-time notice, supplement, deemed acceptance. Rules SV-20 to SV-28."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from modules.tenants import errors as tenants_errors
from modules.tenants.models.firm import Firm
from modules.tenants.services.portal_notify import tell_firm
from parkops import clock, records, sequences, settings
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..calc_days import Calendar
from ..models.case import CaseCommitment, CaseMaterial, CaseNotice, ServiceCase
from ..models.hall import ServiceHall
from ..models.item import HallItem, ItemMaterial
from ..models.queue import QueueTicket
from ..states import CASE, OPEN
from . import days, hands, tolerance
from .calendar import calendar_of

RESOURCE = "services.case"
CHECKABLE = ("received", "supplement")


def limits(calendar: Calendar, of: HallItem | ServiceCase, start: date) -> tuple[date, date | None]:
    """SV-20: (promised, statutory) last days; counting starts on the next working day after `start`."""
    statutory = calendar.due(start, of.statutory_days) if of.statutory_days is not None else None
    return calendar.due(start, of.promised_days), statutory


def set_limits(session: Any, case: ServiceCase) -> None:
    """The limits of a case from its clock and the days its item promised when it was received."""
    case.promised_due, case.statutory_due = limits(calendar_of(session, case.park_id), case, case.clock_from)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    item = session.get(HallItem, values["item_id"])
    if item is not None and not item.active:
        problems.add("services.SV-21", _l("This item is out of use."), "item_id")
    if item is not None and values["channel"] == "online" and not item.online:
        problems.add("services.SV-21", _l("This item is not offered online."), "channel")
    if values["channel"] == "cross" and item is not None and not item.shared:
        problems.add("services.SV-21", _l("This item is not on the shared list of cross-district service."), "channel")
    _check_code(session, values, problems)


def _check_code(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """What is asked again when a case is corrected; its item may be out of use by then."""
    values["credit_code"] = tenants_errors.credit_code(problems, values.get("credit_code"))


def _ticket(session: Any, ticket_id: int | None, hall_id: int, problems: Problems) -> QueueTicket | None:
    if ticket_id is None:
        return None
    row = session.get(QueueTicket, ticket_id)
    if row is None:
        problems.add("record.no_such_record", _l("There is no such record in your parks."), "ticket_id")
    elif row.hall_id != hall_id:
        problems.add("services.SV-22", _l("This number was taken in another hall."), "ticket_id")
    elif row.state not in ("called", "serving", "served"):
        problems.add("services.SV-22", _l("Call this number to a window first."), "ticket_id")
    elif session.scalar(select(ServiceCase.id).where(ServiceCase.ticket_id == row.id)) is not None:
        problems.add("services.SV-22", _l("This number has its case already."), "ticket_id")
    return row


def create_case(
    session: Any,
    *,
    hall_id: int,
    item_id: int,
    channel: str = "window",
    applicant: str | None = None,
    firm_id: int | None = None,
    credit_code: str | None = None,
    contact: str | None = None,
    phone: str | None = None,
    post_address: str | None = None,
    ticket_id: int | None = None,
    partner_id: int | None = None,
    device: str | None = None,
    note: str | None = None,
    at: datetime | None = None,
) -> ServiceCase:
    """SV-21, SV-22, SV-23: receive a request. The officer who takes it is the first asked and follows it to its end (首问负责)."""
    values = {n: v for n, v in locals().items() if n not in ("session", "at")}
    access.require(session, RESOURCE, "add")
    hall, item = session.get(ServiceHall, hall_id), session.get(HallItem, item_id)
    if hall is None or item is None:
        raise NotFound(_l("There is no such record in your parks."))
    problems = Problems()
    _complete(session, values, item, at or clock.now(), problems)
    problems.stop()
    _check(session, values, problems)  # before a number is drawn
    problems.stop()
    number = sequences.next_number(session, RESOURCE, hall.park_id, values["received_on"])
    case = records.create(session, ServiceCase, {**values, "number": number}, _check)
    copy_checklist(session, case)
    return case


def _complete(session: Any, values: dict[str, Any], item: HallItem, at: datetime, problems: Problems) -> None:
    """What follows from the firm, the number, the officer and the moment of receipt."""
    firm = session.get(Firm, values["firm_id"]) if values["firm_id"] is not None else None
    values["applicant"] = (values["applicant"] or "").strip() or (firm.name if firm is not None else None)
    if values["applicant"] is None:
        problems.add("services.SV-21", _l("Name the applicant, or choose a firm of the park."), "applicant")
    values["credit_code"] = values["credit_code"] or (firm.credit_code if firm is not None else None)
    ticket = _ticket(session, values["ticket_id"], values["hall_id"], problems)
    day, who = clock.local(at).date(), hands.officer_now(session)
    promised, statutory = limits(calendar_of(session, item.park_id), item, day)
    values |= {"waited": ticket.waited if ticket is not None else None, "first_officer_id": who, "officer_id": who, "received_at": at}
    values |= {"received_on": day, "clock_from": day, "promised_due": promised, "statutory_due": statutory}
    values |= {"promised_days": item.promised_days, "statutory_days": item.statutory_days}


def copy_checklist(session: Any, case: ServiceCase) -> None:
    """SV-24: the item's materials become the case's list, all missing until somebody looked: tolerable ones may follow, others may not."""
    m, item = ItemMaterial, case.item if case.item is not None else session.get(HallItem, case.item_id)
    for row in session.scalars(select(m).where(m.item_id == case.item_id).order_by(m.position)):
        later = row.tolerable and item.tolerance
        session.add(
            CaseMaterial(
                park_id=case.park_id,
                case_id=case.id,
                material_id=row.id,
                position=row.position,
                name=row.name,
                tolerable=later,
                state="missing_tolerable" if later else "missing_fatal",
            )
        )
    session.flush()


def change_case(
    session: Any,
    case: ServiceCase,
    *,
    applicant: str | None = None,
    credit_code: str | None = None,
    contact: str | None = None,
    phone: str | None = None,
    post_address: str | None = None,
    note: str | None = None,
) -> ServiceCase:
    """Who applies and where the result goes; item and days are fixed."""
    values = {n: v for n, v in locals().items() if n not in ("session", "case")}
    values["applicant"] = (applicant or "").strip() or (case.firm.name if case.firm is not None else None)
    return records.change(session, case, values, _check_code)


def checklist(session: Any, case: ServiceCase) -> list[CaseMaterial]:
    """In order."""
    return list(session.scalars(select(CaseMaterial).where(CaseMaterial.case_id == case.id).order_by(CaseMaterial.position)))


def check_materials(session: Any, case: ServiceCase, *, have: list[int], on: date) -> list[CaseMaterial]:
    """SV-24: `have` are the lines whose paper is there; the others are missing. Possible until the case is accepted."""
    access.require(session, RESOURCE, "change")
    rows = checklist(session, case)
    if case.state not in CHECKABLE:
        raise RuleError(
            [
                Problem(
                    "services.SV-24", _l("The case is accepted; its checklist is closed. What was promised is supplied on the commitment.")
                )
            ]
        )
    if set(have) - {r.id for r in rows}:
        raise NotFound(_l("There is no such record in your parks."))
    days.require("services.SV-24", on)
    hands.take_up(session, case)
    for row in rows:
        there = row.id in have
        row.state = "have" if there else "missing_tolerable" if row.tolerable else "missing_fatal"
        row.supplied_on = (row.supplied_on or on) if there else None
    session.flush()
    return rows


def missing(session: Any, case: ServiceCase) -> tuple[list[str], list[str]]:
    """(needed now, may follow) by name."""
    rows = checklist(session, case)
    return [r.name for r in rows if r.state == "missing_fatal"], [r.name for r in rows if r.state == "missing_tolerable"]


def why_not_accept(session: Any, case: ServiceCase) -> str | None:
    """SV-25: nothing fatal is missing, and what may follow is promised in writing by a commitment that still runs."""
    fatal, later = missing(session, case)
    if fatal:
        return _("Missing and needed now: %(names)s. Give the one-time notice.", names="、".join(fatal))
    if later and tolerance.of_case(session, case) is None:
        return _("Missing, may follow: %(names)s. Have the commitment signed first.", names="、".join(later))
    promise = commitments_open(session, case)
    bare = [name for name in later if promise is None or name not in promise.materials]
    if bare:
        return _("No open commitment covers: %(names)s. Have them supplied before the case is accepted.", names="、".join(bare))
    return None


def accept_case(session: Any, case: ServiceCase, *, on: date) -> ServiceCase:
    """SV-25: accepted; with a commitment the notice names what follows and by when (容缺受理)."""
    access.require(session, RESOURCE, "change")
    days.require("services.SV-25", on, case.clock_from)
    if why := CASE.why_not(session, case, CASE.step("accept")):
        raise RuleError([Problem("services.SV-25", why)])
    hands.take_up(session, case)
    case.accepted_on = on
    session.flush()
    CASE.move(session, case, "accept", on=on)
    if tolerance.of_case(session, case) is not None and notice_of(session, case) is None:
        _write_notice(session, case, on)
    return case


def notice_of(session: Any, case: ServiceCase) -> CaseNotice | None:
    """The one-time notice, None when none was given."""
    return session.scalars(select(CaseNotice).where(CaseNotice.case_id == case.id)).one_or_none()


def why_not_notice(session: Any, case: ServiceCase) -> str | None:
    """SV-26: something fatal is missing and nothing was told yet: everything is told at once."""
    if notice_of(session, case) is not None:
        return _("Everything missing was told once already; a second notice is not allowed.")
    return None if missing(session, case)[0] else _("Nothing that is needed now is missing.")


def give_notice(session: Any, case: ServiceCase, *, on: date) -> CaseNotice:
    """SV-26: told on the spot or within five working days of receipt, once, all at once (行政许可法, articles 32 and 82)."""
    access.require(session, RESOURCE, "change")
    days.require("services.SV-26", on, case.clock_from)
    if why := why_not_notice(session, case):
        raise RuleError([Problem("services.SV-26", why)])
    latest = latest_notice(session, case)
    if on > latest:
        raise RuleError(
            [
                Problem(
                    "services.SV-26",
                    _l("The last day to tell was %(day)s; the case is deemed accepted from its receipt.", day=latest.isoformat()),
                    "on",
                )
            ]
        )
    hands.take_up(session, case)
    CASE.move(session, case, "notice", on=on)
    row = _write_notice(session, case, on)
    tell_client(session, case, _l("%(number)s: materials are missing; the one-time notice names them all."))
    return row


def tell_client(session: Any, case: ServiceCase, text: Any) -> None:
    """A firm of the park reads in its portal what happened to its case."""
    if case.firm_id is not None:
        tell_firm(session, case.firm_id, "services.case", text, {"number": case.number}, owner=case)


def latest_notice(session: Any, case: ServiceCase) -> date:
    """The last day on which missing materials are told."""
    return calendar_of(session, case.park_id).due(case.received_on, settings.get(session, "services.notice_days", case.park_id))


def _write_notice(session: Any, case: ServiceCase, on: date) -> CaseNotice:
    fatal, later = missing(session, case)
    row = CaseNotice(
        park_id=case.park_id,
        case_id=case.id,
        number=sequences.next_number(session, "services.notice", case.park_id, on),
        given_on=on,
        given_at=clock.now(),
        latest_on=max(on, latest_notice(session, case)),
        fatal=fatal,
        later=later,
        given_by=scope_of(session).user_name,
    )
    session.add(row)
    session.flush()
    return row


def supplement_case(session: Any, case: ServiceCase, *, on: date) -> ServiceCase:
    """SV-27: what was missing is there; the clock restarts on this day."""
    access.require(session, RESOURCE, "change")
    told = notice_of(session, case)
    days.require("services.SV-27", on, case.clock_from, told.given_on if told is not None else None)
    fatal, _later = missing(session, case)
    if fatal:
        raise RuleError(
            [Problem("services.SV-27", _l("Still missing: %(names)s. Mark on the checklist what came.", names="、".join(fatal)))]
        )
    case.clock_from, case.restarts = on, case.restarts + 1
    set_limits(session, case)
    session.flush()
    CASE.move(session, case, "supplement", on=on)
    return case


def deem_accepted(session: Any, *, on: date, park_id: int) -> dict[str, int]:
    """SV-28: nobody told anything within the days: accepted from the day the papers came (行政许可法, article 32 (4))."""
    limit, calendar = settings.get(session, "services.notice_days", park_id), calendar_of(session, park_id)
    query = select(ServiceCase).where(ServiceCase.park_id == park_id, ServiceCase.state == "received", ServiceCase.clock_from < on)
    done = 0
    for case in session.scalars(query.order_by(ServiceCase.id)):
        if on <= calendar.due(case.clock_from, limit):
            continue
        _deem(session, case, on)
        done += 1
    return {"accepted": done}


def why_not_deem(session: Any, case: ServiceCase) -> str | None:
    """Only when the days to tell are over; the nightly job does it too."""
    last = calendar_of(session, case.park_id).due(case.clock_from, settings.get(session, "services.notice_days", case.park_id))
    return None if clock.today() > last else _("Until %(day)s materials can still be asked for.", day=last.isoformat())


def deem_case(session: Any, case: ServiceCase) -> None:
    """The button of SV-28."""
    if why := why_not_deem(session, case):
        raise RuleError([Problem("services.SV-28", why)])
    _deem(session, case, clock.today())


def _deem(session: Any, case: ServiceCase, on: date) -> None:
    """By law, whatever the checklist says: the hall missed its days."""
    case.accepted_on, case.deemed = case.clock_from, True
    session.flush()
    CASE.move(
        session, case, "deem", on=on, reason=_("Nothing was told within the days; accepted from %(day)s.", day=case.accepted_on.isoformat())
    )


def commitments_open(session: Any, case: ServiceCase) -> CaseCommitment | None:
    """The commitment that still runs."""
    row = tolerance.of_case(session, case)
    return row if row is not None and row.state == "open" else None


def open_of_firm(session: Any, firm_id: int) -> int:
    """Cases of a firm without a result."""
    return session.scalar(select(func.count(ServiceCase.id)).where(ServiceCase.firm_id == firm_id, ServiceCase.state.in_(OPEN))) or 0


def of_ticket(session: Any, ticket: QueueTicket) -> ServiceCase | None:
    """The case opened on a number."""
    return session.scalars(select(ServiceCase).where(ServiceCase.ticket_id == ticket.id)).one_or_none()
