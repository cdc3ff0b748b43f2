"""Visits to firms and the follow-ups they lead to."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import records, todos
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.credential import StaffMember
from ..models.firm import Firm
from ..models.visit import FollowUp, Visit


def create_visit(session: Any, **values: Any) -> Visit:
    """Plan a visit, or record one that was held (with its findings)."""
    return records.create(session, Visit, values, _check_visit)


def change_visit(session: Any, visit: Visit, **values: Any) -> Visit:
    """Change a visit."""
    return records.change(session, visit, values, _check_visit)


def remove_visit(session: Any, visit: Visit) -> None:
    """Delete a visit without follow-ups."""
    records.remove(session, visit, (FollowUp, "visit_id", _l("This visit has follow-ups. Delete those first.")))


def _check_visit(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not values.get("planned_on") and not values.get("held_on"):
        problems.add("tenants.undated", _l("Enter the day the visit is planned for or was held."), "planned_on")
    if values.get("held_on") and not values.get("findings"):
        problems.add("tenants.findings_missing", _l("Write what was found."), "findings")
    records.not_future(values, problems, ["held_on"])


def hold_visit(session: Any, visit: Visit, *, on: date, findings: str) -> None:
    """The planned visit took place."""
    access.require(session, "tenants.visit", "act")
    problems = Problems()
    if visit.held_on is not None:
        problems.add("tenants.visit_held", _l("This visit was recorded as held already."))
    values = {"planned_on": visit.planned_on, "held_on": on, "findings": (findings or "").strip()}
    _check_visit(session, values, problems)
    problems.stop()
    visit.held_on, visit.findings = on, values["findings"]
    session.flush()


def why_not_hold(session: Any, visit: Visit) -> str | None:
    """Guard of the button."""
    return _("This visit was recorded as held already.") if visit.held_on else None


def add_follow_up(session: Any, visit: Visit, *, category: str, title: str, due_on: date, on: date,
                  staff_id: int | None = None) -> FollowUp:
    """Something promised at a visit."""
    return create_follow_up(session, firm_id=visit.firm_id, visit_id=visit.id, category=category, title=title,
                            due_on=due_on, raised_on=visit.held_on or on, staff_id=staff_id)


def add_follow_up_action(session: Any, visit: Visit, **form: Any) -> str:
    """The button on a visit."""
    access.require(session, "tenants.visit", "act")
    record = add_follow_up(session, visit, **form)
    return _("Follow-up due on %(day)s.", day=record.due_on.isoformat())


def create_follow_up(session: Any, **values: Any) -> FollowUp:
    """Record something the park promised; the responsible person gets a to-do when she has a log-in."""
    if values.get("visit_id") and not values.get("firm_id"):
        visit = session.get(Visit, values["visit_id"])
        values["firm_id"] = visit.firm_id if visit else None
    record = records.create(session, FollowUp, values, _check_follow_up)
    person = session.get(StaffMember, record.staff_id) if record.staff_id else None
    if person is not None and person.user_id:
        todos.add(session, session.get(Firm, record.firm_id), record.title, due_on=record.due_on, assignee_id=person.user_id,
                  key=_todo_key(record))
    return record


def _todo_key(record: FollowUp) -> str:
    return f"tenants.follow_up:{record.id}"


def change_follow_up(session: Any, record: FollowUp, **values: Any) -> FollowUp:
    """Change a follow-up."""
    return records.change(session, record, values, _check_follow_up)


def remove_follow_up(session: Any, record: FollowUp) -> None:
    """Delete a follow-up entered by mistake."""
    records.remove(session, record)


def _check_follow_up(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "raised_on", "due_on", _l("It cannot be due before it was raised."))
    records.date_order(values, problems, "raised_on", "done_on", _l("It cannot be done before it was raised."))
    records.not_future(values, problems, ["raised_on", "done_on"])
    if values.get("done_on") and not values.get("result"):
        problems.add("tenants.result_missing", _l("Write what came of it."), "result")
    visit = session.get(Visit, values["visit_id"]) if values.get("visit_id") else None
    if visit is not None and visit.firm_id != values["firm_id"]:
        problems.add("tenants.other_firm", _l("The visit was to another firm. Choose that firm or another visit."), "visit_id")


def finish_follow_up(session: Any, record: FollowUp, *, on: date, result: str) -> None:
    """It is done, with this result."""
    access.require(session, "tenants.follow_up", "act")
    if record.done_on is not None:
        raise RuleError([Problem("tenants.follow_up_done", _l("This was done already."))])
    problems = Problems()
    text = (result or "").strip()
    _check_follow_up(session, {"raised_on": record.raised_on, "due_on": record.due_on, "done_on": on, "result": text,
                               "firm_id": record.firm_id}, problems)
    problems.stop()
    record.done_on, record.result = on, text
    todos.close(session, keys=[_todo_key(record)])


def why_not_finish(session: Any, record: FollowUp) -> str | None:
    """Guard of the button."""
    return _("This was done already.") if record.done_on else None


def open_follow_ups(session: Any, firm_id: int) -> list[FollowUp]:
    """What the park still owes a firm, most urgent first."""
    return list(session.scalars(select(FollowUp).where(FollowUp.firm_id == firm_id, FollowUp.done_on.is_(None)).order_by(FollowUp.due_on)))
