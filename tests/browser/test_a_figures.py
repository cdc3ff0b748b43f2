"""The published figures come out of the demo by counting, and everything in it ties. Runs before the browser changes the demo."""

import json

from tests.browser.conftest import command_in


def test_every_published_figure_is_counted(demo_env):
    done = command_in(demo_env, "demo", "--verify", "--json")
    rows = json.loads(done.stdout)
    assert done.returncode == 0 and rows, [r for r in rows if not r["equal"]]
    assert {r["code"]: r["counted"] for r in rows}["F25"] in ("8987500.00", 8987500)


def test_the_demo_ties(demo_env):
    done = command_in(demo_env, "check", "--json")
    assert [r for r in json.loads(done.stdout) if r["differences"]] == []
