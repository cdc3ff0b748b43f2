"""The optional automatic bill run: drafts only, a person looks at them and posts."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import settings
from parkops.i18n import _l
from parkops.jobs.registry import Cron, Job
from parkops.models import Park

from ..services import runs


def draft_month(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Drafts of the month on the day the park has set (0: none)."""
    parks = [park_id] if park_id is not None else list(session.scalars(select(Park.id).where(Park.is_active.is_(True))))
    made = 0
    for park in parks:
        if settings.get(session, "billing.auto_run_day", park) == on.day:
            made += runs.generate(session, month=on.replace(day=1), issued_on=on, park_id=park).drafts
    return {"drafts": made}


JOBS = [
    Job(
        "billing.draft_month",
        _l("Draft the bills of the month"),
        Cron(hour=4, minute=20),
        draft_month,
        explain=_l("On the day set for the park. Drafts only; somebody looks at them and posts."),
    ),
]
