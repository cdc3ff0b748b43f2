"""Refunds asked for: of an advance, of a credit note or of a deposit. The money leaves after a second person's approval."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText, Money
from parkops.i18n import _l

from ..states_refund import REFUND
from .bill import Bill
from .deposit import Deposit, DepositMove
from .receipt import BankAccount, Receipt


class Refund(ParkScoped, Record):
    """One request to pay money back, out of exactly one receipt, credit note or deposit. Open ones reserve their amount."""

    __tablename__ = "billing_refund"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("num_nonnulls(receipt_id, credit_id, deposit_id) = 1", name="source"),
        CheckConstraint(
            "num_nonnulls(paid_receipt_id, move_id) <= 1 AND (num_nonnulls(paid_receipt_id, move_id) = 1) = (paid_on IS NOT NULL)",
            name="paid",
        ),
        CheckConstraint("paid_on IS NULL OR state = 'paid'", name="paid_state"),
        CheckConstraint("state NOT IN ('approved', 'paid') OR approval_id IS NOT NULL", name="approved"),
        Index("ix_billing_refund_open", "park_id", "firm_id", postgresql_where="state IN ('requested', 'approved')"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    receipt_id: Mapped[int | None] = fk("billing_receipt.id", _l("Out of receipt"))
    credit_id: Mapped[int | None] = fk("billing_bill.id", _l("Out of credit note"))
    deposit_id: Mapped[int | None] = fk("billing_deposit.id", _l("Out of deposit"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    asked_on: Mapped[date] = field(Date, _l("Asked on"))
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    payee: Mapped[str | None] = field(String(200), _l("Payee"))
    payee_bank: Mapped[str | None] = field(String(120), _l("Payee's bank"))
    payee_account: Mapped[str | None] = field(String(60), _l("Payee's account"), personal="bank")
    state: Mapped[str] = field(EnumText(REFUND.choices), _l("State"), default="requested", server_default="requested")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    paid_on: Mapped[date | None] = field(Date, _l("Paid on"))
    bank_account_id: Mapped[int | None] = fk("billing_bank_account.id", _l("Paid from"))
    paid_receipt_id: Mapped[int | None] = fk("billing_receipt.id", _l("Payment"))
    move_id: Mapped[int | None] = fk("billing_deposit_move.id", _l("Deposit movement"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Refund.firm_id")
    receipt: Mapped[Receipt | None] = relationship(foreign_keys="Refund.receipt_id")
    credit: Mapped[Bill | None] = relationship(foreign_keys="Refund.credit_id")
    deposit: Mapped[Deposit | None] = relationship(foreign_keys="Refund.deposit_id")
    bank_account: Mapped[BankAccount | None] = relationship(foreign_keys="Refund.bank_account_id")
    paid_receipt: Mapped[Receipt | None] = relationship(foreign_keys="Refund.paid_receipt_id")
    approval: Mapped[Any] = relationship("Approval", foreign_keys="Refund.approval_id")
    move: Mapped[DepositMove | None] = relationship(foreign_keys="Refund.move_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number
