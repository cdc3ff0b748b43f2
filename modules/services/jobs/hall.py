"""Daily work of the hall: limits, commitments, queue, escalation."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import cases, closing, demands, halls, queue, tolerance

JOBS = [
    Job(
        "services.deem_accepted",
        _l("Deem cases accepted"),
        Cron(hour=0, minute=20),
        cases.deem_accepted,
        explain=_l("Cases whose missing materials nobody told within the days are accepted from their receipt."),
    ),
    Job(
        "services.lapse_commitments",
        _l("End commitments that were not kept"),
        Cron(hour=0, minute=25),
        tolerance.lapse_overdue,
        explain=_l("Promised materials that did not come by their day: the case is not approved."),
    ),
    Job(
        "services.escalate_demands",
        _l("Escalate late demands"),
        Cron(hour=7, minute=20),
        demands.escalate,
        explain=_l("Demands nobody answered by their day rise a level."),
    ),
    Job(
        "services.remind_due",
        _l("Remind of cases that fall due"),
        Cron(hour=7, minute=25),
        closing.remind_due,
        explain=_l("A to-do for cases promised soon or late and for commitments that end."),
    ),
    Job(
        "services.clear_queue",
        _l("Close the queue of earlier days"),
        Cron(hour=0, minute=10),
        queue.clear_day,
        explain=_l("Numbers nobody served went away; those still at a window were served."),
    ),
    Job(
        "services.count_visitors",
        _l("Count visitors from tickets"),
        Cron(hour=0, minute=15),
        halls.count_visitors,
        explain=_l("Days without a count at the door get the number of their tickets."),
    ),
]
