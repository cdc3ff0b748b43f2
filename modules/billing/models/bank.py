"""Bank statements, their lines, what each line was matched with, and what was learnt about who pays from which account.

Guards (rules K-01, K-08, K-09 of the README): a line's key is unique per account, so the same file twice adds nothing; a line is
never changed; `matched` is kept by the trigger on billing_bank_match and can never exceed the line."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import FUNCTION
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from .receipt import BankAccount, dropped, kept_by_trigger, never_changed

STATEMENT_FORMATS = Choices(
    "billing.statement_format", ("table", _l("Table (CSV, XLSX, XLS)")), ("camt053", "CAMT.053"), ("mt940", "MT940")
)
MATCH_REASONS = Choices(
    "billing.match_reason",
    ("bill_number", _l("Bill number in the text")),
    ("credit_code", _l("Credit code in the text")),
    ("contract", _l("Contract number in the text")),
    ("account", _l("Paid from this account before")),
    ("name", _l("The payer has the firm's name")),
    ("name_learnt", _l("Paid for this firm before")),
    ("former_name", _l("The payer has a former name of the firm")),
    ("name_in_text", _l("The firm's name stands in the text")),
    ("short_name", _l("The payer has the firm's short name")),
    ("named_bill", _l("Exactly the bill named")),
    ("one_bill", _l("Exactly one open bill")),
    ("all_bills", _l("Exactly all open bills")),
    ("first_due", _l("Exactly the bills due first")),
    ("several", _l("Exactly several open bills")),
    ("deposit", _l("Exactly what is missing of a deposit")),
    ("part", _l("Less than is open")),
    ("over", _l("More than is open")),
    ("nothing_open", _l("The firm owes nothing; the money is an advance")),
    ("only_amount", _l("Nothing names the payer, but only this firm owes this amount")),
    ("unclear", _l("Another firm fits as well: look closely")),
)
LINE_STATES = Choices(
    "billing.bank_line_state",
    ("open", _l("To be matched"), "amber"),
    ("matched", _l("Matched"), "green"),
    ("ignored", _l("Left out"), "grey"),
)


class BankStatement(ParkScoped, Record):
    """One imported file of one account. Opening + its lines + lines known before = closing, in yuan (K-02)."""

    __tablename__ = "billing_bank_statement"
    __table_args__ = (
        UniqueConstraint("park_id", "bank_account_id", "sha256"),
        CheckConstraint("ends_on >= starts_on", name="days"),
        CheckConstraint("opening + turnover = closing", name="sum"),
        Index("ix_billing_bank_statement_park_id_ends_on", "park_id", "ends_on"),
    )
    bank_account_id: Mapped[int] = fk("billing_bank_account.id", _l("Bank account"))
    format: Mapped[str] = field(EnumText(STATEMENT_FORMATS), _l("Format"))
    filename: Mapped[str] = field(String(200), _l("File"))
    sha256: Mapped[str] = field(String(64), _l("SHA-256"), fmt="code")
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("To"))
    opening: Mapped[Decimal] = field(Money, _l("Opening balance"))
    turnover: Mapped[Decimal] = field(Money, _l("Movements"))
    closing: Mapped[Decimal] = field(Money, _l("Closing balance"))
    lines: Mapped[int] = field(Integer, _l("New lines"))
    known: Mapped[int] = field(Integer, _l("Lines known before"), default=0, server_default="0")
    imported_at: Mapped[datetime] = field(UTCDateTime, _l("Imported at"))
    imported_by: Mapped[str] = field(String(80), _l("Imported by"))
    bank_account: Mapped[BankAccount] = relationship(foreign_keys="BankStatement.bank_account_id")

    __search__ = ("filename",)

    def __str__(self) -> str:
        return f"{self.filename} {self.starts_on} – {self.ends_on}"


class BankLine(ParkScoped, Record):
    """Money in (+) or out (−) as the bank wrote it, in yuan. Never changed; matched, or left out with a reason."""

    __tablename__ = "billing_bank_line"
    __table_args__ = (
        UniqueConstraint("park_id", "bank_account_id", "key"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(
            "(amount > 0 AND matched >= 0 AND matched <= amount) OR (amount < 0 AND matched <= 0 AND matched >= amount)", name="matched"
        ),
        CheckConstraint("(state = 'matched') = (matched = amount)", name="all_matched"),
        CheckConstraint("(state = 'ignored') = (ignored_why IS NOT NULL) AND (state <> 'ignored' OR matched = 0)", name="ignored"),
        Index("ix_billing_bank_line_open", "park_id", "on_date", postgresql_where="state = 'open'"),
        Index("ix_billing_bank_line_park_id_on_date", "park_id", "on_date"),
    )
    statement_id: Mapped[int] = fk("billing_bank_statement.id", _l("Bank statement"))
    bank_account_id: Mapped[int] = fk("billing_bank_account.id", _l("Bank account"))
    place: Mapped[int] = field(Integer, _l("Item line"))
    key: Mapped[str] = field(String(64), _l("Key"), fmt="code")
    on_date: Mapped[date] = field(Date, _l("Date"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    balance: Mapped[Decimal | None] = field(Money, _l("Balance at the bank"))
    payer: Mapped[str | None] = field(String(200), _l("Other side"))
    payer_account: Mapped[str | None] = field(String(60), _l("Account of the other side"), personal="bank")
    payer_bank: Mapped[str | None] = field(String(200), _l("Bank of the other side"))
    text: Mapped[str | None] = field(String(500), _l("Text"))
    reference: Mapped[str | None] = field(String(100), _l("Reference of the bank"), fmt="code")
    matched: Mapped[Decimal] = field(Money, _l("Matched amount"), default=Decimal(0), server_default="0")
    state: Mapped[str] = field(EnumText(LINE_STATES), _l("State"), default="open", server_default="open")
    ignored_why: Mapped[str | None] = field(Text, _l("Left out because"), long=True)
    ignored_by: Mapped[str | None] = field(String(80), _l("Left out by"))
    statement: Mapped[BankStatement] = relationship(foreign_keys="BankLine.statement_id")
    bank_account: Mapped[BankAccount] = relationship(foreign_keys="BankLine.bank_account_id")

    def __str__(self) -> str:
        return f"{self.on_date} {self.payer or self.text or ''} {self.amount:,.2f}".replace("  ", " ")


class BankMatch(ParkScoped, Record):
    """So much of a bank line is this receipt (made from it, or there before; a refund is a negative one) or this movement of a
    deposit. A receipt or movement belongs to one line."""

    __tablename__ = "billing_bank_match"
    __table_args__ = (
        CheckConstraint("num_nonnulls(receipt_id, move_id) = 1", name="target"),
        CheckConstraint("amount <> 0", name="amount"),
        Index("uq_billing_bank_match_receipt_id", "receipt_id", unique=True, postgresql_where="receipt_id IS NOT NULL"),
        Index("uq_billing_bank_match_move_id", "move_id", unique=True, postgresql_where="move_id IS NOT NULL"),
    )
    line_id: Mapped[int] = fk("billing_bank_line.id", _l("Bank line"))
    receipt_id: Mapped[int | None] = fk("billing_receipt.id", _l("Receipt"), index=False)
    move_id: Mapped[int | None] = fk("billing_deposit_move.id", _l("Deposit movement"), index=False)
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    score: Mapped[int | None] = field(Integer, _l("Score"))
    why: Mapped[str | None] = field(Text, _l("Why"), long=True)
    made_at: Mapped[datetime] = field(UTCDateTime, _l("Matched at"))
    made_by: Mapped[str] = field(String(80), _l("Matched by"))
    line: Mapped[BankLine] = relationship(foreign_keys="BankMatch.line_id")
    receipt: Mapped[Any] = relationship("Receipt", foreign_keys="BankMatch.receipt_id")
    move: Mapped[Any] = relationship("DepositMove", foreign_keys="BankMatch.move_id")

    @property
    def reasons(self) -> list[str]:
        """Codes of `MATCH_REASONS` the proposal stood on."""
        return (self.why or "").split(", ") if self.why else []

    def __str__(self) -> str:
        return f"{self.amount:,.2f}"


class PayerRule(ParkScoped, Record):
    """Learnt from confirmed lines: money from this account (or, without one, this name) was the firm's."""

    __tablename__ = "billing_payer_rule"
    __table_args__ = (UniqueConstraint("park_id", "key"), CheckConstraint("times >= 1", name="times"))
    key: Mapped[str] = field(String(120), _l("Key"), fmt="code")
    payer: Mapped[str | None] = field(String(200), _l("Other side"))
    payer_account: Mapped[str | None] = field(String(60), _l("Account of the other side"), personal="bank")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    times: Mapped[int] = field(Integer, _l("Confirmed times"), default=1, server_default="1")
    last_on: Mapped[date] = field(Date, _l("Last on"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="PayerRule.firm_id")

    def __str__(self) -> str:
        return self.payer or self.key


APPLY = """
CREATE OR REPLACE FUNCTION billing_bank_match_apply() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  line bigint := coalesce(NEW.line_id, OLD.line_id);
  change bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.amount ELSE -OLD.amount END;
BEGIN
  IF TG_OP = 'INSERT' AND NOT EXISTS (
    SELECT 1 FROM billing_bank_line l LEFT JOIN billing_receipt r ON r.id = NEW.receipt_id
      LEFT JOIN billing_deposit_move m ON m.id = NEW.move_id
    WHERE l.id = line AND l.park_id = NEW.park_id AND coalesce(r.park_id, m.park_id) = NEW.park_id
      AND coalesce(r.amount, m.amount) = NEW.amount) THEN
    RAISE EXCEPTION 'a bank line is matched with a whole receipt or deposit movement of its park';
  END IF;
  UPDATE billing_bank_line SET matched = matched + change, version = version + 1,
    state = CASE WHEN matched + change = amount THEN 'matched' ELSE 'open' END WHERE id = line;
  RETURN NULL;
END $$"""
_LINE = [
    FUNCTION,
    never_changed(BankLine.__table__, ("matched", "state", "ignored_why", "ignored_by", "version")),
    *kept_by_trigger("billing_bank_line", "matched"),
]
after_create(BankLine.__table__, ";\n".join(_LINE), dropped(_LINE))
_MATCH = [
    FUNCTION,
    APPLY,
    never_changed(BankMatch.__table__, ("version",)),
    "CREATE TRIGGER billing_bank_match_apply AFTER INSERT OR DELETE ON billing_bank_match"
    " FOR EACH ROW EXECUTE FUNCTION billing_bank_match_apply()",
]
after_create(BankMatch.__table__, ";\n".join(_MATCH), dropped(_MATCH) + ";\nDROP FUNCTION IF EXISTS billing_bank_match_apply()")
