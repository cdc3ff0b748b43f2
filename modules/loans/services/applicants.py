"""Who the rules are asked about: a case, or a firm looked at by the dry run; and the set-based look-ups behind the facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.models.firm import Firm
from parkops.workflow import Transition

from ..models.case import LoanCase, LoanCaseParty
from ..models.person import LoanPerson
from ..states import OWING

BORROWING = ("borrower", "partner")


@dataclass(frozen=True)
class Applicant:
    """id: of the case, or of the firm in a dry run (`case` is None then)."""

    id: int
    park_id: int
    kind: str
    firm: Firm
    amount: Decimal | None
    term_months: int | None
    case: LoanCase | None = None

    @property
    def case_id(self) -> int:
        return self.case.id if self.case is not None else 0


def of_case(case: LoanCase) -> Applicant:
    """The subject of the rules for a case: what was approved counts from the approval on."""
    amount = case.amount_approved if case.amount_approved is not None else case.amount_requested
    return Applicant(case.id, case.park_id, case.kind, case.firm, amount, case.term_months, case)


def of_firm(firm: Firm, *, amount: Decimal | None, term_months: int | None) -> Applicant:
    """A firm as it would borrow today."""
    return Applicant(firm.id, firm.park_id, "firm", firm, amount, term_months)


def people(session: Any, subjects: Sequence[Applicant]) -> dict[int, list[tuple[str, LoanPerson]]]:
    """Case id -> (role, person)."""
    ids = [s.case_id for s in subjects if s.case is not None]
    out: dict[int, list[tuple[str, LoanPerson]]] = defaultdict(list)
    query = select(LoanCaseParty.case_id, LoanCaseParty.role, LoanPerson).join(LoanPerson, LoanPerson.id == LoanCaseParty.person_id)
    for case_id, role, person in session.execute(query.where(LoanCaseParty.case_id.in_(ids)).order_by(LoanCaseParty.id)):
        out[case_id].append((role, person))
    return out


def _others(session: Any, subjects: Sequence[Applicant], on: date) -> dict[int, list[LoanCase]]:
    """Subject -> other loans paid out by the day to the same borrower: the firm's own, or those of its borrowing people."""
    found, out = people(session, subjects), {s.id: [] for s in subjects}
    firms = {s.firm.id for s in subjects if s.kind == "firm"}
    persons = {p.id for rows in found.values() for role, p in rows if role in BORROWING}
    by_firm: dict[int, list[LoanCase]] = defaultdict(list)
    by_person: dict[int, list[LoanCase]] = defaultdict(list)
    paid = (LoanCase.disbursed > 0, LoanCase.first_paid_on <= on)
    for case in session.scalars(select(LoanCase).where(*paid, LoanCase.kind == "firm", LoanCase.firm_id.in_(firms))):
        by_firm[case.firm_id].append(case)
    query = select(LoanCaseParty.person_id, LoanCase).join(LoanCase, LoanCase.id == LoanCaseParty.case_id)
    for person_id, case in session.execute(query.where(*paid, LoanCaseParty.person_id.in_(persons), LoanCaseParty.role.in_(BORROWING))):
        by_person[person_id].append(case)
    for s in subjects:
        if s.kind == "firm":
            rows = by_firm[s.firm.id]
        else:  # the partner used most often counts
            own = [by_person[p.id] for role, p in found[s.case_id] if role in BORROWING]
            rows = max(own, key=len, default=[])
        out[s.id] = [c for c in rows if c.id != s.case_id]
    return out


def earlier(session: Any, subjects: Sequence[Applicant], on: date) -> dict[int, list[LoanCase]]:
    """Earlier loans of the programme served by the park, oldest first."""
    return {i: sorted(rows, key=lambda c: (c.first_paid_on, c.id)) for i, rows in _others(session, subjects, on).items()}


def ever_overdue(session: Any, case_ids: Sequence[int], on: date) -> set[int]:
    """Those of the loans that were overdue at some time by the day."""
    t = Transition
    return set(session.scalars(select(t.record_id).where(
        t.resource == "loans.case", t.record_id.in_(list(case_ids)), t.to_state == "overdue", t.on_date <= on)))


def guarantees(session: Any, subjects: Sequence[Applicant]) -> dict[int, list[tuple[LoanPerson, LoanCase]]]:
    """Subject -> its guarantors that stand in for another loan that runs, or borrow one."""
    found = people(session, subjects)
    guarantors = {p.id: p for rows in found.values() for role, p in rows if role == "guarantor"}
    query = select(LoanCaseParty.person_id, LoanCase).join(LoanCase, LoanCase.id == LoanCaseParty.case_id).where(
        LoanCaseParty.person_id.in_(list(guarantors)), or_(LoanCase.state.in_(OWING), LoanCase.state == "contract"),
        LoanCaseParty.role.in_(("guarantor", *BORROWING)))
    running = session.execute(query).all()
    return {s.id: [(p, case) for role, p in found[s.case_id] if role == "guarantor"
                   for person_id, case in running if person_id == p.id and case.id != s.case_id] for s in subjects}
