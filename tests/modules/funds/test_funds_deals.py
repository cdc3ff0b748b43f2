"""The pipeline, the committee, closing, ownership, valuation, exit, duties, covenants, alerts and facts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from core_help import incubatee
from funds_help import START, before_committee, called, fund, invested, listed, members, other, seconded, user, vote
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from modules.funds.facts import carriers
from modules.funds.kpis.funds import KPIS
from modules.funds.models.deal import CommitteeMeeting
from modules.funds.models.investment import InvestmentDuty
from modules.funds.services import (
    alerts,
    committee,
    deals,
    duties,
    exits,
    investments,
    returns,
    second,
    shares,
    standings,
    terms,
    valuations,
)
from modules.tenants.models.financing import FinancingEvent
from modules.tenants.models.statement import FirmStatement
from parkops.clock import Period
from parkops.errors import RuleError
from parkops.testing.kpi_checks import check_all
from parkops.todos import Todo

D = Decimal


def codes(refused):
    return refused.value.codes


@pytest.fixture
def f(session):
    made = fund(session)
    called(session, made, 30_000_000)
    return made


def test_the_committee_sees_only_what_was_examined(session, f):
    members(session, f)
    deal = deals.create_deal(session, fund_id=f.fund.id, firm_id=incubatee(session).id, round="seed", instrument="equity", amount=D(1),
                             pre_money=D(10), seen_on=START)
    deals.examine(session, deal, on=START)
    with pytest.raises(RuleError):
        committee.call_meeting(session, deal, held_on=START, proposal="now")
    assert deals.why_not_propose(session, deal) and deal.state == "diligence"


def test_a_firm_is_in_the_pipeline_once_and_shares_have_a_price(session, f):
    firm = incubatee(session)
    values = {"fund_id": f.fund.id, "firm_id": firm.id, "round": "seed", "instrument": "equity", "amount": D(1), "seen_on": START}
    with pytest.raises(RuleError) as refused:
        deals.create_deal(session, **values)
    assert codes(refused) == ["funds.V-30"]
    deals.create_deal(session, **values, pre_money=D(10))
    with pytest.raises(RuleError) as refused:
        deals.create_deal(session, **values, pre_money=D(10))
    assert codes(refused) == ["funds.V-30"]


def test_two_of_three_in_favour_decide_and_the_deal_follows(session, f):
    members(session, f)
    meeting = before_committee(session, f)
    vote(session, meeting, ("leadership", "for"))
    assert meeting.state == "open" and meeting.deal.state == "committee"
    vote(session, meeting, ("finance", "for"))
    assert (meeting.state, meeting.present, meeting.in_favour, meeting.members) == ("approved", 2, 2, 3)
    assert meeting.deal.state == "term_sheet"
    with other(session, "operations_manager"):
        assert committee.why_not_vote(session, meeting)


def test_rejection_and_no_quorum(session, f):
    seats = members(session, f)
    rejected = before_committee(session, f)
    vote(session, rejected, ("leadership", "against"), ("finance", "against"))
    assert (rejected.state, rejected.deal.state) == ("rejected", "declined")
    firm = incubatee(session)
    for seat in seats[:2]:
        committee.create_interest(session, member_id=seat.id, firm_id=firm.id, relation="shareholder", declared_on=START)
    lapsed = before_committee(session, f, firm)
    with pytest.raises(RuleError) as refused:
        vote(session, lapsed, ("leadership", "for"))
    assert codes(refused) == ["funds.V-34"]
    vote(session, lapsed, ("leadership", "aside"), ("operations_manager", "aside"))
    assert (lapsed.state, lapsed.deal.state) == ("no_quorum", "diligence")


@pytest.mark.parametrize("who", ["leadership", "system_administrator"])
def test_whoever_brings_a_deal_does_not_vote_on_it(session, f, who):
    members(session, f, (who, "operations_manager", "finance"))
    with other(session, who):
        meeting = before_committee(session, f)
        with pytest.raises(RuleError) as refused:
            committee.cast_vote(session, meeting, vote="for")
    assert codes(refused) == ["funds.V-35"] and meeting.state == "open"


def test_nobody_decides_by_hand_and_votes_stand(session, f):
    members(session, f)
    meeting = before_committee(session, f)
    with pytest.raises(RuleError):
        committee.by_votes_only(session, meeting)
    with pytest.raises(RuleError), other(session, "system_administrator"):
        committee.cast_vote(session, meeting, vote="for")  # not a member
    vote(session, meeting, ("leadership", "for"))
    with pytest.raises(RuleError):
        vote(session, meeting, ("leadership", "against"))
    with pytest.raises(DBAPIError), session.begin_nested():
        session.connection().execute(text("update funds_vote set vote = 'against'"))
    from modules.funds.states_deal import MEETING

    with pytest.raises(RuleError):
        MEETING.move(session, meeting, "approve", on=START)


def test_terms_keep_within_the_committees_amount(session, f):
    members(session, f)
    meeting = before_committee(session, f)
    with pytest.raises(RuleError) as refused:
        terms.create_terms(session, deal_id=meeting.deal_id, amount=D(1), pre_money=D(1))
    assert codes(refused) == ["funds.V-38"]
    vote(session, meeting, ("leadership", "for"), ("finance", "for"))
    with pytest.raises(RuleError) as refused:
        terms.create_terms(session, deal_id=meeting.deal_id, amount=D(2_000_001), pre_money=D(8_000_000))
    assert codes(refused) == ["funds.V-38"]


def test_closing_issues_shares_and_duties_and_tells_the_firm(session, f):
    firm = incubatee(session)
    row = invested(session, f, firm)
    register = {r.holder: r.percent for r in shares.register(session, firm.id, START)}
    assert register == {"founders": D("0.8"), f.fund.name: D("0.2")} and row.shares == 250_000 and row.state == "held"
    kinds = set(session.scalars(select(InvestmentDuty.kind).where(InvestmentDuty.investment_id == row.id)))
    assert kinds == {"registration", "report", "audit", "visit"}
    event = session.scalars(select(FinancingEvent).where(FinancingEvent.firm_id == firm.id)).one()
    assert (event.amount, event.park_fund, event.kind, event.investor) == (D(2_000_000), True, "angel", f.fund.name)
    with pytest.raises(RuleError) as refused:
        investments.pay_investment(session, row, amount=D(1), on=START)
    assert codes(refused) == ["funds.V-43"]
    with pytest.raises(RuleError) as refused:
        shares.remove_entry(session, shares.entries_of(session, firm.id)[-1])
    assert codes(refused) == ["funds.V-46"]


def test_closing_needs_money_that_is_not_bound(session, f):
    invested(session, f, amount=54_000_000, pre=100_000_000, pay=False)
    with pytest.raises(RuleError) as refused:
        invested(session, f, amount=1_000_001, pay=False)
    assert codes(refused) == ["funds.V-42"]


def test_a_convertible_becomes_shares_once(session, f):
    firm = incubatee(session)
    row = invested(session, f, firm, amount=1_000_000, instrument="convertible", pre_money=None)
    assert row.shares is None and returns.standing_of(session, f.fund, START).cost == 1_000_000
    row.discount = D("0.2")
    said = investments.convert_loan(session, row, on=START, price=D(10))
    assert row.shares == 125_000 and "125,000" in said
    with pytest.raises(RuleError) as refused:
        investments.convert_loan(session, row, on=START, price=D(10))
    assert codes(refused) == ["funds.V-47"]


def test_nobody_gives_away_more_shares_than_they_have(session):
    firm = incubatee(session)
    listed(session, firm)
    with pytest.raises(RuleError) as refused:
        shares.create_entry(session, firm_id=firm.id, on_date=date(2021, 7, 1), event="transfer", title="t", holder="founders",
                            holder_kind="founder", shares=D(-1_000_001))
    assert codes(refused) == ["funds.V-45"]


def test_marks_are_confirmed_by_another_and_never_overwritten(session, f):
    row = invested(session, f)
    mark = valuations.create_valuation(session, investment_id=row.id, on_date=START, basis="market", value=D(5), evidence="x")
    assert second.why_not_submit(session, mark)  # evidence is said
    valuations.change_valuation(session, mark, evidence="offer of a buyer")
    second.submit(session, mark, on=START)
    assert returns.standing_of(session, f.fund, START).holdings == 2_000_000  # not confirmed, does not count
    with other(session, "operations_manager"):
        second.approve(session, mark, on=START)
    assert returns.standing_of(session, f.fund, START).holdings == 5
    for sql in ("update funds_valuation set value = 9 where id = :i", "delete from funds_valuation where id = :i"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.connection().execute(text(sql), {"i": mark.id})
    with pytest.raises(RuleError) as refused:
        valuations.create_valuation(session, investment_id=row.id, on_date=START, basis="write_off", value=D(1), evidence="closed")
    assert codes(refused) == ["funds.V-50"]


def test_a_partial_exit_releases_cost_and_shares_in_proportion(session, f):
    firm = incubatee(session)
    row = invested(session, f, firm)
    on = date(2023, 1, 10)
    sale = exits.create_exit(session, investment_id=row.id, way="transfer", on_date=on, proceeds=D(1_500_000), part=D("0.25"), buyer="next fund")
    seconded(session, sale, on)
    assert (row.state, sale.cost, sale.gain) == ("partly_sold", D(500_000), D(1_000_000))
    assert {r.holder: r.shares for r in shares.register(session, firm.id, on)} == {"founders": 1_000_000, f.fund.name: 187_500, "next fund": 62_500}
    s = returns.standing_of(session, f.fund, on)
    assert (s.receivable, s.holdings) == (D(1_500_000), D(1_500_000))
    exits.receive_proceeds(session, sale, amount=D(1_500_000), on=on)
    with pytest.raises(RuleError) as refused:
        exits.receive_proceeds(session, sale, amount=D(1), on=on)
    assert codes(refused) == ["funds.V-55"]
    rest = exits.create_exit(session, investment_id=row.id, way="write_off", on_date=date(2023, 6, 1), proceeds=D(0))
    seconded(session, rest, date(2023, 6, 1))
    assert row.state == "written_off" and returns.standing_of(session, f.fund, date(2023, 6, 1)).holdings == 0


def test_duties_come_again_and_make_one_todo(session, f):
    row = invested(session, f)
    on = date(2022, 4, 1)
    made = duties.remind_due(session, on=on, park_id=f.fund.park_id)
    duties.remind_due(session, on=on, park_id=f.fund.park_id)
    report = session.scalars(select(InvestmentDuty).where(InvestmentDuty.investment_id == row.id, InvestmentDuty.kind == "report")).one()
    open_ones = list(session.scalars(select(Todo.key).where(Todo.key.like("funds.duty:%"), ~Todo.is_done)))
    assert made["duties"] == len(open_ones) == 3 and f"funds.duty:{report.id}" in open_ones
    duties.fulfil(session, report, on=on)
    again = session.scalars(select(InvestmentDuty).where(InvestmentDuty.kind == "report", InvestmentDuty.state == "open")).one()
    assert again.due_on == date(2022, 7, 1)
    assert session.scalar(select(Todo.is_done).where(Todo.key == f"funds.duty:{report.id}")) is True


def statement(s, firm, year, revenue):
    s.add(FirmStatement(park_id=firm.park_id, firm_id=firm.id, grain="year", period_start=date(year, 1, 1), reported_on=date(year + 1, 2, 1),
                        revenue=revenue))
    s.flush()


def test_covenants_are_kept_broken_or_unknown(session, f):
    firm = incubatee(session)
    row = invested(session, f, firm)
    for year in (2022, 2023, 2024):
        duties.create_covenant(session, investment_id=row.id, title="revenue", metric="revenue", year=year, threshold=D(1_000_000))
    statement(session, firm, 2022, D(1_000_000))
    statement(session, firm, 2023, D("999999.99"))
    assert [m.verdict for m in duties.measured(session, investments=[row.id])] == ["pass", "fail", "unknown"]
    duties.remind_due(session, on=date(2024, 3, 1), park_id=f.fund.park_id)
    assert len(list(session.scalars(select(Todo.id).where(Todo.key.like("funds.covenant:%"))))) == 1


def test_alerts_name_concentration_stale_marks_and_the_end_of_terms(session, f):
    f.fund.firm_limit = D("0.03")
    invested(session, f)
    on = date(2027, 12, 1)
    found = alerts.of_fund(session, f.fund, returns.book_of(session, f.fund), on)
    assert {a.code for a in found} == {"concentration", "stale_mark", "invest_until", "term"}
    assert alerts.watch(session, on=on, park_id=f.fund.park_id) == {"alerts": 4}
    alerts.watch(session, on=on, park_id=f.fund.park_id)
    assert len(list(session.scalars(select(Todo.id).where(Todo.key.like("funds.alert:%"))))) == 4


def test_facts_for_the_rating(session, f):
    firm = incubatee(session)
    beside = incubatee(session, where=firm.carrier)
    row = invested(session, f, firm)
    on = date(2023, 3, 1)
    subjects = [firm.carrier]
    assert carriers.invested_share(session, subjects, on)[firm.carrier_id].value == 0  # paid, not registered yet
    investments.change_investment(session, row, registered_on=date(2022, 2, 1), use_case="R&D")
    assert carriers.invested_share(session, subjects, on)[firm.carrier_id].value == D("0.5") and beside.carrier_id == firm.carrier_id
    assert carriers.financed_share(session, subjects, on)[firm.carrier_id].value == D("0.5")
    assert not carriers.invested_share(session, subjects, date(2020, 1, 1))[firm.carrier_id].known
    assert carriers.fund_size(session, subjects, on)[firm.carrier_id].value == 55_000_000
    assert carriers.fund_used_share(session, subjects, on)[firm.carrier_id].value == D("0.036364")
    assert carriers.fund_use_cases(session, subjects, on)[firm.carrier_id].value == 1


def test_tile_list_and_export_agree(session, f):
    row = invested(session, f)
    seconded(session, valuations.create_valuation(session, investment_id=row.id, on_date=START, basis="market", value=D(9_000_000), evidence="offer"))
    standings.nightly(session, on=date(2022, 4, 1), park_id=f.fund.park_id)
    assert check_all(session, KPIS, Period.parse("2022-03"), today=date(2022, 4, 1)) == []


def test_members_are_people_with_a_log_in_once(session, f):
    members(session, f)
    with pytest.raises(RuleError) as refused:
        committee.create_member(session, fund_id=f.fund.id, user_id=user(session, "finance"), role="chair", since=START)
    assert codes(refused) == ["funds.V-33"]
    assert session.scalar(select(CommitteeMeeting.id)) is None
