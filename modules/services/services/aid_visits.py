"""Visits to firms (万人助万企): problem → owner → promised day → what was done → feedback. Rules SV-148 to SV-149."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import clock, records, todos
from parkops.errors import Problems
from parkops.i18n import _, _l

from ..models.outreach import AidProblem, AidVisit
from ..states_desk import PROBLEM
from .calendar import calendar_of
from .steps import number, park_of, refuse, take

AGAIN = 3  # working days until the new promised day of a reopened problem


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ("visited_on", "raised_on"))


def create_visit(session: Any, **values: Any) -> AidVisit:
    """Officers went to a firm."""
    return records.create(session, AidVisit, values, _check)


def change_visit(session: Any, row: AidVisit, **values: Any) -> AidVisit:
    """Correct it."""
    return records.change(session, row, values, _check)


def create_problem(
    session: Any, *, firm_id: int, kind: str, text: str, visit_id: int | None = None, raised_on: date | None = None
) -> AidProblem:
    """SV-148: what the firm told; of a visit or by itself."""
    visit = session.get(AidVisit, visit_id) if visit_id is not None else None
    if visit is not None and visit.firm_id != firm_id:
        raise refuse("SV-148", _l("The visit was to another firm."), "visit_id")
    on = raised_on or (visit.visited_on if visit is not None else clock.today())
    values = {
        "firm_id": firm_id,
        "kind": kind,
        "text": text,
        "visit_id": visit_id,
        "raised_on": on,
        "number": number(session, "aid_problem", park_of(session, "tenants.firm", firm_id), on),
    }
    return records.create(session, AidProblem, values, _check)


def change_problem(session: Any, row: AidProblem, *, kind: str, text: str) -> AidProblem:
    """Put it better."""
    return records.change(session, row, {"kind": kind, "text": text})


def assign_problem(session: Any, row: AidProblem, *, owner_id: int, promised_on: date, on: date) -> None:
    """SV-148: an owner and a promised day; the owner gets a to-do."""
    if promised_on < on:
        raise refuse("SV-148", _l("The promised day lies before today's step."), "promised_on")
    take(session, PROBLEM, row, "assign", on=on, after=row.raised_on, owner_id=owner_id, promised_on=promised_on)
    todos.close(session, row)
    _to_do(session, row)


def _to_do(session: Any, row: AidProblem) -> None:
    key = f"services.problem:{row.id}:{row.owner_id}:{row.reopened}"
    todos.add(session, row, f"{row.number} {row.text[:200]}", due_on=row.promised_on, assignee_id=row.owner_id, key=key)


def solve_problem(session: Any, row: AidProblem, *, measure: str, on: date) -> None:
    """What was done; the firm is asked next."""
    take(session, PROBLEM, row, "solve", on=on, after=row.raised_on, measure=measure, solved_on=on)
    todos.close(session, row)


def feed_back(session: Any, row: AidProblem, *, satisfaction: int, on: date, words: str | None = None) -> None:
    """SV-149: only the firm's feedback closes it."""
    if not 1 <= satisfaction <= 5:
        raise refuse("SV-149", _l("A rating is 1 to 5."), "satisfaction")
    take(session, PROBLEM, row, "feed_back", on=on, after=row.solved_on, satisfaction=satisfaction, words=words, closed_on=on)


def reopen_problem(session: Any, row: AidProblem, *, reason: str, on: date, promised_on: date | None = None) -> None:
    """SV-149: not solved for the firm; the same owner goes on with a new to-do, by the day given or within three working days."""
    due = promised_on or calendar_of(session, row.park_id).due(on, AGAIN)
    if due < on:
        raise refuse("SV-148", _l("The promised day lies before today's step."), "promised_on")
    values = {"reopened": row.reopened + 1, "promised_on": due, "solved_on": None}
    take(session, PROBLEM, row, "reopen", on=on, after=row.solved_on, reason=reason, **values)
    _to_do(session, row)


def remind_problems(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Job: one to-do per problem whose promised day is over."""
    query = select(AidProblem).where(AidProblem.state == "assigned", AidProblem.promised_on < on)
    known = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.like("services.problem_late:%"))))
    made = 0
    for row in session.scalars(query.where(AidProblem.park_id == park_id) if park_id else query):
        if (key := f"services.problem_late:{row.id}:{row.promised_on}") not in known:
            title = _("%(number)s was promised for %(day)s", number=row.number, day=row.promised_on)
            todos.add(session, row, title, due_on=on, assignee_id=row.owner_id, key=key)
            made += 1
    return {"made": made}
