"""An approved settlement in the ledger, paid, reversed; who may, and the tie-out with the books (U-139 to U-142)."""

from datetime import date
from decimal import Decimal as D

import pytest
import recovery_help as h
from front_help import english  # noqa: F401
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from modules.billing.models.catalogue import Account
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from modules.billing.models.receipt import BankAccount
from modules.billing.services import ledger
from modules.billing.services.accounts import by_role
from modules.platforms.checks.costs import CHECKS
from modules.platforms.services import contracts
from modules.platforms.services import operator_payments as payments
from modules.platforms.services import operator_settlements as settlements
from parkops.errors import NotAllowed, RuleError

YEAR = {"starts_on": date(2021, 1, 1), "ends_on": date(2021, 12, 31)}
POSTED, PAID = date(2022, 1, 20), date(2022, 2, 8)


def approved(session, fee="12000", payment=None, **values):
    """A settlement with its approval given (the vote has its own test)."""
    row = h.contract(session, h.platform(session, "delegated"), base_fee=D(fee), penalty_step=D(0), **values)
    made = settlements.create_settlement(session, contract_id=row.id, **YEAR)
    settlements.submit_settlement(session, made, on=date(2022, 1, 6))
    request = contracts.waiting(session, made, settlements.KIND.code)
    if payment is not None:
        made.payment = payment
        session.flush()
    request.state, made.approval_id, made.state = "approved", request.id, "approved"
    session.flush()
    return made


def bank(session):
    row = BankAccount(park_id=session.info["scope"].park_id, name="基本户", bank="济宁银行", number="62220001",
                      account_id=by_role(session, "bank").id)
    session.add(row)
    session.flush()
    return row.id


def balance(session, role):
    return session.scalar(select(func.coalesce(func.sum(LedgerLine.debit - LedgerLine.credit), 0, type_=LedgerLine.debit.type)).join(
        Account, Account.id == LedgerLine.account_id).where(Account.role == role))


def books(session):
    return tuple(balance(session, role) for role in ("operator_cost", "operator_payable", "bank"))


def checks(session):
    return [line for check in CHECKS if check.code == "platforms.operator_ledger" for line in check.run(session)]


def test_posted_paid_and_taken_back(session):
    one, two = approved(session), approved(session, "6000")
    payments.post_settlement(session, one, on=POSTED)
    payments.post_settlement(session, two, on=POSTED)
    assert books(session) == (D("18000.00"), D("-18000.00"), 0) and checks(session) == []
    payments.pay_settlement(session, one, on=PAID, bank_account_id=bank(session), reference="网银 20220208-17")
    assert books(session) == (D("18000.00"), D("-6000.00"), D("-12000.00")) and checks(session) == []
    assert (one.state, one.posted_on, one.paid_on, one.paid_reference) == ("paid", POSTED, PAID, "网银 20220208-17")
    payments.reverse_settlement(session, one, on=date(2022, 3, 1), reason="金额有误")
    assert books(session) == (D("6000.00"), D("-6000.00"), 0) and checks(session) == []
    assert one.state == "reversed" and session.scalar(select(func.count(LedgerEntry.id)).where(LedgerEntry.source_id == one.id)) == 4
    again = settlements.create_settlement(session, contract_id=one.contract_id, **YEAR)  # the period is free again
    assert again.state == "draft"


def test_a_deduction_beyond_the_fee_turns_the_sides(session):
    made = approved(session, payment=D(-500))
    payments.post_settlement(session, made, on=POSTED)
    assert books(session) == (D("-500.00"), D("500.00"), 0) and checks(session) == []


def test_days_and_references(session):
    made = approved(session)
    with pytest.raises(RuleError, match="2021-12-31"):
        payments.post_settlement(session, made, on=date(2021, 12, 30))
    payments.post_settlement(session, made, on=POSTED)
    with pytest.raises(RuleError) as found:
        payments.pay_settlement(session, made, on=date(2022, 1, 1), bank_account_id=bank(session), reference=" ")
    assert found.value.codes == ["platforms.U-140", "platforms.U-140"]
    with pytest.raises(RuleError):
        payments.reverse_settlement(session, made, on=PAID, reason=" ")
    assert made.state == "posted"


def test_nothing_to_pay_is_not_posted(session):
    made = approved(session, "0")
    with pytest.raises(RuleError, match="Nothing is to be paid"):
        payments.post_settlement(session, made, on=POSTED)
    assert checks(session) == []


def test_what_was_approved_and_posted_stays(session):
    made = approved(session)
    payments.post_settlement(session, made, on=POSTED)
    for change in ("payment = 1", "entry_id = NULL", "state = 'draft'"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(f"UPDATE platforms_operator_settlement SET {change}"))
    with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
        session.execute(text("DELETE FROM platforms_operator_settlement"))


def test_the_check_sees_a_difference(session):
    made = approved(session)
    payments.post_settlement(session, made, on=POSTED)
    legs = [ledger.Leg(by_role(session, "operator_cost").id, debit=1), ledger.Leg(by_role(session, "operator_payable").id, credit=1)]
    ledger.post(session, park_id=made.park_id, kind="document", on=POSTED, memo="x", legs=legs, source=payments.RESOURCE, source_id=made.id)
    assert len(checks(session)) == 2


def test_whoever_made_it_never_checks_it(as_role):
    with as_role("finance") as s:
        user = s.info["scope"].user_id
        with _everything(s):
            made = approved(s)
            made_id = made.id
        made = s.get(settlements.OperatorSettlement, made_id)
        made.submitted_by_id = user
        s.flush()
        with pytest.raises(RuleError, match="You submitted"):
            payments.post_settlement(s, made, on=POSTED)
        made.submitted_by_id = None
        s.flush()
        payments.post_settlement(s, made, on=POSTED)
        with pytest.raises(RuleError, match="You posted"):
            payments.pay_settlement(s, made, on=PAID, bank_account_id=0, reference="x")
        with pytest.raises(RuleError, match="You posted"):
            payments.reverse_settlement(s, made, on=PAID, reason="x")
    with as_role("operations_manager") as s:
        with _everything(s):
            made = approved(s)
            made.submitted_by_id = None
            s.flush()
        with pytest.raises(RuleError, match="Finance"):
            payments.post_settlement(s, made, on=POSTED)
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        with _everything(s):
            made = approved(s)
        payments.post_settlement(s, made, on=POSTED)


def _everything(s):
    """Build as the system in somebody's session."""
    from contextlib import contextmanager
    from dataclasses import replace

    @contextmanager
    def inside():
        mine = s.info["scope"]
        s.info["scope"] = replace(mine, system=True)
        try:
            yield
        finally:
            s.info["scope"] = mine

    return inside()
