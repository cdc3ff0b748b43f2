"""Import of generated firms next to a raw COPY of the same rows: `parkops bench import --size 100000`.

Measures the command's whole road (read, parse, check, look up, insert, search index, batch rows, audit), a second import of
the same file (nothing may change), and the peak memory of the process."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

PARK = "bench-import"


def run(size: int = 100_000) -> list[dict[str, Any]]:
    """The table of the benchmark."""
    from parkops.importing import kind_of
    from parkops.testing.benches import copied_again, own_database
    from parkops.testing.registers import register_rows, write_csv
    from parkops.web.importer.cli_import import import_file

    with own_database("parkops_bench_import"), tempfile.TemporaryDirectory() as folder:
        kind, park_id = kind_of("tenants.firms"), make_park()
        path = write_csv(Path(folder) / "firms.csv", register_rows(size))
        first, again = timed(import_file, kind, path, PARK), timed(import_file, kind, path, PARK)
        raw = copied_again("tenants_firm", park_id)
        check(size, first[1], again[1])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return [result("import", size, first[0], raw, peak), result("import same file again", size, again[0], raw, peak)]


def result(op: str, rows: int, seconds: float, raw: float, peak: int) -> dict[str, Any]:
    return {"op": op, "rows": rows, "seconds": round(seconds, 2), "raw_seconds": round(raw, 2),
            "ratio": round(seconds / raw, 1), "rss_mb": peak}


def timed(work: Any, *args: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    out = work(*args)
    return time.perf_counter() - started, out


def check(size: int, first: Any, again: Any) -> None:
    assert (first.inserted, len(first.rejected)) == (size, 0), first.as_dict()
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, size), again.as_dict()


def make_park() -> int:
    from parkops.db.session import system_scope
    from parkops.models import Park

    with system_scope("bench import") as s:
        park = Park(code=PARK, name=PARK)
        s.add(park)
        s.flush()
        return park.id
