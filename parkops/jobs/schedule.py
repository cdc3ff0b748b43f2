"""What is due. Computed from the declared times and the table of runs alone: a process that was down, killed or started
twice comes to the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from ..clock import local
from ..db.session import scope_of
from ..models import Park
from .models import JobRun
from .registry import ALL, Job, all_jobs

SETTLED = ("done", "skipped")
HAND_ATTEMPTS = 5  # a run ordered by hand is not tried for ever: the person sees the failure


@dataclass(frozen=True)
class Due:
    """One run to do: `on` is the day (park zone) the job is told."""

    job: Job
    park_id: int | None
    scheduled_for: datetime

    @property
    def on(self) -> Any:
        return local(self.scheduled_for).date()


def due(session: Any, now: datetime, jobs: dict[str, Job] | None = None) -> list[Due]:
    """Every run that should take place now, oldest first. The session must see all parks.

    A job of the `all` kind never overtakes itself: while an older date of the same park waits for its retry, later ones
    wait too. A calendar job seen for the first time starts with its next date."""
    jobs = all_jobs() if jobs is None else jobs
    _adopt_renamed(session, jobs)
    parks = list(session.scalars(select(Park.id).where(Park.is_active).order_by(Park.id)))
    last, open_rows = _known(session, jobs)
    found: list[Due] = []
    for job in jobs.values():
        for park_id in parks if job.per_park else [None]:
            key = (job.code, park_id)
            if key not in last and key not in open_rows:
                if not job.when.is_plain_daily:
                    _begin(session, job, park_id, now)
                    continue
            found += _due_of(session, job, park_id, now, last.get(key), open_rows.get(key, []))
    return sorted(found, key=lambda d: (d.scheduled_for, d.job.code, d.park_id or 0))


def _due_of(session: Any, job: Job, park_id: int | None, now: datetime, last: datetime | None, rows: list[JobRun]) -> list[Due]:
    latest = job.when.latest(now)
    open_at = {r.scheduled_for: r for r in rows}
    own = [r.scheduled_for for r in rows if not r.by_hand]
    since = last if last is not None else min(own, default=None)
    if job.catch_up == ALL and since is not None:
        slots = sorted({*job.when.slots(since, now), *open_at})
    else:
        by_hand = (t for t, r in open_at.items() if r.by_hand and r.attempts < HAND_ATTEMPTS)
        slots = sorted({*by_hand, *([latest] if latest is not None else [])})
    settled = _settled(session, job, park_id, slots)
    out: list[Due] = []
    for slot in slots:
        if slot in settled or slot > now:
            continue
        row = open_at.get(slot)
        if row is not None and row.state == "failed" and row.retry_at is not None and row.retry_at > now:
            if job.catch_up == ALL:
                break
            continue
        out.append(Due(job, park_id, slot))
    return out


def _known(session: Any, jobs: dict[str, Job]) -> tuple[dict[tuple, datetime], dict[tuple, list[JobRun]]]:
    """Last settled scheduled date per (job, park), and the rows that are not settled."""
    last = {(code, park): at for code, park, at in session.execute(
        select(JobRun.code, JobRun.park_id, func.max(JobRun.scheduled_for))
        .where(JobRun.code.in_(list(jobs)), JobRun.state.in_(SETTLED), JobRun.by_hand.is_(False))
        .group_by(JobRun.code, JobRun.park_id))}
    rows: dict[tuple, list[JobRun]] = {}
    for row in session.scalars(select(JobRun).where(JobRun.code.in_(list(jobs)), JobRun.state.in_(("failed", "running")))
                               .execution_options(populate_existing=True)):
        rows.setdefault((row.code, row.park_id), []).append(row)
    return last, rows


def _settled(session: Any, job: Job, park_id: int | None, slots: list[datetime]) -> set[datetime]:
    """Which of these dates are done or skipped already (also by hand)."""
    if not slots:
        return set()
    return set(session.scalars(select(JobRun.scheduled_for).where(
        JobRun.code == job.code, JobRun.park_id.is_not_distinct_from(park_id), JobRun.state.in_(SETTLED),
        JobRun.scheduled_for.in_(slots))))


def _begin(session: Any, job: Job, park_id: int | None, now: datetime) -> None:
    """The first sight of a calendar job: dates before today are not ours; the mark makes every later one count."""
    at = job.when.latest(now) or now - timedelta(days=1)
    session.execute(insert(JobRun).values(
        code=job.code, park_id=park_id, scheduled_for=at, state="skipped", actor="scheduler", attempts=0,
        started_at=None, finished_at=now, counts={"first_seen": 1}).on_conflict_do_nothing())


def _adopt_renamed(session: Any, jobs: dict[str, Job]) -> None:
    """A renamed job keeps its past (and therefore its future)."""
    for job in jobs.values():
        for old in job.formerly:
            taken = select(JobRun.id).where(JobRun.code == job.code).exists()
            session.execute(JobRun.__table__.update().where(JobRun.code == old, ~taken).values(code=job.code))


def orphans(session: Any) -> list[str]:
    """Codes with open runs that no installed module declares any more; shown to the administrator, never dropped."""
    parks = scope_of(session).parks  # runs are no ParkScoped rows: a park's people see its runs and the general ones
    here = true() if parks is None else or_(JobRun.park_id.is_(None), JobRun.park_id.in_(tuple(parks)))
    return sorted(session.scalars(select(JobRun.code).where(
        here, JobRun.code.not_in(list(all_jobs())), JobRun.state.in_(("failed", "running"))).distinct()))
