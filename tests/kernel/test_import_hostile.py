"""G43: hostile files cost one sentence: refused within 2 s of processor time, worker memory steady, nothing written."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import import_hostile as hostile
import psutil
import pytest

from parkops.errors import Refused
from parkops.importing import ImportField, ImportKind
from parkops.web.importer import reader
from parkops.web.importer.mapping import find_header
from parkops.web.importer.reader import open_table

KIND = ImportKind("test.things", "Things", "test.thing", "x:Y", ("name",), (ImportField("name", "Name", required=True, aliases=("名称",)),))


def cpu() -> float:
    return sum(r.ru_utime + r.ru_stime for r in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


def read(path: Path, *, prescan: bool = True) -> int:
    with open_table(path, prescan=prescan) as table:
        find_header(KIND, table)
        return sum(1 for _ in table.rows())


def test_there_are_enough() -> None:
    assert len(hostile.FILES) >= 30


@pytest.mark.parametrize("name", hostile.FILES)
def test_hostile_file_is_refused(name: str, tmp_path: Path) -> None:
    filename, make = hostile.FILES[name]
    path = tmp_path / filename
    path.write_bytes(make())
    me = psutil.Process()
    before, used, started = me.memory_info().rss, cpu(), time.monotonic()
    with pytest.raises(Refused) as refusal:
        read(path)
    sentence = str(refusal.value)
    assert cpu() - used <= 2, f"{cpu() - used:.2f} s of processor time"
    assert time.monotonic() - started < 20
    assert me.memory_info().rss - before <= 100 << 20
    assert sentence.endswith(("。", ".")) and len(sentence) < 300 and "Traceback" not in sentence and "%(" not in sentence
    assert not list(tmp_path.glob("*.jsonl"))


def test_good_files_pass(tmp_path: Path) -> None:
    """The control of the refusals: the same generators without the poison are read."""
    for name, body in (("a.xlsx", hostile.xlsx(hostile.sheet_xml(hostile.HEAD + hostile.row(2, hostile.cell("A2"))))),
                       ("b.xls", hostile.xls(hostile.label(1, 0, "甲"))), ("c.csv", "名称\n甲\n".encode())):
        path = tmp_path / name
        path.write_bytes(body)
        assert read(path) == 2


@pytest.mark.parametrize("name", ["far cell", "thin giant"])
def test_control_without_prescan_the_child_meets_its_limits(name: str, tmp_path: Path) -> None:
    """Without the scan the reader runs into its memory limit: the child ends, the worker lives and says one sentence."""
    filename, make = hostile.FILES[name]
    path = tmp_path / filename
    path.write_bytes(make())
    before = psutil.Process().memory_info().rss
    with pytest.raises(Refused):
        read(path, prescan=False)
    assert psutil.Process().memory_info().rss - before <= 100 << 20


@pytest.mark.parametrize("name", ["formula without result", "member twice", "macros", "doctype only"])
def test_control_without_prescan_the_file_is_taken(name: str, tmp_path: Path) -> None:
    """Without the scan these are read without a word: the scan is what refuses them."""
    filename, make = hostile.FILES[name]
    path = tmp_path / filename
    path.write_bytes(make())
    assert read(path, prescan=False) >= 1


def test_the_child_limits_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that hangs is ended by the time limit, with one sentence."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(hostile.xlsx())
    monkeypatch.setattr(reader, "CHILD_SECONDS", 0.001)
    with pytest.raises(Refused):
        read(path)
