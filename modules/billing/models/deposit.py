"""Deposits: a liability kept apart from income and, by its kind, from other deposits (Civil Code 586-588; never mixed).

The trigger on billing_deposit_move keeps `held` and refuses a move whose ledger entry does not touch the account of the
deposit's own kind by the same amount: the ledger per kind therefore always equals what is held (rule D-02)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import FUNCTION, protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import LOOPS, after_create
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from .receipt import dropped, kept_by_trigger, never_changed, never_removed

DEPOSIT_KINDS = Choices(
    "billing.deposit_kind",
    ("pledge", _l("Pledged deposit")),
    ("performance", _l("Performance bond")),
    ("earnest", _l("Earnest money")),
)
MOVE_KINDS = Choices(
    "billing.deposit_move",
    ("received", _l("Received"), "green"),
    ("offset", _l("Offset against bills"), "blue"),
    ("refunded", _l("Refunded"), "amber"),
    ("forfeited", _l("Forfeited"), "red"),
    ("returned_double", _l("Returned double"), "red"),
    ("moved", _l("Moved to another deposit"), "grey"),
    ("reversed", _l("Reversed"), "grey"),
)


class Deposit(ParkScoped, Record):
    """One deposit agreed with a firm. `held` is the sum of its moves (kept by the trigger on billing_deposit_move)."""

    __tablename__ = "billing_deposit"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("agreed > 0", name="agreed"),
        CheckConstraint("held >= 0", name="held"),
        CheckConstraint("kind <> 'earnest' OR subject_amount > 0", name="subject"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    kind: Mapped[str] = field(EnumText(DEPOSIT_KINDS), _l("Kind"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    agreed: Mapped[Decimal] = field(Money, _l("Agreed amount"))
    held: Mapped[Decimal] = field(Money, _l("Amount held"), default=Decimal(0), server_default="0")
    subject_amount: Mapped[Decimal | None] = field(
        Money, _l("Subject amount"), help=_l("Earnest money is at most 20 % of it (Civil Code 586).")
    )
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
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("kind <> 'reversed' OR reverses_id IS NOT NULL", name="reversed"),
        CheckConstraint("kind IN ('moved', 'reversed') OR (amount > 0) = (kind = 'received')", name="sign"),
        Index("uq_billing_deposit_move_reverses", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
    )
    deposit_id: Mapped[int] = fk("billing_deposit.id", _l("Deposit"))
    kind: Mapped[str] = field(EnumText(MOVE_KINDS), _l("Kind"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    receipt_id: Mapped[int | None] = fk("billing_receipt.id", _l("Receipt"), help=_l("The offset receipt that settles bills"))
    bank_account_id: Mapped[int | None] = fk("billing_bank_account.id", _l("Bank account"))
    entry_id: Mapped[int] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    reverses_id: Mapped[int | None] = fk("billing_deposit_move.id", _l("Reverses"), index=False)
    reason: Mapped[str | None] = field(Text, _l("Reason"), long=True)
    posted_at: Mapped[datetime] = field(UTCDateTime, _l("Posted at"))
    posted_by: Mapped[str] = field(String(80), _l("Posted by"))
    deposit: Mapped[Deposit] = relationship(foreign_keys="DepositMove.deposit_id")
    receipt: Mapped[Any] = relationship("Receipt", foreign_keys="DepositMove.receipt_id")
    bank_account: Mapped[Any] = relationship("BankAccount", foreign_keys="DepositMove.bank_account_id")
    entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="DepositMove.entry_id")
    reverses: Mapped[DepositMove | None] = relationship(foreign_keys="DepositMove.reverses_id", remote_side="DepositMove.id")

    def __str__(self) -> str:
        return f"{self.on_date} {self.amount:,.2f}"


protect(DepositMove)

APPLY = f"""
CREATE OR REPLACE FUNCTION billing_deposit_move_apply() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM (
      SELECT f.entry_id, d.kind, d.firm_id, sum(f.amount) AS amount FROM fresh f JOIN billing_deposit d ON d.id = f.deposit_id
      GROUP BY f.entry_id, d.kind, d.firm_id) m
    WHERE m.amount <> (
      SELECT coalesce(sum(l.credit - l.debit), 0) FROM billing_ledger_line l JOIN billing_account a ON a.id = l.account_id
      WHERE l.entry_id = m.entry_id AND a.role = 'deposit_' || m.kind AND l.firm_id = m.firm_id)) THEN
    RAISE EXCEPTION 'a deposit moves with the ledger account of its own kind and firm';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh f JOIN billing_deposit d ON d.id = f.deposit_id WHERE d.park_id <> f.park_id) THEN
    RAISE EXCEPTION 'a deposit and its movements belong to one park';
  END IF;
  UPDATE billing_deposit d SET held = d.held + s.amount
    FROM (SELECT deposit_id AS id, sum(amount)::bigint AS amount FROM fresh GROUP BY deposit_id) s WHERE d.id = s.id;
  RETURN NULL;
END $$"""
_DEPOSIT = [
    FUNCTION,
    never_changed(Deposit.__table__, ("held", "version", "agreed", "subject_amount", "due_on", "closed_on", "note", "source", "source_id")),
    *kept_by_trigger("billing_deposit", "held"),
    *never_removed("billing_deposit"),
]
after_create(Deposit.__table__, ";\n".join(_DEPOSIT), dropped(_DEPOSIT))
_MOVE = [
    FUNCTION,
    APPLY,
    "CREATE TRIGGER billing_deposit_move_apply AFTER INSERT ON billing_deposit_move REFERENCING NEW TABLE AS fresh"
    " FOR EACH STATEMENT EXECUTE FUNCTION billing_deposit_move_apply()",
]
after_create(DepositMove.__table__, ";\n".join(_MOVE), dropped(_MOVE) + ";\nDROP FUNCTION IF EXISTS billing_deposit_move_apply()")
