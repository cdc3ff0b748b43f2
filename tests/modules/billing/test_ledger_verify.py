"""G6: one-field corruptions by raw SQL with the triggers off; the verifier names the exact entry. A cut tail shows against the anchors.

CI: 52 corruptions (each field twice) and 10,000 entries. Nightly: 200 and 100,000."""

from __future__ import annotations

import os
import random

import pytest
from ledger_help import many, post, superuser
from sqlalchemy import select

from modules.billing.models.ledger import LedgerEntry
from modules.billing.services import ledger_anchors, ledger_verify
from parkops.config import config
from parkops.db.session import system_scope
from parkops.models import Park

NIGHTLY = os.environ.get("PARKOPS_NIGHTLY") == "1"
CASES, SIZE = (200, 100_000) if NIGHTLY else (52, 10_000)
ENTRY, LINE = "billing_ledger_entry", "billing_ledger_line"
# column -> SQL of another value that the constraints allow (triggers and foreign keys are off)
FIELDS = {
    ENTRY: {
        "park_id": "{other}", "number": "number || '9'", "sequence": "sequence + 100000", "kind": "'manual'", "memo": "memo || ' '",
        "entry_date": "entry_date + 1", "total": "total + 1", "source": "'billing.other'", "source_id": "source_id + 1", "reverses_id": "1",
        "posted_at": "posted_at + interval '1 second'", "posted_by": "'other'", "algorithm": "2", "hash": "sha256(hash)",
        "version": "2", "created_at": "created_at + interval '1 second'", "id": "id + 1000000"},
    LINE: {
        "park_id": "{other}", "line": "line + 100", "account_id": "account_id + 1", "firm_id": "coalesce(firm_id, 0) + 1", "memo": "'x'",
        "debit": "case when debit > 0 then debit + 1 else 0 end", "credit": "case when credit > 0 then credit + 1 else 0 end",
        "created_at": "created_at + interval '1 second'", "version": "2"},
}


@pytest.fixture
def chain(fresh_db):
    """200 entries in one park and three in another, committed."""
    with system_scope("test", via="cli") as s:
        parks = list(s.scalars(select(Park).order_by(Park.id)))
        many(s, parks[0], 200)
        for _ in range(3):
            post(s, parks[1])
        ids = dict(s.execute(select(LedgerEntry.sequence, LedgerEntry.id).where(LedgerEntry.park_id == parks[0].id)).all())
        found = parks[0].id, parks[1].id, ids
    with superuser(fresh_db) as c:  # to put values back from
        c.execute(f"create table ledger_copy as select * from {ENTRY}; create table line_copy as select * from {LINE}")
    return found


def _named(park_id=None):
    with system_scope("verify", via="cli") as s:
        return ledger_verify.verify(s, park_id)


def test_every_corruption_names_its_entry(chain, fresh_db):
    _east, west, ids = chain
    assert _named() == []
    rng, wrong = random.Random(20260601), []
    choices = [(t, c) for t, columns in FIELDS.items() for c in columns]
    with superuser(fresh_db) as c:
        for case in range(CASES):
            table, column = choices[case % len(choices)]
            sequence = rng.randint(4, 200)  # numbers 1 to 3 exist in the other park too: there the table refuses the move
            line = rng.randint(1, 4)
            if table == LINE and column in ("debit", "credit"):
                line = (1, 3)[case % 2] if column == "debit" else (2, 4)[case % 2]
            number = c.execute(f"select number from {ENTRY} where id = %s", (ids[sequence],)).fetchone()[0]
            where = f"id = {ids[sequence]}" if table == ENTRY else f"entry_id = {ids[sequence]} and line = {line}"
            done = c.execute(f"update {table} set {column} = {FIELDS[table][column].format(other=west)} where {where}").rowcount
            named = {f.number for f in _named() if f.kind in ("entry", "unlinked")}
            expected = {number + "9"} if (table, column) == (ENTRY, "number") else {number}
            if done != 1 or named != expected:
                wrong.append((table, column, sequence, named))
            _restore(c, table, column, where, ids[sequence], line)
    assert not wrong, f"{len(wrong)} of {CASES}: {wrong[:5]}"
    assert _named() == []


def _restore(c, table, column, where, entry_id, line):
    """Put the value back from the copy."""
    if table == ENTRY:
        key = entry_id + 1_000_000 if column == "id" else entry_id
        c.execute(f"update {ENTRY} e set {column} = o.{column} from ledger_copy o where o.id = %s and e.id = %s", (entry_id, key))
    else:
        at = line + 100 if column == "line" else line
        c.execute(f"update {LINE} i set {column} = o.{column} from line_copy o where o.entry_id = i.entry_id and i.entry_id = %s "
                  f"and i.line = %s and o.line = %s", (entry_id, at, line))


def test_a_line_moved_to_another_entry_names_both(chain, fresh_db):
    _east, _west, ids = chain
    with superuser(fresh_db) as c:
        c.execute(f"update {LINE} set entry_id = {ids[8]}, line = 9 where entry_id = {ids[7]} and line = 1")
    assert {f.sequence for f in _named() if f.kind == "entry"} == {7, 8}


def test_a_deleted_entry_is_a_gap(chain, fresh_db):
    _east, _west, ids = chain
    with superuser(fresh_db) as c:
        c.execute(f"delete from {LINE} where entry_id = {ids[50]}; delete from {ENTRY} where id = {ids[50]}")
    assert {(f.kind, f.sequence) for f in _named()} == {("gap", 50), ("unlinked", 51)}


def test_a_cut_tail_shows_in_the_chain_end_and_in_the_anchor(chain, fresh_db, monkeypatch, tmp_path):
    """Whoever cuts the tail and moves the kept end back too is caught by the file outside only. Control: no anchor, nothing seen."""
    east, _west, ids = chain
    monkeypatch.setattr(ledger_anchors, "folder", lambda: tmp_path)
    from datetime import date

    with system_scope("test", via="job") as s:
        park = s.get(Park, east)
        assert ledger_anchors.drop_anchor(s, on=date(2026, 3, 5), park_id=east) == {"anchored": 1}
        assert ledger_anchors.drop_anchor(s, on=date(2026, 3, 6), park_id=east) == {"anchored": 0}
        assert ledger_anchors.compare(s, park) == []
    with superuser(fresh_db) as c:
        c.execute(f"delete from {LINE} where entry_id in ({ids[199]}, {ids[200]}); delete from {ENTRY} where id in ({ids[199]}, {ids[200]})")
    assert [f.kind for f in _named()] == ["tail"]
    with superuser(fresh_db) as c:
        c.execute(f"update billing_ledger_head h set sequence = 198, hash = e.hash from {ENTRY} e where h.park_id = {east} "
                  f"and e.park_id = {east} and e.sequence = 198")
    assert _named() == []  # the control: the database alone cannot know
    with system_scope("test", via="cli") as s:
        assert [(f.kind, f.sequence) for f in ledger_anchors.compare(s, s.get(Park, east))] == [("anchor", 200)]


def test_a_rewritten_history_shows_in_the_anchor(chain, fresh_db, monkeypatch, tmp_path):
    """Somebody with all rights recomputes every hash after a change: the chain is whole again, the anchor is not."""
    east, _west, ids = chain
    monkeypatch.setattr(ledger_anchors, "folder", lambda: tmp_path)
    from datetime import date

    with system_scope("test", via="job") as s:
        ledger_anchors.drop_anchor(s, on=date(2026, 3, 5), park_id=east)
    with superuser(fresh_db) as c:
        c.execute(f"update {ENTRY} set memo = 'x' where id = {ids[200]}")
        c.execute(f"update {ENTRY} e set hash = sha256(b.hash || billing_entry_digest(e.algorithm, e.park_id, e.sequence, e.number, e.kind, "
                  "e.entry_date, e.memo, e.total, e.source, e.source_id, e.reverses_id, e.posted_at, e.posted_by, (select string_agg("
                  "billing_line_text(line, park_id, account_id, firm_id, debit, credit, memo), ',' order by line) "
                  f"from {LINE} where entry_id = e.id))) from {ENTRY} b where e.id = {ids[200]} and b.id = {ids[199]}")
        c.execute(f"update billing_ledger_head h set hash = e.hash from {ENTRY} e where e.id = {ids[200]} and h.park_id = {east}")
    assert _named() == []
    with system_scope("test", via="cli") as s:
        assert [f.kind for f in ledger_anchors.compare(s, s.get(Park, east))] == ["anchor"]


def test_the_job_writes_where_the_data_is(session, park):
    assert ledger_anchors.folder() == config().data_dir / "anchors"
    assert ledger_anchors.folder().stat().st_mode & 0o777 == 0o700


def test_a_large_chain_takes_no_more_statements(session, park, query_count):
    """100,000 entries (nightly) like ten; `bench lb1` tells how many a second."""
    many(session, park, 10, days=27)
    with query_count() as few:
        assert ledger_verify.verify(session, park.id) == []
    for part in range(SIZE // 10_000):
        many(session, park, 10_000, days=28 + part)
    with query_count() as q:
        assert ledger_verify.verify(session, park.id) == []
    assert q.count <= few.count
