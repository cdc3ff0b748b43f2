"""The day of a group side by side: lanes, closed hours, free slots; and the page itself."""

from datetime import date, timedelta

import pytest
from booking_help import at, book, firm, group, hours, room

from modules.booking import calc_day_plan as calc
from modules.booking import calc_policy
from modules.booking.models.resource import ResourceClosure
from modules.booking.services import day_plan
from parkops import clock

TUESDAY = date(2026, 3, 3)
EARLY = at(2, 9)


@pytest.mark.parametrize(("spans", "expected"), [
    ([], []),
    ([(1, 540, 600), (2, 600, 660)], [(1, 0, 1), (2, 0, 1)]),  # one after the other
    ([(1, 540, 660), (2, 600, 720), (3, 660, 700)], [(1, 0, 2), (2, 1, 2), (3, 0, 2)]),  # the third takes the first lane again
    ([(1, 540, 660), (2, 540, 660), (3, 540, 660), (4, 700, 710)], [(1, 0, 3), (2, 1, 3), (3, 2, 3), (4, 0, 1)]),
])
def test_lanes(spans, expected):
    assert [(b.key, b.lane, b.lanes) for b in calc.beside(spans)] == expected


def test_minutes_of_the_park_day():
    assert calc.minutes_of(TUESDAY, at(3, 9), at(3, 10, 30)) == (540, 630)
    assert calc.minutes_of(TUESDAY, at(2, 23), at(3, 1)) == (0, 60) and calc.minutes_of(TUESDAY, at(3, 23), at(4, 2)) == (1380, 1440)
    assert calc.minutes_of(TUESDAY, at(4, 0), at(4, 1)) is None and calc.minutes_of(TUESDAY, at(2, 0), at(3, 0)) is None
    assert calc.minutes_of(TUESDAY, at(1, 0), None) == (0, 1440)


def test_what_is_left_of_a_day():
    assert calc.rest([(510, 720), (840, 1080)]) == [(0, 510), (720, 840), (1080, 1440)]
    assert calc.rest([]) == [(0, 1440)] and calc.rest([(0, 1440)]) == []
    assert calc.hours_shown([(510, 1085)]) == (8, 19) and calc.hours_shown([(350, 400)]) == (5, 18)


@pytest.mark.parametrize(("least", "usual", "blocked", "now", "expected"), [
    (30, 60, [], 600, [(600, 660), (630, 690), (660, 720), (690, 750)]),
    (30, 60, [(630, 660)], 0, [(480, 540), (510, 570), (540, 600), (570, 630), (600, 630), (660, 720), (690, 750)]),  # ends before it
    (60, 60, [(0, 600), (650, 800)], 0, []),
    (120, 60, [(0, 600)], 0, [(600, 720), (630, 750), (660, 780), (690, 810)]),
])
def test_free_slots(least, usual, blocked, now, expected):
    assert calc.free_slots((8, 12), 30, least, usual, blocked, now) == expected


def test_a_group_side_by_side(session):
    g = group(session)
    hours(session, group_id=g.id)
    one, two = room(session, group_id=g.id, min_minutes=30), room(session, group_id=g.id, capacity=2)
    room(session)  # not of the group
    a = book(session, one, at(3, 9), 90, firm_id=firm(session).id)
    for n in range(2):
        book(session, two, at(3, 10), 60, firm_id=firm(session).id, at=EARLY - timedelta(minutes=n))
    session.add(ResourceClosure(park_id=g.park_id, resource_id=two.id, kind="maintenance", cause="保养", starts_at=at(3, 14), ends_at=at(3, 16)))
    session.flush()
    plan = day_plan.of_group(session, group_id=g.id, day=TUESDAY, at=EARLY)
    first, second = plan.columns
    assert (plan.hours, plan.now) == ((8, 18), None)
    assert [(x.start, x.end, b.id) for x, b in first.blocks] == [(540, 630, a.id)] and first.closed == [(0, 510), (1080, 1440)]
    assert [(x.lane, x.lanes) for x, _b in second.blocks] == [(0, 2), (1, 2)]
    assert [(s.kind, part) for s, part in second.stops] == [("maintenance", (840, 960))]
    starts = [s for s, _e in first.slots]
    assert (510, 540) in first.slots and (630, 690) in first.slots and not {540, 570, 600} & set(starts) and max(e for _s, e in first.slots) <= 1080
    assert not [s for s, _e in second.slots if 840 <= s < 960] and (600, 660) in second.slots  # a place is left at ten
    assert day_plan.of_group(session, group_id=g.id, day=TUESDAY - timedelta(days=7), at=EARLY).columns[0].slots == []


def test_every_slot_offered_can_be_booked(session):
    from modules.booking.services import policy

    g = group(session)
    hours(session, group_id=g.id)
    r = room(session, group_id=g.id, min_minutes=45)
    book(session, r, at(3, 11), 60, firm_id=firm(session).id)
    plan = day_plan.of_group(session, group_id=g.id, day=TUESDAY, at=EARLY)
    zero, someone = calc_policy.instant(TUESDAY, "00:00"), firm(session).id
    assert len(plan.columns[0].slots) > 8
    for start, end in plan.columns[0].slots:
        found = policy.problems(session, resource=r, starts_at=zero + timedelta(minutes=start), ends_at=zero + timedelta(minutes=end),
                                firm_id=someone, at=EARLY)
        assert [str(f.message) for f in found] == []


def test_the_page(app, db, as_role, client, login_as):
    with as_role("operations_manager") as s:
        g = group(s)
        r, other = room(s, group_id=g.id), room(s, group_id=g.id)
        s.commit()
        ids = g.id, r.id, other.id
    login_as(client, "operations_clerk")
    day = clock.today() + timedelta(days=2)
    page = client.get(f"/booking/day/?group={ids[0]}&on={day}&resource={ids[2]}").get_data(as_text=True)
    assert page.count('class="bd-col') == 2 and page.count('<section class="bd-col bd-one"') == 1
    assert f"/booking/booking/new?resource_id={ids[1]}&amp;starts_at={day}T09%3A00&amp;ends_at={day}T10%3A00" in page
    assert client.get("/booking/day/?on=x").status_code == 400 and client.get("/booking/day/?group=999999").status_code == 404
    reader = app.test_client()
    login_as(reader, "leadership")
    assert "/booking/booking/new?" not in reader.get(f"/booking/day/?group={ids[0]}&on={day}").get_data(as_text=True)
