"""The scheduler process: boots, gives signs of life, stops on SIGTERM, survives kill -9 and company (G23, G24)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time as clocks
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from parkops.clock import now
from parkops.db.session import engine, system_scope
from parkops.jobs import control
from parkops.jobs.models import Heartbeat
from scheduler.runtime import Runtime

PROCESS = """
    import logging, signal, sys
    from sqlalchemy import text
    from parkops import registry as reg
    from parkops.jobs import kernel_jobs, registry
    from parkops.jobs.registry import Cron, Job
    from scheduler.runtime import Runtime
    def run(session, *, on, park_id):
        session.execute(text("insert into t_effect (on_day) values (:d)"), {"d": on})
        print("inside", flush=True)
        if PAUSE:
            signal.pause()
    kernel_jobs.JOBS.clear()
    registry.EXTRA.append(Job("t.minute", "Minute", Cron(hour=0), run, per_park=False, catch_up="all"))
    runtime = Runtime(interval=1)
    for s in (signal.SIGTERM, signal.SIGINT):
        signal.signal(s, runtime.stop)
    reg.registry().load([])
    runtime.start()
    print("stopped", flush=True)
"""


@pytest.fixture
def process(fresh_db):
    """Start scheduler processes of the test's own; whatever is left is killed."""
    with engine(owner=True).begin() as c:
        c.execute(text("create table t_effect (on_day date)"))
    children = []

    def start(pause=False):
        code = textwrap.dedent(PROCESS).replace("PAUSE", str(pause))
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=dict(os.environ))
        children.append(child)
        return child

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait(10)


def _until(condition, seconds=60):
    deadline = clocks.monotonic() + seconds
    while clocks.monotonic() < deadline:
        if condition():
            return True
        clocks.sleep(0.05)
    return False


def _count(sql):
    with engine().connect() as c:
        return c.execute(text(sql)).scalar()


def test_it_runs_what_is_due_and_stops_on_sigterm(process):
    child = process()
    assert child.stdout.readline().strip() == "inside"
    assert _until(lambda: _count("select count(*) from core_job_run where state = 'done'") == 1)
    assert _until(lambda: _count("select count(*) from core_heartbeat") == 1)
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
    assert "stopped" in child.stdout.read()
    assert "Exception" not in child.stderr.read()


def test_killed_in_a_job_the_next_process_resumes_within_a_minute(process):
    first = process(pause=True)
    assert first.stdout.readline().strip() == "inside"
    os.kill(first.pid, signal.SIGKILL)
    first.wait(10)
    killed = clocks.monotonic()
    process()
    assert _until(lambda: _count("select count(*) from core_job_run where state = 'done'") == 1)
    assert clocks.monotonic() - killed < 60
    assert _count("select count(*) from t_effect") == 1
    assert _count("select attempts from core_job_run") >= 2


def test_two_schedulers_are_harmless(process):
    for _n in range(2):
        process()
    assert _until(lambda: _count("select count(*) from core_heartbeat where ticked_at is not null") == 2)
    assert _count("select count(*) from t_effect") == 1
    assert _count("select count(*) from core_job_run") == 1


def test_it_refuses_an_empty_database_with_a_sentence(fresh_db):
    with engine(owner=True).begin() as c:
        c.execute(text("delete from core_module"))
    from parkops.errors import Refused

    with pytest.raises(Refused, match="parkops upgrade"):
        Runtime().boot()


def test_nothing_is_kept_in_apscheduler():
    from apscheduler.jobstores.memory import MemoryJobStore

    runtime = Runtime()
    runtime.scheduler.add_job(runtime.beat, "interval", seconds=30, id="x")
    job, store, _replace = runtime.scheduler._pending_jobs[0]
    assert isinstance(runtime.scheduler._jobstores[store], MemoryJobStore)
    assert runtime.scheduler._job_defaults["misfire_grace_time"] is None
    assert runtime.scheduler._job_defaults["coalesce"] is True
    assert runtime.scheduler._job_defaults["max_instances"] == 1
    assert job.id == "x"


@pytest.mark.parametrize(("silent", "alarm"), [(0, False), (59, False), (61, True), (3600, True)])
def test_the_lag_gauge_alarms_at_twice_the_interval(fresh_db, silent, alarm):
    """G24."""
    moment = now()
    with system_scope("test") as s:
        s.add(Heartbeat(name="a", started_at=moment, beat_at=moment - timedelta(seconds=silent), interval_seconds=30))
        s.flush()
        health = control.health(s, moment)
        assert (health.alarm, round(health.lag)) == (alarm, silent)


@pytest.mark.parametrize(("minutes", "working_on", "alarm"), [(9, None, False), (11, None, True), (11, "billing.run 1", False)])
def test_a_scheduler_that_lives_and_finishes_no_round_is_an_alarm(session, minutes, working_on, alarm):
    """The cluster does not answer, say: the heart beats, and nothing is done."""
    moment = now()
    session.add(Heartbeat(name="a", started_at=moment - timedelta(days=1), beat_at=moment, ticked_at=moment - timedelta(minutes=minutes),
                          interval_seconds=30, working_on=working_on))
    session.flush()
    health = control.health(session, moment)
    assert health.alarm == alarm and (str(minutes) in health.sentence) == alarm


def test_no_sign_of_life_at_all_is_an_alarm(session):
    health = control.health(session, now())
    assert health.alarm and "parkops scheduler" in health.sentence


def test_a_beat_is_one_row_per_process_and_old_ones_go(fresh_db):
    with system_scope("test") as s:
        s.add(Heartbeat(name="gone", started_at=now(), beat_at=now() - timedelta(days=2), interval_seconds=30))
    runtime = Runtime(name="me")
    runtime.beat()
    runtime.beat()
    with system_scope("test") as s:
        assert [h.name for h in s.scalars(select(Heartbeat))] == ["me"]


def test_a_round_survives_a_broken_database(monkeypatch, fresh_db):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the database is away")

    monkeypatch.setattr(control, "run_due", broken)
    assert Runtime().tick() == {}
