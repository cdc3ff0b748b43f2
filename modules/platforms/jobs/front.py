"""Daily work on projects and quotes."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job

from ..services import projects, quotes

JOBS = [
    Job("platforms.close_projects", _l("Close paying projects that ended"), Cron(hour=0, minute=40), projects.close_ended,
        explain=_l("Closes every paying project whose last day has passed.")),
    Job("platforms.expire_quotes", _l("Let quotes expire"), Cron(hour=0, minute=45), quotes.expire_quotes,
        explain=_l("Quotes nobody accepted by their last day expire.")),
]
