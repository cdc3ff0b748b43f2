"""The start of a worker: what it must not import, and address rules that compile their builders late."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
