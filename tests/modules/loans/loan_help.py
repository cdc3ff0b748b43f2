"""Builders for the tests of loans: a firm of the park with its facts, the partners, a case at any stage, acting as a persona in one session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from core_help import incubatee
from sqlalchemy import text
from stdnum.cn import ric
from support_help import statement

from modules.loans.models.case import LoanCase
from modules.loans.models.organisation import LoanOrganisation
from modules.loans.models.person import LoanPerson
from modules.loans.services import cases, decide, organisations, papers, persons, standings, tranches
from parkops.db.session import scope_of
from parkops.errors import RuleError
from parkops.security.catalogue import role_rights

_n = count(1)
DAY = date(2022, 6, 6)


@contextmanager
def acting(s: Any, role: str, user: str | None = None) -> Iterator[Any]:
    """The same session and transaction, with the rights and the name of a persona."""
    before = scope_of(s)
    uid = s.connection().execute(text("select id from ab_user where username = :n"), {"n": user or role}).scalar_one()
    s.info["scope"] = replace(before, user_id=uid, user_name=user or role, roles=frozenset({role}), system=False,
                              rights=role_rights(frozenset({role})), parks=frozenset({before.park_id}), via="screen")
    try:
        yield s
    finally:
        s.flush()
        s.info["scope"] = before


class refused:
    """`with refused("loans.LN-30"): …`: exactly these problems, no other error."""

    def __init__(self, *codes: str):
        self.codes = list(codes)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        assert kind is RuleError, f"{self.codes} expected, got {error!r}"
        assert error.codes == self.codes, error.codes
        return True


def number() -> str:
    """A valid resident identity number, a new one each time."""
    n = next(_n)
    body = f"370811199{n % 10}0{1 + n // 10 % 9}{10 + n // 90 % 18}{n % 1000:03d}"
    return body + ric.calc_check_digit(body + "0")


def borrower_firm(s: Any, *, staff: int = 20, hired: int = 4, on: date = DAY, facts: bool = True, **values: Any) -> Any:
    """A micro software firm in incubation whose loan facts say yes to everything."""
    firm = incubatee(s, industry="software", **values)
    statement(s, firm, str(on.year - 1), staff_total=min(staff, 90), revenue="400000.00", total_assets="500000.00")
    if facts:
        standings.add_standing(s, firm_id=firm.id, on_date=on.replace(day=1), staff_total=staff, hired_eligible=hired, contracts_year=True,
                               in_arrears=False, other_loans=False, past_overdue=False, earlier_uses=0, source="花名册、社保证明")
    return firm


def organisation(s: Any, kind: str, name: str | None = None, **values: Any) -> LoanOrganisation:
    """A bank, fund or office; a fund has a line of ten million and bears 80 %."""
    if kind == "fund":
        values = {"line": Decimal(10_000_000), "bears": Decimal("0.8"), **values}
    return organisations.create_organisation(s, kind=kind, name=name or f"{kind}{next(_n)}", **values)


def person(s: Any, *, group: str | None = "graduate", graduated: date | None = date(2021, 6, 30), **values: Any) -> LoanPerson:
    """Somebody who has agreed."""
    values = {"name": "张三", "id_number": number(), "consent_on": date(2022, 5, 1), "consent_how": "paper", "consent_text": "PI-2022", **values}
    return persons.add_person(s, identity_group=group, graduated_on=graduated, **values)


def firm_case(s: Any, firm: Any = None, *, amount: Any = 300_000, on: date = DAY, bank: Any = None, fund: Any = None, term: int = 24,
              **values: Any) -> LoanCase:
    """An enquiry of a small firm."""
    firm = firm or borrower_firm(s, on=on)
    bank, fund = bank or organisation(s, "bank"), fund or organisation(s, "fund")
    return cases.create_case(s, firm_id=firm.id, kind="firm", applied_on=on, amount_requested=Decimal(amount), term_months=term,
                             bank_id=bank.id, fund_id=fund.id, earlier_uses=values.pop("earlier_uses", 0), jobs=values.pop("jobs", 4), **values)


def person_case(s: Any, who: LoanPerson | None = None, *, firm: Any = None, amount: Any = 150_000, on: date = DAY, bank: Any = None,
                fund: Any = None, **values: Any) -> LoanCase:
    """An enquiry of a person of a firm of the park."""
    firm = firm or borrower_firm(s, on=on, facts=False)
    bank, fund = bank or organisation(s, "bank"), fund or organisation(s, "fund")
    values = {"earlier_uses": 0, "other_loans": False, "past_overdue": False, "term_months": 24, **values}
    case = cases.create_case(s, firm_id=firm.id, kind="person", applied_on=on, amount_requested=Decimal(amount), bank_id=bank.id,
                             fund_id=fund.id, **values)
    persons.add_party(s, case_id=case.id, person_id=(who or person(s)).id, role="borrower")
    return case


def handed_in(s: Any, case: LoanCase, *, on: date | None = None) -> LoanCase:
    """Through pre-check and documents to the HR office."""
    on = on or case.applied_on
    cases.precheck_case(s, case, on=on)
    cases.collect_papers(s, case, on=on)
    for paper in papers.of_case(s, case):
        papers.receive_paper(s, paper, on=on)
    return cases.submit_case(s, case, on=on)


def at_bank(s: Any, case: LoanCase, *, on: date | None = None) -> LoanCase:
    """The bank decides."""
    on = on or case.applied_on
    handed_in(s, case, on=on)
    cases.qualify_case(s, case, on=on, reference="人社核〔2022〕1号")
    return cases.agree_guarantee(s, case, on=on)


def decided(s: Any, case: LoanCase, *, on: date | None = None, amount: Any = None, rate: str = "0.042") -> LoanCase:
    """The clerk has recorded the bank's decision; the approval waits."""
    with acting(s, "operations_clerk"):
        decide.record_decision(s, case, amount=Decimal(amount or case.amount_requested), rate=Decimal(rate), on=on or case.applied_on)
    return case


def signed(s: Any, case: LoanCase, *, on: date | None = None, amount: Any = None, rate: str = "0.042") -> LoanCase:
    """Approved by the manager and signed on the day."""
    on = on or case.applied_on
    if case.state == "enquiry":
        at_bank(s, case, on=on)
    decided(s, case, on=on, amount=amount, rate=rate)
    for role in ("operations_manager", "leadership"):
        if case.state == "approval":
            with acting(s, role):
                decide.approve_case(s, case, on=on)
    return decide.sign_case(s, case, contract_on=on, contract_no=f"C-{case.number}")


def paid_out(s: Any, case: LoanCase, *parts: tuple[date, Any]) -> LoanCase:
    """Tranches recorded by the clerk and confirmed by finance; without parts the whole amount on the contract's day."""
    for on, amount in parts or ((case.contract_on, case.amount_approved),):
        with acting(s, "operations_clerk"):
            row = tranches.record_tranche(s, case_id=case.id, amount=Decimal(amount), paid_on=on, reference=f"R{next(_n)}")
        with acting(s, "finance"):
            tranches.confirm_tranche(s, row)
    return case


def running(s: Any, case: LoanCase | None = None, *, on: date = DAY, amount: Any = None, rate: str = "0.042", **values: Any) -> LoanCase:
    """A loan paid out at once."""
    return paid_out(s, signed(s, case or firm_case(s, on=on, **values), on=on, amount=amount, rate=rate))
