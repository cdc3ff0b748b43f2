"""Who pays for a booking made in the portal, for every day of a series and for a slot waited for; whose calendar a booking is in."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from booking_help import NOW, at, book
from front_help import instrument, project
from portal_help import browser, mark_of, new_firm
from sqlalchemy import select

from modules.booking.models.booking import Booking
from modules.booking.models.resource import BookableResource
from modules.booking.services import bookings, feeds, series, waiting
from modules.tenants.models.firm import Firm
from modules.tenants.models.person import FirmPerson, Person
from parkops import clock
from parkops.db.session import system_scope
from parkops.errors import RuleError
from parkops.i18n import force_locale


@pytest.fixture(autouse=True)
def english():
    with force_locale("en"):
        yield


def lab(s):
    """An instrument in the booking calendar."""
    found = instrument(s)
    row = BookableResource(park_id=found.park_id, code=f"LAB{found.id}", name=found.name, kind="instrument")
    s.add(row)
    s.flush()
    found.resource_id = row.id
    s.flush()
    return row


def code(pays) -> str:
    return f"platforms.project:{pays.id}"


@pytest.fixture
def two(db, app, park):
    """A firm with two projects, another firm with one, an instrument: ids."""
    mine, other = new_firm(park.id), new_firm(park.id)
    with system_scope("test", park_id=park.id) as s:
        room = lab(s)
        a, b = (project(s, s.get(Firm, mine)) for _n in range(2))
        foreign, ended = project(s, s.get(Firm, other)), project(s, s.get(Firm, mine), last_day=date(2026, 1, 31))
        return {"firm": mine, "room": room.id, "a": code(a), "b": code(b), "foreign": code(foreign), "ended": code(ended)}


def _day() -> str:
    return f"{clock.today() + timedelta(days=3)}"


def _send(client, two, payer: str, **more):
    url = f"/portal/bookings/new/{two['room']}"
    page = client.get(f"{url}?day={_day()}").get_data(as_text=True)
    once = page.split('name="_once" value="')[1].split('"')[0]
    data = {"csrf_token": mark_of(client, url), "_once": once, "day": _day(), "starts": "10:00", "ends": "11:00", "payer": payer, **more}
    return page, client.post(url, data=data)


def test_a_firm_with_two_projects_books_an_instrument(app, two, park):
    client = browser(app, two["firm"])
    page, answer = _send(client, two, two["b"])
    assert two["a"] in page and two["b"] in page and two["foreign"] not in page and two["ended"] not in page
    assert answer.status_code == 303
    with system_scope("look") as s:
        row = s.scalars(select(Booking).where(Booking.resource_id == two["room"])).one()
        assert f"{row.payer_source}:{row.payer_id}" == two["b"] and row.firm_id == two["firm"]


@pytest.mark.parametrize("payer", ["foreign", "ended", "", "x", "tenants.firm:1"])
def test_what_is_not_offered_does_not_pay(app, two, payer):
    client = browser(app, two["firm"])
    for more in ({}, {"look": "1"}):
        _page, answer = _send(client, two, two.get(payer, payer), **more)
        text = answer.get_data(as_text=True)
        assert answer.status_code in (200, 422) and ('role="alert"' in text or "alert-warning" in text)
        assert two["foreign"] not in text
    with system_scope("look") as s:
        assert s.scalars(select(Booking).where(Booking.resource_id == two["room"])).all() == []


def test_the_only_project_is_chosen_already(app, park):
    firm = new_firm(park.id)
    with system_scope("test", park_id=park.id) as s:
        room, only = lab(s).id, code(project(s, s.get(Firm, firm)))
    page = browser(app, firm).get(f"/portal/bookings/new/{room}").get_data(as_text=True)
    assert f'<option value="{only}"' in page and '<option value="">' not in page


def test_who_books_in_the_portal_has_it_in_the_own_calendar(app, two, park):
    with system_scope("test", park_id=park.id) as s:
        mine, colleague = (Person(park_id=park.id, name=name, email=mail) for name, mail in (("马工", "Ma@firm.example"), ("牛工", None)))
        s.add_all([mine, colleague])
        s.flush()
        s.add_all([FirmPerson(park_id=park.id, firm_id=two["firm"], person_id=p.id, part="contact") for p in (mine, colleague)])
        s.flush()
        ids = mine.id, colleague.id
    client = browser(app, two["firm"], email="ma@firm.example")
    assert _send(client, two, two["a"], memo="晶型筛查")[1].status_code == 303
    with system_scope("feeds", park_id=park.id) as s:
        rows = [feeds.issue_token(s, contact_id=pk)[0] for pk in ids]
        own, others = (feeds.feed_of(s, row, at=clock.now()).decode() for row in rows)
    assert own.count("BEGIN:VEVENT") == 1 and "晶型筛查" in own and "BEGIN:VEVENT" not in others


# ---- series and waiting list ------------------------------------------------------------------------------------------------


def payers(session, firm):
    return project(session, firm), project(session, firm)


def a_series(session, room, firm_id, **values):
    return series.create_series(session, resource_id=room.id, firm_id=firm_id, frequency="daily", first_day=date(2026, 3, 3),
                                last_day=date(2026, 3, 5), starts="9:30", minutes=60, at=NOW, **values)


def test_every_day_of_a_series_is_paid_by_its_payer(session):
    room, a = lab(session), project(session)
    b = project(session, session.get(Firm, a.firm_id))
    with pytest.raises(RuleError) as refused, session.begin_nested():
        a_series(session, room, a.firm_id)
    assert {p.code for p in refused.value.problems} == {"platforms.U-20"}
    with pytest.raises(RuleError), session.begin_nested():
        a_series(session, room, a.firm_id, payer=code(project(session)))  # another firm's
    made = a_series(session, room, a.firm_id, payer=code(b))
    paid = session.scalars(select(Booking.payer_id).where(Booking.series_id == made.id)).all()
    assert (made.payer_source, made.payer_id, paid) == ("platforms.project", b.id, [b.id] * 3)


def test_the_nightly_job_keeps_the_payer(session):
    room, a = lab(session), project(session)
    b = project(session, session.get(Firm, a.firm_id))
    room.horizon_days = 2
    session.flush()
    made = a_series(session, room, a.firm_id, payer=code(b))
    assert series.extend_all(session, on=date(2026, 3, 4), park_id=room.park_id, at=at(4, 1)) == {"booked": 1, "left_out": 0}
    assert session.scalars(select(Booking.payer_id).where(Booking.series_id == made.id)).all() == [b.id] * 3


def test_a_place_in_line_is_taken_with_its_payer(session):
    room, a = lab(session), project(session)
    b, start = project(session, session.get(Firm, a.firm_id)), datetime(2026, 3, 4, 10, tzinfo=clock.ZONE)
    first = book(session, room, start, firm_id=a.firm_id, payer=("platforms.project", a.id))
    slot = {"resource_id": room.id, "starts_at": start, "ends_at": start + timedelta(hours=1), "firm_id": a.firm_id, "at": NOW}
    with pytest.raises(RuleError) as refused:
        waiting.join(session, **slot)
    assert "platforms.U-20" in [p.code for p in refused.value.problems]
    entry = waiting.join(session, **slot, payer=code(b))
    bookings.cancel(session, first, at=NOW)
    assert entry.state == "offered"
    taken = waiting.take(session, entry, at=NOW + timedelta(minutes=5))
    assert (taken.payer_source, taken.payer_id, entry.state) == ("platforms.project", b.id, "booked")
