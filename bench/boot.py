"""`parkops bench boot`: the start of one worker in a fresh interpreter, until it could take its first request.

Raw: importing bare flask_appbuilder and sqlalchemy in a fresh interpreter. The two alternate and each keeps its best of
`TURNS`, because other work on the machine only ever adds. Bytecode goes to a folder of its own, so the first start after an
installation (everything compiled from source) is a line of its own. `--size` is not used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import Any

TURNS = 7
WORKER = "from parkops.server import worker_app; worker_app()"
BARE = "import flask_appbuilder, sqlalchemy"


def environ(folder: str) -> dict[str, str]:
    """This environment, with compiled bytecode kept in `folder`."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": folder}


def fresh(program: str) -> float:
    """Seconds with nothing compiled yet."""
    with tempfile.TemporaryDirectory() as folder:
        return seconds(program, environ(folder))


def seconds(program: str, environ: dict[str, str]) -> float:
    """Wall seconds of an interpreter that runs `program`; its output is shown when it fails."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return time.perf_counter() - started


def run(size: int = 1) -> list[dict[str, Any]]:
    """The table of the benchmark: all modules installed, the database server runs already when a worker starts."""
    from parkops.testing.benches import own_database

    with own_database("parkops_bench_boot"):
        return measured()


def measured() -> list[dict[str, Any]]:
    raw_first, first = fresh(BARE), fresh(WORKER)
    with tempfile.TemporaryDirectory() as folder:
        seconds(WORKER, environ(folder))
        pairs = [(seconds(BARE, environ(folder)), seconds(WORKER, environ(folder))) for _turn in range(TURNS)]
    raw, ours = min(p[0] for p in pairs), min(p[1] for p in pairs)
    return [line("boot: one worker", ours, raw, sorted(p[1] for p in pairs)[TURNS // 2]),
            line("boot: the first time, nothing compiled", first, raw_first, first)]


def line(op: str, ours: float, raw: float, median: float) -> dict[str, Any]:
    return {"op": op, "rows": 1, "seconds": round(ours, 3), "raw_seconds": round(raw, 3), "ratio": round(ours / raw, 2),
            "median_seconds": round(median, 3)}
