"""G1: whatever people do, in whatever order, debits equal credits and the control accounts equal their documents after every step.

Real services: bill, relief, part-pay, overpay, unidentified money, allocation and its undoing, refund, reversal, deposits, manual
entries, closing of months. CI: 10 sequences of 18 steps. Nightly: 200 of 50. Control: one leg deleted is found."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal

from bills_help import approved, demand, posted
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from ledger_help import entries, pair, post, superuser
from receipts_help import firm as new_firm
from sqlalchemy import func, select

from modules.billing.checks import ledger as checks
from modules.billing.models.bill import Bill
from modules.billing.models.deposit import Deposit
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from modules.billing.models.receipt import Allocation, Receipt
from modules.billing.services import (
    allocations,
    credits,
    deposits,
    ledger,
    ledger_balance,
    ledger_controls,
    ledger_verify,
    periods,
    receipts,
)
from parkops import clock
from parkops.db.session import system_scope
from parkops.errors import ParkOpsError

NIGHTLY = os.environ.get("PARKOPS_NIGHTLY") == "1"
SEQUENCES, STEPS = (200, 50) if NIGHTLY else (10, 18)
AMOUNTS = st.integers(1, 500_000).map(lambda fen: Decimal(fen) / 100)
ITEMS = st.sampled_from(["rent", "property_fee", "water", "electricity", "parking", "damages"])


class Books(RuleBasedStateMachine):
    """One park, two firms, a day that only moves forward."""

    session = None  # set by the test
    counts: dict[str, int]
    counts = {}

    @initialize()
    def open_books(self):
        self.s = type(self).session
        self.point = self.s.begin_nested()
        self.park_id = self.s.info["scope"].park_id
        self.firms = [new_firm(self.s) for _ in range(2)]
        self.day = date(2026, 1, 5)

    def teardown(self):
        if hasattr(self, "point"):
            self.point.rollback()
            self.s.expire_all()

    def do(self, name, work):
        """One command: its effect, or a refusal that leaves nothing behind."""
        try:
            with self.s.begin_nested():
                work()
            self.counts[name] = self.counts.get(name, 0) + 1
        except ParkOpsError:
            self.s.expire_all()

    def some(self, model, n, *where):
        """The n-th record of a kind, or None."""
        rows = self.s.scalars(select(model).where(model.park_id == self.park_id, *where).order_by(model.id)).all()
        return rows[n % len(rows)] if rows else None

    def on_one(self, name, model, n, work, *where):
        found = self.some(model, n, *where)
        if found is not None:
            self.do(name, lambda: work(found))

    @rule(i=st.integers(0, 1), amount=AMOUNTS, item=ITEMS)
    def bill(self, i, amount, item):
        self.do("bill", lambda: posted(self.s, self.firms[i], str(amount), on=self.day, item=item))

    @rule(i=st.integers(0, 1), amount=AMOUNTS)
    def relieve(self, i, amount):
        def work():
            why = approved(self.s, self.firms[i])
            line = demand(self.s, self.firms[i], str(-amount), kind="relief", approval_id=why.id)
            credits.credit_charges(self.s, firm_id=self.firms[i].id, demands=[line], on=self.day, reason="减免")
        self.do("relief", work)

    @rule(i=st.integers(0, 1), amount=AMOUNTS, how=st.sampled_from(["oldest", None]), kind=st.sampled_from(["bank", "cash"]))
    def pay(self, i, amount, how, kind):
        self.do("pay", lambda: receipts.receive(self.s, firm_id=self.firms[i].id, amount=amount, received_on=self.day, kind=kind, allocate=how))

    @rule(amount=AMOUNTS)
    def unknown_money(self, amount):
        self.do("unknown", lambda: receipts.receive(self.s, firm_id=None, amount=amount, received_on=self.day))

    @rule(n=st.integers(0, 99), i=st.integers(0, 1))
    def assign(self, n, i):
        self.on_one("assign", Receipt, n, lambda r: receipts.assign_receipt(self.s, r, firm_id=self.firms[i].id, on=self.day),
                    Receipt.firm_id.is_(None))

    @rule(n=st.integers(0, 99))
    def allocate(self, n):
        self.on_one("allocate", Receipt, n, lambda r: allocations.allocate(self.s, r, on=self.day), Receipt.allocated != Receipt.amount)

    @rule(n=st.integers(0, 99))
    def undo(self, n):
        self.on_one("undo", Allocation, n, lambda a: allocations.undo_allocation(self.s, a, on=self.day, reason="错"))

    @rule(n=st.integers(0, 99))
    def use_credit(self, n):
        self.on_one("credit", Bill, n, lambda b: allocations.apply_credit(self.s, b, on=self.day), Bill.kind == "credit")

    @rule(n=st.integers(0, 99))
    def reverse_receipt(self, n):
        self.on_one("reverse receipt", Receipt, n, lambda r: receipts.reverse_receipt(self.s, r, on=self.day, reason="错"))

    @rule(n=st.integers(0, 99))
    def reverse_bill(self, n):
        self.on_one("reverse bill", Bill, n, lambda b: credits.reverse_bill(self.s, b, on=self.day, reason="错"), Bill.kind == "bill")

    @rule(n=st.integers(0, 99), part=st.integers(1, 4))
    def pay_back(self, n, part):
        def work(r):
            left = r.amount - r.allocated
            receipts.pay_out(self.s, r, amount=(left / part).quantize(Decimal("0.01")), on=self.day, kind="refund", bank_account_id=None,
                             memo="退款")
        self.on_one("refund", Receipt, n, work, Receipt.amount > Receipt.allocated)

    @rule(i=st.integers(0, 1), amount=AMOUNTS, kind=st.sampled_from(["pledge", "performance", "earnest"]))
    def deposit(self, i, amount, kind):
        def work():
            d = deposits.agree_deposit(self.s, firm_id=self.firms[i].id, kind=kind, agreed=amount, subject_amount=amount * 5, due_on=self.day)
            deposits.receive_deposit(self.s, d, amount=amount, on=self.day)
        self.do("deposit", work)

    @rule(n=st.integers(0, 99), part=st.integers(1, 3), what=st.sampled_from(["offset", "pay out", "forfeit"]))
    def use_deposit(self, n, part, what):
        def work(d):
            amount = (d.held / part).quantize(Decimal("0.01"))
            if what == "offset":
                deposits.offset_deposit(self.s, d, amount=amount, on=self.day)
            elif what == "pay out":
                deposits.pay_out_deposit(self.s, d, amount=amount, on=self.day, bank_account_id=None, reason="退")
            else:
                deposits.forfeit_deposit(self.s, d, amount=amount, on=self.day, reason="违约")
        self.on_one(what, Deposit, n, work, Deposit.held > 0)

    @rule(amount=AMOUNTS)
    def manual(self, amount):
        self.do("manual", lambda: ledger.post(self.s, park_id=self.park_id, kind="manual", on=self.day, memo="调整",
                                              legs=pair(self.s, amount, debit="rounding", credit="waiver")))

    @rule()
    def next_month(self):
        """Move on and lock the month behind, if nothing is unfinished there."""
        month = self.day.replace(day=1)
        self.day = clock.add_months(self.day, 1)
        self.do("lock", lambda: periods.lock_month(self.s, month=month, park_id=self.park_id, on=self.day))

    @invariant()
    def everything_ties(self):
        if not hasattr(self, "point"):
            return
        debit, credit = func.sum(LedgerLine.debit), func.sum(LedgerLine.credit)
        for row in self.s.execute(select(LedgerEntry.entry_date, debit, credit).join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
                                  .group_by(LedgerEntry.entry_date)):
            assert row[1] == row[2], row
        for control in ledger_controls.CONTROLS:
            assert [str(d) for d in ledger_controls.differences(self.s, control)] == []


def test_whatever_people_do(session, park):
    Books.session, Books.counts = session, {}
    run_state_machine_as_test(Books, settings=settings(
        max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, derandomize=not NIGHTLY, print_blob=True, database=None,
        phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck)))
    print("\n", Books.counts)
    assert sum(Books.counts.values()) > SEQUENCES * STEPS / 4
    for command in ("bill", "pay", "deposit", "relief", "manual"):
        assert Books.counts.get(command), f"never {command}"


def test_control_one_leg_deleted_is_found(fresh_db, park):
    with system_scope("test", via="cli") as s:
        east = s.get(type(park), park.id)
        post(s, east)
        number = post(s, east, "3.00").number
    with superuser(fresh_db) as c:
        c.execute("delete from billing_ledger_line where credit = 300")
    with system_scope("test", via="cli") as s:
        assert any(number in d for d in checks._balance(s)) and len(checks._balance(s)) == 2
        assert [f.number for f in ledger_verify.verify(s)] == [number]


def test_trial_balance_ties_and_carries_over(session, park):
    post(session, park, "100.00", on=date(2025, 12, 31))
    post(session, park, "30.00", on=date(2026, 1, 2), debit="advance", credit="bank")
    post(session, park, "7.00", on=date(2026, 2, 2), debit="rounding", credit="waiver")
    rows = ledger_balance.trial_balance(session, date(2026, 1, 1), date(2026, 2, 1), park_id=park.id)
    assert {r.account.role: (r.opening, r.debit, r.credit, r.closing) for r in rows} == {
        "bank": (100, 0, 30, 70), "advance": (-100, 30, 0, -70)}
    assert ledger_balance.totals(rows) == (100, 100, 30, 30, 70, 70)
    bank = next(r.account for r in rows if r.account.role == "bank")
    opening, steps, count = ledger_balance.account_ledger(session, bank.id, date(2026, 1, 1), date(2026, 2, 1), park_id=park.id)
    assert (opening, [s.balance for s in steps], count) == (100, [70], 1)
    _opening, page, count = ledger_balance.account_ledger(session, bank.id, date(2025, 1, 1), date(2027, 1, 1), limit=1, offset=1)
    assert ([s.balance for s in page], count) == ([70], 2)
    assert len(entries(session, park)) == 3
