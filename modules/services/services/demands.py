"""Demands and complaints: registered, owned, answered, agreed; escalated when late. Rules SV-50 to SV-54."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.services.portal_notify import tell_firm
from parkops import clock, records, sequences, settings, todos
from parkops.db.session import scope_of
from parkops.errors import Problem, Refused, RuleError
from parkops.i18n import _, _l
from parkops.models import UserPark
from parkops.notify import sending
from parkops.security import access
from parkops.security.models import Role, User, UserProfile

from ..models.demand import ServiceDemand
from ..states_quality import DEMAND
from . import days, hands
from .calendar import calendar_of

RESOURCE = "services.demand"
HEADS = {"2": "operations_manager", "3": "leadership"}


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
        "first_officer_id": hands.officer_now(session),
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
    days.require("services.SV-51", on, row.received_on)
    records.change(session, row, {"owner_id": owner_id, "first_officer_id": row.first_officer_id or hands.officer_now(session)})
    DEMAND.move(session, row, "assign", on=on)
    todos.close(session, row)
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
    days.require("services.SV-52", on, row.received_on)
    row.answer, row.answered_on, row.answered_by_id = answer, on, hands.officer_now(session)
    row.first_officer_id = row.first_officer_id or row.answered_by_id
    session.flush()
    DEMAND.move(session, row, "answer", on=on)
    todos.close(session, row)
    if row.firm_id is not None:
        tell_firm(session, row.firm_id, "services.demand", _l("%(number)s is answered."), {"number": row.number}, owner=row)
    return row


def why_not_close(session: Any, row: ServiceDemand) -> str | None:
    """SV-53: another than who answered asks the client."""
    me = scope_of(session).user_id
    return _("Whoever answered does not close it. Ask a colleague to call back.") if me is not None and me == row.answered_by_id else None


def close_demand(session: Any, row: ServiceDemand, *, words: str, on: date, content: bool | None = None) -> ServiceDemand:
    """SV-53: closed by what the client said, by another than who answered."""
    access.require(session, RESOURCE, "change")
    if why := why_not_close(session, row):
        raise RuleError([Problem("services.SV-53", why)])
    days.require("services.SV-53", on, row.answered_on)
    row.words, row.content, row.closed_on = words, bool(content), on
    session.flush()
    DEMAND.move(session, row, "close", on=on)
    return row


def reopen_demand(session: Any, row: ServiceDemand, *, reason: str, on: date) -> ServiceDemand:
    """SV-53: the client does not agree: it goes back with a new day, one level up."""
    access.require(session, RESOURCE, "change")
    days.require("services.SV-53", on, row.answered_on)
    limit = settings.get(session, "services.demand_days", row.park_id)
    row.reopened, row.due_on = row.reopened + 1, calendar_of(session, row.park_id).due(on, limit)
    row.level, row.escalated_on = str(min(3, int(row.level) + 1)), on
    row.answered_on = row.answered_by_id = None
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
        _tell_head(session, row)
    return {"escalated": raised}


def _tell_head(session: Any, row: ServiceDemand) -> None:
    """Its owner, and whom the level names: the managers of the park, then its leaders."""
    text = _l("Demand %(number)s was not answered by %(day)s and rose a level.")
    values = {"number": row.number, "day": row.due_on.isoformat()}
    people = {row.owner_id, *people_of_role(session, HEADS[row.level], row.park_id)} - {None}
    sending.tell(session, sorted(people), "services.demand_late", text, values, owner=row)


def people_of_role(session: Any, role: str, park_id: int) -> list[int]:
    """Active staff of a role who work in the park."""
    u = UserProfile
    here = or_(u.all_parks, u.id.in_(select(UserPark.user_id).where(UserPark.park_id == park_id)))
    return list(session.scalars(select(u.id).where(u.active, u.is_portal.is_(False), u.user.has(User.roles.any(Role.name == role)), here)))
