"""What an operator reached against targets of their own period, and every metric as a counted fact (U-125)."""

from datetime import date, datetime
from decimal import Decimal

import pytest
import recovery_help as h
from sqlalchemy import select

from modules.booking.models.resource import BookableResource, OpeningHours, ResourceClosure
from modules.platforms import calc_operator as calc
from modules.platforms.models.contract import ContractKpi
from modules.platforms.models.cost import CostEntry
from modules.platforms.services import contracts, costs, results, scorecard
from modules.platforms.services import operator_settlements as settlements
from modules.platforms.views.operators import score_tab
from parkops import clock
from parkops.clock import ZONE

D = Decimal
HALF = {"starts_on": date(2021, 1, 1), "ends_on": date(2021, 6, 30)}


@pytest.mark.parametrize(("first", "last", "months"), [
    ((2021, 1, 1), (2021, 12, 31), "12"), ((2021, 1, 1), (2021, 6, 30), "6"), ((2020, 11, 1), (2021, 1, 31), "3"),
    ((2021, 4, 1), (2021, 4, 15), "0.5"), ((2021, 1, 1), (2021, 4, 15), "3.5"), ((2021, 4, 16), (2021, 5, 31), "1.5")])
def test_months_of_a_span(first, last, months):
    assert calc.span_months(date(*first), date(*last)) == D(months)


@pytest.mark.parametrize(("metric", "target", "period", "months", "expected"), [
    ("hours", "1200", "year", "6", "600"), ("hours", "1200", "year", "12", "1200"), ("firms", "30", "year", "1", "2.5"),
    ("income", "100", "quarter", "12", "400"), ("patents", "2", "half_year", "6", "2"), ("transfers", "1", "month", "0.5", "0.5"),
    ("days_open", "100", "half_year", "1", "16.6667"), ("hours_open", "0.0001", "year", "1", "0.0001"),
    ("own_income", "0.6", "year", "6", "0.6"), ("utilisation", "0.5", "quarter", "12", "0.5"), ("manual", "90", "year", "1", "90")])
def test_targets_of_amounts_are_scaled_and_shares_are_not(metric, target, period, months, expected):
    assert calc.target_for(metric, D(target), period, D(months)) == D(expected)


def scored(session, p, clauses, first=HALF["starts_on"], last=HALF["ends_on"]):
    """Metric -> clause scored over the span; `clauses`: metric -> target a year."""
    row = h.contract(session, p, running=False)
    for kpi in session.scalars(select(ContractKpi).where(ContractKpi.contract_id == row.id)).all():
        contracts.remove_kpi(session, kpi)
    for metric, target in clauses.items():
        contracts.create_kpi(session, contract_id=row.id, metric=metric, title=metric, target=D(target), weight=D(1) / D(4))
    return {x.kpi.metric: x for x in scorecard.score_of(session, row, first, last)[0]}


def test_half_a_year_is_scored_against_half_of_the_yearly_target(session):
    p = h.platform(session, "delegated")
    h.event(session, h.instrument(session, p), h.project(session), date(2021, 3, 1), 45, hour=0)
    row = h.contract(session, p)  # 100 hours and 2 firms a year
    made = settlements.create_settlement(session, contract_id=row.id, **HALF)
    hours, firms = settlements.lines_of(session, made)[:2]
    assert (hours.target, hours.points) == (50, 54) and (firms.target, firms.points) == (1, 40) and made.score == 94
    assert "目标每年100，6个月为50" in hours.explain
    whole = settlements.create_settlement(session, contract_id=h.contract(session, p).id, starts_on=date(2021, 1, 1), ends_on=date(2021, 12, 31))
    assert settlements.lines_of(session, whole)[0].target == 100 and "目标" not in settlements.lines_of(session, whole)[0].explain


def test_a_clause_without_a_period_takes_that_of_the_contract(session):
    row = h.contract(session, h.platform(session), running=False, kpi_period="quarter")
    kpis = {k.metric: k for k in session.scalars(select(ContractKpi).where(ContractKpi.contract_id == row.id))}
    contracts.change_kpi(session, kpis["firms"], metric="firms", title="服务企业", target=D(2), weight=D("0.4"), period="month")
    found = {x.kpi.metric: x.target for x in scorecard.score_of(session, row, date(2021, 1, 1), date(2021, 12, 31))[0]}
    assert found == {"hours": 400, "firms": 24}


def test_the_running_scorecard_is_scored_until_today(session):
    today = clock.today()
    row = h.contract(session, h.platform(session), starts=date(today.year, 1, 1), ends=date(today.year, 12, 31))
    found = score_tab(session, row)["rows"][0]
    assert found.target == calc.target_for("hours", D(100), "year", calc.span_months(date(today.year, 1, 1), today))


def test_results_days_and_income_are_scored_facts(session):
    p = h.platform(session, "delegated")
    i, who = h.instrument(session, p), h.project(session)
    for day in (1, 1, 2, 9):
        h.event(session, i, who, date(2021, 3, day), 1, gross=300)
    h.event(session, i, who, date(2021, 7, 1), 1, gross=300)  # after the span
    pool = costs.open_pool(session, platform_id=p.id, month=date(2021, 3, 1))  # 1,000 of depreciation
    session.add(CostEntry(park_id=p.park_id, pool_id=pool.id, kind="staff", title="工资", amount=D(1_400), document="x"))
    session.add(CostEntry(park_id=p.park_id, pool_id=pool.id, kind="grant", title="补助", amount=D(900), document="x", funder="区财政"))
    dated = [("patent", date(2021, 1, 1), True), ("patent", date(2021, 6, 30), True), ("patent", date(2021, 7, 1), True),
             ("patent", date(2021, 3, 1), False), ("transfer", date(2021, 2, 1), True)]
    for n, (kind, on, confirmed) in enumerate(dated):
        row = results.record_result(session, platform_id=p.id, kind=kind, title=f"成果{n}", reference=f"R{n}", on_date=on)
        if confirmed:
            row.state, row.confirmed_by, row.confirmed_on = "confirmed", "x", on
    session.flush()
    found = scored(session, p, {"patents": 4, "transfers": 4, "own_income": "0.8", "days_open": 6})
    assert {m: (x.fact.value, x.target, x.points) for m, x in found.items()} == {
        "patents": (2, 2, 25), "transfers": (1, 2, D("12.5")), "own_income": (D("0.5"), D("0.8"), D("15.625")), "days_open": (3, 3, 25)}


def calendar_of(session, instrument, weekdays="12345"):
    """A resource of the instrument, open from 9 to 17."""
    row = BookableResource(code=f"B{instrument.id}", name="预约", kind="instrument", park_id=instrument.park_id)
    session.add(row)
    session.flush()
    for weekday in weekdays:
        session.add(OpeningHours(park_id=row.park_id, weekday=weekday, opens="09:00", closes="17:00", resource_id=row.id))
    instrument.resource_id = row.id
    session.flush()
    return row


def test_hours_open_are_opening_hours_without_closures(session):
    p = h.platform(session, "delegated")
    one, two = h.instrument(session, p), h.instrument(session, p, bought=date(2021, 3, 10))
    room = calendar_of(session, one)
    calendar_of(session, two)
    march = date(2021, 3, 1), date(2021, 3, 14)  # two weeks from a Monday on: 80 hours, and three days of the second instrument
    assert scored(session, p, {"hours_open": 960}, *march)["hours_open"].fact.value == 80 + 24

    def stop(kind, first, last, **whose):
        session.add(ResourceClosure(park_id=p.park_id, kind=kind, cause="x", starts_at=datetime(2021, 3, *first, tzinfo=ZONE),
                                    ends_at=datetime(2021, 3, *last, tzinfo=ZONE) if last else None, **whose))
        session.flush()

    stop("outage", (1, 15), (2, 11), resource_id=room.id)  # two hours each day
    stop("closure", (2, 10), (2, 12))  # the whole park, one of its hours lost already
    stop("maintenance", (6, 9), (6, 17), resource_id=room.id)  # a Saturday
    assert scored(session, p, {"hours_open": 960}, *march)["hours_open"].fact.value == 104 - 5
    stop("outage", (12, 16), None, resource_id=room.id)  # lasts
    assert scored(session, p, {"hours_open": 960}, *march)["hours_open"].fact.value == 98


def test_hours_open_are_unknown_without_opening_hours(session):
    p = h.platform(session, "delegated")
    one, two = h.instrument(session, p), h.instrument(session, p)
    calendar_of(session, one)
    h.event(session, two, h.project(session), date(2021, 3, 1), 5)  # its use says nothing of when it was open
    found = scored(session, p, {"hours_open": 960})["hours_open"]
    assert found.fact.value is None and found.points is None and two.code in found.fact.source and one.code not in found.fact.source
    calendar_of(session, two, weekdays="")
    assert scored(session, p, {"hours_open": 960})["hours_open"].fact.value is None


def test_hours_open_of_a_retired_instrument_end_with_its_last_day(session):
    p = h.platform(session, "delegated")
    i = h.instrument(session, p)
    calendar_of(session, i)
    i.state, i.retired_on = "retired", date(2021, 1, 5)  # a Tuesday; Friday 1st to Tuesday 5th are three working days
    session.flush()
    assert scored(session, p, {"hours_open": 960})["hours_open"].fact.value == 24


def test_hours_open_do_not_reach_beyond_today(session):
    p = h.platform(session, "delegated")
    calendar_of(session, h.instrument(session, p), weekdays="1234567")
    today = clock.today()
    found = scorecard.facts(session, p, today, date(today.year + 1, 12, 31))["hours_open"]
    assert found.value == 8
