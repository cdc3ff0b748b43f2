"""Jobs of recognition and of the graduation forecast. Each is a service a person can press; it never commits."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import forecast, watch

JOBS = [
    Job(
        "ratings.forecasts",
        _l("Graduation forecast of every firm in incubation"),
        Cron(hour=2, minute=40),
        forecast.refresh_forecasts,
        explain=_l("Works out anew when each firm may be expected to meet a criterion of graduation; firms that left are taken off."),
    ),
    Job(
        "ratings.keep_assessments",
        _l("Keep the assessment of each carrier"),
        Cron(day=2, hour=3, minute=10),
        watch.keep_monthly,
        explain=_l("Keeps one assessment a month per carrier under the basic rule sets in force; a month that has one is left."),
    ),
    Job(
        "ratings.watch",
        _l("Remind of recognitions that end and gates that are lost"),
        Cron(hour=6, minute=40),
        watch.remind,
        explain=_l("One to-do per recognition that ends within 180 days, and one when a carrier no longer passes."),
    ),
]
