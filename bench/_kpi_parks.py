"""`parkops bench kpi --parks 200 --firms 100000`: every KPI of every module for 36 months over generated data, next to bare SQL.

Per KPI: `seconds` is computing and keeping all months (`engine.compute_all`: every key, park and the company, parks without rows, what
is gone), `raw_seconds` the select of the same figures as text through the driver, month by month, nothing kept. Both run in this call,
raw first. Then what a cockpit reads: every KPI of the last month for the company and each park, a year's trend, p95 over turns; and the
page itself when the module has it. Asked: at most 3 × raw in all, 1 GB of this process, 300 ms for the page."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops.clock import Period
from parkops.db.session import engine as database
from parkops.db.session import system_scope
from parkops.kpi import engine, store
from parkops.kpi.catalogue import all_kpis
from parkops.kpi.models import KpiValue
from parkops.kpi.registry import Kpi, Window
from parkops.testing.benches import neighbour, own_database

DATABASE = "parkops_bench_kpi_parks"
TODAY = date(2025, 1, 15)
MONTHS = [Period.month(date(2022 + n // 12, n % 12 + 1, 1)) for n in range(36)]
TURNS = 40
PAGE = "/ratings/cockpit/"
BASE = neighbour("_kpi_volume").BASE


def run(parks: int, firms: int) -> list[dict[str, Any]]:
    """One line per KPI, their sum, the reads of a cockpit, and the memory."""
    with own_database(DATABASE):
        started = time.perf_counter()
        rows = neighbour("_kpi_data").fill(DATABASE, parks, firms)
        lines = [{"op": f"{rows:,} records of {parks} parks made", "seconds": round(time.perf_counter() - started, 1)}]
        found = [_measure(kpi) for kpi in all_kpis().values()]
        ours, raw = sum(x["seconds"] for x in found), sum(x["raw_seconds"] for x in found)
        lines += [
            *found,
            {
                "op": f"sum of {len(found)} indicators, {len(MONTHS)} months",
                "figures": sum(x["figures"] for x in found),
                "seconds": round(ours, 1),
                "raw_seconds": round(raw, 1),
                "ratio": round(ours / raw, 2),
            },
        ]
        lines += [*_cockpit(), {"op": "peak memory of this process, MB", "figures": peak()}]
        return lines


def peak() -> int:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _measure(kpi: Kpi) -> dict[str, Any]:
    months = [m for m in MONTHS if m.grain in kpi.grains] or [Period.year(date(y, 1, 1)) for y in (2022, 2023, 2024)]
    texts = [bare(engine.figures_of(kpi, Window(m, TODAY), None, company=True)) for m in months]
    raw, counted = _raw(texts)
    started = time.perf_counter()
    with system_scope("bench kpi") as s:
        done = engine.compute_all(s, months, [kpi.code], today=TODAY)
    seconds = time.perf_counter() - started
    failed = [d.failed for d in done if d.failed]
    assert not failed, failed
    kept = sum(d.values for d in done)
    assert kept >= counted, (kpi.code, kept, counted)
    _same(kpi, texts[-1], months[-1])
    return {"op": kpi.code, "figures": kept, "seconds": round(seconds, 3), "raw_seconds": round(raw, 3), "ratio": round(seconds / raw, 2)}


def bare(statement: Any) -> tuple[str, dict[str, Any]]:
    """The statement as a text of the driver with its values."""
    found = statement.compile(dialect=database().dialect, compile_kwargs={"render_postcompile": True})
    ready = found._bind_processors
    return str(found), {n: ready[n](v) if n in ready else v for n, v in found.construct_params().items()}


def _raw(texts: list[tuple[str, dict[str, Any]]]) -> tuple[float, int]:
    counted = 0
    with database().connect() as c:
        cursor = c.connection.cursor()
        started = time.perf_counter()
        for one in texts:
            counted += len(cursor.execute(*one).fetchall())
        return time.perf_counter() - started, counted


def _same(kpi: Kpi, bare_text: tuple[str, dict[str, Any]], month: Period) -> None:
    """The bare aggregate and the kept figures are one number (parks and company; the sum over all rows)."""
    with database().connect() as c:
        raw = sum(row[2] or 0 for row in c.connection.cursor().execute(*bare_text).fetchall())
    with system_scope("bench kpi") as s:
        kept = s.scalar(
            select(func.coalesce(func.sum(KpiValue.numerator), 0)).where(
                KpiValue.code == kpi.code, KpiValue.grain == month.grain, KpiValue.period_start == month.start
            )
        )
    assert raw == kept, (kpi.code, raw, kept)


def _cockpit() -> list[dict[str, Any]]:
    """What the leadership's page reads."""
    codes, last = [k.code for k in all_kpis().values()], MONTHS[-1]
    reads: dict[str, Callable[[Any], Any]] = {
        "every indicator, the company": lambda s: store.figures(s, codes, [last]),
        "every indicator, each park": lambda s: store.figures(s, codes, [last], every_park=True),
        "trend of 24 indicators, 12 months": lambda s: store.trend(s, codes[:24], last, 12),
    }
    lines = []
    for name, read in reads.items():
        with system_scope("bench kpi") as s:
            lines.append({"op": f"read: {name}, p95 ms", "figures": len(read(s)), "seconds": _p95(lambda r=read, s=s: r(s))})
    return [*lines, *_page()]


def _page() -> list[dict[str, Any]]:
    """The cockpit itself, as leadership who see every park: one park, all parks together, and the figures for programs."""
    _leader()
    client = neighbour("grid").client()
    lines = []
    for query in (f"park={BASE + 1}", "park=all"):
        address = f"{PAGE}?period={MONTHS[-1].key}&{query}"
        answer = client.get(address)
        if answer.status_code == 404:
            return [{"op": f"page {PAGE}: there is none"}]
        assert answer.status_code == 200, (address, answer.status_code)
        lines.append({"op": f"page {address}, p95 ms", "figures": len(answer.data), "seconds": _p95(lambda a=address: client.get(a))})
    return lines


def _leader() -> None:
    from sqlalchemy import update

    from parkops.security.models import UserProfile
    from parkops.security.users import ensure_demo_user

    with system_scope("bench kpi") as s:
        ensure_demo_user(s, username="bench", role="leadership", full_name="Bench", park_id=BASE + 1, password=neighbour("grid").PASSWORD)
        s.execute(update(UserProfile).values(all_parks=True), execution_options={"synchronize_session": False})


def _p95(work: Callable[[], Any]) -> float:
    """Milliseconds."""
    found = []
    work()
    for _turn in range(TURNS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return round(sorted(found)[int(TURNS * 0.95) - 1] * 1000, 1)
