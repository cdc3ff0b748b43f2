"""Refunds: asked, approved by others, paid; never more than is there. Rules R-14 to R-18, goal G19."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal as D

import pytest
from receipts_help import balance, bank, bill, firm
from sqlalchemy import func, select

from modules.billing.models.receipt import Receipt
from modules.billing.models.refund import Refund
from modules.billing.services import allocations, deposits, receipts, refunds
from modules.tenants.models.firm import Firm
from parkops.db.session import system_scope
from parkops.errors import NotAllowed, ParkOpsError, RuleError

ON = date(2026, 4, 20)


def asked(as_role, receipt_id, amount, on=ON):
    with as_role("finance") as s:
        row = refunds.request_refund(s, receipt=s.get(Receipt, receipt_id), amount=D(amount), on=on, reason="paid twice")
        s.commit()
        return row.id


@pytest.fixture
def advance(session):
    """A committed receipt of 1,000 in advance."""
    f = firm(session)
    got = receipts.receive(session, firm_id=f.id, amount=D(1000), received_on=ON, allocate=None)
    session.commit()
    return got.id


def test_second_person_approves_then_finance_pays(session, as_role, advance):
    refund_id = asked(as_role, advance, "400")
    with as_role("finance") as s, pytest.raises(RuleError):
        refunds.approve_refund(s, s.get(Refund, refund_id))  # nobody approves their own request
    with as_role("finance") as s, pytest.raises(RuleError):
        refunds.pay_refund(s, s.get(Refund, refund_id), on=ON)
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        refunds.approve_refund(s, s.get(Refund, refund_id))
    with as_role("operations_manager") as s:
        assert refunds.approve_refund(s, s.get(Refund, refund_id)).state == "approved"
        s.commit()
    with as_role("finance") as s:
        row = refunds.pay_refund(s, s.get(Refund, refund_id), on=ON)
        paid = s.get(Receipt, row.paid_receipt_id)
        assert (row.state, paid.amount, paid.allocated, s.get(Receipt, advance).allocated) == ("paid", D(-400), D(-400), D(400))
        assert receipts.advance_left(s, row.firm_id) == D(600)
        s.commit()
    session.expire_all()
    f = session.get(Firm, row.firm_id)
    assert balance(session, "advance", f) == D(-600) and balance(session, "cash", on=ON) == D(-400)


def test_open_requests_count(session, as_role, advance):
    """R-15: 700 asked; another 400 is refused; returned, it is free again."""
    first = asked(as_role, advance, "700")
    with pytest.raises(RuleError) as refused:
        asked(as_role, advance, "400")
    assert refused.value.codes == ["billing.R-15"]
    with as_role("operations_manager") as s:
        assert refunds.return_refund(s, s.get(Refund, first), reason="not ours").state == "returned"
        s.commit()
    second = asked(as_role, advance, "400")
    with as_role("finance") as s:  # the asker takes it back
        assert refunds.return_refund(s, s.get(Refund, second), reason="mistake").state == "returned"
        s.commit()


def test_two_people_from_fifty_thousand(session, as_role):
    from parkops import approval

    assert [approval.needed_for(refunds.KIND.code, D(a)) for a in ("49999.99", "50000")] == [1, 2]


def test_credit_note_and_deposit_are_paid_out(session):
    f, account = firm(session), bank(session)
    credit = bill(session, f, "-300")
    row = deposits.agree_deposit(session, firm_id=f.id, kind="pledge", agreed=D(200))
    deposits.receive_deposit(session, row, amount=D(200), on=ON, bank_account_id=account.id)
    made = [refunds.request_refund(session, credit=credit, amount=D(300), on=ON, reason="x"),
            refunds.request_refund(session, deposit=row, amount=D(200), on=ON, reason="x")]
    for one in made:
        one.approval.state = "approved"  # the voters are tested above
        refunds._approved(session, None, one)
        refunds.pay_refund(session, one, on=ON, bank_account_id=account.id)
    assert (credit.settled, row.held, balance(session, "receivable", f), balance(session, "deposit_pledge", f)) == (D(-300), 0, 0, 0)
    assert made[0].paid_receipt_id and made[1].move_id and balance(session, "bank") == D(-300)
    b = bill(session, f, "50")
    with pytest.raises(RuleError):
        allocations.apply_credit(session, credit, pairs=[(b.id, D(50))], on=ON)


def race(work, n):
    """Start n threads at one barrier; returns how many succeeded."""
    start, done = threading.Barrier(n), []

    def run():
        start.wait()
        try:
            work()
            done.append(1)
        except ParkOpsError:
            pass

    threads = [threading.Thread(target=run) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return len(done)


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "control"])
def test_racing_requests_never_exceed(session, advance, as_role, monkeypatch, locked):
    """G19: 12 clerks ask for 300 of 1,000 at once: three get it. Control: without the row lock more do."""
    if not locked:
        meet = threading.Barrier(12, timeout=20)
        monkeypatch.setattr(refunds, "lock_receipt", lambda s, r: s.get(Receipt, r.id))
        honest = refunds.reserved_of

        def together(s, **kw):
            found = honest(s, **kw)
            meet.wait()
            return found

        monkeypatch.setattr(refunds, "reserved_of", together)

    def work():
        with as_role("finance") as s:
            refunds.request_refund(s, receipt=s.get(Receipt, advance), amount=D(300), on=ON, reason="x")
            s.commit()

    won = race(work, 12)
    with system_scope("count") as s:
        total = s.scalar(select(func.sum(Refund.amount)).where(Refund.receipt_id == advance))
    assert (won, total) == ((3, D(900)) if locked else (12, D(3600)))


def test_two_payments_of_one_refund(session, advance, as_role):
    """The state is claimed by an UPDATE: one of two racing payments gets it, the money leaves once."""
    refund_id = asked(as_role, advance, "400")
    with as_role("operations_manager") as s:
        refunds.approve_refund(s, s.get(Refund, refund_id))
        s.commit()

    def work():
        with as_role("finance") as s:
            refunds.pay_refund(s, s.get(Refund, refund_id), on=ON)
            s.commit()

    assert race(work, 4) == 1
    with system_scope("count") as s:
        assert s.scalar(select(func.sum(Receipt.amount)).where(Receipt.kind == "refund")) == D(-400)
