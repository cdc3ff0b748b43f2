"""Calendar addresses from the screens: of a person, a firm, a resource, and of one's own bookings; whole, and dead when revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from booking_help import book, firm, room
from icalendar import Calendar
from sqlalchemy import select

from modules.booking.models.booking import CalendarToken
from modules.booking.services import bookings
from modules.tenants.models.person import FirmPerson, Person
from parkops import clock


@pytest.fixture
def desk(client, login_as):
    """Logged in as the clerk, with a function that sends JSON."""
    login_as(client, "operations_clerk")
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/booking/calendar/").get_data(as_text=True))[1]

    def send(method, url, **values):
        return client.open(url, method=method, json=values, headers={"X-CSRFToken": token})

    client.send = send
    return client


@pytest.fixture
def place(app, db, as_role):
    """Two people of a firm with a booking each, and one of a colleague of the staff; ids."""
    start = clock.local(clock.now()).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3)
    with as_role("operations_manager") as s:
        f, r = firm(s), room(s)
        people = [Person(park_id=r.park_id, name=name) for name in ("马工", "牛工")]
        s.add_all(people)
        s.flush()
        s.add_all([FirmPerson(park_id=r.park_id, firm_id=f.id, person_id=p.id, part="contact") for p in people])
        s.flush()
        for n, person in enumerate(people):
            book(s, r, start + timedelta(hours=2 * n), firm_id=f.id, contact_id=person.id, memo=f"第{n}个", at=clock.now())
        s.commit()
        return {"firm": f.id, "resource": r.id, "mine": people[0].id, "other": people[1].id, "start": start}


def read(client, url):
    """(path, purposes) of a whole address, read as a calendar program does."""
    assert re.match(r"https?://[^/]+/booking/feed/[\w-]+\.ics$", url), url
    path = url[url.index("/booking"):]
    answer = client.application.test_client().get(path)
    if answer.status_code != 200:
        return path, answer.status_code
    return path, sorted(str(e["SUMMARY"]).split(" · ")[-1] for e in Calendar.from_ical(answer.data).walk("VEVENT"))


@pytest.mark.parametrize(("page", "whose", "expected"), [
    ("tenants/person", "mine", ["第0个"]), ("tenants/person", "other", ["第1个"]),
    ("tenants/firm", "firm", ["第0个", "第1个"]), ("booking/resource", "resource", ["第0个", "第1个"])])
def test_the_button_gives_a_whole_address_until_it_is_revoked(desk, place, page, whose, expected):
    made = desk.send("POST", f"/api/v1/{page}/{place[whose]}/do/booking_calendar")
    assert made.status_code == 200
    url = re.search(r"https?://\S+\.ics", made.get_json()["message"])[0]
    assert read(desk, url)[1] == expected
    with_token = desk.get("/api/v1/booking/calendar_token/").get_json()["rows"]
    assert desk.send("POST", f"/api/v1/booking/calendar_token/{with_token[0]['id']}/do/revoke").status_code == 200
    assert read(desk, url)[1] == 404


def test_ones_own_bookings_and_nobody_elses(desk, place, as_role):
    sent = desk.send("POST", "/api/v1/booking/booking/", resource_id=place["resource"], firm_id=place["firm"], memo="自己的",
                     starts_at=f"{place['start'] + timedelta(hours=5):%Y-%m-%dT%H:%M}",
                     ends_at=f"{place['start'] + timedelta(hours=6):%Y-%m-%dT%H:%M}")
    assert sent.status_code == 201, sent.get_json()
    url = desk.send("POST", "/booking/calendar/link").get_json()["url"]
    assert read(desk, url)[1] == ["自己的"], "the manager's bookings of the fixture are not in it"
    with as_role("operations_clerk") as s:
        row = s.scalars(select(CalendarToken)).one()
        assert row.user_id is not None and (row.contact_id, row.firm_id, row.resource_id) == (None, None, None)
        bookings.cancel(s, s.get(bookings.Booking, sent.get_json()["id"]))
        s.commit()
    assert read(desk, url)[1] == []
