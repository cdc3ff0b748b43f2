"""Jobs of cost pools and maintenance."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import costs, maintenance

JOBS = [
    Job("platforms.open_month", _l("Open the month's cost pools"), Cron(hour=1, minute=50, day=1), costs.open_month,
        explain=_l("A pool for every platform in use, with the month's depreciation of its instruments.")),
    Job("platforms.maintenance_due", _l("Remind of maintenance"), Cron(hour=7, minute=20), maintenance.remind_due,
        explain=_l("One to-do per maintenance plan that is due; it closes when the work is recorded.")),
]
