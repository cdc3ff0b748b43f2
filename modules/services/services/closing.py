"""The end of a case: deferral, result, hand-over, refusal, taking back; reminders of limits. Rules SV-34 to SV-39."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from parkops import approval, clock, settings, todos
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import CaseCommitment, ServiceCase
from ..states import CASE, DELIVERIES, RESULTS, TICKING
from . import cases, days, hands, tolerance
from .calendar import calendar_of

RESOURCE = "services.case"
DEFERRAL = approval.ApprovalKind("services.deferral", _l("Deferral of a case"), RESOURCE, "act", needed=1)
MOST = 10  # 行政许可法, article 42: ten working days more, once, with the head's approval


def why_not_defer(session: Any, case: ServiceCase) -> str | None:
    """SV-34: once, while it is being handled and not late."""
    if case.state not in ("accepted", "transferred"):
        return _("Only a case that is being handled is deferred.")
    if case.deferred_days:
        return _("A case is deferred once.")
    if clock.today() > case.promised_due:
        return _("The case is late already; a deferral is asked for before its day is over.")
    if any(a.kind == DEFERRAL.code and a.state == "waiting" for a in approval.of(session, case)):
        return _("The deferral waits for its approval.")
    return None


def ask_deferral(session: Any, case: ServiceCase, *, days: int, reason: str) -> str:
    """SV-34: up to ten working days; another person approves, and the applicant is told why."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if why := why_not_defer(session, case):
        problems.add("services.SV-34", why)
    if not 1 <= days <= MOST:
        problems.add("services.SV-34", _l("A case is deferred by 1 to 10 working days."), "days")
    if not reason.strip():
        problems.add("services.SV-34", _l("Write a reason."), "reason")
    problems.stop()
    approval.request(session, case, kind=DEFERRAL.code, payload={"days": days, "reason": reason.strip()})
    return _("Asked for; a colleague approves it.")


@approval.on_approved("services.deferral")
def defer(session: Any, request: Any, case: ServiceCase) -> None:
    """The limits move by the days approved, from where they stand: the item may promise something else by now."""
    if case.state not in ("accepted", "transferred") or case.deferred_days:
        raise RuleError([Problem("services.SV-34", _l("Only a case that is being handled is deferred."))])
    if clock.today() > case.promised_due:
        raise RuleError([Problem("services.SV-34", _l("The case is late already; return the request."))])
    calendar, more = calendar_of(session, case.park_id), int(request.payload["days"])
    case.deferred_days, case.promised_due = more, calendar.due(case.promised_due, more)
    case.statutory_due = calendar.due(case.statutory_due, more) if case.statutory_due is not None else None
    session.flush()


def why_not_complete(session: Any, case: ServiceCase) -> str | None:
    """SV-35: what was promised is supplied before a result is recorded; a case nobody accepted ends by a broken promise only."""
    row = tolerance.of_case(session, case)
    if row is not None and row.state == "open":
        return _("Promised materials are due by %(day)s; they come before the result.", day=row.due_on.isoformat())
    if case.state in cases.CHECKABLE and not (row is not None and row.state == "overdue"):
        return _("Accept the case first, then record its result.")
    return None


def complete_case(
    session: Any, case: ServiceCase, *, result: str, delivery: str, on: date, text: str | None = None, at: datetime | None = None
) -> ServiceCase:
    """SV-35, SV-36: the result with its day; on the spot when it is the day of receipt, in time by the promised day."""
    access.require(session, RESOURCE, "change")
    promise = tolerance.of_case(session, case)
    _check_result(case, promise, result, delivery, text, on)
    if case.accepted_on is None and promise is not None:  # ends by the promise with which it was taken
        case.accepted_on = max(promise.signed_on, case.clock_from)
    case.result, case.delivery, case.result_text = result, delivery, (text or "").strip() or None
    finish(case, on, at or clock.now())
    session.flush()
    CASE.move(session, case, "complete", on=on)
    _tell_partner(session, case)
    cases.tell_client(session, case, _l("%(number)s has its result."))
    return case


def _check_result(case: ServiceCase, promise: CaseCommitment | None, result: str, delivery: str, text: str | None, on: date) -> None:
    """What a result needs."""
    problems = Problems()
    if result not in RESULTS:
        problems.add("services.SV-35", _l("Choose one of the values offered."), "result")
    if delivery not in DELIVERIES:
        problems.add("services.SV-35", _l("Choose one of the values offered."), "delivery")
    if result == "not_approved" and not (text or "").strip():
        problems.add("services.SV-35", _l("Say why it is not approved."), "text")
    if promise is not None and promise.state == "overdue" and result != "not_approved":
        problems.add("services.SV-33", _l("What was promised did not come; the case is not approved."), "result")
    if delivery == "post" and not case.post_address:
        problems.add("services.SV-37", _l("Enter the postal address first."), "delivery")
    days.look(problems, "services.SV-35", on, case.clock_from, case.accepted_on)
    problems.stop()


def finish(case: ServiceCase, on: date, at: datetime) -> None:
    """SV-36: what follows from the day of the result."""
    case.completed_on, case.completed_at = on, at
    case.spot, case.in_time = on == case.received_on, on <= case.promised_due


def _tell_partner(session: Any, case: ServiceCase) -> None:
    """A case that came from a partner is answered there."""
    if case.incoming:
        from . import partners

        partners.send_result(session, case)


def deliver_case(session: Any, case: ServiceCase, *, on: date, carrier: str | None = None, tracking_no: str | None = None) -> ServiceCase:
    """SV-37: picked up, sent electronically, or posted with carrier and tracking number."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if case.delivery == "post" and not ((carrier or "").strip() and (tracking_no or "").strip()):
        problems.add("services.SV-37", _l("Enter carrier and tracking number of the parcel."), "tracking_no")
    days.look(problems, "services.SV-37", on, case.completed_on)
    problems.stop()
    case.carrier, case.tracking_no, case.delivered_on = (carrier or "").strip() or None, (tracking_no or "").strip() or None, on
    session.flush()
    CASE.move(session, case, "deliver", on=on)
    if case.incoming and case.delivery == "post":
        _tell_partner(session, case)
    return case


def refuse_case(session: Any, case: ServiceCase, *, on: date, reason: str) -> ServiceCase:
    """SV-38: not accepted, with the reason in writing; a promise ends with it."""
    return _end(session, case, "refuse", on, reason)


def withdraw_case(session: Any, case: ServiceCase, *, on: date, reason: str) -> ServiceCase:
    """SV-38: the applicant takes it back; a partner hall that has it, or sent it, is told."""
    away = case.incoming or case.state == "transferred"
    _end(session, case, "withdraw", on, reason)
    if away:
        from . import partners

        partners.send_withdrawal(session, case, on, reason)
    return case


def withdrawn_there(session: Any, case: ServiceCase, *, on: date, reason: str) -> ServiceCase:
    """SV-69: the partner hall says that the applicant took it back; nothing is sent."""
    return _end(session, case, "withdraw", on, reason)


def _end(session: Any, case: ServiceCase, step: str, on: date, reason: str) -> ServiceCase:
    access.require(session, RESOURCE, "change")
    days.require("services.SV-38", on, case.received_on, case.accepted_on)
    hands.take_up(session, case)
    CASE.move(session, case, step, on=on, reason=reason)
    tolerance.void_of(session, case, on)
    return case


def remind_due(session: Any, *, on: date, park_id: int) -> dict[str, int]:
    """SV-39: a to-do for the officer of a case due soon or late, and of a commitment that ends; once each."""
    last = calendar_of(session, park_id).due(on, settings.get(session, "services.soon_days", park_id))
    c, m = ServiceCase, CaseCommitment
    found: list[tuple[str, ServiceCase, str, date]] = []
    for case in session.scalars(select(c).where(c.park_id == park_id, c.state.in_(TICKING), c.promised_due <= last).order_by(c.id)):
        title = _("Case %(number)s is promised by %(day)s", number=case.number, day=case.promised_due)
        found.append((f"services.due.{case.id}.{case.promised_due}", case, title, case.promised_due))
    for row in session.scalars(select(m).where(m.park_id == park_id, m.state == "open", m.due_on <= last).order_by(m.id)):
        title = _("Case %(number)s: promised materials by %(day)s", number=row.case.number, day=row.due_on)
        found.append((f"services.commitment.{row.case_id}.{row.due_on}", row.case, title, row.due_on))
    return {"reminded": _remind(session, found)}


def _remind(session: Any, found: list[tuple[str, ServiceCase, str, date]]) -> int:
    """Those without a to-do of that key whose case has an officer; the keys are looked up at once."""
    have = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.in_([key for key, *_rest in found])))) if found else set()
    new = [f for f in found if f[0] not in have and f[1].officer_id is not None]
    for key, case, title, due_on in new:
        todos.add(session, case, title, due_on, case.officer_id, key=key)
    return len(new)
