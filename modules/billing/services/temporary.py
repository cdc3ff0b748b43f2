"""Temporary tables of mass work: filled by a SELECT, analysed, gone with the transaction. What is read twice is worked out once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, MetaData, Table, delete, insert, text
from sqlalchemy.schema import CreateTable

_META = MetaData()


def temporary(name: str, *columns: Column) -> Table:
    """Declare one; the name begins with `billing_tmp_`."""
    return Table(f"billing_tmp_{name}", _META, *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DROP")


def empty(session: Any, table: Table) -> Table:
    """Create it, or empty what an earlier step of the transaction left."""
    connection = session.connection()
    connection.execute(CreateTable(table, if_not_exists=True))
    connection.execute(delete(table))
    return table


def fill(session: Any, table: Table, query: Any, names: Sequence[str] | None = None) -> Table:
    """Empty it, take the rows of `query` (by column order) and analyse."""
    empty(session, table)
    session.execute(insert(table).from_select(list(names or table.c.keys()), query))
    analyze(session, table)
    return table


def analyze(session: Any, table: Table) -> None:
    """So that the statements that follow are planned for what is in it."""
    measure(session.connection(), table.name)


def measure(connection: Any, name: str) -> None:
    """ANALYZE by a small sample: what counts is how many rows and how many different values, not histograms of every column."""
    connection.execute(text("SET LOCAL default_statistics_target = 10"))
    connection.execute(text(f"ANALYZE {name}"))
    connection.execute(text("SET LOCAL default_statistics_target TO DEFAULT"))


@contextmanager
def many_rows(session: Any) -> Iterator[None]:
    """Inside, joins are made by hash where they can be. Right after a month was loaded, the tables' statistics know nothing of it and
    the server plans as for one row: loops inside loops, or sorts by all columns of a key. After an error the transaction's end sets
    it back."""
    connection = session.connection()
    plain = text("SELECT set_config('enable_nestloop', :on, true), set_config('enable_mergejoin', :on, true)")
    connection.execute(plain, {"on": "off"})
    yield
    connection.execute(plain, {"on": "on"})
