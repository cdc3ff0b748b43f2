"""Jobs of permits, projects, problems, repairs, points. Each is a service a person can press; it never commits."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import agreements, aid_visits, awards, permits, projects, repairs, wallet

JOBS = [
    Job(
        "services.permit_reminders",
        _l("Remind of permits that end"),
        Cron(hour=6, minute=35),
        permits.remind_permits,
        explain=_l("One to-do per permit 60, 30 and 7 days before its last day."),
    ),
    Job(
        "services.pledge_reminders",
        _l("Remind of commitments of agreements"),
        Cron(hour=6, minute=40),
        agreements.remind_pledges,
        explain=_l("One to-do per commitment of a signed agreement five days before its day."),
    ),
    Job(
        "services.milestone_reminders",
        _l("Remind of permits authorities promised"),
        Cron(hour=6, minute=45),
        projects.remind_milestones,
        explain=_l("One to-do per project permit whose promised day has come."),
    ),
    Job(
        "services.problem_reminders",
        _l("Remind of problems of firms"),
        Cron(hour=6, minute=50),
        aid_visits.remind_problems,
        explain=_l("One to-do per problem whose promised day is over."),
    ),
    Job(
        "services.repair_reminders",
        _l("Remind of late repairs"),
        Cron(hour=6, minute=55),
        repairs.remind_repairs,
        explain=_l("One to-do per repair whose promised day is over."),
    ),
    Job(
        "services.points",
        _l("Points of staff from real events"),
        Cron(hour=2, minute=25),
        awards.collect_points,
        explain=_l("Cases in time, five stars, solved problems, confirmed repairs and contest results, each once."),
    ),
    Job(
        "services.forget_lookups",
        _l("Forget old looks at licence codes"),
        Cron(hour=3, minute=35, weekday=6),
        wallet.forget_lookups,
        per_park=False,
        explain=_l("Deletes looks older than the setting."),
    ),
]
