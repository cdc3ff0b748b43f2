"""Units of jobs on a dask cluster: two worker processes on loopback, one of them killed; every unit exactly once, the figures those
of a local run. The control without the mark shows the double work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time as clocks
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from parkops.config import Config
from parkops.db.session import engine, system_scope
from parkops.errors import Refused
from parkops.jobs import cluster, control, registry, schedule, units
from parkops.jobs.models import JobRun
from parkops.jobs.registry import Cron, Job
from parkops.kpi.catalogue import all_kpis
from parkops.kpi.models import KpiValue
from parkops.models import Park

NOW = datetime(2026, 6, 12, 4, 0, tzinfo=UTC)  # noon in the park
PRELOAD = Path(__file__).with_name("dask_jobs.py")
PARKS = 8


def _address(file):
    """What the scheduler wrote, once all of it is there."""
    try:
        return json.loads(file.read_text())["address"]
    except (OSError, ValueError):
        return None


def _until(condition, seconds=90):
    deadline = clocks.monotonic() + seconds
    while clocks.monotonic() < deadline:
        if condition():
            return True
        clocks.sleep(0.05)
    return False


@pytest.fixture
def parks(fresh_db):
    """Eight parks and a table without any constraint: only the mark keeps it right."""
    with engine(owner=True).begin() as c:
        c.execute(text("create table t_effect (on_day date, park_id bigint, pid int)"))
    with system_scope("test") as s:
        for n in range(PARKS - 2):
            s.add(Park(code=f"d{n}", name=f"D{n}"))
    with system_scope("test") as s:
        return list(s.scalars(select(Park.id).order_by(Park.id)))


@pytest.fixture
def start(tmp_path, parks):
    """`start(T_DIE=…)` begins a scheduler and two workers, processes of the test's own; returns the connected cluster."""
    children, made = [], []

    def process(*words, **env):
        child = subprocess.Popen([sys.executable, "-m", *words], env={**os.environ, "T_FOLDER": str(tmp_path), "T_PARK": str(parks[3]), **env},
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        children.append(child)

    def begin(**env):
        file = tmp_path / "scheduler.json"
        process("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        assert _until(lambda: _address(file))
        for n in range(2):
            process("distributed.cli.dask_worker", "--scheduler-file", str(file), "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny",
                    "--no-dashboard", "--name", f"w{n}", "--local-directory", str(tmp_path), "--preload", str(PRELOAD), **env)
        one = cluster.Cluster(_address(file))
        made.append(one)
        one.client().wait_for_workers(2, timeout=90)
        return one

    yield begin
    for one in made:
        one.close()
    for child in children:
        child.kill()
        child.wait(20)


@pytest.fixture
def due(monkeypatch):
    """Only the test's job exists in this process."""
    job = Job("t.units", "Units", Cron(hour=2), None, per_park=True, catch_up="all")
    for module in (schedule, control, registry):
        monkeypatch.setattr(module, "all_jobs", lambda: {job.code: job})
    return job


def run_on(place, monkeypatch):
    monkeypatch.setattr(units, "place", lambda: place)
    return control.run_due(NOW)


def effects():
    with engine().connect() as c:
        return [tuple(r) for r in c.execute(text("select on_day, park_id from t_effect order by 2, 1"))]


def attempts():
    with system_scope("test") as s:
        return {r.park_id: (r.state, r.attempts) for r in s.scalars(select(JobRun).where(JobRun.code == "t.units"))}


def test_a_worker_killed_in_its_unit_leaves_every_unit_done_exactly_once(start, parks, due, monkeypatch):
    """Killed before the commit: the database rolls back, another worker does it. (Dask also repeats units whose results died with the
    worker before they were fetched; these answer `already`.)"""
    place = start(T_DIE="inside")
    counts = run_on(place, monkeypatch)
    assert sum(counts.values()) == PARKS and set(counts) <= {"done", "already"}
    assert effects() == [(date(2026, 6, 12), p) for p in parks]
    assert attempts() == {p: ("done", 2 if p == parks[3] else 1) for p in parks}
    assert len(place.client().scheduler_info()["workers"]) == 1
    assert run_on(place, monkeypatch) == {}


def test_a_worker_killed_after_the_commit_does_not_make_it_twice(start, parks, due, monkeypatch):
    """Dask runs the unit again because nobody heard of its end; the mark says that it took effect."""
    counts = run_on(start(T_DIE="after"), monkeypatch)
    assert counts["already"] >= 1 and counts["done"] + counts["already"] == PARKS
    assert effects() == [(date(2026, 6, 12), p) for p in parks]


def test_control_without_the_mark_the_work_is_done_twice(start, parks, due, monkeypatch):
    """The same death with the mark switched off."""
    run = iter([1])
    monkeypatch.setattr(schedule, "due", lambda s, now, real=schedule.due: real(s, now) if next(run, 0) else [])
    assert run_on(start(T_DIE="after", T_MARKER="off"), monkeypatch) == {"done": PARKS}
    done = [p for _d, p in effects()]
    assert set(done) == set(parks) and done.count(parks[3]) == 2 and len(done) > PARKS


def test_both_workers_share_the_work_and_a_local_run_gives_the_same(start, parks, due, monkeypatch):
    """Units per park, then the daily indicators (months, quarters, years side by side): effects and figures equal."""
    from parkops.jobs.kernel_jobs import JOBS

    def here(session, *, on, park_id):
        session.execute(text("insert into t_effect (on_day, park_id, pid) values (:d, :p, 0)"), {"d": on, "p": park_id})

    place, local = start(T_KPIS="booking loans"), replace(due, run=here)
    assert run_on(place, monkeypatch) == {"done": PARKS}
    with engine().connect() as c:
        assert c.execute(text("select count(distinct pid) from t_effect")).scalar() == 2
    there = effects()
    with engine(owner=True).begin() as c:
        c.execute(text("truncate t_effect"))
        c.execute(text("delete from core_job_run"))
    monkeypatch.setattr(schedule, "all_jobs", lambda: {local.code: local})
    assert run_on(units.Here(), monkeypatch) == {"done": PARKS}
    assert effects() == there

    kpis = {code: kpi for code, kpi in all_kpis().items() if kpi.module in ("booking", "loans")}
    jobs = {j.code: j for j in JOBS if j.code.startswith("core.kpis")}
    monkeypatch.setattr("parkops.kpi.engine.all_kpis", lambda: kpis)
    monkeypatch.setattr(schedule, "all_jobs", lambda: jobs)
    with system_scope("test") as s:
        s.execute(text("delete from core_job_run"))
    assert run_on(place, monkeypatch) == {"done": 3}
    there = stored()
    assert run_on(units.Here(), monkeypatch) == {"done": 3}
    assert there == stored() and len(there) > len(kpis) * 6 * PARKS // 2


def stored():
    """Every figure; emptied together with the runs."""
    v = KpiValue
    with system_scope("test") as s:
        rows = {tuple(r) for r in s.execute(select(v.park_id, v.code, v.period_key, v.key, v.numerator, v.denominator, v.missing))}
        s.execute(text("delete from core_kpi_value"))
        s.execute(text("delete from core_job_run"))
    return rows


# --- the setting --------------------------------------------------------------------------------------------------


def test_the_setting_chooses_the_place_and_local_is_the_default(monkeypatch):
    assert isinstance(units.place(), units.Here)
    monkeypatch.setattr(units, "config", lambda: Config(dask_scheduler="tcp://127.0.0.1:9"))
    place = units.place()
    assert isinstance(place, cluster.Cluster) and units.place() is place


def test_a_cluster_that_does_not_answer_and_a_missing_package_are_sentences(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(Refused, match="PARKOPS_DASK_SCHEDULER"):
        cluster.Cluster("tcp://127.0.0.1:9").client()
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Refused, match=r"parkops\[dask\]"):
        cluster.Cluster("tcp://127.0.0.1:9").client()
