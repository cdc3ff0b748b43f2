"""Jobs of leases. Each is a service a clerk can press; it never commits."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import expiry

JOBS = [
    Job(
        "leasing.lease_reminders",
        _l("Remind of leases that end"),
        Cron(hour=1, minute=25),
        expiry.remind_expiring,
        explain=_l("One to-do per lease 120, 90, 60 and 30 days before its end, unless it is renewed."),
    ),
    Job(
        "leasing.lease_ends",
        _l("Leases whose last day passed"),
        Cron(hour=0, minute=30),
        expiry.pass_ends,
        explain=_l("Renewals take over; a firm that stays holds over, month by month."),
    ),
    Job(
        "leasing.lease_schedules",
        _l("Schedule leases without end"),
        Cron(hour=0, minute=45),
        expiry.roll_schedules,
        explain=_l("Writes the coming instalments of indefinite leases and of those that hold over."),
    ),
]
