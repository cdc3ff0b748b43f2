"""Jobs take effect exactly once, are never lost, and never half done (G22-G24). Each guard has a control without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time as clocks
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from parkops.db.session import Scope, engine, session_scope, system_scope
from parkops.errors import NotAllowed, NotFound, Refused, RuleError
from parkops.jobs import control, registry, runner, schedule
from parkops.jobs.models import JobRun
from parkops.jobs.registry import Cron, Job
from parkops.testing.depth import depth

NOW = datetime(2026, 6, 12, 4, 0, tzinfo=UTC)  # noon in the park


def record(session, *, on, park_id):
    session.execute(text("insert into t_effect (on_day, park_id) values (:d, :p)"), {"d": on, "p": park_id})
    session.execute(text("select pg_sleep(0.02)"))
    return {"rows": 1}


@pytest.fixture
def effects(fresh_db):
    """A table without any constraint: only the runner keeps it right."""
    with engine(owner=True).begin() as c:
        c.execute(text("create table t_effect (on_day date, park_id bigint)"))
    yield lambda: _effects()


def _effects():
    with engine().connect() as c:
        return [tuple(r) for r in c.execute(text("select on_day, park_id from t_effect order by 1, 2"))]


@pytest.fixture
def declare(monkeypatch):
    """Only the given jobs exist."""
    def use(*jobs):
        found = {j.code: j for j in jobs}
        for module in (schedule, control):
            monkeypatch.setattr(module, "all_jobs", lambda: found)
        monkeypatch.setattr(registry, "all_jobs", lambda: found)
        monkeypatch.setattr(control, "job_of", lambda code: found[code])
        return found
    return use


def daily(**changes):
    return Job(**{"code": "t.daily", "title": "Daily", "when": Cron(hour=2), "run": record, "per_park": False, "catch_up": "all", **changes})


def mark_done(job, day, park_id=None):
    with system_scope("test") as s:
        s.add(JobRun(code=job.code, park_id=park_id, scheduled_for=job.when.slot_for(day), state="done", actor="test", attempts=1))


def run_states():
    with system_scope("test") as s:
        return [(r.code, r.park_id, schedule.local(r.scheduled_for).date(), r.state)
                for r in s.scalars(select(JobRun).order_by(JobRun.code, JobRun.scheduled_for, JobRun.park_id))]


# --- the calendar -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cron", "day", "expected"), [
    (Cron(hour=2), date(2026, 6, 1), True),
    (Cron(day=1), date(2026, 6, 1), True),
    (Cron(day=1), date(2026, 6, 2), False),
    (Cron(day=31), date(2026, 6, 30), True),
    (Cron(day=31), date(2026, 2, 28), True),
    (Cron(day=31), date(2026, 5, 30), False),
    (Cron(weekday=0), date(2026, 6, 8), True),
    (Cron(weekday=0), date(2026, 6, 9), False),
    (Cron(day=5, month=(1, 4, 7, 10)), date(2026, 4, 5), True),
    (Cron(day=5, month=(1, 4, 7, 10)), date(2026, 5, 5), False),
])
def test_days_of_a_job(cron, day, expected):
    assert bool(cron.slots_on(day)) is expected


def test_times_are_the_parks_wall_clock():
    assert Cron(hour=2).slots_on(date(2026, 6, 1)) == [datetime(2026, 5, 31, 18, tzinfo=UTC)]
    assert len(Cron(every_minutes=15).slots_on(date(2026, 6, 1))) == 96
    with pytest.raises(ValueError):
        Cron(every_minutes=7)


def test_slots_are_half_open_and_ordered():
    cron = Cron(hour=2)
    first = cron.slot_for(date(2026, 6, 1))
    assert list(cron.slots(first, first + timedelta(days=2))) == [first + timedelta(days=1), first + timedelta(days=2)]
    assert cron.latest(NOW) == cron.slot_for(date(2026, 6, 12))
    assert cron.next(NOW) == cron.slot_for(date(2026, 6, 13))
    assert Cron(day=29, month=(2,)).latest(NOW) == Cron(day=29).slot_for(date(2026, 2, 28))


# --- what is due --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("down", "missed"), [(timedelta(seconds=1), 1), (timedelta(hours=1), 1), (timedelta(days=3), 4)])
def test_every_missed_date_runs_oldest_first(effects, declare, down, missed):
    """G23: the process was away over the due time for a second, an hour, three days."""
    job = daily()
    declare(job)
    due_at = job.when.slot_for(date(2026, 6, 8))
    mark_done(job, date(2026, 6, 7))
    assert control.run_due(due_at + down) == {"done": missed}
    assert effects() == [(date(2026, 6, 8) + timedelta(days=n), None) for n in range(missed)]
    assert control.run_due(due_at + down) == {}


def test_latest_only_jobs_do_not_catch_up(effects, declare):
    job = daily(catch_up="latest")
    declare(job)
    mark_done(job, date(2026, 6, 1))
    assert control.run_due(NOW) == {"done": 1}
    assert effects() == [(date(2026, 6, 12), None)]


def test_a_calendar_job_seen_first_starts_with_its_next_date(effects, declare):
    job = daily(when=Cron(hour=2, day=1))
    declare(job)
    assert control.run_due(NOW) == {}
    assert run_states() == [("t.daily", None, date(2026, 6, 1), "skipped")]
    assert control.run_due(datetime(2026, 8, 2, tzinfo=UTC)) == {"done": 2}
    assert [d for d, _p in effects()] == [date(2026, 7, 1), date(2026, 8, 1)]


def test_one_run_per_active_park(effects, declare):
    declare(daily(per_park=True))
    assert control.run_due(NOW) == {"done": 2}
    assert len({p for _d, p in effects()}) == 2


def test_the_run_is_confined_to_its_park(fresh_db, declare):
    from parkops.models import Park

    seen = {}

    def look(session, *, on, park_id):
        seen[park_id] = (session.info["scope"].parks, session.info["scope"].park_id)

    declare(daily(per_park=True, run=look))
    control.run_due(NOW)
    with system_scope("test") as s:
        ids = list(s.scalars(select(Park.id)))
    assert seen == {i: (frozenset({i}), i) for i in ids}


# --- exactly once -------------------------------------------------------------------------------------------------


def _four_workers(until):
    errors = []

    def work():
        try:
            for _turn in range(200):
                control.run_due(NOW)
                if until():
                    return
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    assert errors == []


def _settled(n):
    with engine().connect() as c:
        return c.execute(text("select count(*) from core_job_run where state = 'done' and actor = 'scheduler'")).scalar() >= n


def test_four_workers_eleven_dates_exactly_once(effects, declare):
    """G22."""
    job = daily()
    declare(job)
    mark_done(job, date(2026, 6, 1))
    _four_workers(lambda: _settled(11))
    assert effects() == [(date(2026, 6, 2) + timedelta(days=n), None) for n in range(11)]


def test_control_without_lock_and_row_check_dates_repeat(effects, declare, monkeypatch):
    """The same race with the two guards off: dates take effect more than once, so the test above can fail."""
    job = daily()
    declare(job)
    mark_done(job, date(2026, 6, 1))
    gate = threading.Barrier(4)

    def everyone(*_args):
        try:
            gate.wait(5)
        except threading.BrokenBarrierError:
            pass
        return True

    def unguarded(work, run_id):
        return JobRun(id=run_id, scheduled_for=slot, state="running")

    slot = job.when.slot_for(date(2026, 6, 2))
    monkeypatch.setattr(runner, "take_lock", everyone)
    monkeypatch.setattr(runner, "hold_row", unguarded)
    claim = runner._claim
    monkeypatch.setattr(runner, "_claim", lambda job, park, at, actor, force, started: claim(job, park, at, actor, True, started))
    threads = [threading.Thread(target=runner.run_one, args=(job, None, slot)) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len(effects()) > 1


def test_a_second_process_at_the_same_date_is_told_busy(effects, declare):
    job = daily()
    slot = job.when.slot_for(date(2026, 6, 2))
    entered, leave = threading.Event(), threading.Event()

    def slow(session, *, on, park_id):
        entered.set()
        assert leave.wait(30)
        return record(session, on=on, park_id=park_id)

    first = threading.Thread(target=runner.run_one, args=(daily(run=slow), None, slot))
    first.start()
    assert entered.wait(30)
    assert runner.run_one(job, None, slot).state == "busy"
    leave.set()
    first.join(30)
    assert runner.run_one(job, None, slot).state == "already"
    assert len(effects()) == 1


# --- failure ------------------------------------------------------------------------------------------------------


def failing(session, *, on, park_id):
    record(session, on=on, park_id=park_id)
    raise Refused("there is no price list; add one")


def test_a_failure_leaves_nothing_half_done_and_is_tried_again(effects, declare):
    job = daily(run=failing)
    declare(job)
    mark_done(job, date(2026, 6, 10))
    assert control.run_due(NOW) == {"failed": 1}, "the later date waits for the earlier one"
    assert effects() == []
    with system_scope("test") as s:
        row = s.scalars(select(JobRun).where(JobRun.state == "failed")).one()
        assert (row.error, row.attempts) == ("there is no price list; add one", 1)
        assert row.history[0]["attempt"] == 1
        assert row.retry_at - row.finished_at == timedelta(minutes=1)
        row.retry_at = NOW + timedelta(minutes=1)
    declare(daily())
    assert control.run_due(NOW + timedelta(seconds=59)) == {}, "not before the pause is over"
    assert control.run_due(NOW + timedelta(seconds=60)) == {"done": 2}
    assert [d for d, _p in effects()] == [date(2026, 6, 11), date(2026, 6, 12)]


class Losing:
    """A place whose units come to nothing: the cluster let them go."""

    def waves(self, due):
        return ([d] for d in due)

    def run(self, due, *, stop=None, say=None):
        return [(d, runner.Outcome("lost")) for d in due]


def test_a_lost_date_is_not_overtaken_by_the_next(effects, declare, monkeypatch):
    job = daily()
    declare(job)
    mark_done(job, date(2026, 6, 10))
    monkeypatch.setattr(control.units, "place", Losing)
    assert control.run_due(NOW) == {"lost": 1}, "the later date waits for the earlier one"


def test_a_run_whose_process_died_elsewhere_is_a_failure_with_a_pause(effects, declare):
    job = daily()
    declare(job)
    slot = job.when.slot_for(date(2026, 6, 11))
    run_id = runner._claim(job, None, slot, runner.SCHEDULER, False, NOW)
    runner.record_loss(job, None, slot, RuntimeError("no worker survived"), NOW)
    with system_scope("test") as s:
        row = s.get(JobRun, run_id)
        assert (row.state, row.error, row.retry_at) == ("failed", "RuntimeError: no worker survived", NOW + timedelta(minutes=1))
    runner.record_loss(job, None, slot, RuntimeError("again"), NOW)
    with system_scope("test") as s:
        assert s.get(JobRun, run_id).error == "RuntimeError: no worker survived", "only what is running can be lost"


def test_pauses_grow_and_stop_at_six_hours():
    assert [runner.pause(n).total_seconds() / 60 for n in (1, 2, 3, 10)] == [1, 2, 4, 360]


def test_administrators_get_one_to_do_after_three_failures(effects, declare):
    job = daily(run=failing)
    slot = job.when.slot_for(date(2026, 6, 11))
    for _attempt in range(5):
        assert runner.run_one(job, None, slot).state == "failed"
    from parkops.todos import Todo

    with system_scope("test") as s:
        todos = list(s.scalars(select(Todo).where(Todo.resource == "core.job")))
        assert {t.assignee_name for t in todos} == {"system_administrator", "system_administrator_west"}
        assert len(todos) == 2


def test_an_unexpected_error_keeps_where_it_happened(effects):
    job = daily(run=lambda session, *, on, park_id: 1 / 0)
    out = runner.run_one(job, None, job.when.slot_for(date(2026, 6, 11)))
    assert out.state == "failed" and out.error == "ZeroDivisionError: division by zero"
    with system_scope("test") as s:
        assert "1 / 0" in s.get(JobRun, out.run_id).history[0]["where"]


# --- kill -9 ------------------------------------------------------------------------------------------------------

CHILD = """
    import os, sys, signal
    from datetime import datetime, date, UTC
    from sqlalchemy import text
    from parkops.jobs import runner
    from parkops.jobs.registry import Cron, Job
    def run(session, *, on, park_id):
        for n in range(3):
            session.execute(text("insert into t_effect (on_day, park_id) values (:d, null)"), {"d": on})
        if COMMIT_FIRST:
            session.commit()
        print("inside", flush=True)
        signal.pause()
    job = Job("t.daily", "Daily", Cron(hour=2), run, per_park=False, catch_up="all")
    runner.run_one(job, None, job.when.slot_for(date(2026, 6, 11)))
"""


def _killed_child(commit_first):
    code = textwrap.dedent(CHILD).replace("COMMIT_FIRST", str(commit_first))
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert child.stdout.readline().strip() == "inside"
    os.kill(child.pid, signal.SIGKILL)
    child.wait(10)
    _wait_gone()


def _wait_gone():
    """The server notices a dead client when it next reads from it; wait until no job connection holds a lock."""
    deadline = clocks.monotonic() + 60
    while clocks.monotonic() < deadline:
        with engine().connect() as c:
            held = c.execute(text("select count(*) from pg_locks where locktype = 'advisory' and database = ("
                                  "select oid from pg_database where datname = current_database())")).scalar()
        if not held:
            return
        clocks.sleep(0.05)
    raise AssertionError("the killed process's lock was never released")


def test_kill_nine_in_a_job_leaves_nothing_and_the_next_round_resumes(effects, declare):
    """G23: a real process is killed in the middle of its effect."""
    job = daily()
    declare(job)
    mark_done(job, date(2026, 6, 10))
    for _kill in range(depth(1, 25)):
        _killed_child(commit_first=False)
        assert effects() == [], "nothing half done"
    started = clocks.monotonic()
    assert ("t.daily", None, date(2026, 6, 11), "running") in run_states()
    assert control.run_due(NOW) == {"done": 2}
    assert [d for d, _p in effects()] == [date(2026, 6, 11), date(2026, 6, 12)]
    assert clocks.monotonic() - started < 60


def test_control_effect_committed_apart_from_its_mark_is_repeated(effects, declare):
    """With the effect committed before the mark, the same kill doubles it: one transaction is what protects us."""
    job = daily()
    declare(job)
    mark_done(job, date(2026, 6, 10))
    _killed_child(commit_first=True)
    control.run_due(NOW)
    assert [d for d, _p in effects()].count(date(2026, 6, 11)) > 1


# --- renaming and deleting ----------------------------------------------------------------------------------------


def another_function(session, *, on, park_id):
    return record(session, on=on, park_id=park_id)


def test_renaming_the_function_loses_nothing(effects, declare):
    """G24: the table knows the job's code, not its function."""
    declare(daily())
    mark_done(daily(), date(2026, 6, 10))
    declare(daily(run=another_function))
    assert control.run_due(NOW) == {"done": 2}


def test_renaming_the_job_keeps_its_past(effects, declare):
    mark_done(daily(), date(2026, 6, 10))
    declare(daily(code="t.renamed", formerly=("t.daily",)))
    assert control.run_due(NOW) == {"done": 2}
    assert [d for d, _p in effects()] == [date(2026, 6, 11), date(2026, 6, 12)]


def test_deleting_a_job_keeps_its_open_runs_visible(effects, declare):
    job = daily(run=failing)
    declare(job)
    mark_done(job, date(2026, 6, 10))
    control.run_due(NOW)
    declare()
    assert control.run_due(NOW + timedelta(days=1)) == {}
    with system_scope("test") as s:
        assert schedule.orphans(s) == ["t.daily"]


def test_the_database_holds_no_pickles_and_no_foreign_job_table(db):
    with engine().connect() as c:
        assert c.execute(text("select to_regclass('apscheduler_jobs')")).scalar() is None
        blobs = c.execute(text("select table_name, column_name from information_schema.columns where data_type = 'bytea'"
                               " and table_schema = 'public' and table_name like 'core_%'")).all()
        assert blobs == []


# --- by hand ------------------------------------------------------------------------------------------------------


def test_run_now_is_the_same_path_and_needs_force_to_repeat(effects, declare):
    declare(daily())
    with system_scope("test") as s:
        assert [o.state for o in control.run_now(s, "t.daily", on=date(2026, 6, 10))] == ["done"]
        assert [o.state for o in control.run_now(s, "t.daily", on=date(2026, 6, 10))] == ["already"]
        assert [o.state for o in control.run_now(s, "t.daily", on=date(2026, 6, 10), force=True)] == ["done"]
        assert s.scalars(select(JobRun)).one().attempts == 2
    assert len(effects()) == 2


def test_a_run_by_hand_ahead_of_missed_dates_does_not_hide_them(effects, declare):
    declare(daily())
    mark_done(daily(), date(2026, 6, 9))
    with system_scope("test") as s:
        control.run_now(s, "t.daily", on=date(2026, 6, 12))
    assert control.run_due(NOW) == {"done": 2}
    assert [d for d, _p in effects()] == [date(2026, 6, 10), date(2026, 6, 11), date(2026, 6, 12)]


def test_skipping_needs_a_reason_and_lets_later_dates_run(effects, declare):
    declare(daily(run=failing))
    mark_done(daily(), date(2026, 6, 10))
    control.run_due(NOW)
    with system_scope("test") as s:
        run = s.scalars(select(JobRun).where(JobRun.state == "failed")).one()
        with pytest.raises(RuleError):
            control.skip(s, run.id, reason=" ")
        control.skip(s, run.id, reason="billed by hand")
        with pytest.raises(Refused):
            control.skip(s, run.id, reason="again")
    declare(daily())
    assert control.run_due(NOW) == {"done": 1}
    assert [d for d, _p in effects()] == [date(2026, 6, 12)]


def test_the_future_and_strangers_are_refused(declare, as_role):
    declare(daily())
    with system_scope("test") as s:
        with pytest.raises(Refused):
            control.run_now(s, "t.daily", on=date(2999, 1, 1))
    with as_role("operations_clerk") as s:
        for order in (lambda: control.run_now(s, "t.daily", on=date(2026, 6, 1)), lambda: control.retry(s, 1),
                      lambda: control.skip(s, 1, reason="x"), lambda: control.overview(s, NOW)):
            with pytest.raises(NotAllowed):
                order()


def test_by_hand_a_job_runs_only_in_ones_own_parks(effects, declare):
    declare(daily(per_park=True))
    mine = Scope(parks=frozenset({1}), system=True, park_id=1)
    with session_scope(mine) as s:
        assert [o.state for o in control.run_now(s, "t.daily", on=date(2026, 6, 1))] == ["done"]
        with pytest.raises(NotFound):
            control.run_now(s, "t.daily", on=date(2026, 6, 1), park_id=2)
    with system_scope("test") as s:
        control.run_now(s, "t.daily", on=date(2026, 6, 1), park_id=2)
    assert [p for _d, p in effects()] == [1, 2]
    with session_scope(mine) as s:
        assert [r.park_id for r in control.runs(s)] == [1]
        foreign = s.scalars(select(JobRun).where(JobRun.park_id == 2)).one()
        with pytest.raises(NotFound):
            control.one_run(s, foreign.id)


# --- the kernel's own ---------------------------------------------------------------------------------------------


def test_kernel_jobs_run_twice_for_one_date(fresh_db):
    from parkops.jobs.kernel_jobs import JOBS

    for job in JOBS:
        if job.code == "core.check":
            continue  # every check has its own test
        slot = job.when.slot_for(schedule.local(datetime.now(UTC)).date() - timedelta(days=1))
        first = runner.run_one(job, None, slot)
        assert first.state == "done", (job.code, first.error)
        assert runner.run_one(job, None, slot).state == "already"
        assert runner.run_one(job, None, slot, force=True).state == "done"


def test_old_runs_go_but_the_schedules_memory_stays(effects, declare):
    from parkops.jobs.kernel_jobs import clean_runs

    job = daily()
    declare(job)
    for day in (date(2024, 1, 1), date(2024, 1, 2)):
        mark_done(job, day)
    with system_scope("test") as s:
        assert clean_runs(s, on=date(2026, 6, 12), park_id=None) == {"removed": 1}
        assert [schedule.local(r.scheduled_for).date() for r in s.scalars(select(JobRun))] == [date(2024, 1, 2)]


def test_the_nightly_check_tells_administrators_once(fresh_db, monkeypatch):
    from parkops import checks
    from parkops.jobs.kernel_jobs import nightly_check
    from parkops.todos import Todo

    monkeypatch.setattr(checks, "run_all", lambda: [{"check": "a", "title": "A", "differences": ["x", "y"]},
                                                    {"check": "b", "title": "B", "differences": []}])
    with system_scope("test") as s:
        for _night in range(2):
            assert nightly_check(s, on=date(2026, 6, 12), park_id=None) == {"checks": 2, "differences": 2, "a": 2}
        told = list(s.scalars(select(Todo)))
        assert len(told) == 2 and all("2" in t.title and "a" in t.title for t in told)
