"""What the month run takes off by rights, and booking's statement of the same month, are the same numbers (U-09, K-31)."""

from datetime import date, datetime, timedelta
from decimal import Decimal as D

import pytest
from core_help import entry
from front_help import MARCH, english, instrument, local, project, rate, usage  # noqa: F401
from sqlalchemy import select

from modules.booking.models.booking import Booking
from modules.booking.models.entitlement import EntitlementGrant, EntitlementPlan, PlanLine
from modules.booking.models.resource import BookableResource
from modules.booking.services import entitlements
from modules.platforms.models.event import UsageEvent
from modules.platforms.services import month_runs
from parkops import money
from parkops.clock import Period

FEB = date(2026, 2, 1)


@pytest.fixture
def world(session):
    """Two machines (one bookable), a room, a firm with five hours a month for everything and 300 yuan by hand."""
    firm = entry(session)
    things = []
    for code, kind in (("B1", "instrument"), ("B2", "room")):
        row = BookableResource(park_id=firm.park_id, code=f"{code}-{firm.id}", name=code, kind=kind)
        session.add(row)
        session.flush()
        things.append(row)
    machines = instrument(session, resource_id=things[0].id), instrument(session)
    for m in machines:
        rate(session, m, "200")
    plan = EntitlementPlan(park_id=firm.park_id, code="H", name="每月机时")
    session.add(plan)
    session.flush()
    session.add_all([PlanLine(park_id=firm.park_id, plan_id=plan.id, unit="minutes", minutes=300),
                     EntitlementGrant(park_id=firm.park_id, plan_id=plan.id, firm_id=firm.id, starts_on=date(2026, 1, 1))])
    session.flush()
    entitlements.create_credit(session, firm_id=firm.id, unit="money", amount=D("300"), granted_on=date(2026, 2, 10), reason="路演获奖")
    return firm, machines, things


def booked(session, firm, thing, start: datetime, minutes, state="confirmed"):
    row = Booking(park_id=firm.park_id, resource_id=thing.id, firm_id=firm.id, starts_at=start, ends_at=start + timedelta(minutes=minutes),
                  state=state)
    session.add(row)
    session.flush()


def build(session, firm, machines, things):
    pays = project(session, firm)
    for month, day, minutes, which in ((2, 12, 400, 0), (3, 2, 90, 0), (3, 3, 200, 1), (3, 20, 120, 0)):
        usage(session, machines[which], pays, local(day, month=month), minutes)
    booked(session, firm, things[1], local(2, 14), 60)  # the room uses up time too
    booked(session, firm, things[1], local(4, 14), 30, "missed")  # and a no-show, as the park says
    booked(session, firm, things[0], local(2, 9), 480)  # a booking of a machine does not: its use does


def test_bill_and_statement_say_the_same(session, world):
    firm, machines, things = world
    build(session, firm, machines, things)
    for month in (FEB, MARCH):
        month_runs.price_month(session, month=month)
    for month in (FEB, MARCH):
        found = entitlements.allocation(session, firm_id=firm.id, month=month)
        events = session.scalars(select(UsageEvent).where(
            UsageEvent.firm_id == firm.id, UsageEvent.ended_on >= month, UsageEvent.ended_on < Period.month(month).end)
            .execution_options(populate_existing=True)).all()
        assert {f"event:{e.id}": money.fen(e.entitled) for e in events} == {
            u.key: found.of_use(u.key)[1] for u in found.uses if u.source == "platforms.event"}
        assert {u.key: u.amount for u in found.uses if u.source == "platforms.event"} == {
            f"event:{e.id}": money.fen(e.gross) for e in events}
    march = entitlements.allocation(session, firm_id=firm.id, month=MARCH)
    assert len([u for u in march.uses if u.source == "booking.booking"]) == 2
    # 90 + 60 + 150 of 300 minutes by the 3rd; February's 100 minutes beyond the plan took the 300 yuan (333.33 were owed)
    assert sorted(money.yuan(march.of_use(u.key)[1]) for u in march.uses) == [0, 0, 0, 300, 500]
    assert all(left == 0 for left in march.left.values())


def test_the_statement_shows_use_before_it_is_priced(session, world):
    firm, machines, things = world
    build(session, firm, machines, things)
    before = entitlements.allocation(session, firm_id=firm.id, month=MARCH)
    for month in (FEB, MARCH):
        month_runs.price_month(session, month=month)
    after = entitlements.allocation(session, firm_id=firm.id, month=MARCH)
    assert sorted(before.shares, key=str) == sorted(after.shares, key=str)
    assert {u.source for u in before.uses} == {"platforms.event", "booking.booking"}


def test_the_page_leads_to_the_use(session, world):
    from modules.booking.views.entitlements import sheet

    firm, machines, things = world
    build(session, firm, machines, things)
    shown = sheet(session, firm, MARCH)["uses"]
    assert sum(u["url"].startswith("/platforms/event/") for u in shown) == 3
