"""What an administrator sees of jobs and may order: list, run now, retry, skip, and whether the scheduler lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, true

from ..clock import now as clock_now
from ..db import audit
from ..db.session import scope_of, system_scope
from ..errors import NotFound, Problem, Refused, RuleError
from ..i18n import _, _l
from ..models import Park
from ..security import access
from . import runner, schedule, units
from .models import Heartbeat, JobRun
from .registry import Job, all_jobs, job_of

RESOURCE = "core.job"


@dataclass(frozen=True)
class JobLine:
    """A declared job with its latest run and its next date."""

    job: Job
    last: JobRun | None
    next_due: datetime | None
    failed: int
    running: int


@dataclass(frozen=True)
class Health:
    """alarm: the scheduler gave no sign of life for twice its interval (or never). lag: seconds since the last sign."""

    alarm: bool
    lag: float | None
    interval: int
    processes: tuple[Heartbeat, ...]
    sentence: str


def overview(session: Any, now: datetime) -> list[JobLine]:
    """Every declared job. Needs read on core.job."""
    access.require(session, RESOURCE, "read")
    codes = all_jobs()
    latest = {r.code: r for r in session.scalars(
        select(JobRun).where(JobRun.code.in_(list(codes)), JobRun.started_at.is_not(None), _mine(session))
        .distinct(JobRun.code).order_by(JobRun.code, JobRun.started_at.desc()))}
    open_rows: dict[tuple[str, str], int] = {}
    for r in session.scalars(select(JobRun).where(JobRun.state.in_(("failed", "running")), _mine(session))):
        open_rows[r.code, r.state] = open_rows.get((r.code, r.state), 0) + 1
    return [JobLine(j, latest.get(j.code), j.when.next(now), open_rows.get((j.code, "failed"), 0),
                    open_rows.get((j.code, "running"), 0)) for j in codes.values()]


def runs(session: Any, *, code: str | None = None, state: str | None = None, limit: int = 100) -> list[JobRun]:
    """The latest runs, newest first."""
    access.require(session, RESOURCE, "read")
    query = select(JobRun).where(JobRun.attempts > 0, _mine(session)).order_by(JobRun.started_at.desc().nulls_last(), JobRun.id.desc())
    if code:
        query = query.where(JobRun.code == code)
    if state:
        query = query.where(JobRun.state == state)
    return list(session.scalars(query.limit(limit)))


def _mine(session: Any) -> Any:
    """Runs of the actor's parks and of the whole company."""
    scope = scope_of(session)
    return true() if scope.parks is None else or_(JobRun.park_id.is_(None), JobRun.park_id.in_(tuple(scope.parks)))


def one_run(session: Any, run_id: int) -> JobRun:
    """A run in the actor's parks; NotFound otherwise."""
    access.require(session, RESOURCE, "read")
    return _row(session, run_id)


def run_now(session: Any, code: str, *, on: date, park_id: int | None = None, force: bool = False) -> list[runner.Outcome]:
    """Run a job for a day, by hand: the scheduler's own path (each date in its own transactions). One outcome per park.

    Refused when the date lies ahead; a date that took effect already is repeated only with `force`."""
    access.require(session, RESOURCE, "act")
    job = job_of(code)
    slot, moment = job.when.slot_for(on), clock_now()
    if slot - moment > timedelta(days=1):
        raise Refused(_l("Choose a day that has come; a job cannot run for a future day."))
    scope = scope_of(session)
    actor = runner.Actor(scope.user_name, scope.user_id, by_hand=True)
    return [runner.run_one(job, p, slot, actor=actor, force=force) for p in _parks(session, job, park_id)]


def _parks(session: Any, job: Job, park_id: int | None) -> list[int | None]:
    scope = scope_of(session)
    if not job.per_park:
        return [None]
    if park_id is not None:
        if not scope.sees(park_id):
            raise NotFound(_l("There is no such park among yours."))
        return [park_id]
    return [p for p in session.scalars(select(Park.id).where(Park.is_active).order_by(Park.id)) if scope.sees(p)]


def retry(session: Any, run_id: int, *, force: bool = False) -> runner.Outcome:
    """Try a failed date again now (or, with `force`, a done one once more)."""
    access.require(session, RESOURCE, "act")
    row = _row(session, run_id)
    scope = scope_of(session)
    actor = runner.Actor(scope.user_name, scope.user_id, by_hand=row.by_hand)
    code, park_id, slot = row.code, row.park_id, row.scheduled_for
    job = job_of(code)
    audit.event(session, "job_retry", {"job": code, "due": slot.isoformat()}, resource=RESOURCE, record_id=run_id, label=code,
                park_id=park_id)
    return runner.run_one(job, park_id, slot, actor=actor, force=force)


def skip(session: Any, run_id: int, *, reason: str) -> JobRun:
    """Leave a failed date out for good; later dates then run. The reason is kept."""
    access.require(session, RESOURCE, "act")
    if not (reason or "").strip():
        raise RuleError([Problem("core.job_reason", _l("Say why this date is left out."), "reason")])
    _row(session, run_id)
    row = runner.hold_row(session, run_id)
    if row is None or row.state != "failed":
        raise Refused(_l("Only a failed run can be skipped."))
    row.state, row.retry_at, row.finished_at = "skipped", None, clock_now()
    row.history = [*(row.history or []), {"skipped_by": scope_of(session).user_name, "reason": reason.strip()[:500]}]
    audit.event(session, "job_skip", {"job": row.code, "due": row.scheduled_for.isoformat(), "reason": reason.strip()[:500]},
                resource=RESOURCE, record_id=row.id, label=row.code, park_id=row.park_id)
    session.flush()
    return row


def _row(session: Any, run_id: int) -> JobRun:
    row = session.get(JobRun, run_id)
    if row is None or (row.park_id is not None and not scope_of(session).sees(row.park_id)):
        raise NotFound(_l("There is no such run."))
    return row


ROUNDS_MISSED = 20  # so many intervals without a finished round and with nothing at work are an alarm


def health(session: Any, now: datetime) -> Health:
    """The lag gauge: alarms when no scheduler has given a sign of life for twice its interval, or lives and finishes no round."""
    rows = tuple(session.scalars(select(Heartbeat).order_by(Heartbeat.beat_at.desc())))
    if not rows:
        return Health(True, None, 30, (), _("No scheduler has ever run: start it with `parkops scheduler`."))
    newest = rows[0]
    lag = max((now - newest.beat_at).total_seconds(), 0.0)
    alarm = lag > 2 * newest.interval_seconds
    rung = (now - (newest.ticked_at or newest.started_at)).total_seconds()
    if not alarm and newest.working_on is None and rung > ROUNDS_MISSED * newest.interval_seconds:
        return Health(True, lag, newest.interval_seconds, rows, _(
            "The scheduler lives, but has finished no round for %(minutes)s minutes: its log says why.", minutes=max(1, round(rung / 60))))
    sentence = (_("The scheduler has been silent for %(minutes)s minutes: start it with `parkops scheduler`.",
                  minutes=max(1, round(lag / 60))) if alarm else _("The scheduler is running."))
    return Health(alarm, lag, newest.interval_seconds, rows, sentence)


def run_due(now: datetime, *, stop: Any = None, say: Any = None) -> dict[str, int]:
    """Everything due, oldest first, here or on the cluster (`jobs.units`); what becomes due meanwhile (the next missed date of a
    job that must not overtake itself) is found by looking again. Returns how many runs ended how."""
    counts: dict[str, int] = {}
    tried: set[tuple] = set()
    place = units.place()
    while True:
        with system_scope("scheduler: what is due", via="job") as s:
            todo = [d for d in schedule.due(s, now) if (d.job.code, d.park_id, d.scheduled_for) not in tried]
        if not todo:
            return counts
        stuck: set[tuple] = set()
        for wave in place.waves(todo):
            if stop is not None and stop.is_set():
                return counts
            tried.update((d.job.code, d.park_id, d.scheduled_for) for d in wave)
            for d, outcome in place.run([d for d in wave if (d.job.code, d.park_id) not in stuck], stop=stop, say=say):
                counts[outcome.state] = counts.get(outcome.state, 0) + 1
                if outcome.state in ("failed", "busy", "lost") and d.job.catch_up == schedule.ALL:
                    stuck.add((d.job.code, d.park_id))
