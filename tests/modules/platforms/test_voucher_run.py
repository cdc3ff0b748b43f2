"""Innovation vouchers in the month run, reversed bills, lines at nothing (U-34 to U-39), with the race for a quota."""

import io
import threading
import time
from datetime import date
from decimal import Decimal as D

import pytest
from core_help import entry
from front_help import MARCH, english, instrument, local, project, rate, usage  # noqa: F401
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import Account
from modules.billing.models.charge import Charge
from modules.billing.models.ledger import LedgerLine
from modules.billing.services import credits, receipts, runs
from modules.booking.models.entitlement import EntitlementGrant, EntitlementPlan, PlanLine, VoucherUse
from modules.booking.services import vouchers
from modules.platforms import calc_vouchers as calc
from modules.platforms.checks.front import CHECKS
from modules.platforms.services import adjustments, month_runs, pricing, recovery, voucher_uses
from parkops.db.session import Scope, new_session, system_scope
from parkops.errors import RuleError
from parkops.testing.depth import depth

APRIL, DAY = date(2026, 4, 1), date(2026, 4, 2)


@pytest.mark.parametrize(("left", "percent", "demands", "expected"), [
    (10_000, 50, [(1, 8_001)], {1: 4_001}),  # half up
    (3_000, 50, [(1, 8_000)], {1: 3_000}),  # the quota ends it
    (3_000, 100, [(1, 2_000), (2, 2_000)], {1: 2_000, 2: 1_000}),
    (1_000, 50, [(1, 8_000, 3_000)], {1: 1_000}),  # what was agreed stays, the rest is added
    (0, 50, [(1, 8_000, 0, 2_500)], {1: 2_500}),  # a waiting use is worked out anew from its own part of the quota
    (500, 50, [(1, 2_000, 4_000, 100)], {1: 0}),
    (500, 50, [(1, -100)], {1: 0}),
    (-50, 100, [(1, 100)], {1: 0}),
])
def test_what_a_voucher_pays(left, percent, demands, expected):
    assert calc.allot(left, percent, [calc.Demand(*d) for d in demands]) == expected


@given(st.integers(0, 9_999), st.integers(1, 100), st.lists(st.tuples(*[st.integers(0, 5_000)] * 3), max_size=6))
@settings(max_examples=depth(80, 4000), deadline=None)
def test_a_voucher_never_gives_more_than_it_has(left, percent, rows):
    demands = [calc.Demand(n, *row) for n, row in enumerate(rows)]
    given_ = calc.allot(left, percent, demands)
    assert sum(given_.values()) <= left + sum(d.waiting for d in demands)
    assert all(d.agreed + given_[d.key] <= max(calc.most(d.cost, percent), d.agreed) for d in demands)
    again = calc.allot(left + sum(d.waiting for d in demands) - sum(given_.values()), percent,
                       [calc.Demand(d.key, d.cost, d.agreed, given_[d.key]) for d in demands])
    assert again == given_  # running again changes nothing


@pytest.fixture
def machine(session):
    found = instrument(session)
    rate(session, found, "200")
    return found


def voucher(session, firm, quota="150", percent=50, **values):
    return vouchers.create_voucher(session, **{
        "number": f"CXQ-{firm.id}", "firm_id": firm.id, "issuer": "济宁市科学技术局", "quota": D(quota), "share_percent": percent,
        "valid_from": date(2026, 1, 1), "valid_to": date(2026, 12, 31), **values})


def uses(session):
    rows = session.scalars(select(VoucherUse).order_by(VoucherUse.id).execution_options(populate_existing=True))
    return [(u.state, u.cost, u.amount) for u in rows]


def agree(session):
    """Everything that waits is agreed to (nobody is logged in here; who may is tested with the vouchers)."""
    for use in session.scalars(select(VoucherUse).where(VoucherUse.state == "applied")):
        vouchers.approve_use(session, use, on=DAY)


def billed(session, month=MARCH, issued=None):
    month_runs.price_month(session, month=month)
    agree(session)
    run = runs.generate(session, month=month, issued_on=issued or month)
    while run.state != "collected" and runs.post_next(session, run):
        pass
    return run


def charges(session, source="booking.voucher_use"):
    rows = session.scalars(select(Charge).where(Charge.source == source, Charge.corrects_id.is_(None)).order_by(Charge.id))
    return [(c.key.removeprefix(f"{source}:").partition(":")[2], c.gross, c.treatment) for c in rows]


def balance(session, code="122102"):
    return session.scalar(select(func.coalesce(func.sum(LedgerLine.debit - LedgerLine.credit), 0, type_=LedgerLine.debit.type)).join(
        Account, Account.id == LedgerLine.account_id).where(Account.code == code))


def test_dry_run_shows_it_and_leaves_nothing_then_the_bill_nets_it(session, machine):
    firm = entry(session)
    v = voucher(session, firm)
    pays = project(session, firm, voucher_id=v.id)
    usage(session, machine, pays, local(2), 60)
    usage(session, machine, project(session, firm), local(4), 60)  # without the voucher
    found = month_runs.dry_run(session, month=MARCH)
    assert [(o.voucher, o.cost, o.amount) for o in found.vouchers] == [(v.number, D("200.00"), D("100.00"))]
    assert found.as_json()["vouchers"][0]["amount"] == "100.00"
    assert uses(session) == [] and [e.code for e in found.exceptions] == ["voucher_waits"]
    month_runs.price_month(session, month=MARCH)
    month_runs.price_month(session, month=MARCH)
    assert uses(session) == [("applied", D("200.00"), D("100.00"))]
    run = runs.start_run(session, month=MARCH, issued_on=MARCH)
    assert run.gross == D("400.00")  # not agreed yet: named, not netted
    assert "booking.voucher_use" in [row[1] for row in run.detail["exceptions"]]
    billed(session)
    bill = session.scalars(select(Bill).where(Bill.firm_id == firm.id)).one()
    assert (bill.gross, charges(session)) == (D("300.00"), [("", D("-100.00"), "outside")])
    assert balance(session) == D("100.00")  # the authority owes it
    before = session.execute(select(Charge.id, Charge.version)).all()
    billed(session)
    assert session.execute(select(Charge.id, Charge.version)).all() == before and len(uses(session)) == 1


def test_what_came_later_is_added_up_to_the_quota(session, machine):
    firm = entry(session)
    pays = project(session, firm, voucher_id=voucher(session, firm).id)
    usage(session, machine, pays, local(2), 60)
    billed(session)
    usage(session, machine, pays, local(3), 120)
    month_runs.price_month(session, month=MARCH)
    assert uses(session) == [("used", D("200.00"), D("100.00")), ("applied", D("600.00"), D("50.00"))]
    usage(session, machine, pays, local(9, month=4), 60)
    month_runs.price_month(session, month=APRIL)
    assert len(uses(session)) == 2  # nothing is left of the quota


def test_days_of_the_voucher_count(session, machine):
    firm = entry(session)
    v = voucher(session, firm, quota="1000", percent=100, valid_from=date(2026, 3, 3), valid_to=date(2026, 3, 10))
    pays = project(session, firm, voucher_id=v.id)
    for day in (2, 3, 10, 11):
        usage(session, machine, pays, local(day), 30)
    month_runs.price_month(session, month=MARCH)
    assert uses(session) == [("applied", D("200.00"), D("200.00"))]


def test_voiding_frees_the_quota_and_a_claim_stops_it(session, machine):
    firm = entry(session)
    v = voucher(session, firm)
    usage(session, machine, project(session, firm, voucher_id=v.id), local(2), 60)
    run = month_runs.price_month(session, month=MARCH)
    agree(session)
    month_runs.void_run(session, run, reason="费率有误")
    assert uses(session)[0][0] == "rejected" and vouchers.left_of(session, v) == D("150")
    second = month_runs.price_month(session, month=MARCH)
    agree(session)
    use = session.scalars(select(VoucherUse).where(VoucherUse.state == "used")).one()
    prove(session, use)
    vouchers.claim_use(session, use, on=DAY)
    with pytest.raises(RuleError, match="claimed"):
        month_runs.void_run(session, second, reason="again")


def prove(session, use):
    for kind in ("contract", "payment"):
        file = io.BytesIO(b"%PDF-1.4\n%proof " + kind.encode() + b"\n%%EOF")
        file.filename = f"{kind}.pdf"
        vouchers.add_proof(session, use, kind=kind, file=file)


def test_redeemed_for_less_the_firm_owes_the_rest(session, machine):
    firm = entry(session)
    usage(session, machine, project(session, firm, voucher_id=voucher(session, firm).id), local(2), 60)
    billed(session)
    use = session.scalars(select(VoucherUse)).one()
    prove(session, use)
    vouchers.claim_use(session, use, on=DAY)
    vouchers.redeem_use(session, use, on=DAY, amount=D("80"))
    assert balance(session) == D("20.00") and balance(session, "1002") == D("80.00")
    assert [line for check in CHECKS for line in check.run(session)] == []
    billed(session, APRIL)
    assert charges(session) == [("", D("-100.00"), "outside"), ("rest", D("20.00"), "outside")]
    assert balance(session) == 0


def test_rejected_after_the_bill_it_is_owed_after_all(session, machine):
    firm = entry(session)
    usage(session, machine, project(session, firm, voucher_id=voucher(session, firm).id), local(2), 60)
    billed(session)
    vouchers.reject_use(session, session.scalars(select(VoucherUse)).one(), on=DAY, reason="合同不符")
    billed(session, APRIL)
    billed(session, APRIL)
    # the month's price stands, so its next pricing asks for the voucher again; only the line comes back here
    assert charges(session)[:2] == [("", D("-100.00"), "outside"), ("back", D("100.00"), "outside")]
    assert balance(session) == 0


def test_a_use_that_became_cheaper_is_named(session, machine):
    firm = entry(session)
    event = usage(session, machine, project(session, firm, voucher_id=voucher(session, firm).id), local(2), 60)
    month_runs.price_month(session, month=MARCH)
    agree(session)
    row = adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="故障", want_end=local(2, 9, 30))
    adjustments.approve_adjustment(session, row, reason="属实")
    adjustments.apply_adjustment(session, row, on=DAY)
    assert [e.code for e in month_runs.dry_run(session, month=MARCH).exceptions] == ["voucher_over"]


def test_cash_of_a_bill_with_a_voucher_is_what_was_paid(session, machine):
    firm = entry(session)
    usage(session, machine, project(session, firm, voucher_id=voucher(session, firm).id), local(2), 60)
    billed(session)
    bill = session.scalars(select(Bill)).one()
    receipts.receive(session, firm_id=firm.id, amount=bill.gross, received_on=DAY, kind="cash", allocate=[(bill.id, bill.gross)])
    rows = recovery.cash_rows(APRIL, date(2026, 5, 1)).subquery()
    assert session.scalar(select(func.sum(rows.c.cash))) == 100_00 == bill.gross * 100


# ---- reversed bills


def test_a_reversed_bill_frees_its_events_for_a_new_run(session, machine):
    firm = entry(session)
    event = usage(session, machine, project(session, firm, voucher_id=voucher(session, firm).id), local(2), 60)
    billed(session)
    run = month_runs.live_run(session, firm.park_id, MARCH)
    credits.reverse_bill(session, session.scalars(select(Bill).where(Bill.kind == "bill")).one(), on=DAY, reason="开错")
    session.refresh(event)
    assert (event.net, event.run_id, event.reversals, run.events, run.net) == (None, None, 1, 0, 0)
    assert pricing.of_event(session, event) == D("200.00")  # to be charged again, and it can be changed now
    assert [line for check in CHECKS for line in check.run(session)] == []
    billed(session)
    billed(session, APRIL)
    assert [(k, g) for k, g, _t in charges(session, "platforms.event")] == [("", D("200.00")), ("2", D("200.00"))]
    assert [(k, g) for k, g, _t in charges(session)] == [("", D("-100.00")), ("2", D("-100.00"))]
    assert session.scalar(select(func.sum(Bill.gross))) == D("100.00") and balance(session) == D("100.00")
    assert [line for check in CHECKS for line in check.run(session)] == []
    with pytest.raises(RuleError, match="bills"):
        month_runs.void_run(session, month_runs.live_run(session, firm.park_id, MARCH), reason="x")


def test_events_on_other_bills_keep_their_price(session, machine):
    one, two = entry(session), entry(session)
    a, b = usage(session, machine, project(session, one), local(2)), usage(session, machine, project(session, two), local(3))
    billed(session)
    credits.reverse_bill(session, session.scalars(select(Bill).where(Bill.firm_id == one.id)).one(), on=DAY, reason="开错")
    session.refresh(a)
    session.refresh(b)
    assert (a.net, b.net, b.reversals) == (None, D("200.00"), 0)
    assert month_runs.live_run(session, one.park_id, MARCH).events == 1


# ---- lines at nothing


def test_use_that_rights_pay_is_a_line_at_nothing_that_says_so(session, machine):
    firm = entry(session)
    plan = EntitlementPlan(park_id=firm.park_id, code="H", name="每月机时")
    session.add(plan)
    session.flush()
    session.add_all([PlanLine(park_id=firm.park_id, plan_id=plan.id, unit="minutes", minutes=80),
                     EntitlementGrant(park_id=firm.park_id, plan_id=plan.id, firm_id=firm.id, starts_on=date(2026, 1, 1))])
    pays = project(session, firm)
    usage(session, machine, pays, local(2), 60)
    usage(session, machine, pays, local(3), 60)
    alone = entry(session)
    session.add(EntitlementGrant(park_id=firm.park_id, plan_id=plan.id, firm_id=alone.id, starts_on=date(2026, 1, 1)))
    usage(session, machine, project(session, alone), local(5), 60)  # all of it is covered: no bill of nothing
    billed(session)
    rows = session.scalars(select(Charge).where(Charge.source == "platforms.event").order_by(Charge.period_from)).all()
    assert [(c.gross, c.firm_id) for c in rows] == [(D("0.00"), firm.id), (D("133.33"), firm.id)]
    assert "price 200.00 yuan, rights cover 200.00" in rows[0].memo and "rights cover 66.67" in rows[1].memo
    assert session.scalars(select(Bill.gross)).all() == [D("133.33")]
    assert [line for check in CHECKS for line in check.run(session)] == []


# ---- the race for a quota


def _scope():
    with system_scope("test") as s:
        park = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
    return Scope(parks=None, system=True, park_id=park, via="system", user_name="test", reason="test")


def race(monkeypatch):
    """A month run has looked at the quota; before it writes, somebody applies for a use by hand. Returns (sum of uses, quota)."""
    scope = _scope()
    with system_scope("test") as s:
        s.info["scope"] = scope
        tool = instrument(s)
        rate(s, tool, "200")
        firm = entry(s)
        v = voucher(s, firm, quota="100", percent=100)
        usage(s, tool, project(s, firm, voucher_id=v.id), local(2), 30)
        s.commit()
        voucher_id = v.id
    looked, done, said = threading.Event(), threading.Event(), []
    plain = voucher_uses._of_voucher

    def gate(*args):
        looked.set()
        deadline = time.monotonic() + 30
        while not done.is_set() and time.monotonic() < deadline:
            with system_scope("test") as s:  # until the other one waits for our lock, or is through
                waits = s.execute(text("select count(*) from pg_stat_activity where datname = current_database() "
                                       "and wait_event_type = 'Lock'")).scalar()
            if waits:
                break
            done.wait(0.02)
        return plain(*args)

    def by_hand():
        looked.wait(30)
        with new_session(scope) as s:
            try:
                vouchers.apply_use(s, voucher_id=voucher_id, used_on=date(2026, 3, 5), cost=D(80), amount=D(80), service="检测")
                s.commit()
                said.append("written")
            except RuleError as refused:
                s.rollback()
                said.append(refused.codes)
        done.set()

    monkeypatch.setattr(voucher_uses, "_of_voucher", gate)
    other = threading.Thread(target=by_hand)
    other.start()
    with new_session(scope) as s:
        month_runs.price_month(s, month=MARCH)
        s.commit()
    other.join(60)
    with system_scope("test") as s:
        return s.scalar(select(func.sum(VoucherUse.amount))), said


def test_a_quota_is_never_exceeded(fresh_db, monkeypatch):
    assert race(monkeypatch) == (D("100.00"), [["booking.K-32"]])


def test_control_without_the_lock_it_is(fresh_db, monkeypatch):
    monkeypatch.setattr(vouchers, "_lock", lambda *a: None)
    assert race(monkeypatch) == (D("180.00"), ["written"])


