"""Exceptions to a soft lock: one person, a reason, a second person's approval, at most 24 hours. Rule G-10."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from parkops import approval, clock
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.ledger import BookPeriod, PeriodException

RESOURCE = "billing.period_exception"
KIND = approval.ApprovalKind("billing.unlock", _l("Exception to a soft lock"), RESOURCE)
LONGEST = 24


def request_exception(session: Any, *, period_id: int, reason: str) -> PeriodException:
    """Ask to post into a soft-locked month oneself; a colleague decides."""
    access.require(session, RESOURCE, "add")
    period = session.get(BookPeriod, period_id)
    problems, who = Problems(), scope_of(session)
    if period is None:
        problems.add("record.no_such_record", _l("There is no such record in your parks."), "period_id")
    elif period.state != "soft":
        problems.add("billing.G-10", _l("Only a month with a soft lock needs an exception, and a hard lock allows none."), "period_id")
    if who.user_id is None:
        problems.add("billing.G-10", _l("An exception is for a person; log in first."))
    if not (reason or "").strip():
        problems.add("billing.G-10", _l("Write what must still be posted."), "reason")
    problems.stop()
    row = PeriodException(park_id=period.park_id, period_id=period.id, user_id=who.user_id, user_name=who.user_name, reason=reason.strip())
    session.add(row)
    session.flush()
    asked = approval.request(session, row, KIND.code, payload={"month": period.month, "for": who.user_name}, reason=row.reason,
                             title=_("%(who)s posts into %(month)s", who=who.user_name, month=f"{period.month:%Y-%m}"))
    row.approval_id = asked.id
    session.flush()
    return row


@approval.on_approved(KIND.code)
def _granted(session: Any, request: Any, row: PeriodException) -> None:
    if any(v.user_id == row.user_id for v in request.votes if v.approve):
        raise RuleError([Problem("billing.G-10", _l("Nobody approves an exception for themselves. Ask a colleague."))])
    row.approved_at = clock.now()
    row.expires_at = row.approved_at + timedelta(hours=LONGEST)
    session.flush()
