"""`parkops bench report --size 60`: the annual rating report of a park with so many carriers that it has at least `size` pages.

Asked: 60 pages in 10 seconds or less. Counted from the records each time: every carrier with its firms in incubation, four years of every
gate, nearest firms, what-if, pictures and the annex. `data` is the counting, `pdf` typst, `xlsx` the workbook from the same document."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

DATABASE = "parkops_bench_report"
PAGES_EACH, FIRMS = 3, 40  # pages a carrier takes, firms in it
TODAY = date(2026, 3, 31)


def prepare(carriers: int) -> int:
    """A park whose incubators have firms with stages, qualifications, rounds and two years of figures."""
    from modules.tenants.models.carrier import Carrier
    from parkops.db.session import Scope, session_scope, system_scope
    from parkops.models import Park

    with system_scope("bench") as s:
        park = Park(code="bench", name="测试园区")
        s.add(park)
        s.flush()
        park_id = park.id
    with session_scope(Scope(system=True, parks=frozenset({park_id}), park_id=park_id, via="cli", reason="bench")) as s:
        for n in range(carriers):
            values = {"code": f"B{n}", "name": f"测试孵化器{n + 1}", "carrier_type": "incubator", "operator": "测试运营公司"}
            row = Carrier(park_id=park_id, founded_on=date(2015, 1, 1), area=Decimal(6000 + n), **values)
            s.add(row)
            s.flush()
            _firms(s, row, n)
    return park_id


def _firms(s: Any, carrier: Any, n: int) -> None:
    from sqlalchemy.dialects.postgresql import Range

    from modules.tenants.models.financing import FinancingEvent
    from modules.tenants.models.firm import Firm
    from modules.tenants.models.qualification import Qualification
    from modules.tenants.models.stage import Stage
    from modules.tenants.models.statement import FirmStatement

    park = {"park_id": carrier.park_id}
    firms = [
        Firm(name=f"测试企业{n}-{i}", state="incubating", carrier_id=carrier.id, registered_on=date(2020, 1, 1), **park)
        for i in range(FIRMS)
    ]
    s.add_all(firms)
    s.flush()
    for i, f in enumerate(firms):
        start = date(2021, 1, 1) + timedelta(days=37 * i % 1500)
        s.add(Stage(firm_id=f.id, carrier_id=carrier.id, state="incubating", step="bench", during=Range(start, None, bounds="[)"), **park))
        if i % 4 == 0:
            s.add(Qualification(firm_id=f.id, kind="tech_sme", obtained_on=date(2024, 6, 1), **park))
        if i % 7 == 0:
            s.add(FinancingEvent(firm_id=f.id, kind="vc", on_date=date(2025, 5, 1), amount=Decimal(100), amount_cny=Decimal(100), **park))
        for year, revenue in ((2024, 1000), (2025, 1000 + 30 * (i % 12))):
            day = date(year, 1, 1)
            s.add(FirmStatement(firm_id=f.id, grain="year", period_start=day, reported_on=day, revenue=Decimal(revenue), **park))
    s.flush()


def pages_of(pdf: bytes) -> int:
    """Pages of a PDF; the reader comes with the packages of the tests."""
    try:
        from pypdf import PdfReader
    except ImportError:
        raise SystemExit("Counting the pages needs the packages of the tests: run `make .venv/.installed-dev`, then again.") from None
    return len(PdfReader(BytesIO(pdf)).pages)


def make(park_id: int) -> dict[str, Any]:
    """One report: seconds of each part and its pages."""
    from parkops.clock import Period
    from parkops.db.session import system_scope
    from parkops.i18n import force_locale
    from parkops.reports import registry

    asked = registry.Request(park_id, Period.parse("2025"), TODAY, datetime(2026, 3, 31, tzinfo=UTC), None, "bench")
    with system_scope("bench", {park_id}, park_id=park_id) as s, force_locale("zh"):
        start = time.perf_counter()
        document = registry.document_of(s, "annual-rating", asked)
        counted = time.perf_counter()
        pdf = registry.draw(document, "pdf")
        drawn = time.perf_counter()
        registry.draw(document, "xlsx")
        done = time.perf_counter()
    pages = pages_of(pdf)
    return {"pages": pages, "seconds": round(drawn - start, 2), "data": round(counted - start, 2), "pdf": round(drawn - counted, 2),
            "xlsx": round(done - drawn, 2), "pages_per_second": round(pages / (drawn - start), 1)}  # fmt: skip


def run(size: int = 60) -> list[dict[str, Any]]:
    """Three reports of one park, the first with cold caches. `size`: pages at least (at most 600)."""
    from parkops.testing.benches import own_database

    carriers = max(1, min(size, 600) // PAGES_EACH)
    with own_database(DATABASE):
        park_id = prepare(carriers)
        rows = [{"round": n + 1, "carriers": carriers, "firms": carriers * FIRMS, **make(park_id)} for n in range(3)]
    assert size > 600 or rows[0]["pages"] >= size, rows
    return rows
