"""Deposits: kinds apart, earnest money, set-off, carry-over, forfeit, double return. Rules D-01 to D-12."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from receipts_help import balance, bill, firm
from sqlalchemy import select

from modules.billing.checks import receipts as checks
from modules.billing.models.deposit import DEPOSIT_KINDS, DepositMove
from modules.billing.services import deposits, receipts, refunds
from parkops.errors import RuleError

ON = date(2026, 4, 20)


def deposit(s, f, kind="pledge", agreed="3000", received=None, **values):
    row = deposits.agree_deposit(s, firm_id=f.id, kind=kind, agreed=D(agreed), **values)
    if received:
        deposits.receive_deposit(s, row, amount=D(received), on=ON)
    return row


def test_each_kind_in_its_own_account(session):
    """D-02: received, each kind stands in its own liability account; no income, and held equals the ledger."""
    f = firm(session)
    for kind, amount in (("pledge", "100"), ("performance", "200"), ("earnest", "300")):
        row = deposit(session, f, kind, amount, amount, subject_amount=D(5000))
        assert (row.held, balance(session, f"deposit_{kind}", f)) == (D(amount), -D(amount))
    assert balance(session, "bank") == D(600) and balance(session, "advance", f) == 0 and checks.deposit_differences(session) == []


def test_never_more_than_agreed_nor_less_than_nothing(session):
    row = deposit(session, firm(session), received="2000")
    with pytest.raises(RuleError, match="2000"):
        deposits.receive_deposit(session, row, amount=D("1000.01"), on=ON)
    with pytest.raises(RuleError):
        deposits.offset_deposit(session, row, amount=D("2000.01"), on=ON)
    with pytest.raises(RuleError):
        deposits.change_deposit(session, row, agreed=D(1999))


def test_set_off_against_bills_and_back(session):
    """D-06: an offset receipt settles bills; only as much as is open; reversed, the deposit holds the money again."""
    f = firm(session)
    row, b = deposit(session, f, received="3000"), bill(session, f, "800")
    with pytest.raises(RuleError) as refused:
        deposits.offset_deposit(session, row, amount=D(900), on=ON)
    assert refused.value.codes == ["billing.D-06"]
    got = deposits.offset_deposit(session, row, amount=D(800), on=ON)
    assert (got.kind, b.settled, row.held, balance(session, "receivable", f), balance(session, "deposit_pledge", f)) == (
        "offset", D(800), D(2200), 0, D(-2200))
    receipts.reverse_receipt(session, got, on=ON, reason="wrong bill")
    assert (b.settled, row.held, balance(session, "receivable", f), balance(session, "deposit_pledge", f)) == (0, D(3000), D(800), D(-3000))
    assert balance(session, "advance", f) == 0 and checks.deposit_differences(session) == [] and checks.receivable_differences(session) == []


def test_a_foreign_bill_is_refused(session):
    f, other = firm(session), firm(session)
    row, b = deposit(session, f, received="500"), bill(session, other, "100")
    with pytest.raises(RuleError):
        deposits.offset_deposit(session, row, amount=D(100), on=ON, pairs=[(b.id, D(100))])


def test_carried_over_within_a_kind_only(session):
    """D-02: pledge to pledge of a renewed lease; pledge to performance bond is refused by service and by the database."""
    f = firm(session)
    old, new, bond = deposit(session, f, received="1000"), deposit(session, f), deposit(session, f, "performance")
    deposits.move_deposit(session, old, to_id=new.id, amount=D(1000), on=ON)
    assert (old.held, new.held, balance(session, "deposit_pledge", f)) == (0, D(1000), D(-1000))
    with pytest.raises(RuleError) as refused:
        deposits.move_deposit(session, new, to_id=bond.id, amount=D(10), on=ON)
    assert refused.value.codes == ["billing.D-02"]


def test_database_refuses_mixed_kinds(session):
    f = firm(session)
    pledge, bond = deposit(session, f, received="1000"), deposit(session, f, "performance")
    move = session.scalars(select(DepositMove).where(DepositMove.deposit_id == pledge.id)).one()
    with pytest.raises(Exception, match="own kind"), session.begin_nested():
        session.add(DepositMove(park_id=f.park_id, deposit_id=bond.id, kind="received", on_date=ON, amount=D(1000), entry_id=move.entry_id,
                                posted_at=move.posted_at, posted_by="x"))
        session.flush()


@pytest.mark.parametrize("agreed,subject,effect", [("1000", "5000", "1000"), ("1500", "5000", "1000"), ("10", "0.04", "0.01"), ("999.99", "5000", "999.99")])
def test_earnest_money_has_effect_up_to_a_fifth(session, agreed, subject, effect):
    """D-03, Civil Code 586: the excess over 20 % of the subject amount has no such effect."""
    f = firm(session)
    row = deposit(session, f, "earnest", agreed, agreed, subject_amount=D(subject))
    assert deposits.effective(row) == D(effect)
    if D(agreed) > D(effect):
        with pytest.raises(RuleError):
            deposits.forfeit_deposit(session, row, amount=D(agreed), on=ON, reason="x")
    deposits.forfeit_deposit(session, row, on=ON, reason="firm withdrew")
    assert (row.held, balance(session, "forfeit")) == (D(agreed) - D(effect), -D(effect))


def test_earnest_needs_its_subject(session):
    with pytest.raises(RuleError) as refused:
        deposit(session, firm(session), "earnest", "100")
    assert refused.value.codes == ["billing.D-03"]


def test_returned_double(session):
    """D-09, Civil Code 587: 1,500 held on a subject of 5,000: 1,500 and once more the effective 1,000 go back."""
    f = firm(session)
    row = deposit(session, f, "earnest", "1500", "1500", subject_amount=D(5000))
    deposits.return_double(session, row, on=ON, reason="park withdrew")
    assert (row.held, balance(session, "bank"), balance(session, "cash"), balance(session, "deposit_earnest", f)) == (0, D(1500), D(-2500), 0)
    with pytest.raises(RuleError):
        deposits.return_double(session, deposit(session, f, received="10"), on=ON, reason="x")


def test_earnest_and_penalty_not_both(session):
    """D-10, Civil Code 588."""
    f = firm(session)
    row = deposit(session, f, "earnest", "500", "500", subject_amount=D(5000), source="test", source_id=77)
    bill(session, f, "40", kind="penalty", item="late_fee", source_id=77)
    with pytest.raises(RuleError) as refused:
        deposits.forfeit_deposit(session, row, on=ON, reason="x")
    assert refused.value.codes == ["billing.D-10"]
    other = deposit(session, f, "earnest", "500", "500", subject_amount=D(5000), source="test", source_id=78)
    deposits.forfeit_deposit(session, other, on=ON, reason="x")
    assert deposits.earnest_used(session, "test", 78) and not deposits.earnest_used(session, "test", 77)


def test_wrong_movement_taken_back_once(session):
    row = deposit(session, firm(session), received="3000")
    move = session.scalars(select(DepositMove).where(DepositMove.deposit_id == row.id)).one()
    deposits.reverse_move(session, move, on=ON, reason="typed twice")
    assert (row.held, balance(session, "bank")) == (0, 0) and checks.deposit_differences(session) == []
    with pytest.raises(RuleError):
        deposits.reverse_move(session, move, on=ON, reason="again")


def test_open_refund_request_holds_its_amount(session):
    """D-08: what is asked back cannot be set off meanwhile."""
    f = firm(session)
    row = deposit(session, f, received="1000")
    bill(session, f, "500")
    asked = refunds.request_refund(session, deposit=row, amount=D(700), on=ON, reason="left")
    with pytest.raises(RuleError):
        deposits.offset_deposit(session, row, amount=D(400), on=ON)
    deposits.offset_deposit(session, row, amount=D(300), on=ON)
    assert asked.state == "requested" and row.held == D(700)


def test_every_kind_has_an_account(session):
    from modules.billing.services.accounts import by_role

    assert len({by_role(session, f"deposit_{k}").id for k in DEPOSIT_KINDS}) == 3
