"""Use reaches the booking (U-65): checked in and named by the event from each way in; nobody who used the machine pays a no-show."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from front_help import english, instrument, local, project, rate  # noqa: F401
from sqlalchemy import select

from modules.booking.models.booking import Booking
from modules.booking.models.resource import BookableResource
from modules.booking.services import attendance
from modules.platforms.models.event import UsageEvent
from modules.platforms.services import events, machine, rates
from parkops import clock
from parkops.testing.plugin import PASSWORD

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AT = local(4)


@pytest.fixture
def lab(session):
    """A bookable instrument, its no-show rate, and a project to pay."""
    tool = instrument(session)
    room = BookableResource(park_id=tool.park_id, code="LAB2", name=tool.name, kind="instrument", missed_minutes=30)
    session.add(room)
    session.flush()
    tool.resource_id = room.id
    rate(session, tool, "200")
    rates.create_rate(session, kind="missed", platform_id=tool.platform_id, basis="flat", amount=D("50"), starts_on=date(2026, 1, 1))
    pays = project(session)
    session.commit()
    return tool, room, pays


def booked(session, room, pays, start=AT, minutes=60, **values):
    row = Booking(**{"park_id": room.park_id, "resource_id": room.id, "firm_id": pays.firm_id, "starts_at": start, "state": "confirmed",
                     "ends_at": start + minutes * MINUTE, **values})
    session.add(row)
    session.commit()
    return row


def by_service(_app, _client, _login, session, tool, pays):
    events.start_usage(session, instrument_id=tool.id, project_id=pays.id, at=clock.now())


def by_page(_app, client, login, _session, tool, pays):
    login(client, "operations_clerk")
    page = client.get(f"/platforms/machine/{tool.id}").get_data(as_text=True)
    form = {name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', page)[1] for name in ("_once", "csrf_token")}
    assert client.post(f"/platforms/machine/{tool.id}/start", data={**form, "project_id": str(pays.id)}).status_code == 303


def by_interlock(app, _client, _login, _session, tool, pays):
    caller = app.test_client()
    said = caller.post("/api/v1/security/login", json={"username": "operations_clerk", "password": PASSWORD, "provider": "db"}).get_json()
    answer = caller.post("/api/v1/platforms/machine/switch", json={"interlock": tool.interlock_id, "on": True, "project": pays.number},
                         headers={"Authorization": f"Bearer {said['access_token']}"})
    assert answer.status_code == 200, answer.get_json()


@pytest.mark.parametrize("way", [by_service, by_page, by_interlock])
def test_use_checks_the_booking_in_and_no_no_show_is_charged(app, client, login_as, session, lab, way):
    tool, room, pays = lab
    start = clock.now().replace(second=0, microsecond=0) - 5 * MINUTE
    row = booked(session, room, pays, start)
    way(app, client, login_as, session, tool, pays)
    session.expire_all()
    event = session.scalars(select(UsageEvent)).one()
    assert (event.booking_id, row.state) == (row.id, "checked_in")
    assert attendance.close_past(session, on=clock.today(), park_id=None, at=start + 40 * MINUTE) == {"missed": 0, "finished": 0}
    assert attendance.close_past(session, on=clock.today(), park_id=None, at=start + 61 * MINUTE) == {"missed": 0, "finished": 1}
    assert session.scalars(select(UsageEvent.kind)).all() == ["usage"]


def test_without_use_it_is_missed_and_charged(session, lab):
    _tool, room, pays = lab
    row = booked(session, room, pays)
    attendance.close_past(session, on=AT.date(), park_id=None, at=AT + 40 * MINUTE)
    assert (row.state, session.scalars(select(UsageEvent.kind)).all()) == ("missed", ["missed"])


@pytest.mark.parametrize("what,after,own,linked", [
    ("from half an hour before", -30, {}, True),
    ("not earlier", -31, {}, False),
    ("until the end", 59, {}, True),
    ("not after it", 60, {}, False),
    ("by the project it names", 0, {"payer_source": machine.PAYER}, True),
    ("not when it names another", 0, {"payer_source": machine.PAYER, "payer_id": 999_999}, False),
    ("not before it is confirmed", 0, {"state": "requested"}, False),
    ("again within a booking checked in", 20, {"state": "checked_in", "checked_in_at": AT}, True),
])  # fmt: skip
def test_which_booking_the_use_belongs_to(session, lab, what, after, own, linked):
    tool, room, pays = lab
    if "payer_source" in own:
        own = {"payer_id": pays.id, **own}
    row = booked(session, room, pays, **own)
    event = events.start_usage(session, instrument_id=tool.id, project_id=pays.id, at=AT + after * MINUTE)
    assert event.booking_id == (row.id if linked else None), what
    assert (row.state == "checked_in") is linked


def test_of_two_bookings_the_one_of_this_time_and_firm_counts(session, lab):
    tool, room, pays = lab
    other = project(session)
    now_, _next = booked(session, room, pays), booked(session, room, pays, AT + HOUR)
    event = events.start_usage(session, instrument_id=tool.id, project_id=pays.id, at=AT + 45 * MINUTE)
    events.stop_usage(session, event, at=AT + 50 * MINUTE)
    assert (event.booking_id, _next.state) == (now_.id, "confirmed")
    assert events.start_usage(session, instrument_id=tool.id, project_id=other.id, at=AT + 55 * MINUTE).booking_id is None


def test_use_begun_long_before_the_booking_is_no_no_show(session, lab):
    tool, room, pays = lab
    booked(session, room, pays)
    events.start_usage(session, instrument_id=tool.id, project_id=pays.id, at=AT - 2 * HOUR)
    attendance.close_past(session, on=AT.date(), park_id=None, at=AT + 40 * MINUTE)
    assert session.scalars(select(UsageEvent.kind)).all() == ["usage"]
