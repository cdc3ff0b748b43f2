"""Maintenance plans, their to-dos, outages and the work done. Rules U-135 to U-138."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.booking.models.resource import ResourceClosure
from parkops import records, todos
from parkops.clock import local, now
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.maintenance import MaintenancePlan, MaintenanceWork
from ..models.registry import Instrument

SOURCE = "platforms.maintenance_work"
CLOSES_AS = {"planned": "maintenance", "calibration": "maintenance", "repair": "outage", "fault": "outage"}


def create_plan(
    session: Any,
    *,
    instrument_id: int,
    title: str,
    every_days: int,
    next_on: date,
    kind: str = "planned",
    user_id: int | None = None,
    active: bool = True,
) -> MaintenancePlan:
    """Say what is to be done every so many days."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return records.create(session, MaintenancePlan, values, _check_plan)


def change_plan(
    session: Any,
    plan: MaintenancePlan,
    *,
    title: str,
    every_days: int,
    next_on: date,
    kind: str = "planned",
    user_id: int | None = None,
    active: bool = True,
) -> MaintenancePlan:
    """Change a plan."""
    values = {n: v for n, v in locals().items() if n not in ("session", "plan")}
    return records.change(session, plan, values, _check_plan)


def remove_plan(session: Any, plan: MaintenancePlan) -> None:
    """Delete a plan nothing was done by."""
    records.remove(session, plan, (MaintenanceWork, "plan_id", _l("Work was done by this plan; take it out of use instead.")))


def _check_plan(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not 1 <= values["every_days"] <= 3650:
        problems.add("platforms.U-135", _l("Enter 1 to 3,650 days."), "every_days")


def report_work(
    session: Any,
    *,
    instrument_id: int,
    kind: str,
    title: str,
    starts_at: datetime,
    ends_at: datetime | None = None,
    cost: Decimal | None = None,
    plan_id: int | None = None,
    note: str | None = None,
) -> MaintenanceWork:
    """Report an outage or record work. While it lasts nobody uses or books the instrument (U-136); the calendar shows why."""
    values = {n: v for n, v in locals().items() if n != "session"} | {"reported_by": scope_of(session).user_name}
    work = records.create(session, MaintenanceWork, values, _check_work)
    _close_calendar(session, work)
    _mark(session, work)
    return work


def report_outage(session: Any, instrument: Instrument, *, title: str, at: datetime, kind: str = "fault") -> MaintenanceWork:
    """The button on an instrument: it is out of order from now on."""
    return report_work(session, instrument_id=instrument.id, kind=kind, title=title, starts_at=at)


def change_work(
    session: Any, work: MaintenanceWork, *, title: str, cost: Decimal | None = None, note: str | None = None
) -> MaintenanceWork:
    """Correct text and cost; times are what they were."""
    return records.change(session, work, {"title": title, "cost": cost, "note": note}, _check_cost)


def _check_cost(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("cost") is not None and values["cost"] < 0:
        problems.add("platforms.U-136", _l("This cannot be negative."), "cost")


def _check_work(session: Any, values: dict[str, Any], problems: Problems) -> None:
    _check_cost(session, values, problems)
    if values.get("ends_at") is not None and values["ends_at"] <= values["starts_at"]:
        problems.add("platforms.U-136", _l("It cannot be back in use before it went out; check both times."), "ends_at")
    open_one = session.scalar(
        select(MaintenanceWork.id)
        .where(MaintenanceWork.instrument_id == values["instrument_id"], MaintenanceWork.ends_at.is_(None))
        .limit(1)
    )
    if open_one is not None and values.get("ends_at") is None:
        problems.add("platforms.U-136", _l("The instrument is out of order already; end that first."), "instrument_id")
    plan = session.get(MaintenancePlan, values["plan_id"]) if values.get("plan_id") else None
    if plan is not None and plan.instrument_id != values["instrument_id"]:
        problems.add("platforms.U-135", _l("This plan is for another instrument."), "plan_id")


def finish_work(session: Any, work: MaintenanceWork, *, at: datetime, cost: Decimal | None = None) -> str:
    """Back in use; a plan's next day is counted from the day the work was finished (U-137)."""
    access.require(session, "platforms.maintenance_work", "change")
    problems = Problems()
    if work.ends_at is not None:
        problems.add("platforms.U-136", _l("This work is finished already."))
    elif at <= work.starts_at:
        problems.add("platforms.U-136", _l("It cannot be back in use before it went out; check both times."), "at")
    problems.stop()
    work.ends_at = at
    work.cost = cost if cost is not None else work.cost
    _open_calendar(session, work)
    _mark(session, work)
    return _("%(instrument)s is in use again.", instrument=work.instrument)


def finish_now(session: Any, work: MaintenanceWork, *, cost: Decimal | None = None) -> str:
    """The button: back in use from this minute."""
    return finish_work(session, work, at=now(), cost=cost)


def outage_now(session: Any, instrument: Instrument, *, title: str, kind: str = "fault") -> str:
    """The button on an instrument: out of order from this minute."""
    return _("%(title)s: reported.", title=report_outage(session, instrument, title=title, at=now(), kind=kind))


def _mark(session: Any, work: MaintenanceWork) -> None:
    """The instrument is out of order while any work on it is open; a finished plan moves on and its to-do is done."""
    instrument = work.instrument
    session.flush()
    if instrument.state != "retired":
        open_one = select(MaintenanceWork.id).where(MaintenanceWork.instrument_id == instrument.id, MaintenanceWork.ends_at.is_(None))
        instrument.state = "out_of_order" if session.scalar(open_one.limit(1)) is not None else "in_use"
    if work.plan is not None and work.ends_at is not None:
        work.plan.next_on = local(work.ends_at).date() + timedelta(days=work.plan.every_days)
        todos.close(session, work.plan)
    session.flush()


def _close_calendar(session: Any, work: MaintenanceWork) -> None:
    """The closure in the booking calendar of the instrument's resource, if it has one."""
    if work.instrument.resource_id is not None:
        session.add(
            ResourceClosure(
                park_id=work.park_id,
                resource_id=work.instrument.resource_id,
                kind=CLOSES_AS[work.kind],
                cause=work.title,
                starts_at=work.starts_at,
                ends_at=work.ends_at,
                source=SOURCE,
                source_id=work.id,
            )
        )
        session.flush()


def _open_calendar(session: Any, work: MaintenanceWork) -> None:
    for closure in session.scalars(select(ResourceClosure).where(ResourceClosure.source == SOURCE, ResourceClosure.source_id == work.id)):
        closure.ends_at = work.ends_at


def remind_due(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """The daily job: one open to-do per plan that is due; done once the work is recorded (U-138)."""
    query = select(MaintenancePlan).where(MaintenancePlan.active)
    plans = list(session.scalars(query.where(MaintenancePlan.park_id == park_id) if park_id is not None else query))
    due = [p for p in plans if p.next_on <= on and p.instrument.state != "retired"]
    for plan in due:
        todos.add(
            session,
            plan,
            _("%(instrument)s: %(what)s", instrument=plan.instrument, what=plan.title),
            due_on=plan.next_on,
            assignee_id=plan.user_id,
            key=f"platforms.maintenance:{plan.id}",
        )
    waiting = {p.id for p in due}
    return {"due": len(due), "closed": todos.close(session, keys=[f"platforms.maintenance:{p.id}" for p in plans if p.id not in waiting])}
