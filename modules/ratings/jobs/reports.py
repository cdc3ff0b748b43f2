"""Saved reports on their dates."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import report_runs

JOBS = [
    Job(
        "ratings.make_reports",
        _l("Make the reports that are due"),
        Cron(hour=6, minute=10),
        report_runs.make_due,
        timeout_minutes=60,
        explain=_l(
            "Makes every saved report whose date has come, keeps it with its hash and tells its receivers. A date missed is made once."
        ),
    )
]
