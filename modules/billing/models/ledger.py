"""The double-entry ledger: entries nobody can change, chained by hashes, and the months they may still go into."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, LargeBinary, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from parkops import search, sequences
from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from .catalogue import Account

ENTRY_KINDS = Choices(
    "billing.entry_kind",
    ("bill", _l("Bill")), ("credit", _l("Credit note")), ("receipt", _l("Receipt")), ("refund", _l("Refund")), ("offset", _l("Offset")),
    ("deposit", _l("Deposit")), ("relief", _l("Rent relief")), ("reversal", _l("Reversal")), ("manual", _l("Manual entry")),
    ("closing", _l("Closing entry")), ("document", _l("Document of another module")),
)
PERIOD_STATES = Choices(
    "billing.period_state", ("open", _l("Open for posting"), "blue"), ("soft", _l("Soft lock"), "amber"), ("hard", _l("Hard lock"), "red"))


class LedgerEntry(ParkScoped, Record):
    """One balanced voucher. `hash` covers its content and the hash before it (`sequence` counts the park's chain from 1).

    Append-only for every role. `source` and `source_id` name the document; `reverses_id` the entry it takes back."""

    __tablename__ = "billing_ledger_entry"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        UniqueConstraint("park_id", "sequence"),
        CheckConstraint("total >= 0", name="total"),
        Index("ix_billing_ledger_entry_source", "source", "source_id"),
        Index("ix_billing_ledger_entry_park_id_entry_date", "park_id", "entry_date"),
        Index("uq_billing_ledger_entry_reverses", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
    )
    number: Mapped[str] = field(String(40), _l("Voucher number"), fmt="code")
    sequence: Mapped[int] = field(BigInteger, _l("Place in the chain"))
    kind: Mapped[str] = field(EnumText(ENTRY_KINDS), _l("Kind"))
    entry_date: Mapped[date] = field(Date, _l("Date"))
    memo: Mapped[str] = field(String(300), _l("Summary"))
    total: Mapped[Decimal] = field(Money, _l("Total"))
    source: Mapped[str | None] = field(String(80), _l("Kind of source"), fmt="code")
    source_id: Mapped[int | None] = field(BigInteger, _l("Source record"))
    reverses_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Reverses"), index=False)
    posted_at: Mapped[datetime] = field(UTCDateTime, _l("Posted at"))
    posted_by: Mapped[str] = field(String(80), _l("Posted by"))
    algorithm: Mapped[int] = field(SmallInteger, _l("Version of the hash"), default=1, server_default="1")
    hash: Mapped[bytes] = field(LargeBinary(32), _l("Hash"))
    lines: Mapped[list[LedgerLine]] = relationship(
        order_by="LedgerLine.line", viewonly=True, primaryjoin="LedgerEntry.id == foreign(LedgerLine.entry_id)")

    def __str__(self) -> str:
        return self.number


class LedgerLine(ParkScoped, Record):
    """One leg of an entry: debit or credit, never both.

    That its entry exists and is of the same park is checked once per statement by the trigger of `ledger_guards`, not by a foreign
    key per row: entries are never removed, and the two keys made up a third of the time of a mass posting."""

    __tablename__ = "billing_ledger_line"
    __table_args__ = (
        Index("uq_billing_ledger_line_entry_id_line", "entry_id", "line", unique=True),
        CheckConstraint("debit >= 0 AND credit >= 0 AND (debit = 0) <> (credit = 0)", name="side"),
        Index("ix_billing_ledger_line_account", "park_id", "account_id", "firm_id"),
    )
    park_id: Mapped[int] = mapped_column(BigInteger, nullable=False, sort_order=-9, info={"label": None, "fmt": "ref"})
    entry_id: Mapped[int] = mapped_column(BigInteger, info={"label": _l("Ledger entry"), "help": None, "personal": None, "fmt": "ref"})
    line: Mapped[int] = field(Integer, _l("Line number"))
    account_id: Mapped[int] = fk("billing_account.id", _l("Account"), index=False)  # the index by park and account serves
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    debit: Mapped[Decimal] = field(Money, _l("Debit"), default=Decimal(0), server_default="0")
    credit: Mapped[Decimal] = field(Money, _l("Credit"), default=Decimal(0), server_default="0")
    memo: Mapped[str | None] = field(String(300), _l("Summary"))
    entry: Mapped[LedgerEntry] = relationship(viewonly=True, primaryjoin="foreign(LedgerLine.entry_id) == LedgerEntry.id")
    account: Mapped[Account] = relationship(foreign_keys="LedgerLine.account_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="LedgerLine.firm_id")

    def __str__(self) -> str:
        return f"{self.entry.number}-{self.line}"


class LedgerHead(ParkScoped, Record):
    """The end of a park's chain, locked by whoever posts: last place, last hash."""

    __tablename__ = "billing_ledger_head"
    __table_args__ = (UniqueConstraint("park_id"),)
    __audited__ = False
    sequence: Mapped[int] = field(BigInteger, _l("Place in the chain"), default=0, server_default="0")
    hash: Mapped[bytes] = field(LargeBinary(32), _l("Hash"))

    def __str__(self) -> str:
        return str(self.sequence)


class BookPeriod(ParkScoped, Record):
    """A month of a park's books. No row means open. A hard lock never moves back (trigger)."""

    __tablename__ = "billing_book_period"
    __table_args__ = (UniqueConstraint("park_id", "month"), CheckConstraint("extract(day from month) = 1", name="month"))
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    state: Mapped[str] = field(EnumText(PERIOD_STATES), _l("State"), default="open", server_default="open")
    locked_at: Mapped[datetime | None] = field(UTCDateTime, _l("Locked at"))
    locked_by: Mapped[str | None] = field(String(80), _l("Locked by"))

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class PeriodException(ParkScoped, Record):
    """One user may post into a soft-locked month for a while: reason, a second person's approval, at most 24 hours."""

    __tablename__ = "billing_period_exception"
    __table_args__ = (
        CheckConstraint("(expires_at IS NULL) = (approved_at IS NULL)", name="approved"),
        CheckConstraint("approved_at IS NULL OR approval_id IS NOT NULL", name="approval"),
        CheckConstraint("expires_at > approved_at AND expires_at <= approved_at + interval '24 hours'", name="day"),
    )
    period_id: Mapped[int] = fk("billing_book_period.id", _l("Period"))
    user_id: Mapped[int] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"))
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    approved_at: Mapped[datetime | None] = field(UTCDateTime, _l("Approved at"))
    expires_at: Mapped[datetime | None] = field(UTCDateTime, _l("Ends at"))
    period: Mapped[BookPeriod] = relationship(foreign_keys="PeriodException.period_id")

    def __str__(self) -> str:
        return self.user_name


protect(LedgerEntry)
protect(LedgerLine)
sequences.kept_in("billing.entry", LedgerEntry.number)

search.by_number(LedgerEntry)
