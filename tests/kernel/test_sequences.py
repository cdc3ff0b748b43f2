"""Numbers without gaps or doubles under concurrent posting with roll-backs; the gap report finds what is missing."""

from __future__ import annotations

import random
import threading
from datetime import date

import pytest
from sqlalchemy import func, select, text

from parkops import sequences
from parkops.db.session import Scope, engine, new_session
from parkops.errors import NotFound, Refused
from parkops.sequences import IssuedNumber, Sequence
from parkops.testing.depth import depth
from tests.kernel.samples import ids

CODE, ON = "sample.voucher", date(2026, 3, 5)


@pytest.fixture(autouse=True)
def _formats(monkeypatch):
    monkeypatch.setitem(sequences.KERNEL_SEQUENCES, CODE, "V-{year}-{n:05d}")
    monkeypatch.setitem(sequences.KERNEL_SEQUENCES, "sample.file", "{park}/{n}")
    monkeypatch.setitem(sequences.KERNEL_SEQUENCES, "sample.broken", "{nn}")


def test_formats_years_and_parks(session, park, park2):
    draw = lambda p, on, code=CODE: sequences.next_number(session, code, p.id, on)  # noqa: E731
    assert [draw(park, ON), draw(park, ON), draw(park2, ON)] == ["V-2026-00001", "V-2026-00002", "V-2026-00001"]
    assert draw(park, date(2027, 1, 1)) == "V-2027-00001"
    assert [draw(park, ON, "sample.file"), draw(park, date(2027, 1, 1), "sample.file")] == ["east/1", "east/2"]
    for code in ("sample.nothing", "sample.broken"):
        with pytest.raises(Refused):
            draw(park, ON, code)


def test_a_foreign_park_has_no_numbers_for_me(actor, session, park2):
    with actor("operations_clerk", "x:read") as s, pytest.raises(NotFound):
        sequences.next_number(s, CODE, park2.id, ON)


def test_a_rollback_gives_the_number_back(session, park):
    with session.begin_nested() as point:
        assert sequences.next_number(session, CODE, park.id, ON) == "V-2026-00001"
        point.rollback()
    assert sequences.next_number(session, CODE, park.id, ON) == "V-2026-00001"
    assert sequences.gaps(session) == []


def _post(draw, count: int, workers: int, park_id: int) -> None:
    """`count` transactions from `workers` threads; one in five is rolled back after it has drawn its number."""
    todo = list(range(count))
    lock = threading.Lock()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        while True:
            with lock:
                if not todo:
                    return
                todo.pop()
            s = new_session(Scope(parks=None, system=True, park_id=park_id))
            try:
                draw(s, park_id)
                s.rollback() if chance.random() < 0.2 else s.commit()
            except Exception:
                s.rollback()
            finally:
                s.close()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(workers)]
    [t.start() for t in threads]
    [t.join(120) for t in threads]


def test_concurrent_posts_with_rollbacks_leave_no_gap_and_no_double(fresh_db):
    parks, _users = ids()
    _post(lambda s, p: sequences.next_number(s, CODE, p, ON), 200, 6, parks["east"])
    s = new_session(Scope(parks=None, system=True))
    numbers = s.scalars(select(IssuedNumber.n).order_by(IssuedNumber.n)).all()
    last = s.scalar(select(Sequence.last))
    assert len(numbers) > 120 and numbers == list(range(1, len(numbers) + 1)) and last == len(numbers)
    assert sequences.gaps(s) == []
    s.close()


@pytest.mark.slow
def test_a_thousand_posts(fresh_db):
    parks, _users = ids()
    _post(lambda s, p: sequences.next_number(s, CODE, p, ON), depth(1000, 10_000), 8, parks["east"])
    s = new_session(Scope(parks=None, system=True))
    numbers = s.scalars(select(IssuedNumber.n).order_by(IssuedNumber.n)).all()
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > depth(700, 7000)
    s.close()


def test_control_max_plus_one_doubles_and_a_database_sequence_leaves_gaps(fresh_db):
    parks, _users = ids()
    with engine(owner=True).begin() as c:
        c.execute(text("create table sample_naive (n bigint); create sequence sample_naive_seq"))
    meet = threading.Barrier(2, timeout=10)

    def naive(s, p):
        n = s.execute(text("select coalesce(max(n), 0) + 1 from sample_naive")).scalar()
        try:
            meet.wait()  # two colleagues have looked at the same moment
        except threading.BrokenBarrierError:
            pass
        s.execute(text("insert into sample_naive values (:n)"), {"n": n})

    _post(naive, 20, 2, parks["east"])
    with engine(owner=True).begin() as c:
        assert c.execute(text("select count(*) - count(distinct n) from sample_naive")).scalar() > 0
        c.execute(text("truncate sample_naive"))

    _post(lambda s, p: s.execute(text("insert into sample_naive select nextval('sample_naive_seq')")), 60, 2, parks["east"])
    with engine().connect() as c:
        assert c.execute(text("select max(n) - count(*) from sample_naive")).scalar() > 0


def test_the_gap_report_names_the_missing_numbers(fresh_db, session, park):
    for _ in range(6):
        sequences.next_number(session, CODE, park.id, ON)
    session.commit()
    with engine(owner=True).begin() as c:
        c.execute(text("alter table core_sequence_number disable trigger user"))
        c.execute(text("delete from core_sequence_number where n in (2, 3, 6)"))
        c.execute(text("alter table core_sequence_number enable trigger user"))
    assert [(g.first, g.last) for g in sequences.gaps(session)] == [(2, 3), (6, 6)]
    assert session.scalar(select(func.count()).select_from(IssuedNumber)) == 3
