"""`parkops bench lb1 --size 10000`: the lease-billing workload LB-1 through the product's own services, beside bare SQL.

N firms, one running monthly lease each with two lines, VAT of 20 % on top, four months billed and three of them paid. Rights,
audit rows, guards and the hash chain are on. Every line checks what must hold afterwards; a difference stops the run. The
floor (`bench/_lb1_raw.py`) does the same work in the same call, in its own schema of the same database. 3a asks over HTTP."""

from __future__ import annotations

import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from parkops.testing.benches import neighbour, own_database

DATABASE = "parkops_bench_lb1"
PASSWORD = "Bench-password-1"
MONTHS = tuple(date(2026, m, 1) for m in (1, 2, 3, 4))
AGED_ON = date(2026, 5, 15)
ROUNDS = 300


def prepare() -> int:
    """One park, a user for HTTP and VAT of 20 % for both lines; returns the park's id."""
    from sqlalchemy import text

    from parkops.db.session import engine, system_scope
    from parkops.models import Park
    from parkops.security.users import ensure_demo_user

    with engine(owner=True).begin() as c:
        c.execute(text("update billing_vat_rate set rate = 20000000 where supply in ('real_estate_lease', 'property_service')"))
    with system_scope("bench") as s:
        park = Park(code="bench", name="Bench")
        s.add(park)
        s.flush()
        WHO["user"] = ensure_demo_user(s, username="bench", role="finance", full_name="Bench", park_id=park.id, password=PASSWORD)
        WHO["park"] = park.id
        return park.id


def firms_file(folder: Path, n: int) -> Path:
    """N firms with an address as a spreadsheet."""
    from stdnum.cn import uscc

    path = folder / "firms.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("企业名称,统一社会信用代码,注册地址\n")
        for i in range(1, n + 1):
            body = f"91370800MA{i:07d}"
            out.write(f"Party {i:06d},{body + uscc.calc_check_digit(body)},Street {i}, Jining\n".replace(", Jining", " Jining"))
    return path


def leases_file(folder: Path, n: int) -> Path:
    """A lease each: office rent 400 + (13·i mod 1600) and a service charge of 150 a month, on a unit of one ㎡."""
    from stdnum.cn import uscc

    path = folder / "leases.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("合同编号,统一社会信用代码,房间,起租日,到期日,签订日期,付款日,计价方式,租金,物业费\n")
        for i in range(1, n + 1):
            body = f"91370800MA{i:07d}"
            code = body + uscc.calc_check_digit(body)
            out.write(f"LB-{i:06d},{code},U{i:06d},2026-01-01,2026-12-31,2026-01-01,31,month,{400 + 13 * i % 1600},150\n")
    return path


def units(park_id: int, n: int) -> None:
    """N units of one ㎡ in one building (not timed: the workload has none)."""
    from sqlalchemy import text

    from parkops.db.session import system_scope

    with system_scope("bench: units") as s:
        building = s.execute(text("insert into leasing_building (park_id, code, name) values (:p, 'B', 'B') returning id"),
                             {"p": park_id}).scalar()
        floor = s.execute(text("insert into leasing_floor (park_id, building_id, level, name) values (:p, :b, 1, '1F') returning id"),
                          {"p": park_id, "b": building}).scalar()
        s.execute(text("""insert into leasing_unit (park_id, building_id, floor_id, code, kind, lettable_area, starts_on)
            select :p, :b, :f, 'U' || lpad(i::text, 6, '0'), 'office', 100, date '2020-01-01'
              from generate_series(1, :n) i"""), {"p": park_id, "b": building, "f": floor, "n": n})


def clock(work: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    out = work(*args)
    return time.perf_counter() - started, out


def imported(kind: str, path: Path, n: int) -> None:
    """Through the importer, as `parkops import` does."""
    from parkops.importing import kind_of
    from parkops.web.importer.cli_import import import_file

    out = import_file(kind_of(kind), path, "bench")
    assert (out.inserted, out.rejected) == (n, []), (out.inserted, out.rejected[:3])


WHO: dict[str, int] = {}


def scope() -> Any:
    """A transaction of the finance user with exactly that role's rights in the one park."""
    from parkops.db.session import Scope, session_scope
    from parkops.security.catalogue import role_rights

    roles = frozenset({"finance"})
    return session_scope(Scope(user_id=WHO["user"], user_name="bench", roles=roles, rights=role_rights(roles),
                               parks=frozenset({WHO["park"]}), park_id=WHO["park"], via="cli"))


def generate(park_id: int, month: date) -> int:
    from modules.billing.services import runs

    with scope() as s:
        return runs.generate(s, month=month, issued_on=month, park_id=park_id).drafts


def post(park_id: int, month: date) -> int:
    from sqlalchemy import select

    from modules.billing.models.bill import BillRun
    from modules.billing.services import runs

    left, size = 1, 10_000
    while left:
        with scope() as s:
            run = s.scalars(select(BillRun).where(BillRun.park_id == park_id, BillRun.month == month)).one()
            left, done = runs.post_next(s, run, size=size), run.posted
    return done


def pay(park_id: int, month: date) -> int:
    from sqlalchemy import BigInteger, Date, String, cast, literal, null, select

    from modules.billing.models.bill import Bill
    from modules.billing.services import receipts_bulk

    with scope() as s:
        due = receipts_bulk.payable(select(Bill.id).where(Bill.park_id == park_id, Bill.month == month)).subquery()
        return receipts_bulk.receive_many(s, park_id=park_id, payments=select(
            due.c.bill_id, due.c.firm_id, due.c.amount, cast(literal(month.replace(day=20)), Date).label("received_on"),
            cast(null(), BigInteger).label("bank_account_id"), cast(null(), String).label("reference")))


def pay_one_by_one(park_id: int, month: date, count: int) -> int:
    from sqlalchemy import select

    from modules.billing.models.bill import Bill
    from modules.billing.services import receipts

    with scope() as s:
        open_ones = s.execute(select(Bill.id, Bill.firm_id, Bill.gross).where(
            Bill.park_id == park_id, Bill.month == month, Bill.state == "posted", Bill.settled < Bill.gross
        ).order_by(Bill.id).limit(count)).all()
    for bill_id, firm_id, gross in open_ones:
        with scope() as s:
            receipts.receive(s, firm_id=firm_id, amount=gross, received_on=month.replace(day=20), allocate=[(bill_id, gross)])
    return len(open_ones)


def aged(park_id: int) -> Any:
    from modules.billing.services import balances

    with scope() as s:
        return balances.ageing(s, AGED_ON, park_id)


def revenue(park_id: int) -> list[Any]:
    from sqlalchemy import func, select

    from modules.billing.models.catalogue import Account
    from modules.billing.models.ledger import LedgerEntry, LedgerLine

    month = func.date_trunc("month", LedgerEntry.entry_date)
    with scope() as s:
        return s.execute(select(month, LedgerLine.account_id, func.sum(LedgerLine.credit - LedgerLine.debit)).join(
            LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).join(Account, Account.id == LedgerLine.account_id).where(
            Account.kind == "income").group_by(month, LedgerLine.account_id).order_by(month, LedgerLine.account_id)).all()


def gross(n: int) -> Decimal:
    """What a month's bills come to, worked out apart from both."""
    return sum((Decimal(400 + 13 * i % 1600 + 150) * Decimal("1.2") for i in range(1, n + 1)), Decimal(0))


def verify(park_id: int, n: int, paid: int) -> None:
    """Numbers distinct and gap-free, four lines an entry, debits = credits, totals as worked out, paid bills settled."""
    from sqlalchemy import text

    from parkops.db.session import system_scope

    with system_scope("bench: verify") as s:
        one = s.connection().execute(text("""select count(*), count(distinct number), sum(gross), count(*) filter (where settled = gross),
            min(number), max(number) from billing_bill where park_id = :p and state = 'posted'"""), {"p": park_id}).one()
        lines = s.connection().execute(text("""select sum(debit) - sum(credit), count(*) filter (where e.kind = 'bill')
            from billing_ledger_line l join billing_ledger_entry e on e.id = l.entry_id where l.park_id = :p"""), {"p": park_id}).one()
    months = len(MONTHS)
    assert one[0] == one[1] == n * months and one[2] == int(gross(n) * 100) * months and one[3] == paid, (one, paid)
    assert int(one[5].rsplit("-", 1)[1]) - int(one[4].rsplit("-", 1)[1]) + 1 == n * months, one
    assert lines == (0, 4 * n * months), lines


def line(op: str, rows: int, seconds: float, raw: float | None, **more: Any) -> dict[str, Any]:
    return {"op": f"lb1: {op}", "rows": rows, "seconds": round(seconds, 3), "raw_seconds": round(raw, 3) if raw is not None else None,
            "ratio": round(seconds / raw, 2) if raw else None, "per_second": round(rows / seconds) if seconds else None, **more}


def run(size: int = 10_000) -> list[dict[str, Any]]:
    """The table of the workload."""
    import psycopg

    from parkops.db import embedded

    with own_database(DATABASE):
        park_id = prepare()
        url = embedded.owner_url().replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url, prepare_threshold=None) as connection:
            out = loaded(park_id, size, raw := neighbour("_lb1_raw").Raw(connection))
            out += billed(park_id, size, raw)
            out += reports(park_id, size, raw)
        out += listing(size)
        return out


def loaded(park_id: int, n: int, raw: Any) -> list[dict[str, Any]]:
    """0a, 0b: firms and leases from spreadsheets, and the peak memory of it."""
    from sqlalchemy import text

    from parkops.db.session import engine, system_scope

    units(park_id, n)
    with tempfile.TemporaryDirectory() as folder:
        first = clock(imported, "tenants.firms", firms_file(Path(folder), n), n)[0]
        second = clock(imported, "leasing.leases", leases_file(Path(folder), n), n)[0]
    with system_scope("bench: prices without VAT") as s:
        s.connection().execute(text("update leasing_lease set tax_included = false"))
    with engine(owner=True).connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("analyze"))
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    out = [line("0a load firms", n, first, clock(raw.parties, n)[0]),
           line("0b load leases", n, second, clock(raw.leases, n)[0], rss_mb=rss)]
    raw.analyze()
    return out


def billed(park_id: int, n: int, raw: Any) -> list[dict[str, Any]]:
    """1a, 1b, 2a month by month (the median of the months) and 2b on the last."""
    ours: dict[str, list[float]] = {"1a generate": [], "1b post": [], "2a pay": []}
    floor: dict[str, list[float]] = {k: [] for k in ours}
    for month in MONTHS:
        steps = [("1a generate", lambda m=month: generate(park_id, m), lambda m=month: raw.generate(m)),
                 ("1b post", lambda m=month: post(park_id, m), lambda m=month: raw.post(m))]
        if month != MONTHS[-1]:
            steps.append(("2a pay", lambda m=month: pay(park_id, m), lambda m=month: raw.pay(m, m.replace(day=20))))
        for name, mine, bare in steps:
            for book, work in ((ours, mine), (floor, bare)):
                seconds, done = clock(work)
                assert done == n, (name, month, done)
                book[name].append(seconds)
    assert generate(park_id, MONTHS[-1]) == 0, "generating again made bills"
    verify(park_id, n, n * 3)
    out = [line(name, n, statistics.median(ours[name]), statistics.median(floor[name])) for name in ours]
    seconds, found = clock(chain, park_id)
    assert found == [], found[:3]
    return [*out, line("1c verify the chain", 7 * n, seconds, None)]


def chain(park_id: int) -> list[Any]:
    """Every hash of the ledger worked out again."""
    from modules.billing.services import ledger_verify

    with scope() as s:
        return ledger_verify.verify(s, park_id)


def middle(work: Callable[..., Any], *args: Any, **more: Any) -> tuple[float, Any]:
    """The median of five turns and what the last one gave."""
    turns = [clock(lambda: work(*args, **more)) for _turn in range(5)]
    return statistics.median(t[0] for t in turns), turns[-1][1]


def reports(park_id: int, n: int, raw: Any) -> list[dict[str, Any]]:
    """4a, 4b, then 2b, which changes what is open."""
    bare = neighbour("_lb1_raw")
    seconds, found = middle(aged, park_id)
    assert len(found.firms) == n and found.total == gross(n), (len(found.firms), found.total)
    out = [line("4a aged receivable", n, seconds, middle(raw.rows, bare.AGED, on=AGED_ON)[0])]
    seconds, rows = middle(revenue, park_id)
    assert len(rows) == 2 * len(MONTHS), rows
    out.append(line("4b revenue by month and account", n, seconds, middle(raw.rows, bare.REVENUE)[0]))
    count = min(100, n)
    pay_one_by_one(park_id, MONTHS[-1], 5), raw.pay_one_by_one(MONTHS[-1], MONTHS[-1].replace(day=20), 5)
    seconds, done = clock(pay_one_by_one, park_id, MONTHS[-1], count)
    out.append(line("2b pay one by one", done, seconds, clock(raw.pay_one_by_one, MONTHS[-1], MONTHS[-1].replace(day=20), count)[0]))
    verify(park_id, n, n * 3 + 5 + done)
    return out


def listing(n: int) -> list[dict[str, Any]]:
    """3a: JSON over HTTP on one kept connection: 80 firms whose name contains a fragment; 3b: with what each owes."""
    from parkops.testing.served import Browser, served

    out = []
    with served() as port:
        browser = Browser(port)
        browser.log_in("bench", PASSWORD)
        for name, columns in (("3a listing", ["name"]), ("3b listing with balance", ["name", "balance"])):
            q = {"filters": [["name", "contains", "Party 00"]], "size": 80, "columns": columns, "count": False,
                 "sort": [["name", "asc"]]}
            url, times = "/api/v1/tenants/firm/?q=" + quote(json.dumps(q)), []
            for _turn in range(ROUNDS + 40):
                seconds, (status, body) = clock(browser.get, url)
                assert status == 200 and len(json.loads(body)["rows"]) == min(80, n), (status, body[:200])
                times.append(seconds)
            times = sorted(times[40:])
            middle = statistics.median(times)
            out.append(line(name, min(80, n), middle, None, p50_ms=round(middle * 1000, 1),
                            p95_ms=round(times[int(len(times) * 0.95)] * 1000, 1)))
    return out


if __name__ == "__main__":
    import sys

    for found in run(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000):
        print(json.dumps(found, ensure_ascii=False))
