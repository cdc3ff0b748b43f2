"""Entries finance prepares by hand. A second person posts them; then nothing of them changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from ..states_ledger import MANUAL
from .catalogue import Account
from .ledger import LedgerEntry

MANUAL_KINDS = Choices(
    "billing.manual_kind",
    ("manual", _l("Manual entry")), ("reversal", _l("Reversal of a manual entry")), ("closing", _l("Closing entry of the year")))


class ManualEntry(ParkScoped, Record):
    """A voucher written by hand. Posted by another person than the one who prepared it (G-12)."""

    __tablename__ = "billing_manual_entry"
    __table_args__ = (
        CheckConstraint("state <> 'posted' OR entry_id IS NOT NULL", name="posted"),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
    )
    kind: Mapped[str] = field(EnumText(MANUAL_KINDS), _l("Kind"), default="manual", server_default="manual")
    entry_date: Mapped[date] = field(Date, _l("Date"))
    memo: Mapped[str] = field(String(300), _l("Summary"))
    state: Mapped[str] = field(EnumText(MANUAL.choices), _l("State"), default="draft", server_default="draft")
    total: Mapped[Decimal] = field(Money, _l("Total"), default=Decimal(0), server_default="0")
    prepared_by: Mapped[str] = field(String(80), _l("Prepared by"))
    entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    reverses_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Reverses"))
    entry: Mapped[LedgerEntry | None] = relationship(foreign_keys="ManualEntry.entry_id")
    reverses: Mapped[LedgerEntry | None] = relationship(foreign_keys="ManualEntry.reverses_id")
    lines: Mapped[list[ManualLine]] = relationship(back_populates="manual", order_by="ManualLine.line", cascade="all, delete-orphan")

    __search__ = ("memo",)

    def __str__(self) -> str:
        return f"{self.entry_date} {self.memo}"


class ManualLine(ParkScoped, Record):
    """One leg: an account, a side, an amount."""

    __tablename__ = "billing_manual_line"
    __table_args__ = (
        UniqueConstraint("manual_id", "line"),
        CheckConstraint("debit >= 0 AND credit >= 0 AND (debit = 0) <> (credit = 0)", name="side"),
    )
    manual_id: Mapped[int] = fk("billing_manual_entry.id", _l("Manual entry"))
    line: Mapped[int] = field(Integer, _l("Line number"))
    account_id: Mapped[int] = fk("billing_account.id", _l("Account"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    debit: Mapped[Decimal] = field(Money, _l("Debit"), default=Decimal(0), server_default="0")
    credit: Mapped[Decimal] = field(Money, _l("Credit"), default=Decimal(0), server_default="0")
    memo: Mapped[str | None] = field(String(300), _l("Summary"))
    manual: Mapped[ManualEntry] = relationship(back_populates="lines")
    account: Mapped[Account] = relationship(foreign_keys="ManualLine.account_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="ManualLine.firm_id")

    def __str__(self) -> str:
        return str(self.memo or self.line)


GUARD = """
CREATE OR REPLACE FUNCTION billing_manual_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'billing_manual_entry' THEN
    IF OLD.state = 'posted' OR OLD.state = 'waiting' AND TG_OP = 'DELETE' THEN
      RAISE EXCEPTION 'a posted manual entry is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'waiting' AND (NEW.entry_date, NEW.memo, NEW.total, NEW.kind) IS DISTINCT FROM
      (OLD.entry_date, OLD.memo, OLD.total, OLD.kind) THEN
      RAISE EXCEPTION 'what waits for approval is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
  ELSIF EXISTS (SELECT FROM billing_manual_entry m WHERE m.state IN ('waiting', 'posted')
      AND m.id IN (CASE WHEN TG_OP = 'INSERT' THEN NEW.manual_id ELSE OLD.manual_id END,
                   CASE WHEN TG_OP = 'DELETE' THEN OLD.manual_id ELSE NEW.manual_id END)) THEN
    RAISE EXCEPTION 'what waits for approval is not changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$"""
DROP = "DROP FUNCTION IF EXISTS billing_manual_guard() CASCADE"
TRUNCATED = "CREATE TRIGGER {0}_no_truncate BEFORE TRUNCATE ON {0} FOR EACH STATEMENT EXECUTE FUNCTION core_append_only()"
after_create(ManualEntry.__table__, f"""{GUARD};
CREATE TRIGGER billing_manual_entry_guard BEFORE UPDATE OR DELETE ON billing_manual_entry
  FOR EACH ROW EXECUTE FUNCTION billing_manual_guard();
{TRUNCATED.format("billing_manual_entry")}""", DROP)
after_create(ManualLine.__table__, f"""{GUARD};
CREATE TRIGGER billing_manual_line_guard BEFORE INSERT OR UPDATE OR DELETE ON billing_manual_line
  FOR EACH ROW EXECUTE FUNCTION billing_manual_guard();
{TRUNCATED.format("billing_manual_line")}""", DROP)
