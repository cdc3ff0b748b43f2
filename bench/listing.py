"""`parkops bench listing --size 1000`: JSON over HTTP, the first 80 firms whose name contains a fragment (workload 3a), by
one client and by four, each on a kept connection to one served worker, beside the same rows in bare SQL.

`names` asks for the name only, without a count, as the peers were asked; `as the grid asks` has the grid's own columns and
the count."""

from __future__ import annotations

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

FRAGMENTS = ("生物", "软件", "文化", "智能", "环保", "能源", "材料")
ROUNDS = 300
QUESTIONS = {"names": {"columns": ["name"], "count": False}, "as the grid asks": {}}


def run(size: int = 1000) -> list[dict[str, Any]]:
    """The table of the benchmark."""
    from parkops.testing.benches import neighbour, own_database
    from parkops.testing.served import served

    grid, out = neighbour("grid"), []
    with own_database("parkops_bench_listing"):
        park = grid.prepare(size)
        floor = raw(park)
        with served() as port:
            for name, question in QUESTIONS.items():
                out += [asked(name, size, port, question, grid.PASSWORD, clients, floor) for clients in (1, 4)]
    return out


def raw(park: int) -> float:
    """Median seconds of the rows in bare SQL."""
    from sqlalchemy import text

    from parkops.db.session import engine

    query = text("select id, name from tenants_firm where park_id = :park and name like :part order by id desc limit 80")
    times = []
    with engine().connect() as c:
        for turn in range(ROUNDS):
            start = time.perf_counter()
            c.execute(query, {"park": park, "part": f"%{FRAGMENTS[turn % 7]}%"}).all()
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def asked(name: str, size: int, port: int, question: dict[str, Any], password: str, clients: int, floor: float) -> dict[str, Any]:
    """One line: p50 and p95 of all clients' requests, and requests a second of all together."""
    from parkops.testing.served import Browser

    browsers = [Browser(port) for _client in range(clients)]
    for browser in browsers:
        browser.log_in("bench", password)
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda b: timed(b, question, 40), browsers))  # every thread of the server has its connection warm
        started = time.perf_counter()
        times = sorted(t for found in pool.map(lambda b: timed(b, question, ROUNDS // clients), browsers) for t in found)
        whole = time.perf_counter() - started
    middle = statistics.median(times)
    return {"op": f"listing: {name}, {clients} client{'s' if clients > 1 else ''}", "rows": size, "seconds": round(middle, 5),
            "raw_seconds": round(floor, 5), "ratio": round(middle / floor, 1), "p50_ms": round(middle * 1000, 1),
            "p95_ms": round(times[int(len(times) * 0.95)] * 1000, 1), "per_second": round(len(times) / whole)}


def timed(browser: Any, question: dict[str, Any], rounds: int) -> list[float]:
    """Seconds of each request; every answer must hold rows."""
    times = []
    for turn in range(rounds):
        q = {"filters": [["name", "contains", FRAGMENTS[turn % 7]]], "size": 80, **question}
        url = "/api/v1/tenants/firm/?q=" + quote(json.dumps(q, ensure_ascii=False))
        start = time.perf_counter()
        status, body = browser.get(url)
        times.append(time.perf_counter() - start)
        if status != 200 or len(json.loads(body)["rows"]) != 80:
            raise SystemExit(f"{status} {body[:200]!r}")
    return times
