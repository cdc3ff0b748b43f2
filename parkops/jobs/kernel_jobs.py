"""The kernel's own jobs: figures, outbox, and what must be tidied. Each is a small call of the service that owns the matter."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, func, select, text, update

from ..clock import ZONE, now
from ..config import config
from ..db import audit
from ..i18n import _, _l
from .models import JobRun
from .registry import Cron, Job

KEEP_RUNS = 400  # days; frequent jobs only a week
KEEP_FREQUENT = 7


def roll_up_kpis(session: Any, *, on: date, park_id: int | None, grain: str = "month") -> dict[str, Any]:
    """Every indicator for the current and previous month (quarter, year)."""
    from ..kpi import engine

    return engine.roll_up(session, today=on, grains=(grain,))


def deliver_outbox(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """What the rounds could not deliver, each in its own transaction: what was sent stays sent. Counts the messages given up,
    which need a person."""
    from .. import outbox

    counts = dict(outbox.deliver_each(limit=1000))
    model = outbox.OutboxMessage
    counts["given_up"] = session.scalar(select(func.count()).select_from(model).where(model.state == "dead"))
    return counts


def clean_sessions(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """End log-in sessions past their time and forget old failed log-ins."""
    from ..security import lockout, sessions

    moment, connection = _moment(on), session.connection()
    return {"sessions": sessions.forget_old(connection, moment), "attempts": lockout.forget_old(connection, moment) or 0}


def purge_audit(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Remove audit entries beyond the configured days; the database refuses fewer than 184 (网络安全法 art. 23)."""
    days = config().audit_keep_days
    gone = session.execute(text("select core_audit_purge(:days)"), {"days": days}).scalar_one()
    audit.event(session, "audit_purge", {"keep_days": days, "removed": gone}, resource="core.audit")
    return {"removed": gone, "keep_days": days}


def nightly_check(session: Any, *, on: date, park_id: int | None) -> dict[str, Any]:
    """Every integrity check and tie-out; differences become a notice for the administrators."""
    from .. import checks
    from . import notify

    found = {row["check"]: len(row["differences"]) for row in checks.run_all()}
    total = sum(found.values())
    if total:
        notify.tell_differences(session, total, sorted(code for code, n in found.items() if n))
    return {"checks": len(found), "differences": total, **{code: n for code, n in found.items() if n}}


def clean_runs(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Forget old settled runs of jobs; the latest of each job and park stays, because the schedule counts from it."""
    from .registry import all_jobs

    frequent = [j.code for j in all_jobs().values() if j.when.every_minutes]
    newest = select(func.max(JobRun.id)).where(JobRun.state.in_(("done", "skipped"))).group_by(JobRun.code, JobRun.park_id)
    last_slot = select(func.max(JobRun.scheduled_for)).where(JobRun.by_hand.is_(False)).group_by(JobRun.code, JobRun.park_id)
    moment = _moment(on)
    old = (JobRun.scheduled_for < moment - timedelta(days=KEEP_RUNS)) | (
        JobRun.code.in_(frequent) & (JobRun.scheduled_for < moment - timedelta(days=KEEP_FREQUENT)))
    gone = session.execute(
        delete(JobRun).where(old, JobRun.state.in_(("done", "skipped")), JobRun.id.not_in(newest), JobRun.scheduled_for.not_in(last_slot)),
        execution_options={"synchronize_session": False}).rowcount
    return {"removed": gone}


def clean_imports(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Close imports whose process died (no sign of life for an hour) and remove uploaded files nobody will use."""
    from ..web.importer import batches
    from ..web.importer.models import ImportBatch

    silent = now() - timedelta(hours=1)
    closed = session.execute(
        update(ImportBatch).where(ImportBatch.state.in_(("checking", "running")),
                                  func.coalesce(ImportBatch.heartbeat_at, ImportBatch.created_at) < silent)
        .values(state="failed", finished_at=now(), message=_("The import was interrupted; start it again.")),
        execution_options={"synchronize_session": False}).rowcount
    batches.sweep()
    return {"closed": closed}


def tidy(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Close requests whose last day is over, forget used form keys and stored files that nothing refers to (two days' grace)."""
    from .. import approval, attachments
    from ..web import idempotency

    before = _moment(on) - timedelta(days=2)
    return {"expired": approval.expire(session, on), "keys": idempotency.purge(session, before),
            "files": attachments.sweep(session, before.timestamp())}


def _moment(on: date) -> datetime:
    """The end of the day, as far as housekeeping is concerned."""
    return datetime.combine(on, time(0), ZONE)


JOBS = [
    Job("core.kpis", _l("Compute the indicators"), Cron(hour=1, minute=30), roll_up_kpis, per_park=False,
        explain=_l("Counts every indicator anew for the current and the previous month.")),
    Job("core.kpis_quarter", _l("Compute the indicators of quarters"), Cron(hour=1, minute=30), partial(roll_up_kpis, grain="quarter"),
        per_park=False, explain=_l("Counts every indicator anew for the current and the previous quarter.")),
    Job("core.kpis_year", _l("Compute the indicators of years"), Cron(hour=1, minute=30), partial(roll_up_kpis, grain="year"),
        per_park=False, explain=_l("Counts every indicator anew for the current and the previous year.")),
    Job("core.outbox", _l("Deliver waiting messages"), Cron(every_minutes=60), deliver_outbox, per_park=False,
        explain=_l("Tries messages again that could not be delivered at once.")),
    Job("core.sessions", _l("Close expired sessions"), Cron(hour=3), clean_sessions, per_park=False,
        explain=_l("Ends log-in sessions past their time and forgets old failed log-ins.")),
    Job("core.audit_purge", _l("Remove old audit entries"), Cron(hour=3, minute=20, day=1), purge_audit, per_park=False,
        explain=_l("Removes audit entries older than the configured number of days, never younger than 184 days.")),
    Job("core.check", _l("Check integrity"), Cron(hour=4), nightly_check, per_park=False, timeout_minutes=60,
        explain=_l("Runs every integrity check; administrators are told about differences.")),
    Job("core.imports", _l("Tidy up imports"), Cron(hour=3, minute=40), clean_imports, per_park=False,
        explain=_l("Closes imports that were interrupted and removes files that are no longer needed.")),
    Job("core.tidy", _l("Close expired requests and tidy up"), Cron(hour=3, minute=10), tidy, per_park=False,
        explain=_l("Closes requests for approval whose last day is over; forgets used form keys and files nothing refers to.")),
    Job("core.job_runs", _l("Forget old job runs"), Cron(hour=3, minute=50, weekday=6), clean_runs, per_park=False,
        explain=_l("Removes runs older than 400 days; the latest run of each job stays.")),
]
