"""Deposits: a liability kept apart from income and, by its kind, from other deposits (Civil Code 586-588; never mixed)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

DEPOSIT_KINDS = Choices(
    "billing.deposit_kind",
    ("pledge", _l("Pledged deposit")), ("performance", _l("Performance bond")), ("earnest", _l("Earnest money")),
)
MOVE_KINDS = Choices(
    "billing.deposit_move",
    ("received", _l("Received"), "green"), ("offset", _l("Offset against bills"), "blue"), ("refunded", _l("Refunded"), "amber"),
    ("forfeited", _l("Forfeited"), "red"), ("returned_double", _l("Returned double"), "red"), ("reversed", _l("Reversed"), "grey"),
)


class Deposit(ParkScoped, Record):
    """One deposit agreed with a firm. `held` is the sum of its moves (kept by the trigger on billing_deposit_move)."""

    __tablename__ = "billing_deposit"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("agreed > 0", name="agreed"),
        CheckConstraint("held >= 0", name="held"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    kind: Mapped[str] = field(EnumText(DEPOSIT_KINDS), _l("Kind"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    agreed: Mapped[Decimal] = field(Money, _l("Agreed amount"))
    held: Mapped[Decimal] = field(Money, _l("Held"), default=Decimal(0), server_default="0")
    subject_amount: Mapped[Decimal | None] = field(Money, _l("Subject amount"), help=_l("Earnest money is at most 20 % of it (Civil Code 586)."))
    due_on: Mapped[date | None] = field(Date, _l("Due on"))
    source: Mapped[str | None] = field(String(80), _l("Kind of source"), fmt="code")
    source_id: Mapped[int | None] = field(BigInteger, _l("Source record"), index=True)
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Deposit.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class DepositMove(ParkScoped, Record):
    """Money into (+) or out of (−) a deposit. Append-only; each move has its ledger entry."""

    __tablename__ = "billing_deposit_move"
    __table_args__ = (CheckConstraint("amount <> 0", name="amount"),)
    deposit_id: Mapped[int] = fk("billing_deposit.id", _l("Deposit"))
    kind: Mapped[str] = field(EnumText(MOVE_KINDS), _l("Kind"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    receipt_id: Mapped[int | None] = fk("billing_receipt.id", _l("Receipt"), help=_l("The offset receipt that settles bills"))
    bank_account_id: Mapped[int | None] = fk("billing_bank_account.id", _l("Bank account"))
    entry_id: Mapped[int] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    reason: Mapped[str | None] = field(Text, _l("Reason"), long=True)
    posted_at: Mapped[datetime] = field(UTCDateTime, _l("Posted at"))
    posted_by: Mapped[str] = field(String(80), _l("Posted by"))
    deposit: Mapped[Deposit] = relationship(foreign_keys="DepositMove.deposit_id")

    def __str__(self) -> str:
        return str(self.amount)
