"""Bring a worker's database back to the template's rows without copying 1,400 files: only the tables a test wrote are emptied and
filled again (where rows were only added, those are removed), and changed sequences set back.

PostgreSQL's own counters say which tables were written, by whatever process. They are exact once every other connection has ended
(a backend hands its counts in when it goes). Tables a test made are dropped. Whatever the counters cannot vouch for (a changed
structure, TRUNCATE, a server that crashed and lost them) makes `restore` answer False, and the caller clones the template anew."""

from __future__ import annotations

import time
from typing import Any

import psycopg

SHAPE = """
select (select (count(*), sum(oid::bigint), sum(relfilenode::bigint), sum(relnatts + relchecks),
                sum(hashtext(coalesce(relacl::text, ''))))::text
        from pg_class where relnamespace = 'public'::regnamespace and relkind <> 'S')
    || (select (count(*), sum(oid::bigint))::text from pg_constraint where connamespace = 'public'::regnamespace)
    || (select (count(*), sum(oid::bigint + ascii(tgenabled)))::text from pg_trigger)
    || (select (count(*), sum(oid::bigint), sum(hashtext(prosrc)::bigint))::text from pg_proc where pronamespace = 'public'::regnamespace)
    || (select (count(*), sum(oid::bigint))::text from pg_policy) || (select count(*)::text from pg_namespace)
"""
COLUMNS = """
select c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
group by c.relname
"""
WRITTEN = """
select relname, n_tup_upd + n_tup_del = 0 from pg_stat_user_tables where schemaname = 'public' and n_tup_ins + n_tup_upd + n_tup_del > 0
"""
NAMES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = %s"
NEXT = "select pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
SEQUENCES = "select sequencename, last_value from pg_sequences where schemaname = 'public'"
TOUCHED = """
select relname, pg_sequence_last_value(relid) from pg_statio_user_sequences where schemaname = 'public' and blks_read + blks_hit > 0
"""


class Kept:
    """The template's rows of one worker's database, in memory (a few MB), and what its structure looked like."""

    def __init__(self, host: str, database: str) -> None:
        self.host, self.database = host, database
        with self._connect() as c:
            self.columns = dict(c.execute(COLUMNS).fetchall())
            self.rows = {t: data for t in self.columns if (data := self._copy_out(c, t))}
            self.shape = c.execute(SHAPE).fetchone()[0]
            self.sequences = dict(c.execute(SEQUENCES).fetchall())
            self._mark(c)

    def restore(self) -> bool:
        """Undo every write since the last mark; False when only a fresh clone can."""
        with self._connect() as c:
            if not _alone(c, self.database):
                return False
            self._drop_new(c)
            if c.execute(SHAPE).fetchone()[0] != self.shape or _reset_at(c) != self.reset_at:
                return False
            written = c.execute(WRITTEN).fetchall()
            moved = [(n, v) for n, v in c.execute(TOUCHED) if self.sequences[n] != v]
            with c.transaction():
                c.execute("set local session_replication_role = replica")
                for table, only_new in written:
                    if only_new:  # the template's rows are still there
                        c.execute(f'delete from "{table}" where xmin::text::bigint >= %s', (self.next,))
                    else:
                        c.execute(f'delete from "{table}"')
                        self._copy_in(c, table)
                for name, _value in moved:
                    old = self.sequences[name]
                    c.execute("select setval(%s::regclass, %s, %s)", (f'public."{name}"', old or 1, old is not None))
            self._mark(c)
        return True

    def _drop_new(self, c: Any) -> None:
        """Tables and sequences a test made for itself."""
        for kind, word, known in (("r", "table", self.columns), ("S", "sequence", self.sequences)):
            for (name,) in c.execute(NAMES, (kind,)).fetchall():
                if name not in known:
                    c.execute(f'drop {word} if exists "{name}" cascade')

    def _connect(self) -> Any:
        return psycopg.connect(host=self.host, user="postgres", dbname=self.database, autocommit=True)

    def _copy_out(self, c: Any, table: str) -> bytes:
        """The table's rows in COPY's binary form; empty without rows (header and trailer alone)."""
        with c.cursor().copy(f'copy "{table}" ({self.columns[table]}) to stdout (format binary)') as out:
            data = b"".join(bytes(part) for part in out)
        return data if len(data) > 21 else b""

    def _copy_in(self, c: Any, table: str) -> None:
        if table in self.rows:
            with c.cursor().copy(f'copy "{table}" ({self.columns[table]}) from stdin (format binary)') as into:
                into.write(self.rows[table])

    def _mark(self, c: Any) -> None:
        """From here on counts what a test writes: the counters are set to nothing, our own counts handed in before. Whatever
        transaction inserts from now on has at least the number `next`."""
        c.execute("select pg_stat_force_next_flush()")
        c.execute("select pg_stat_reset()")
        self.reset_at, self.next = _reset_at(c), c.execute(NEXT).fetchone()[0]


def _alone(c: Any, database: str) -> bool:
    """Ends all other connections and waits until they have handed their counts in."""
    others = "from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"
    c.execute(f"select pg_terminate_backend(pid) {others}", (database,))
    until = time.monotonic() + 5
    while c.execute(f"select count(*) {others}", (database,)).fetchone()[0]:
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True


def _reset_at(c: Any) -> Any:
    return c.execute("select stats_reset from pg_stat_database where datname = current_database()").fetchone()[0]
