"""Outbox: written with the change, delivered at least once, never by two workers, dead after many failures, retried."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from parkops import outbox
from parkops.clock import now
from parkops.db.session import Scope, new_session
from parkops.errors import NotAllowed, RuleError
from parkops.outbox import OutboxMessage

got: list[str] = []
fail = {"on": False}


@outbox.handler("sample.mail")
def mail(session, payload, message):
    if fail["on"]:
        raise OSError("no connection")
    got.append(message.idempotency_key)


@pytest.fixture(autouse=True)
def _fresh():
    got.clear()
    fail["on"] = False


def system():
    return new_session(Scope(parks=None, system=True))


def put(n: int) -> None:
    s = system()
    for i in range(n):
        outbox.publish(s, "sample.mail", {"n": i}, key=f"k{i}")
    s.commit()
    s.close()


def test_nothing_leaves_when_the_change_is_rolled_back(fresh_db):
    s = system()
    outbox.publish(s, "sample.mail", {})
    s.rollback()
    assert outbox.deliver(s) == {"delivered": 0, "failed": 0, "dead": 0} and got == []


def test_a_key_is_one_message_and_the_key_goes_with_every_attempt(fresh_db):
    s = system()
    assert [outbox.publish(s, "sample.mail", {}, key="a") for _ in range(3)] == [True, False, False]
    fail["on"] = True
    outbox.deliver(s)
    fail["on"] = False
    outbox.deliver(s, at=now() + timedelta(minutes=5))
    assert got == ["sample.mail:a"]


def test_failures_wait_longer_die_and_are_retried_by_a_person(fresh_db, actor):
    put(1)
    fail["on"] = True
    s, moment, waits = system(), now(), []
    for _ in range(outbox.MAX_ATTEMPTS):
        moment += timedelta(hours=12)
        outbox.deliver(s, at=moment)
        row = s.scalars(select(OutboxMessage)).one()
        waits.append(row.next_at - moment)
    s.commit()
    assert row.state == "dead" and row.attempts == outbox.MAX_ATTEMPTS and "no connection" in row.last_error
    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert outbox.deliver(s, at=moment + timedelta(days=9)) == {"delivered": 0, "failed": 0, "dead": 0}
    with actor("operations_clerk", "core.outbox:read") as c, pytest.raises(NotAllowed):
        outbox.retry(c, c.get(OutboxMessage, row.id))
    fail["on"] = False
    outbox.retry(s, row)
    assert outbox.deliver(s)["delivered"] == 1 and row.state == "done" and row.last_error is None
    with pytest.raises(RuleError):
        outbox.retry(s, row)


def test_a_failing_message_does_not_hold_up_the_others(fresh_db, monkeypatch):
    put(3)

    def picky(session, payload, message):
        if payload["n"] == 1:
            raise ValueError("bad address")
        got.append(message.key)

    monkeypatch.setitem(outbox.HANDLERS, "sample.mail", picky)
    s = system()
    assert outbox.deliver(s) == {"delivered": 2, "failed": 1, "dead": 0} and got == ["k0", "k2"]


def test_a_topic_without_handler_waits_and_says_so(fresh_db):
    s = system()
    outbox.publish(s, "sample.unknown", {})
    assert outbox.deliver(s)["failed"] == 1
    assert "no module handles" in s.scalars(select(OutboxMessage)).one().last_error


def test_a_crash_before_commit_delivers_again_with_the_same_key(fresh_db):
    put(1)
    s = system()
    outbox.deliver(s)
    s.rollback()  # the process died after the outside effect, before its commit
    outbox.deliver(s)
    s.commit()
    assert got == ["sample.mail:k0"] * 2


def _two_workers(deliver):
    gate, sessions = threading.Barrier(2, timeout=20), []

    def work():
        s = system()
        sessions.append(s)
        gate.wait()
        deliver(s)
        gate.wait()  # neither commits before both have claimed
        s.commit()
        s.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    [t.start() for t in threads]
    [t.join(40) for t in threads]


def test_two_workers_never_share_a_message(fresh_db):
    put(20)
    _two_workers(lambda s: outbox.deliver(s, 10))
    assert sorted(got) == sorted(f"sample.mail:k{i}" for i in range(20))


def test_control_without_skip_locked_messages_go_out_twice(fresh_db):
    put(5)

    def naive(s):
        for row in s.scalars(select(OutboxMessage).where(OutboxMessage.state == "pending")):
            mail(s, row.payload, row)

    _two_workers(naive)
    assert len(got) == 10


def test_one_transaction_per_message(fresh_db):
    put(4)
    assert outbox.deliver_each(10) == {"delivered": 4, "failed": 0, "dead": 0}
    assert outbox.deliver_each(10) == {"delivered": 0, "failed": 0, "dead": 0}


def test_the_hourly_job_keeps_what_it_sent_when_it_fails_later(fresh_db):
    from parkops.clock import today
    from parkops.jobs import kernel_jobs

    put(3)
    job = system()
    kernel_jobs.deliver_outbox(job, on=today(), park_id=None)
    job.rollback()  # the job's own transaction breaks afterwards
    s = system()
    assert s.scalars(select(OutboxMessage.state)).all() == ["done"] * 3 and outbox.deliver_each()["delivered"] == 0


def test_control_one_transaction_for_all_forgets_what_was_sent(fresh_db):
    """Control: delivered in the job's own transaction, a failure repeats all of it."""
    put(3)
    job = system()
    outbox.deliver(job, limit=1000)
    job.rollback()
    assert len(got) == 3 and outbox.deliver_each()["delivered"] == 3 and len(got) == 6


def test_a_silent_server_does_not_hold_up_the_round(fresh_db, monkeypatch):
    ticks = iter(range(0, 10_000, 20))  # every look at the clock is twenty seconds later
    put(10)
    monkeypatch.setattr(outbox, "monotonic", lambda: float(next(ticks)))
    assert outbox.deliver_each()["delivered"] == 1, "one begins at 20 s, none at 40 s"
    assert outbox.deliver_each(seconds=1000)["delivered"] == 9
