"""Right after a month was loaded, the tables' statistics know nothing of it and the server plans as for one row: loops inside loops.
Mass statements over a month say that they are mass statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import text


@contextmanager
def many_rows(session: Any) -> Iterator[None]:
    """Inside, joins are made by hash or merge where they can be. After an error the transaction's end sets it back."""
    connection = session.connection()
    connection.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    connection.execute(text("SET LOCAL enable_nestloop = on"))
