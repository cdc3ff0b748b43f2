"""Bookings by a firm's users: cancelling while another firm waits, a colleague's request, a malformed time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from booking_help import room
from portal_help import browser, join, mark_of, new_firm, scope_of_firm
from sqlalchemy import select

from modules.booking.models.booking import Booking, WaitingEntry
from modules.booking.services import bookings, waiting
from parkops import clock, outbox
from parkops.approval import Approval
from parkops.db.session import session_scope, system_scope
from parkops.errors import NotAllowed
from parkops.security import portal


@pytest.fixture
def firms(db, app, park):
    return new_firm(park.id), new_firm(park.id)


def _soon() -> datetime:
    return clock.local(clock.now()).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=3)


def _booked(park, firm_id: int, user_id: int, *, needs_approval: bool = False) -> int:
    """A booking of the firm's user; returns its id."""
    with system_scope("test", park_id=park.id) as s:
        resource_id = room(s, needs_approval=needs_approval).id
    with session_scope(scope_of_firm(firm_id, park.id, user_id)) as s, portal.acting(s):
        row = bookings.book(s, resource=bookings.resource_of(s, resource_id), starts_at=_soon(), ends_at=_soon() + timedelta(hours=1),
                            firm_id=firm_id)
        return row.id


def _wait(park, booking_id: int, firm_id: int) -> int:
    with system_scope("test", park_id=park.id) as s:
        row = s.get(Booking, booking_id)
        return waiting.join(s, resource_id=row.resource_id, starts_at=row.starts_at, ends_at=row.ends_at, firm_id=firm_id).id


def test_a_firm_cancels_while_another_firm_waits(firms, park):
    mine, other = firms
    user = join(mine)
    booking = _booked(park, mine, user)
    entry = _wait(park, booking, other)
    with session_scope(scope_of_firm(mine, park.id, user)) as s, portal.acting(s):
        assert bookings.cancel(s, s.get(Booking, booking)).state == "cancelled"
    with system_scope("look") as s:
        assert s.get(WaitingEntry, entry).state == "waiting", "nothing of the other firm is touched in the firm's own session"
    assert outbox.deliver_each()["delivered"] >= 1
    with system_scope("look") as s:
        assert s.get(WaitingEntry, entry).state == "offered"


def test_a_slot_taken_meanwhile_is_not_offered(firms, park):
    mine, other = firms
    user = join(mine)
    booking = _booked(park, mine, user)
    entry = _wait(park, booking, other)
    with session_scope(scope_of_firm(mine, park.id, user)) as s, portal.acting(s):
        row = bookings.cancel(s, s.get(Booking, booking))
        resource_id = row.resource_id
    with system_scope("quick", park_id=park.id) as s:
        bookings.book(s, resource=bookings.resource_of(s, resource_id), starts_at=_soon(), ends_at=_soon() + timedelta(hours=1), firm_id=None)
    outbox.deliver_each()
    with system_scope("look") as s:
        assert s.get(WaitingEntry, entry).state == "waiting"


def test_a_colleague_cancels_what_still_waits_for_the_park(firms, park):
    mine, other = firms
    first, second = join(mine), join(mine, "staff")
    booking = _booked(park, mine, first, needs_approval=True)
    _wait(park, booking, other)
    with session_scope(scope_of_firm(mine, park.id, second, "staff")) as s, portal.acting(s):
        bookings.cancel(s, s.get(Booking, booking), reason="行程变了")
    with system_scope("look") as s:
        assert s.get(Booking, booking).state == "cancelled"
        assert s.scalars(select(Approval.state).where(Approval.record_id == booking)).one() == "withdrawn"


def test_control_nobody_of_another_firm_cancels_it(firms, park):
    mine, other = firms
    booking = _booked(park, mine, join(mine), needs_approval=True)
    from parkops.errors import NotFound

    with pytest.raises((NotFound, NotAllowed)), session_scope(scope_of_firm(other, park.id, join(other))) as s, portal.acting(s):
        bookings.cancel(s, s.get(Booking, booking))
    with system_scope("look") as s:
        assert s.get(Booking, booking).state == "requested"


def test_a_malformed_time_stays_in_the_form(app, firms, park):
    with system_scope("test", park_id=park.id) as s:
        url = f"/portal/bookings/new/{room(s).id}"
    client = browser(app, firms[0])
    data = {"csrf_token": mark_of(client, url), "day": f"{_soon():%Y-%m-%d}", "starts": "25:99", "ends": "11:00", "look": "1"}
    answer = client.post(url, data=data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and 'value="25:99"' in page and "14:30" in page
    assert client.get(f"{url}?day={_soon():%Y-%m-%d}&starts=25:99&ends=11:00").status_code == 422
