"""Agent service (帮办代办): projects, milestones, days against promise and benchmark. Rules SV-110 to SV-114."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select

from parkops import records, todos
from parkops.errors import Problems
from parkops.i18n import _, _l

from ..models.project import ProjectMilestone, ServiceBenchmark, ServiceProject
from ..states_project import MILESTONE, PROJECT
from .calendar import calendar_of
from .steps import number, park_of, refuse, take

M, P = ProjectMilestone, ServiceProject


def load_benchmarks(session: Any, path: Path) -> int:
    """Published benchmarks from `data/benchmarks.yaml`; idempotent by code."""
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    have = {b.code: b for b in session.scalars(select(ServiceBenchmark))}
    for values in rows:
        row = have.get(values["code"])
        if row is None:
            session.add(ServiceBenchmark(**values))
        else:
            for name, value in values.items():
                setattr(row, name, value)
    session.flush()
    return len(rows)


def create_benchmark(session: Any, **values: Any) -> ServiceBenchmark:
    """Another published figure, with its source."""
    return records.create(session, ServiceBenchmark, values)


def create_project(session: Any, *, firm_id: int, name: str, kind: str, on: date | None = None, **values: Any) -> ServiceProject:
    """A project of a firm (SV-110); numbered by the day it is entered."""
    from parkops import clock

    day, park = on or clock.today(), park_of(session, "tenants.firm", firm_id)
    values |= {"firm_id": firm_id, "name": name, "kind": kind}
    return records.create(session, ServiceProject, {**values, "number": number(session, "project", park, day)})


def change_project(session: Any, row: ServiceProject, **values: Any) -> ServiceProject:
    """Correct it while it runs."""
    return records.change(session, row, values)


def why_not_start(session: Any, row: ServiceProject) -> str | None:
    """An agent and a first milestone are needed."""
    if row.agent_id is None:
        return str(_l("Name the agent of the park first."))
    found = session.scalar(select(M.id).where(M.project_id == row.id).limit(1))
    return None if found is not None else str(_l("Enter the permits the project needs first."))


def start_project(session: Any, row: ServiceProject, *, on: date) -> None:
    """SV-111: the agent begins."""
    if (why := why_not_start(session, row)) is not None:
        raise refuse("SV-111", why)
    take(session, PROJECT, row, "start", on=on, started_on=on)


def why_not_finish(session: Any, row: ServiceProject) -> str | None:
    """Every permit must be there."""
    left = session.scalar(select(func.count(M.id)).where(M.project_id == row.id, M.state != "done"))
    return str(_l("%(n)s permits are not obtained yet.", n=left)) if left else None


def finish_project(session: Any, row: ServiceProject, *, on: date) -> None:
    """SV-112: all permits are there."""
    if (why := why_not_finish(session, row)) is not None:
        raise refuse("SV-112", why)
    take(session, PROJECT, row, "finish", on=on, after=row.started_on, ended_on=on)


def stop_project(session: Any, row: ServiceProject, *, reason: str, on: date) -> None:
    """The firm gave it up."""
    take(session, PROJECT, row, "stop", on=on, reason=reason, ended_on=on)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not 1 <= values["promised_days"] <= 2000:
        problems.add("services.SV-113", _l("Enter between 1 and 2,000 days."), "promised_days")


def create_milestone(session: Any, **values: Any) -> ProjectMilestone:
    """A permit on the way."""
    return records.create(session, M, values, _check)


def change_milestone(session: Any, row: ProjectMilestone, **values: Any) -> ProjectMilestone:
    """Correct it before it is handed in."""
    if row.state != "planned":
        raise refuse("SV-113", _l("It was handed in already; its promise stays as it was."))
    return records.change(session, row, values, _check)


def remove_milestone(session: Any, row: ProjectMilestone) -> None:
    """Take it off the list before it is handed in."""
    if row.state != "planned":
        raise refuse("SV-113", _l("It was handed in already; its promise stays as it was."))
    records.remove(session, row)


def submit_milestone(session: Any, row: ProjectMilestone, *, on: date) -> None:
    """SV-113: handed in; the promised day follows from the calendar (counting starts on the next day)."""
    if row.project.state != "running":
        raise refuse("SV-113", _l("The agent has not started on this project."))
    days = row.promised_days
    working = row.day_unit == "working"
    due = calendar_of(session, row.park_id).due(on, days) if working else on + timedelta(days=days)
    take(session, MILESTONE, row, "submit", on=on, after=row.project.started_on, submitted_on=on, due_on=due)


def obtain_milestone(session: Any, row: ProjectMilestone, *, on: date, document_no: str | None = None) -> None:
    """SV-114: the permit is there; days are counted by the park's calendar and kept."""
    if on < row.submitted_on:
        raise refuse("SV-100", _l("This day lies before %(day)s.", day=row.submitted_on.isoformat()), "on")
    working = row.day_unit == "working"
    days = calendar_of(session, row.park_id).between(row.submitted_on, on) if working else (on - row.submitted_on).days
    take(session, MILESTONE, row, "obtain", on=on, ended_on=on, days=days, document_no=document_no)


def refuse_milestone(session: Any, row: ProjectMilestone, *, reason: str, on: date) -> None:
    """The authority said no."""
    take(session, MILESTONE, row, "refuse", on=on, after=row.submitted_on, reason=reason, ended_on=on)


def compare(session: Any, row: ServiceProject) -> list[dict[str, Any]]:
    """Milestones with promise, days taken, and the benchmark before and after."""
    found = session.scalars(select(M).where(M.project_id == row.id).order_by(M.position))
    return [{"m": m, "b": m.benchmark, "late": m.days is not None and m.days > m.promised_days} for m in found]


def remind_milestones(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """SV-114, job: one to-do per permit whose promised day is today or over."""
    query = select(M).where(M.state == "running", M.due_on <= on)
    known = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.like("services.milestone:%"))))
    made = 0
    for row in session.scalars(query.where(M.park_id == park_id) if park_id else query):
        if (key := f"services.milestone:{row.id}") not in known:
            title = _("%(project)s: %(permit)s was promised for %(day)s", project=str(row.project), permit=row.name, day=row.due_on)
            todos.add(session, row, title, due_on=row.due_on, assignee_id=row.project.agent_id, key=key)
            made += 1
    return {"made": made}
