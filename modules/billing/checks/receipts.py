"""What must tie between receipts, allocations, deposits and the ledger; `parkops check` and the nightly job run these."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, func, literal, or_, select, type_coerce

from parkops import money
from parkops.checks import Check
from parkops.clock import today
from parkops.i18n import _, _l

from ..models.bill import Bill
from ..models.catalogue import Account
from ..models.deposit import DEPOSIT_KINDS, Deposit, DepositMove
from ..models.ledger import LedgerLine
from ..models.receipt import Allocation, Receipt
from ..services import balances, statements


def _sum(column: Any) -> Any:
    return func.coalesce(func.sum(type_coerce(column, BigInteger)), 0)


def _side(model: Any, column: Any, plus: Any, minus: Any) -> Any:
    """Rows of `model` whose `column` differs from the sum of their allocations."""
    total = (
        select(_sum(Allocation.amount)).where(plus == model.id).correlate(model).scalar_subquery()
        - select(_sum(Allocation.amount)).where(minus == model.id).correlate(model).scalar_subquery()
    )
    return select(model.number, type_coerce(column, BigInteger), total).where(type_coerce(column, BigInteger) != total)


def settled_differences(session: Any) -> list[str]:
    """Bills, credit notes and receipts against their allocations."""
    rows = [
        *session.execute(_side(Bill, Bill.settled, Allocation.bill_id, Allocation.credit_id)),
        *session.execute(_side(Receipt, Receipt.allocated, Allocation.receipt_id, Allocation.refund_id)),
    ]
    return [
        _("%(number)s says %(kept)s, its allocations are %(sum)s", number=n, kept=money.yuan(k), sum=money.yuan(int(t))) for n, k, t in rows
    ]


def receivable_differences(session: Any) -> list[str]:
    """Open items and advances of every firm against the accounts receivable and advance of the ledger."""
    on = today()
    ledger = statements.ledger_balances(session, on)
    owed, advance = balances.open_balance(session, None, on), balances.advances(session, None, on)
    other = {
        f
        for (f,) in session.execute(
            select(LedgerLine.firm_id)
            .join(statements.LedgerEntry, statements.LedgerEntry.id == LedgerLine.entry_id)
            .where(
                LedgerLine.account_id.in_(statements.accounts_of(session)),
                or_(statements.LedgerEntry.source.is_(None), statements.LedgerEntry.source.not_in(("billing.receipt", "billing.bill"))),
            )
        )
    }
    out = []
    for firm in sorted({*ledger, *owed, *advance} - other):
        documents = owed.get(firm, money.ZERO) - advance.get(firm, money.ZERO)
        if documents != ledger.get(firm, money.ZERO):
            out.append(
                _(
                    "firm %(id)s: documents %(documents)s, ledger %(ledger)s",
                    id=firm,
                    documents=documents,
                    ledger=ledger.get(firm, money.ZERO),
                )
            )
    return out


def unidentified_differences(session: Any) -> list[str]:
    """Receipts without a firm against their account."""
    left = session.scalar(select(_sum(Receipt.amount) - _sum(Receipt.allocated)).where(Receipt.firm_id.is_(None)))
    booked = session.scalar(
        select(_sum(LedgerLine.credit) - _sum(LedgerLine.debit))
        .join(Account, Account.id == LedgerLine.account_id)
        .where(Account.role == "unidentified")
    )
    return (
        []
        if left == booked
        else [_("unidentified receipts %(left)s, ledger %(booked)s", left=money.yuan(int(left)), booked=money.yuan(int(booked)))]
    )


def deposit_differences(session: Any) -> list[str]:
    """`held` against the movements, and each kind against its own account (D-02)."""
    moved = select(_sum(DepositMove.amount)).where(DepositMove.deposit_id == Deposit.id).correlate(Deposit).scalar_subquery()
    out = [
        _("%(number)s says %(kept)s, its movements are %(sum)s", number=n, kept=money.yuan(h), sum=money.yuan(int(t)))
        for n, h, t in session.execute(
            select(Deposit.number, type_coerce(Deposit.held, BigInteger), moved).where(type_coerce(Deposit.held, BigInteger) != moved)
        )
    ]
    held = dict(session.execute(select(Deposit.kind, _sum(Deposit.held)).group_by(Deposit.kind)).tuples().all())
    for kind in DEPOSIT_KINDS:
        booked = session.scalar(
            select(_sum(LedgerLine.credit) - _sum(LedgerLine.debit))
            .join(Account, Account.id == LedgerLine.account_id)
            .where(Account.role == literal(f"deposit_{kind}"))
        )
        if booked != held.get(kind, 0):
            out.append(
                _(
                    "%(kind)s held %(held)s, ledger %(booked)s",
                    kind=DEPOSIT_KINDS.label(kind),
                    held=money.yuan(int(held.get(kind, 0))),
                    booked=money.yuan(int(booked)),
                )
            )
    return out


CHECKS = [
    Check("billing.settled", _l("Bills and receipts against their allocations"), settled_differences),
    Check("billing.receivable", _l("Open items and advances against the ledger"), receivable_differences),
    Check("billing.unidentified", _l("Unidentified receipts against the ledger"), unidentified_differences),
    Check("billing.deposits", _l("Deposits against their movements and accounts"), deposit_differences),
]
