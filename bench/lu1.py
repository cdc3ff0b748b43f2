"""`parkops bench lu1 --size 10000`: the instrument-usage workload LU-1 through the product's own services, beside bare SQL.

N/10 firms, 40 instruments at 20 + 5k per hour, 5N events a month for six months: event i of a month is account i mod N/10,
instrument i mod 40, 30 + 15·(7i mod 8) minutes. One bill per firm and month, one line per event, VAT of 20 % on top. The six
months come to 5,737,500.00 at N = 1000 (that is the check at every size: worked out apart). Then the same six months with
tiers, windows, daily caps and rights of firms, in a second park. `--months 1` takes the first of them only, for a large size. The
floor (`bench/_lu1_raw.py`) runs in the same call."""

from __future__ import annotations

import json
import resource
import statistics
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from parkops.testing.benches import neighbour, own_database

ZONE = ZoneInfo("Asia/Shanghai")
MONTHS = tuple(date(2026, m, 1) for m in range(1, 7))
INSTRUMENTS, FREE = 40, 120
JOB = 3600  # seconds
KNOWN = {1000: Decimal("5737500.00")}


def after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def events(n: int, month: date) -> Iterator[tuple[int, int, datetime, datetime]]:
    """Account, instrument (from 1), start, end of the month's 5N events, spread over its days and hours."""
    days = (after(month) - month).days
    accounts = n // 10
    for i in range(5 * n):
        start = instant(month + timedelta(days=i // 7 % days)) + timedelta(minutes=15 * (i % 80))
        yield i % accounts + 1, i % INSTRUMENTS + 1, start, start + timedelta(minutes=30 + 15 * (7 * i % 8))


def expected(n: int, months: int) -> Decimal:
    """What the months come to with VAT, worked out apart from both."""
    fen = 0
    for i in range(5 * n):
        minutes, price = 30 + 15 * (7 * i % 8), (20 + 5 * (i % INSTRUMENTS)) * 100
        net = (2 * minutes * price + 60) // 120
        fen += net + (net * 2 + 5) // 10
    return Decimal(fen * months).scaleb(-2)


def prepare_park(park_id: int, n: int, *, rich: bool) -> None:
    """Firms, a platform, instruments, a paying project each and the rates (not timed)."""
    from sqlalchemy import text

    from modules.billing.services import catalogue
    from modules.platforms.services import rates
    from parkops import settings
    from parkops.db.session import system_scope

    with system_scope("bench: prices without VAT", parks=[park_id]) as s:
        c = s.connection()
        at = {"p": park_id, "n": n // 10, "k": INSTRUMENTS, "item": catalogue.by_code(s, "service_fee").id}
        c.execute(text("insert into tenants_firm (park_id, name) select :p, 'Account ' || i from generate_series(1, :n) i"), at)
        settings.put(s, "platforms.tax_included", False, park_id=park_id)
        at["platform"] = c.execute(text("insert into platforms_platform (park_id, code, name, charge_item_id) values "
                                        "(:p, 'P', 'Platform', :item) returning id"), at).scalar()
        c.execute(text("insert into platforms_instrument (park_id, platform_id, code, name) select :p, :platform, 'I' || k, "
                       "'Instrument ' || k from generate_series(1, :k) k"), at)
        c.execute(text("insert into platforms_project (park_id, number, name, firm_id, customer_class, starts_on) "
                       "select :p, 'PP-' || split_part(name, ' ', 2), name, id, 'incubatee', '2026-01-01' from tenants_firm "
                       "where park_id = :p"), at)
        if rich:
            c.execute(text("""with plan as (insert into booking_plan (park_id, code, name) values (:p, 'F', 'Free hours') returning id),
                line as (insert into booking_plan_line (park_id, plan_id, unit, minutes) select :p, id, 'minutes', :free from plan)
                insert into booking_grant (park_id, firm_id, plan_id, starts_on) select :p, f.id, plan.id, '2026-01-01'
                  from plan, tenants_firm f where f.park_id = :p and split_part(f.name, ' ', 2)::int % 5 = 0"""), at | {"free": FREE})
        ids = dict(c.execute(text("select code, id from platforms_instrument where park_id = :p"), at).all())
    with scope(park_id, "operations_manager") as s:
        for k in range(INSTRUMENTS):
            price = Decimal(20 + 5 * k)
            form = ("plain", "tiers", "windows", "cap")[k % 4] if rich else "plain"
            same = {"kind": "usage", "platform_id": at["platform"], "instrument_id": ids[f"I{k + 1}"], "starts_on": MONTHS[0]}
            base = rates.create_rate(s, amount=price, daily_cap=Decimal(150) if form == "cap" else None, **same)
            if form == "tiers":
                rates.create_tier(s, rate_id=base.id, after=60, amount=price / 2)
            if form == "windows":
                rates.create_rate(s, amount=price / 2, weekdays="12345", opens="00:00", closes="08:00", **same)
                rates.create_rate(s, amount=price / 2, weekdays="67", opens="00:00", closes="24:00", **same)


@contextmanager
def scope(park_id: int, *roles: str) -> Iterator[Any]:
    """A transaction with these roles' rights; a statement may take as long as in a job."""
    from sqlalchemy import text

    from parkops.db.session import Scope, session_scope
    from parkops.security.catalogue import role_rights

    held = frozenset(roles)
    with session_scope(Scope(user_id=None, user_name="bench", roles=held, rights=role_rights(held), parks=frozenset({park_id}),
                             park_id=park_id, via="cli")) as session:
        session.execute(text(f"set local statement_timeout = {JOB * 1000}"))
        yield session


def load(park_id: int, rows: Any, at: datetime) -> int:
    from modules.platforms.services import loading

    with scope(park_id, "operations_manager") as s:
        return loading.load_usage(s, ((f"I{k}", f"PP-{a}", start, end) for a, k, start, end in rows), at=at, park_id=park_id)


def bill(park_id: int, month: date) -> tuple[int, int]:
    """5b: price the month and make its bills with a line per event; returns events and bills."""
    from modules.billing.services import runs
    from modules.platforms.services import month_runs

    with scope(park_id, "finance") as s:
        priced = month_runs.price_month(s, month=month, park_id=park_id)
        made = runs.generate(s, month=month, issued_on=month, park_id=park_id)
        return priced.events, made.drafts


def post(park_id: int, month: date) -> int:
    from sqlalchemy import select

    from modules.billing.models.bill import BillRun
    from modules.billing.services import runs

    left = 1
    while left:
        with scope(park_id, "finance") as s:
            run = s.scalars(select(BillRun).where(BillRun.park_id == park_id, BillRun.month == month)).one()
            left, done = runs.post_next(s, run, size=10_000), run.posted
    return done


def records(park_id: int, month: date) -> list[str]:
    from modules.platforms.services import month_records

    with scope(park_id, "finance") as s:
        return list(month_records.pieces(s, month=month, park_id=park_id))


def forget() -> None:
    """Begin the count of memory anew, where the system lets us: what bare SQL fetched before is not ours."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def taken() -> int:
    """The most memory this process has had since, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def total(park_id: int) -> Decimal:
    from sqlalchemy import text

    from parkops.db.session import system_scope

    with system_scope("bench: control total") as s:
        fen, lines, linked = s.connection().execute(text(
            "select coalesce(sum(c.gross), 0), count(*), count(e.id) from billing_charge c left join platforms_event e "
            "on e.id = c.source_id and e.park_id = c.park_id where c.park_id = :p and c.source = 'platforms.event'"), {"p": park_id}).one()
        assert lines == linked, "a line without its event"
        return Decimal(int(fen)).scaleb(-2)


def line(op: str, rows: int, seconds: float, raw: float | None, **more: Any) -> dict[str, Any]:
    return {"op": f"lu1: {op}", "rows": rows, "seconds": round(seconds, 3), "raw_seconds": round(raw, 3) if raw is not None else None,
            "ratio": round(seconds / raw, 2) if raw else None, "per_second": round(rows / seconds) if seconds else None, **more}


def analyze() -> None:
    from sqlalchemy import text

    from parkops.db.session import engine

    with engine(owner=True).connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("analyze"))


def variant(park_id: int, n: int, months: int, raw: Any, *, rich: bool) -> list[dict[str, Any]]:
    """The months: load, bill, post, records; the median of them. `rss_mb`: the most our steps of the first month took, the text of
    the records included; what bare SQL takes for its own comes later."""
    clock = neighbour("lb1").clock
    name = " with tiers, windows, caps, rights" if rich else ""
    ours: dict[str, list[float]] = {k: [] for k in ("5a load", "5b bill a month", "5c post the bills", "5d records as JSON")}
    floor: dict[str, list[float]] = {k: [] for k in ours}
    rss = 0
    forget()

    def took(step: str, mine: Any, bare: Any) -> tuple[Any, Any]:
        seconds, out = clock(mine)
        ours[step].append(seconds)
        seconds, other = clock(bare) if bare else (0.0, None)
        floor[step].append(seconds)
        return out, other

    for month in MONTHS[:months]:
        first, next_ = instant(month), instant(after(month))
        done = took("5a load", lambda m=month, a=first: load(park_id, events(n, m), a), lambda m=month: raw.load(events(n, m)))
        assert done == (5 * n, 5 * n), done
        if month == MONTHS[0]:
            analyze(), raw.analyze()
        (priced, bills), lines = took("5b bill a month", lambda m=month: bill(park_id, m),
                                      lambda a=first, b=next_: raw.bill(a, b, rich=rich))
        assert (priced, bills) == (5 * n, n // 10) and (rich or lines == 5 * n), (month, priced, bills, lines)
        again = bill(park_id, month)
        assert again == (5 * n, n // 10), ("billing again made something", again)
        posted, _raw = took("5c post the bills", lambda m=month: post(park_id, m), None)
        assert posted == n // 10, posted
        texts, bare = took("5d records as JSON", lambda m=month: (records(park_id, m), taken()),
                           lambda a=first, b=next_: raw.records(a, b))
        texts, rss = texts[0], rss or texts[1]
        assert sum(len(json.loads(f"[{t}]")) for t in texts) == bare.count('{"id"') == 5 * n
    out = [line(step + name, 5 * n, statistics.median(ours[step]), statistics.median(floor[step]) or None) for step in ours]
    out[1] |= {"total": str(total(park_id)), "rss_mb": rss}
    return out


def run(size: int = 10_000, months: int = len(MONTHS)) -> list[dict[str, Any]]:
    """The table of the workload, plain and with everything; fewer months for a look at a large size."""
    import psycopg

    from parkops.db import embedded
    from parkops.db.session import system_scope
    from parkops.models import Park

    size = max(40, size - size % 40)  # whole accounts, every instrument alike
    with own_database("parkops_bench_lu1"):
        park_id = neighbour("lb1").prepare()
        url = embedded.owner_url().replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url, prepare_threshold=None) as connection:
            out = []
            for rich in (False, True):
                if rich:
                    with system_scope("bench: a second park") as s:
                        second = Park(code="bench2", name="Bench 2")
                        s.add(second)
                        s.flush()
                        park_id = second.id
                    connection.execute("drop schema rawu cascade")
                    connection.commit()
                raw = neighbour("_lu1_raw").Raw(connection)
                raw.reference(size // 10, INSTRUMENTS)
                if rich:
                    raw.rich(FREE)
                prepare_park(park_id, size, rich=rich)
                out += variant(park_id, size, months, raw, rich=rich)
                found, bare = total(park_id), Decimal(int(raw.total())).scaleb(-2)
                known = KNOWN.get(size, found) if months == len(MONTHS) else found
                assert found == bare and (rich or found == expected(size, months) == known), (found, bare, known)
        return out


if __name__ == "__main__":
    import sys

    for found in run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000):
        print(json.dumps(found, ensure_ascii=False))
