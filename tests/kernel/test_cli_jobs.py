"""The commands of indicators, jobs and reports: JSON shapes, exit codes (1 found errors, 2 wrong usage), one-sentence refusals."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from parkops import cli
from parkops.kpi import catalogue
from parkops.kpi.registry import Kpi
from parkops.models import Park

PARKS = Kpi("t.parks", "Parks", "count", "sum",
            lambda w: select(Park.id.label("park_id"), func.count().label("numerator")).group_by(Park.id), "Parks.", order=1)


@pytest.fixture
def run(fresh_db, monkeypatch):
    for command in __import__("parkops.cli_jobs", fromlist=["commands"]).commands:
        cli.main.add_command(command)
    monkeypatch.setattr(cli, "load_modules", lambda **_k: None)
    monkeypatch.setattr(catalogue, "EXTRA", [PARKS])

    def call(*words, code=0):
        result = CliRunner().invoke(cli.main, list(words), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    return call


def test_show_has_the_agreed_shape_and_computes_what_is_missing(run):
    rows = json.loads(run("kpi", "show", "t.parks", "--period", "2022-06", "--json"))
    assert {"period", "park", "value", "numerator", "denominator"} <= set(rows[0])
    assert [(r["park"], r["value"]) for r in rows] == [("east", 1), ("west", 1), (None, 2)]
    rows = json.loads(run("kpi", "show", "t.parks", "--period", "2022-06", "--park", "west", "--json"))
    assert [(r["period"], r["park"], r["numerator"], r["denominator"]) for r in rows] == [("2022-06", "west", 1, None)]


def test_list_compute_and_backfill(run):
    assert "t.parks" in {r["code"] for r in json.loads(run("kpi", "list", "--json"))}
    assert json.loads(run("kpi", "compute", "--period", "2022Q2", "--code", "t.parks", "--json"))[0]["values"] == 3
    told = json.loads(run("kpi", "backfill", "t.parks", "--from", "2022-01", "--to", "2022-03", "--json"))
    assert told == [{"code": "t.parks", "periods": 5, "values": 15, "failed": 0}]


def test_a_failing_indicator_exits_with_one(run, monkeypatch):
    monkeypatch.setattr(catalogue, "EXTRA", [Kpi("t.bad", "Bad", "count", "sum", lambda w: select(Park.id.label("numerator")), "")])
    told = json.loads(run("kpi", "compute", "--period", "2022", "--code", "t.bad", "--json", code=1))
    assert "park_id" in told[0]["failed"]["t.bad"]


@pytest.mark.parametrize(("words", "code", "sentence"), [
    (("kpi", "show", "t.park", "--period", "2022"), 1, "t.parks"),
    (("kpi", "show", "t.parks", "--period", "2022-13"), 2, "2022Q2"),
    (("kpi", "show", "t.parks", "--period", "2999"), 1, "2999"),
    (("kpi", "show", "t.parks", "--period", "2022", "--park", "north"), 1, "east, west"),
    (("jobs", "run", "core.kpi", "--date", "2022-01-01"), 1, "core.kpis"),
    (("jobs", "run", "core.kpis", "--date", "1.1.2022"), 2, "2022-06-30"),
    (("report", "kpi-shet", "--period", "2022", "--out", "/dev/null"), 1, "kpi-sheet"),
    (("report", "kpi-sheet", "--period", "2022"), 2, "--out"),
    (("kpi", "freeze", "--period", "2022", "--park", "east", "--reason", " "), 1, ""),
])
def test_refusals_are_one_sentence(run, words, code, sentence):
    output = run(*words, code=code)
    assert sentence in output and "Traceback" not in output


def test_jobs_list_and_run(run):
    rows = json.loads(run("jobs", "list", "--json").split("\n]")[0] + "\n]")
    assert {"core.kpis", "core.audit_purge", "core.outbox"} <= {r["code"] for r in rows}
    told = json.loads(run("jobs", "run", "core.sessions", "--date", "2022-06-30", "--json"))
    assert [r["state"] for r in told] == ["done"]
    assert json.loads(run("jobs", "run", "core.sessions", "--date", "2022-06-30", "--json"))[0]["state"] == "already"
    assert json.loads(run("jobs", "run", "core.sessions", "--date", "2022-06-30", "--force", "--json"))[0]["state"] == "done"


def test_report_writes_the_file_and_freeze_says_its_hash(run, tmp_path):
    out = tmp_path / "sheet.json"
    run("report", "kpi-sheet", "--period", "2022-06", "--format", "json", "--out", str(out))
    assert json.loads(out.read_text())["sections"]
    run("kpi", "compute", "--period", "2022-06")
    assert "hash" in run("kpi", "freeze", "--period", "2022-06", "--park", "east", "--reason", "sent")
    run("kpi", "freeze", "--period", "2022-06", "--park", "east", "--reason", "sent", code=1)
