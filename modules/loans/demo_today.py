"""Demo, last part: a case in every stage on the desks of today."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from parkops import attachments

from . import demo_data as data
from .demo_loans import DAY, Story
from .models.case import LoanCase
from .services import cases, clocks, decide, papers, precheck, standings, tranches

STAGES = ("enquiry", "precheck", "papers", "expiring", "qualification", "asked", "diligence", "approval", "deciding", "contract", "paying")


def build(context: Any, story: Story, today: date) -> None:
    """Eleven cases, each as far as its name says."""
    for n, stage in enumerate(STAGES):
        kind = "firm" if n % 2 else "person"
        plan = data.Plan(900 + n, kind, data.workday(today - timedelta(days=40 - 2 * n)), Decimal(600_000 if kind == "firm" else 280_000), 24)
        with context.scope("operations_clerk") as s:
            case = story.enquire(s, plan)
            _carry(s, case, stage, plan.applied_on, today)
            case_id = case.id
        if stage in ("contract", "paying"):
            _approve(context, case_id, stage, today)


def facts(context: Any, story: Story, today: date) -> None:
    """Loan facts of sixty firms, asked this spring: two of three hire enough, some are in arrears or did not say."""
    with context.scope("operations_clerk") as s:
        firms = [f for f in precheck.firms_on(s, context.park_id, today) if f.id not in story.busy][:60]
        for n, firm in enumerate(firms):
            staff = 8 + n * 7 % 60
            standings.add_standing(
                s, firm_id=firm.id, on_date=today - timedelta(days=60 + n), staff_total=staff, hired_eligible=max(1, staff // (7 if n % 3 else 30)),
                contracts_year=True, in_arrears=n % 11 == 4, other_loans=False, past_overdue=False, earlier_uses=None if n % 9 == 5 else 0,
                source="年度走访核实")


def _carry(session: Any, case: LoanCase, stage: str, on: date, today: date) -> None:
    """As far as the clerk gets."""
    if stage == "enquiry":
        return
    cases.precheck_case(session, case, on=on + DAY)
    if stage == "precheck":
        return
    cases.collect_papers(session, case, on=on + 2 * DAY)
    rows, came = papers.of_case(session, case), on + 5 * DAY
    if stage in ("papers", "expiring"):
        some = rows[:5] if stage == "papers" else [p for p in rows if p.kind.code != "consent"]
        for paper in some:
            issued = today - timedelta(days=paper.kind.valid_days - 6) if paper.kind.valid_days in (60, 90) else came
            papers.receive_paper(session, paper, on=today if issued > came else came, issued_on=min(issued, today))
        return
    papers.receive_papers(session, rows, on=came)
    attachments.attach(session, case, _scan(case.number), "创业担保贷款审核表.pdf", kind="loan_paper")
    cases.submit_case(session, case, on=came)
    if stage == "asked":
        clocks.hand_over(session, case, party="tenant", on=came + 3 * DAY, note="补充新招用人员的社保缴费记录")
    if stage in ("qualification", "asked"):
        return
    cases.qualify_case(session, case, on=came + 4 * DAY, reference=f"济高新人社核〔{on.year}〕{case.id}号")
    if stage == "diligence":
        return
    cases.agree_guarantee(session, case, on=came + 9 * DAY)
    if stage != "approval":
        decide.record_decision(session, case, amount=case.amount_requested, rate=Decimal("0.039"), on=came + 12 * DAY)


def _scan(number: str) -> Any:
    from io import BytesIO

    return BytesIO(f"%PDF-1.4\n% {number} (demo)\n%%EOF\n".encode())


def _approve(context: Any, case_id: int, stage: str, today: date) -> None:
    with context.scope("operations_manager") as s:
        decide.approve_case(s, s.get(LoanCase, case_id), on=today - 5 * DAY)
    if stage == "paying":
        with context.scope("operations_clerk") as s:
            case = decide.sign_case(s, s.get(LoanCase, case_id), contract_on=today - 4 * DAY, contract_no=f"JN{today:%Y%m%d}900")
            tranches.record_tranche(s, case_id=case_id, amount=case.amount_approved / 2, paid_on=today - 2 * DAY, reference="FK900")
