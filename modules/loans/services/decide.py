"""Deciding: the bank's decision is recorded by one person and approved by others; contract, return, rejection. Rules LN-40 to LN-46.

The fund's line is claimed under the lock of its row in the transaction of the deciding vote."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import approval, clock, records, settings
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import METHODS, LoanCase
from ..models.organisation import LoanOrganisation
from ..models.scheme import LoanScheme
from ..states import REJECTIONS
from . import papers, precheck, schemes
from .clocks import advance

RESOURCE = "loans.case"
KIND = approval.ApprovalKind("loans.case", _l("Start-up loan"), RESOURCE, guard="modules.loans.services.decide:why_not_vote")
OWN = _l("Whoever prepared it or recorded the decision does not approve it. Ask a colleague.")


def why_not_vote(session: Any, request: approval.Approval, user_id: int | None) -> Problem | None:
    """LN-41, for the kernel's approvals page too; no role is exempt."""
    case = session.get(LoanCase, request.record_id)
    return Problem("loans.LN-41", OWN) if case is not None and user_id in case.makers else None


def open_request(session: Any, case: LoanCase) -> approval.Approval | None:
    """The request that waits, if any."""
    a = approval.Approval
    return session.scalars(select(a).where(a.kind == KIND.code, a.resource == RESOURCE, a.record_id == case.id,
                                           a.state == "waiting")).one_or_none()


def why_not_record(session: Any, case: LoanCase) -> str | None:
    """While the bank decides, once at a time."""
    if case.state != "approval":
        return _("The decision is recorded once the guarantee is agreed and before the contract.")
    return _("A decision waits for approval already.") if open_request(session, case) is not None else None


def check_rate(session: Any, scheme: LoanScheme, rate: Decimal, on: date, problems: Problems) -> Decimal:
    """LN-42: at most LPR plus the scheme's basis points; returns the LPR of the day."""
    lpr = schemes.lpr_on(session, scheme, on)
    if scheme.rate_cap_bp is not None and rate > lpr + Decimal(scheme.rate_cap_bp) / 10_000:
        problems.add("loans.LN-42", _l("At most LPR %(lpr)s %% + %(bp)s basis points = %(most)s %%.", lpr=f"{lpr * 100:.2f}",
                                       bp=scheme.rate_cap_bp, most=f"{lpr * 100 + Decimal(scheme.rate_cap_bp) / 100:.2f}"), "rate")
    return lpr


def record_decision(session: Any, case: LoanCase, *, amount: Decimal, rate: Decimal, on: date, method: str | None = None,
                    every_months: int | None = None) -> str:
    """LN-40: what the bank approved. It takes effect when others have approved the record."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if why := why_not_record(session, case):
        problems.add("loans.LN-40", why)
    if not 0 < amount <= case.amount_requested:
        problems.add("loans.LN-40", _l("The amount lies between zero and the %(amount)s yuan asked for.",
                                       amount=f"{case.amount_requested:,.2f}"), "amount")
    if amount > (cap := schemes.cap_of(session, case.scheme, case.kind)):
        problems.add("loans.LN-40", _l("The cap of the scheme is %(cap)s yuan.", cap=f"{cap:,.2f}"), "amount")
    if method is not None and method not in METHODS:
        problems.add("loans.LN-40", _l("Choose a way of repayment."), "method")
    if not 0 < rate < Decimal("0.36"):
        problems.add("loans.LN-42", _l("Enter the interest rate a year in percent."), "rate")
    else:
        check_rate(session, case.scheme, rate, on, problems)
    records.not_future({"on": on}, problems, ("on",))
    problems.stop()
    case.amount_approved, case.rate, case.method = amount, rate, method or case.method
    case.every_months, case.decided_by_id = every_months or case.every_months, scope_of(session).user_id
    session.flush()
    return _ask(session, case)


def _ask(session: Any, case: LoanCase) -> str:
    two = Decimal(str(settings.get(session, "loans.two_approvals_from", case.park_id)))
    asked = approval.request(
        session, case, KIND.code, needed=2 if case.amount_approved >= two else 1, amount=case.amount_approved,
        title=_("%(number)s %(firm)s: %(amount)s yuan", number=case.number, firm=case.firm.name, amount=f"{case.amount_approved:,.2f}"),
        payload={"amount": case.amount_approved, "rate": case.rate, "term_months": case.term_months, "fund_id": case.fund_id,
                 "scheme": case.scheme.code})
    return _("Recorded; %(n)s other people approve it.", n=asked.needed)


def why_not_approve(session: Any, case: LoanCase) -> str | None:
    """Why the actor cannot vote now; nothing once the request is decided."""
    found = open_request(session, case)
    if found is None:
        return None if case.approval_id is not None else _("Record the bank's decision first.")
    problem = approval.why_not(session, found)
    return str(problem.message) if problem is not None else None


def approve_case(session: Any, case: LoanCase, *, reason: str | None = None, on: date | None = None) -> str:
    """One person's approval; the last one needed claims the fund's line. `on`: the day of the decision, default the day of the vote."""
    found = open_request(session, case)
    if found is None:
        raise RuleError([Problem("loans.LN-40", _l("No approval is waiting for this case. Record the bank's decision first."))])
    case.decided_on = on
    approval.vote(session, found, True, reason, on=on)
    return _("Approved.") if found.state == "approved" else _("Approved; %(n)s more needed.", n=found.needed - found.given)


@approval.on_approved(KIND.code)
def approved(session: Any, request: approval.Approval, case: LoanCase) -> None:
    """LN-43: the last signature claims the line and moves the case, in the transaction of the vote."""
    claim_line(session, case)
    on = getattr(case, "decided_on", None) or clock.local(request.decided_at).date()
    case.approval_id, case.approved_on = request.id, on
    session.flush()
    advance(session, case, "approve", on=on)
    session.refresh(case)


def claim_line(session: Any, case: LoanCase, *, lock: bool = True) -> None:
    """LN-43: refuse what the fund's line no longer holds. Its row stays locked until the transaction ends; the trigger on the case
    books the exposure and the CHECK stands behind both. `lock=False` is the control of the race's test."""
    query = select(LoanOrganisation).where(LoanOrganisation.id == case.fund_id)
    query = query.with_for_update(of=LoanOrganisation) if lock else query
    fund = session.scalars(query.execution_options(populate_existing=True)).one()
    problems, left = Problems(), fund.line - fund.committed
    if left < case.amount_approved:
        problems.add("loans.LN-43", _l("Only %(left)s yuan of the fund's line are free; this loan needs %(amount)s.",
                                       left=f"{left:,.2f}", amount=f"{case.amount_approved:,.2f}"))
    problems.stop()


@approval.on_returned(KIND.code)
def returned(session: Any, request: approval.Approval, case: LoanCase) -> None:
    """A voter returns the decision: the bank's turn goes on, the decision is recorded anew. Other exits move the case themselves."""
    if getattr(case, "leaving", None) is None and case.state == "approval":
        case.amount_approved = case.rate = None
        session.flush()


def sign_case(session: Any, case: LoanCase, *, contract_on: date, contract_no: str) -> LoanCase:
    """LN-44: the loan takes the scheme and the LPR of its contract date and keeps them. Under another scheme than the case was judged
    by, the rules are asked again."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    records.not_future({"contract_on": contract_on}, problems, ("contract_on",))
    if case.approved_on is not None and contract_on < case.approved_on:
        problems.add("loans.LN-44", _l("It was approved on %(day)s; the contract is of that day or later.",
                                       day=case.approved_on.isoformat()), "contract_on")
    problems.stop()
    held = schemes.scheme_on(session, case.park_id, contract_on, region=case.scheme.region)
    if held.id != case.scheme_id:
        case.scheme = held
        session.flush()
        papers.sync(session, case)
        outcome = precheck.judge(session, case, on=contract_on)
        if not outcome.passed:
            problems.add("loans.LN-44", _l("On that day %(scheme)s holds, and not every rule is met: %(what)s", scheme=held.code,
                                           what=precheck.why_of(outcome)), "contract_on")
    case.lpr = check_rate(session, held, case.rate, contract_on, problems)
    problems.stop()
    case.contract_on, case.contract_no = contract_on, contract_no.strip()
    session.flush()
    advance(session, case, "sign", on=contract_on)
    return case


def _drop_request(session: Any, case: LoanCase, reason: str) -> None:
    """The waiting request goes with the case."""
    found = open_request(session, case)
    if found is None:
        return
    case.leaving = True
    if scope_of(session).user_id == found.requested_by_id or scope_of(session).system:
        approval.withdraw(session, found, reason)
    else:
        approval.vote(session, found, False, reason)


def return_case(session: Any, case: LoanCase, *, on: date, reason: str) -> LoanCase:
    """LN-45: back for completion. What was approved gives the line back and needs a new approval."""
    access.require(session, RESOURCE, "change")
    _drop_request(session, case, reason)
    advance(session, case, "return", on=on, reason=reason)
    session.refresh(case)
    case.amount_approved = case.rate = case.approval_id = case.approved_on = None
    session.flush()
    return case


def reject_case(session: Any, case: LoanCase, *, on: date, code: str, reason: str) -> LoanCase:
    """LN-46: no loan, with a reason code and words."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if code not in REJECTIONS:
        problems.add("loans.LN-46", _l("Choose a reason code."), "code")
    problems.stop()
    _drop_request(session, case, reason)
    case.reject_code = code
    session.flush()
    advance(session, case, "reject", on=on, reason=reason)
    return case


def withdraw_case(session: Any, case: LoanCase, *, on: date, reason: str) -> LoanCase:
    """The borrower takes it back; the fund's line is free again."""
    access.require(session, RESOURCE, "change")
    _drop_request(session, case, reason)
    advance(session, case, "withdraw", on=on, reason=reason)
    session.refresh(case)
    return case
