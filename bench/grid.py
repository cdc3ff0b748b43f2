"""`parkops bench grid --size 100000`: lists of firms through the whole stack (WSGI, log-in, rights, JSON) beside raw SQL.

Builds its firms by set-based SQL in a database of its own on the embedded server, so nothing of the installation is
touched. Prints per question the median and the 95th percentile, the statements, and the ratio to the bare SQL that
fetches the same rows and the same count. Lines `grid:` call the application in this process, lines `http:` ask a served
worker over a local socket on a kept connection, which is what a browser waits for; p50 and p95 of `all questions` are the
figures that are asked for."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any
from urllib.parse import quote

DATABASE = "parkops_bench_grid"
PASSWORD = "Bench-password-1"
ROUNDS = 60
WHERE = "f.park_id = :park"
SHOWN = "f.id, f.name, f.credit_code, f.state, f.track, f.carrier_id, c.name, f.capital_amount, f.registered_on, f.entered_on"
QUESTIONS: tuple[tuple[str, dict[str, Any], str, str], ...] = (
    ("first page", {}, WHERE, "f.id desc"),
    ("page 400", {"page": 400}, WHERE, "f.id desc"),
    ("sorted by name", {"sort": [["name", "asc"]]}, WHERE, "f.name, f.id"),
    ("one state", {"filters": [["state", "eq", "incubating"]]}, f"{WHERE} and f.state = 'incubating'", "f.id desc"),
    ("name contains", {"filters": [["name", "contains", "生物"]]}, f"{WHERE} and f.name like '%生物%'", "f.id desc"),
    ("two filters, sorted by day", {"filters": [["track", "in", ["biomed", "software"]], ["registered_on", "gte", "2015-01-01"]],
                                    "sort": [["registered_on", "desc"]]},
     f"{WHERE} and f.track in ('biomed', 'software') and f.registered_on >= '2015-01-01'", "f.registered_on desc, f.id desc"),
    ("with totals", {"totals": True}, WHERE, "f.id desc"),
)
FILL = """
insert into tenants_firm (park_id, name, credit_code, state, track, capital_amount, capital_currency, registered_on, entered_on,
                          registered_in_carrier, version, created_at)
select :park, (array['华源','东岳','泰和','鲁新','汇智','启航','蓝海','众创'])[1 + i % 8]
              || (array['生物','软件','文化','智能','环保','能源','材料'])[1 + i % 7] || '科技' || i || '有限公司',
       '9137' || lpad(i::text, 14, '0'), (array['prospect','team','incubating','graduated','left'])[1 + i % 5],
       (array['biomed','software','culture','manufacturing'])[1 + i % 4], (i % 5000 + 10) * 1000000::bigint, 'CNY',
       date '2005-01-01' + (i * 37) % 7000, date '2005-01-01' + (i * 37) % 7000 + 30, i % 3 = 0, 1, now()
  from generate_series(1, :size) i
"""


def prepare(size: int) -> int:
    """One park, one clerk and `size` firms; returns the park's id."""
    from sqlalchemy import text

    from parkops.db.session import engine, system_scope
    from parkops.models import Park
    from parkops.security.users import ensure_demo_user

    with system_scope("bench") as s:
        park = Park(code="bench", name="Bench")
        s.add(park)
        s.flush()
        ensure_demo_user(s, username="bench", role="operations_clerk", full_name="Bench", park_id=park.id, password=PASSWORD)
        s.execute(text(FILL), {"park": park.id, "size": size})
        park_id = park.id
    with engine(owner=True).connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("vacuum analyze tenants_firm"))
    return park_id


def client() -> Any:
    """A logged-in test client: every request runs the whole WSGI application."""
    import re

    from parkops.app import create_app

    made = create_app().test_client()
    page = made.get("/login/").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    made.post("/login/", data={"username": "bench", "password": PASSWORD, "csrf_token": token[1] if token else ""})
    return made


def measure(work: Any, bare: Any, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of `rounds` calls of each, in turns, after six to warm up (the driver prepares at the sixth)."""
    out: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 6):
        for call, times in ((work, out[0]), (bare, out[1])):
            start = time.perf_counter()
            call()
            if turn >= 6:
                times.append(time.perf_counter() - start)
    return out


def raw(park: int, where: str, order: str, question: dict[str, Any], connection: Any) -> Any:
    """The same rows and the same count in bare SQL."""
    from sqlalchemy import text

    size, page = question.get("size", 25), question.get("page", 0)
    rows = text(f"select {SHOWN} from tenants_firm f left join tenants_carrier c on c.id = f.carrier_id where {where} "
                f"order by {order} limit {size} offset {size * page}")
    count = text(f"select count(*){', sum(f.capital_amount)' if question.get('totals') else ''} from tenants_firm f where {where}")

    def ask() -> None:
        connection.execute(rows, {"park": park}).all()
        connection.execute(count, {"park": park}).all()
        connection.commit()  # a rollback would make the driver forget its prepared statements

    return ask


def run(size: int = 100_000, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """The table of the benchmark."""
    from parkops.testing.benches import own_database
    from parkops.testing.served import Browser, served

    out: list[dict[str, Any]] = []
    with own_database(DATABASE):
        park, inside = prepare(size), client()
        out += table("grid", park, size, lambda url: (lambda a: (a.status_code, a.data))(inside.get(url)), rounds)
        with served() as port:
            browser = Browser(port)
            browser.log_in("bench", PASSWORD)
            out += table("http", park, size, browser.get, rounds)
    return out


def table(way: str, park: int, size: int, get: Any, rounds: int) -> list[dict[str, Any]]:
    """A line per question, and one for all of them together. `get(url) -> (status, body)`. The statements are counted
    where the application runs in this process."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    from parkops.db.session import engine

    seen: list[str] = []
    listener = lambda *a: seen.append(a[2])  # noqa: E731
    out, every, floor = [], [], []
    with engine().connect() as connection:
        event.listen(Engine, "before_cursor_execute", listener)
        try:
            for name, question, where, order in QUESTIONS:
                bare = raw(park, where, order, question, connection)
                out.append(one(f"{way}: {name}", question, bare, get, seen, rounds, every, floor))
        finally:
            event.remove(Engine, "before_cursor_execute", listener)
    return [*out, line(f"{way}: all questions", size, every, floor, max(r["statements"] or 0 for r in out) or None)]


def one(op: str, question: dict[str, Any], bare: Any, get: Any, seen: list[str], rounds: int, every: list[float],
        floor: list[float]) -> dict[str, Any]:
    """One line: our stack and the bare SQL, alternating in time."""
    url = "/api/v1/tenants/firm/?q=" + quote(json.dumps(question, ensure_ascii=False))
    seen.clear()
    status, body = get(url)
    if status != 200:
        raise SystemExit(f"{op}: {status} {body[:200]!r}")
    statements = len(seen) or None
    ours, theirs = measure(lambda: get(url), bare, rounds)
    every += ours
    floor += theirs
    return line(op, json.loads(body)["count"], ours, theirs, statements)


def line(op: str, rows: int, ours: list[float], theirs: list[float], statements: int | None) -> dict[str, Any]:
    ours, middle, bottom = sorted(ours), statistics.median(ours), statistics.median(theirs)
    return {"op": op, "rows": rows, "seconds": round(middle, 5), "raw_seconds": round(bottom, 5), "ratio": round(middle / bottom, 2),
            "p50_ms": _ms(middle), "p95_ms": _ms(ours[int(len(ours) * 0.95)]), "statements": statements}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


if __name__ == "__main__":
    import sys

    for line in run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
        print(json.dumps(line, ensure_ascii=False))
