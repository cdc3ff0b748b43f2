"""Attacks on posted receipts, allocations and deposits (goal G4): every road, the application's own database role included."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from receipts_help import bill, firm
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from modules.billing.models.bill import Bill
from modules.billing.models.deposit import Deposit, DepositMove
from modules.billing.models.receipt import Allocation, Receipt
from modules.billing.services import deposits, receipts

ON = date(2026, 4, 20)


@pytest.fixture
def posted(session):
    """A settled bill, an open one, a receipt with an advance left, another firm's bill, and a deposit that is held."""
    f, other = firm(session), firm(session)
    a, b, foreign = bill(session, f, "300"), bill(session, f, "500", date(2026, 3, 2)), bill(session, other, "300")
    got = receipts.receive(session, firm_id=f.id, amount=D(400), received_on=ON, allocate=[(a.id, D(300))])
    held = deposits.agree_deposit(session, firm_id=f.id, kind="pledge", agreed=D(100))
    deposits.receive_deposit(session, held, amount=D(100), on=ON)
    row = session.scalars(select(Allocation).where(Allocation.receipt_id == got.id)).one()
    move = session.scalars(select(DepositMove).where(DepositMove.deposit_id == held.id)).one()
    return {"a": a.id, "b": b.id, "foreign": foreign.id, "r": got.id, "x": row.id, "d": held.id, "m": move.id, "park": f.park_id,
            "firm": f.id, "other": other.id, "entry": got.entry_id}


NEW = "INSERT INTO billing_allocation (park_id, bill_id, receipt_id, credit_id, refund_id, amount, on_date, undoes_id, made_by) VALUES "
RECEIPT = "INSERT INTO billing_receipt (park_id, number, kind, firm_id, received_on, amount, allocated, entry_id, posted_at, posted_by) VALUES "
SQL = {
    "receipt amount": "UPDATE billing_receipt SET amount = amount + 1 WHERE id = :r",
    "receipt day moved out": "UPDATE billing_receipt SET received_on = '2026-01-01' WHERE id = :r",
    "receipt to another firm": "UPDATE billing_receipt SET firm_id = :other WHERE id = :r",
    "receipt firm taken away": "UPDATE billing_receipt SET firm_id = NULL WHERE id = :r",
    "receipt number": "UPDATE billing_receipt SET number = 'R-0' WHERE id = :r",
    "receipt entry": "UPDATE billing_receipt SET entry_id = entry_id WHERE id = :r; UPDATE billing_receipt SET payer = 'x' WHERE id = :r",
    "receipt allocated": "UPDATE billing_receipt SET allocated = 0 WHERE id = :r",
    "receipt allocated and back": "UPDATE billing_receipt SET allocated = amount WHERE id = :r",
    "receipt deleted": "DELETE FROM billing_receipt WHERE id = :r",
    "receipts truncated": "TRUNCATE billing_receipt CASCADE",
    "receipt born allocated": RECEIPT + "(:park, 'R-9', 'bank', :firm, '2026-04-20', 100, 100, :entry, now(), 'x')",
    "receipt replaced": "INSERT INTO billing_receipt SELECT * FROM billing_receipt WHERE id = :r ON CONFLICT (id) DO UPDATE SET amount = 1",
    "allocation amount": "UPDATE billing_allocation SET amount = 1 WHERE id = :x",
    "allocation moved": "UPDATE billing_allocation SET bill_id = :b WHERE id = :x",
    "allocation day": "UPDATE billing_allocation SET on_date = '2026-01-01' WHERE id = :x",
    "allocation deleted": "DELETE FROM billing_allocation WHERE id = :x",
    "allocations truncated": "TRUNCATE billing_allocation",
    "bill over-settled": NEW + "(:park, :b, :r, NULL, NULL, 50001, '2026-04-20', NULL, 'x')",
    "receipt over-used": NEW + "(:park, :b, :r, NULL, NULL, 10001, '2026-04-20', NULL, 'x')",
    "settled bill again": NEW + "(:park, :a, :r, NULL, NULL, 1, '2026-04-20', NULL, 'x')",
    "another firm's bill": NEW + "(:park, :foreign, :r, NULL, NULL, 1, '2026-04-20', NULL, 'x')",
    "negative without undoing": NEW + "(:park, :a, :r, NULL, NULL, -30000, '2026-04-20', NULL, 'x')",
    "half undone": NEW + "(:park, :a, :r, NULL, NULL, -1, '2026-04-20', :x, 'x')",
    "undone on another bill": NEW + "(:park, :b, :r, NULL, NULL, -30000, '2026-04-20', :x, 'x')",
    "no source": NEW + "(:park, :b, NULL, NULL, NULL, 1, '2026-04-20', NULL, 'x')",
    "a bill as credit": NEW + "(:park, :b, NULL, :a, NULL, 1, '2026-04-20', NULL, 'x')",
    "bill settled": "UPDATE billing_bill SET settled = gross WHERE id = :b",
    "bill unsettled": "UPDATE billing_bill SET settled = 0 WHERE id = :a",
    "bill deleted": "DELETE FROM billing_bill WHERE id = :a",
    "deposit held": "UPDATE billing_deposit SET held = 0 WHERE id = :d",
    "deposit kind": "UPDATE billing_deposit SET kind = 'performance' WHERE id = :d",
    "deposit firm": "UPDATE billing_deposit SET firm_id = :other WHERE id = :d",
    "deposit deleted": "DELETE FROM billing_deposit WHERE id = :d",
    "move amount": "UPDATE billing_deposit_move SET amount = 1 WHERE id = :m",
    "move deleted": "DELETE FROM billing_deposit_move WHERE id = :m",
    "moves truncated": "TRUNCATE billing_deposit_move CASCADE",
    "move without money": "INSERT INTO billing_deposit_move (park_id, deposit_id, kind, on_date, amount, entry_id, posted_at, posted_by)"
                          " VALUES (:park, :d, 'received', '2026-04-20', 100, :entry, now(), 'x')",
    "trigger dropped": "DROP TRIGGER billing_allocation_apply ON billing_allocation",
    "triggers off": "ALTER TABLE billing_receipt DISABLE TRIGGER ALL",
    "replica role": "SET session_replication_role = replica; UPDATE billing_receipt SET amount = 1 WHERE id = :r",
    "own trigger": "CREATE TRIGGER t BEFORE UPDATE ON billing_receipt FOR EACH ROW EXECUTE FUNCTION core_append_only()",
    "in a block": "DO $$ BEGIN UPDATE billing_receipt SET allocated = 0; END $$",
}


def attack(connection, sql, ids):
    """Each statement of the attack inside one savepoint."""
    with connection.begin_nested():
        for part in [sql] if "$$" in sql else sql.split(";"):
            connection.execute(text(part), {k: v for k, v in ids.items() if f":{k}" in part})


@pytest.mark.parametrize("name", SQL)
def test_raw_sql_of_the_application_role(session, posted, name):
    with pytest.raises(DBAPIError):
        attack(session.connection(), SQL[name], posted)


ORM = {
    "edit receipt": lambda s, p: setattr(s.get(Receipt, p["r"]), "amount", D(1)),
    "delete receipt": lambda s, p: s.delete(s.get(Receipt, p["r"])),
    "edit allocation": lambda s, p: setattr(s.get(Allocation, p["x"]), "amount", D(1)),
    "delete allocation": lambda s, p: s.delete(s.get(Allocation, p["x"])),
    "settle bill": lambda s, p: setattr(s.get(Bill, p["b"]), "settled", D(500)),
    "empty deposit": lambda s, p: setattr(s.get(Deposit, p["d"]), "held", D(0)),
    "bulk receipts": lambda s, p: s.execute(update(Receipt).values(amount=D(1))),
    "bulk delete": lambda s, p: s.execute(delete(Allocation)),
}


@pytest.mark.parametrize("name", ORM)
def test_orm(session, posted, name):
    with pytest.raises(DBAPIError), session.begin_nested():
        ORM[name](session, posted)
        session.flush()


def test_nothing_moved_and_the_allowed_still_works(session, posted):
    """The control: the same statement is accepted when it is the honest one (an undo that names its row)."""
    undo = NEW + "(:park, :a, :r, NULL, NULL, -30000, '2026-04-20', :x, 'x')"
    attack(session.connection(), undo, posted)
    session.expire_all()
    assert (session.get(Bill, posted["a"]).settled, session.get(Receipt, posted["r"]).allocated) == (0, 0)
    with pytest.raises(DBAPIError):
        attack(session.connection(), undo, posted)  # once


def test_control_without_triggers_the_attack_succeeds(fresh_db):
    """Taken away by the owner, the guards no longer refuse: the attacks above fail because of them."""
    from parkops.db.session import engine, system_scope

    with system_scope("test") as s:
        from sqlalchemy import select as sel

        from parkops.models import Park

        f = firm(s, s.scalars(sel(Park.id)).first())
        got = receipts.receive(s, firm_id=f.id, amount=D(400), received_on=ON, allocate=None)
        ids = {"r": got.id}
    with engine(owner=True).begin() as c:
        c.execute(text("ALTER TABLE billing_receipt DISABLE TRIGGER USER"))
    with engine().begin() as c:
        attack(c, SQL["receipt amount"], ids)
        assert c.execute(text("SELECT amount FROM billing_receipt WHERE id = :r"), ids).scalar_one() == 40001
