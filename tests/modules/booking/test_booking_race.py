"""60 slots, three clerks booking each at once: no double booking, the losers get a sentence. Control: without the exclusion
constraint the same race books slots twice. Resources for several at once are counted under a lock, with a control as well."""

import contextlib
import threading
from datetime import date, timedelta
from decimal import Decimal

from booking_help import NOW, at, firm, room
from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

from modules.booking.models.booking import NO_OVERLAP, OCCUPYING, Booking
from modules.booking.models.resource import BookableResource
from modules.booking.services import bookings, vouchers
from parkops.db.session import Scope, engine, new_session, system_scope
from parkops.errors import Conflict, RuleError

SLOTS, CLERKS = 60, 3


def _scope():
    with system_scope("test") as s:
        park = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
    return Scope(parks=None, system=True, park_id=park, via="system", user_name="test", reason="test")


def prepared(capacity=1):
    with system_scope("test") as s:
        s.info["scope"] = _scope()
        pk = room(s, capacity=capacity).id
        s.commit()
    return pk


def race(resource_id, slots, clerks, monkeypatch):
    """Every slot: all clerks have looked at the calendar (nothing speaks against it) before the first of them writes."""
    won, lost, broken, scope, seen = [], [], [], _scope(), bookings._write

    def clerk(start, barrier):
        waited = []

        def write(*args, **values):
            if not waited:
                waited.append(barrier.wait())
            return seen(*args, **values)

        with new_session(scope) as s:
            try:
                local.write = write
                bookings.book(s, resource=s.get(BookableResource, resource_id), starts_at=start, ends_at=start + timedelta(minutes=45),
                              firm_id=None, at=NOW)
                s.commit()
                won.append(start)
            except (RuleError, Conflict) as refused:
                s.rollback()
                lost.append(str(refused))
            except Exception as wrong:
                s.rollback()
                broken.append(repr(wrong))

    local = threading.local()
    monkeypatch.setattr(bookings, "_write", lambda *args, **values: local.write(*args, **values))
    for n in range(slots):
        barrier = threading.Barrier(clerks, timeout=60)
        # half-overlapping, not only equal, times
        starts = [at(3, 0) + timedelta(minutes=60 * n + 15 * (k % 2)) for k in range(clerks)]
        threads = [threading.Thread(target=clerk, args=(start, barrier)) for start in starts]
        [t.start() for t in threads]
        [t.join() for t in threads]
    return won, lost, broken


def doubles(resource_id):
    """Pairs of live bookings of the resource that overlap."""
    a, b = Booking, aliased(Booking)
    with system_scope("test") as s:
        return s.scalar(select(func.count()).select_from(a).join(b, (b.resource_id == a.resource_id) & (b.id > a.id)).where(
            a.resource_id == resource_id, a.state.in_(OCCUPYING), b.state.in_(OCCUPYING), a.during.op("&&")(b.during)))


def test_nobody_books_twice(fresh_db, monkeypatch):
    pk = prepared()
    won, lost, broken = race(pk, SLOTS, CLERKS, monkeypatch)
    assert not broken
    assert (len(won), len(lost), doubles(pk)) == (SLOTS, SLOTS * (CLERKS - 1), 0)
    assert all("路演厅" in sentence for sentence in lost)


def test_control_without_the_constraint_slots_are_booked_twice(fresh_db, monkeypatch):
    pk = prepared()
    with engine(owner=True).begin() as c:
        c.execute(text(f"ALTER TABLE booking_booking DROP CONSTRAINT {NO_OVERLAP}"))
    won, _lost, broken = race(pk, 5, CLERKS, monkeypatch)
    assert not broken and len(won) > 5 and doubles(pk) > 0


def test_several_at_once_are_counted_under_the_lock(fresh_db, monkeypatch):
    pk = prepared(capacity=2)
    won, lost, broken = race(pk, 15, 4, monkeypatch)
    assert not broken and (len(won), len(lost)) == (30, 30)


def test_control_without_the_second_count_there_are_too_many(fresh_db, monkeypatch):
    pk = prepared(capacity=2)
    monkeypatch.setattr(bookings, "others", lambda *a, **k: [])
    won, _lost, broken = race(pk, 3, 4, monkeypatch)
    assert not broken and len(won) > 6


def vouchers_race(monkeypatch):
    """Four clerks apply at once for 6,000 of a voucher over 10,000; all have read what is left before the first writes."""
    with system_scope("test") as s:
        s.info["scope"] = _scope()
        f = firm(s)
        pk = vouchers.create_voucher(s, number="CXQ-1", firm_id=f.id, issuer="科技局", quota=Decimal(10000), valid_from=date(2026, 1, 1),
                                     valid_to=date(2026, 12, 31)).id
        s.commit()
    barrier, won, lost, scope, left_of = threading.Barrier(4, timeout=60), [], [], _scope(), vouchers.left_of

    def slowly(session, voucher):
        found = left_of(session, voucher)
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=0.5)  # under the lock nobody else gets here: the barrier breaks and the clerk goes on
        return found

    monkeypatch.setattr(vouchers, "left_of", slowly)

    def clerk():
        with new_session(scope) as s:
            try:
                vouchers.apply_use(s, voucher_id=pk, used_on=date(2026, 3, 5), cost=Decimal(6000), amount=Decimal(6000), service="检测")
                s.commit()
                won.append(1)
            except RuleError as refused:
                s.rollback()
                lost.append(refused.codes)

    threads = [threading.Thread(target=clerk) for _n in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return won, lost


def test_a_voucher_is_not_used_twice(fresh_db, monkeypatch):
    won, lost = vouchers_race(monkeypatch)
    assert len(won) == 1 and lost == [["booking.K-32"]] * 3


def test_control_without_the_lock_a_voucher_is_used_twice(fresh_db, monkeypatch):
    monkeypatch.setattr(vouchers, "_lock", lambda *a: None)
    won, _lost = vouchers_race(monkeypatch)
    assert len(won) > 1
