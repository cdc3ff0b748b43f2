"""Demands and complaints: registered, owned, answered, agreed; escalated when late. Rules SV-50 to SV-54."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from parkops import clock, records, sequences, settings, todos
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, Refused, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.demand import ServiceDemand
from ..states_quality import DEMAND
from .calendar import calendar_of

RESOURCE = "services.demand"


def create_demand(
    session: Any,
    *,
    kind: str,
    title: str,
    text: str | None = None,
    firm_id: int | None = None,
    case_id: int | None = None,
    applicant: str | None = None,
    phone: str | None = None,
    channel: str = "window",
    at: datetime | None = None,
) -> ServiceDemand:
    """SV-50: registered with who was asked first and the day an answer is promised by."""
    access.require(session, RESOURCE, "add")
    at, park_id = at or clock.now(), scope_of(session).park_id
    if park_id is None:
        raise Refused(_l("Choose a park first."))
    if firm_id is None and not (applicant or "").strip():
        raise RuleError([Problem("services.SV-50", _l("Name who asks, or choose a firm of the park."), "applicant")])
    day = clock.local(at).date()
    due = calendar_of(session, park_id).due(day, settings.get(session, "services.demand_days", park_id))
    values = {
        "kind": kind,
        "title": title,
        "text": text,
        "firm_id": firm_id,
        "case_id": case_id,
        "applicant": applicant,
        "phone": phone,
        "channel": channel,
        "received_on": day,
        "received_at": at,
        "due_on": due,
        "first_officer_id": scope_of(session).user_id,
        "number": sequences.next_number(session, RESOURCE, park_id, day),
    }
    return records.create(session, ServiceDemand, values)


def change_demand(
    session: Any,
    row: ServiceDemand,
    *,
    title: str,
    kind: str,
    text: str | None = None,
    applicant: str | None = None,
    phone: str | None = None,
) -> ServiceDemand:
    """Until it is answered."""
    if row.state not in ("open", "assigned"):
        raise RuleError([Problem("services.SV-50", _l("It is answered; what was asked is fixed."))])
    return records.change(session, row, {"title": title, "kind": kind, "text": text, "applicant": applicant, "phone": phone})


def assign_demand(session: Any, row: ServiceDemand, *, owner_id: int, on: date) -> ServiceDemand:
    """SV-51: one owner answers; who was asked first stays in the register."""
    access.require(session, RESOURCE, "change")
    if row.owner_id == owner_id:
        raise RuleError([Problem("services.SV-51", _l("This officer has it already."), "owner_id")])
    records.change(session, row, {"owner_id": owner_id})
    DEMAND.move(session, row, "assign", on=on)
    todos.add(
        session,
        row,
        _("Demand %(number)s to be answered by %(day)s", number=row.number, day=row.due_on),
        row.due_on,
        owner_id,
        key=f"services.demand.{row.id}.{owner_id}",
    )
    return row


def answer_demand(session: Any, row: ServiceDemand, *, answer: str, on: date) -> ServiceDemand:
    """SV-52: the answer in words; the client is asked next."""
    access.require(session, RESOURCE, "change")
    _day(row, on)
    row.answer, row.answered_on = answer, on
    session.flush()
    DEMAND.move(session, row, "answer", on=on)
    return row


def _day(row: ServiceDemand, on: date) -> None:
    first = row.answered_on or row.received_on
    if on < first:
        raise RuleError(
            [Problem("services.SV-52", _l("This lies before %(day)s; choose that day or a later one.", day=first.isoformat()), "on")]
        )


def close_demand(session: Any, row: ServiceDemand, *, words: str, on: date, content: bool | None = None) -> ServiceDemand:
    """SV-53: closed by what the client said, by another than who answered."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    me = scope_of(session).user_id
    if me is not None and me == row.owner_id:
        problems.add("services.SV-53", _l("Whoever answered does not close it. Ask a colleague to call back."))
    problems.stop()
    _day(row, on)
    row.words, row.content, row.closed_on = words, bool(content), on
    session.flush()
    DEMAND.move(session, row, "close", on=on)
    return row


def reopen_demand(session: Any, row: ServiceDemand, *, reason: str, on: date) -> ServiceDemand:
    """SV-53: the client does not agree: it goes back with a new day, one level up."""
    access.require(session, RESOURCE, "change")
    _day(row, on)
    days = settings.get(session, "services.demand_days", row.park_id)
    row.reopened, row.due_on = row.reopened + 1, calendar_of(session, row.park_id).due(on, days)
    row.level, row.escalated_on = str(min(3, int(row.level) + 1)), on
    row.answered_on = None
    session.flush()
    DEMAND.move(session, row, "reopen", on=on, reason=reason)
    return row


def escalate(session: Any, *, on: date, park_id: int) -> dict[str, int]:
    """SV-54: unanswered after its day it rises a level, and again every `services.escalate_days` working days, up to the leader."""
    d, calendar, raised = ServiceDemand, calendar_of(session, park_id), 0
    gap = settings.get(session, "services.escalate_days", park_id)
    query = select(d).where(d.park_id == park_id, d.state.in_(("open", "assigned")), d.due_on < on, d.level != "3").order_by(d.id)
    for row in session.scalars(query):
        since = row.escalated_on if row.escalated_on is not None and row.escalated_on > row.due_on else None
        if since is not None and on < calendar.due(since, gap):
            continue
        row.level, row.escalated_on = str(int(row.level) + 1), on
        raised += 1
    session.flush()
    return {"escalated": raised}
