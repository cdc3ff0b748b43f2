"""Nothing of a fund holds by one person's hand: calls, distributions, expenses, valuations and exits are approved by somebody else than
whoever submitted them (V-10). No role is exempt, administrators neither. Each service registers what is to be checked and done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import approval, clock, settings
from parkops.db.session import scope_of
from parkops.errors import Problem, RuleError
from parkops.i18n import _l
from parkops.workflow import Workflow


@dataclass(frozen=True)
class Seconded:
    """flow; ready: what speaks against it (asked when submitting and again when approving); done: what approving does."""

    flow: Workflow
    kind: approval.ApprovalKind
    ready: Callable[[Any, Any], list[Problem]]
    done: Callable[[Any, Any], None]
    title: Callable[[Any], str]
    amount: Callable[[Any], Decimal | None]
    payload: Callable[[Any], dict[str, Any]]
    after: Callable[[Any, Any], None] | None = None  # once it holds
    two: bool = False  # two people from `funds.two_from` on


KINDS: dict[str, Seconded] = {}


def register(flow: Workflow, name: Any, **what: Any) -> None:
    """Let the records of a workflow be approved by a second person."""
    kind = approval.ApprovalKind(flow.resource, name, flow.resource)
    KINDS[flow.resource] = Seconded(flow, kind, **what)
    approval.on_approved(kind.code)(_approved)
    approval.on_returned(kind.code)(_returned)


def of(row: Any) -> Seconded:
    """How this record is approved."""
    return KINDS[type(row).__resource__]


def waiting(session: Any, row: Any) -> approval.Approval | None:
    """The request that waits for a decision."""
    a, code = approval.Approval, type(row).__resource__
    return session.scalars(select(a).where(a.kind == code, a.resource == code, a.record_id == row.id, a.state == "waiting")).one_or_none()


def drafts_only(row: Any) -> None:
    """V-11: only drafts are changed."""
    if row.state != "draft":
        raise RuleError([Problem("funds.V-11", _l("It was submitted; return it to draft or make a new one."))])


def why_not_submit(session: Any, row: Any) -> str | None:
    """The first thing that speaks against it."""
    found = of(row).ready(session, row)
    return str(found[0].message) if found else None


def submit(session: Any, row: Any, *, on: date) -> Any:
    """Ask for approval."""
    kind = of(row)
    if found := kind.ready(session, row):
        raise RuleError(found)
    kind.flow.move(session, row, "submit", on=on)
    amount = kind.amount(row)
    needed = 2 if kind.two and amount is not None and amount >= settings.get(session, "funds.two_from", row.park_id) else 1
    approval.request(session, row, kind.kind.code, needed=needed, amount=amount, title=kind.title(row), payload=kind.payload(row))
    return row


def why_not_approve(session: Any, row: Any) -> str | None:
    """Nobody approves their own request."""
    found = waiting(session, row)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem.message) if problem else None


def approve(session: Any, row: Any, *, on: date) -> str | None:
    """One person's approval; the last one needed makes it hold."""
    found = waiting(session, row)
    if found is None:
        raise RuleError([Problem("funds.V-10", _l("No approval is waiting. Submit it first."))])
    approval.vote(session, found, True, on=on)
    return None if found.state == "approved" else str(_l("Approved; %(n)s more needed.", n=found.needed - found.given))


def _approved(session: Any, request: Any, row: Any) -> None:
    """Checked once more under its locks, then done and closed."""
    kind = of(row)
    if found := kind.ready(session, row):
        raise RuleError(found)
    row.approval_id = request.id
    kind.done(session, row)
    session.flush()
    kind.flow.move(session, row, "approve", on=clock.local(request.decided_at).date())
    if kind.after is not None:
        kind.after(session, row)


def _returned(session: Any, request: Any, row: Any) -> None:
    if row.state == "submitted":
        of(row).flow.move(session, row, "return", reason=request.reason or str(_l("The request for approval was closed")))


def give_back(session: Any, row: Any, *, reason: str) -> Any:
    """Back to draft: withdraw one's own request, or vote against a colleague's."""
    found = waiting(session, row)
    if found is None:
        raise RuleError([Problem("funds.V-10", _l("No approval is waiting. Submit it first."))])
    if scope_of(session).user_id == found.requested_by_id:
        approval.withdraw(session, found, reason)
    else:
        approval.vote(session, found, False, reason)
    return row


def cancel(session: Any, row: Any, *, reason: str) -> Any:
    """Nothing comes of a draft."""
    of(row).flow.move(session, row, "cancel", reason=reason)
    return row
