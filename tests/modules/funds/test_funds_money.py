"""Rules of partners, calls, distributions, expenses and the book. Numbers as in the README."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from core_help import incubatee
from funds_help import START, called, fund, invested, other, seconded
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from modules.funds.checks.funds import CHECKS
from modules.funds.models.call import CallPart, CapitalCall, FundFlow
from modules.funds.models.standing import FundStanding
from modules.funds.services import (
    alerts,
    book,
    calls,
    distributions,
    exits,
    expenses,
    investments,
    returns,
    second,
    setup,
    standings,
    valuations,
)
from modules.tenants.models.financing import FinancingEvent
from parkops.errors import NotAllowed, RuleError

D = Decimal
LATER = date(2024, 1, 10)


def differences(s):
    return [d for c in CHECKS for d in c.run(s)]


def codes(refused):
    return refused.value.codes


def test_commitments_never_exceed_the_size(session):
    f = fund(session)
    with pytest.raises(RuleError) as refused:
        setup.create_commitment(session, partner_id=f.partners["park"].id, amount=D("0.01"), signed_on=START)
    assert codes(refused) == ["funds.V-02"]
    with pytest.raises(RuleError):
        setup.change_fund(session, f.fund, size=D(54_000_000))


def test_a_fund_has_one_general_partner_and_classes_of_its_own(session):
    f, g = fund(session), fund(session)
    for values in ({"share_class_id": f.classes[0].id, "kind": "manager"}, {"share_class_id": g.classes[0].id, "kind": "park"}):
        with pytest.raises(RuleError) as refused:
            setup.create_partner(session, fund_id=f.fund.id, name="another", **values)
        assert codes(refused) == ["funds.V-04"]


def test_a_call_is_allocated_exactly_by_purpose(session):
    f = fund(session)
    row = calls.create_call(session, fund_id=f.fund.id, notice_on=START, due_on=date(2022, 1, 20), for_investments=D("10000000.01"),
                            for_fees=D("137500.37"), for_expenses=D("33.33"))
    parts = calls.parts_of(session, row)
    for name in calls.PURPOSES:
        assert sum(getattr(p, name) for p in parts) == getattr(row, name)
    assert sum(p.amount for p in parts) == row.total == D("10137533.71")
    with pytest.raises(RuleError) as refused:
        calls.change_call(session, row, notice_on=START, due_on=date(2022, 1, 19), for_investments=D(1))
    assert codes(refused) == ["funds.V-12"]


def test_classes_without_fee_bear_none(session):
    f = fund(session)
    setup.change_class(session, f.classes[0], bears_fee=False)
    row = calls.create_call(session, fund_id=f.fund.id, notice_on=START, due_on=date(2022, 1, 28), for_fees=D(450_000))
    assert {p.partner.share_class_id for p in calls.parts_of(session, row)} == {f.classes[1].id}


def test_nobody_is_called_beyond_the_commitment(session):
    f = fund(session)
    called(session, f, 55_000_000)
    row = calls.create_call(session, fund_id=f.fund.id, notice_on=START, due_on=date(2022, 1, 28), for_investments=D(1_000))
    with pytest.raises(RuleError) as refused:
        second.submit(session, row, on=START)
    assert set(codes(refused)) == {"funds.V-14"}


@pytest.mark.parametrize("actor", ["finance", "system_administrator"])
def test_maker_is_never_checker(session, actor):
    """Call, distribution, expense, valuation and exit, with every right there is: the system scope holds them all."""
    f = fund(session)
    called(session, f, 20_000_000)
    held = invested(session, f)
    with other(session, actor):
        rows = [
            calls.create_call(session, fund_id=f.fund.id, notice_on=START, due_on=date(2022, 1, 28), for_investments=D(1_000)),
            distributions.create_distribution(session, fund_id=f.fund.id, on_date=START, amount=D(1_000)),
            expenses.create_expense(session, fund_id=f.fund.id, kind="audit", on_date=START, amount=D(10), payee="auditor"),
            valuations.create_valuation(session, investment_id=held.id, on_date=START, basis="market", value=D(1), evidence="offer"),
            exits.create_exit(session, investment_id=held.id, way="trade_sale", on_date=START, proceeds=D(5)),
        ]
        for row in rows:
            second.submit(session, row, on=START)
            assert "自己" in str(second.why_not_approve(session, row)) or second.why_not_approve(session, row)
            with pytest.raises(RuleError) as refused:
                second.approve(session, row, on=START)
            assert codes(refused) == ["approval.own"] and row.state == "submitted"
    assert session.scalar(select(FundFlow.id).where(FundFlow.kind == "expense")) is None


def test_large_calls_need_two_people(session):
    f = fund(session)
    row = calls.create_call(session, fund_id=f.fund.id, notice_on=START, due_on=date(2022, 1, 28), for_investments=D(5_000_000))
    second.submit(session, row, on=START)
    with other(session, "operations_manager"):
        assert second.approve(session, row, on=START)
        assert row.state == "submitted"
    with other(session, "leadership"):
        second.approve(session, row, on=START)
    assert row.state == "posted"


def test_posted_documents_are_never_changed(session):
    f = fund(session)
    row = called(session, f, 1_000_000)
    for sql in ("update funds_call set total = 1 where id = :i", "delete from funds_call where id = :i",
                "update funds_call_part set amount = amount + 1, for_fees = for_fees + 1 where call_id = :i",
                "update funds_flow set amount = 1 where fund_id = (select fund_id from funds_call where id = :i)"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.connection().execute(text(sql), {"i": row.id})
    with pytest.raises(RuleError) as refused:
        calls.change_call(session, row, notice_on=START, due_on=date(2022, 1, 28), for_investments=D(1))
    assert codes(refused) == ["funds.V-11"]


def test_receipts_never_exceed_the_call_and_are_reversed_not_edited(session):
    f = fund(session)
    row = calls.create_call(session, fund_id=f.fund.id, notice_on=START, due_on=date(2022, 1, 28), for_investments=D(1_000_000))
    part = calls.parts_of(session, row)[0]
    with pytest.raises(RuleError):
        calls.receive_part(session, part, amount=D(1), on=START)
    seconded(session, row)
    with pytest.raises(RuleError) as refused:
        calls.receive_part(session, part, amount=part.amount + 1, on=START)
    assert codes(refused) == ["funds.V-15"]
    flow = calls.receive_part(session, part, amount=part.amount, on=START)
    assert part.received == part.amount and book.balance(session, f.fund.id) == part.amount
    back = book.reverse_flow(session, flow, on=START, reason="wrong fund")
    assert back.amount == -flow.amount and part.received == 0 and book.balance(session, f.fund.id) == 0
    with pytest.raises(RuleError) as refused:
        book.reverse_flow(session, flow, on=START, reason="again")
    assert codes(refused) == ["funds.V-22"] and differences(session) == []


def test_the_bank_is_never_overdrawn(session):
    f = fund(session)
    called(session, f, 1_000_000)
    held = invested(session, f, pay=False)
    with pytest.raises(RuleError) as refused:
        investments.pay_investment(session, held, amount=D(1_000_001), on=START)
    assert codes(refused) == ["funds.V-21"]


def test_management_fee_is_worked_out_once_per_day(session):
    f = fund(session)
    called(session, f, 2_000_000)
    row = expenses.draft_fee(session, f.fund, period_from=date(2022, 1, 1), period_to=date(2022, 3, 31), on=date(2022, 4, 1))
    assert row.amount == D("271232.88")  # 55 million × 2 % × 90 ÷ 365
    with pytest.raises(RuleError) as refused:
        expenses.draft_fee(session, f.fund, period_from=date(2022, 3, 31), period_to=date(2022, 6, 30), on=date(2022, 7, 1))
    assert codes(refused) == ["funds.V-24"]
    seconded(session, row, date(2022, 4, 1))
    assert book.balance(session, f.fund.id) == D(2_000_000) - row.amount


def test_distribution_by_tiers_sums_to_the_cash_and_is_paid_once(session):
    f = fund(session)
    called(session, f, 20_000_000)
    held = invested(session, f, amount=10_000_000, pre=40_000_000)
    sale = exits.create_exit(session, investment_id=held.id, way="trade_sale", on_date=LATER, proceeds=D(40_000_000), buyer="buyer")
    seconded(session, sale, LATER)
    assert (sale.cost, sale.gain, held.state) == (D(10_000_000), D(30_000_000), "exited")
    exits.receive_proceeds(session, sale, amount=D(40_000_000), on=LATER)
    row = distributions.create_distribution(session, fund_id=f.fund.id, on_date=LATER, amount=D("45000000.03"), exit_id=sale.id)
    parts = distributions.parts_of(session, row)
    assert sum(p.amount for p in parts) == row.amount == row.capital + row.preferred + row.excess + row.carry
    carry = {p.partner.name: p.carry for p in parts if p.carry}
    assert list(carry) == ["general partner"] and row.carry > 0
    free = [p for p in parts if p.partner.share_class_id == f.classes[0].id]
    assert sum(p.preferred for p in free) == 0  # class A bears no carry and has its whole profit
    # of the part that bears carry the manager has a fifth of the profit
    profit = sum(p.preferred + p.excess for p in parts if p not in free) + row.carry
    assert abs(row.carry * 5 - profit) <= D("0.05")
    seconded(session, row, LATER)
    distributions.pay_all(session, row, on=LATER)
    assert book.balance(session, f.fund.id) == D("4999999.97")
    with pytest.raises(RuleError) as refused:
        distributions.pay_all(session, row, on=LATER)
    assert codes(refused) == ["funds.V-19"] and differences(session) == []


def test_recallable_money_opens_the_commitment_again(session):
    f = fund(session)
    called(session, f, 55_000_000)
    assert sum(calls.unfunded(session, f.fund.id).values()) == 0
    row = distributions.create_distribution(session, fund_id=f.fund.id, on_date=START, amount=D(11_000_000), recallable=D(11_000_000))
    seconded(session, row)
    distributions.pay_all(session, row, on=START)
    assert sum(calls.unfunded(session, f.fund.id).values()) == D(11_000_000)
    m = returns.standing_of(session, f.fund, START).multiples
    assert (m.dpi, m.dpi_final, m.unfunded) == (D("0.2"), D(0), D(11_000_000))


def test_a_later_distribution_waits_for_the_earlier_one(session):
    f = fund(session)
    called(session, f, 10_000_000)
    first = distributions.create_distribution(session, fund_id=f.fund.id, on_date=START, amount=D(1_000))
    seconded(session, first)
    second_one = distributions.create_distribution(session, fund_id=f.fund.id, on_date=START, amount=D(1_000))
    assert first.number in str(second.why_not_submit(session, second_one))


def test_standings_follow_corrections_of_the_past(session):
    f = fund(session)
    called(session, f, 10_000_000)
    held = invested(session, f)
    standings.nightly(session, on=date(2022, 4, 15), park_id=f.fund.park_id)
    rows = session.scalars(select(FundStanding).where(FundStanding.fund_id == f.fund.id).order_by(FundStanding.on_date)).all()
    assert [r.on_date for r in rows] == [date(2021, 12, 31), date(2022, 1, 31), date(2022, 2, 28), date(2022, 3, 31), date(2022, 4, 15)]
    assert (rows[0].net_irr, rows[0].net_why, rows[0].tvpi) == (None, "no_flows", None)  # unknown, not zero
    mark = valuations.create_valuation(session, investment_id=held.id, on_date=date(2022, 2, 1), basis="last_round", value=D(6_000_000),
                                       evidence="term sheet of the next round")
    seconded(session, mark, date(2022, 2, 1))
    assert [r.holdings for r in rows] == [0, 2_000_000, 6_000_000, 6_000_000, 6_000_000] and rows[2].tvpi > rows[1].tvpi
    assert standings.differences(session) == []
    session.connection().execute(text("update funds_standing set nav = nav + 1 where id = :i"), {"i": rows[2].id})
    session.expire_all()
    assert [(r.id, n) for r, n, _k, _v in standings.differences(session)] == [(rows[2].id, "nav")]


def test_the_whole_is_sums_over_sums(session):
    f, g = fund(session), fund(session, vintage=2023)
    called(session, f, 10_000_000)
    called(session, g, 1_000_000)
    held = invested(session, g, amount=1_000_000)
    seconded(session, valuations.create_valuation(session, investment_id=held.id, on_date=START, basis="market", value=D(3_000_000), evidence="offer"))
    standings.nightly(session, on=START, park_id=f.fund.park_id)
    whole = session.scalars(select(FundStanding).where(FundStanding.fund_id.is_(None), FundStanding.on_date == START)).one()
    assert whole.paid_in == 11_000_000 and whole.tvpi == ((whole.distributed + whole.nav) / whole.paid_in).quantize(D("0.0001"))
    each = returns.by_vintage(session, START)
    assert set(each) == {2022, 2023} and each[2022].multiples.tvpi == 1


def test_in_kind_counts_as_paid_in_and_cost_and_moves_no_cash(session):
    f = fund(session)
    called(session, f, 1_000_000)
    held = invested(session, f, amount=300_000, instrument="rent_for_equity", pre=2_700_000)
    s = returns.standing_of(session, f.fund, START)
    assert (s.paid_in, s.invested, s.cash) == (D(1_300_000), D(300_000), D(1_000_000)) and held.contributor.name == "park"
    assert calls.unfunded(session, f.fund.id)[f.partners["park"].id] == 9_000_000 - 300_000 - sum(
        p.amount for p in session.scalars(select(CallPart).where(CallPart.partner_id == f.partners["park"].id)))


def test_a_clerk_enters_no_money_and_another_park_sees_nothing(session, as_role, park):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        calls.create_call(s, fund_id=1, notice_on=START, due_on=START, for_investments=D(1))
    f = fund(session)
    row = called(session, f, 1_000_000)
    assert session.scalar(select(CapitalCall.park_id).where(CapitalCall.id == row.id)) == park.id
    firm = incubatee(session)
    assert firm.park_id == f.fund.park_id


def sold_for(s, f, amount, proceeds, on):
    held = invested(s, f, amount=amount, pre=40_000_000)
    sale = exits.create_exit(s, investment_id=held.id, way="trade_sale", on_date=on, proceeds=D(proceeds), buyer="buyer")
    seconded(s, sale, on)
    if proceeds:
        exits.receive_proceeds(s, sale, amount=D(proceeds), on=on)
    return sale


@pytest.mark.parametrize("terms", ["european", "deal"])
def test_deal_by_deal_pays_carry_before_the_whole_fund_is_back_and_must_give_it_back(session, terms):
    f = fund(session, waterfall=terms)
    called(session, f, 20_000_000)
    sold_for(session, f, 2_000_000, 8_000_000, LATER)
    row = distributions.create_distribution(session, fund_id=f.fund.id, on_date=LATER, amount=D(8_000_000))
    assert (row.carry > 0) is (terms == "deal")
    seconded(session, row, LATER)
    distributions.pay_all(session, row, on=LATER)
    lost = date(2024, 6, 1)
    sold_for(session, f, 15_000_000, 0, lost)
    found = {a.code: a.text for a in alerts.of_fund(session, f.fund, returns.book_of(session, f.fund), lost)}
    assert ("clawback" in found) is (terms == "deal")
    if terms == "deal":
        assert f"{row.carry:,.2f}" in found["clawback"]  # the fund as a whole made a loss: all of it


def test_personas_keep_to_their_part(session, as_role):
    f = fund(session)
    row = calls.create_call(session, fund_id=f.fund.id, notice_on=START, due_on=date(2022, 1, 28), for_investments=D(1_000))
    second.submit(session, row, on=START)
    ids = row.id, f.fund.id
    session.commit()
    try:
        with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
            second.approve(s, s.get(CapitalCall, ids[0]), on=START)
        for role in ("operations_clerk", "leadership", "auditor", "system_administrator"):
            with as_role(role) as s, pytest.raises(NotAllowed):
                book.add_interest(s, fund_id=ids[1], amount=D(1), on_date=START)
        with as_role("leadership") as s:
            second.approve(s, s.get(CapitalCall, ids[0]), on=START)
            assert s.get(CapitalCall, ids[0]).state == "posted"
            s.rollback()
        with as_role("finance", park="west") as s:
            assert s.get(CapitalCall, ids[0]) is None
    finally:
        session.rollback()


def test_what_hangs_on_a_reversed_movement_goes_with_it(session):
    f = fund(session)
    called(session, f, 3_000_000)
    held = invested(session, f, amount=1_000_000)
    flow = session.scalars(select(FundFlow).where(FundFlow.investment_id == held.id)).one()
    told = select(FinancingEvent.id).where(FinancingEvent.firm_id == held.firm_id)
    assert session.scalar(told) is not None
    book.reverse_flow(session, flow, on=START, reason="paid to the wrong account")
    assert held.state == "open" and session.scalar(told) is None
    investments.pay_investment(session, held, amount=D(1_000_000), on=START)
    assert held.state == "held" and session.scalar(told) is not None

    rent = invested(session, f, amount=120_000, instrument="rent_for_equity", pre=600_000)
    part = session.scalars(select(FundFlow).where(FundFlow.investment_id == rent.id)).one()
    book.reverse_flow(session, part, on=START, reason="no rent was given")
    s = returns.standing_of(session, f.fund, START)
    assert (s.paid_in, s.invested, rent.state) == (D(3_000_000), D(1_000_000), "open")  # both halves are gone

    fee = expenses.draft_fee(session, f.fund, period_from=date(2022, 1, 1), period_to=date(2022, 1, 31), on=date(2022, 2, 1))
    seconded(session, fee, date(2022, 2, 1))
    spent = session.scalars(select(FundFlow).where(FundFlow.expense_id == fee.id)).one()
    book.reverse_flow(session, spent, on=date(2022, 2, 2), reason="wrong rate")
    again = expenses.draft_fee(session, f.fund, period_from=date(2022, 1, 1), period_to=date(2022, 1, 31), on=date(2022, 2, 3))
    assert again.amount == fee.amount and differences(session) == []


def test_a_reversed_distribution_counts_no_more(session):
    f = fund(session)
    called(session, f, 10_000_000)
    row = distributions.create_distribution(session, fund_id=f.fund.id, on_date=START, amount=D(2_000_000), recallable=D(1_000_000))
    seconded(session, row)
    distributions.pay_all(session, row, on=START)
    before = returns.standing_of(session, f.fund, START)
    for flow in session.scalars(select(FundFlow).where(FundFlow.kind == "distribution")).all():
        book.reverse_flow(session, flow, on=START, reason="returned by the bank")
    after = returns.standing_of(session, f.fund, START)
    assert (before.distributed, before.recallable) == (D(2_000_000), D(1_000_000))
    assert (after.distributed, after.recallable, after.cash, after.paid_carry) == (0, 0, D(10_000_000), 0)
    distributions.pay_all(session, row, on=START)
    assert returns.standing_of(session, f.fund, START).distributed == D(2_000_000) and differences(session) == []
