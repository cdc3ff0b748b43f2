"""`parkops bench search --size 100000`: building the search index of generated firms, and the usual kinds of query.

Runs in a database of its own on the embedded server. Raw: COPY of the same terms into a bare table (build), and LIKE on
the firms' names (queries)."""

from __future__ import annotations

import statistics
import time
from typing import Any

DATABASE = "parkops_bench_search"
QUERIES = ("华源", "有限公司", "生物科技", "huayuan", "hysw", "sw", "91370000000000", "91370000000000012345", "华源 软件", "nothing at all")
FILL = """
insert into tenants_firm (park_id, name, credit_code, state, registered_in_carrier, version, created_at)
select :park, (array['华源','东岳','泰和','鲁新','汇智','启航','蓝海','众创'])[1 + i % 8] || chr(20000 + i % 6000)
              || chr(21000 + i / 6000) || (array['生物','软件','文化','智能','环保','能源','材料'])[1 + i % 7] || '科技有限公司',
       '9137' || lpad(i::text, 14, '0'), 'prospect', false, 1, now()
  from generate_series(1, :size) i
"""


def prepare(size: int) -> int:
    """`size` firms that are not in the index yet; returns the park."""
    from sqlalchemy import text

    from parkops.db.session import system_scope
    from parkops.models import Park

    with system_scope("bench") as s:
        park = Park(code="bench", name="Bench")
        s.add(park)
        s.flush()
        s.execute(text(FILL), {"park": park.id, "size": size})
        return park.id


def build(size: int) -> dict[str, Any]:
    """Records a second of a full index, beside a bare COPY of as many terms."""
    from sqlalchemy import text

    from modules.tenants.models.firm import Firm
    from parkops import search
    from parkops.db.session import engine, system_scope

    with system_scope("bench") as s:
        start = time.perf_counter()
        done = search.reindex(s, Firm)
        seconds = time.perf_counter() - start
    with engine(owner=True).connect() as c:
        c.execute(text("create table bench_raw as select * from core_search_term limit 0"))
        start = time.perf_counter()
        c.execute(text("insert into bench_raw select * from core_search_term"))
        raw = time.perf_counter() - start
        c.execute(text("drop table bench_raw"))
        c.execute(text("analyze core_search")), c.execute(text("analyze core_search_term"))
        c.commit()
    return {"op": "search: build", "rows": done, "seconds": round(seconds, 3), "raw_seconds": round(raw, 3),
            "ratio": round(seconds / raw, 1), "per_second": round(done / seconds)}


def ask(park: int, size: int, rounds: int = 15) -> list[dict[str, Any]]:
    """Median milliseconds of each kind of query."""
    from sqlalchemy import text

    from parkops import search
    from parkops.db.session import Scope, session_scope

    out = []
    like = text("select id, name from tenants_firm where park_id = :p and name like :t limit 20")
    scope = Scope(parks=frozenset({park}), park_id=park, rights=frozenset({("tenants.firm", "read")}))
    with session_scope(scope) as s:
        for typed in QUERIES:
            mine = _median(lambda t=typed: search.query(s, t), rounds)
            raw = _median(lambda t=typed: s.connection().execute(like, {"p": park, "t": f"%{t}%"}).all(), rounds)
            out.append({"op": f"search: {typed}", "rows": size, "seconds": round(mine, 5), "raw_seconds": round(raw, 5),
                        "ratio": round(mine / raw, 2)})
    return out


def _median(work: Any, rounds: int) -> float:
    times = []
    for _turn in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def run(size: int = 100_000) -> list[dict[str, Any]]:
    """The table of the benchmark."""
    from parkops.testing.benches import own_database

    with own_database(DATABASE):
        park = prepare(size)
        return [build(size), *ask(park, size)]
