"""Rules of booking by number: every problem at once, override, moving, cancelling, approval, attendance, waiting list."""

from datetime import date, timedelta

import pytest
import time_machine
from booking_help import NOW, at, book, codes, firm, group, hours, room
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from modules.booking import calc_policy as calc
from modules.booking.calc_findings import Finding
from modules.booking.checks.bookings import CHECKS
from modules.booking.models.booking import Booking, BookingOverride
from modules.booking.models.resource import ResourceClosure
from modules.booking.services import attendance, bookings, waiting
from modules.booking.signals.booking import booking_changed, booking_problems
from modules.tenants.models.person import FirmPerson, Person
from parkops import approval
from parkops.errors import NotAllowed, RuleError
from parkops.todos import Notice


def test_every_problem_at_once(session):
    r = room(session, horizon_days=3, min_minutes=60, max_minutes=120, seats=4, step_minutes=30)
    hours(session, resource_id=r.id)
    book(session, r, at(14, 20), 30, override={"booking.K-03", "booking.K-05", "booking.K-09"}, reason="开放日")
    assert codes(session, r, at(14, 20, 10), 20, people=9) == ["K-02", "K-03", "K-05", "K-12", "K-09", "K-11"]


def test_each_sentence_is_whole_and_says_what_may_be_overridden(session):
    r = room(session, horizon_days=3)
    book(session, r, at(3, 10))
    found = bookings.problems(session, resource=r, starts_at=at(3, 10), ends_at=at(3, 11), firm_id=None, at=NOW)
    assert [(f.code, f.overridable) for f in found] == [("booking.K-11", False)]
    assert "2026-03-03 10:00" in str(found[0].message)


@pytest.mark.parametrize(("values", "start", "minutes", "expected"), [
    ({}, at(3, 10), 60, []),
    ({}, at(3, 10, 7), 60, ["K-02"]),
    ({}, at(3, 10), 0, ["K-02"]),
    ({"horizon_days": 1}, at(3, 23), 60, []),
    ({"horizon_days": 1}, at(4, 0), 60, ["K-03"]),
    ({}, at(2, 8), 60, ["K-04"]),
    ({"notice_minutes": 120}, at(2, 10, 45), 60, ["K-04"]),
    ({"notice_minutes": 120}, at(2, 11), 60, []),
    ({"min_minutes": 60}, at(3, 10), 45, ["K-05"]),
    ({"max_minutes": 60}, at(3, 10), 75, ["K-05"]),
    ({"active": False}, at(3, 10), 60, ["K-13"]),
])
def test_plain_rules(session, values, start, minutes, expected):
    assert codes(session, room(session, **values), start, minutes) == expected


def test_opening_hours_own_before_group(session):
    g = group(session)
    hours(session, group_id=g.id)
    r, own = room(session, group_id=g.id), room(session, group_id=g.id)
    hours(session, "18:00", "24:00", "3", resource_id=own.id)
    assert codes(session, r, at(3, 8), 60) == ["K-09"] and codes(session, r, at(3, 8, 30), 60) == []
    assert codes(session, r, at(7, 10)) == ["K-09"]  # Saturday
    assert codes(session, own, at(4, 23), 60) == [] and codes(session, own, at(4, 10)) == ["K-09"]


def test_closures_may_be_overridden_outages_not(session):
    g = group(session)
    r = room(session, group_id=g.id)
    session.add_all([
        ResourceClosure(park_id=r.park_id, kind="closure", cause="清明放假", starts_at=at(4, 0), ends_at=at(5, 0)),
        ResourceClosure(park_id=r.park_id, group_id=g.id, kind="maintenance", cause="空调检修", starts_at=at(5, 0), ends_at=at(6, 0)),
        ResourceClosure(park_id=r.park_id, resource_id=r.id, kind="outage", cause="投影机故障", starts_at=at(10, 0)),
    ])
    session.flush()
    for start, overridable in ((at(4, 23), True), (at(5, 10), False), (at(20, 9), False)):
        found = bookings.problems(session, resource=r, starts_at=start, ends_at=start + timedelta(hours=1), firm_id=None, at=NOW)
        assert [(f.code, f.overridable) for f in found] == [("booking.K-10", overridable)]
    assert codes(session, r, at(6, 0)) == []


def test_counting_rules_of_a_firm(session):
    r, a, b = room(session, per_day=2, gap_minutes=30), firm(session), firm(session)
    book(session, r, at(3, 9), firm_id=a.id)
    book(session, r, at(3, 11), firm_id=a.id)
    assert codes(session, r, at(3, 14), firm_id=a.id) == ["K-06"]
    assert codes(session, r, at(3, 10, 15), 45, firm_id=a.id) == ["K-06", "K-07"]
    assert codes(session, r, at(3, 10, 15), 45, firm_id=b.id) == [] == codes(session, r, at(4, 9), firm_id=a.id)


def test_turnaround_between_any_two(session):
    r = room(session, turnaround_minutes=30)
    book(session, r, at(3, 9))
    assert codes(session, r, at(3, 10, 15)) == ["K-08"] and codes(session, r, at(3, 10, 30)) == []


def test_places_are_counted_at_the_worst_instant(session):
    r = room(session, capacity=2)
    book(session, r, at(3, 9), 60)
    book(session, r, at(3, 10), 60)
    assert codes(session, r, at(3, 9), 120) == []  # never more than one beside it
    book(session, r, at(3, 9, 30), 60)
    assert codes(session, r, at(3, 9), 60) == ["K-11"] and codes(session, r, at(3, 10, 30), 60) == []


def test_firm_and_contact(session):
    r, f = room(session), firm(session)
    person = Person(park_id=r.park_id, name="王敏")
    session.add(person)
    session.flush()
    assert codes(session, r, at(3, 10), firm_id=f.id, contact_id=person.id) == ["K-15"]
    session.add(FirmPerson(park_id=r.park_id, firm_id=f.id, person_id=person.id, part="contact"))
    session.flush()
    assert codes(session, r, at(3, 10), firm_id=f.id, contact_id=person.id) == []
    f.state = "left"
    session.flush()
    assert codes(session, r, at(3, 10), firm_id=f.id) == ["K-14"]
    assert codes(session, r, at(3, 10), firm_id=987654321) == ["K-14"]


def test_other_modules_are_asked(session):
    asked = []

    def training(_session, **values):
        asked.append(values["payer"])
        return [Finding("x.Q-01", "培训已于 2026-03-01 到期。", True)]

    booking_problems.connect(training)
    try:
        assert codes(session, room(session), at(3, 10), payer=("platforms.project", 7)) == ["x.Q-01"]
    finally:
        booking_problems.disconnect(training)
    assert asked == [("platforms.project", 7)]


def test_override_needs_right_reason_and_an_overridable_rule(session, as_role, db):
    r = room(session, max_minutes=60)
    with pytest.raises(RuleError) as refused:
        book(session, r, at(3, 10), 120, override={"booking.K-05"})
    assert refused.value.codes == ["booking.K-16"]
    booking = book(session, r, at(3, 10), 120, override={"booking.K-05"}, reason="评审会延长")
    kept = session.scalars(select(BookingOverride).where(BookingOverride.booking_id == booking.id)).one()
    assert (kept.code, kept.reason, kept.user_name) == ("booking.K-05", "评审会延长", "test") and "1:00" in kept.message
    with pytest.raises(RuleError) as refused:
        book(session, r, at(3, 11), 60, override={"booking.K-11"}, reason="x")
    assert refused.value.codes == ["booking.K-11"]
    with as_role("operations_clerk") as s:
        other = room(s, max_minutes=60)
        with pytest.raises(RuleError) as refused:
            book(s, other, at(3, 10), 120, override={"booking.K-05"}, reason="x")
        assert refused.value.codes == ["booking.K-05", "booking.K-16"]
    with as_role("finance") as s, pytest.raises(NotAllowed):
        book(s, r, at(5, 10))


def test_moving_checks_again_and_keeps_the_record(session):
    r, other = room(session, max_minutes=120), room(session)
    booking, blocker = book(session, r, at(3, 10)), book(session, r, at(3, 14))
    with pytest.raises(RuleError) as refused:
        bookings.move(session, booking, starts_at=at(3, 14, 30), ends_at=at(3, 15), at=NOW)
    assert refused.value.codes == ["booking.K-11"] and booking.starts_at == at(3, 10)
    bookings.move(session, booking, starts_at=at(3, 10, 30), ends_at=at(3, 11, 30), at=NOW)  # overlaps only itself
    bookings.move(session, booking, starts_at=at(3, 14), ends_at=at(3, 15), resource=other, at=NOW)
    assert (booking.resource_id, booking.starts_at, blocker.state) == (other.id, at(3, 14), "confirmed")


def test_moving_late_is_cancelling_late(session):
    booking = book(session, room(session, cancel_minutes=24 * 60), at(3, 8))
    with pytest.raises(RuleError) as refused:
        bookings.move(session, booking, starts_at=at(4, 8), ends_at=at(4, 9), at=NOW)
    assert refused.value.codes == ["booking.K-17"]
    bookings.move(session, booking, starts_at=at(4, 8), ends_at=at(4, 9), at=NOW, override={"booking.K-17"}, reason="客户航班延误")
    assert booking.starts_at == at(4, 8)


@pytest.mark.parametrize(("when", "state"), [(at(2, 9), "cancelled"), (at(2, 10), "cancelled"), (at(2, 10, 1), "late_cancelled")])
def test_cancelling_free_and_late(session, when, state):
    booking = book(session, room(session, cancel_minutes=24 * 60), at(3, 10))
    assert bookings.cancel(session, booking, reason="改期", at=when).state == state
    assert codes(session, booking.resource, at(3, 10)) == []  # the slot is free again
    with pytest.raises(RuleError, match="取消|cancel"):
        bookings.cancel(session, booking, at=when)


def test_what_has_begun_is_not_cancelled(session):
    booking = book(session, room(session), at(3, 10))
    with pytest.raises(RuleError) as refused:
        bookings.cancel(session, booking, at=at(3, 10))
    assert refused.value.codes == ["booking.K-18"]


@time_machine.travel(NOW)
def test_approval_by_somebody_else(session, as_role, db):
    with as_role("operations_clerk") as s:
        booking = book(s, room(s, needs_approval=True), at(3, 10), memo="投资人路演")
        pk = booking.id
        s.commit()
    with as_role("operations_manager") as s:
        booking = s.get(Booking, pk)
        assert booking.state == "requested" and codes(s, booking.resource, at(3, 10)) == ["K-11"]
        assert [a.record_id for a in approval.waiting(s, date(2026, 3, 2)) if a.kind == "booking.booking"] == [pk]
        bookings.confirm_booking(s, booking)
        assert booking.state == "confirmed"
        s.commit()
    with as_role("operations_clerk") as s, pytest.raises(RuleError) as refused:
        bookings.move(s, s.get(Booking, pk), starts_at=at(4, 10), ends_at=at(4, 11), at=NOW)
    assert refused.value.codes == ["booking.K-19"]


@time_machine.travel(NOW)
def test_refused_booking_frees_the_slot(session, as_role, db):
    with as_role("operations_clerk") as s:
        booking = book(s, room(s, needs_approval=True), at(3, 10))
        with pytest.raises(NotAllowed):
            bookings.refuse_booking(s, booking, reason="x")
        pk = booking.id
        s.commit()
    with as_role("operations_manager") as s:
        booking = s.get(Booking, pk)
        bookings.refuse_booking(s, booking, reason="当日有省厅检查")
        assert (booking.state, booking.end_reason) == ("refused", "当日有省厅检查")
        assert codes(s, booking.resource, at(3, 10)) == []


def test_a_request_cancelled_takes_its_approval_along(session, as_role, db):
    with as_role("operations_clerk") as s:
        booking = book(s, room(s, needs_approval=True), at(3, 10))
        assert bookings.cancel(s, booking, at=NOW).state == "cancelled"
        assert bookings.open_request(s, booking) is None


def test_check_in_and_finish_early(session):
    booking = book(session, room(session), at(3, 10), 120)
    with pytest.raises(RuleError) as refused:
        attendance.check_in(session, booking, at=at(3, 9, 29))
    assert refused.value.codes == ["booking.K-22"]
    attendance.check_in(session, booking, at=at(3, 9, 30))
    assert codes(session, booking.resource, at(3, 11)) == ["K-11"]
    attendance.finish(session, booking, at=at(3, 11))
    assert codes(session, booking.resource, at(3, 11)) == [] and codes(session, booking.resource, at(3, 10)) == ["K-11"]


def test_the_job_marks_no_shows_and_ends(session, park2):
    park = park2
    r, patient = room(session, missed_minutes=30, park_id=park.id), room(session, missed_minutes=None, park_id=park.id)
    missed, kept, used = book(session, r, at(3, 10), 120), book(session, patient, at(3, 10), 120), book(session, r, at(3, 8))
    attendance.check_in(session, used, at=at(3, 8))
    assert attendance.close_past(session, on=date(2026, 3, 3), park_id=park.id, at=at(3, 10, 29)) == {"missed": 0, "finished": 1}
    assert attendance.close_past(session, on=date(2026, 3, 3), park_id=park.id, at=at(3, 10, 30)) == {"missed": 1, "finished": 0}
    assert (missed.state, kept.state, used.state) == ("missed", "confirmed", "finished")
    assert codes(session, r, at(3, 10, 30), 60) == []


def test_waiting_list_offers_the_freed_slot_in_order(session, park):
    r = room(session)
    booking = book(session, r, at(3, 10))
    with pytest.raises(RuleError) as refused:
        waiting.join(session, resource_id=r.id, starts_at=at(3, 12), ends_at=at(3, 13), at=NOW)
    assert refused.value.codes == ["booking.K-20"]
    first = waiting.join(session, resource_id=r.id, starts_at=at(3, 10), ends_at=at(3, 11), at=NOW)
    second = waiting.join(session, resource_id=r.id, starts_at=at(3, 10), ends_at=at(3, 11), at=NOW)
    bookings.cancel(session, booking, at=at(2, 10))
    assert (first.state, second.state) == ("offered", "waiting") and first.offer_until == at(2, 14)
    assert codes(session, r, at(3, 10), at=at(2, 11)) == ["K-21"]
    assert waiting.expire_offers(session, on=date(2026, 3, 2), park_id=park.id, at=at(2, 14)) == {"expired": 1}
    assert (first.state, second.state) == ("expired", "offered")
    taken = waiting.take(session, second, at=at(2, 15))
    assert (second.state, second.booking_id, taken.starts_at) == ("booked", taken.id, at(3, 10))


def test_the_one_in_line_is_told(session, as_role, db):
    with as_role("operations_clerk") as s:
        booking = book(s, room(s), at(3, 10))
        entry = waiting.join(s, resource_id=booking.resource_id, starts_at=at(3, 10), ends_at=at(3, 11), at=NOW)
        bookings.cancel(s, booking, at=NOW)
        assert entry.state == "offered"
        assert s.scalars(select(Notice).where(Notice.user_id == entry.user_id, Notice.resource == "booking.waiting")).one()


def test_others_hear_of_it(session):
    heard = []

    def listen(_session, *, booking, action, **_more):
        heard.append(action)

    booking_changed.connect(listen)
    try:
        booking = book(session, room(session), at(3, 10))
        bookings.move(session, booking, starts_at=at(3, 11), ends_at=at(3, 12), at=NOW)
        attendance.check_in(session, booking, at=at(3, 11))
        attendance.finish(session, booking, at=at(3, 12))
    finally:
        booking_changed.disconnect(listen)
    assert heard == ["booked", "moved", "checked_in", "finished"]


def test_two_parks_do_not_mix(session, park, park2):
    r = room(session, park_id=park2.id)
    row = insert(Booking.__table__).values(park_id=park.id, resource_id=r.id, starts_at=at(3, 10), ends_at=at(3, 11), state="confirmed")
    with pytest.raises(DBAPIError, match="park of its resource"):
        session.connection().execute(row)


def test_changing_the_capacity_carries_to_the_bookings(session):
    r = room(session)
    booking = book(session, r, at(3, 10))
    assert booking.exclusive
    r.capacity = 2
    session.flush()
    session.refresh(booking)
    assert not booking.exclusive and book(session, r, at(3, 10)).exclusive is not None
    r.capacity = 1
    with pytest.raises(DBAPIError, match="ex_booking"):
        session.flush()


@pytest.mark.parametrize(("spans", "most"), [
    ([], 0), ([(at(3, 9), at(3, 10))], 0), ([(at(3, 9), at(3, 11)), (at(3, 11), at(3, 12))], 1),
    ([(at(3, 9), at(3, 11)), (at(3, 10, 30), at(3, 12))], 2), ([(at(3, 10), at(3, 11)), (at(3, 11), at(3, 12)), (at(3, 8), at(3, 20))], 2),
])
def test_most_at_once(spans, most):
    assert calc.most_at_once(spans, (at(3, 10), at(3, 12))) == most


def test_hours_over_midnight_and_in_words():
    rows = [calc.Hours(2, "08:00", "12:00"), calc.Hours(2, "12:00", "24:00"), calc.Hours(3, "00:00", "06:00"),
            calc.Hours(4, "09:00", "10:00", date(2026, 3, 12), None)]
    assert calc.is_open(rows, at(3, 11), at(4, 5)) and not calc.is_open(rows, at(3, 11), at(4, 7))
    assert calc.words_of_hours(rows, date(2026, 3, 3)) == "08:00–24:00" and calc.words_of_hours(rows, date(2026, 3, 5)) == ""
    assert calc.words_of_hours(rows, date(2026, 3, 12)) == "09:00–10:00"


def test_nothing_lasts_longer_than_two_months(session):
    assert codes(session, room(session), at(3, 0), 62 * 24 * 60 + 15) == ["K-02"]
    assert "K-02" not in codes(session, room(session), at(3, 0), 62 * 24 * 60)


def test_a_request_nobody_decided_ends_with_its_day(session):
    booking = book(session, room(session, needs_approval=True), at(3, 10))
    approval.expire(session, date(2026, 3, 3))
    assert booking.state == "requested"
    approval.expire(session, date(2026, 3, 4))
    session.refresh(booking)
    assert booking.state == "refused" and codes(session, booking.resource, at(3, 10)) == []


def test_the_checks_find_what_is_wrong_and_nothing_else(session):
    r = room(session, capacity=2)
    for _n in range(2):
        book(session, r, at(3, 10))
    assert [d for c in CHECKS if c.code in ("booking.doubles", "booking.places") for d in c.run(session)] == []
    session.execute(insert(Booking).values(park_id=r.park_id, resource_id=r.id, starts_at=at(3, 10), ends_at=at(3, 11), state="confirmed"))
    found = {c.code: c.run(session) for c in CHECKS}
    assert [r.name in d for d in found["booking.places"]] == [True] and found["booking.doubles"] == []
    stale = room(session, missed_minutes=30)
    book(session, stale, at(3, 10))
    assert any(stale.name in d for d in next(c for c in CHECKS if c.code == "booking.over").run(session))
