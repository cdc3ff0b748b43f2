"""Outages at the machine (U-41, U-136): whatever closes the calendar stops the start, and open work keeps a machine out of order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from front_help import english, instrument, local, project, rate  # noqa: F401

from modules.booking.models.booking import Booking, BookingOverride
from modules.booking.models.resource import BookableResource, ResourceClosure, ResourceGroup
from modules.platforms.services import events, maintenance
from parkops.errors import RuleError

HOUR = timedelta(hours=1)
AT = local(4)


@pytest.fixture
def lab(session):
    """An instrument in a group of the booking calendar, and a project."""
    tool = instrument(session)
    group = ResourceGroup(park_id=tool.park_id, code="GA", name="显微镜组")
    session.add(group)
    session.flush()
    room = BookableResource(park_id=tool.park_id, code="LAB3", name=tool.name, kind="instrument", group_id=group.id)
    session.add(room)
    session.flush()
    tool.resource_id = room.id
    rate(session, tool, "200")
    return tool, room, project(session)


def closed(session, room, whose, **values):
    ids = {"resource": {"resource_id": room.id}, "group": {"group_id": room.group_id}, "park": {}}[whose]
    row = ResourceClosure(**{"park_id": room.park_id, "kind": "outage", "cause": "停电", "starts_at": AT - HOUR, **ids, **values})
    session.add(row)
    session.flush()
    return row


def start(session, tool, pays):
    return events.start_usage(session, instrument_id=tool.id, project_id=pays.id, at=AT)


@pytest.mark.parametrize("whose", ["resource", "group", "park"])
@pytest.mark.parametrize("ends", [None, AT + HOUR])
def test_a_closure_stops_the_start_whoever_it_is_of(session, lab, whose, ends):
    tool, room, pays = lab
    row = closed(session, room, whose, ends_at=ends)
    with pytest.raises(RuleError) as found:
        start(session, tool, pays)
    assert [p.code for p in found.value.problems] == ["platforms.U-41"] and "停电" in str(found.value.problems[0].message)
    row.ends_at = AT
    session.flush()
    assert start(session, tool, pays).state == "open"  # control: it is over


def test_the_whole_park_closes_instruments_without_a_calendar_too(session, lab):
    _tool, room, pays = lab
    other = instrument(session)
    closed(session, room, "group")
    assert start(session, other, pays).state == "open"
    closed(session, room, "park")
    with pytest.raises(RuleError):
        start(session, instrument(session), pays)


@pytest.mark.parametrize("kind,starts", [("closure", True), ("outage", False)])
def test_what_staff_let_pass_at_booking_does_not_stop_its_use(session, lab, kind, starts):
    tool, room, pays = lab
    closed(session, room, "park", kind=kind)
    row = Booking(park_id=room.park_id, resource_id=room.id, firm_id=pays.firm_id, starts_at=AT, ends_at=AT + HOUR, state="confirmed")
    session.add(row)
    session.flush()
    with pytest.raises(RuleError):
        start(session, tool, pays)  # booked before it was closed
    session.add(BookingOverride(park_id=room.park_id, booking_id=row.id, code="booking.K-10", message="-", reason="值班", user_name="-", at=AT))
    session.flush()
    if starts:
        assert start(session, tool, pays).booking_id == row.id
    else:
        with pytest.raises(RuleError):
            start(session, tool, pays)


def test_past_work_does_not_put_a_broken_machine_back_in_use(session, lab):
    tool, _room, pays = lab
    fault = maintenance.report_outage(session, tool, title="主轴坏了", at=AT - HOUR)
    maintenance.report_work(session, instrument_id=tool.id, kind="planned", title="上周保养", starts_at=AT - 99 * HOUR, ends_at=AT - 98 * HOUR)
    assert tool.state == "out_of_order"
    with pytest.raises(RuleError):
        start(session, tool, pays)
    maintenance.finish_work(session, fault, at=AT)
    assert tool.state == "in_use" and start(session, tool, pays).state == "open"
