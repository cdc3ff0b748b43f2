"""Rules at the machine: paying projects, start and stop, orders, consumables, waivers, trainings (U-16 to U-52)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from core_help import entry
from front_help import english, instrument, item, local, platform, project, rate, usage  # noqa: F401
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from modules.platforms.models.event import StockMove, UsageEvent
from modules.platforms.models.registry import OperatorQualification
from modules.platforms.services import events, loading, projects, questions, rates, stock
from parkops.errors import NotAllowed, RuleError

AT = local(2)


def refused(found):
    return [p.code.removeprefix("platforms.") for p in found.value.problems]


@pytest.fixture
def machine(session):
    found = instrument(session)
    rate(session, found, "200")
    return found


def start(session, machine, pays, at=AT, **values):
    return events.start_usage(session, instrument_id=machine.id, project_id=pays.id if pays else None, at=at, **values)


@pytest.mark.parametrize(
    "rule,values",
    [
        ("U-21", {"state": "suspended"}),
        ("U-21", {"last_day": date(2026, 3, 1)}),
        ("U-21", {"starts_on": date(2026, 3, 3)}),
        ("U-22", {"allows_usage": False}),
        ("U-23", {"cap": D("0.00")}),
        ("U-24", {"prepaid": True}),
    ],
)
def test_a_project_that_does_not_hold_is_refused_at_the_machine(session, machine, rule, values):
    with pytest.raises(RuleError) as found:
        start(session, machine, project(session, **values))
    assert refused(found) == [rule] and str(found.value.problems[0].message).count(".") >= 1
    assert session.scalar(select(UsageEvent.id).limit(1)) is None
    start(session, machine, project(session))  # control: one that holds starts


def test_every_reason_against_a_project_is_named_at_once(session, machine):
    wrong = {"state": "suspended", "last_day": date(2026, 3, 1), "allows_usage": False, "cap": D("0.00"), "platform_id": platform(session).id}
    with pytest.raises(RuleError) as found:
        start(session, machine, project(session, **wrong))
    assert refused(found) == ["U-21", "U-21", "U-22", "U-22", "U-23"] and len({str(p.message) for p in found.value.problems}) == 5
    with pytest.raises(RuleError) as found:  # a program that leaves the kind out
        events.record_event(session, kind=None, project_id=project(session).id, platform_id=machine.platform_id, started_at=AT)
    assert refused(found) == ["U-44"]
    machine.needs_training = True
    with pytest.raises(RuleError) as found:
        start(session, machine, project(session, state="suspended"))
    assert sorted(refused(found)) == ["U-21", "U-42"]


def test_without_a_project_or_with_another_platforms_nothing_starts(session, machine):
    for pays, rule in ((None, "U-20"), (project(session, platform_id=platform(session).id), "U-22")):
        with pytest.raises(RuleError) as found:
            start(session, machine, pays)
        assert refused(found) == [rule]


def test_cap_counts_priced_unpriced_and_running_use(session, machine):
    pays = project(session, cap=D("500.00"))
    usage(session, machine, pays, local(1), 90)  # 300 as it looks now
    assert projects.left(session, pays, date(2026, 3, 2)) == D("200.00")
    other = instrument(session, machine.platform)
    rate(session, other, "100")
    start(session, other, pays, AT)
    assert projects.left(session, pays, date(2026, 3, 2), until=AT + timedelta(hours=2)) == D("0.00")
    with pytest.raises(RuleError) as found:
        start(session, machine, pays, AT + timedelta(hours=2))
    assert refused(found) == ["U-23"]


def test_prepaid_money_is_drawn_until_it_is_used_or_expires(session, machine):
    pays = project(session, prepaid=True)
    projects.add_fund(session, project_id=pays.id, amount=D("100.00"), received_on=date(2026, 2, 1), expires_on=date(2026, 3, 2), reference="R-1")
    assert projects.left(session, pays, date(2026, 3, 2)) == D("100.00") and projects.left(session, pays, date(2026, 3, 3)) == 0
    start(session, machine, pays)
    with pytest.raises(RuleError) as found:
        projects.add_fund(session, project_id=project(session).id, amount=D("1.00"), received_on=date(2026, 2, 1), reference="R-2")
    assert refused(found) == ["U-24"]


def test_start_and_stop_count_whole_minutes(session, machine):
    event = start(session, machine, project(session), AT.replace(second=50))
    assert (event.state, event.started_at.second) == ("open", 0)
    events.stop_usage(session, event, at=AT + timedelta(minutes=95, seconds=20))
    assert (event.state, event.minutes, event.ended_on) == ("done", 95, date(2026, 3, 2))
    with pytest.raises(RuleError) as found:
        events.stop_usage(session, event, at=AT + timedelta(minutes=99))
    assert refused(found) == ["U-43"]


def test_a_machine_runs_once_at_a_time(session, machine):
    start(session, machine, project(session))
    with pytest.raises(RuleError) as found:
        start(session, machine, project(session), AT + timedelta(minutes=5))
    assert refused(found) == ["U-41"]
    row = session.scalars(select(UsageEvent)).one()
    with pytest.raises(DBAPIError), session.begin_nested():  # control: the index refuses it whoever writes
        session.execute(text("insert into platforms_event (park_id, kind, platform_id, instrument_id, firm_id, project_id, customer_class, "
                             "started_at) select park_id, kind, platform_id, instrument_id, firm_id, project_id, customer_class, started_at "
                             "from platforms_event where id = :i"), {"i": row.id})


def test_out_of_order_and_training(session, machine):
    machine.needs_training = True
    pays = project(session)
    with pytest.raises(RuleError) as found:
        start(session, machine, pays)
    assert refused(found) == ["U-42"]
    session.add(OperatorQualification(park_id=machine.park_id, instrument_id=machine.id, firm_id=pays.firm_id, trained_on=date(2025, 1, 1),
                                      expires_on=date(2026, 3, 1)))
    session.flush()
    with pytest.raises(RuleError):
        start(session, machine, pays)  # expired the day before
    assert start(session, machine, pays, local(1)).state == "open"
    broken = instrument(session, machine.platform, state="out_of_order")
    with pytest.raises(RuleError) as found:
        start(session, broken, pays)
    assert refused(found) == ["U-41"]


def test_answers_take_consumables_and_stock_never_goes_below_zero(session, machine):
    powder = item(session, machine.platform, "consumable", name="粉末")
    stock.add_move(session, item_id=powder.id, quantity=D("10"), moved_on=date(2026, 3, 1))
    questions.create_question(session, instrument_id=machine.id, asked="before", code="mat", text="材料", answer="text")
    questions.create_question(session, instrument_id=machine.id, asked="after", code="g", text="用粉（份）", item_id=powder.id, factor=D("1.5"))
    pays = project(session)
    with pytest.raises(RuleError) as found:
        start(session, machine, pays)
    assert refused(found) == ["U-45"]
    event = start(session, machine, pays, answers={"mat": "316L"})
    for wrong in ({}, {"g": "-1"}, {"g": "viel"}, {"g": "1", "x": "1"}):
        with pytest.raises(RuleError) as found:
            events.stop_usage(session, event, at=AT + timedelta(hours=1), answers=wrong)
        assert refused(found) == ["U-45"]
    with pytest.raises(RuleError) as found, session.begin_nested():
        events.stop_usage(session, event, at=AT + timedelta(hours=1), answers={"g": "7"})
    assert refused(found) == ["U-46"]
    session.refresh(event)
    events.stop_usage(session, event, at=AT + timedelta(hours=1), answers={"g": "4"})
    used = session.scalars(select(UsageEvent).where(UsageEvent.parent_id == event.id)).one()
    assert (used.kind, used.quantity, used.origin, powder.stock) == ("consumable", D("6.0000"), "question", D("4.0000"))
    events.cancel_event(session, used, reason="数错")
    assert powder.stock == D("10.0000") and sum(m.quantity for m in session.scalars(select(StockMove))) == D("10")


def test_stock_moves_are_never_changed(session, machine):
    goods = item(session, machine.platform, "consumable")
    move = stock.add_move(session, item_id=goods.id, quantity=D("3"), moved_on=date(2026, 3, 1))
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("update platforms_stock_move set quantity = 99 where id = :i"), {"i": move.id})
    with pytest.raises(RuleError) as found:
        stock.add_move(session, item_id=goods.id, quantity=D("-4"), moved_on=date(2026, 3, 1))
    assert refused(found) == ["U-46"]


@pytest.mark.parametrize(
    "rule,values",
    [
        ("U-44", {"kind": "sample"}),
        ("U-44", {"kind": "technician"}),
        ("U-44", {"kind": "custom"}),
        ("U-44", {"kind": "usage", "ended_at": AT + timedelta(hours=1)}),
        ("U-43", {"kind": "technician", "ended_at": AT - timedelta(hours=1)}),
    ],
)
def test_each_kind_needs_its_own(session, rule, values):
    with pytest.raises(RuleError) as found:
        events.record_event(session, **{"project_id": project(session).id, "platform_id": platform(session).id, "started_at": AT, **values})
    assert refused(found) == [rule]


def test_orders_time_training_and_credits(session):
    where, pays = platform(session), project(session)
    sample = item(session, where)
    order = events.record_event(session, kind="sample", project_id=pays.id, item_id=sample.id, quantity=D("3"), started_at=AT)
    hours = events.record_event(session, kind="technician", project_id=pays.id, platform_id=where.id, started_at=AT, ended_at=AT + timedelta(hours=2))
    credit = events.record_event(session, kind="custom", project_id=pays.id, platform_id=where.id, started_at=AT, amount=D("-50.00"))
    assert (order.minutes, hours.minutes, credit.amount, order.platform_id) == (None, 120, D("-50.00"), where.id)
    pays.allows_training = False
    with pytest.raises(RuleError) as found:
        events.record_event(session, kind="training", project_id=pays.id, platform_id=where.id, started_at=AT, ended_at=AT + timedelta(hours=1))
    assert refused(found) == ["U-22"]


def test_who_recorded_it_does_not_waive_it(as_role, session, machine):
    pays, machine_id = project(session), machine.id
    ours = usage(session, machine, pays, AT, state="done", started_by="Test operations_manager")
    session.commit()
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        events.waive_event(s, s.get(UsageEvent, ours.id), reason="x")
    with as_role("operations_manager") as s:
        mine = events.start_usage(s, instrument_id=machine_id, project_id=pays.id, at=AT + timedelta(hours=4))
        events.stop_usage(s, mine, at=AT + timedelta(hours=5))
        with pytest.raises(RuleError) as found:
            events.waive_event(s, mine, reason="x")
        assert refused(found) == ["U-48"]
        other = s.get(UsageEvent, ours.id)
        other.started_by = "somebody else"
        s.flush()
        with pytest.raises(RuleError):
            events.waive_event(s, other, reason=" ")
        events.waive_event(s, other, reason="试用期")
        assert (other.state, other.waived_reason) == ("waived", "试用期") and other.waived_by


def test_events_are_cancelled_never_deleted(session, machine):
    event = usage(session, machine, project(session), AT)
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("delete from platforms_event where id = :i"), {"i": event.id})
    events.cancel_event(session, event, reason="误录")
    assert event.state == "void"


def test_load_takes_all_or_names_the_wrong_lines(session, machine):
    pays = project(session)
    good = (machine.code, pays.number, AT, AT + timedelta(minutes=90))
    with pytest.raises(RuleError) as found:
        loading.load_usage(session, [good, ("?", pays.number, AT, AT)], at=AT)
    assert refused(found) == ["U-51"] and "Line 2" in str(found.value.problems[0].message)
    assert loading.load_usage(session, [good, good], at=AT) == 2
    assert session.scalars(select(UsageEvent.minutes)).all() == [90, 90]


# ---- rates


def test_overlap_is_refused_by_service_and_database(session, machine):
    with pytest.raises(RuleError) as found:
        rate(session, machine, "250", starts_on=date(2026, 6, 1))
    assert refused(found) == ["U-10"] and "200" in str(found.value.problems[0].message)
    rate(session, machine, "150", customer_class="external")  # another sheet
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text("insert into platforms_rate (park_id, kind, platform_id, instrument_id, amount, starts_on, during) select park_id, "
                             "kind, platform_id, instrument_id, 1, '2026-06-01', '[2026-06-01,)' from platforms_rate limit 1"))


def test_windows_of_a_sheet_never_share_a_minute(session, machine):
    window = {"weekdays": "12345", "opens": "08:00", "closes": "17:00"}
    rate(session, machine, "100", **window)
    rate(session, machine, "90", weekdays="67", opens="08:00", closes="17:00")
    rate(session, machine, "80", weekdays="12345", opens="17:00", closes="24:00")
    for clash in ({"weekdays": "5", "opens": "16:59", "closes": "18:00"}, {"weekdays": "7", "opens": "00:00", "closes": "08:01"}):
        with pytest.raises(RuleError) as found:
            rate(session, machine, "70", **clash)
        assert refused(found) == ["U-10"]


@pytest.mark.parametrize(
    "rule,values",
    [
        ("U-11", {"weekdays": "12345"}),
        ("U-11", {"weekdays": "89", "opens": "08:00", "closes": "09:00"}),
        ("U-11", {"weekdays": "1", "opens": "22:00", "closes": "06:00"}),
        ("U-11", {"weekdays": "1", "opens": "08:00", "closes": "25:00"}),
        ("U-11", {"weekdays": "1", "opens": "08:00", "closes": "09:00", "minimum": D("5.00")}),
        ("U-11", {"basis": "day", "minimum": D("5.00")}),
        ("U-12", {"weekdays": "1", "opens": "08:00", "closes": "09:00", "customer_class": "external"}),
        ("record.date_order", {"last_day": date(2025, 1, 1)}),
    ],
)
def test_a_rate_has_one_shape(session, machine, rule, values):
    with pytest.raises(RuleError) as found:
        rate(session, machine, "50", **values)
    assert rule in refused(found)


def test_tiers_and_windows_do_not_go_together(session, machine):
    base = session.scalars(select(rates.PlatformRate)).one()
    rates.create_tier(session, rate_id=base.id, after=120, amount=D("150"))
    with pytest.raises(RuleError) as found:
        rate(session, machine, "90", weekdays="67", opens="08:00", closes="17:00")
    assert refused(found) == ["U-12"]
    other = instrument(session, machine.platform)
    plain = rate(session, other)
    rate(session, other, "90", weekdays="67", opens="08:00", closes="17:00")
    with pytest.raises(RuleError) as found:
        rates.create_tier(session, rate_id=plain.id, after=120, amount=D("150"))
    assert refused(found) == ["U-14"]


def test_firms_projects_only(session, machine):
    firm = entry(session)
    mine, _closed = project(session, firm), project(session, firm, state="closed")
    found = projects.of_firm(session, firm.id, kind="usage", on=date(2026, 3, 2), platform_id=machine.platform_id)
    assert found == [mine]
    assert projects.close_ended(session, on=date(2026, 3, 2)) == {"closed": 0}
    mine.last_day = date(2026, 3, 1)
    assert projects.close_ended(session, on=date(2026, 3, 2)) == {"closed": 1} and mine.state == "closed"
