"""The tests' own ground: a worker's database is brought back row for row, and what cannot be brought back is said."""

import psycopg
import pytest

from parkops.db import embedded
from parkops.testing import restore
from parkops.testing.plugin import _clone
from parkops.testing.restore import Kept
from tests.architecture import walk


@pytest.fixture
def own(_template, _worker_db):
    """A clone of this test's own, and a way to connect to it as its superuser."""
    name = f"{_worker_db}_own"
    _clone(name, _template)

    def connect():
        return psycopg.connect(host=str(embedded.socket_dir()), user="postgres", dbname=name, autocommit=True)

    yield name, connect
    embedded.drop_database(name)


def state(connect):
    with connect() as c:
        return walk.fingerprint(c.info.dbname, ()), dict(c.execute(restore.SEQUENCES).fetchall())


WRITES = ("create table stray (id int generated always as identity, park_id bigint references core_park)", "insert into core_park (code, name, version) select 'third', '三园', 1", "update ab_user set last_name = 'x'",
          "delete from core_user_park", "select nextval('core_park_id_seq')")


def test_rows_and_sequences_come_back(own):
    name, connect = own
    kept, before = Kept(str(embedded.socket_dir()), name), state(connect)
    for _turn in range(2):
        with connect() as c:
            c.execute("set session_replication_role = replica")
            for statement in WRITES:
                c.execute(statement)
        assert state(connect) != before
        assert kept.restore() and state(connect) == before


def test_control_without_the_counters_a_write_would_stay(own, monkeypatch):
    name, connect = own
    kept, before = Kept(str(embedded.socket_dir()), name), state(connect)
    monkeypatch.setattr(restore, "WRITTEN", restore.WRITTEN + " and false")
    with connect() as c:
        c.execute(WRITES[1])
    assert kept.restore() and state(connect) != before


@pytest.mark.parametrize("statement", ["alter table core_park drop constraint uq_core_park_code", "truncate core_login_attempt",
                                       "alter table ab_user disable trigger all", "select pg_stat_reset()"])
def test_what_only_a_new_clone_mends_is_refused(own, statement):
    name, connect = own
    kept = Kept(str(embedded.socket_dir()), name)
    with connect() as c:
        c.execute(statement)
    assert kept.restore() is False
