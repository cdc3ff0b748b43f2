"""Running one due date once.

The effect and the "done" mark are one transaction that also holds an advisory lock and the run's row: kill -9, a second
scheduler or an impatient click can not make it happen twice or half. What must be visible meanwhile ("running", the
failure) is written by short transactions of its own."""

from __future__ import annotations

import hashlib
import logging
import traceback
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from ..clock import local
from ..clock import now as clock_now
from ..db.session import RETRYABLE, Scope, new_session, session_scope
from ..errors import ParkOpsError
from .models import JobRun
from .registry import Job

log = logging.getLogger(__name__)
TELL_AFTER = 3  # failed attempts before the administrators get a to-do
LONGEST_PAUSE = timedelta(hours=6)
KEEP_HISTORY = 20


@dataclass(frozen=True)
class Outcome:
    """done | failed | already (took effect before) | busy (another process is at it). counts: what the job reported."""

    state: str
    counts: dict[str, Any] | None = None
    error: str | None = None
    run_id: int | None = None


@dataclass(frozen=True)
class Actor:
    """Who ordered the run; the scheduler when nobody did."""

    name: str = "scheduler"
    user_id: int | None = None
    by_hand: bool = False


SCHEDULER = Actor()


def run_one(job: Job, park_id: int | None, scheduled_for: datetime, *, actor: Actor = SCHEDULER, force: bool = False,
            moment: datetime | None = None) -> Outcome:
    """Run one date of a job (in one park). Never raises for what the job does; the failure is recorded and returned.

    force: run a date that is done once more (jobs are idempotent; a new attempt is recorded). moment: the clock."""
    started = moment or clock_now()
    work = new_session(_scope(job, park_id, actor))
    try:
        if not take_lock(work, job.code, park_id, scheduled_for):
            return Outcome("busy")
        run_id = _claim(job, park_id, scheduled_for, actor, force, started)
        if run_id is None:
            return Outcome("already")
        row = hold_row(work, run_id)
        if row is None or row.state != "running":
            return Outcome("already", run_id=run_id)
        return _perform(work, job, park_id, row, moment)
    finally:
        work.rollback()
        work.close()


def _perform(work: Any, job: Job, park_id: int | None, row: JobRun, moment: datetime | None) -> Outcome:
    run_id, slot = row.id, row.scheduled_for
    try:
        _limit_time(work, job)
        counts = job.run(work, on=local(slot).date(), park_id=park_id)
        counts = counts if isinstance(counts, dict) else {}
        work.execute(update(JobRun).where(JobRun.id == run_id).values(
            state="done", finished_at=moment or clock_now(), counts=counts, error=None, retry_at=None))
        work.commit()
    except Exception as e:
        work.rollback()
        sentence = _sentence(e)
        if not isinstance(e, ParkOpsError):
            log.exception("job %s failed", job.code)
        _record_failure(job, park_id, run_id, sentence, e, moment or clock_now())
        return Outcome("failed", error=sentence, run_id=run_id)
    return Outcome("done", counts=counts, run_id=run_id)


def take_lock(session: Any, code: str, park_id: int | None, scheduled_for: datetime) -> bool:
    """The advisory lock of one date, held until the transaction ends; False when another process has it."""
    name = f"job|{code}|{park_id}|{scheduled_for.isoformat()}"
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    return bool(session.execute(text("select pg_try_advisory_xact_lock(:k)"), {"k": key}).scalar())


def hold_row(session: Any, run_id: int) -> JobRun | None:
    """The run's row, locked; what another process settled meanwhile is seen here."""
    return session.scalars(select(JobRun).where(JobRun.id == run_id).with_for_update()
                           .execution_options(populate_existing=True)).one_or_none()


def _claim(job: Job, park_id: int | None, slot: datetime, actor: Actor, force: bool, started: datetime) -> int | None:
    """Write "running" for others to see; None when the date is settled and nobody forces it."""
    new = insert(JobRun).values(code=job.code, park_id=park_id, scheduled_for=slot, state="running", by_hand=actor.by_hand,
                                actor=actor.name[:80], attempts=1, started_at=started)
    again = new.on_conflict_do_update(
        constraint="uq_core_job_run_slot",
        set_={"state": "running", "actor": new.excluded.actor, "attempts": JobRun.attempts + 1, "retry_at": None,
              "started_at": new.excluded.started_at, "finished_at": None},
        where=None if force else JobRun.state.not_in(("done", "skipped")),
    ).returning(JobRun.id)
    with session_scope(_scope(job, None, actor)) as s:
        run_id = s.execute(again).scalar_one_or_none()
        if run_id is not None and actor.by_hand:
            from ..db import audit

            audit.event(s, "job_run", {"job": job.code, "due": slot.isoformat(), "force": force}, resource="core.job",
                        record_id=run_id, label=job.code, park_id=park_id)
        return run_id


def _record_failure(job: Job, park_id: int | None, run_id: int, sentence: str, error: Exception, at: datetime) -> None:
    transient = getattr(getattr(error, "orig", None), "sqlstate", None) in RETRYABLE
    with session_scope(_scope(job, None, SCHEDULER)) as s:
        row = hold_row(s, run_id)
        if row is None or row.state != "running":
            return
        entry = {"attempt": row.attempts, "at": at.isoformat(), "error": sentence}
        if not isinstance(error, ParkOpsError):
            entry["where"] = "".join(traceback.format_exception(error)[-3:])[-2000:]
        row.state, row.finished_at, row.error = "failed", at, sentence
        row.history = [*(row.history or []), entry][-KEEP_HISTORY:]
        row.retry_at = at if transient else at + pause(row.attempts)
        s.flush()
        if row.attempts == TELL_AFTER:
            _tell(s, job, row)


def record_loss(job: Job, park_id: int | None, slot: datetime, error: Exception, at: datetime) -> None:
    """A run that began elsewhere and whose process did not survive it: failed like any other, with a pause before the next attempt."""
    with session_scope(_scope(job, None, SCHEDULER)) as s:
        run_id = s.scalar(select(JobRun.id).where(JobRun.code == job.code, JobRun.park_id.is_not_distinct_from(park_id),
                                                  JobRun.scheduled_for == slot, JobRun.state == "running"))
    if run_id is not None:
        _record_failure(job, park_id, run_id, f"{type(error).__name__}: {error}"[:2000], error, at)


def pause(attempts: int) -> timedelta:
    """1, 2, 4 … minutes between attempts, never more than six hours."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 12)), LONGEST_PAUSE)


def _tell(session: Any, job: Job, row: JobRun) -> None:
    """A to-do for every system administrator."""
    from .notify import tell_administrators

    try:
        with session.begin_nested():
            tell_administrators(session, job, row)
    except Exception:  # a failed notice must not hide the failure itself
        log.exception("could not notify about job %s", job.code)


def _sentence(error: Exception) -> str:
    if isinstance(error, ParkOpsError):
        return str(error)[:2000]
    return f"{type(error).__name__}: {error}"[:2000]


def _scope(job: Job, park_id: int | None, actor: Actor) -> Scope:
    scope = Scope(parks=None, system=True, via="job", user_id=actor.user_id, user_name=actor.name, reason=f"job {job.code}")
    return scope if park_id is None else replace(scope, parks=frozenset({park_id}), park_id=park_id)


def _limit_time(session: Any, job: Job) -> None:
    """A job may take its declared minutes, in one statement and (PostgreSQL 17 on) in all."""
    millis = job.timeout_minutes * 60_000
    session.execute(text(f"set local statement_timeout = {millis:d}"))
    if session.connection().dialect.server_version_info >= (17,):
        session.execute(text(f"set local transaction_timeout = {millis:d}"))
    session.execute(text("set local idle_in_transaction_session_timeout = 0"))
