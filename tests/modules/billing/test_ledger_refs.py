"""What ledger lines, receipts and allocations point to is there and stays, although the server does not check it row by row (from
PostgreSQL 18 on)."""

from __future__ import annotations

import threading
import time
from datetime import date

import pytest
from ledger_help import DAY, D, pair
from receipts_help import bill, firm
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import DBAPIError

from modules.billing.models.catalogue import Account
from modules.billing.models.ledger import LedgerLine
from modules.billing.models.receipt import Allocation, Receipt
from modules.billing.models.references import ALLOCATION, LINE, RECEIPT
from modules.billing.services import ledger, receipts
from modules.tenants.models.firm import Firm
from parkops.db.session import Scope, new_session, system_scope

NOWHERE = 987_654_321
ON = date(2026, 3, 20)


def constraint(found):
    return found.value.orig.diag.constraint_name


def paid(session):
    """A firm with a bill and the receipt that settles it."""
    payer = firm(session)
    due = bill(session, payer)
    return payer, due, receipts.receive(session, firm_id=payer.id, amount=D(1000), received_on=ON, allocate=[(due.id, D(1000))])


def refused(session, statement, rows):
    with pytest.raises(DBAPIError) as found, session.begin_nested():
        session.connection().execute(statement, rows)
    return found


def posting(session, park, **leg):
    """A posting whose second leg points where `leg` says."""
    first, second = pair(session)
    return lambda: ledger.post(session, park_id=park.id, kind="manual", on=DAY, memo="x", legs=[
        first, ledger.Leg(leg.get("account_id", second.account_id), 0, second.credit, leg.get("firm_id"))])


@pytest.mark.parametrize("column", LINE)
def test_a_line_points_to_what_is_there(session, park, column):
    with pytest.raises(DBAPIError) as found, session.begin_nested():
        posting(session, park, **{column: NOWHERE})()
    assert constraint(found) == f"fk_billing_ledger_line_{column}"
    assert posting(session, park, firm_id=firm(session).id)().number  # control: the same with what is there


def test_nobody_deletes_the_account_or_the_firm_of_a_line(session, park):
    payer, account = firm(session), Account(code="9901", name="x", kind="asset")
    alone, unused = firm(session), Account(code="9902", name="y", kind="asset")
    session.add_all([account, unused])
    session.flush()
    posting(session, park, firm_id=payer.id, account_id=account.id)()
    for column, model, pk in (("account_id", Account, account.id), ("firm_id", Firm, payer.id)):
        found = refused(session, delete(model.__table__).where(model.__table__.c.id == pk), {})
        assert constraint(found) == f"fk_billing_ledger_line_{column}"
    for model, pk in ((Account, unused.id), (Firm, alone.id)):  # control: no line names them
        assert session.connection().execute(delete(model.__table__).where(model.__table__.c.id == pk)).rowcount == 1


def test_a_receipt_stands_in_the_park_of_an_entry_that_is_there(session, park, park2):
    _payer, _due, receipt = paid(session)
    row = {c.name: getattr(receipt, c.name) for c in Receipt.__table__.columns if c.name not in ("id", "created_at")} | {"allocated": D(0)}
    for change in ({"entry_id": NOWHERE}, {"park_id": park2.id}, {"park_id": NOWHERE}):
        found = refused(session, insert(Receipt.__table__), [row | change | {"number": "R-x"}])
        assert constraint(found) == "fk_billing_receipt_entry_id"
    assert session.connection().execute(insert(Receipt.__table__).returning(Receipt.id), row | {"number": "R-x"}).scalar_one()  # control
    found = refused(session, text(f"update billing_receipt set entry_id = {NOWHERE} where id = {receipt.id}"), {})
    assert found.value.orig.sqlstate == "23001"


@pytest.mark.parametrize("change", [
    {"bill_id": NOWHERE}, {"receipt_id": NOWHERE}, {"park_id": NOWHERE}, {"receipt_id": None, "credit_id": NOWHERE},
    {"bill_id": None, "refund_id": NOWHERE}, {"amount": D(-10), "undoes_id": NOWHERE}])
def test_an_allocation_joins_documents_that_are_there(session, change):
    payer, _due, _receipt = paid(session)
    other = bill(session, payer)
    left = receipts.receive(session, firm_id=payer.id, amount=D(1000), received_on=ON, allocate=None)
    row = {"park_id": payer.park_id, "bill_id": other.id, "receipt_id": left.id, "credit_id": None, "refund_id": None, "amount": D(10),
           "on_date": ON, "undoes_id": None, "made_by": "test"}
    refused(session, insert(Allocation.__table__), [row | change])
    assert session.connection().execute(insert(Allocation.__table__).returning(Allocation.id), row).scalar_one()  # control


def test_what_was_allocated_is_never_removed(session):
    payer, due, receipt = paid(session)
    for table, pk in (("billing_bill", due.id), ("billing_receipt", receipt.id), ("billing_ledger_entry", receipt.entry_id)):
        refused(session, text(f"delete from {table} where id = {pk}"), {})
    refused(session, text(f"delete from billing_ledger_head where park_id = {payer.park_id}"), {})
    refused(session, text(f"update billing_ledger_head set park_id = {NOWHERE} where park_id = {payer.park_id}"), {})
    refused(session, text("delete from billing_allocation"), {})


def test_a_temporary_table_does_not_stand_in_for_the_documents(session):
    """The trigger settles the real bill whatever the connection's search path says."""
    payer, _due, _receipt = paid(session)
    other = bill(session, payer)
    left = receipts.receive(session, firm_id=payer.id, amount=D(1000), received_on=ON, allocate=None)
    session.connection().execute(text("create temporary table billing_bill (like public.billing_bill) on commit drop"))
    session.connection().execute(insert(Allocation.__table__), [
        {"park_id": payer.park_id, "bill_id": other.id, "receipt_id": left.id, "amount": D(10), "on_date": ON, "made_by": "test"}])
    assert session.connection().execute(text(f"select settled from public.billing_bill where id = {other.id}")).scalar_one() == 1000
    session.connection().execute(text("drop table pg_temp.billing_bill"))


def _until_blocked(done):
    """Until the other session waits for a lock, or is through."""
    deadline = time.monotonic() + 30
    while not done.is_set() and time.monotonic() < deadline:
        with system_scope("test") as s:
            if s.execute(text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).scalar():
                return
        done.wait(0.02)


def race(first, second):
    """`first` has acted but not committed; `second` acts; then `first` commits. Returns what each came to, and dangling lines."""
    with system_scope("test") as s:
        park_id = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
    scope = Scope(parks=None, system=True, park_id=park_id, via="system", user_name="test", reason="test")
    said, done = {}, threading.Event()
    with new_session(scope) as s:
        firm_id = firm(s).id
        s.commit()

    def act(s, what):
        if what == "delete":
            s.execute(delete(Firm.__table__).where(Firm.__table__.c.id == firm_id))
        else:
            one, two = pair(s)
            ledger.post(s, park_id=park_id, kind="manual", on=DAY, memo="x", legs=[one, ledger.Leg(two.account_id, 0, two.credit, firm_id)])

    def other():
        with new_session(scope) as s:
            try:
                act(s, second)
                s.commit()
                said["second"] = "done"
            except DBAPIError as e:
                s.rollback()
                said["second"] = e.orig.diag.constraint_name
            finally:
                done.set()

    with new_session(scope) as s:
        act(s, first)
        thread = threading.Thread(target=other)
        thread.start()
        _until_blocked(done)
        s.commit()
        thread.join(30)
    with system_scope("test") as s:
        lost = s.connection().execute(text("select count(*) from billing_ledger_line l where l.firm_id is not null and not exists "
                                           "(select 1 from tenants_firm f where f.id = l.firm_id)")).scalar_one()
    return said["second"], lost


@pytest.mark.parametrize("first,second", [("post", "delete"), ("delete", "post")])
def test_posting_beside_a_delete_leaves_no_line_in_the_air(fresh_db, first, second):
    assert race(first, second) == ("fk_billing_ledger_line_firm_id", 0)


def test_control_without_the_triggers_a_line_is_left_in_the_air(fresh_db):
    with system_scope("test") as s:
        if s.connection().execute(text("show server_version_num")).scalar_one() < "180000":
            pytest.skip("the server enforces the keys itself")
    from parkops.db.session import engine

    with engine(owner=True).begin() as c:
        c.execute(text("alter table billing_ledger_line disable trigger billing_ledger_line_there"))
    assert race("delete", "post") == ("done", 1)


def test_the_declared_keys_are_the_ones_left_to_us(session):
    found = session.connection().execute(text(
        "select conrelid::regclass::text, conname from pg_constraint where contype = 'f' and not conenforced")).all()
    ours = {(t, f"fk_{t}_{c}") for t, columns in (("billing_ledger_line", LINE), ("billing_receipt", RECEIPT), (
        "billing_allocation", ALLOCATION), ("billing_ledger_entry", ("park_id",))) for c in columns}
    assert {row for row in map(tuple, found) if row[0] in {t for t, _c in ours}} == ours
    assert LedgerLine.__table__.name == "billing_ledger_line"
