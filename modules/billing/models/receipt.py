"""Money received and which bills it settles."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from .bill import Bill

RECEIPT_KINDS = Choices(
    "billing.receipt_kind",
    ("bank", _l("Bank transfer")), ("cash", _l("Cash")), ("offset", _l("Offset")), ("refund", _l("Refund"), "amber"),
)


class BankAccount(ParkScoped, Record):
    """An account of the operator into which firms pay, with the ledger account it is kept under."""

    __tablename__ = "billing_bank_account"
    __table_args__ = (UniqueConstraint("park_id", "number"),)
    name: Mapped[str] = field(String(120), _l("Name"))
    bank: Mapped[str] = field(String(120), _l("Bank"))
    number: Mapped[str] = field(String(40), _l("Account number"), fmt="code")
    account_id: Mapped[int] = fk("billing_account.id", _l("Ledger account"))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    account: Mapped[Any] = relationship("Account", foreign_keys="BankAccount.account_id")

    def __str__(self) -> str:
        return self.name


class Receipt(ParkScoped, Record):
    """Money in (or, as a refund, out: negative). Posted when it is made, never edited: reversed by a receipt that names it.

    `allocated` is the sum of its allocations, kept by the trigger on billing_allocation; the rest is an advance of the firm."""

    __tablename__ = "billing_receipt"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("(amount > 0 AND allocated >= 0 AND allocated <= amount) OR (amount < 0 AND allocated <= 0 AND allocated >= amount)", name="allocated"),
        Index("ix_billing_receipt_park_id_firm_id", "park_id", "firm_id", "received_on"),
        Index("ix_billing_receipt_park_id_received_on", "park_id", "received_on"),
        Index("ix_billing_receipt_unallocated", "park_id", "firm_id", postgresql_where="allocated <> amount"),
        Index("uq_billing_receipt_reverses", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    kind: Mapped[str] = field(EnumText(RECEIPT_KINDS), _l("Kind"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"), help=_l("Empty while the payer is not known"))
    received_on: Mapped[date] = field(Date, _l("Received on"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    allocated: Mapped[Decimal] = field(Money, _l("Allocated"), default=Decimal(0), server_default="0")
    bank_account_id: Mapped[int | None] = fk("billing_bank_account.id", _l("Bank account"))
    payer: Mapped[str | None] = field(String(200), _l("Payer"))
    reference: Mapped[str | None] = field(String(200), _l("Reference"))
    source: Mapped[str | None] = field(String(80), _l("Kind of source"), fmt="code")
    source_id: Mapped[int | None] = field(BigInteger, _l("Source record"))
    reverses_id: Mapped[int | None] = fk("billing_receipt.id", _l("Reverses"), index=False)
    entry_id: Mapped[int] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    posted_at: Mapped[datetime] = field(UTCDateTime, _l("Posted at"))
    posted_by: Mapped[str] = field(String(80), _l("Posted by"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Receipt.firm_id")
    bank_account: Mapped[BankAccount | None] = relationship(foreign_keys="Receipt.bank_account_id")

    __search__ = ("number", "payer")

    def __str__(self) -> str:
        return self.number


class Allocation(ParkScoped, Record):
    """So much of a receipt, or of a credit note, settles so much of a bill. Append-only: undone by a negative row.

    The insert trigger adds the amount to the bill's `settled` and to the receipt's `allocated` (or takes it from the credit
    note's `settled`), so neither can ever be over-used, whoever writes."""

    __tablename__ = "billing_allocation"
    __table_args__ = (
        CheckConstraint("num_nonnulls(receipt_id, credit_id) = 1", name="source"),
        CheckConstraint("amount <> 0", name="amount"),
    )
    bill_id: Mapped[int] = fk("billing_bill.id", _l("Bill"))
    receipt_id: Mapped[int | None] = fk("billing_receipt.id", _l("Receipt"))
    credit_id: Mapped[int | None] = fk("billing_bill.id", _l("Credit note"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    undoes_id: Mapped[int | None] = fk("billing_allocation.id", _l("Undoes"))
    made_by: Mapped[str] = field(String(80), _l("By"))
    bill: Mapped[Bill] = relationship(foreign_keys="Allocation.bill_id")
    receipt: Mapped[Receipt | None] = relationship(foreign_keys="Allocation.receipt_id")
    credit: Mapped[Bill | None] = relationship(foreign_keys="Allocation.credit_id")

    def __str__(self) -> str:
        return str(self.amount)
