"""The engine on a real register's shape: every format, counts that add up, modes, all-or-nothing, undo, races, crashes."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, text

from parkops.errors import Conflict, NotAllowed, NotFound, Refused, RuleError
from parkops.importing import kind_of
from parkops.registry import registry
from parkops.testing.registers import HEADINGS, credit_code, register_rows, write_csv, write_xlsx
from parkops.web.importer import batches, engine, errorbook, mapping, undo
from parkops.web.importer.models import ImportBatch, ImportMapping
from parkops.web.importer.reader import open_table

ON = date(2026, 11, 22)
ROWS = list(register_rows(40))


@pytest.fixture
def kind(db: str) -> Any:
    registry().load(["tenants"])
    return kind_of("tenants.firms")


def firms() -> Any:
    from modules.tenants.models.firm import Firm

    return Firm


def run(session: Any, kind: Any, path: Path, *, batch: ImportBatch | None = None, **kw: Any) -> engine.Outcome:
    with open_table(path) as table:
        header = mapping.find_header(kind, table)
        columns = mapping.check(kind, header, mapping.guess(kind, header))
        return engine.run_import(session, kind, table, header=header, columns=columns, on=ON,
                                 batch_id=batch.id if batch else None, **kw)


def upload(session: Any, kind: Any, path: Path) -> ImportBatch:
    with path.open("rb") as f:
        return batches.upload(session, kind, f, path.name)


def commit(session: Any, kind: Any, path: Path, **kw: Any) -> tuple[ImportBatch, engine.Outcome]:
    batch = upload(session, kind, path)
    outcome = run(session, kind, path, batch=batch, **kw)
    batches.record(session, batch, outcome, dry_run=False)
    return batch, outcome


def counts(o: engine.Outcome) -> tuple[int, int, int, int]:
    return o.inserted, o.updated, o.unchanged, len(o.rejected)


def total(session: Any) -> int:
    return session.scalar(select(func.count()).select_from(firms()))


FORMATS = [("utf-8", ","), ("utf-8-sig", ","), ("gb18030", ","), ("utf-16", ","), ("utf-8", ";"), ("gb18030", "\t")]


@pytest.mark.parametrize("encoding,delimiter", FORMATS)
def test_csv_of_every_encoding_then_xlsx_changes_nothing(session, kind, tmp_path, encoding, delimiter) -> None:
    """Names with four-byte GB18030 characters (𠮷) included; the same rows as .xlsx are all unchanged."""
    assert any("𠮷" in row[0] for row in ROWS)
    path = write_csv(tmp_path / "a.csv", ROWS, encoding=encoding, delimiter=delimiter)
    assert counts(run(session, kind, path)) == (40, 0, 0, 0)
    assert set(session.scalars(select(firms().name))) == {r[0] for r in ROWS}
    assert counts(run(session, kind, write_xlsx(tmp_path / "b.xlsx", ROWS))) == (0, 0, 40, 0)


def test_gbk_bytes_are_not_guessed(session, kind, tmp_path) -> None:
    """Three short GBK names, which statistical detection gets wrong, arrive right."""
    rows = [(name, credit_code(i), *ROWS[0][2:]) for i, name in enumerate(("华鑫", "济宁壹佳", "鲁丰"))]
    run(session, kind, write_csv(tmp_path / "a.csv", rows, encoding="gbk"))
    assert sorted(session.scalars(select(firms().name))) == sorted(r[0] for r in rows)


def test_values_arrive_typed(session, kind, tmp_path) -> None:
    path = write_csv(tmp_path / "a.csv", [("甲公司", credit_code(1), "1996/1/2", "个人独资企业", "刘某", "2,696(万元人民币)", "N/A", "山东",
                                          "济宁", "路1号")])
    run(session, kind, path)
    firm = session.scalars(select(firms())).one()
    assert (firm.registered_on, firm.capital_amount, firm.capital_currency) == (date(1996, 1, 2), 26_960_000, "CNY")
    assert (firm.registration_type, firm.state, firm.business_scope, firm.version) == ("private", "prospect", None, 1)


def test_dry_run_counts_and_saves_nothing(session, kind, tmp_path) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS)
    dry = run(session, kind, path, dry_run=True)
    assert counts(dry) == (40, 0, 0, 0) and not dry.saved and total(session) == 0
    assert counts(run(session, kind, path)) == counts(dry) and total(session) == 40


def bad_rows() -> list[tuple[str, ...]]:
    rows = [list(r) for r in register_rows(12)]
    rows[1][1] = rows[1][1][:-1] + ("0" if rows[1][1][-1] != "0" else "1")  # wrong check character
    rows[2][2] = "2096-01-01"  # future
    rows[3][0] = ""  # no name
    rows[4][2] = "31/12/1999"  # ambiguous day
    rows[5][1] = rows[0][1]  # twice in the file
    rows[6][0] = "长" * 201
    rows[7][1], rows[7][2] = "123", "nonsense"  # two faults, one entry
    rows[8][2] = "#REF!"
    rows[9].append("surplus")
    return [tuple(r) for r in rows]


def test_each_bad_row_is_rejected_once_with_one_sentence(session, kind, tmp_path) -> None:
    outcome = run(session, kind, write_csv(tmp_path / "a.csv", bad_rows()))
    assert outcome.total == 12 and counts(outcome) == (3, 0, 0, 9)
    assert [r.row for r in outcome.rejected] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    fields = ["credit_code", "registered_on", "name", "registered_on", "credit_code", "name", "credit_code", "registered_on", None]
    assert [r.field for r in outcome.rejected] == fields
    assert all(str(r.message).endswith((".", "。")) and "%" not in str(r.message) for r in outcome.rejected)


def test_error_workbook_holds_the_rows_as_they_were(session, kind, tmp_path) -> None:
    path = write_csv(tmp_path / "a.csv", bad_rows())
    outcome = run(session, kind, path, dry_run=True)
    out = tmp_path / "e.xlsx"
    with open_table(path) as table:
        header = mapping.find_header(kind, table)
        assert errorbook.write_errors(str(out), table, header, [(r.row, r.field, str(r.message)) for r in outcome.rejected]) == 9
    sheet = openpyxl.load_workbook(out).active
    values = [[c.value or "" for c in row] for row in sheet.iter_rows(min_row=2)]
    assert [v[:10] for v in values] == [list(r[:10]) for r in bad_rows()[1:10]]
    assert [v[11] for v in values] == [r.row for r in outcome.rejected] and all(v[10] for v in values)
    # the workbook can be uploaded again: alone in their file, the repeated row and the over-wide row are right
    assert counts(run(session, kind, out, dry_run=True)) == (2, 0, 0, 7)


def test_all_or_nothing(session, kind, tmp_path) -> None:
    path = write_csv(tmp_path / "a.csv", bad_rows())
    outcome = run(session, kind, path, all_or_nothing=True)
    assert not outcome.saved and len(outcome.rejected) == 9 and total(session) == 0
    good = run(session, kind, path)  # the control: without it the good rows are saved
    assert good.saved and total(session) == 3


def test_modes(session, kind, tmp_path) -> None:
    half = write_csv(tmp_path / "half.csv", ROWS[:20])
    changed = [(*r[:9], "新地址") for r in ROWS]
    every = write_csv(tmp_path / "all.csv", changed)
    assert counts(run(session, kind, half, mode="update"))[3] == 20 and total(session) == 0
    assert counts(run(session, kind, half, mode="insert")) == (20, 0, 0, 0)
    assert counts(run(session, kind, half, mode="insert")) == (0, 0, 20, 0)
    assert counts(run(session, kind, every, mode="insert")) == (20, 0, 0, 20)
    assert counts(run(session, kind, every, mode="update")) == (0, 20, 20, 0)
    assert counts(run(session, kind, every, mode="upsert")) == (0, 0, 40, 0)
    with pytest.raises(Refused):
        run(session, kind, half, mode="replace")


def test_an_empty_cell_never_clears(session, kind, tmp_path) -> None:
    run(session, kind, write_csv(tmp_path / "a.csv", ROWS[:2]))
    bare = [(r[0], r[1], *[""] * 8) for r in ROWS[:2]]
    assert counts(run(session, kind, write_csv(tmp_path / "b.csv", bare))) == (0, 0, 2, 0)
    assert session.scalar(select(func.count()).where(firms().address.is_(None))) == 0


def test_a_row_the_database_refuses_is_alone_rejected(session, kind, tmp_path) -> None:
    def spoil(s: Any, rows: list, on: date) -> None:
        for row in rows:
            if row.number == 20:
                row.values["capital_amount"] = -1

    outcome = run(session, replace(kind, prepare=spoil), write_csv(tmp_path / "a.csv", ROWS))
    assert counts(outcome) == (39, 0, 0, 1) and outcome.rejected[0].row == 20 and total(session) == 39


def test_title_row_above_the_headings_and_merged_headings(session, kind, tmp_path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["企业名录"])
    sheet.merge_cells("A1:J1")
    sheet.append(HEADINGS)
    for row in ROWS[:3]:
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    assert counts(run(session, kind, tmp_path / "a.xlsx")) == (3, 0, 0, 0)
    sheet.merge_cells("A2:B2")
    book.save(tmp_path / "b.xlsx")
    with pytest.raises(Refused):
        run(session, kind, tmp_path / "b.xlsx")


def test_days_and_numbers_of_a_workbook(session, kind, tmp_path) -> None:
    """True dates in both date systems; an 18-digit number cell has lost its digits and is rejected."""
    for n, epoch in enumerate((openpyxl.utils.datetime.WINDOWS_EPOCH, openpyxl.utils.datetime.MAC_EPOCH)):
        book = openpyxl.Workbook()
        book.epoch = epoch
        book.active.append(HEADINGS[:3])
        book.active.append(["甲", credit_code(n), date(1996, 1, 2)])
        book.active.append(["乙", 913708001234567890, date(1996, 1, 2)])
        book.save(tmp_path / f"{n}.xlsx")
        outcome = run(session, kind, tmp_path / f"{n}.xlsx")
        assert counts(outcome) == (1, 0, 0, 1) and outcome.rejected[0].field == "credit_code"
    assert set(session.scalars(select(firms().registered_on))) == {date(1996, 1, 2)}


def test_one_audit_row_and_the_search_index(session, kind, tmp_path) -> None:
    from parkops import search
    from parkops.db.audit import AuditEntry

    before = session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.resource == "tenants.firm"))
    batch, _outcome = commit(session, kind, write_csv(tmp_path / "a.csv", ROWS))
    entries = session.execute(select(AuditEntry).where(AuditEntry.resource == "tenants.firm").order_by(AuditEntry.id)).scalars().all()
    assert len(entries) - before == 1 and entries[-1].op == "import"
    assert entries[-1].detail["count"] == 40 and entries[-1].detail["batch"] == batch.id
    assert [h.resource for h in search.query(session, ROWS[7][1], 5)] == ["tenants.firm"]


def test_statements_do_not_grow_with_rows(session, kind, tmp_path, query_count, monkeypatch) -> None:
    small, large = write_csv(tmp_path / "s.csv", ROWS[:5]), write_csv(tmp_path / "l.csv", list(register_rows(1500, start=100)))
    monkeypatch.setattr(engine, "reindex", lambda *a: None)
    with query_count() as few:
        run(session, kind, small)
    with query_count() as many:
        run(session, kind, large)
    assert many.count == few.count <= 12


# ---- rights and parks ---------------------------------------------------------------------------------------------------

def test_rights(kind, tmp_path, as_role) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS[:3])
    for role in ("finance", "leadership", "system_administrator", "auditor"):
        with as_role(role) as s, pytest.raises(NotAllowed):
            run(s, kind, path)
        with as_role(role) as s, pytest.raises(NotAllowed):
            upload(s, kind, path)
    with as_role("operations_clerk") as s:
        assert counts(run(s, kind, path)) == (3, 0, 0, 0)


def test_parks_are_apart(kind, tmp_path, as_role) -> None:
    """The same codes in two parks are two firms; a batch of another park does not exist."""
    path = write_csv(tmp_path / "a.csv", ROWS[:3])
    with as_role("operations_clerk") as s:
        batch, _outcome = commit(s, kind, path)
        s.commit()
        number = batch.id
    with as_role("operations_clerk", park="west") as s:
        assert counts(run(s, kind, path)) == (3, 0, 0, 0)
        assert total(s) == 3
        with pytest.raises(NotFound):
            batches.load(s, number)


# ---- mapping ------------------------------------------------------------------------------------------------------------

def test_mapping_is_remembered_per_headings(session, kind, tmp_path) -> None:
    rows = [(r[1], r[0], "x") for r in ROWS[:2]]
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as f:
        csv.writer(f).writerows([("代码栏", "名字栏", "名称"), *rows])
    batch = upload(session, kind, path)
    assert batch.columns == {"name": 2}
    chosen = {"credit_code": 0, "name": 1}
    batches.choose(session, batch, columns=chosen, mode="upsert", policy="good")
    assert upload(session, kind, path).columns == chosen
    assert session.scalar(select(func.count()).select_from(ImportMapping)) == 1


@pytest.mark.parametrize("columns", [{}, {"name": 0}, {"credit_code": 1, "name": 1}, {"credit_code": 1, "name": 99},
                                     {"credit_code": 1, "name": 0, "state": 2}])
def test_unusable_mappings_are_refused(session, kind, tmp_path, columns) -> None:
    batch = upload(session, kind, write_csv(tmp_path / "a.csv", ROWS[:2]))
    with pytest.raises(Refused):
        batches.choose(session, batch, columns=columns, mode="upsert", policy="good")


def test_two_columns_of_one_name_are_not_guessed(session, kind, tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("企业名称,企业名称,统一社会信用代码\n甲,乙," + credit_code(1) + "\n")
    with pytest.raises(Refused, match="企业名称"):
        run(session, kind, path)


# ---- undo ---------------------------------------------------------------------------------------------------------------

def test_undo_restores_and_removes(session, kind, tmp_path) -> None:
    from parkops import search

    commit(session, kind, write_csv(tmp_path / "a.csv", ROWS[:5]))
    before = {f.credit_code: (f.address, f.capital_amount, f.registered_on) for f in session.scalars(select(firms()))}
    changed = [(*r[:5], "77万元", *r[6:9], "搬到这里") for r in ROWS[:10]]
    batch, outcome = commit(session, kind, write_csv(tmp_path / "b.csv", changed))
    assert counts(outcome) == (5, 5, 0, 0)
    assert undo.undo_batch(session, batch) == {"restored": 5, "removed": 5}
    after = {f.credit_code: (f.address, f.capital_amount, f.registered_on) for f in session.scalars(select(firms()))}
    assert after == before and batch.state == "undone"
    assert search.query(session, ROWS[7][1], 5) == []
    with pytest.raises(Conflict):
        undo.undo_batch(session, batch)


def test_undo_names_what_blocks(session, kind, tmp_path) -> None:
    """A record changed since, and one that others refer to: refused, nothing undone. Untouched, the same batch goes."""
    from modules.tenants.models.firm import FirmName

    batch, _outcome = commit(session, kind, write_csv(tmp_path / "a.csv", ROWS[:5]))
    touched, named = session.scalars(select(firms()).order_by(firms().id).limit(2)).all()
    with session.begin_nested() as point:
        touched.note = "called"
        session.add(FirmName(firm_id=named.id, name="旧名", until=date(2020, 1, 1), park_id=named.park_id))
        session.flush()
        with pytest.raises(RuleError) as refusal:
            undo.undo_batch(session, batch)
        assert len(refusal.value.problems) == 2 and "2" in str(refusal.value) and total(session) == 5
        point.rollback()
    session.expire_all()
    assert undo.undo_batch(session, batch) == {"restored": 0, "removed": 5} and total(session) == 0


# ---- races and crashes --------------------------------------------------------------------------------------------------

def race(kind: Any, path: Path, as_role: Any) -> engine.Outcome:
    """One import is open while a second of the same file starts; the second's outcome."""
    found: list[Any] = []
    with as_role("operations_clerk") as first:
        assert counts(run(first, kind, path)) == (40, 0, 0, 0)

        def second() -> None:
            with as_role("operations_clerk") as s:
                found.append(run(s, kind, path))
                s.commit()

        thread = threading.Thread(target=second)
        thread.start()
        thread.join(1)
        assert thread.is_alive()  # it waits for the first
        first.commit()
    thread.join(30)
    return found[0]


def test_two_imports_of_one_file_at_once(kind, tmp_path, as_role, fresh_db) -> None:
    assert counts(race(kind, write_csv(tmp_path / "a.csv", ROWS), as_role)) == (0, 0, 40, 0)
    with as_role("operations_clerk") as s:
        assert total(s) == 40


def test_control_without_taking_turns(kind, tmp_path, as_role, fresh_db, monkeypatch) -> None:
    """Without the lock the second run looked too early and its rows are turned away (never doubled: unique key)."""
    monkeypatch.setattr(engine, "take_turns", lambda *a: None)
    assert counts(race(kind, write_csv(tmp_path / "a.csv", ROWS), as_role)) == (0, 0, 0, 40)


KILLED = """
import os, signal, sys
from parkops.registry import registry
from parkops.db.session import Scope, session_scope
from parkops.web.importer import batches, engine, bulk
from datetime import date
registry().load(["tenants"])
scope = Scope(parks=None, system=True, park_id=int(sys.argv[2]), user_name="test")
seen = []
real = bulk.insert
def insert(session, *args):
    if seen:
        if sys.argv[3] == "unsafe":
            session.connection().connection.commit()
        os.kill(os.getpid(), signal.SIGKILL)
    seen.append(1)
    return real(session, *args)
bulk.insert = insert
engine.CHUNK = 10
batches.claim(scope, int(sys.argv[1]), "running")
batches.run_batch(scope, int(sys.argv[1]), on=date(2026, 11, 22), dry_run=False)
"""


def killed(kind: Any, path: Path, as_role: Any, how: str) -> tuple[int, str]:
    """An import killed by SIGKILL after its first chunk: firms left behind, and the batch's state as the next reader sees it."""
    with as_role("operations_clerk") as s:
        batch = upload(s, kind, path)
        batch.state = "checked"
        s.commit()
        number, park_id = batch.id, batch.park_id
    done = subprocess.run([sys.executable, "-c", KILLED, str(number), str(park_id), how], env={**os.environ}, capture_output=True)
    assert done.returncode == -9, done.stderr.decode()[-500:]
    with as_role("operations_clerk") as s:
        s.execute(text("UPDATE core_import_batch SET heartbeat_at = heartbeat_at - interval '1 minute'"))
        batch = batches.load(s, number)
        batches.settle(s, batch)
        s.commit()
        return total(s), batch.state


def test_a_killed_import_leaves_nothing(kind, tmp_path, as_role, fresh_db) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS)
    assert killed(kind, path, as_role, "safe") == (0, "failed")
    with as_role("operations_clerk") as s:
        assert counts(run(s, kind, path)) == (40, 0, 0, 0)


def test_control_committing_per_chunk_leaves_half(kind, tmp_path, as_role, fresh_db) -> None:
    assert killed(kind, write_csv(tmp_path / "a.csv", ROWS), as_role, "unsafe")[0] == 10


def test_a_batch_runs_once(kind, tmp_path, as_role, fresh_db) -> None:
    """A second click on Import gets one sentence; a living run is not taken for a dead one."""
    with as_role("operations_clerk") as s:
        batch = upload(s, kind, write_csv(tmp_path / "a.csv", ROWS))
        s.commit()
        scope = s.info["scope"]
    batches.start(scope, batch, on=ON, dry_run=True)
    batches.start(scope, batch, on=ON, dry_run=False)
    with pytest.raises(Conflict):
        batches.start(scope, batch, on=ON, dry_run=False)
    with as_role("operations_clerk") as s:
        found = batches.load(s, batch.id)
        assert (found.state, found.inserted, total(s)) == ("done", 40, 40)


def test_long_imports_run_beside_the_request(kind, tmp_path, as_role, fresh_db, monkeypatch) -> None:
    monkeypatch.setattr(batches, "IN_REQUEST", 5)
    with as_role("operations_clerk") as s:
        batch = upload(s, kind, write_csv(tmp_path / "a.csv", ROWS))
        s.commit()
        scope = s.info["scope"]
    for dry, state in ((True, "checked"), (False, "done")):
        assert batches.start(scope, batch, on=ON, dry_run=dry) is False
        for thread in threading.enumerate():
            if thread.name == f"import-{batch.id}":
                thread.join(60)
        with as_role("operations_clerk") as s:
            assert batches.load(s, batch.id).state == state


def test_hostile_uploads_write_nothing(session, kind) -> None:
    """G43: after every hostile file the tables are as before and no file is kept."""
    import import_hostile as hostile

    kept = set(batches.folder().iterdir())
    for name, (filename, make) in hostile.FILES.items():
        with pytest.raises(Refused):
            batches.upload(session, kind, io.BytesIO(make()), filename)
            pytest.fail(name)
    assert session.scalar(select(func.count()).select_from(ImportBatch)) == 0 and total(session) == 0
    assert set(batches.folder().iterdir()) == kept
