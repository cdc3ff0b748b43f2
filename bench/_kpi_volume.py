"""Filling tables set-based: one INSERT … SELECT over generate_series per table, as the database's superuser with triggers at rest.

Row g (1 … n) of every table gets the id BASE + g and the park 1 + (g - 1) % parks. Numbers of rows are multiples of the parks', so a
row that points to row (g - 1) % m of a parent lies in the parent's park. Columns that must be filled and are not named get a plain
value of their type: the first choice, a text of their own, the row of the parent; checks, unique and EXCLUDE constraints stay in force."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, SmallInteger, create_engine, text

from parkops.db.base import Model
from parkops.db.embedded import admin_url

BASE = 1_000_000
FIRST, DAYS = "date '2022-01-01'", 1096  # the 36 months 2022 to 2024


def day(k: int) -> str:
    """SQL: a day of the 36 months, spread by the prime k."""
    return f"({FIRST} + ((g * {k}) % {DAYS})::int)"


def month(per: int) -> str:
    """SQL: the first of the month number (g - 1) / per of the 36."""
    return f"({FIRST} + ((g - 1) / {per} % 36) * interval '1 month')::date"


class Volume:
    """An open filling: `add(table, n, column="SQL over g")` in the order of the parents; `close()` ends it with ANALYZE."""

    def __init__(self, database: str, parks: int):
        self.parks, self.rows = parks, {}
        self.engine = create_engine(admin_url(database))
        self.connection = self.engine.connect()
        self.connection.execute(text("set session_replication_role = replica"))

    def up(self, n: float) -> int:
        """The next multiple of the number of parks, at least one row each."""
        return max(self.parks, -(-int(n) // self.parks) * self.parks)

    def of(self, table: str) -> str:
        """SQL: the id of the parent's row this row belongs to."""
        return f"({BASE} + 1 + (g - 1) % {self.rows[table]})"

    def add(self, table: str, n: float, where: str = "true", **columns: str) -> int:
        """Fill a table with n rows (rounded up); returns how many."""
        n = self.up(n)
        known = Model.metadata.tables[table]
        values = {"id": f"{BASE} + g", **columns}
        for column in known.columns:
            given = column.nullable or column.server_default is not None or column.computed is not None
            if column.name not in values and not given:
                values[column.name] = self._plain(column, table)
        names = ", ".join(f'"{name}"' for name in values)
        rows = f"generate_series(1::bigint, {n}) as s(g) where {where}"
        sql = f"insert into {table} ({names}) select {', '.join(values.values())} from {rows}"
        self.connection.execute(text(sql.replace(":", "\\:")))
        self.rows[table] = n
        return n

    def _plain(self, column: Any, table: str) -> str:
        if column.name == "park_id":
            return f"({BASE} + 1 + (g - 1) % {self.parks})"
        for key in column.foreign_keys:
            parent = key.target_fullname.split(".")[0]
            return self.of(parent) if parent in self.rows else "1"
        if hasattr(column.type, "choices"):
            return f"'{next(iter(column.type.choices))}'"
        kind = getattr(column.type, "impl", column.type)
        if isinstance(kind, Date):
            return day(7919)
        if isinstance(kind, DateTime):
            return f"{day(7919)}::timestamptz"
        if isinstance(kind, Boolean):
            return "false"
        if isinstance(kind, (BigInteger, Integer, SmallInteger)):
            return "1"
        if type(kind).__name__ in ("JSON", "JSONB"):
            return "'[]'"
        return f"'{table[:1]}' || g"

    def close(self) -> int:
        """Commit, move the counters on, ANALYZE; returns the rows there are."""
        for table in self.rows:
            self.connection.execute(text(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))"))
        self.connection.commit()
        self.connection.close()
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(text("analyze"))
        self.engine.dispose()
        return sum(self.rows.values())
