"""What every benchmark of `bench/` shares: a database of its own with all modules installed, and its neighbours' helpers."""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from parkops.registry import ROOT


@contextmanager
def own_database(name: str) -> Iterator[None]:
    """A freshly upgraded database on the embedded server, dropped afterwards: the installation is never touched.

    `name` is the database's name; a left-over of a broken run is replaced."""
    from parkops import upgrade
    from parkops.cli import load_modules
    from parkops.db import embedded
    from parkops.db.session import dispose

    embedded.start()
    before = os.environ.get("_PARKOPS_TEST_DB")
    dispose()
    os.environ["_PARKOPS_TEST_DB"] = name
    try:
        embedded.drop_database(name)
        embedded.create_database(name)
        upgrade.run(quiet=True)
        load_modules()
        yield
    finally:
        dispose()
        embedded.drop_database(name)
        os.environ.pop("_PARKOPS_TEST_DB") if before is None else os.environ.update(_PARKOPS_TEST_DB=before)


def neighbour(name: str) -> Any:
    """The file `bench/<name>.py` as a module of its own (bench/ is no package)."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "bench" / f"{name}.py")
    found = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(found)  # type: ignore[union-attr]
    return found


def copied_again(table: str, park_id: int) -> float:
    """Seconds COPY needs for the park's rows of a table, into a bare copy of it with its indexes: the floor of an import."""
    from sqlalchemy import text

    from parkops.db.session import engine

    with engine().connect() as c:
        c.execute(text(f"CREATE TEMP TABLE bench_raw (LIKE {table} INCLUDING ALL)"))
        names = ", ".join(c.execute(text(
            "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = '' AND attidentity = ''"), {"t": table}).scalars())
        cursor = c.connection.cursor()
        with cursor.copy(f"COPY (SELECT {names} FROM {table} WHERE park_id = {park_id}) TO STDOUT") as out:
            blocks = list(out)
        started = time.perf_counter()
        with cursor.copy(f"COPY bench_raw ({names}) FROM STDIN") as into:
            for block in blocks:
                into.write(block)
        seconds = time.perf_counter() - started
        c.rollback()
        return seconds
