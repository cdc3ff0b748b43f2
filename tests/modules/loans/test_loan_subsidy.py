"""Interest subsidy per quarter: by scheme, overdue days and early repayment, four eyes, no double subsidy, the workbook."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from io import BytesIO

import pytest
from loan_help import acting, borrower_firm, firm_case, organisation, person, person_case, refused, running
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from modules.loans.checks.loans import double_subsidies
from modules.loans.models.subsidy import OtherSubsidy
from modules.loans.services import repayments, schemes, servicing, subsidy
from parkops.clock import now
from parkops.reports import registry as reports

Q3, END = date(2022, 7, 1), date(2022, 10, 8)


def claim_of(session, bank, quarter=Q3, on=END):
    with acting(session, "operations_clerk"):
        return subsidy.prepare_claim(session, bank_id=bank.id, quarter=quarter, prepared_on=on)


def paid_interest(session, case, until):
    """Every instalment up to the day, on its day."""
    for due in servicing.live_dues(session, case):
        if due.due_on <= until:
            repayments.record_repayment(session, case_id=case.id, paid_on=due.due_on, principal=due.principal, interest=due.interest,
                                        reference=f"P{due.seq}")


def test_a_quarter_under_2020(session):
    """300,000 yuan at 4.20 %, LPR 3.70 %: the borrower bears 2.20 %, 2.00 % are subsidised, 92 nights."""
    case = running(session)
    paid_interest(session, case, date(2022, 9, 30))
    claim = claim_of(session, case.bank)
    line = subsidy.lines(session, claim)[0]
    assert (line.days, line.excluded, line.subsidy_rate) == (92, 0, D("0.02"))
    assert (line.interest, line.subsidy) == (D("3175.89"), D("1512.33")) and "92" in line.explain
    assert (claim.total, claim.interest, claim.number[:3]) == (D("1512.33"), D("3175.89"), "LS-")


def test_l2_over_four_quarters_under_2023(session):
    """Half of the interest of a year, quarter by quarter: 6,900 yuan for 300,000 at 4.60 % (each quarter rounded by itself)."""
    on = date(2025, 1, 2)
    case = running(session, firm_case(session, borrower_firm(session, on=on), on=on), on=on, rate="0.046")
    paid_interest(session, case, date(2026, 1, 5))
    total = D(0)
    for quarter, day in ((date(2025, 1, 1), date(2025, 4, 1)), (date(2025, 4, 1), date(2025, 7, 1)), (date(2025, 7, 1), date(2025, 10, 1)),
                         (date(2025, 10, 1), date(2026, 1, 5))):
        total += claim_of(session, case.bank, quarter, day).total
    assert abs(total + D(300_000) * D("0.023") / 365 - D(6900)) <= D("0.02")  # the night of 1 January was before the loan


def test_overdue_days_and_early_repayment(session):
    case = running(session)
    repayments.record_repayment(session, case_id=case.id, paid_on=date(2022, 8, 1), principal=D(100_000), reference="early")
    line = subsidy.lines(session, claim_of(session, case.bank))[0]  # the instalment of 6 September is never paid
    assert (line.days, line.excluded) == (68, 24)
    assert line.subsidy == ((D(300_000) * 31 + D(200_000) * 37) * D("0.02") / 365).quantize(D("0.01"))


def test_days_of_an_extension_bear_none(session):
    case = running(session)
    case.extended_to = date(2025, 6, 6)
    found = subsidy.work_out(session, case, date(2024, 7, 1), date(2024, 10, 1))
    assert found.found is None and found.why_not


def test_a_contract_of_2020_has_no_rule_on_record(session):
    """Missing is not zero: the loan is named with the reason instead of a guess."""
    case = running(session)
    case.scheme.subsidy_from = date(2022, 7, 1)
    session.flush()
    claim = claim_of(session, case.bank)
    assert claim.total == 0 and "2022-07-01" in subsidy.without(session, claim)[0].why_not


def test_people_before_2020_04_get_everything_firms_half_of_lpr(session):
    scheme = running(session).scheme
    assert {k: scheme.subsidy_of(k) for k in ("person", "partnership", "firm")} == dict.fromkeys(("person", "partnership", "firm"),
                                                                                                  "above_lpr_minus")
    old = next(s for s in schemes.defaults()["schemes"] if s["code"] == "LOAN-SD-2020")
    assert (old["subsidy_person"], old["subsidy_firm"], old["subsidy_share"]) == ("full", "share_of_lpr", "0.5")


def test_ln70_a_quarter_once_and_over(session):
    bank = running(session).bank
    with refused("loans.LN-70"):
        claim_of(session, bank, Q3, date(2022, 9, 30))
    claim = claim_of(session, bank)
    with refused("loans.LN-70"):
        claim_of(session, bank)
    with acting(session, "operations_manager"):
        subsidy.cancel_claim(session, claim, reason="重新编制")
    again = claim_of(session, bank)
    assert len(subsidy.lines(session, again)) == 1


@pytest.mark.parametrize("user", ["operations_clerk", "system_administrator"])
def test_ln75_another_person_checks(session, user):
    case = running(session)
    with acting(session, "operations_manager", user=user):
        claim = subsidy.prepare_claim(session, bank_id=case.bank_id, quarter=Q3, prepared_on=END)
        with refused("loans.LN-75"):
            subsidy.approve_claim(session, claim, on=END)
    with acting(session, "finance"):
        subsidy.approve_claim(session, claim, on=END)
        subsidy.file_claim(session, claim, on=date(2022, 10, 9))
        with refused("loans.LN-76"):
            subsidy.pay_claim(session, claim, on=END)
        subsidy.pay_claim(session, claim, on=date(2022, 11, 9))
    line = subsidy.lines(session, claim)[0]
    with pytest.raises(DBAPIError, match="fixed"), session.begin_nested():
        session.execute(text("update loans_subsidy_line set subsidy = 0 where id = :i"), {"i": line.id})


def test_ln74_records_that_changed_are_not_signed(session):
    case = running(session)
    claim = claim_of(session, case.bank)
    repayments.record_repayment(session, case_id=case.id, paid_on=date(2022, 8, 1), principal=D(100_000), reference="late entry")
    with acting(session, "finance"), refused("loans.LN-74"):
        subsidy.approve_claim(session, claim, on=END)
    with acting(session, "operations_clerk"):
        subsidy.fill_again(session, claim)
    with acting(session, "finance"):
        assert subsidy.approve_claim(session, claim, on=END).state == "approved"


def test_ln72_no_double_subsidy(session):
    case = running(session)
    subsidy.add_other(session, case_id=case.id, title="中小微企业贷款贴息", from_on=date(2022, 9, 1))
    claim = claim_of(session, case.bank)
    assert (claim.total, subsidy.lines(session, claim)) == (0, [])
    other = running(session)
    second = claim_of(session, other.bank)
    with acting(session, "finance"):
        subsidy.approve_claim(session, second, on=END)
    with refused("loans.LN-72"):
        subsidy.add_other(session, case_id=other.id, title="中小微企业贷款贴息", from_on=date(2022, 9, 1))
    assert double_subsidies(session) == []
    session.add(OtherSubsidy(park_id=other.park_id, case_id=other.id, title="绕过服务", from_on=date(2022, 9, 1), central=True))
    session.flush()
    assert len(double_subsidies(session)) == 1, "the nightly check finds what went past the service"


def test_the_workbook(session):
    bank = organisation(session, "bank", "济宁银行")
    firm, one = running(session, bank=bank), running(session, person_case(session, person(session), bank=bank))
    claim = claim_of(session, bank)
    request = reports.Request(claim.park_id, None, END, now(), claim.id, "finance")
    book = load_workbook(BytesIO(reports.make(session, "loan-subsidy-claim", request, "xlsx")))
    cells = [[c.value for c in row] for row in book.worksheets[1].iter_rows()]
    rows = [r for r in cells if r and r[1] in (firm.number, one.number)]
    assert len(rows) == 2 and len(book.worksheets) >= 3
    assert sum(D(str(r[16])) for r in rows) == claim.total
