"""Jobs of loans. Each is a service a person can press; it never commits."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import reminders, servicing

JOBS = [
    Job("loans.watch", _l("Arrears and risk classes of loans"), Cron(hour=1, minute=5), servicing.watch_all,
        explain=_l("Works out arrears and risk class of every loan; overdue, cured, due and paid back ones move on.")),
    Job("loans.due_reminders", _l("Remind of instalments of loans"), Cron(hour=1, minute=15), reminders.remind_dues,
        explain=_l("One to-do per instalment shortly before its day.")),
    Job("loans.paper_reminders", _l("Remind of loan documents that expire"), Cron(hour=1, minute=20), reminders.remind_papers,
        explain=_l("One to-do per document of a case under way that soon counts no longer.")),
    Job("loans.stage_reminders", _l("Remind of loan cases beyond the promise"), Cron(hour=7, minute=50), reminders.remind_stages,
        explain=_l("One to-do per stage whose party has had the case longer than promised.")),
]
