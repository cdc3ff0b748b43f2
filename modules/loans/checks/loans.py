"""Tie-outs of loans for `parkops check`: sums of the cases, lines of the funds, schedules, subsidies, and no double subsidy."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_, select

from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.case import LoanCase
from ..models.money import GuaranteeClaim, GuaranteeRecovery, LoanDue, LoanRepayment, LoanTranche
from ..models.organisation import LoanOrganisation
from ..models.subsidy import OtherSubsidy, SubsidyClaim, SubsidyLine
from ..states import OWING

C = LoanCase


def _sum(column: Any, *where: Any) -> Any:
    return (
        select(func.coalesce(func.sum(column), 0))
        .where(*where)
        .correlate(C, LoanOrganisation, GuaranteeClaim, SubsidyClaim)
        .scalar_subquery()
    )


def case_sums(session: Any) -> list[str]:
    """What a case says was paid out and paid back is the sum of its confirmed payouts and its repayments."""
    out = _sum(LoanTranche.amount, LoanTranche.case_id == C.id, LoanTranche.state == "confirmed")
    back = _sum(LoanRepayment.principal, LoanRepayment.case_id == C.id)
    interest = _sum(LoanRepayment.interest, LoanRepayment.case_id == C.id)
    rows = session.execute(
        select(C.number, C.disbursed, out, C.principal_repaid, back, C.interest_paid, interest).where(
            or_(C.disbursed != out, C.principal_repaid != back, C.interest_paid != interest)
        )
    )
    return [
        _(
            "Loan %(number)s: paid out %(a)s, records %(b)s; paid back %(c)s, records %(d)s; interest %(e)s, records %(f)s.",
            number=n,
            a=a,
            b=b,
            c=c,
            d=d,
            e=e,
            f=f,
        )
        for n, a, b, c, d, e, f in rows
    ]


def fund_lines(session: Any) -> list[str]:
    """A fund stands in for the sum of what its loans say, within its line."""
    exposed = _sum(C.exposure, C.fund_id == LoanOrganisation.id)
    o = LoanOrganisation
    rows = session.execute(
        select(o.name, o.committed, exposed, o.line).where(o.kind == "fund", or_(o.committed != exposed, exposed > o.line))
    )
    return [_("Fund %(name)s: stands in for %(a)s, its loans say %(b)s, line %(c)s.", name=n, a=a, b=b, c=c) for n, a, b, c in rows]


def schedules(session: Any) -> list[str]:
    """The principal of a schedule that holds is what was paid out."""
    plan = _sum(LoanDue.principal, LoanDue.case_id == C.id, LoanDue.live)
    rows = session.execute(select(C.number, C.disbursed, plan).where(C.state.in_(OWING), C.disbursed > 0, C.disbursed != plan))
    return [_("Loan %(number)s: paid out %(a)s, schedule %(b)s.", number=n, a=a, b=b) for n, a, b in rows]


def claims(session: Any) -> list[str]:
    """Subsidy claims and guarantee claims are the sums of their lines."""
    total = _sum(SubsidyLine.subsidy, SubsidyLine.claim_id == SubsidyClaim.id)
    rows = session.execute(select(SubsidyClaim.number, SubsidyClaim.total, total).where(SubsidyClaim.total != total))
    found = [_("Subsidy claim %(number)s: %(a)s, lines %(b)s.", number=n, a=a, b=b) for n, a, b in rows]
    back = _sum(GuaranteeRecovery.amount, GuaranteeRecovery.claim_id == GuaranteeClaim.id)
    rows = session.execute(select(GuaranteeClaim.number, GuaranteeClaim.recovered, back).where(GuaranteeClaim.recovered != back))
    return found + [_("Guarantee claim %(number)s: recovered %(a)s, records %(b)s.", number=n, a=a, b=b) for n, a, b in rows]


def double_subsidies(session: Any) -> list[str]:
    """LN-72: no loan has ours and another central subsidy for the same days."""
    overlap = and_(
        OtherSubsidy.case_id == SubsidyLine.case_id,
        OtherSubsidy.central,
        OtherSubsidy.from_on <= SubsidyLine.period_to,
        or_(OtherSubsidy.to_on.is_(None), OtherSubsidy.to_on >= SubsidyLine.period_from),
    )
    rows = session.execute(
        select(C.number, SubsidyLine.quarter, OtherSubsidy.title)
        .join(SubsidyLine, SubsidyLine.case_id == C.id)
        .join(OtherSubsidy, overlap)
        .where(SubsidyLine.live, SubsidyLine.subsidy > 0)
    )
    return [
        _("Loan %(number)s has our subsidy of the quarter from %(day)s and %(title)s too.", number=n, day=q, title=t) for n, q, t in rows
    ]


CHECKS = [
    Check("loans.case_sums", _l("Sums of loans are their payouts and repayments"), case_sums),
    Check("loans.fund_lines", _l("Guarantee funds stay within their lines"), fund_lines),
    Check("loans.schedules", _l("Schedules of loans come to what was paid out"), schedules),
    Check("loans.claims", _l("Claims are the sums of their lines"), claims),
    Check("loans.no_double_subsidy", _l("No loan has two central subsidies"), double_subsidies),
]
