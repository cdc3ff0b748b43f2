"""Triggers and functions that belong to a table: declared beside the model, created after it (tests, migrations).

`after_create(table, up, down)` registers; `EXTRAS` is what the migrations replay, in order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, event

# Options of a function that reads our tables: no temporary table can stand in for one of them, and plans stay on indexes.
SAFE = "SET search_path = public, pg_temp SET enable_seqscan = off"
# … of one that looks up what the statement's rows name: PL/pgSQL keeps its plan for the whole connection, and a hash or merge join that
# suited 10,000 rows reads a whole table when the next statement brings one. Loops over indexes suit both.
LOOPS = SAFE + " SET enable_hashjoin = off SET enable_mergejoin = off"
EXTRAS: list[tuple[str, str, str]] = []


def after_create(table: Any, up: str, down: str) -> None:
    """Run `up` right after the table is created. `%` must not be doubled; the text goes to the server as it stands."""
    EXTRAS.append((table.name, up, down))
    event.listen(table, "after_create", DDL(up.replace("%", "%%")))
