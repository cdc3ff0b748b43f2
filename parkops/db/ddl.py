"""Triggers and functions that belong to a table: declared beside the model, created after it (tests, migrations).

`after_create(table, up, down)` registers; `EXTRAS` is what the migrations replay, in order."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, event

EXTRAS: list[tuple[str, str, str]] = []


def after_create(table: Any, up: str, down: str) -> None:
    """Run `up` right after the table is created. `%` must not be doubled; the text goes to the server as it stands."""
    EXTRAS.append((table.name, up, down))
    event.listen(table, "after_create", DDL(up.replace("%", "%%")))
