"""What a month comes to depends on what is in it, not on when it was entered, priced or looked at (U-08, U-09, U-31, U-32)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from core_help import entry
from front_help import MARCH, english, instrument, local, project, rate, usage  # noqa: F401
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from modules.billing.models.charge import Charge
from modules.billing.services import runs
from modules.booking.models.entitlement import EntitlementGrant, EntitlementPlan, PlanLine
from modules.booking.services import entitlements
from modules.platforms.models.event import UsageEvent
from modules.platforms.services import adjustments, month_runs, rates
from parkops import money
from parkops.testing.depth import depth

PLAN, DAY = 100, date(2026, 4, 2)  # minutes a month


@pytest.fixture
def lab(session):
    """Three machines (per hour with a cap, per hour, per day), a firm with 100 minutes a month and a discount from 1,000 yuan on."""
    machines = [instrument(session) for _n in range(3)]
    rate(session, machines[0], "200", daily_cap=D("350.00"))
    rate(session, machines[1], "90")
    rate(session, machines[2], "120", basis="day")
    firm = entry(session)
    plan = EntitlementPlan(park_id=firm.park_id, code="H", name="每月机时")
    session.add(plan)
    session.flush()
    session.add_all([PlanLine(park_id=firm.park_id, plan_id=plan.id, unit="minutes", minutes=PLAN),
                     EntitlementGrant(park_id=firm.park_id, plan_id=plan.id, firm_id=firm.id, starts_on=date(2026, 1, 1))])
    rates.create_discount(session, name="梯度优惠", reached=D("1000.00"), percent=D("0.1"), starts_on=date(2026, 1, 1))
    return machines, [project(session, firm), project(session, firm), project(session)]


def figures(s, *events):
    """(gross, discount, covered, net) of events as they stand."""
    for e in events:
        s.refresh(e)
    return [(e.gross, e.discount, e.entitled, e.net) for e in events]


def said(s, event):
    """What booking's statement says that rights pay of the event."""
    found = entitlements.allocation(s, firm_id=event.firm_id, month=MARCH)
    return money.yuan(found.of_use(f"event:{event.id}")[1])


def bill(s, post=True):
    run = runs.generate(s, month=MARCH, issued_on=MARCH)
    while post and run.state != "collected" and runs.post_next(s, run):
        pass
    return run


def test_rights_go_to_the_earlier_use_also_when_it_came_in_later(session, lab):
    machines, pays = lab
    later = usage(session, machines[0], pays[0], local(9))
    month_runs.price_month(session, month=MARCH)
    assert figures(session, later) == [(D("200.00"), 0, D("200.00"), 0)]
    earlier = usage(session, machines[0], pays[1], local(2))
    run = month_runs.price_month(session, month=MARCH)
    assert [f[2:] for f in figures(session, earlier, later)] == [(D("200.00"), 0), (D("133.33"), D("66.67"))]
    assert [said(session, e) for e in (earlier, later)] == [D("200.00"), D("133.33")]
    assert (run.events, run.entitled, run.net) == (2, D("333.33"), D("66.67"))
    versions = [e.version for e in (earlier, later)]
    month_runs.price_month(session, month=MARCH)
    figures(session, earlier, later)
    assert [e.version for e in (earlier, later)] == versions


@pytest.mark.parametrize("post", [True, False])
def test_what_stands_on_a_bill_keeps_its_rights_and_they_count(session, lab, post):
    """Posted or draft: the line and the event say the same."""
    machines, pays = lab
    later = usage(session, machines[0], pays[0], local(9))
    usage(session, machines[0], pays[0], local(9), None, kind="custom", instrument_id=None, amount=D("5.00"))  # a bill has an amount
    month_runs.price_month(session, month=MARCH)
    bill(session, post)
    earlier = usage(session, machines[0], pays[1], local(2))
    for _n in range(2):
        month_runs.price_month(session, month=MARCH)
        assert [f[2] for f in figures(session, later, earlier)] == [D("200.00"), D("133.33")]  # 60 and 40 minutes of 100
    assert [said(session, e) for e in (later, earlier)] == [D("200.00"), D("133.33")]


def test_a_step_reached_later_reduces_all_that_stands_on_no_bill(session, lab):
    machines, pays = lab
    billed = usage(session, machines[1], pays[2], local(2), 400)  # 600 yuan
    month_runs.price_month(session, month=MARCH)
    bill(session)
    first = usage(session, machines[1], pays[2], local(3), 200)
    month_runs.price_month(session, month=MARCH)
    assert [f[1] for f in figures(session, billed, first)] == [0, 0]
    second = usage(session, machines[1], pays[2], local(4), 200)
    month_runs.price_month(session, month=MARCH)
    assert [f[1] for f in figures(session, billed, first, second)] == [0, D("30.00"), D("30.00")]


def test_minutes_an_adjustment_frees_go_to_other_use_at_once(session, lab):
    machines, pays = lab
    first, second = usage(session, machines[0], pays[0], local(2)), usage(session, machines[0], pays[0], local(9))
    month_runs.price_month(session, month=MARCH)
    row = adjustments.raise_adjustment(session, event_id=first.id, raised_on=DAY, reason="忘记关机", want_end=local(2, 9, 30))
    adjustments.approve_adjustment(session, row, reason="属实")
    adjustments.apply_adjustment(session, row, on=DAY)
    assert [f[2:] for f in figures(session, first, second)] == [(D("100.00"), 0), (D("200.00"), 0)]


@pytest.mark.parametrize("swapped", [False, True])
def test_what_begins_in_the_same_minute_is_told_apart_by_what_it_is(session, lab, swapped):
    """A cap and a day's price that two uses share go to the same one, whichever was entered first."""
    machines, _pays = lab
    pays = project(session)
    rows = [("cap", machines[0], 60), ("cap longer", machines[0], 90), ("day", machines[2], 60), ("days", machines[2], 60 * 24)]
    made = {name: usage(session, m, pays, local(2), minutes) for name, m, minutes in (reversed(rows) if swapped else rows)}
    month_runs.price_month(session, month=MARCH)
    found = figures(session, *(made[name] for name, *_rest in rows))
    assert [f[0] for f in found] == [D("200.00"), D("150.00"), D("120.00"), D("120.00")]


USES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 40), st.sampled_from([7, 30, 60, 95, 600, 1500]),
                          st.sampled_from([False, False, False, True])), min_size=2, max_size=7, unique_by=lambda u: u[2])


QUICK = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": (Phase.explicit, Phase.reuse, Phase.generate)}


def enter(s, lab, rows):
    machines, pays = lab
    return {row: usage(s, machines[row[0]], pays[row[1]], local(2) + timedelta(hours=7 * row[2]), row[3],
                       **({"state": "waived", "waived_reason": "试用"} if row[4] else {})) for row in rows}


def result(s, made):
    found = dict(zip(made, figures(s, *made.values()), strict=True))
    return {row: (*f, made[row].waived) for row, f in found.items()}


@given(rows=USES, data=st.data())
@settings(max_examples=depth(6, 150), **QUICK)
def test_a_month_priced_in_pieces_is_the_month_priced_at_once(session, lab, rows, data):
    with session.begin_nested() as point:
        made = enter(session, lab, sorted(rows))
        month_runs.price_month(session, month=MARCH)
        whole = result(session, made)
        point.rollback()
    with session.begin_nested() as point:
        made, waits = {}, data.draw(st.permutations(rows))
        while waits:
            n = data.draw(st.integers(1, len(waits)))
            made |= enter(session, lab, waits[:n])
            waits = waits[n:]
            run = month_runs.price_month(session, month=MARCH)
        assert result(session, made) == whole
        nothing_changes(session, made, run)
        point.rollback()


@given(rows=USES, data=st.data())
@settings(max_examples=depth(6, 150), **QUICK)
def test_what_is_billed_stays_and_the_plan_never_gives_more(session, lab, rows, data):
    """Billed in between: what stands on a bill keeps its figures, the plan is never exceeded, and running again changes nothing."""
    with session.begin_nested() as point:
        made, waits = {}, data.draw(st.permutations(rows))
        while waits:
            n = data.draw(st.integers(1, len(waits)))
            before = result(session, made)
            lines = set(session.scalars(select(Charge.source_id).where(Charge.source == "platforms.event")))
            charged = {row for row, e in made.items() if e.id in lines}
            made |= enter(session, lab, waits[:n])
            waits = waits[n:]
            month_runs.price_month(session, month=MARCH)
            after = result(session, made)
            assert {row: after[row] for row in charged} == {row: before[row] for row in charged}
            bill(session)
            run = month_runs.price_month(session, month=MARCH)
            nothing_changes(session, made, run)
        mine = [e for row, e in made.items() if row[1] < 2]
        used = sum((e.entitled * e.minutes / (e.gross - e.discount) for e in mine if e.entitled), D(0))
        assert used <= PLAN + D("0.1"), [(e.minutes, e.gross, e.discount, e.entitled) for e in mine]
        point.rollback()


def nothing_changes(s, made, run):
    query = select(UsageEvent.id, UsageEvent.version).where(UsageEvent.id.in_([e.id for e in made.values()])).order_by(UsageEvent.id)
    before, version = s.execute(query).all(), run.version
    again = month_runs.price_month(s, month=MARCH)
    assert s.execute(query).all() == before and (again.id, again.version) == (run.id, version)
