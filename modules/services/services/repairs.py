"""Repairs (报修): reported → given to somebody → repaired → confirmed and rated. Rules SV-170 to SV-174."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from modules.tenants.services.portal_notify import tell_firm
from parkops import clock, outbox, records, todos
from parkops.db.session import scope_of
from parkops.errors import ParkOpsError, Problems
from parkops.i18n import _, _l
from parkops.refs import load

from ..models.repair import PROMISE, ServiceRepair
from ..signals.policy import repair_done
from ..states_repair import REPAIR
from .calendar import calendar_of
from .steps import number, park_of, refuse, take

R = ServiceRepair
AGAIN = "services.repair_again"


def create_repair(
    session: Any,
    *,
    kind: str,
    place: str,
    text: str,
    urgency: str = "normal",
    firm_id: int | None = None,
    unit_id: int | None = None,
    reporter: str | None = None,
    phone: str | None = None,
    source: str = "staff",
    at: datetime | None = None,
) -> ServiceRepair:
    """SV-170: reported; promised by urgency in working days (danger: the same day).

    A room is named by its record where leasing is installed."""
    at = at or clock.now()
    on, park = clock.local(at).date(), park_of(session, "tenants.firm", firm_id)
    promised = calendar_of(session, park).due(on, PROMISE.get(urgency, 3))
    if unit_id is not None:
        _unit(session, unit_id)
    values = {
        "kind": kind,
        "place": place,
        "text": text,
        "urgency": urgency,
        "firm_id": firm_id,
        "unit_id": unit_id,
        "reporter": reporter,
        "phone": phone,
        "source": source,
        "reported_at": at,
        "reported_on": on,
        "promised_on": promised,
        "first_promised_on": promised,
        "number": number(session, "repair", park, on),
    }
    return records.create(session, R, values)


def _unit(session: Any, unit_id: int) -> None:
    try:
        load(session, "leasing.unit", unit_id)
    except ParkOpsError:
        raise refuse("SV-170", _l("There is no such room in your parks."), "unit_id") from None


def change_repair(
    session: Any, row: ServiceRepair, *, kind: str, place: str, text: str, urgency: str, unit_id: int | None = None
) -> ServiceRepair:
    """Until it is repaired."""
    if unit_id is not None:
        _unit(session, unit_id)
    return records.change(session, row, {"kind": kind, "place": place, "text": text, "urgency": urgency, "unit_id": unit_id})


def assign_repair(session: Any, row: ServiceRepair, *, assignee_id: int, promised_on: date, on: date) -> None:
    """SV-171: somebody repairs it by a day and gets a to-do."""
    if promised_on < on:
        raise refuse("SV-171", _l("The promised day lies before today's step."), "promised_on")
    take(session, REPAIR, row, "assign", on=on, after=row.reported_on, assignee_id=assignee_id, promised_on=promised_on)
    todos.close(session, row)
    _to_do(session, row)


def _to_do(session: Any, row: ServiceRepair) -> None:
    key = f"services.repair:{row.id}:{row.assignee_id}:{row.reopened}"
    todos.add(session, row, f"{row.number} {row.place[:120]}", due_on=row.promised_on, assignee_id=row.assignee_id, key=key)


def finish_repair(session: Any, row: ServiceRepair, *, measure: str, on: date) -> None:
    """SV-172: repaired; who reported it is told and confirms."""
    take(session, REPAIR, row, "finish", on=on, after=row.reported_on, measure=measure, done_on=on)
    todos.close(session, row)
    repair_done.send(session, repair=row)
    if row.firm_id is not None:
        text = _l("Repair %(number)s (%(place)s) is done. Please confirm it or say what is still wrong.")
        tell_firm(session, row.firm_id, "services.repair", text, {"number": row.number, "place": row.place}, owner=row)


def finish_with_incident(session: Any, row: ServiceRepair, *, measure: str, user_id: int, on: date) -> None:
    """SV-177: the end of an incident repairs it; its promise stays as it was, and the incident tells the firm."""
    if row.state == "reported":
        take(session, REPAIR, row, "assign", on=on, after=row.reported_on, assignee_id=user_id)
    if row.state == "assigned":
        take(session, REPAIR, row, "finish", on=on, after=row.reported_on, measure=measure, done_on=on)
        todos.close(session, row)
        repair_done.send(session, repair=row)


def confirm_repair(session: Any, row: ServiceRepair, *, stars: int, on: date, remark: str | None = None) -> None:
    """SV-173: once, with one to five stars; the one who repaired it does not confirm it."""
    problems = Problems()
    if not 1 <= stars <= 5:
        problems.add("services.SV-173", _l("A rating is 1 to 5."), "stars")
    if scope_of(session).user_id is not None and scope_of(session).user_id == row.assignee_id:
        problems.add("services.SV-173", _l("Who repaired it does not confirm it."))
    problems.stop()
    take(session, REPAIR, row, "confirm", on=on, after=row.done_on, stars=stars, remark=remark, closed_on=on)


def reopen_repair(session: Any, row: ServiceRepair, *, reason: str, on: date) -> None:
    """SV-174: not repaired after all; promised anew for the next working day. The first promise stays what it is measured against.

    The firm may do this in the portal, where nobody's to-dos are read: the to-do is made by the message that follows."""
    due = calendar_of(session, row.park_id).due(on, 1)
    take(session, REPAIR, row, "reopen", on=on, after=row.done_on, reason=reason, reopened=row.reopened + 1, promised_on=due)
    row.done_on = None
    outbox.publish(session, AGAIN, {"repair_id": row.id}, key=f"{row.id}:{row.reopened}", park_id=row.park_id)


@outbox.handler(AGAIN)
def remind_again(session: Any, payload: dict[str, Any], message: Any) -> None:
    """Who repaired it gets a new to-do for the new day."""
    row = session.get(R, payload["repair_id"])
    if row is not None and row.state == "assigned":
        _to_do(session, row)


def cancel_repair(session: Any, row: ServiceRepair, *, reason: str, on: date) -> None:
    """Reported twice, or mended by itself."""
    take(session, REPAIR, row, "cancel", on=on, reason=reason, closed_on=on)


def remind_repairs(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Job: one to-do per repair whose promised day is over."""
    query = select(R).where(R.state.in_(("reported", "assigned")), R.promised_on < on)
    known = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.like("services.repair_late:%"))))
    made = 0
    for row in session.scalars(query.where(R.park_id == park_id) if park_id else query):
        if (key := f"services.repair_late:{row.id}:{row.promised_on}") not in known:
            title = _("%(number)s was promised for %(day)s", number=row.number, day=row.promised_on)
            todos.add(session, row, title, due_on=on, assignee_id=row.assignee_id, key=key)
            made += 1
    return {"made": made}
