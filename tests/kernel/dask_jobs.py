"""Preloaded by the workers of test_dask.py (`dask worker --preload`): the job of the test, and two ways of dying once.

T_DIE=inside kills the worker of one park in the middle of its unit, before the commit; T_DIE=after kills it when the unit is committed
and nobody has been told. T_MARKER=off takes the mark (lock, row and state) away: the control. T_KPIS names the modules whose indicators
are computed."""

import os
import signal
from pathlib import Path

from sqlalchemy import text

from parkops.db.session import new_session
from parkops.jobs import cluster, registry, runner
from parkops.jobs.registry import Cron, Job
from parkops.kpi import catalogue, engine

DIED = Path(os.environ["T_FOLDER"]) / "died"


def _dies(park_id: int, when: str) -> bool:
    """Once: the first worker that comes here with the chosen park."""
    if os.environ.get("T_DIE") != when or park_id != int(os.environ["T_PARK"]):
        return False
    try:
        DIED.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def run(session, *, on, park_id):
    session.execute(text("insert into t_effect (on_day, park_id, pid) values (:d, :p, :w)"), {"d": on, "p": park_id, "w": os.getpid()})
    session.execute(text("select pg_sleep(0.1)"))
    if _dies(park_id, "inside"):
        os.kill(os.getpid(), signal.SIGKILL)
    return {"rows": 1}


JOB = Job("t.units", "Units", Cron(hour=2), run, per_park=True, catch_up="all")
registry.EXTRA.append(JOB)
_real = runner.run_one


def _bare(job, park_id, slot):
    with new_session(runner._scope(job, park_id, runner.SCHEDULER)) as s:
        job.run(s, on=slot.date(), park_id=park_id)
        s.commit()
    return runner.Outcome("done")


def _one(job, park_id, slot):
    found = (_bare if os.environ.get("T_MARKER") == "off" else _real)(job, park_id, slot)
    if job.code == "t.units" and _dies(park_id, "after"):
        os.kill(os.getpid(), signal.SIGKILL)
    return found


cluster.run_one = _one
if os.environ.get("T_KPIS"):
    engine.all_kpis = lambda: {c: k for c, k in catalogue.all_kpis().items() if k.module in os.environ["T_KPIS"].split()}
