"""Backup -> restore brings every row back; a foreign or damaged file is refused before anything is touched."""

import io
import tarfile

import pytest
from sqlalchemy import select, text

from parkops import backup
from parkops.config import config
from parkops.db import session as sessions
from parkops.errors import Refused
from parkops.models import Park


def fingerprint():
    with sessions.engine(owner=True).connect() as c:
        names = c.execute(text("select tablename from pg_tables where schemaname='public' order by 1")).scalars().all()
        return {n: tuple(c.execute(text(
            f'select count(*), coalesce(md5(string_agg(t::text, chr(10) order by t::text)), \'\') from "{n}" t')).one()) for n in names}


def triggers():
    with sessions.engine(owner=True).connect() as c:
        return c.execute(text("select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal order by 1, 2")).all()


def test_round_trip_restores_rows_triggers_and_privileges(fresh_db, tmp_path, query_count):
    with sessions.system_scope("test") as s:
        s.add(Park(code="third", name="第三园"))
    before, before_triggers, file = fingerprint(), triggers(), tmp_path / "b.tar"
    backup.write(file)
    with sessions.system_scope("test") as s:
        s.execute(text("update core_park set name = 'changed'"))
    assert fingerprint() != before
    with query_count() as q:
        backup.read(file)
    assert q.count < len(before) + 20, "every table is counted once"
    sessions.dispose()
    assert fingerprint() == before
    assert [tuple(t) for t in triggers()] == [tuple(t) for t in before_triggers]
    with sessions.system_scope("test") as s:
        assert s.scalars(select(Park.name).where(Park.code == "third")).one() == "第三园"
        s.add(Park(code="fourth", name="第四园"))


@pytest.mark.parametrize("content", [b"", b"not a tar", None])
def test_a_foreign_file_is_refused_and_nothing_changes(fresh_db, tmp_path, content):
    before, file = fingerprint(), tmp_path / "b.tar"
    if content is None:
        with tarfile.open(file, "w") as tar:
            tar.addfile(tarfile.TarInfo("x"), io.BytesIO(b""))
    else:
        file.write_bytes(content)
    with pytest.raises(Refused, match="no ParkOps backup"):
        backup.read(file)
    assert fingerprint() == before


def test_a_damaged_attachment_is_refused(fresh_db, tmp_path, monkeypatch):
    folder = config().files_dir / "ab" / "cd"
    folder.mkdir(parents=True, exist_ok=True)
    wrong = folder / ("0" * 64)
    wrong.write_bytes(b"not what the name says")
    try:
        backup.write(tmp_path / "b.tar")
    finally:
        wrong.unlink()
    before = fingerprint()
    with pytest.raises(Refused, match="does not match its hash"):
        backup.read(tmp_path / "b.tar")
    assert fingerprint() == before


def test_missing_folder_is_one_sentence(fresh_db, tmp_path):
    with pytest.raises(Refused, match="make it first"):
        backup.write(tmp_path / "no" / "b.tar")
