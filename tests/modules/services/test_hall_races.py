"""Races with their controls: a queue number is given once, a client is called to one window, a case is rated once."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from hall_help import at, done, english, hall, window  # noqa: F401
from sqlalchemy import func, select, text

from modules.services.models.case import ServiceCase
from modules.services.models.hall import HallWindow
from modules.services.models.quality import ServiceRating
from modules.services.models.queue import QueueTicket
from modules.services.services import queue, ratings
from parkops.db.session import Scope, engine, new_session, system_scope
from parkops.errors import ParkOpsError

N = 8


def scope():
    with system_scope("test") as s:
        park = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
    return Scope(parks=None, system=True, park_id=park, via="system", user_name="test", reason="test")


def prepared(make):
    with system_scope("test") as s:
        s.info["scope"] = scope()
        out = make(s)
        s.commit()
    return out


def together(jobs):
    """Each job in a transaction of its own, all at one moment; (done, refused, broken)."""
    barrier, mine, out = threading.Barrier(len(jobs), timeout=60), scope(), ([], [], [])

    def one(job):
        with new_session(mine) as s:
            try:
                found = job(s, barrier)
                s.commit()
                out[0].append(found)
            except ParkOpsError as refused:
                s.rollback()
                out[1].append(str(refused))
            except Exception as wrong:
                s.rollback()
                out[2].append(repr(wrong))

    threads = [threading.Thread(target=one, args=(j,)) for j in jobs]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return out


def unprotected(statement):
    with engine(owner=True).begin() as c:
        c.execute(text(statement))


def taken():
    place = prepared(lambda s: hall(s).id)

    def job(s, barrier):
        barrier.wait()
        return queue.take_ticket(s, hall_id=place, item_class="startup", at=at()).number

    return together([job] * N)


def test_no_number_is_given_twice(fresh_db):
    numbers, refused, broken = taken()
    assert not refused and not broken and sorted(numbers) == list(range(1, N + 1))


def test_control_without_the_counter_numbers_are_given_twice(fresh_db, monkeypatch):
    meet = threading.Barrier(N, timeout=60)

    def highest(s, place, day):
        found = s.scalar(select(func.coalesce(func.max(QueueTicket.number), 0)).where(QueueTicket.hall_id == place.id)) + 1
        meet.wait()
        return found

    monkeypatch.setattr(queue, "next_number", highest)
    unprotected("ALTER TABLE services_ticket DROP CONSTRAINT uq_services_ticket_hall_id_day_number")
    numbers, refused, broken = taken()
    assert not refused and not broken and len(set(numbers)) < len(numbers) == N


def called():
    def make(s):
        place = hall(s)
        for _n in range(N):
            queue.take_ticket(s, hall_id=place.id, item_class="startup", at=at())
        return [window(s, place, code=f"W{n}").id for n in range(N)]

    def call(pk):
        def job(s, barrier):
            row = s.get(HallWindow, pk)
            barrier.wait()
            return queue.call_next(s, row, at=at(minute=5)).number

        return job

    return together([call(pk) for pk in prepared(make)])


def test_no_client_is_called_to_two_windows(fresh_db):
    numbers, refused, broken = called()
    assert not refused and not broken and sorted(numbers) == list(range(1, N + 1))


def test_control_without_the_lock_windows_reach_for_the_same_client(fresh_db, monkeypatch):
    from sqlalchemy.sql.selectable import Select

    monkeypatch.setattr(Select, "with_for_update", lambda self, **_options: self)
    numbers, refused, broken = called()
    assert len(numbers) < N and (refused or broken), "every window got a client of its own although nothing was locked"


def clicked():
    """All clicks at one window, each in a transaction of its own."""

    def make(s):
        place = hall(s)
        for _n in range(N):
            queue.take_ticket(s, hall_id=place.id, item_class="startup", at=at())
        return window(s, place).id

    desk = prepared(make)

    def click(s, barrier):
        row = s.get(HallWindow, desk)
        barrier.wait()
        return queue.call_next(s, row, at=at(minute=5)).number

    return together([click] * 4)


def test_two_clicks_at_a_window_call_one_client(fresh_db):
    numbers, refused, broken = clicked()
    assert (numbers, len(refused), broken) == ([1], 3, []) and "A001" in refused[0]


def test_control_without_the_windows_lock_one_window_calls_several(fresh_db, monkeypatch):
    from sqlalchemy.sql.selectable import Select

    real = Select.with_for_update
    monkeypatch.setattr(Select, "with_for_update", lambda self, **how: real(self, **how) if how else self)  # the ticket's lock stays
    numbers, _refused, broken = clicked()
    assert len(numbers) > 1 and not broken


def rated(versioned=True):
    def make(s):
        return done(s).id

    case = prepared(make)

    def job(s, barrier):
        row = s.get(ServiceCase, case)
        loose = SimpleNamespace(id=row.id, park_id=row.park_id, state=row.state, channel=row.channel, officer_id=None, stars=row.stars)
        barrier.wait()
        return ratings.rate_case(s, row if versioned else loose, stars=5, at=at()).id

    out = together([job] * 4)
    with system_scope("test") as s:
        return *out, s.scalar(select(func.count(ServiceRating.id)).where(ServiceRating.case_id == case))


def test_a_case_is_rated_once(fresh_db):
    ids, refused, broken, rows = rated()
    assert (len(ids), rows) == (1, 1) and len(refused) + len(broken) == 3


def test_control_without_the_constraint_a_case_is_rated_twice(fresh_db):
    unprotected("ALTER TABLE services_rating DROP CONSTRAINT uq_services_rating_case_id")
    ids, refused, broken, rows = rated(versioned=False)
    assert not refused and not broken and rows == len(ids) == 4
