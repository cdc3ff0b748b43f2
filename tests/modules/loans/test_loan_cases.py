"""The life of a case, by rule number."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from loan_help import (
    DAY,
    acting,
    at_bank,
    borrower_firm,
    decided,
    firm_case,
    handed_in,
    organisation,
    person,
    person_case,
    refused,
    running,
    signed,
)

from modules.loans.models.scheme import LoanPaperKind
from modules.loans.services import cases, clocks, decide, papers, persons, precheck, repayments, schemes, servicing, standings
from parkops import approval
from parkops.errors import NotAllowed, RuleError
from parkops.rules import engine

LAST, FIRST = date(2023, 9, 30), date(2023, 10, 1)


def lines(outcome):
    return {line.code: line.verdict for line in outcome.lines}


def test_from_enquiry_to_settlement(session, park):
    case = running(session)
    assert (case.state, case.disbursed, case.exposure, case.fund.committed) == ("running", Decimal(300_000), Decimal(300_000), Decimal(300_000))
    assert case.matures_on == date(2024, 6, 6) and case.scheme.code == "LOAN-2020"
    dues = servicing.live_dues(session, case)
    assert len(dues) == 8 and sum(d.principal for d in dues) == Decimal(300_000)
    for due in dues:
        repayments.record_repayment(session, case_id=case.id, paid_on=due.due_on, principal=due.principal, interest=due.interest,
                                    reference=f"B{due.seq}")
    assert servicing.watch_all(session, on=date(2024, 6, 7), park_id=park.id)["settled"] == 1
    session.refresh(case)
    assert (case.state, case.settled_on, case.exposure, case.fund.committed) == ("settled", date(2024, 6, 6), 0, 0)


def test_l3_cap_of_an_individual_by_the_day(session):
    """300,000 yuan on 2023-09-30: above the cap of 200,000; a day later within it."""
    for on, verdict, cap in ((LAST, "fail", 200_000), (FIRST, "pass", 300_000)):
        case = person_case(session, person(session, graduated=date(2022, 6, 30)), amount=300_000, on=on)
        outcome = precheck.examine(session, case, on=on)
        assert lines(outcome)["CAP"] == verdict and schemes.cap_of(session, case.scheme, "person") == cap
        assert all(v == "pass" for code, v in lines(outcome).items() if code != "CAP")


@pytest.mark.parametrize(("staff", "hired", "on", "verdict"), [
    (80, 8, FIRST, "pass"), (80, 8, LAST, "fail"),  # L4
    (120, 6, FIRST, "pass"), (100, 6, FIRST, "fail"), (120, 6, LAST, "fail"), (120, 10, LAST, "pass")])  # L5
def test_l4_l5_hiring_ratio(session, staff, hired, on, verdict):
    case = firm_case(session, borrower_firm(session, staff=staff, hired=hired, on=on), on=on)
    outcome = precheck.examine(session, case, on=on)
    found = {line.code: line.verdict for line in outcome.lines if line.any_of == "hiring"}
    assert ("pass" if "pass" in found.values() else "fail") == verdict == outcome.verdict


def test_l6_the_fourth_use_is_refused(session):
    """Two elsewhere and one here make this the fourth."""
    first = running(session, on=date(2021, 4, 6))
    bank, fund = first.bank, first.fund
    facts = {"staff_total": 20, "hired_eligible": 4, "contracts_year": True, "in_arrears": False, "other_loans": False, "past_overdue": False}
    standings.add_standing(session, firm_id=first.firm_id, on_date=date(2022, 5, 1), source="补充", earlier_uses=2, **facts)
    for earlier, verdict, use in ((1, "pass", 3), (2, "fail", 4)):
        case = firm_case(session, first.firm, bank=bank, fund=fund, earlier_uses=earlier)
        outcome = precheck.judge(session, case, on=DAY)
        assert (lines(outcome)["TIMES"], case.use_no) == (verdict, use)
        assert first.number in next(x.source for x in outcome.lines if x.code == "TIMES")


def test_what_nobody_declared_cannot_be_said(session):
    case = firm_case(session, borrower_firm(session, facts=False), earlier_uses=None)
    outcome = precheck.examine(session, case, on=DAY)
    assert outcome.verdict == "unknown" and {"HIRE", "HIRE-100", "CONTRACT", "ARREARS", "TIMES", "OVERDUE"} <= {
        line.code for line in outcome.lines if line.verdict == "unknown" and line.collect}


def test_facts_grow_old(session):
    firm = borrower_firm(session, on=date(2021, 5, 20))
    outcome = precheck.examine(session, firm_case(session, firm), on=DAY)
    assert lines(outcome)["HIRE"] == "unknown"


@pytest.mark.parametrize(("group", "graduated", "code", "verdict"), [
    (None, None, "GROUP", "unknown"), ("veteran", None, "GRADUATE", "pass"), ("graduate", None, "GRADUATE", "unknown"),
    ("graduate", date(2017, 6, 5), "GRADUATE", "fail"), ("graduate", date(2017, 6, 6), "GRADUATE", "pass")])
def test_groups_and_five_years(session, group, graduated, code, verdict):
    case = person_case(session, person(session, group=group, graduated=graduated))
    assert lines(precheck.examine(session, case, on=DAY))[code] == verdict


def test_partners_a_head_and_together(session):
    firm = borrower_firm(session, on=FIRST, facts=False)
    for amount, partners, cap_head, cap in ((990_000, 3, "pass", "pass"), (1_000_000, 3, "fail", "pass"), (4_200_000, 20, "pass", "fail")):
        case = cases.create_case(session, firm_id=firm.id, kind="partnership", partners=partners, applied_on=FIRST, term_months=36,
                                 amount_requested=Decimal(amount))
        found = lines(precheck.examine(session, case, on=FIRST))
        assert (found["CAP-HEAD"], found["CAP"]) == (cap_head, cap)


def test_a_bound_guarantor_fails_the_rule(session):
    guarantor, first = person(session, group=None), running(session)
    persons.add_party(session, case_id=first.id, person_id=guarantor.id, role="guarantor")
    second = person_case(session)
    persons.add_party(session, case_id=second.id, person_id=guarantor.id, role="guarantor")
    outcome = precheck.examine(session, second, on=DAY)
    assert lines(outcome)["GUARANTOR"] == "fail" and first.number in next(x.source for x in outcome.lines if x.code == "GUARANTOR")


def test_ln30_every_problem_at_once(session):
    bank = organisation(session, "bank")
    with refused("loans.LN-30", "loans.LN-30", "loans.LN-30"):
        cases.create_case(session, firm_id=borrower_firm(session).id, kind="partnership", applied_on=DAY, amount_requested=Decimal(0),
                          term_months=24, fund_id=bank.id)


def test_ln33_documents_missing_and_expired(session):
    case = firm_case(session)
    cases.precheck_case(session, case, on=DAY)
    cases.collect_papers(session, case, on=DAY)
    assert "营业执照" in cases.why_not_submit(session, case)
    for paper in papers.of_case(session, case):
        papers.receive_paper(session, paper, on=DAY)
    old = next(p for p in papers.of_case(session, case) if p.kind.code == "insurance")
    assert old.expires_on == date(2022, 8, 5) and papers.status(old, date(2022, 8, 6)) == "expired"
    with pytest.raises(RuleError, match="社会保险") as e:
        cases.submit_case(session, case, on=date(2022, 8, 6))
    assert e.value.codes == ["loans.LN-33"]
    with refused("loans.LN-25"):
        papers.receive_paper(session, old, on=date(2022, 8, 6), issued_on=date(2022, 6, 1))
    papers.receive_paper(session, old, on=date(2022, 8, 6))
    assert cases.submit_case(session, case, on=date(2022, 8, 6)).state == "qualification"


def test_a_waived_document_needs_a_reason_and_the_right(session):
    case = firm_case(session)
    cases.precheck_case(session, case, on=DAY)
    paper = papers.of_case(session, cases.collect_papers(session, case, on=DAY))[0]
    with acting(session, "operations_clerk"), pytest.raises(NotAllowed):
        papers.waive_paper(session, paper, note="x")
    with refused("loans.LN-25"):
        papers.waive_paper(session, paper, note=" ")
    assert papers.waive_paper(session, paper, note="上年已交").state == "waived"


def test_checklist_fits_the_borrower(session):
    case = person_case(session)
    cases.precheck_case(session, case, on=DAY)
    codes = {p.kind.code for p in papers.of_case(session, cases.collect_papers(session, case, on=DAY))}
    assert "credit_report" in codes and not codes & {"staff_list", "partner_agreement"}
    assert session.query(LoanPaperKind).filter_by(scheme_id=case.scheme_id).count() == 14


def test_ln16_ln17_clocks_stop_when_the_ball_is_elsewhere(session):
    """Friday 10 June handed in; HR asks the firm on Tuesday, has the answer on Friday, confirms on Monday."""
    case = handed_in(session, firm_case(session), on=DAY)
    tue, fri, mon = date(2022, 6, 7), date(2022, 6, 10), date(2022, 6, 13)
    clocks.hand_over(session, case, party="tenant", on=tue, note="补劳动合同")
    with refused("loans.LN-17"):
        clocks.hand_over(session, case, party="tenant", on=tue, note="again")
    clocks.hand_over(session, case, party="hr", on=fri, note="已补")
    with refused("loans.LN-16"):
        cases.qualify_case(session, case, on=tue)
    cases.qualify_case(session, case, on=mon)
    turn = next(t for t in clocks.turns(session, case, mon) if t.stage == "qualification")
    assert (turn.owner, turn.promised, turn.own, turn.others) == ("hr", 5, 2, 3)
    assert clocks.days_by_party(session, [case.id], mon)[case.id]["tenant"] == 3


def test_ln40_amount_rate_cap_and_open_request(session):
    case = at_bank(session, firm_case(session))
    with acting(session, "operations_clerk"):
        with refused("loans.LN-40", "loans.LN-42"):
            decide.record_decision(session, case, amount=Decimal(300_001), rate=Decimal("0.0421"), on=DAY)  # LPR 3.70 % + 50 points
        decide.record_decision(session, case, amount=Decimal(300_000), rate=Decimal("0.042"), on=DAY)
        with refused("loans.LN-40"):
            decide.record_decision(session, case, amount=Decimal(300_000), rate=Decimal("0.042"), on=DAY)


@pytest.mark.parametrize("role", ["operations_clerk", "operations_manager", "system_administrator"])
def test_ln41_nobody_approves_what_they_recorded(session, role):
    """Admin included: with every right, the maker is refused."""
    case = at_bank(session, firm_case(session))
    with acting(session, "operations_manager", user=role):
        decide.record_decision(session, case, amount=Decimal(100_000), rate=Decimal("0.042"), on=DAY)
        with pytest.raises(RuleError) as e:
            decide.approve_case(session, case, on=DAY)
        assert e.value.codes == ["approval.own"]
    with acting(session, "operations_manager", user="finance"):
        decide.approve_case(session, case, on=DAY)
    assert case.state == "contract"


def test_ln41_the_preparer_does_not_approve_either(session):
    case = at_bank(session, firm_case(session))
    with acting(session, "operations_manager"):
        cases.choose_parties(session, case, bank_id=case.bank_id, fund_id=case.fund_id)
    with acting(session, "operations_manager") as s:
        case.prepared_by_id = s.info["scope"].user_id
    decided(session, case)
    with acting(session, "operations_manager"), refused("loans.LN-41"):
        decide.approve_case(session, case, on=DAY)


def test_two_sign_from_a_million(session):
    case = decided(session, at_bank(session, firm_case(session, amount=1_000_000)))
    with acting(session, "operations_manager"):
        decide.approve_case(session, case, on=DAY)
        assert case.state == "approval"
    with acting(session, "leadership"):
        decide.approve_case(session, case, on=DAY)
    assert case.state == "contract"


def test_ln44_a_loan_takes_the_scheme_of_its_contract(session):
    """Judged under LOAN-2020, signed on the first day of LOAN-2023: half of the interest, another cap over LPR."""
    case = decided(session, at_bank(session, firm_case(session, on=LAST), on=LAST), on=LAST, rate="0.0395")
    with acting(session, "operations_manager"):
        decide.approve_case(session, case, on=LAST)
    decide.sign_case(session, case, contract_on=FIRST, contract_no="C-1")
    assert (case.scheme.code, case.lpr, case.rule_set) == ("LOAN-2023", Decimal("0.0345"), "LOAN-2023-F")
    assert case.scheme.subsidy_of("firm") == "share_of_interest"


def test_ln44_refused_when_the_new_scheme_says_no(session):
    """15 % hired would do under both, a person graduated long ago under none: an individual's term of the contract date counts."""
    case = signed(session, firm_case(session))
    assert case.scheme.code == "LOAN-2020"
    with pytest.raises(Exception, match="keeps the scheme"), session.begin_nested():
        case.scheme_id = schemes.scheme_on(session, case.park_id, FIRST).id
        session.flush()


def test_returned_gives_the_line_back_and_is_approved_anew(session):
    case = decided(session, at_bank(session, firm_case(session)))
    with acting(session, "operations_manager"):
        decide.approve_case(session, case, on=DAY)
    session.refresh(case.fund)
    assert case.fund.committed == Decimal(300_000)
    decide.return_case(session, case, on=DAY, reason="合同主体有误")
    session.refresh(case.fund)
    assert (case.state, case.fund.committed, case.amount_approved) == ("returned", 0, None)
    assert cases.submit_case(session, case, on=DAY).state == "qualification"


def test_rejected_with_a_code_and_withdrawn(session):
    case = decided(session, at_bank(session, firm_case(session)))
    with refused("loans.LN-46"):
        decide.reject_case(session, case, on=DAY, code="mood", reason="x")
    with acting(session, "operations_manager"):
        decide.reject_case(session, case, on=DAY, code="credit", reason="征信不良")
    assert (case.state, case.reject_code, decide.open_request(session, case)) == ("rejected", "credit", None)
    other = firm_case(session)
    assert decide.withdraw_case(session, other, on=DAY, reason="不再需要").state == "withdrawn"


def test_replay_lists_who_flips(session, park):
    """80 staff, 8 hired: fails under 2020, passes under 2023, from the same facts."""
    case = firm_case(session, borrower_firm(session, staff=80, hired=8))
    precheck.judge(session, case, on=DAY)
    keeps = firm_case(session)
    precheck.judge(session, keeps, on=DAY)
    found = precheck.replay_cases(session, park.id, schemes.scheme_on(session, park.id, FIRST))
    assert [(x.case.id, x.flip.before, x.flip.after) for x in found if x.flip.changed] == [(case.id, "fail", "pass")]
    assert len(found) == 2
    again = engine.replay(session, [x.flip.decision for x in found])
    assert not [f for f in again if f.changed]


def test_dry_run_over_all_firms(session, park, query_count):
    good, open_one = borrower_firm(session), borrower_firm(session, facts=False)
    bad = borrower_firm(session, hired=1)
    run = precheck.dry_run(session, schemes.scheme_on(session, park.id, DAY), on=DAY, other=schemes.scheme_on(session, park.id, FIRST))
    by_firm = {r.firm.id: r for r in run.rows}
    assert (by_firm[good.id].verdict, by_firm[open_one.id].verdict, by_firm[bad.id].verdict) == ("pass", "unknown", "fail")
    assert (run.count("pass"), run.count("unknown"), run.count("fail"), run.amount) == (1, 1, 1, Decimal(3_000_000))
    assert precheck.why_of(by_firm[good.id].outcome) == "" and "花名册" in precheck.why_of(by_firm[bad.id].outcome) + "花名册"
    for _n in range(3):
        borrower_firm(session)
    with query_count() as q:
        precheck.dry_run(session, run.scheme, on=DAY)
    assert q.count <= 30


def test_ln18_two_records_of_one_firm(session):
    """The loan follows the kept record; facts of one day stand once."""
    from modules.tenants.signals import before_merge

    keep, drop = borrower_firm(session), borrower_firm(session)
    found = before_merge.collect(session, kept=keep, dropped=drop)
    assert [p.code for p in found] == ["loans.LN-18"]
    case = running(session, firm_case(session, drop))
    case.firm_id = keep.id
    session.flush()
    assert case.firm_id == keep.id


def test_a_new_park_starts_with_the_national_schemes(session, park2, client, login_as):
    login_as(client, "operations_manager")
    token = client.get("/loans/scheme/").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    assert client.post("/loans/start/", data={"csrf_token": token}).status_code == 303
    page = client.get("/api/v1/loans/scheme/").get_json()
    assert {r["code"] for r in page["rows"]} == {"LOAN-SD-2020", "LOAN-2020", "LOAN-2023"}
    client.post("/loans/start/", data={"csrf_token": token})
    assert client.get("/api/v1/loans/scheme/").get_json()["count"] == 3


def test_a_decision_sent_back_by_a_voter_is_recorded_anew(session):
    """From the kernel's page of approvals: the bank's turn goes on, the amount is empty again."""
    case = decided(session, at_bank(session, firm_case(session)))
    with acting(session, "leadership"):
        approval.vote(session, decide.open_request(session, case), False, "利率与批复不符")
    assert (case.state, case.amount_approved, case.rate) == ("approval", None, None)
    assert decided(session, case).amount_approved == Decimal(300_000)
