"""Deciding about relief: check, approval by n people, budget, public notice. Rules RR-16, RR-20 to RR-26.

Maker is never checker: whoever prepared or submitted an application neither checks, approves, returns, answers nor posts it,
whatever roles they hold. The budget is claimed under the lock of the scheme's row in the transaction of the deciding vote."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import approval, clock
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_relief as calc
from ..models.relief import ReliefBudget, ReliefScheme, ReliefThreshold
from ..models.relief_case import METHODS, ReliefApplication
from ..states_relief import RELIEF
from . import relief_cases as cases

RESOURCE = "leasing.relief_application"
KIND = approval.ApprovalKind("leasing.relief", _l("Rent relief"), RESOURCE, guard="modules.leasing.services.relief_decide:why_not_vote")
OWN = _l("Whoever prepared or submitted it cannot decide about it. Ask a colleague.")


def not_maker(session: Any, app: ReliefApplication, problems: Problems) -> None:
    """RR-16."""
    if scope_of(session).user_id in app.makers:
        problems.add("leasing.RR-16", OWN)


def _is_maker(session: Any, app: ReliefApplication) -> bool:
    return scope_of(session).user_id in app.makers


def why_not_vote(session: Any, request: approval.Approval, user_id: int | None) -> Problem | None:
    """RR-16 for the kernel's approvals page too."""
    app = session.get(ReliefApplication, request.record_id)
    return Problem("leasing.RR-16", OWN) if app is not None and user_id in app.makers else None


def open_request(session: Any, app: ReliefApplication) -> approval.Approval | None:
    """The request of approval that is waiting, if any."""
    a = approval.Approval
    return session.scalars(select(a).where(a.kind == KIND.code, a.resource == RESOURCE, a.record_id == app.id,
                                           a.state == "waiting")).one_or_none()


def people_needed(session: Any, app: ReliefApplication) -> int:
    """RR-20: by the scheme's thresholds."""
    t = ReliefThreshold
    rows = session.execute(select(t.from_amount, t.people).where(t.scheme_id == app.scheme_id)).all()
    return calc.people_for(app.amount, [(start, people) for start, people in rows])


def why_not_check(session: Any, app: ReliefApplication) -> str | None:
    """Another person checks."""
    return str(OWN) if _is_maker(session, app) else None


def check_application(session: Any, app: ReliefApplication, *, on: date) -> ReliefApplication:
    """A second person has compared papers, rules and rent; approval is asked for (RR-20). The request stands in the name of the
    submitter: nobody approves what they asked for."""
    problems = Problems()
    not_maker(session, app, problems)
    problems.stop()
    RELIEF.move(session, app, "check", on=on)
    app.checked_by_id = scope_of(session).user_id
    months = cases.months(session, app)
    asked = approval.request(
        session, app, KIND.code, needed=people_needed(session, app), amount=app.amount,
        title=_("%(number)s %(firm)s: %(amount)s yuan", number=app.number, firm=app.firm.name, amount=f"{app.amount:,.2f}"),
        payload={"scheme_id": app.scheme_id, "amount": app.amount, "method": app.method, "rent": app.rent, "entitled": app.entitled,
                 "months": ", ".join(str(m) for m in months)})
    asked.requested_by_id = app.submitted_by_id
    session.flush()
    return app


def why_not_approve(session: Any, app: ReliefApplication) -> str | None:
    """Why the actor cannot vote now; nothing once the request is decided."""
    found = open_request(session, app)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem.message) if problem is not None else None


def approve_application(session: Any, app: ReliefApplication, *, reason: str | None = None, on: date | None = None) -> str:
    """One person's approval; the last one needed claims the budget. `on`: the day of the decision, default the day of the vote."""
    found = open_request(session, app)
    if found is None:
        raise RuleError([Problem("leasing.RR-21", _l("No approval is waiting for this application. Have it checked first."))])
    app.decided_on = on
    approval.vote(session, found, True, reason, on=on)
    if found.state == "approved":
        return _("Approved.")
    return _("Approved; %(n)s more needed.", n=found.needed - found.given)


@approval.on_approved(KIND.code)
def approved(session: Any, request: approval.Approval, app: ReliefApplication) -> None:
    """The last signature: claim the budget and move on, in the transaction of the vote (RR-22)."""
    claim_budget(session, app)
    on = getattr(app, "decided_on", None) or clock.local(request.decided_at).date()
    app.approval_id, app.approved_on = request.id, on
    session.flush()
    RELIEF.move(session, app, "approve", on=on)
    session.refresh(app.scheme)


def claim_budget(session: Any, app: ReliefApplication, *, lock: bool = True) -> None:
    """RR-22: refuse what the budget no longer holds. The rows stay locked until the transaction ends; the trigger on the
    application books the amount and the CHECK stands behind both. `lock=False` is the control of the race's test."""
    problems, scheme = Problems(), _row(session, select(ReliefScheme).where(ReliefScheme.id == app.scheme_id), ReliefScheme, lock)
    if scheme.budget is not None and scheme.budget - scheme.committed < app.amount:
        problems.add("leasing.RR-22", _l("Only %(left)s yuan of the budget are left; this application needs %(amount)s.",
                                         left=scheme.budget - scheme.committed, amount=app.amount))
    if scheme.by_carrier:
        query = select(ReliefBudget).where(ReliefBudget.scheme_id == scheme.id, ReliefBudget.carrier_id == app.carrier_id)
        part = _row(session, query, ReliefBudget, lock)
        if part is None:
            problems.add("leasing.RR-22", _l("The carrier has no budget in this scheme. Add one first."))
        elif part.amount - part.committed < app.amount:
            problems.add("leasing.RR-22", _l("Only %(left)s yuan of the carrier's budget are left; this application needs %(amount)s.",
                                             left=part.amount - part.committed, amount=app.amount))
    problems.stop()


def _row(session: Any, query: Any, model: Any, lock: bool) -> Any:
    query = query.with_for_update(of=model) if lock else query
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


@approval.on_returned(KIND.code)
def returned(session: Any, request: approval.Approval, app: ReliefApplication) -> None:
    """A voter sends it back (or rejects it); a withdrawal by the application's own step moves it itself."""
    step = getattr(app, "leaving", None)
    if step == "withdraw" or app.state != "checked":
        return
    RELIEF.move(session, app, "withdraw" if request.state == "withdrawn" else step or "return", on=clock.local(request.decided_at).date(),
                reason=request.reason or _("The request for approval was closed."))


def drop_request(session: Any, app: ReliefApplication, reason: str) -> None:
    """Take the waiting request back before the application is withdrawn."""
    found = open_request(session, app)
    if found is not None:
        app.leaving = "withdraw"
        approval.withdraw(session, found, reason)


def return_application(session: Any, app: ReliefApplication, *, reason: str) -> ReliefApplication:
    """Back to the clerk for completion. What was approved gives its budget back and needs a new approval."""
    return _leave(session, app, "return", reason, None)


def reject_application(session: Any, app: ReliefApplication, *, on: date, reason: str) -> ReliefApplication:
    """No relief, with the reason; its months are free again."""
    return _leave(session, app, "reject", reason, on)


def _leave(session: Any, app: ReliefApplication, step: str, reason: str, on: date | None) -> ReliefApplication:
    access.require(session, RESOURCE, "act")
    problems = Problems()
    not_maker(session, app, problems)
    problems.stop()
    found = open_request(session, app)
    if found is not None:
        app.leaving = step
        approval.vote(session, found, False, reason)
    else:
        RELIEF.move(session, app, step, on=on, reason=reason)
    if app.approval_id is not None:
        app.approval_id = app.approved_on = app.notice_from = app.notice_to = None
        session.flush()
    return app


def publish_application(session: Any, app: ReliefApplication, *, on: date) -> ReliefApplication:
    """RR-23: on public notice from `on` for the scheme's days."""
    problems = Problems()
    if app.approved_on is not None and on < app.approved_on:
        problems.add("leasing.RR-23", _l("It was approved on %(day)s; the notice begins then or later.",
                                         day=app.approved_on.isoformat()), "on")
    problems.stop()
    RELIEF.move(session, app, "publish", on=on)
    app.notice_from, app.notice_to = on, on + timedelta(days=max(app.scheme.publicity_days - 1, 0))
    session.flush()
    return app


def why_not_clear(session: Any, app: ReliefApplication) -> str | None:
    """RR-24: objections first."""
    waiting, upheld = cases.open_objections(session, app)
    if upheld:
        return _("An objection was upheld; return or reject the application.")
    return _("Answer the objections first.") if waiting else None


def clear_application(session: Any, app: ReliefApplication, *, on: date) -> ReliefApplication:
    """RR-24: the notice is over when its last day has passed and every objection was answered and turned down."""
    problems = Problems()
    if app.notice_to is not None and on <= app.notice_to and app.scheme.publicity_days:
        problems.add("leasing.RR-24", _l("The public notice lasts until %(day)s.", day=app.notice_to.isoformat()), "on")
    problems.stop()
    RELIEF.move(session, app, "clear", on=on)
    return app


def clear_due(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: end every public notice whose last day has passed; what has objections stays and is counted."""
    query = select(ReliefApplication).where(ReliefApplication.state == "publicity", ReliefApplication.notice_to < on)
    counts = {"cleared": 0, "objections": 0}
    for app in session.scalars(query.where(ReliefApplication.park_id == park_id) if park_id else query).all():
        if why_not_clear(session, app):
            counts["objections"] += 1
        else:
            RELIEF.move(session, app, "clear", on=on)
            counts["cleared"] += 1
    return counts


def publish_many(session: Any, apps: Any, *, on: date) -> dict[str, int]:
    """Several approved applications on one notice."""
    for app in apps:
        publish_application(session, app, on=on)
    return {"published": len(apps)}


def budget_left(scheme: ReliefScheme) -> Decimal | None:
    """None without a budget."""
    return None if scheme.budget is None else scheme.budget - scheme.committed


__all__ = ["METHODS", "approve_application", "check_application", "clear_due"]
