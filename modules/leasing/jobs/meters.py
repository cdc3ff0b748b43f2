"""Jobs of meters."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import meter_round

JOBS = [
    Job("leasing.meters_due", _l("Remind of meters to be read"), Cron(hour=7, minute=40), meter_round.remind_due,
        explain=_l("One to-do per building whose meters were not read for the set number of days; it closes when they are.")),
]  # fmt: skip
