"""A payment after thousands in the same connection reads rows of its own only: PL/pgSQL keeps the plans of the triggers.

Counted by the server, not by the clock: rows fetched by one payment. The control gives the functions the plans of before."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

from receipts_help import bill, firm
from sqlalchemy import BigInteger, Date, String, cast, literal, null, select, text

from modules.billing.models.bill import Bill
from modules.billing.services import receipts, receipts_bulk
from parkops.db.session import Scope, engine, new_session

ON = date(2026, 3, 20)
MANY = 3_000
FETCHED = """select coalesce(sum(seq_tup_read + idx_tup_fetch), 0) from pg_stat_xact_user_tables
             where relname in ('billing_bill', 'billing_receipt', 'billing_ledger_entry', 'billing_ledger_line')"""


def many_bills(s, n):
    """2 n posted bills like a first one, each firm has two."""
    one = bill(s, firm(s))
    return s.connection().execute(text("""
        with firms as (insert into tenants_firm (park_id, name) select :park, 'Payer ' || i from generate_series(1, :n) i returning id)
        insert into billing_bill (park_id, kind, firm_id, month, issued_on, due_on, state, net, vat, gross, settled, version)
        select b.park_id, b.kind, f.id, b.month, b.issued_on, b.due_on, 'draft', b.net, b.vat, b.gross, 0, 1
          from billing_bill b, firms f, generate_series(1, 2) where b.id = :id returning id"""),
        {"n": n, "id": one.id, "park": one.park_id}).scalars().all(), one.id


def posted(s, ids, like):
    s.connection().execute(text("""
        update billing_bill b set state = 'posted', number = 'T-' || b.id, entry_id = o.entry_id, posted_at = o.posted_at, posted_by = 't'
          from billing_bill o where o.id = :id and b.id = any(:ids)"""), {"id": like, "ids": ids})


def pay_all(s, park, ids):
    due = receipts_bulk.payable(select(Bill.id).where(Bill.id.in_(ids))).subquery()
    assert receipts.receive_many(s, park_id=park, payments=select(
        due, literal(ON, Date).label("received_on"), cast(null(), BigInteger).label("bank_account_id"),
        cast(null(), String).label("reference"))) == len(ids)


def read_by_one_payment():
    """Pay all bills but one by two statements, the last alone in a transaction of the same connection; rows the last has read."""
    with engine().connect() as c:
        park = c.execute(text("select id from core_park where code = 'east'")).scalar_one()
    scope = Scope(parks=frozenset({park}), system=True, park_id=park, via="system", user_name="test", reason="test")
    backends = set()
    with new_session(scope) as s:
        ids, like = many_bills(s, MANY // 2)
        posted(s, ids, like)
        pay_all(s, park, ids[: MANY // 2])
        s.commit()
    with engine(owner=True).connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("analyze billing_bill, billing_receipt, billing_ledger_entry, billing_ledger_line"))
    with new_session(scope) as s:
        pay_all(s, park, ids[MANY // 2: -1])
        backends.add(s.scalar(text("select pg_backend_pid()")))
        last = s.get(Bill, ids[-1])
        firm_id, gross = last.firm_id, last.gross
        s.commit()
    with new_session(scope) as s:
        before = int(s.scalar(text(FETCHED)))  # the server may not have handed in the batch's yet
        receipts.receive(s, firm_id=firm_id, amount=gross, received_on=ON, allocate=[(ids[-1], gross)])
        backends.add(s.scalar(text("select pg_backend_pid()")))
        assert len(backends) == 1 and gross == D(1000)
        return int(s.scalar(text(FETCHED))) - before


def test_a_payment_after_thousands_reads_its_own_rows(fresh_db):
    assert read_by_one_payment() < 60


def test_control_with_the_plan_of_the_batch_it_reads_the_table(fresh_db):
    with engine(owner=True).begin() as c:
        c.execute(text("alter function billing_allocation_apply() reset enable_hashjoin"))
        c.execute(text("alter function billing_allocation_apply() reset enable_mergejoin"))
    assert read_by_one_payment() > MANY / 2
