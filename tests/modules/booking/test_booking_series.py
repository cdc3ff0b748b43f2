"""Series with exceptions, calendar feeds with revocable tokens, a firm that leaves."""

from datetime import date, timedelta

import pytest
from booking_help import NOW, at, book, firm, room
from core_help import incubatee, settle
from icalendar import Calendar
from sqlalchemy import select

from modules.booking import calc_series as calc
from modules.booking.models.booking import Booking, BookingSeries, SeriesException
from modules.booking.models.entitlement import EntitlementGrant, EntitlementPlan
from modules.booking.services import bookings, feeds, series, waiting
from modules.tenants.services import moveout
from parkops import clock
from parkops.errors import RuleError


@pytest.mark.parametrize(("rule", "expected"), [
    (("daily", 2, set(), date(2026, 3, 2), date(2026, 3, 7)), [2, 4, 6]),
    (("weekly", 1, {1, 3}, date(2026, 3, 3), date(2026, 3, 11)), [4, 9, 11]),
    (("weekly", 2, {1, 3}, date(2026, 3, 2), date(2026, 3, 18)), [2, 4, 16, 18]),
    (("weekly", 1, set(), date(2026, 3, 3), date(2026, 3, 10)), [3, 10]),
    (("monthly", 1, set(), date(2026, 1, 31), date(2026, 4, 30)), [31, 28, 31, 30]),
    (("daily", 1, set(), date(2026, 3, 2), date(2026, 3, 1)), []),
])
def test_days_of_a_rule(rule, expected):
    assert [d.day for d in calc.days(*rule)] == expected


def test_days_left_out():
    assert calc.days("daily", 1, set(), date(2026, 3, 2), date(2026, 3, 4), [date(2026, 3, 3)]) == [date(2026, 3, 2), date(2026, 3, 4)]


def made(session, r, **values):
    values = {"resource_id": r.id, "frequency": "weekly", "weekdays": "1,3", "first_day": date(2026, 3, 2), "last_day": date(2026, 3, 18),
              "starts": "9:30", "minutes": 60, "at": NOW, **values}
    return series.create_series(session, **values)


def days_booked(session, s, *states):
    return sorted(d.day for d in session.scalars(select(Booking.series_day).where(
        Booking.series_id == s.id, Booking.state.in_(states or ("confirmed",)))))


def test_a_series_books_every_day(session):
    s = made(session, room(session))
    assert days_booked(session, s) == [2, 4, 9, 11, 16, 18] and s.starts == "09:30"
    first = session.scalars(select(Booking).where(Booking.series_id == s.id).order_by(Booking.starts_at)).first()
    assert (first.starts_at, first.ends_at) == (at(2, 9, 30), at(2, 10, 30))


def test_all_problems_of_all_days_or_skip_them(session):
    r = room(session)
    book(session, r, at(4, 9)), book(session, r, at(11, 10))
    with pytest.raises(RuleError) as refused, session.begin_nested():
        made(session, r)
    assert [str(p)[:10] for p in refused.value.problems] == ["2026-03-04", "2026-03-11"]
    s = made(session, r, skip_problems=True)
    assert days_booked(session, s) == [2, 9, 16, 18]
    assert sorted(d.day for d in session.scalars(select(SeriesException.day).where(SeriesException.series_id == s.id))) == [4, 11]


def test_a_wrong_rule_is_refused_at_once(session):
    with pytest.raises(RuleError) as refused:
        made(session, room(session), weekdays="8", starts="25:00", every=0, minutes=0, last_day=date(2026, 3, 1))
    assert [p.field for p in refused.value.problems] == ["weekdays", "starts", "every", "minutes", "last_day"]


def test_leaving_a_day_out_cancels_it_once(session):
    s = made(session, room(session))
    series.leave_out(session, s, day=date(2026, 3, 9), reason="清明", at=NOW)
    assert days_booked(session, s) == [2, 4, 11, 16, 18] and days_booked(session, s, "cancelled") == [9]
    for day in (date(2026, 3, 9), date(2026, 3, 10)):
        with pytest.raises(RuleError) as refused:
            series.leave_out(session, s, day=day, at=NOW)
        assert refused.value.codes == ["booking.K-27"]


def test_the_job_goes_on_as_far_as_the_horizon(session, park2):
    s = made(session, room(session, horizon_days=7, park_id=park2.id))
    assert days_booked(session, s) == [2, 4, 9]
    r2 = s.resource
    book(session, r2, at(16, 9), override={"booking.K-03"}, reason="x")
    assert series.extend_all(session, on=date(2026, 3, 9), park_id=park2.id, at=NOW + timedelta(days=7)) == {"booked": 1, "left_out": 1}
    assert series.extend_all(session, on=date(2026, 3, 9), park_id=park2.id, at=NOW + timedelta(days=7)) == {"booked": 0, "left_out": 0}
    assert days_booked(session, s) == [2, 4, 9, 11]


def test_ending_cancels_what_comes_after(session):
    s = made(session, room(session))
    assert series.end_series(session, s, on=date(2026, 3, 9), at=NOW) == 3
    assert days_booked(session, s) == [2, 4, 9] and s.ended_on == date(2026, 3, 9)
    assert series.extend_all(session, on=date(2026, 3, 3), park_id=s.park_id, at=NOW)["booked"] == 0


def parsed(session, row):
    return [dict(e) | {"start": e.decoded("dtstart")} for e in Calendar.from_ical(feeds.feed_of(session, row, at=NOW)).walk("VEVENT")]


def test_feed_of_a_resource_and_of_a_firm(session):
    r, f = room(session, place="B 座 3 层"), firm(session)
    booking = book(session, r, at(3, 10), firm_id=f.id, memo="路演，彩排;第一次")
    book(session, room(session), at(3, 12), firm_id=f.id)
    bookings.cancel(session, book(session, r, at(4, 10)), at=NOW)
    row, token = feeds.issue_token(session, resource_id=r.id, at=NOW)
    events = parsed(session, row)
    assert [(e["start"], str(e["SUMMARY"]), str(e["LOCATION"]), str(e["UID"])) for e in events] == [
        (at(3, 10), f"{f.name} · 路演，彩排;第一次", "B 座 3 层", f"booking-{booking.id}@parkops")]
    of_firm, _token = feeds.issue_token(session, firm_id=f.id, at=NOW)
    assert len(parsed(session, of_firm)) == 2
    assert token not in (row.token_hash, row.hint) and len(token) >= 43


def test_a_revoked_address_finds_nothing(session):
    row, token = feeds.issue_token(session, resource_id=room(session).id, at=NOW)
    assert feeds.find_token(session, token) is row and feeds.find_token(session, token + "x") is None
    feeds.revoke_token(session, row, at=NOW)
    assert feeds.find_token(session, token) is None
    with pytest.raises(RuleError):
        feeds.revoke_token(session, row, at=NOW)
    with pytest.raises(RuleError):
        feeds.issue_token(session)


def test_the_feed_is_read_without_log_in_and_stops_when_revoked(app, fresh_db):
    from parkops.db.session import system_scope

    with system_scope("test") as s:
        park = s.execute(select(BookingSeries.__table__.metadata.tables["core_park"].c.id)).scalars().first()
        s.info["scope"] = s.info["scope"].__class__(**{**s.info["scope"].__dict__, "park_id": park})
        r = room(s)
        book(s, r, at(3, 10), at=at(2, 9))
        row, token = feeds.issue_token(s, resource_id=r.id)
        pk = row.id
        s.commit()
    client = app.test_client()
    answer = client.get(f"/booking/feed/{token}.ics")
    assert answer.status_code == 200 and answer.mimetype == "text/calendar" and answer.data.startswith(b"BEGIN:VCALENDAR")
    assert client.get(f"/booking/feed/{token[:-1]}.ics").status_code == 404
    with system_scope("test") as s:
        feeds.revoke_token(s, s.get(type(row), pk))
        s.commit()
    assert client.get(f"/booking/feed/{token}.ics").status_code == 404


def test_a_firm_that_leaves_gives_everything_back(session):
    today = clock.today()
    f, r = incubatee(session), room(session)
    later = bookings.problems.__globals__["calc"].instant(today + timedelta(days=5), "10:00")
    booking = book(session, r, later, firm_id=f.id, at=clock.now())
    own = book(session, r, later + timedelta(hours=2), at=clock.now())
    entry = waiting.join(session, resource_id=r.id, starts_at=own.starts_at, ends_at=own.ends_at, firm_id=f.id, at=clock.now())
    plan = EntitlementPlan(park_id=f.park_id, code="P1", name="孵化套餐")
    session.add(plan)
    session.flush()
    grant = EntitlementGrant(park_id=f.park_id, plan_id=plan.id, firm_id=f.id, starts_on=date(2022, 1, 1))
    session.add(grant)
    session.flush()
    case = settle(session, f, today)
    moveout.complete_moveout(session, case, on=today)
    assert (booking.state, own.state, entry.state, grant.ends_on) == ("cancelled", "confirmed", "withdrawn", today)
