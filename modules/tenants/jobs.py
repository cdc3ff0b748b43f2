"""The module's jobs. Each is a service a clerk can press; it never commits, the runner does, together with its marker."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from .services import datacalls, graduation, merge, reminders, terms


def graduation_candidates(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """On the first of each month: every firm in incubation against the graduation rules in force that day."""
    return graduation.list_candidates(session, on=on, park_id=park_id)


def refresh_terms(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The end of every firm's term by the rules in force today."""
    return {"changed": terms.refresh_terms(session, on=on, park_id=park_id)}


def find_duplicates(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Pairs of records that may be one firm, for a clerk to look at."""
    return merge.find_duplicates(session, on=on, park_id=park_id)


JOBS = [
    Job("tenants.graduation_candidates", _l("Graduation candidates of the month"), Cron(hour=3, minute=0, day=1),
        graduation_candidates, catch_up="all", explain=_l("Tests every firm in incubation and keeps the list of the month.")),
    Job("tenants.refresh_terms", _l("Refresh incubation terms"), Cron(hour=1, minute=10), refresh_terms,
        explain=_l("A change of rules shows the next morning.")),
    Job("tenants.find_duplicates", _l("Look for duplicate firms"), Cron(hour=2, minute=30, weekday=0), find_duplicates,
        explain=_l("Compares names, former names, phones and pinyin; pairs judged before are not reported again.")),
    Job("tenants.expiry_reminders", _l("Remind of what expires"), Cron(hour=1, minute=20), reminders.remind_expiring,
        explain=_l("To-dos for qualifications, certificates, carriers' recognitions and incubation terms that end soon.")),
    Job("tenants.data_call_chase", _l("Chase unanswered data calls"), Cron(hour=8, minute=30), datacalls.chase_due,
        explain=_l("Reminds of open calls due within a week or overdue, at most every three days.")),
    Job("tenants.follow_up_reminders", _l("Remind of overdue follow-ups"), Cron(hour=8, minute=0), reminders.remind_follow_ups,
        explain=_l("A notice to the responsible person for each follow-up that is overdue.")),
]
