"""Telling the administrators that a job keeps failing: one to-do each on the run."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..clock import local, today
from ..i18n import _
from .models import JobRun
from .registry import Job


def administrators(session: Any) -> list[int]:
    """Ids of the active users who may act on jobs."""
    from ..security.catalogue import compiled
    from ..security.models import Role, User, assoc_user_role

    roles = [code for code, rights in compiled().items() if ("core.job", "act") in rights]
    return list(session.scalars(
        select(User.id).join(assoc_user_role, assoc_user_role.c.user_id == User.id)
        .join(Role, Role.id == assoc_user_role.c.role_id).where(User.active, Role.name.in_(roles)).distinct().order_by(User.id)))


def tell_administrators(session: Any, job: Job, run: JobRun) -> int:
    """Add the to-dos; returns how many."""
    from .. import todos

    title = _("Job %(title)s of %(day)s has failed %(n)s times: look at the error and retry or skip it.",
              title=str(job.title), day=f"{local(run.scheduled_for):%Y-%m-%d}", n=run.attempts)
    people = administrators(session)
    for user_id in people:
        todos.add(session, run, title, due_on=today(), assignee_id=user_id, key=f"core.job:{run.id}:{user_id}")
    return len(people)


def tell_differences(session: Any, total: int, checks: list[str]) -> int:
    """A to-do for every administrator: the books or records do not tie. One open to-do at a time."""
    from .. import todos

    title = _("The nightly check found %(n)s differences (%(checks)s): run `parkops check` and look into each.",
              n=total, checks=", ".join(checks)[:150])
    people = administrators(session)
    for user_id in people:
        todos.add(session, None, title, due_on=today(), assignee_id=user_id, key=f"core.check:{user_id}")
    return len(people)
