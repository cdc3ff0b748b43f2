"""Calendar, desk, preview, REST and indicators through the real application."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from booking_help import NOW, at, book, firm, group, hours, room

from modules.booking import calc_policy as calc
from modules.booking.kpis.bookings import KPIS
from modules.booking.models.booking import Booking
from modules.booking.services import attendance, bookings
from parkops import clock
from parkops.clock import Period
from parkops.kpi.registry import Window
from parkops.testing.kpi_checks import check_all

API = "/api/v1/booking/booking/"


@pytest.fixture
def place(app, db, as_role):
    """A committed resource and firm; bookings begin three days from now at nine."""
    with as_role("operations_manager") as s:
        g = group(s)
        r = room(s, group_id=g.id, max_minutes=120, seats=8)
        f = firm(s)
        s.commit()
        found = {"resource": r.id, "group": g.id, "firm": f.id, "name": r.name}
    found["start"] = calc.instant(clock.today() + timedelta(days=3), "09:00")
    return found


@pytest.fixture
def desk(client, login_as):
    """Logged in as the clerk, with a function that sends JSON."""
    login_as(client, "operations_clerk")
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/booking/calendar/").get_data(as_text=True))[1]

    def send(method, url, **values):
        return client.open(url, method=method, json=values, headers={"X-CSRFToken": token})

    client.send = send
    return client


def wall(at_):
    return f"{clock.local(at_):%Y-%m-%dT%H:%M}"


def asked(client, place, start, minutes=60, **more):
    query = {"resource_id": place["resource"], "starts_at": wall(start), "ends_at": wall(start + timedelta(minutes=minutes)), **more}
    return client.get("/api/v1/booking/check/", query_string=query)


def body(place, start, minutes=60, **more):
    return {"resource_id": place["resource"], "starts_at": wall(start), "ends_at": wall(start + timedelta(minutes=minutes)),
            "firm_id": place["firm"], **more}


def test_preview_book_move_and_cancel_over_rest(desk, place):
    start = place["start"]
    assert asked(desk, place, start, people=5).get_json()["bookable"] is True
    found = asked(desk, place, start, 180, people=9).get_json()
    assert [(p["code"], p["overridable"]) for p in found["problems"]] == [("booking.K-05", True), ("booking.K-12", True)]
    assert found["total"] is None and found["may_override"] is False and found["payers"] == []
    made = desk.send("POST", API, **body(place, start, memo="路演彩排"))
    assert made.status_code == 201 and made.get_json()["_state"] == "confirmed"
    pk, version = made.get_json()["id"], made.get_json()["version"]
    again = desk.send("POST", API, **body(place, start))
    assert again.status_code == 422 and "booking.K-11" in again.get_data(as_text=True)
    later = {k: v for k, v in body(place, start + timedelta(hours=2), memo="路演彩排").items() if k != "firm_id"}
    moved = desk.send("PUT", f"{API}{pk}", version=version, **later)
    assert moved.status_code == 200 and moved.get_json()["starts_at"].startswith(
        f"{(start + timedelta(hours=2)).astimezone(clock.UTC):%Y-%m-%dT%H:%M}")
    assert desk.send("PUT", f"{API}{pk}", version=version, **later).status_code == 409
    assert asked(desk, place, start + timedelta(hours=2), booking_id=pk).get_json()["problems"] == []
    gone = desk.send("POST", f"{API}{pk}/do/cancel", reason="改期")
    assert gone.status_code == 200 and desk.get(f"{API}{pk}").get_json()["_state"] == "cancelled"


def test_wrong_questions_get_one_sentence(desk, place):
    assert asked(desk, place, place["start"], firm_id="x").status_code == 422
    assert asked(desk, place, place["start"], payer="x").status_code == 422
    assert asked(desk, place, place["start"], booking_id=10**15).status_code == 404
    for query in ({}, {"resource_id": place["resource"], "starts_at": "now", "ends_at": "2026-03-02T10:00"}):
        assert desk.get("/api/v1/booking/check/", query_string=query).status_code == 422
    assert desk.get("/api/v1/booking/check/", query_string={"resource_id": 10**17, "starts_at": "2026-03-02T10:00",
                                                            "ends_at": "2026-03-02T11:00"}).status_code == 404


def test_the_preview_is_documented(client, login_as):
    login_as(client, "operations_clerk")
    spec = client.get("/api/v1/_openapi").get_json()
    paths = [p for p in spec["paths"] if "/booking/check" in p]
    assert paths and "booking_id" in str(spec["paths"][paths[0]])


def test_calendar_shows_bookings_and_closures(desk, place):
    start = place["start"]
    pk = desk.send("POST", API, **body(place, start)).get_json()["id"]
    desk.send("POST", "/api/v1/booking/closure/", resource_id=place["resource"], kind="outage", cause="断电", starts_at=wall(start + timedelta(
        hours=5)), ends_at=wall(start + timedelta(hours=6)))
    span = {"start": start.isoformat(), "end": (start + timedelta(days=1)).isoformat()}
    one = desk.get("/booking/calendar/events", query_string={"resource": place["resource"], **span}).get_json()
    assert [(e["id"], e.get("display")) for e in one if e["id"] == str(pk)] == [(str(pk), None)]
    assert [e["className"] for e in one if e.get("display")] == ["bk-outage"]
    whole = desk.get("/booking/calendar/events", query_string={"group": place["group"], **span}).get_json()
    assert {e["id"] for e in whole} == {e["id"] for e in one}
    page = desk.get(f"/booking/calendar/?resource={place['resource']}")
    assert page.status_code == 200 and place["name"] in page.get_data(as_text=True)
    assert desk.get("/booking/calendar/?resource=999999999999").status_code == 404
    assert desk.get("/booking/calendar/events").status_code == 422


def test_the_desk_checks_in_with_one_press(desk, place, as_role):
    start = calc.instant(clock.today(), "00:00") + timedelta(minutes=int((clock.now() - calc.instant(clock.today(), "00:00")) / timedelta(
        minutes=15)) * 15)
    with as_role("operations_manager") as s:
        r = room(s)
        pk = book(s, r, start, 120, at=start - timedelta(minutes=1)).id
        s.commit()
    page = desk.get("/booking/board/").get_data(as_text=True)
    assert f"{API}{pk}/do/check_in" in page and f"{API}{pk}/do/finish" not in page
    assert desk.send("POST", f"{API}{pk}/do/check_in").status_code == 200
    assert f"{API}{pk}/do/finish" in desk.get("/booking/board/").get_data(as_text=True)


def test_a_calendar_address_is_given_once(desk, place):
    made = desk.send("POST", f"/booking/calendar/link?resource={place['resource']}")
    url = made.get_json()["url"]
    assert made.status_code == 200 and desk.application.test_client().get(url[url.index("/booking"):]).status_code == 200
    assert url[-15:-4] not in desk.get("/api/v1/booking/calendar_token/").get_data(as_text=True)


def test_another_park_sees_nothing(client, login_as, place, as_role):
    with as_role("operations_clerk", park="west") as s:
        assert s.get(Booking, 1) is None
    login_as(client, "operations_clerk_west")
    assert client.get(f"/booking/calendar/?resource={place['resource']}").status_code == 404
    assert asked(client, place, place["start"]).status_code == 404


def test_statement_and_tab_of_a_firm(desk, place):
    for url in (f"/booking/statement/{place['firm']}", f"/booking/statement/{place['firm']}?month=2026-03",
                f"/tenants/firm/{place['firm']}?tab=entitlements", f"/tenants/firm/{place['firm']}?tab=bookings"):
        assert desk.get(url).status_code == 200


def test_indicators_tile_list_and_export_agree(session):
    g = group(session)
    hours(session, "08:00", "18:00", group_id=g.id)
    r, own = room(session, group_id=g.id), room(session)
    hours(session, "09:00", "10:00", "1", resource_id=own.id)
    missed, kept = book(session, r, at(3, 10)), book(session, r, at(4, 10), 120)
    bookings.cancel(session, book(session, r, at(5, 10)), at=NOW)
    attendance.mark_missed(session, missed, at=at(3, 11))
    attendance.check_in(session, kept, at=at(4, 10))
    assert check_all(session, KPIS, Period.parse("2026-03"), today=date(2026, 4, 1)) == []
    march = Window(Period.parse("2026-03"), date(2026, 4, 1))
    rows = {k.code: {row.park_id: row for row in session.execute(k.measure(march))}[r.park_id] for k in KPIS}
    share, days = rows["booking.booked_share"], 31 * 10 * 60  # every day of March, ten hours
    assert share.numerator >= 180 and share.denominator >= 22 * 600 + 5 * 60 and share.denominator < 2 * days
    assert rows["booking.no_show_rate"].numerator >= 1


ODD = ["", "x", "-1", "0", "1e9", "9" * 30, "٣", "\u0000", "💥", "a" * 3000, "2026-02-30T10:00", "9999-12-31T23:59", "0001-01-01T00:00",
       "2026-03-02T10:00+23:59", "2026-03-02T10:00:00.123456789", "NaN", "@today", "1 or 1=1", "platforms.project:7"]


def test_odd_questions_never_break_the_server(desk, place):
    good = {"resource_id": place["resource"], "starts_at": "2026-03-02T10:00", "ends_at": "2026-03-02T11:00"}
    names = [*good, "firm_id", "contact_id", "people", "booking_id", "payer"]
    wrong = [(name, odd) for name in names for odd in ODD
             if desk.get("/api/v1/booking/check/", query_string={**good, name: odd}).status_code >= 500]
    wrong += [(name, odd) for name in ("resource", "group", "start", "end") for odd in ODD if desk.get(
        "/booking/calendar/events", query_string={"start": "2026-03-02", "end": "2026-03-09", name: odd}).status_code >= 500]
    wrong += [("calendar", odd) for odd in ODD if desk.get("/booking/calendar/", query_string={"resource": odd}).status_code >= 500]
    wrong += [("board", odd) for odd in ODD if desk.get("/booking/board/", query_string={"on": odd}).status_code >= 500]
    wrong += [("month", odd) for odd in ODD if desk.get(f"/booking/statement/{place['firm']}", query_string={"month": odd}).status_code >= 500]
    assert wrong == []


def test_the_form_offers_what_may_pay_and_keeps_what_was_sent(desk, place):
    from modules.booking.signals.booking import booking_payers

    def pays(_session, *, resource, firm_id, **_more):
        return [{"source": "platforms.project", "id": 7, "label": "研发项目"}]

    booking_payers.connect(pays)
    try:
        query = {"resource_id": place["resource"], "firm_id": place["firm"]}
        page = desk.get("/booking/booking/new", query_string=query).get_data(as_text=True)
        assert '<option value="platforms.project:7">研发项目</option>' in page and "/static/booking/form.js" in page
        assert "platforms.project:7" not in desk.get("/booking/booking/new").get_data(as_text=True)
        sent = desk.send("POST", API, **body(place, place["start"], payer="platforms.project:7"))
        assert sent.status_code == 201
        wrong = desk.send("POST", API, **body(place, place["start"] + timedelta(hours=2), payer="x"))
        assert wrong.status_code == 422 and "platforms.project:7" in wrong.get_data(as_text=True)  # it says how one is named
    finally:
        booking_payers.disconnect(pays)


@pytest.mark.parametrize("path", ["/booking/board/?on=31.12.2026", "/booking/board/?on=2026-02-30"])
def test_a_day_that_is_none_is_refused_in_a_sentence(desk, path):
    answer = desk.get(path)
    assert answer.status_code == 400 and "2026-11-22" in answer.get_data(as_text=True)


SAID = {"zh": "（可由工作人员放行）", "en": "(Staff may let this pass.)"}


def test_what_staff_may_let_pass_is_said_in_words(desk, place):
    """In the preview, beside the sentence, and in what a refused POST answers, to people without the right too (REST and page)."""
    def words(found, key):
        return {p["code"]: SAID["zh"] in p[key] for p in found}

    soft_and_hard = {"booking.K-05": True, "booking.K-11": False, "booking.K-12": True}
    assert desk.send("POST", API, **body(place, place["start"])).status_code == 201
    found = asked(desk, place, place["start"], 150, people=9).get_json()["problems"]
    assert words(found, "text") == soft_and_hard and not any(words(found, "message").values())
    refused = desk.send("POST", API, **body(place, place["start"], 150, people=9))
    assert refused.status_code == 422 and words(refused.get_json()["problems"], "message") == soft_and_hard
    page = desk.get("/booking/booking/new").get_data(as_text=True)
    form = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page)[1], "_once": "said-00001", "resource_id": place["resource"],
            "firm_id": place["firm"], "starts_at": wall(place["start"]), "ends_at": wall(place["start"] + timedelta(minutes=150)), "people": "9"}
    shown = desk.post("/booking/booking/new", data=form)
    assert shown.status_code == 422 and shown.get_data(as_text=True).count(SAID["zh"]) >= 2


def test_the_portal_says_it_too(app, place, park):
    from portal_help import browser, mark_of, new_firm

    client, url = browser(app, new_firm(park.id)), f"/portal/bookings/new/{place['resource']}"
    once = re.search(r'name="_once" value="([^"]+)"', client.get(url).get_data(as_text=True))[1]
    data = {"csrf_token": mark_of(client, url), "_once": once, "day": f"{clock.local(place['start']):%Y-%m-%d}", "starts": "09:00", "ends": "12:00"}
    for more in ({"look": "1"}, {}):
        assert SAID["zh"] in client.post(url, data=data | more).get_data(as_text=True)


def test_all_of_a_series_is_said_in_words(session):
    from modules.booking.services import series
    from parkops.errors import RuleError
    from parkops.i18n import force_locale

    r = room(session, max_minutes=30)
    with pytest.raises(RuleError) as refused, session.begin_nested():
        series.create_series(session, resource_id=r.id, frequency="daily", first_day=clock.today() + timedelta(days=2),
                             last_day=clock.today() + timedelta(days=3), starts="9:00", minutes=60)
    with force_locale("en"):
        assert all(SAID["en"] in str(p) for p in refused.value.problems)
