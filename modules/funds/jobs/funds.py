"""Nightly work: standings, duties, alerts."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import alerts, duties, standings

JOBS = [
    Job("funds.standings", _l("Work out where funds stand"), Cron(hour=1, minute=20), standings.nightly,
        explain=_l("Every month end and today, from flows and confirmed marks; corrections of the past come through.")),
    Job("funds.duties", _l("Remind of post-investment duties"), Cron(hour=7, minute=30), duties.remind_due,
        explain=_l("One to-do per duty that is due soon and per broken covenant.")),
    Job("funds.alerts", _l("Watch limits of funds"), Cron(hour=7, minute=35), alerts.watch,
        explain=_l("Concentration, stale valuations, overdue calls, ends of terms: one to-do per fund and kind.")),
]
