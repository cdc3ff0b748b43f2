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
from . import cases
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
    """The limits move by the days approved."""
    if case.state not in ("accepted", "transferred") or case.deferred_days:
        raise RuleError([Problem("services.SV-34", _l("Only a case that is being handled is deferred."))])
    case.deferred_days = int(request.payload["days"])
    cases.set_limits(session, case)
    session.flush()


def why_not_complete(session: Any, case: ServiceCase) -> str | None:
    """SV-35: what was promised is supplied before a result is recorded."""
    row = cases.commitments_open(session, case)
    return _("Promised materials are due by %(day)s; they come before the result.", day=row.due_on.isoformat()) if row is not None else None


def complete_case(
    session: Any, case: ServiceCase, *, result: str, delivery: str, on: date, text: str | None = None, at: datetime | None = None
) -> ServiceCase:
    """SV-35, SV-36: the result with its day; on the spot when it is the day of receipt, in time by the promised day."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if result not in RESULTS:
        problems.add("services.SV-35", _l("Choose one of the values offered."), "result")
    if delivery not in DELIVERIES:
        problems.add("services.SV-35", _l("Choose one of the values offered."), "delivery")
    if result == "not_approved" and not (text or "").strip():
        problems.add("services.SV-35", _l("Say why it is not approved."), "text")
    if delivery == "post" and not case.post_address:
        problems.add("services.SV-37", _l("Enter the postal address first."), "delivery")
    if on < case.clock_from:
        problems.add(
            "services.SV-35", _l("The case was received on %(day)s; choose that day or a later one.", day=case.clock_from.isoformat()), "on"
        )
    problems.stop()
    case.result, case.delivery, case.result_text = result, delivery, (text or "").strip() or None
    finish(case, on, at or clock.now())
    session.flush()
    CASE.move(session, case, "complete", on=on)
    _tell_partner(session, case)
    return case


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
    if case.completed_on is not None and on < case.completed_on:
        problems.add(
            "services.SV-37", _l("The result is of %(day)s; choose that day or a later one.", day=case.completed_on.isoformat()), "on"
        )
    problems.stop()
    case.carrier, case.tracking_no, case.delivered_on = (carrier or "").strip() or None, (tracking_no or "").strip() or None, on
    session.flush()
    CASE.move(session, case, "deliver", on=on)
    if case.incoming and case.delivery == "post":
        _tell_partner(session, case)
    return case


def refuse_case(session: Any, case: ServiceCase, *, on: date, reason: str) -> ServiceCase:
    """SV-38: not accepted, with the reason in writing."""
    CASE.move(session, case, "refuse", on=on, reason=reason)
    return case


def withdraw_case(session: Any, case: ServiceCase, *, on: date, reason: str) -> ServiceCase:
    """SV-38: the applicant takes it back."""
    CASE.move(session, case, "withdraw", on=on, reason=reason)
    return case


def remind_due(session: Any, *, on: date, park_id: int) -> dict[str, int]:
    """SV-39: a to-do for the officer of a case due soon or late, and of a commitment that ends; once each."""
    last = calendar_of(session, park_id).due(on, settings.get(session, "services.soon_days", park_id))
    c, told = ServiceCase, 0
    for case in session.scalars(select(c).where(c.park_id == park_id, c.state.in_(TICKING), c.promised_due <= last).order_by(c.id)):
        told += _remind(
            session, case, _("Case %(number)s is promised by %(day)s", number=case.number, day=case.promised_due), case.promised_due, "due"
        )
    m = CaseCommitment
    for row in session.scalars(select(m).where(m.park_id == park_id, m.state == "open", m.due_on <= last).order_by(m.id)):
        told += _remind(
            session,
            row.case,
            _("Case %(number)s: promised materials by %(day)s", number=row.case.number, day=row.due_on),
            row.due_on,
            "commitment",
        )
    return {"reminded": told}


def _remind(session: Any, case: ServiceCase, title: str, due_on: date, what: str) -> int:
    key = f"services.{what}.{case.id}.{due_on}"
    if case.officer_id is None or session.scalar(select(todos.Todo.id).where(todos.Todo.key == key).limit(1)) is not None:
        return 0
    todos.add(session, case, title, due_on, case.officer_id, key=key)
    return 1
