"""`parkops bench boot`: the start of one worker, and of the program that forks it.

The application is built once and workers are forked from it. A worker: killed under a running server, until its successor
answers over HTTP. The program: a fresh interpreter until the application could take its first request. Raw: importing bare
flask_appbuilder and sqlalchemy in a fresh interpreter. The two interpreters alternate and each keeps its best of `TURNS`,
because other work on the machine only ever adds. Bytecode goes to a folder of its own, so the first start after an
installation (everything compiled from source) is a line of its own. `--size` is not used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

TURNS = 5
PROGRAM = "from parkops.server import worker_app; worker_app()"
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
        return [*measured(), forked()]


def forked() -> dict[str, Any]:
    """Seconds from the death of the only worker until the next one has answered."""
    from parkops.testing.served import Browser, children, served

    times = []
    with served() as port:
        parent = children(os.getpid())[-1]
        for _turn in range(TURNS):
            (worker,) = children(parent)
            started = time.perf_counter()
            os.kill(worker, signal.SIGKILL)
            while children(parent) in ([worker], []):
                time.sleep(0.001)
            assert Browser(port).get("/login/")[0] == 200
            times.append(time.perf_counter() - started)
    times.sort()
    return {"op": "boot: one worker", "rows": 1, "seconds": round(times[0], 3), "raw_seconds": None, "ratio": None,
            "median_seconds": round(times[TURNS // 2], 3)}


def measured() -> list[dict[str, Any]]:
    raw_first, first = fresh(BARE), fresh(PROGRAM)
    with tempfile.TemporaryDirectory() as folder:
        seconds(PROGRAM, environ(folder))
        pairs = [(seconds(BARE, environ(folder)), seconds(PROGRAM, environ(folder))) for _turn in range(TURNS)]
    raw, ours = min(p[0] for p in pairs), min(p[1] for p in pairs)
    return [line("boot: the program", ours, raw, sorted(p[1] for p in pairs)[TURNS // 2]),
            line("boot: the first time, nothing compiled", first, raw_first, first)]


def line(op: str, ours: float, raw: float, median: float) -> dict[str, Any]:
    return {"op": op, "rows": 1, "seconds": round(ours, 3), "raw_seconds": round(raw, 3), "ratio": round(ours / raw, 2),
            "median_seconds": round(median, 3)}
