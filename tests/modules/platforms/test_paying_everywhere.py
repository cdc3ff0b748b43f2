"""No billable event without a project that holds (U-20 to U-24): orders, answers, adjustments, loads, no-shows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from core_help import entry
from front_help import MARCH, english, instrument, item, local, platform, project, rate, usage  # noqa: F401
from sqlalchemy import func, select, text

from modules.booking.models.booking import Booking
from modules.booking.models.resource import BookableResource
from modules.booking.services import attendance
from modules.platforms.models.event import UsageEvent
from modules.platforms.models.run import MonthRun
from modules.platforms.services import adjustments, events, loading, machine, month_runs, questions, rates, stock
from parkops.errors import RuleError

AT, HOUR, DAY = local(2), timedelta(hours=1), date(2026, 3, 20)


def refused(found):
    return [p.code.removeprefix("platforms.") for p in found.value.problems]


@pytest.fixture
def tool(session):
    found = instrument(session)
    rate(session, found, "200")
    return found


def powder_of(session, tool, amount="10"):
    """A consumable at so much a unit, enough of it in stock."""
    powder = item(session, tool.platform, "consumable", name="粉末")
    stock.add_move(session, item_id=powder.id, quantity=D("1000"), moved_on=date(2026, 3, 1))
    rates.create_rate(session, kind="consumable", platform_id=tool.platform_id, item_id=powder.id, basis="unit", amount=D(amount),
                      starts_on=date(2026, 1, 1))
    return powder


@pytest.mark.parametrize("quantity,fits", [("10", True), ("10.1", False), ("1000", False)])
def test_an_order_fits_into_what_is_left(session, tool, quantity, fits):
    powder, pays = powder_of(session, tool), project(session, cap=D("100.00"))
    order = {"kind": "consumable", "project_id": pays.id, "item_id": powder.id, "quantity": D(quantity), "started_at": AT}
    if fits:
        assert events.record_event(session, **order).quantity == D(quantity)
    else:
        with pytest.raises(RuleError) as found:
            events.record_event(session, **order)
        assert refused(found) == ["U-23"] and "100.00" in str(found.value.problems[0].message)


@pytest.mark.parametrize("kind,more,fits", [
    ("usage", {"ended_at": AT + HOUR}, True),
    ("usage", {"ended_at": AT + 2 * HOUR}, False),
    ("custom", {"amount": D("200.00")}, True),
    ("custom", {"amount": D("200.01")}, False),
    ("custom", {"amount": D("-5.00")}, True),
])  # fmt: skip
def test_use_written_down_and_other_charges_fit_too(session, tool, kind, more, fits):
    pays = project(session, cap=D("200.00"))
    asked = {"kind": kind, "project_id": pays.id, "platform_id": tool.platform_id, "started_at": AT, **more}
    if kind == "usage":
        asked["instrument_id"] = tool.id
    if fits:
        assert events.record_event(session, **asked).state == "done"
    else:
        with pytest.raises(RuleError) as found:
            events.record_event(session, **asked)
        assert refused(found) == ["U-23"]


def test_answers_take_consumables_only_from_a_project_that_pays_for_them(session, tool):
    powder = powder_of(session, tool)
    questions.create_question(session, instrument_id=tool.id, asked="before", code="g", text="领粉", item_id=powder.id, required=False)
    for values, given, rules in (({"allows_consumable": False}, {}, ["U-22"]), ({"cap": D("50.00")}, {"g": "6"}, ["U-23"])):
        with pytest.raises(RuleError) as found, session.begin_nested():
            events.start_usage(session, instrument_id=tool.id, project_id=project(session, **values).id, at=AT, answers=given)
        assert refused(found) == rules
    assert session.scalar(select(func.count(UsageEvent.id))) == 0 and powder.stock == D("1000")
    running = events.start_usage(session, instrument_id=tool.id, project_id=project(session, cap=D("55.00")).id, at=AT, answers={"g": "5"})
    assert session.scalars(select(UsageEvent.quantity).where(UsageEvent.parent_id == running.id)).all() == [D("5.0000")]


def test_what_was_taken_by_the_end_never_keeps_a_machine_from_being_stopped(session, tool):
    powder = powder_of(session, tool)
    questions.create_question(session, instrument_id=tool.id, asked="after", code="g", text="用粉", item_id=powder.id)
    with pytest.raises(RuleError) as found:
        events.start_usage(session, instrument_id=tool.id, project_id=project(session, allows_consumable=False).id, at=AT)
    assert refused(found) == ["U-22"]
    pays = project(session, cap=D("50.00"))
    running = events.start_usage(session, instrument_id=tool.id, project_id=pays.id, at=AT)
    assert events.stop_usage(session, running, at=AT + HOUR, answers={"g": "9"}).state == "done"
    for event in session.scalars(select(UsageEvent).where(UsageEvent.project_id == pays.id)):
        events.validate_event(session, event)
    run = month_runs.price_month(session, month=MARCH)
    warning = run.detail["exceptions"][0]
    assert (run.net, warning["code"]) == (D("290.00"), "over_cap") and "billed all the same" in warning["message"]


WRONG = [
    ("U-21", {"state": "closed"}),
    ("U-21", {"last_day": date(2026, 3, 1)}),
    ("U-21", {"starts_on": date(2026, 3, 3)}),
    ("U-22", {"allows_usage": False}),
    ("U-22", {"platform_id": 0}),
    ("U-23", {"cap": D("199.99")}),
]


@pytest.mark.parametrize("rule,values", WRONG)
def test_an_adjustment_wants_a_project_that_holds_on_the_day_of_the_event(session, tool, rule, values):
    firm = entry(session)
    event = usage(session, tool, project(session, firm), AT)
    if "platform_id" in values:
        values = {"platform_id": platform(session).id}
    wanted = project(session, firm, **values)
    asked = {"event_id": event.id, "raised_on": DAY, "reason": "换项目"}
    with pytest.raises(RuleError) as found:
        adjustments.raise_adjustment(session, want_project_id=wanted.id, **asked)
    assert refused(found) == [rule] and found.value.problems[0].field == "want_project_id"
    good = project(session, firm, last_day=date(2026, 3, 2), cap=D("200.00"))
    assert adjustments.raise_adjustment(session, want_project_id=good.id, **asked).state == "open"  # control


def test_what_holds_no_more_is_not_applied(session, tool):
    firm = entry(session)
    event, wanted = usage(session, tool, project(session, firm), AT), project(session, firm)
    row = adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="换项目", want_project_id=wanted.id)
    row.entered_by_id = None
    adjustments.approve_adjustment(session, row, reason="同意")
    wanted.state = "closed"
    session.flush()
    with pytest.raises(RuleError) as found:
        adjustments.apply_adjustment(session, row, on=DAY)
    assert refused(found) == ["U-21"]


@pytest.mark.parametrize("values,says", [
    ({"state": "suspended"}, "not open"),
    ({"state": "closed"}, "not open"),
    ({"state": "closed", "last_day": date(2026, 3, 1)}, "did not hold"),
    ({"starts_on": date(2026, 3, 3)}, "did not hold"),
    ({"allows_usage": False}, "does not pay for use"),
    ({"platform_id": 0}, "does not pay for use"),
    ({"state": "closed", "last_day": date(2026, 3, 10)}, None),
    ({}, None),
])  # fmt: skip
def test_a_load_names_why_a_project_does_not_hold(session, tool, values, says):
    if "platform_id" in values:
        values = {"platform_id": platform(session).id}
    rows = [(tool.code, project(session).number, AT, AT + HOUR), (tool.code, project(session, **values).number, AT, AT + HOUR)]
    if says is None:
        assert loading.load_usage(session, rows, at=local(31)) == 2
        return
    with pytest.raises(RuleError) as found:
        loading.load_usage(session, rows, at=local(31))
    assert refused(found) == ["U-51"] and says in (words := str(found.value.problems[0].message)) and words.startswith("Line 2:")


@pytest.fixture
def missed(session, tool):
    """A booking of an instrument with a no-show rate, by a project."""
    room = BookableResource(park_id=tool.park_id, code="LAB4", name=tool.name, kind="instrument", missed_minutes=30)
    session.add(room)
    session.flush()
    tool.resource_id = room.id
    rates.create_rate(session, kind="missed", platform_id=tool.platform_id, basis="flat", amount=D("50"), starts_on=date(2026, 1, 1))
    pays = project(session)
    row = Booking(park_id=room.park_id, resource_id=room.id, firm_id=pays.firm_id, starts_at=local(4), ends_at=local(4, 11),
                  state="confirmed", payer_source=machine.PAYER, payer_id=pays.id)
    session.add(row)
    session.flush()
    return row, pays


@pytest.mark.parametrize("values,good", [({"state": "suspended"}, {"state": "active"}), ({"cap": D("49.99")}, {"cap": D("50.00")})])
def test_a_no_show_no_project_pays_for_waits_in_the_runs_exceptions(session, missed, values, good):
    row, pays = missed
    for name, value in values.items():
        setattr(pays, name, value)
    session.flush()
    attendance.close_past(session, on=date(2026, 3, 4), park_id=None, at=local(4, 12))
    assert row.state == "missed" and session.scalar(select(UsageEvent.id)) is None
    dry = month_runs.dry_run(session, month=MARCH)
    assert [(e.code, e.record_id) for e in dry.exceptions] == [("no_show", row.id)] and pays.number in dry.exceptions[0].message
    run = month_runs.price_month(session, month=MARCH)
    assert (run.events, run.exceptions) == (0, 1)
    for name, value in good.items():
        setattr(pays, name, value)
    session.flush()
    assert month_runs.dry_run(session, month=MARCH).events == 1 and session.scalar(select(UsageEvent.id)) is None
    for _again in range(2):
        run = month_runs.price_month(session, month=MARCH)
        assert (run.events, run.net, run.exceptions) == (1, D("50.00"), 0)
    assert session.scalar(select(func.count(MonthRun.id))) == 1


def test_a_no_show_without_a_rate_is_no_exception(session, missed):
    row, pays = missed
    pays.state = "suspended"
    session.execute(text("delete from platforms_rate where kind = 'missed'"))
    session.flush()
    attendance.close_past(session, on=date(2026, 3, 4), park_id=None, at=local(4, 12))
    assert row.state == "missed" and month_runs.dry_run(session, month=MARCH).exceptions == []
