"""Paying money back: asked for by one person, approved by others (two from 50,000 yuan on), then paid. Rules R-14 to R-18.

A request reserves its amount: everything open on a receipt, credit note or deposit never exceeds what is there, whoever asks
at the same time (the source's row is locked)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce

from modules.tenants.models.firm import Firm
from parkops import approval, sequences
from parkops.db.session import scope_of
from parkops.db.types import Money
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.bill import Bill
from ..models.deposit import Deposit
from ..models.receipt import Allocation, BankAccount, Receipt
from ..models.refund import Refund
from ..states_refund import REFUND
from . import ledger
from .allocations import lock_bills, lock_receipt, money_account, role_id, settled_again
from .deposits import pay_out_deposit
from .deposits_base import lock_deposit
from .receipts import pay_out, record

RESOURCE = "billing.refund"
OPEN = ("requested", "approved")
KIND = approval.ApprovalKind(RESOURCE, _l("Refund"), RESOURCE, "act", needed=1, thresholds=((Decimal(50000), 2),))


def reserved_of(
    session: Any, *, receipt: Receipt | None = None, credit: Bill | None = None, deposit: Deposit | None = None, besides: int | None = None
) -> Decimal:
    """What open requests have set aside of a source."""
    query = select(type_coerce(func.coalesce(func.sum(Refund.amount), 0), Money)).where(Refund.state.in_(OPEN))
    for column, obj in ((Refund.receipt_id, receipt), (Refund.credit_id, credit), (Refund.deposit_id, deposit)):
        query = query.where(column == obj.id) if obj is not None else query
    return session.scalar(query.where(Refund.id != besides) if besides else query)


def _locked(session: Any, refund: Any) -> tuple[dict[str, Any], Decimal]:
    """The source, locked, and what is left in it (requests not counted)."""
    if refund.get("receipt") is not None:
        receipt = lock_receipt(session, refund["receipt"])
        return {"receipt": receipt}, receipt.amount - receipt.allocated if receipt.amount > 0 and receipt.firm_id else Decimal(0)
    if refund.get("credit") is not None:
        credit = lock_bills(session, [refund["credit"].id])[refund["credit"].id]
        return {"credit": credit}, credit.settled - credit.gross if credit.kind == "credit" and credit.state != "draft" else Decimal(0)
    deposit = lock_deposit(session, refund["deposit"])
    return {"deposit": deposit}, deposit.held


def _may_ask(amount: Decimal, free: Decimal, reason: str, problems: Problems) -> None:
    """R-14 amount and reason, R-15 no more than is left."""
    if amount is None or amount <= 0:
        problems.add("billing.R-14", _l("Enter the amount to pay back, above zero."), "amount")
    elif amount > free:
        problems.add(
            "billing.R-15", _l("Only %(free)s is left to pay back, open requests counted. Enter that amount or less.", free=free), "amount"
        )
    if not (reason or "").strip():
        problems.add("billing.R-14", _l("Write a reason."), "reason")


def request_refund(
    session: Any,
    *,
    amount: Decimal,
    on: date,
    reason: str,
    receipt: Receipt | None = None,
    credit: Bill | None = None,
    deposit: Deposit | None = None,
    payee: str | None = None,
    payee_bank: str | None = None,
    payee_account: str | None = None,
) -> Refund:
    """Ask to pay back part of an advance, of a credit note or of a deposit (R-14, R-15)."""
    access.require(session, RESOURCE, "add")
    if sum(x is not None for x in (receipt, credit, deposit)) != 1:
        raise NotFound(_l("Name one receipt, credit note or deposit the money comes from."))
    source, left = _locked(session, {"receipt": receipt, "credit": credit, "deposit": deposit})
    free, problems = left - reserved_of(session, **source), Problems()
    _may_ask(amount, free, reason, problems)
    problems.stop()
    obj = next(iter(source.values()))
    firm = session.get(Firm, obj.firm_id)
    row = Refund(
        park_id=obj.park_id,
        number=sequences.next_number(session, RESOURCE, obj.park_id, on),
        firm_id=firm.id,
        amount=amount,
        asked_on=on,
        reason=reason.strip(),
        payee=payee or firm.name,
        payee_bank=payee_bank,
        payee_account=payee_account,
        state=REFUND.start,
        **{f"{k}_id": v.id for k, v in source.items()},
    )
    session.add(row)
    session.flush()
    _ask_approval(session, row, amount, str(obj), firm.name)
    return row


def _ask_approval(session: Any, row: Refund, amount: Decimal, source: str, firm: str) -> None:
    """Other people decide on the request."""
    asked = approval.request(
        session,
        row,
        KIND.code,
        amount=amount,
        reason=row.reason,
        payload={"source": source, "amount": amount},
        title=_("%(firm)s: pay back %(amount)s", firm=firm, amount=f"{amount:,.2f}"),
    )
    row.approval_id = asked.id
    session.flush()


def ask_for_receipt(
    session: Any,
    receipt: Receipt,
    *,
    amount: Decimal,
    on: date,
    reason: str,
    payee: str | None = None,
    payee_bank: str | None = None,
    payee_account: str | None = None,
) -> Refund:
    """The button on a receipt."""
    return request_refund(
        session, receipt=receipt, amount=amount, on=on, reason=reason, payee=payee, payee_bank=payee_bank, payee_account=payee_account
    )


def ask_for_deposit(
    session: Any,
    deposit: Deposit,
    *,
    amount: Decimal,
    on: date,
    reason: str,
    payee: str | None = None,
    payee_bank: str | None = None,
    payee_account: str | None = None,
) -> Refund:
    """The button on a deposit."""
    return request_refund(
        session, deposit=deposit, amount=amount, on=on, reason=reason, payee=payee, payee_bank=payee_bank, payee_account=payee_account
    )


def ask_for_credit(
    session: Any,
    credit: Bill,
    *,
    amount: Decimal,
    on: date,
    reason: str,
    payee: str | None = None,
    payee_bank: str | None = None,
    payee_account: str | None = None,
) -> Refund:
    """The button on a credit note."""
    return request_refund(
        session, credit=credit, amount=amount, on=on, reason=reason, payee=payee, payee_bank=payee_bank, payee_account=payee_account
    )


def why_not_approve(session: Any, refund: Refund) -> str | None:
    """Why the actor may not approve it, or None (R-16: nobody approves their own request)."""
    asked = refund.approval
    if asked is None or asked.state != "waiting":
        return None
    problem = approval.why_not(session, asked)
    return str(problem.message) if problem is not None else None


def approve_refund(session: Any, refund: Refund) -> Refund:
    """One person's approval; the last one needed frees the payment."""
    approval.vote(session, refund.approval, True)
    return refund


def return_refund(session: Any, refund: Refund, *, reason: str) -> Refund:
    """Do not pay: a vote against it, the asker's withdrawal, or a later second thought about an approved one."""
    asked = refund.approval
    if asked is not None and asked.state == "waiting":
        if scope_of(session).user_id == asked.requested_by_id:
            approval.withdraw(session, asked, reason)
        else:
            approval.vote(session, asked, False, reason)
    else:
        REFUND.move(session, refund, "return", reason=reason)
    return refund


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, refund: Refund) -> None:
    REFUND.move(session, refund, "approve")


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, refund: Refund) -> None:
    REFUND.move(session, refund, "return", reason=request.reason or str(_l("The request has expired.")))


def pay_refund(session: Any, refund: Refund, *, on: date, bank_account_id: int | None = None) -> Refund:
    """Pay an approved refund (R-17): an advance by a negative receipt, a credit note likewise, a deposit by a movement."""
    access.require(session, RESOURCE, "add")
    source, left = _locked(session, {"receipt": refund.receipt, "credit": refund.credit, "deposit": refund.deposit})
    bank, problems = session.get(BankAccount, bank_account_id) if bank_account_id else None, Problems()
    if bank_account_id and (bank is None or bank.park_id != refund.park_id):
        raise NotFound(_l("There is no such record in your parks."))
    if refund.amount > left:
        problems.add("billing.R-15", _l("Only %(free)s is left to pay back, open requests counted. Enter that amount or less.", free=left))
    if on < refund.asked_on:
        problems.add(
            "billing.R-17", _l("It was asked for on %(day)s. Choose that day or a later one.", day=refund.asked_on.isoformat()), "on"
        )
    problems.stop()
    REFUND.move(session, refund, "pay", on=on)  # exactly one of two racing payments gets the row; the rest is one transaction with it
    memo = str(_l("Refund %(number)s", number=refund.number))
    if "deposit" in source:
        done = {
            "move_id": pay_out_deposit(
                session, source["deposit"], amount=refund.amount, on=on, bank_account_id=bank_account_id, reason=memo
            ).id
        }
    elif "credit" in source:
        done = {"paid_receipt_id": _pay_credit(session, source["credit"], refund.amount, on, bank_account_id, memo).id}
    else:
        done = {
            "paid_receipt_id": pay_out(
                session, source["receipt"], amount=refund.amount, on=on, kind="refund", bank_account_id=bank_account_id, memo=memo
            ).id
        }
    for name, value in {**done, "paid_on": on, "bank_account_id": bank_account_id}.items():
        setattr(refund, name, value)
    session.flush()
    return refund


def _pay_credit(session: Any, credit: Bill, amount: Decimal, on: date, bank_account_id: int | None, memo: str) -> Receipt:
    """A credit note is paid out: Dr receivable, Cr bank or cash."""
    legs = [
        ledger.Leg(role_id(session, "receivable"), debit=amount, firm_id=credit.firm_id),
        ledger.Leg(money_account(session, "cash" if bank_account_id is None else "bank", bank_account_id), credit=amount),
    ]
    paid = record(
        session,
        park_id=credit.park_id,
        firm=session.get(Firm, credit.firm_id),
        amount=-amount,
        on=on,
        legs=legs,
        memo=memo,
        kind="refund",
        entry_kind="refund",
        bank_account_id=bank_account_id,
    )
    session.add(
        Allocation(
            park_id=credit.park_id, credit_id=credit.id, refund_id=paid.id, amount=amount, on_date=on, made_by=scope_of(session).user_name
        )
    )
    session.flush()
    settled_again(session, credit, paid)
    return paid
