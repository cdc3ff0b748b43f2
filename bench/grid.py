"""`parkops bench grid --size 100000`: lists of firms through the whole stack (WSGI, log-in, rights, JSON) beside raw SQL.

Builds its firms by set-based SQL in a database of its own on the embedded server, so nothing of the installation is
touched. Prints per question the median and the 95th percentile, the statements, and the ratio to the bare SQL that
fetches the same rows and the same count."""

from __future__ import annotations

import json
import os
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
    """A fresh database with one park, one clerk and `size` firms; returns the park's id."""
    from sqlalchemy import text

    from parkops import upgrade
    from parkops.db import embedded
    from parkops.db.session import dispose, engine, system_scope
    from parkops.models import Park
    from parkops.security.users import ensure_demo_user

    embedded.start()
    dispose()
    os.environ["_PARKOPS_TEST_DB"] = DATABASE
    embedded.drop_database(DATABASE)
    embedded.create_database(DATABASE)
    upgrade.run(quiet=True)
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


def measure(work: Any, rounds: int) -> list[float]:
    """Seconds of each of `rounds` calls after three to warm up."""
    for _ in range(3):
        work()
    out = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        out.append(time.perf_counter() - start)
    return sorted(out)


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
        connection.rollback()

    return ask


def run(size: int = 100_000, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """The table of the benchmark."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    from parkops.db.session import dispose, engine

    park, before, out = prepare(size), os.environ.get("_PARKOPS_TEST_DB"), []
    http, seen, every = client(), [], []
    event.listen(Engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
    try:
        with engine().connect() as connection:
            for name, question, where, order in QUESTIONS:
                out.append(one(name, question, raw(park, where, order, question, connection), http, seen, rounds, every))
        every.sort()
        out.append({"op": "grid: all questions", "rows": size, "seconds": statistics.median(every), "raw_seconds": None, "ratio": None,
                    "p50_ms": _ms(statistics.median(every)), "p95_ms": _ms(every[int(len(every) * 0.95)]),
                    "statements": max(r["statements"] for r in out)})
    finally:
        from parkops.db import embedded

        dispose()
        embedded.drop_database(DATABASE)
        os.environ.pop("_PARKOPS_TEST_DB") if before == DATABASE else None
    return out


def one(name: str, question: dict[str, Any], bare: Any, http: Any, seen: list[str], rounds: int, every: list[float]) -> dict[str, Any]:
    """One line: our stack and the bare SQL, alternating in time."""
    url = "/api/v1/tenants/firm/?q=" + quote(json.dumps(question, ensure_ascii=False))
    seen.clear()
    answer = http.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{name}: {answer.status_code} {answer.get_data(as_text=True)[:200]}")
    statements = len(seen)
    ours, theirs = measure(lambda: http.get(url), rounds), measure(bare, rounds)
    every += ours
    middle, bottom = statistics.median(ours), statistics.median(theirs)
    return {"op": f"grid: {name}", "rows": answer.get_json()["count"], "seconds": round(middle, 5), "raw_seconds": round(bottom, 5),
            "ratio": round(middle / bottom, 2), "p50_ms": _ms(middle), "p95_ms": _ms(ours[int(len(ours) * 0.95)]), "statements": statements}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


if __name__ == "__main__":
    import sys

    for line in run(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000):
        print(json.dumps(line, ensure_ascii=False))
