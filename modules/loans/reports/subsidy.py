"""The claim of interest subsidy as a workbook and on paper, for the bank and the finance office."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.case import LoanCase
from ..models.money import LoanTranche
from ..models.scheme import KINDS
from ..models.subsidy import SubsidyClaim, SubsidyLine
from ..services import subsidy


def _row(n: int, line: SubsidyLine) -> list[Any]:
    case = line.case
    return [
        n,
        case.number,
        str(case.firm),
        str(KINDS.label(case.kind)),
        case.scheme.code,
        case.contract_no,
        case.contract_on,
        case.disbursed,
        case.rate,
        case.lpr,
        line.period_from,
        line.period_to,
        line.days,
        line.excluded,
        line.interest,
        line.subsidy_rate,
        line.subsidy,
        line.explain,
    ]


def _columns() -> tuple[Column, ...]:
    return (
        Column(_l("No."), "int", 0.4),
        Column(_l("Loan number"), width=1.1),
        Column(_l("Firm"), width=1.8),
        Column(_l("Borrower is")),
        Column(_l("Loan scheme")),
        Column(_l("Loan contract no."), width=1.2),
        Column(_l("Contract of"), "date"),
        Column(_l("Loan paid out"), "money"),
        Column(_l("Interest rate a year"), "percent", 0.7),
        Column(_l("LPR of the contract"), "percent", 0.7),
        Column(_l("From"), "date"),
        Column(_l("To"), "date"),
        Column(_l("Days with interest"), "int", 0.6),
        Column(_l("Days not subsidised"), "int", 0.6),
        Column(_l("Interest"), "money"),
        Column(_l("Rate subsidised"), "percent", 0.7),
        Column(_l("Interest subsidy amount"), "money"),
        Column(_l("How it was worked out"), width=2.5),
    )


def _by_scheme(lines: list[SubsidyLine]) -> Table:
    """Loans, interest and subsidy per scheme."""
    sums: dict[str, list[Any]] = {}
    for line in lines:
        row = sums.setdefault(line.case.scheme.code, [0, 0, 0])
        row[0], row[1], row[2] = row[0] + 1, row[1] + line.interest, row[2] + line.subsidy
    columns = (
        Column(_l("Loan scheme"), width=2),
        Column(_l("Loans"), "int"),
        Column(_l("Interest"), "money"),
        Column(_l("Interest subsidy amount"), "money"),
    )
    return Table(columns, [[code, *row] for code, row in sorted(sums.items())])


def claim_book(session: Any, request: Request) -> Document:
    """Cover, the loans with how each was worked out, totals by scheme, and the loans without subsidy."""
    claim = session.scalars(select(SubsidyClaim).where(SubsidyClaim.id == request.record_id)).first()
    if claim is None:
        raise NotFound(_l("There is no such record in your parks."))
    lines = subsidy.lines(session, claim)
    totals: list[Any] = [None] * 18
    totals[14], totals[16] = claim.interest, claim.total
    without = [[w.case.number, str(w.case.firm), w.why_not] for w in subsidy.without(session, claim)]
    facts = (
        (_l("Lending bank"), str(claim.bank), "text"),
        (_l("Finance office"), str(claim.finance or ""), "text"),
        (_l("Quarter"), claim.quarter_key, "text"),
        (_l("Loans"), len(lines), "int"),
        (_l("Interest of the quarter"), claim.interest, "money"),
        (_l("Subsidy claimed"), claim.total, "money"),
        (_l("Prepared on"), claim.prepared_on, "date"),
        (_l("Checked on"), claim.approved_on, "date"),
    )
    return Document(
        _l("Claim of interest subsidy"),
        f"{claim.number} · {claim.bank} · {claim.quarter_key}",
        (
            Section(_l("Claim of interest subsidy"), facts=facts),
            Section(_l("Loans of the claim"), table=Table(_columns(), [_row(n, x) for n, x in enumerate(lines, 1)], totals)),
            Section(_l("By scheme"), table=_by_scheme(lines)),
            Section(
                _l("Without subsidy"),
                table=Table((Column(_l("Loan number")), Column(_l("Firm"), width=2), Column(_l("Why"), width=3)), without),
            ),
        ),
        request.at,
        request.made_by,
        landscape=True,
    )


def _ledger(session: Any, request: Request) -> list[tuple[LoanCase, LoanTranche]]:
    assert request.period is not None
    query = (
        select(LoanCase, LoanTranche)
        .join(LoanTranche, LoanTranche.case_id == LoanCase.id)
        .where(LoanTranche.state == "confirmed", LoanTranche.paid_on >= request.period.start, LoanTranche.paid_on < request.period.end)
    )
    query = query.where(LoanCase.park_id == request.park_id) if request.park_id else query
    return [(c, t) for c, t in session.execute(query.order_by(LoanTranche.paid_on, LoanTranche.id))]


def loan_register(session: Any, request: Request) -> Document:
    """Every payout of the period with its loan."""
    rows = _ledger(session, request)
    columns = (
        Column(_l("Paid out on"), "date"),
        Column(_l("Loan number")),
        Column(_l("Firm"), width=2),
        Column(_l("Borrower is")),
        Column(_l("Loan scheme")),
        Column(_l("Lending bank"), width=1.5),
        Column(_l("Amount paid out"), "money"),
        Column(_l("Interest rate a year"), "percent"),
        Column(_l("Falls due on"), "date"),
        Column(_l("Jobs tied to the loan"), "int"),
    )
    table = [
        [t.paid_on, c.number, str(c.firm), str(KINDS.label(c.kind)), c.scheme.code, str(c.bank), t.amount, c.rate, c.last_day, c.jobs]
        for c, t in rows
    ]
    totals: list[Any] = [None] * 10
    totals[6] = sum((t.amount for _c, t in rows), 0)
    return Document(
        _l("Register of start-up loans"),
        request.period.key,
        (Section(_l("Payouts"), table=Table(columns, table, totals)),),
        request.at,
        request.made_by,
        landscape=True,
    )


REPORTS = [
    Report(
        "loan-subsidy-claim",
        _l("Claim of interest subsidy"),
        claim_book,
        resource="loans.subsidy_claim",
        needs=("record",),
        explain=_l("The loans of the claim with how each was worked out, for the bank and the finance office."),
    ),
    Report(
        "loan-register",
        _l("Register of start-up loans"),
        loan_register,
        resource="loans.case",
        needs=("period",),
        explain=_l("Every confirmed payout of the period with its loan."),
    ),
]
