"""The start of a worker: what it must not import, and address rules that compile their builders late."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parkops.testing.served import Browser, children, served

HEAVY = ("pandas", "numpy", "pypinyin", "xlsxwriter", "python_calamine", "typst", "schemathesis", "hypothesis", "apscheduler", "rich",
         "dask", "distributed", "tornado", "cloudpickle")


def test_a_worker_imports_nothing_heavy_before_it_is_asked_to(fresh_db):
    program = ("import sys; from parkops.server import worker_app; worker_app(); "
               f"print(' '.join(n for n in {HEAVY!r} if n in sys.modules))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr[-2000:] + done.stdout


def test_the_scheduler_imports_no_dask_unless_a_cluster_is_set():
    """Local is the default: a round and the choice of the place bring in none of it."""
    program = ("import sys; from scheduler.runtime import Runtime; from parkops.jobs import control, units; Runtime(); "
               "print(type(units.place()).__name__, *(n for n in ('dask', 'distributed', 'tornado') if n in sys.modules))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["Here"], done.stderr[-2000:] + done.stdout


def test_the_built_application_is_no_garbage_to_look_at():
    """`worker_app` freezes it; the collector works again afterwards, also when the start failed."""
    program = ("import gc, os; os.environ['PARKOPS_DATABASE_URL'] = 'postgresql+psycopg://x@/x?host=/nowhere'\n"
               "from parkops.server import worker_app\n"
               "try: worker_app()\n"
               "except Exception as e: print(type(e).__name__)\n"
               "print(gc.isenabled(), gc.get_freeze_count() > 10_000)")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["OperationalError", "True", "True"], done.stderr[-2000:] + done.stdout


SOCKETS = "print(sum(os.readlink(f'/proc/self/fd/{n}').startswith('socket:') for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}')))"


@pytest.mark.parametrize(("program", "open_ones"), [
    ("from parkops.server import Server, options; Server(options('127.0.0.1', 0, 1)).load()", 0),
    ("from parkops.server import worker_app; worker_app()", 1)], ids=["as served", "control"])
def test_no_connection_to_the_database_is_shared_with_the_workers(fresh_db, program, open_ones):
    """Workers are forked from the built application; two of them on one connection would read each other's answers. Control: the
    building itself does open one."""
    done = subprocess.run([sys.executable, "-c", f"import os; {program}; {SOCKETS}"], capture_output=True, text=True)
    assert done.stdout.split() == [str(open_ones)], done.stderr[-2000:]


def test_killed_workers_are_replaced_and_answer(fresh_db):
    """Both workers die; their successors need no second building of the application."""
    with served(workers=2) as port:
        (parent,) = [p for p in children(os.getpid()) if f"--port\0{port}".encode() in Path(f"/proc/{p}/cmdline").read_bytes()]
        first = children(parent)
        assert len(first) == 2
        for worker in first:
            os.kill(worker, signal.SIGKILL)
        until = time.monotonic() + 30
        while len(set(children(parent)) - set(first)) < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        with ThreadPoolExecutor(8) as pool:
            assert [s for s, _b in pool.map(lambda _n: Browser(port).get("/login/"), range(24))] == [200] * 24


@pytest.fixture
def rules():
    from werkzeug.routing import Map, Rule

    from parkops.web.rules import LateRule

    kinds = [("/a/<int:pk>/<name>", {}), ("/b/", {"defaults": {"page": 1}}), ("/b/<int:page>", {}), ("/c/<path:rest>", {})]
    return [Map([kind(rule, endpoint=str(i), **more) for i, (rule, more) in enumerate(kinds)]) for kind in (Rule, LateRule)]


def test_late_rules_build_and_match_what_plain_rules_do(rules):
    plain, late = (m.bind("localhost") for m in rules)
    for endpoint, values in (("0", {"pk": 7, "name": "中 文/&?"}), ("0", {"pk": 7, "name": "x", "q": "a b"}), ("1", {"page": 1}),
                             ("2", {"page": 3}), ("3", {"rest": "x/y z"})):
        assert plain.build(endpoint, values) == late.build(endpoint, values)
    assert late.match("/a/7/x") == plain.match("/a/7/x") == ("0", {"pk": 7, "name": "x"})


def test_no_builder_is_compiled_at_boot(app, monkeypatch):
    """The control of the saving: a plain rule does call the compiler, a late one only when an address is built."""
    from werkzeug.routing import Map, Rule
    from werkzeug.routing import rules as werkzeug_rules

    from parkops.web.rules import LateRule

    assert {type(r) for r in app.url_map.iter_rules() if r.endpoint != "static"} == {LateRule}
    seen, real = [], compile
    monkeypatch.setattr(werkzeug_rules, "compile", lambda *a, **k: seen.append(1) or real(*a, **k), raising=False)
    made = Map([LateRule("/a/<int:pk>", endpoint="a")])
    assert seen == []
    assert made.bind("localhost").build("a", {"pk": 7}) == "/a/7" and len(seen) == 1
    Map([Rule("/a/<int:pk>", endpoint="a")])
    assert len(seen) == 3
