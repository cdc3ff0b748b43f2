"""Ageing, balances and statements on any day; they tie to the ledger. Rules R-19 to R-24."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from receipts_help import balance, bank, bill, firm
from sqlalchemy import func, select

from modules.billing.checks import receipts as checks
from modules.billing.models.bill import Bill
from modules.billing.models.receipt import Allocation, Receipt
from modules.billing.services import allocations, balances, deposits, ledger, receipts, statements
from modules.tenants.models.firm import Firm
from parkops import clock, settings
from parkops.errors import Refused, RuleError
from parkops.web import gridinfo, resources
from parkops.web.grid import parse, run

ON = date(2026, 5, 15)

# days past due on ON -> number of the bucket
EDGES = [(-5, 0), (0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (180, 4), (181, 5), (365, 5), (366, 6)]


@pytest.mark.parametrize("late,bucket", EDGES)
def test_buckets(session, late, bucket):
    f, due = firm(session), ON - timedelta(days=late)
    bill(session, f, "10", due - timedelta(days=30), due)
    row = next(r for r in balances.ageing(session, ON).firms if r.firm_id == f.id)
    assert [i for i, b in enumerate(row.buckets) if b] == [bucket] and row.total == D(10) and row.overdue == (D(10) if bucket else 0)


def test_past_days_come_from_allocations(session):
    """R-20: on 10 April nothing was paid; on 20 April half; today all."""
    f = firm(session)
    b = bill(session, f, "100", date(2026, 3, 1))
    for day, amount in ((date(2026, 4, 20), "50"), (date(2026, 5, 10), "50")):
        receipts.receive(session, firm_id=f.id, amount=D(amount), received_on=day)
    assert b.settled == b.gross
    seen = [balances.open_balance(session, [f.id], day).get(f.id, D(0)) for day in (date(2026, 2, 28), date(2026, 4, 10), date(2026, 4, 20), ON)]
    assert seen == [0, D(100), D(50), 0]


def slow_open(s, b, on):
    """The definition: gross less the allocations up to a day."""
    total = s.scalars(select(Allocation.amount).where((Allocation.bill_id == b.id) | (Allocation.credit_id == b.id), Allocation.on_date <= on))
    return b.gross - (1 if b.kind == "bill" else -1) * sum(total, D(0))


def random_history(s, f, seed, account):
    """Bills, receipts, set-offs, credits, undone allocations, a reversal and a refund on random days."""
    rng = random.Random(seed)

    def day():
        return date(2026, 1, 1) + timedelta(days=rng.randrange(120))

    for _ in range(6):
        bill(s, f, rng.randrange(1, 90000) / D(100), day())
    bill(s, f, -rng.randrange(1, 20000) / D(100), day())
    for _ in range(5):
        on = day()
        receipts.receive(s, firm_id=f.id, amount=rng.randrange(1, 99000) / D(100), received_on=on, bank_account_id=account.id,
                         allocate=rng.choice(["oldest", "civil_code", "priority", None]))
    late = date(2026, 5, 1)
    credit = s.scalars(select(Bill).where(Bill.firm_id == f.id, Bill.kind == "credit")).one()
    if allocations.open_bills(s, f.id):
        allocations.apply_credit(s, credit, on=late)
    rows = s.scalars(select(Receipt).where(Receipt.firm_id == f.id).order_by(Receipt.id)).all()
    for row in allocations.standing(s, receipt_id=rows[0].id):
        allocations.undo_allocation(s, row, on=max(late, row.on_date))
    receipts.reverse_receipt(s, rows[1], on=max(late, *(a.on_date for a in allocations.standing(s, receipt_id=rows[1].id)), rows[1].received_on),
                             reason="bounced")
    left = rows[2].amount - rows[2].allocated
    if left > 0:
        receipts.pay_out(s, rows[2], amount=left, on=late, kind="refund", bank_account_id=account.id, memo="x")


@pytest.mark.parametrize("seed", range(20 if os.environ.get("PARKOPS_NIGHTLY") else 2))
def test_any_history_ties_on_every_day(session, seed):
    """R-19, R-23: open items by definition = by query; with advances = ledger; statements add up to the ledger's balances."""
    f, account = firm(session), bank(session)
    random_history(session, f, seed, account)
    bills = session.scalars(select(Bill).where(Bill.firm_id == f.id)).all()
    for on in (date(2026, 1, 20), date(2026, 2, 28), date(2026, 4, 1), date(2026, 5, 1), date(2026, 8, 1)):
        expected = {b.id: slow_open(session, b, on) for b in bills if b.issued_on <= on}
        found = {b.id: left for b, left in balances.open_items(session, on, firm_id=f.id)}
        assert found == {i: left for i, left in expected.items() if left}
        owed, advance = balances.open_balance(session, [f.id], on).get(f.id, D(0)), balances.advances(session, [f.id], on).get(f.id, D(0))
        assert (owed, advance) == (balance(session, "receivable", f, on), -balance(session, "advance", f, on))
        assert next((r.total for r in balances.ageing(session, on).firms if r.firm_id == f.id), D(0)) == owed
    start = date(2026, 1, 1)
    for end in (date(2026, 1, 31), date(2026, 3, 31), date(2026, 9, 1)):
        made = statements.statement(session, f, start, end)
        assert made.difference == 0 and (made.lines[-1].balance if made.lines else made.opening) == made.closing
        assert made.closing == statements.ledger_balances(session, end, [f.id]).get(f.id, D(0))
        start = end + timedelta(days=1)
    assert checks.settled_differences(session) == [] and checks.receivable_differences(session) == []


def test_each_term_has_its_column(session):
    f = firm(session)
    bill(session, f, "1000", date(2026, 1, 1))
    bill(session, f, "500", date(2026, 2, 1))
    bill(session, f, "30", date(2026, 2, 2), kind="penalty", item="late_fee")
    bill(session, f, "-200", date(2026, 2, 3))
    bill(session, f, "-40", date(2026, 2, 4), kind="discount")
    receipts.receive(session, firm_id=f.id, amount=D(700), received_on=date(2026, 2, 10))
    made = statements.statement(session, f, date(2026, 2, 1), date(2026, 2, 28))
    assert (made.opening, made.terms, made.closing, made.difference) == (
        D(1000), {"charges": D(500), "adjustments": D(-240), "relief": D(0), "penalty": D(30), "paid": D(700)}, D(590), 0)


def test_control_a_missing_document_shows(session):
    """The tie would be no proof if it could not fail: an entry without a document is an adjustment, a leg too many a difference."""
    f = firm(session)
    bill(session, f, "100", date(2026, 2, 1))
    ids = allocations.account_ids(session)
    ledger.post(session, park_id=f.park_id, kind="bill", on=date(2026, 2, 2), memo="x", source="billing.bill", source_id=10**9, legs=[
        ledger.Leg(ids["receivable"], debit=D("0.01"), firm_id=f.id), ledger.Leg(ids["rounding"], credit=D("0.01"))])
    assert statements.statement(session, f, date(2026, 2, 1), date(2026, 2, 28)).difference == D("0.01")
    assert len(checks.receivable_differences(session)) == 1
    with pytest.raises(RuleError):
        statements.issue_statement(session, firm_id=f.id, starts_on=date(2026, 2, 1), ends_on=date(2026, 2, 28), on=ON)


def test_arrears_stay_when_the_firm_leaves(session):
    """R-19: nothing about a lease or a stage is asked; arrears never vanish."""
    f = firm(session)
    bill(session, f, "100", date(2026, 2, 1))
    f.state, f.moved_out_on = "left", date(2026, 3, 1)
    session.flush()
    assert balances.open_balance(session, None, ON)[f.id] == D(100)


def test_steps_are_a_setting(session, park):
    f = firm(session)
    bill(session, f, "10", date(2026, 1, 1), date(2026, 5, 1))
    settings.put(session, "billing.ageing_days", ["7", "14"], park_id=None)
    found = balances.ageing(session, ON)
    assert found.limits == (7, 14) and found.firms[0].buckets == [0, 0, D(10), 0]


def test_statement_sent_signed_and_kept(session, park):
    f, quiet = firm(session), firm(session)
    bill(session, f, "100", date(2026, 2, 1))
    done = statements.issue_all(session, park_id=park.id, starts_on=date(2026, 2, 1), ends_on=date(2026, 2, 28), on=date(2026, 3, 1))
    from modules.billing.models.statement import AccountStatement

    rows = session.scalars(select(AccountStatement)).all()
    assert "1" in done and [r.firm_id for r in rows] == [f.id] and quiet.id != f.id and rows[0].closing == D(100)
    with pytest.raises(RuleError):
        statements.confirm_statement(session, rows[0], on=date(2026, 2, 1), answered_by=" ")
    statements.confirm_statement(session, rows[0], on=date(2026, 3, 5), answered_by="王会计")
    with pytest.raises(RuleError):
        statements.issue_statement(session, firm_id=f.id, starts_on=date(2026, 2, 1), ends_on=date(2026, 2, 28), on=ON)
    statements.issue_all(session, park_id=park.id, starts_on=date(2026, 2, 1), ends_on=date(2026, 2, 28), on=ON)
    assert rows[0].state == "confirmed"


def test_unknown_payer_counts_for_the_firm_from_the_day_it_is_known(session):
    f, account = firm(session), bank(session)
    bill(session, f, "100", date(2026, 2, 1))
    got = receipts.receive(session, firm_id=None, amount=D(100), received_on=date(2026, 2, 10), bank_account_id=account.id)
    receipts.assign_receipt(session, got, firm_id=f.id, on=date(2026, 3, 2))
    assert statements.statement(session, f, date(2026, 2, 1), date(2026, 2, 28)).closing == D(100)
    assert statements.statement(session, f, date(2026, 3, 1), date(2026, 3, 31)).terms["paid"] == D(100)
    assert checks.unidentified_differences(session) == []


def test_deposits_are_no_part_of_the_account(session):
    f = firm(session)
    row = deposits.agree_deposit(session, firm_id=f.id, kind="pledge", agreed=D(100))
    deposits.receive_deposit(session, row, amount=D(100), on=date(2026, 2, 10))
    assert statements.statement(session, f, date(2026, 2, 1), date(2026, 2, 28)).closing == 0
    assert session.scalar(select(func.count()).select_from(Firm).where(Firm.id == f.id)) == 1


def test_the_list_of_firms_shows_what_each_owes_to_those_who_read_it(session, as_role):
    """R-22: the column equals the balance by firm; who may not read receivables has no such column."""
    first, second, third = firm(session), firm(session), firm(session)
    bill(session, first, "100", date(2026, 3, 1))
    bill(session, first, "30", date(2026, 4, 1))
    bill(session, second, "70", date(2026, 3, 1))
    receipts.receive(session, firm_id=second.id, amount=D(20), received_on=date(2026, 4, 2), bank_account_id=bank(session).id)
    session.commit()
    owed = balances.open_balance(session, None, clock.today())
    asked = parse({"columns": ["name", "balance"], "sort": [["balance", "desc"]], "totals": True})
    with as_role("finance") as s:
        answer = run(s, resources.resolved("tenants.firm"), asked)
        shown = {row["id"]: D(row["balance"]) for row in answer["rows"]}
        assert shown == {f.id: owed.get(f.id, D(0)) for f in (first, second, third)} == {first.id: D(130), second.id: D(50), third.id: D(0)}
        assert D(answer["totals"]["balance"]) == 180 and [r["id"] for r in answer["rows"]] == [first.id, second.id, third.id]
        s.info["scope"] = replace(s.info["scope"], rights=s.info["scope"].rights - {("billing.open_item", "read")})
        with pytest.raises(Refused):
            run(s, resources.resolved("tenants.firm"), asked)
        assert "balance" not in {c["name"] for c in gridinfo.info(s, resources.resolved("tenants.firm"))["columns"]}
