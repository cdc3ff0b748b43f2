"""Move-out: the sheet, its posting through billing, the checklist that frees the units (C-40 to C-42, C-60 to C-66)."""

from datetime import date
from decimal import Decimal as D

import pytest
from lease_help import collect, dues, rent, signed
from space_help import unit
from sqlalchemy import select

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.models.refund import Refund
from modules.billing.services import bills, deposits, posting, receipts
from modules.leasing.models.lease import LeaseUnit
from modules.leasing.models.settlement import SettlementCheck
from modules.leasing.services import lease_deposits, leases, occupying, settlements, terminations
from modules.leasing.states_settlement import SETTLEMENT
from modules.tenants.services import moveout
from parkops.errors import RuleError

OUT = date(2026, 4, 15)


def codes(caught):
    return [p.code for p in caught.value.problems]


def bill_month(session, lease, month):
    """The run of a month in short: charge, one bill, post."""
    collect(session, lease.park_id, month)
    ids = list(session.scalars(select(Charge.id).where(Charge.firm_id == lease.firm_id, Charge.bill_id.is_(None))))
    bill = bills.make_bill(session, firm_id=lease.firm_id, charge_ids=ids, issued_on=month, due_on=month.replace(day=5))
    return posting.post_bill(session, bill, on=month)


def lived(session, *, late=None, earnest=None, paid=2, deposit="6000"):
    """A lease over 100 ㎡ at 30 yuan, deposits received, bills January to April posted, the first `paid` of them paid."""
    lease = signed(session, rent("30"), deposit_amount=D(deposit), late_fee_rate=late, earnest_amount=earnest)
    for d in lease_deposits.deposits_of(session, lease):
        deposits.receive_deposit(session, d, amount=d.agreed, on=date(2026, 1, 2), kind="cash")
    made = [bill_month(session, lease, date(2026, m, 1)) for m in (1, 2, 3, 4)]
    for bill in made[:paid]:
        receipts.receive(
            session, firm_id=lease.firm_id, amount=bill.gross, received_on=bill.due_on, kind="cash", allocate=[(bill.id, bill.gross)]
        )
    return lease


def ended(session, lease, **more):
    return terminations.terminate_lease(session, lease, on=OUT, reason="moves to own building", **{"remedy": "agreed", **more})


def approved(session, row):
    settlements.submit_settlement(session, row, on=OUT)
    request = settlements._request(session, row)
    request.state = "approved"
    session.flush()
    SETTLEMENT.move(session, row, "approve", on=OUT)
    return row


def sheet(session, row):
    return sorted((x.kind, x.amount) for x in settlements.lines_of(session, row))


def test_the_sheet_names_everything_with_its_source(session):
    lease = ended(session, lived(session))
    row = settlements.of_lease(session, lease)
    settlements.work_out(session, row, on=OUT)
    settlements.add_own_line(session, settlement_id=row.id, kind="damages", title="门损坏", amount=D("350.00"))
    settlements.add_own_line(session, settlement_id=row.id, kind="reading", title="电表终读", quantity=D("123.4"), unit_price=D("0.85"))
    assert sheet(session, row) == [
        ("arrears", D("3000.00")),
        ("arrears", D("3000.00")),
        ("damages", D("350.00")),
        ("pledge", D("-6000.00")),
        ("prepaid", D("-1500.00")),
        ("reading", D("104.89")),
    ]
    assert row.balance == D("-1045.11") and all(x.explain is not None and x.source for x in settlements.lines_of(session, row) if not x.own)


def test_posting_makes_the_sheet_true(session):
    """What is left open in billing afterwards, less the refunds asked for, is exactly the balance of the sheet."""
    lease = ended(session, lived(session))
    row = settlements.of_lease(session, lease)
    settlements.work_out(session, row, on=OUT)
    settlements.add_own_line(session, settlement_id=row.id, kind="damages", title="门损坏", amount=D("350.00"))
    settlements.post_settlement(session, approved(session, row), on=OUT)
    owed = sum(
        b.gross - b.settled
        for b in session.scalars(select(Bill).where(Bill.firm_id == lease.firm_id, Bill.state == "posted", Bill.kind == "bill"))
    )
    refunds = sum(session.scalars(select(Refund.amount).where(Refund.firm_id == lease.firm_id)), D(0))
    assert row.state == "posted" and row.balance == D("-1150.00") and owed - refunds == row.balance and owed == 0
    assert session.scalars(select(Bill).where(Bill.firm_id == lease.firm_id, Bill.kind == "credit")).one().gross == D("-1500.00")


def test_a_firm_that_owes_more_than_its_deposit_gets_a_bill(session):
    lease = ended(session, lived(session, paid=0, deposit="1000"))
    row = settlements.of_lease(session, lease)
    settlements.work_out(session, row, on=OUT)
    settlements.post_settlement(session, approved(session, row), on=OUT)
    owed = sum(
        b.gross - b.settled
        for b in session.scalars(select(Bill).where(Bill.firm_id == lease.firm_id, Bill.state == "posted", Bill.kind == "bill"))
    )
    assert row.balance == owed == D("9500.00") and session.scalars(select(Refund)).all() == []


def test_late_fees_by_rate_days_and_open_amount(session):
    lease = ended(session, lived(session, late=D("0.0005")))
    row = settlements.of_lease(session, lease)
    settlements.work_out(session, row, on=OUT)
    # March due on the 5th: 3000 × 0.05 % × 41 days; April due on the 5th: × 10 days
    assert sorted(x.amount for x in settlements.lines_of(session, row) if x.kind == "late_fee") == [D("15.00"), D("61.50")]


@pytest.mark.parametrize(
    ("remedy", "penalty", "wanted"),
    [
        ("penalty", D(2000), {"penalty": D(2000), "earnest": D(-3000)}),
        ("forfeit", None, {}),
        ("double", None, {"earnest": D(-6000)}),
        ("agreed", None, {"earnest": D(-3000)}),
    ],
)
def test_penalty_or_earnest_money_never_both(session, remedy, penalty, wanted):
    lease = lived(session, earnest=D(3000))
    with pytest.raises(RuleError) as caught:
        ended(session, lease, remedy="forfeit", penalty_amount=D(1), notice_on=date(2026, 1, 5))
    assert codes(caught) == ["leasing.C-41"]
    ended(session, lease, remedy=remedy, penalty_amount=penalty, notice_on=date(2026, 3, 1))
    row = settlements.of_lease(session, lease)
    settlements.work_out(session, row, on=OUT)
    found = {x.kind: x.amount for x in settlements.lines_of(session, row)}
    assert {k: v for k, v in found.items() if k in ("penalty", "earnest")} == wanted
    settlements.post_settlement(session, approved(session, row), on=OUT)
    assert all(d.held == 0 or d.kind != "earnest" or remedy in ("agreed", "penalty") for d in lease_deposits.deposits_of(session, lease))


def test_notice_comes_first_unless_agreed(session):
    lease = lived(session)
    for notice in (None, date(2026, 3, 17)):
        with pytest.raises(RuleError) as caught:
            ended(session, lease, remedy="none", notice_on=notice)
        assert codes(caught) == ["leasing.C-40"]
    assert ended(session, lease, remedy="none", notice_on=date(2026, 3, 16)).state == "terminated"


def test_prepaid_rent_is_withdrawn_or_credited(session):
    lease = ended(session, lived(session))
    assert [t for _f, t, _a in dues(session, lease, "charge")][-1] == date(2026, 4, 30)
    assert dues(session, lease, "credit") == [(date(2026, 4, 16), date(2026, 4, 30), D("-1500.00"))]


def test_units_are_free_only_when_the_checklist_is_done(session):
    place = unit(session)
    lease = signed(session, units=[place])
    ended(session, lease)
    row = settlements.of_lease(session, lease)
    held = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
    assert held.during.upper is None  # longer than the lease: nobody may move in yet
    with pytest.raises(RuleError) as caught:
        leases.submit_lease(session, _next(session, place), on=OUT)
    assert codes(caught) == ["leasing.C-10"]
    checks = session.scalars(
        select(SettlementCheck).where(SettlementCheck.settlement_id == row.id).order_by(SettlementCheck.position)
    ).all()
    settlements.do_checks(session, checks[:-1], on=date(2026, 4, 18))
    with pytest.raises(RuleError) as caught:
        settlements.do_check(session, checks[-1], on=date(2026, 4, 18))
    assert codes(caught) == ["leasing.C-64"] and row.released_on is None
    settlements.work_out(session, row, on=OUT)
    settlements.post_settlement(session, approved(session, row), on=date(2026, 4, 20))
    session.refresh(held)
    assert (
        row.released_on == date(2026, 4, 20)
        and held.during.upper == date(2026, 4, 21)
        and occupying.leases_of(session, lease.firm_id) == []
    )


def _next(session, place):
    from lease_help import draft

    return draft(session, units=[place], starts=date(2026, 5, 1), ends=date(2026, 10, 31))


def test_the_move_out_case_waits_for_the_lease(session):
    lease = signed(session)
    case = moveout.open_moveout(session, lease.firm, outcome="left", announced_on=date(2026, 3, 1), reason="grown")
    item = next(i for i in moveout.items_of(session, case) if i.source == "leasing")
    assert lease.number in item.title and item.required
    for i in moveout.items_of(session, case):
        moveout.settle_item(session, i, on=date(2026, 3, 1))  # even ticked by hand it does not pass
    with pytest.raises(RuleError) as caught:
        moveout.complete_moveout(session, case, on=date(2026, 4, 30))
    assert "leasing.C-66" in codes(caught)
    moveout.reopen_item(session, item)
    ended(session, lease)
    row = settlements.of_lease(session, lease)
    settlements.work_out(session, row, on=OUT)
    settlements.post_settlement(session, approved(session, row), on=OUT)
    checks = session.scalars(
        select(SettlementCheck).where(SettlementCheck.settlement_id == row.id, SettlementCheck.done_on.is_(None))
    ).all()
    settlements.do_checks(session, checks, on=date(2026, 4, 20))
    session.refresh(item)
    assert item.state == "done" and moveout.complete_moveout(session, case, on=date(2026, 4, 30)).state == "done"


def test_a_sheet_that_grew_old_is_not_submitted(session):
    lease = ended(session, lived(session))
    row = settlements.of_lease(session, lease)
    with pytest.raises(RuleError):
        settlements.submit_settlement(session, row, on=OUT)
    settlements.work_out(session, row, on=OUT)
    bill = session.scalars(
        select(Bill).where(Bill.firm_id == lease.firm_id, Bill.settled == 0, Bill.kind == "bill").order_by(Bill.id)
    ).first()
    receipts.receive(session, firm_id=lease.firm_id, amount=bill.gross, received_on=OUT, kind="cash", allocate=[(bill.id, bill.gross)])
    with pytest.raises(RuleError) as caught:
        settlements.submit_settlement(session, row, on=OUT)
    assert codes(caught) == ["leasing.C-60"]


def test_end_on_the_last_day(session):
    lease = signed(session)
    with pytest.raises(RuleError) as caught:
        terminations.end_lease(session, lease, on=date(2026, 12, 30))
    assert codes(caught) == ["leasing.C-40"]
    assert terminations.end_lease(session, lease, on=date(2026, 12, 31)).state == "ended" and len(dues(session, lease)) == 12


def test_arrears_stay_with_the_firm_when_the_lease_has_ended(session):
    """The peers lose arrears at lease end: here they are bills of the firm, whatever happens to the lease."""
    lease = ended(session, lived(session, paid=0))
    from modules.billing.services import balances

    assert balances.open_balance(session, [lease.firm_id], OUT)[lease.firm_id] == D("12000.00")
