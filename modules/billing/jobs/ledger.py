"""Jobs of the ledger."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import ledger_anchors

JOBS = [
    Job("billing.anchor", _l("Anchor the ledger outside the database"), Cron(hour=23, minute=45), ledger_anchors.drop_anchor,
        explain=_l("Writes the end of the park's chain to a file and the audit trail, so that a cut-off tail shows.")),
]
