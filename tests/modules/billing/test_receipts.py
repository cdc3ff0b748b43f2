"""Receipts: posting, allocation, unknown payers, reversal, mass payment. Rules R-05 to R-13."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from receipts_help import balance, bank, bill, firm
from sqlalchemy import Date, Integer, String, cast, literal, select

from modules.billing.models.bill import Bill
from modules.billing.models.ledger import LedgerEntry
from modules.billing.models.receipt import Allocation, Receipt
from modules.billing.services import allocations, receipts, receipts_bulk
from parkops import sequences
from parkops.db.audit import AuditEntry
from parkops.errors import NotAllowed, NotFound, RuleError

ON = date(2026, 4, 20)


def pay(s, f, amount, **values):
    return receipts.receive(s, firm_id=f.id, amount=D(amount), received_on=values.pop("received_on", ON), **values)


def test_oldest_first_partial_and_advance(session):
    """R-05: 1,500 over bills of 1,000 and 800: the older is settled, the younger in part; then too much becomes an advance."""
    f = firm(session)
    young, old = bill(session, f, "800", date(2026, 4, 1)), bill(session, f, "1000", date(2026, 3, 1))
    first = pay(session, f, "1500")
    assert (old.settled, young.settled, first.allocated) == (D("1000.00"), D("500.00"), D("1500.00"))
    second = pay(session, f, "400")
    assert (young.settled, second.allocated) == (D("800.00"), D("300.00"))
    assert balance(session, "receivable", f) == 0 and balance(session, "advance", f) == D("-100")
    assert receipts.advance_left(session, f.id) == D("100.00")
    entry = session.get(LedgerEntry, second.entry_id)
    assert (entry.source, entry.source_id, entry.total) == ("billing.receipt", second.id, D("400.00"))


def test_named_bills_and_every_problem_at_once(session):
    f, other = firm(session), firm(session)
    a, b, foreign = bill(session, f, "100"), bill(session, f, "200"), bill(session, other, "50")
    with pytest.raises(RuleError) as refused:
        pay(session, f, "250", allocate=[(a.id, D("100.01")), (foreign.id, D(50)), (b.id, D(100)), (b.id, D(10))])
    assert refused.value.codes == ["billing.R-06", "billing.R-06", "billing.R-06", "billing.R-07"]
    got = pay(session, f, "250", allocate=[(b.id, D(200)), (a.id, D("49.99"))])
    assert (a.settled, b.settled, got.allocated) == (D("49.99"), D("200.00"), D("249.99"))


def test_nothing_allocated_when_asked_so(session):
    f = firm(session)
    b = bill(session, f)
    got = pay(session, f, "1000", allocate=None)
    assert (b.settled, got.allocated, balance(session, "advance", f)) == (0, 0, D("-1000"))
    allocations.allocate(session, got, pairs=[(b.id, D(600))], on=date(2026, 5, 2))
    assert (b.settled, balance(session, "advance", f), balance(session, "receivable", f)) == (D(600), D("-400"), D("400"))
    assert balance(session, "receivable", f, date(2026, 5, 1)) == D("1000")


def test_payment_before_the_bill_is_an_advance_until_its_day(session):
    """R-08: paid on 20 April, billed on 1 May: an advance until May, and the receivable of every day equals the ledger's."""
    f = firm(session)
    b = bill(session, f, "1000", date(2026, 5, 1))
    pay(session, f, "1000")
    assert b.settled == D(1000)
    assert balance(session, "advance", f, date(2026, 4, 30)) == D("-1000") and balance(session, "receivable", f, date(2026, 4, 30)) == 0
    assert balance(session, "advance", f) == 0 and balance(session, "receivable", f) == 0


def test_cash_and_bank_go_to_their_accounts(session):
    f, account = firm(session), bank(session)
    pay(session, f, "10", kind="cash")
    pay(session, f, "20", bank_account_id=account.id)
    assert (balance(session, "cash"), balance(session, "bank")) == (D(10), D(20))
    with pytest.raises(RuleError):
        pay(session, f, "10", kind="offset")
    with pytest.raises(RuleError):
        pay(session, f, "0")


def test_unknown_payer_until_assigned(session):
    """R-09: Cr unidentified; assigned, it becomes the firm's and settles its bills; assigned twice is refused."""
    f, account = firm(session), bank(session)
    b = bill(session, f, "700")
    got = receipts.receive(session, firm_id=None, amount=D(1000), received_on=ON, bank_account_id=account.id, payer="李某")
    assert got.firm_id is None and balance(session, "unidentified") == D("-1000")
    with pytest.raises(RuleError):
        allocations.allocate(session, got, pairs=[(b.id, D(700))], on=ON)
    receipts.assign_receipt(session, got, firm_id=f.id, on=date(2026, 4, 25))
    assert (got.firm_id, b.settled, balance(session, "unidentified"), balance(session, "advance", f)) == (f.id, D(700), 0, D("-300"))
    with pytest.raises(RuleError) as refused:
        receipts.assign_receipt(session, got, firm_id=firm(session).id, on=ON)
    assert refused.value.codes == ["billing.R-09"]


def test_undo_makes_an_advance_again_and_only_once(session):
    f = firm(session)
    b = bill(session, f, "300")
    got = pay(session, f, "300")
    row = session.scalars(select(Allocation).where(Allocation.receipt_id == got.id)).one()
    back = allocations.undo_allocation(session, row, on=ON)
    assert (back.amount, b.settled, got.allocated) == (D("-300.00"), 0, 0)
    assert balance(session, "advance", f) == D("-300") and balance(session, "receivable", f) == D("300")
    for wrong in (row, back):
        with pytest.raises(RuleError):
            allocations.undo_allocation(session, wrong, on=ON)


def test_reversal_names_the_original(session):
    """R-12: a wrong receipt is taken back whole; bill open, bank back, a second reversal refused."""
    f = firm(session)
    b = bill(session, f, "300")
    got = pay(session, f, "500")
    back = receipts.reverse_receipt(session, got, on=date(2026, 4, 21), reason="wrong firm")
    assert (back.reverses_id, back.amount, back.allocated, got.allocated, b.settled) == (got.id, D("-500"), D("-500"), D("500"), 0)
    assert all(balance(session, role) == 0 for role in ("bank", "advance")) and balance(session, "receivable", f) == D("300")
    assert receipts.advance_left(session, f.id) == 0
    with pytest.raises(RuleError):
        receipts.reverse_receipt(session, got, on=date(2026, 4, 22), reason="again")
    with pytest.raises(RuleError):
        allocations.allocate(session, got, pairs=[(b.id, D(1))], on=date(2026, 4, 22))


def test_credit_note_settles_bills_without_an_entry(session):
    """R-11."""
    f = firm(session)
    b, credit = bill(session, f, "300"), bill(session, f, "-120", date(2026, 4, 1))
    before = balance(session, "receivable", f)
    rows = allocations.apply_credit(session, credit, on=ON)
    assert [r.amount for r in rows] == [D("120.00")]
    assert (b.settled, credit.settled, balance(session, "receivable", f)) == (D(120), D("-120"), before)
    with pytest.raises(RuleError):
        allocations.apply_credit(session, credit, on=ON)
    allocations.undo_allocation(session, rows[0], on=ON)
    assert (b.settled, credit.settled) == (0, 0)


def payments(rows):
    """A select of payments from (bill, amount, day)."""
    one = [select(cast(b.id, Integer).label("bill_id"), cast(b.firm_id, Integer).label("firm_id"), literal(D(a), Receipt.amount.type).label("amount"),
                  literal(on, Date).label("received_on"), cast(None, Integer).label("bank_account_id"), literal("x", String).label("reference"))
           for b, a, on in rows]
    return one[0].union_all(*one[1:])


def test_receive_many_equals_one_by_one(session, park):
    """R-13: numbers follow each other per year, entries name their receipts, one audit row, bills settled."""
    f = firm(session)
    bills = [bill(session, f, 100 + i, date(2025, 12, 1)) for i in range(5)]
    first = pay(session, f, "1", allocate=None, received_on=date(2025, 12, 20))
    days = [date(2025, 12, 21), date(2026, 1, 5), date(2025, 12, 22), date(2026, 1, 6), date(2025, 12, 23)]
    n = receipts.receive_many(session, park_id=park.id, payments=payments([(b, b.gross, d) for b, d in zip(bills, days, strict=True)]))
    assert n == 5 and all(session.get(Bill, b.id).settled == b.gross for b in bills)
    made = session.scalars(select(Receipt).where(Receipt.id > first.id).order_by(Receipt.received_on)).all()
    assert [r.number for r in made] == ["R-2025-000002", "R-2025-000003", "R-2025-000004", "R-2026-000001", "R-2026-000002"]
    assert all(session.get(LedgerEntry, r.entry_id).source_id == r.id and r.allocated == r.amount for r in made)
    assert balance(session, "receivable", f) == 0 and sequences.gaps(session) == []
    noted = session.scalars(select(AuditEntry).where(AuditEntry.resource == "billing.receipt", AuditEntry.record_id.is_(None))).one()
    assert noted.detail == {"count": 5, "allocations": 5}


@pytest.mark.parametrize("wrong", ["amount", "firm", "early", "twice", "settled"])
def test_receive_many_is_all_or_nothing(session, park, wrong):
    f, other = firm(session), firm(session)
    good, bad = bill(session, f, "100"), bill(session, f, "50")
    day, amount = ON, D(50)
    if wrong == "amount":
        amount = D("50.01")
    elif wrong == "firm":
        bad.__dict__["firm_id"] = other.id
    elif wrong == "early":
        day = date(2026, 2, 1)
    elif wrong == "settled":
        pay(session, f, "50", allocate=[(bad.id, D(50))])
    rows = [(good, "100", ON), (bad, amount, day)] + ([(bad, "50", ON)] if wrong == "twice" else [])
    before = session.query(Receipt).count()
    with pytest.raises(RuleError) as refused:
        receipts.receive_many(session, park_id=park.id, payments=payments(rows))
    assert refused.value.codes[0] == "billing.R-13"
    assert session.query(Receipt).count() == before and session.get(Bill, good.id).settled == 0


def test_bulk_button_leaves_out_settled_bills(session):
    f = firm(session)
    bills = [bill(session, f, "100"), bill(session, f, "200")]
    pay(session, f, "100", allocate=[(bills[0].id, D(100))])
    assert receipts_bulk.count_payable(session, bills)[0] == 1
    receipts_bulk.pay_in_full(session, bills, received_on=ON)
    assert session.scalar(select(Bill.settled).where(Bill.id == bills[1].id)) == D(200)


def test_rights_and_parks(session, as_role, park2):
    f, west = firm(session), firm(session, park2.id)
    session.commit()
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        pay(s, f, "10")
    with as_role("finance") as s:
        with pytest.raises(NotFound):
            pay(s, west, "10")
        with pytest.raises(NotFound):
            receipts.receive_many(s, park_id=park2.id, payments=payments([(type("B", (), {"id": 1, "firm_id": 1}), "1", ON)]))
        assert pay(s, f, "10").number
        s.rollback()
