"""Incidents: one event behind many tickets; closing it answers every one. Rules SV-175 to SV-177."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from modules.tenants.services.portal_notify import tell_firm
from parkops import clock, comments, records
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l

from ..models.repair import IncidentTicket, ServiceIncident
from ..signals.policy import incident_closed
from ..states_repair import INCIDENT
from . import demands, repairs
from .steps import number, refuse, take

T = IncidentTicket


def create_incident(session: Any, **values: Any) -> ServiceIncident:
    """SV-175: what happened and what staff say."""
    at = values.get("started_at") or clock.now()
    values |= {"started_at": at, "number": number(session, "incident", None, clock.local(at).date())}
    return records.create(session, ServiceIncident, values, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "started_at", "expected_at", _l("It would end before it began."))


def change_incident(session: Any, row: ServiceIncident, **values: Any) -> ServiceIncident:
    """Such as a better script, a later expected end."""
    return records.change(session, row, values, _check)


def link_ticket(
    session: Any, *, incident_id: int, demand_id: int | None = None, repair_id: int | None = None, case_id: int | None = None
) -> IncidentTicket:
    """SV-176: a demand, repair or case belongs to one open incident."""
    if sum(x is not None for x in (demand_id, repair_id, case_id)) != 1:
        raise refuse("SV-176", _l("Choose one: a demand, a repair or a case."), "demand_id")
    row = session.scalars(
        select(ServiceIncident).where(ServiceIncident.id == incident_id).with_for_update(of=ServiceIncident)
    ).one_or_none()
    if row is not None and row.state != "open":
        raise refuse("SV-176", _l("This incident is over. Open another one."), "incident_id")
    values = {"incident_id": incident_id, "demand_id": demand_id, "repair_id": repair_id, "case_id": case_id, "linked_on": clock.today()}
    return records.create(session, T, values)


def unlink_ticket(session: Any, row: IncidentTicket) -> None:
    """It was something else."""
    if row.answered_on is not None:
        raise refuse("SV-176", _l("It was answered with the incident; it stays linked."))
    records.remove(session, row)


def count(session: Any, row: ServiceIncident) -> int:
    """Tickets that hang on it."""
    return session.scalar(select(func.count(T.id)).where(T.incident_id == row.id))


def close_incident(session: Any, row: ServiceIncident, *, answer: str, on: date) -> str:
    """SV-177: over; demands are answered, repairs are done, cases get a note, all with the one answer, in one transaction."""
    row = session.scalars(select(ServiceIncident).where(ServiceIncident.id == row.id).with_for_update(of=ServiceIncident)).one()
    started = clock.local(row.started_at).date()
    take(session, INCIDENT, row, "close", on=on, after=started, answer=answer, ended_at=max(clock.now(), row.started_at))
    tickets = list(session.scalars(select(T).where(T.incident_id == row.id, T.answered_on.is_(None)).order_by(T.id)))
    text = f"{row.number} {answer}"
    for ticket in tickets:
        _answer(session, ticket, text, on)
        ticket.answered_on = on
    session.flush()
    _tell(session, row, tickets)
    incident_closed.send(session, incident=row, answered=tickets)
    return _("Closed; %(n)s tickets were answered.", n=len(tickets))


def _tell(session: Any, row: ServiceIncident, tickets: list[IncidentTicket]) -> None:
    """Each firm that reported something hears the answer once."""
    firms = {getattr(t.demand or t.repair or t.case, "firm_id", None) for t in tickets} - {None}
    for firm_id in sorted(firms):
        values = {"title": row.title, "answer": row.answer}
        tell_firm(session, firm_id, "services.incident", _l("It is over: %(title)s. %(answer)s"), values, owner=row)


def _answer(session: Any, ticket: IncidentTicket, text: str, on: date) -> None:
    """Bring one ticket to "answered" by its own steps; who closes the incident owns what nobody owned."""
    user = scope_of(session).user_id
    if (demand := ticket.demand) is not None:
        if demand.state == "open":
            demands.assign_demand(session, demand, owner_id=demand.owner_id or user, on=on)
        if demand.state == "assigned":
            demands.answer_demand(session, demand, answer=text, on=on)
    elif (repair := ticket.repair) is not None:
        repairs.finish_with_incident(session, repair, measure=text, user_id=user, on=on)
    elif ticket.case is not None:
        comments.add(session, ticket.case, text)
