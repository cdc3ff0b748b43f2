"""Jobs of statutory forms."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import form_deadlines

JOBS = [
    Job(
        "ratings.form_deadlines",
        _l("Begin and announce statutory forms"),
        Cron(hour=6, minute=20),
        form_deadlines.open_filings,
        explain=_l("Begins the filings of the period that ended, counts them, and makes one to-do each; another one when they are late."),
    ),
]
