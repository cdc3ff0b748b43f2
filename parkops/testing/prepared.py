"""Further templates of a test run: a copy of the template on which more was done, made once a run, cloned per worker.

Fixtures of `plugin.py`: `prepared(label, work) -> (name, what work returned)`, `begin_with(template) -> name`."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


def said_of(name: str) -> Path:
    """Where what a template's maker returned is kept for the other workers."""
    from parkops.config import config

    return config().data_dir / f"{name}.json"


@pytest.fixture(scope="session")
def prepared(_template: str) -> Callable[[str, Callable[[str], Any]], tuple[str, Any]]:
    """`prepared("planted", work)` makes a further template once per run: a copy of the template on which `work(name)` ran.

    Returns its name and what `work` returned (kept as JSON for the other workers)."""
    from parkops.config import config
    from parkops.db import embedded

    from .plugin import _clone, _run_id

    def make(label: str, work: Callable[[str], Any]) -> tuple[str, Any]:
        name = f"pk_p_{_run_id()}_{label}".lower().replace("-", "_")
        with open(config().data_dir / "test-template.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            there = embedded._psql("postgres", f"select count(*) from pg_database where datname = '{name}'").strip() == "1"
            if not (there and said_of(name).exists()):
                said_of(name).unlink(missing_ok=True)
                _clone(name, _template)
                said_of(name).write_text(json.dumps(work(name)))
            return name, json.loads(said_of(name).read_text())

    return make


@pytest.fixture
def begin_with(db: str) -> Iterator[Callable[[str], str]]:
    """`begin_with(template)` moves the test to the worker's copy of that template, as the template left it; returns its name."""
    from parkops.db import session

    from .plugin import _again, _state, _worker

    dirty = _state["dirty"]

    def put(template: str) -> str:
        session.dispose()
        name = f"{template}_{_worker()}"
        _again(name, template)
        os.environ["_PARKOPS_TEST_DB"] = name
        return name

    yield put
    session.dispose()
    os.environ["_PARKOPS_TEST_DB"], _state["dirty"] = db, dirty
