"""Making a report now, with progress others see, and making what is due. Rules R-131, R-138."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from parkops import clock
from parkops.clock import Period
from parkops.db.session import Scope, scope_of, session_scope
from parkops.errors import ParkOpsError, Problem, RuleError
from parkops.i18n import _, _l, force_locale
from parkops.security import access

from ..models.report_made import ReportRun
from ..models.report_plan import ReportPlan
from . import report_archive

log = logging.getLogger(__name__)
OPEN = ("queued", "running")
SILENT = timedelta(minutes=5)  # a run without a sign of life for so long has died with its process
BEAT = 60.0  # seconds between two signs of life, however long a step takes


def ask(session: Any, plan: ReportPlan, *, period_key: str | None, on: date, at: datetime) -> ReportRun:
    """R-138: queue a making; one at a time for each saved report. Raises RuleError for a period that cannot be read or lies ahead."""
    access.require(session, report_archive.RESOURCE, "add")
    problems = []
    try:
        period = Period.parse(period_key) if period_key else report_archive.period_for(plan, on)
    except ValueError:
        raise RuleError([Problem("ratings.R-138", _l("Choose a period, such as 2022-06, 2022Q2 or 2022."), "period")]) from None
    if period.start > on:
        problems.append(Problem("ratings.R-138", _l("%(period)s has not begun. Choose an earlier period.", period=period.key), "period"))
    session.execute(select(ReportPlan.id).where(ReportPlan.id == plan.id).with_for_update())
    end_silent(session, at=at, plan_id=plan.id)
    open_one = select(ReportRun.id).where(ReportRun.plan_id == plan.id, ReportRun.state.in_(OPEN)).limit(1)
    if session.scalar(open_one) is not None:
        problems.append(Problem("ratings.R-138", _l("This report is being made just now. Wait until it is ready.")))
    if problems:
        raise RuleError(problems)
    scope = scope_of(session)
    run = ReportRun(
        park_id=plan.park_id,
        plan_id=plan.id,
        period_key=period.key,
        steps=report_archive.STEPS,
        asked_by=scope.user_name[:80],
        asked_by_id=scope.user_id,
        heartbeat_at=at,
    )
    session.add(run)
    session.flush()
    return run


def _set(scope: Scope, run_id: int, **values: Any) -> int:
    """Change the run in a transaction of its own, so that others see it at once; returns how many rows."""
    with session_scope(scope) as s:
        values = {"heartbeat_at": clock.now(), **values}
        states = ("queued",) if values.get("state") == "running" else OPEN
        return s.execute(update(ReportRun).where(ReportRun.id == run_id, ReportRun.state.in_(states)).values(**values)).rowcount


def end_silent(session: Any, *, at: datetime, plan_id: int | None = None) -> int:
    """Runs whose process died are recorded as not made; how many."""
    gone = update(ReportRun).where(ReportRun.state.in_(OPEN), ReportRun.heartbeat_at < at - SILENT)
    gone = gone if plan_id is None else gone.where(ReportRun.plan_id == plan_id)
    said = _("Its process ended before the report was made, and nothing was kept. Make it again.")
    return session.execute(gone.values(state="failed", message=said)).rowcount


@contextmanager
def _beating(scope: Scope, run_id: int) -> Iterator[None]:
    """A sign of life every `BEAT` seconds, also while one step takes long."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT):
            try:
                _set(scope, run_id)
            except Exception:  # a missed beat is made up by the next one
                log.exception("report run %s: no sign of life", run_id)

    thread = threading.Thread(target=beat, name=f"beat-{run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def perform(scope: Scope, run_id: int, *, on: date, at: Callable[[], datetime] = clock.now) -> None:
    """Claim the run and make its report; the report and "done" are one transaction. A failure is recorded in one sentence."""
    if not _set(scope, run_id, state="running"):
        return
    try:
        with _beating(scope, run_id), force_locale(scope.locale), session_scope(replace(scope, via="screen")) as s:
            run = s.scalars(select(ReportRun).where(ReportRun.id == run_id)).one()
            made = report_archive.make_report(
                s, run.plan, Period.parse(run.period_key), on=on, at=at(), tell=lambda n: _set(scope, run_id, step=n)
            )
            s.execute(update(ReportRun).where(ReportRun.id == run_id).values(state="done", step=run.steps, made_id=made.id))
    except Exception as e:
        if not isinstance(e, ParkOpsError):
            log.exception("report run %s failed", run_id)
        with force_locale(scope.locale):
            _set(scope, run_id, state="failed", message=_sentence(e))


def _sentence(error: Exception) -> str:
    """A refusal in its own words; anything else in one sentence that says what to do."""
    if isinstance(error, ParkOpsError):
        return str(error)[:1000]
    return _("The report broke off and nothing was kept. Make it again, and tell the administrator if it happens twice.")


def start(scope: Scope, run_id: int, *, on: date) -> threading.Thread:
    """Make it in a thread while the page shows how far it is."""
    thread = threading.Thread(target=perform, args=(scope, run_id), kwargs={"on": on}, name=f"report-{run_id}", daemon=True)
    thread.start()
    return thread


def state_of(run: ReportRun, at: datetime) -> str:
    """The state; a run whose process died reads as failed."""
    return "failed" if run.state in OPEN and run.heartbeat_at < at - SILENT else run.state


def make_due(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: every saved report that is due, each in a savepoint; one that fails is recorded and tried again the next day."""
    counts = {"made": 0, "failed": 0}
    end_silent(session, at=clock.now())
    for plan, day in report_archive.due(session, on=on, park_id=park_id):
        period = report_archive.period_for(plan, day)
        try:
            with session.begin_nested():
                report_archive.make_report(session, plan, period, on=on, at=clock.now(), due_on=day)
            counts["made"] += 1
        except Exception as e:  # whatever a report runs into, the others are made
            if not isinstance(e, ParkOpsError):
                log.exception("report plan %s failed", plan.id)
            counts["failed"] += 1
            session.add(ReportRun(park_id=plan.park_id, plan_id=plan.id, period_key=period.key, state="failed", message=_sentence(e),
                                  asked_by=scope_of(session).user_name[:80], heartbeat_at=clock.now()))  # fmt: skip
            session.flush()
    return counts
