"""Late fees of the month before, and what promises and letters have come to."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import dunning_promises, late_fees

JOBS = [
    Job(
        "billing.late_fees",
        _l("Charge the late fees of last month"),
        Cron(hour=3, minute=40, day=2),
        late_fees.charge_last_month,
        explain=_l("Only where a rate is agreed; those above the warning limit wait for a person. Each bill and month once."),
    ),
    Job(
        "billing.judge_promises",
        _l("Close promises and letters"),
        Cron(hour=5, minute=20),
        dunning_promises.judge,
        explain=_l("Promises whose day is over are kept or broken by the money received; letters whose bills are paid are settled."),
    ),
]
