"""命题点将: a leader sets a task and names its owner → accept → deliver → review. Rules SV-155 to SV-156; our own design."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops import clock, records
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.contest import StaffAssignment
from ..states_contest import ASSIGNMENT
from .steps import number, refuse, take


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "set_on", "due_on", _l("It would be due before it is set."))


def create_assignment(session: Any, *, topic: str, targets: str, owner_id: int, due_on: date, points: int = 10) -> StaffAssignment:
    """SV-155: whoever sets the task names somebody else as owner."""
    scope, on = scope_of(session), clock.today()
    if owner_id == scope.user_id:
        raise refuse("SV-155", _l("Name a colleague as owner."), "owner_id")
    values = {
        "topic": topic,
        "targets": targets,
        "owner_id": owner_id,
        "due_on": due_on,
        "points": points,
        "set_on": on,
        "assigner_id": scope.user_id,
        "number": number(session, "assignment", scope.park_id, on),
    }
    return records.create(session, StaffAssignment, values, _check)


def why_not_owner(session: Any, row: StaffAssignment) -> str | None:
    """Only the named owner."""
    return None if scope_of(session).user_id in (row.owner_id, None) else str(_l("Only the named owner does this."))


def why_not_review(session: Any, row: StaffAssignment) -> str | None:
    """Never the owner."""
    return str(_l("Nobody reviews their own work.")) if scope_of(session).user_id == row.owner_id else None


def _own(session: Any, row: StaffAssignment) -> None:
    if (why := why_not_owner(session, row)) is not None:
        raise refuse("SV-155", why)


def _other(session: Any, row: StaffAssignment) -> None:
    if (why := why_not_review(session, row)) is not None:
        raise refuse("SV-156", why)


def accept_task(session: Any, row: StaffAssignment, *, on: date) -> None:
    """The owner takes it."""
    _own(session, row)
    take(session, ASSIGNMENT, row, "accept", on=on, after=row.set_on)


def decline_task(session: Any, row: StaffAssignment, *, reason: str, on: date) -> None:
    """The owner does not, and says why."""
    _own(session, row)
    row.reason = reason[:300]
    take(session, ASSIGNMENT, row, "decline", on=on, after=row.set_on, reason=reason)


def deliver_task(session: Any, row: StaffAssignment, *, delivery: str, on: date) -> None:
    """What came of it."""
    _own(session, row)
    take(session, ASSIGNMENT, row, "deliver", on=on, after=row.set_on, delivery=delivery, delivered_on=on)


def return_task(session: Any, row: StaffAssignment, *, reason: str, on: date) -> None:
    """To be done again."""
    _other(session, row)
    row.reason = reason[:300]
    take(session, ASSIGNMENT, row, "return", on=on, after=row.delivered_on, reason=reason)


def pass_task(session: Any, row: StaffAssignment, *, on: date) -> None:
    """SV-156: reviewed by somebody else; it brings its points."""
    _other(session, row)
    take(session, ASSIGNMENT, row, "pass", on=on, after=row.delivered_on, reviewed_on=on)


def fail_task(session: Any, row: StaffAssignment, *, reason: str, on: date) -> None:
    """Targets missed."""
    _other(session, row)
    row.reason = reason[:300]
    take(session, ASSIGNMENT, row, "fail", on=on, after=row.set_on, reason=reason, reviewed_on=on)
