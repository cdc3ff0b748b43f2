"""Jobs of rent relief and of the tie-out."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import relief_decide, relief_posting, tieout

JOBS = [
    Job("leasing.relief_notice", _l("End public notices of rent relief"), Cron(hour=1, minute=40), relief_decide.clear_due,
        explain=_l("Moves on every application whose public notice is over and has no open or upheld objection.")),
    Job("leasing.relief_deductions", _l("Deduct relief from later rent"), Cron(hour=4, minute=20), relief_posting.use_deductions,
        explain=_l("Uses credit notes of relief to be deducted on the firm's later bills, due first.")),
    Job("leasing.tie_out", _l("Tie-out of contracts, bills, cash and rooms"), Cron(hour=4, minute=40), tieout.run_tieout,
        explain=_l("One to-do per difference, closed by itself when it ties again.")),
]
