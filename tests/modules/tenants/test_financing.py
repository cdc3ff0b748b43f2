"""Financing, exits, awards and annual figures as facts: largest round, sums, unknown amounts, years in a row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from support_help import carrier, firm, statement

from modules.tenants.services import fact_queries as facts
from modules.tenants.services import financing, statements
from parkops.errors import RuleError

ON = date(2023, 6, 30)


@pytest.fixture
def f(session):
    return firm(session, ("incubating", carrier(session), "2020-03-01"), registered_on=date(2019, 5, 1))


def give(s, f, kind, amount, day="2022-05-01", **values):
    return financing.create_financing(s, firm_id=f.id, kind=kind, on_date=date.fromisoformat(day), amount=Decimal(amount) if amount else None, **values)


def test_largest_single_round_and_sum(session, f):
    give(session, f, "angel", "3000000")
    best = give(session, f, "vc", "5000000.01", "2022-09-01", round="a")
    give(session, f, "bank", "9000000"), give(session, f, "pe", "8000000"), give(session, f, "vc", "6000000", "2023-07-01")
    found = facts.max_single_round(session, [f.id], ON)[f.id]
    assert (found.value, found.records, found.unknown) == (Decimal("5000000.01"), [("tenants.financing", best.id)], False)
    assert facts.cumulative_rounds(session, [f.id], ON)[f.id].value == Decimal("8000000.01")
    assert facts.equity_rounds(session, [f.id], ON)[f.id].value == Decimal("16000000.01")
    assert facts.max_single_round(session, [f.id], date(2022, 4, 30)) == {}


def test_an_undisclosed_round_is_unknown_not_zero(session, f):
    give(session, f, "vc", None)
    found = facts.max_single_round(session, [f.id], ON)[f.id]
    assert found.value is None and found.unknown
    give(session, f, "vc", "1")
    assert (facts.cumulative_rounds(session, [f.id], ON)[f.id].value, facts.cumulative_rounds(session, [f.id], ON)[f.id].unknown) == (Decimal("1.00"), True)


def test_a_foreign_currency_waits_for_its_conversion(session, f):
    event = give(session, f, "vc", "1000000", currency="usd")
    assert event.currency == "USD" and event.amount_cny is None
    assert facts.max_single_round(session, [f.id], ON)[f.id].unknown
    financing.change_financing(session, event, amount_cny=Decimal("7100000"))
    assert facts.max_single_round(session, [f.id], ON)[f.id].value == Decimal("7100000.00")
    financing.change_financing(session, event, currency="CNY")
    assert event.amount_cny == Decimal("1000000.00")
    financing.change_financing(session, event, currency="EUR")
    assert event.amount_cny is None


@pytest.mark.parametrize(("values", "code"), [
    ({"kind": "vc", "amount": "0"}, "tenants.amount_positive"), ({"kind": "bank", "amount": "1", "round": "a"}, "tenants.round_of_debt"),
    ({"kind": "vc", "amount": "1", "day": "2018-01-01"}, "tenants.before_firm"), ({"kind": "vc", "amount": "1", "day": "2200-01-01"}, "record.future_date"),
    ({"kind": "vc", "amount": "1", "currency": "¥"}, "tenants.currency"), ({"kind": "vc", "amount": "1.001"}, "record.not_a_number"),
    ({"kind": "gift", "amount": "1"}, "record.not_a_choice"),
])
def test_refusals(session, f, values, code):
    with pytest.raises(RuleError) as e:
        give(session, f, **values)
    assert code in e.value.codes


def test_exits(session, f):
    financing.create_exit(session, firm_id=f.id, kind="listed", on_date=date(2022, 5, 1), market="北交所", code="830001")
    assert facts.exit_events(session, [f.id], ON)[f.id].value == [("listed", date(2022, 5, 1))]
    assert facts.exit_events(session, [f.id], date(2022, 4, 30)) == {}
    assert facts.exit_events(session, [f.id], ON, since=date(2022, 5, 2)) == {}


def test_revenue_by_year_knows_only_what_was_reported_by_the_day(session, f):
    statement(session, f, "2020", revenue="1"), statement(session, f, "2021", staff_total=3), statement(session, f, "2022", revenue="3")
    late = statement(session, f, "2019", revenue="0")
    late.reported_on = date(2023, 7, 1)
    session.flush()
    every = facts.revenue_by_year(session, [f.id])[f.id]
    assert {y: v.value for y, v in every.items()} == {2019: Decimal("0.00"), 2020: Decimal("1.00"), 2022: Decimal("3.00")}
    assert set(facts.revenue_by_year(session, [f.id], ON)[f.id]) == {2020, 2022}
    assert set(facts.revenue_by_year(session, [f.id], date(2022, 12, 31))[f.id]) == {2020}  # the year 2022 has not ended
    assert facts.latest_statement(session, [f.id], ON)[f.id].period_start == date(2022, 1, 1)


def test_one_statement_for_many_firms(session, f, query_count):
    others = [firm(session, ("incubating", carrier(session), "2020-03-01")) for _ in range(5)]
    with query_count() as q:
        facts.revenue_by_year(session, [f.id, *(o.id for o in others)], ON)
        facts.max_single_round(session, [f.id, *(o.id for o in others)], ON)
    assert q.count == 2


def test_figures_by_hand(session, f):
    row = statements.create_statement(session, firm_id=f.id, grain="year", period_start=date(2021, 5, 9), revenue=Decimal("10"), reported_on=date(2022, 1, 10))
    assert row.period_start == date(2021, 1, 1) and row.staff_total is None and row.source == "manual"
    with pytest.raises(RuleError) as e:
        statements.create_statement(session, firm_id=f.id, grain="year", period_start=date(2021, 1, 1), revenue=Decimal("10"), reported_on=date(2022, 1, 10))
    assert e.value.codes == ["record.already_there"]
    with pytest.raises(RuleError) as e:
        statements.change_statement(session, row, staff_total=2, staff_rd=3, tax_paid=Decimal("-1"), ip_valid=1, ip_software=2)
    assert set(e.value.codes) == {"tenants.negative", "tenants.part_over_total", "tenants.ip_kinds_over_total"}
    with pytest.raises(RuleError) as e:
        statements.create_statement(session, firm_id=f.id, grain="year", period_start=date(2020, 1, 1), reported_on=date(2022, 1, 10))
    assert e.value.codes == ["tenants.nothing_reported"]
