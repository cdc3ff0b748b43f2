"""Jobs of holds."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import holds

JOBS = [
    Job("leasing.release_holds", _l("Release holds that expired"), Cron(hour=0, minute=20), holds.release_expired,
        explain=_l("Holds whose last day has passed end, their clerks are told, and the next in line takes its turn.")),
]  # fmt: skip
