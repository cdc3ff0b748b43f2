"""`parkops bench hall --size 36000`: cases imported in bulk from a file, and the hall's board over them, next to raw SQL in the same run.

Asked: 35,000 and more cases in at most 60 s, the board in at most 500 ms. The import is the command's whole road (read, parse, check,
limits from the calendar, insert, ratings, search index, undo rows, audit); the floor is COPY of the finished rows into a bare copy of
the table. The board is its service in a fresh session; the floor is one SQL statement with the same sums. A difference stops it."""

from __future__ import annotations

import csv
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

DATABASE, PARK = "parkops_bench_hall", "bench-hall"
START, DAYS = date(2021, 5, 6), 175


def run(size: int = 36_000) -> list[dict[str, Any]]:
    """Import and board."""
    from parkops.importing import kind_of
    from parkops.testing.benches import copied_again, own_database
    from parkops.web.importer.cli_import import import_file

    with own_database(DATABASE), tempfile.TemporaryDirectory() as folder:
        park_id = make_park()
        path = write(Path(folder) / "cases.csv", size)
        started = time.perf_counter()
        out = import_file(kind_of("services.cases"), path, PARK)
        seconds = time.perf_counter() - started
        assert (out.inserted, len(out.rejected)) == (size, 0), out.as_dict()
        copied = copied_again("services_case", park_id)
        first, again, sums = board(park_id)
        floor, expected = raw_board(park_id)
        assert sums == expected == (size, size, 0), (sums, expected)
        return [
            line("import of cases", size, seconds, copied),
            line("board, first", size, first, floor),
            line("board, again", size, again, floor),
        ]


def line(op: str, rows: int, seconds: float, floor: float) -> dict[str, Any]:
    return {
        "op": f"hall: {op}",
        "rows": rows,
        "seconds": round(seconds, 3),
        "raw_seconds": round(floor, 3),
        "ratio": round(seconds / floor, 2),
    }


def write(path: Path, size: int) -> Path:
    """Two hundred visitors a day, five stars or four, never fewer than three."""
    with path.open("w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(("办件编号", "事项编码", "申请人", "受理日期", "等候分钟", "办结日期", "评价星级"))
        for n in range(size):
            day = START + timedelta(days=n * DAYS // size)
            out.writerow(
                (f"KM-{n:06d}", "B-1", f"昆明企业{n % 900}", day, n % 23, day + timedelta(days=(0, 0, 1, 2)[n % 4]), 5 - (n % 9 == 0))
            )
    return path


def make_park() -> int:
    from modules.services.services import catalogue, halls
    from parkops.db.session import Scope, session_scope, system_scope
    from parkops.models import Park

    with system_scope("bench hall") as s:
        park = Park(code=PARK, name=PARK)
        s.add(park)
        s.flush()
        pk = park.id
    with session_scope(Scope(system=True, parks=frozenset({pk}), park_id=pk, via="cli", reason="bench")) as s:
        halls.create_hall(s, code="KM", name="昆明高新区企业服务中心")
        catalogue.create_item(s, code="B-1", name="综合受理", item_class="other", label="assist", promised_days=2)
    return pk


def board(park_id: int) -> tuple[float, float, tuple[int, int, int]]:
    """(first, again, sums) of the service in its own sessions."""
    from modules.services.services.board import show_board
    from parkops.db.session import Scope, session_scope

    times = []
    for _turn in range(2):
        with session_scope(Scope(system=True, parks=frozenset({park_id}), park_id=park_id, via="cli", reason="bench")) as s:
            started = time.perf_counter()
            found = show_board(s, start=START, end=date(2022, 1, 1))
            times.append(time.perf_counter() - started)
    return times[0], times[1], (found.cases, found.bad.whole, found.bad.part)


def raw_board(park_id: int) -> tuple[float, tuple[int, int, int]]:
    """The same sums in bare SQL."""
    from parkops.db.session import engine

    sql = """select count(*), count(in_time), count(*) filter (where in_time), count(*) filter (where spot), sum(waited), count(waited),
      (select count(*) from services_rating r where r.park_id = c.park_id),
      (select count(*) from services_rating r where r.park_id = c.park_id and stars < 3)
      from services_case c where park_id = :p and received_on >= :a and received_on < :b group by park_id"""
    with engine().connect() as c:
        started = time.perf_counter()
        row = c.execute(text(sql), {"p": park_id, "a": START, "b": date(2022, 1, 1)}).one()
        return time.perf_counter() - started, (row[0], row[6], row[7])
