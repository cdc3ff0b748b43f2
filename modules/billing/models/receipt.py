"""Money received, which bills it settles, and the database's guards around both.

Guards (rules R-01 to R-04 of the README): an allocation is never changed, only undone by a negative row; the trigger on its
table keeps `Bill.settled` and `Receipt.allocated`, set-based, and nothing else may write them; CHECKs refuse over-use."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops import search
from parkops.db.append_only import FUNCTION, protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import LOOPS, after_create
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from .bill import Bill

RECEIPT_KINDS = Choices(
    "billing.receipt_kind",
    ("bank", _l("Bank transfer")),
    ("cash", _l("Cash")),
    ("offset", _l("Offset")),
    ("refund", _l("Refund"), "amber"),
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
    """Money in (or, as a refund or reversal, out: negative). Posted when it is made, never edited: reversed by a receipt that
    names it.

    `allocated` is the sum of its allocations, kept by the trigger on billing_allocation; the rest is an advance of the firm.
    A refund or reversal uses up the receipt it pays back by an allocation too, so that money is never given twice."""

    __tablename__ = "billing_receipt"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(
            "(amount > 0 AND allocated >= 0 AND allocated <= amount) OR (amount < 0 AND allocated <= 0 AND allocated >= amount)",
            name="allocated",
        ),
        Index("ix_billing_receipt_firm_id", "firm_id", "received_on"),  # few indexes: each settled receipt is written twice
        Index("ix_billing_receipt_park_id_received_on", "park_id", "received_on"),
        Index("ix_billing_receipt_entry_id", "entry_id"),
        Index("ix_billing_receipt_bank_account_id", "bank_account_id", postgresql_where="bank_account_id IS NOT NULL"),
        Index("uq_billing_receipt_reverses", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
        {"postgresql_with": {"fillfactor": 50}},  # room beside each row: `allocated` is in no index, so settling rewrites none
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    kind: Mapped[str] = field(EnumText(RECEIPT_KINDS), _l("Kind"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"), index=False, help=_l("Empty while the payer is not known"))
    received_on: Mapped[date] = field(Date, _l("Received on"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    allocated: Mapped[Decimal] = field(Money, _l("Allocated"), default=Decimal(0), server_default="0")
    bank_account_id: Mapped[int | None] = fk("billing_bank_account.id", _l("Bank account"), index=False)
    payer: Mapped[str | None] = field(String(200), _l("Payer"))
    reference: Mapped[str | None] = field(String(200), _l("Reference"))
    source: Mapped[str | None] = field(String(80), _l("Kind of source"), fmt="code")
    source_id: Mapped[int | None] = field(BigInteger, _l("Source record"))
    reverses_id: Mapped[int | None] = fk("billing_receipt.id", _l("Reverses"), index=False)
    entry_id: Mapped[int] = fk("billing_ledger_entry.id", _l("Ledger entry"), index=False)
    posted_at: Mapped[datetime] = field(UTCDateTime, _l("Posted at"))
    posted_by: Mapped[str] = field(String(80), _l("Posted by"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Receipt.firm_id")
    bank_account: Mapped[BankAccount | None] = relationship(foreign_keys="Receipt.bank_account_id")
    entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="Receipt.entry_id")
    reverses: Mapped[Receipt | None] = relationship(foreign_keys="Receipt.reverses_id", remote_side="Receipt.id")

    def __str__(self) -> str:
        return self.number


class Allocation(ParkScoped, Record):
    """So much of a receipt, or of a credit note, settles so much of a bill, or is what a refund or reversal pays back.

    From `receipt_id` or `credit_id` to `bill_id` or `refund_id` (the receipt with the negative amount). Append-only: undone
    by a negative row that names it. The insert trigger adds the amount to the bill's `settled` and to the receipt's
    `allocated` (and takes it from the credit note's and the refund's), so none of them can be over-used, whoever writes."""

    __tablename__ = "billing_allocation"
    __table_args__ = (
        CheckConstraint("num_nonnulls(receipt_id, credit_id) = 1", name="source"),
        CheckConstraint("num_nonnulls(bill_id, refund_id) = 1", name="target"),
        CheckConstraint("amount <> 0 AND (amount < 0) = (undoes_id IS NOT NULL)", name="amount"),
        Index("ix_billing_allocation_credit_id", "credit_id", postgresql_where="credit_id IS NOT NULL"),
        Index("ix_billing_allocation_refund_id", "refund_id", postgresql_where="refund_id IS NOT NULL"),
        Index("uq_billing_allocation_undoes", "undoes_id", unique=True, postgresql_where="undoes_id IS NOT NULL"),
        Index("ix_billing_allocation_park_id_on_date", "park_id", "on_date"),
    )
    bill_id: Mapped[int | None] = fk("billing_bill.id", _l("Bill"))
    receipt_id: Mapped[int | None] = fk("billing_receipt.id", _l("Receipt"))
    credit_id: Mapped[int | None] = fk("billing_bill.id", _l("Credit note"), index=False)
    refund_id: Mapped[int | None] = fk("billing_receipt.id", _l("Paid back by"), index=False)
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    undoes_id: Mapped[int | None] = fk("billing_allocation.id", _l("Undoes"), index=False)
    made_by: Mapped[str] = field(String(80), _l("By"))
    bill: Mapped[Bill | None] = relationship(foreign_keys="Allocation.bill_id")
    receipt: Mapped[Receipt | None] = relationship(foreign_keys="Allocation.receipt_id")
    credit: Mapped[Bill | None] = relationship(foreign_keys="Allocation.credit_id")
    refund: Mapped[Receipt | None] = relationship(foreign_keys="Allocation.refund_id")

    def __str__(self) -> str:
        return f"{self.on_date} {self.amount:,.2f}"


protect(Allocation)

# The documents of an allocation have no foreign keys that the server enforces (`references`): here they are asked for.
APPLY = f"""
CREATE OR REPLACE FUNCTION billing_allocation_apply() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM fresh f
      LEFT JOIN billing_bill b ON b.id = f.bill_id LEFT JOIN billing_bill c ON c.id = f.credit_id
      LEFT JOIN billing_receipt r ON r.id = f.receipt_id LEFT JOIN billing_receipt p ON p.id = f.refund_id
    WHERE f.park_id IS DISTINCT FROM coalesce(b.park_id, p.park_id) OR f.park_id IS DISTINCT FROM coalesce(c.park_id, r.park_id)
      OR coalesce(b.firm_id, p.firm_id) IS DISTINCT FROM coalesce(c.firm_id, r.firm_id)
      OR b.state = 'draft' OR b.kind <> 'bill' OR c.state = 'draft' OR c.kind <> 'credit' OR r.amount < 0 OR p.amount > 0) THEN
    RAISE EXCEPTION 'an allocation joins posted documents of one firm and park only';
  END IF;
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.undoes_id IS NOT NULL) AND EXISTS (
    SELECT 1 FROM fresh f LEFT JOIN billing_allocation u ON u.id = f.undoes_id
    WHERE f.undoes_id IS NOT NULL AND (u.id IS NULL OR f.amount + u.amount <> 0 OR u.undoes_id IS NOT NULL OR u.refund_id IS NOT NULL
      OR f.bill_id IS DISTINCT FROM u.bill_id OR f.receipt_id IS DISTINCT FROM u.receipt_id
      OR f.credit_id IS DISTINCT FROM u.credit_id)) THEN
    RAISE EXCEPTION 'an allocation is undone as a whole and once';
  END IF;
  UPDATE billing_bill b SET settled = b.settled + s.amount FROM (
    SELECT id, sum(amount)::bigint AS amount FROM (
      SELECT bill_id AS id, amount FROM fresh WHERE bill_id IS NOT NULL
      UNION ALL SELECT credit_id, -amount FROM fresh WHERE credit_id IS NOT NULL) x GROUP BY id) s
  WHERE b.id = s.id;
  UPDATE billing_receipt r SET allocated = r.allocated + s.amount FROM (
    SELECT id, sum(amount)::bigint AS amount FROM (
      SELECT receipt_id AS id, amount FROM fresh WHERE receipt_id IS NOT NULL
      UNION ALL SELECT refund_id, -amount FROM fresh WHERE refund_id IS NOT NULL) x GROUP BY id) s
  WHERE r.id = s.id;
  RETURN NULL;
END $$"""


def kept_by_trigger(table: str, column: str) -> list[str]:
    """Statements: `column` of `table` starts at 0 and is written from inside a trigger only (`pg_trigger_depth`)."""
    name = f"{table}_{column}"
    return [
        f"CREATE TRIGGER {name}_new BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.{column} <> 0) EXECUTE FUNCTION core_append_only()",
        f"CREATE TRIGGER {name}_kept BEFORE UPDATE ON {table} FOR EACH ROW"
        f" WHEN (OLD.{column} IS DISTINCT FROM NEW.{column} AND pg_trigger_depth() = 0) EXECUTE FUNCTION core_append_only()",
    ]


def never_changed(table: Any, free: tuple[str, ...]) -> str:
    """Statement: every column but `free` keeps its value."""
    names = [c.name for c in table.columns if c.name not in free]
    old, new = (", ".join(f"{side}.{n}" for n in names) for side in ("OLD", "NEW"))
    return (
        f"CREATE TRIGGER {table.name}_fixed BEFORE UPDATE ON {table.name} FOR EACH ROW"
        f" WHEN (ROW({old}) IS DISTINCT FROM ROW({new})) EXECUTE FUNCTION core_append_only()"
    )


def never_removed(table: str) -> list[str]:
    """Statements: no row of `table` is deleted."""
    return [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION core_append_only()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION core_append_only()",
    ]


def dropped(statements: list[str]) -> str:
    """The DROP statements of `CREATE TRIGGER name … ON table …` statements."""
    pairs = [(s.split()[2], s.split(" ON ")[1].split()[0]) for s in statements if s.startswith("CREATE TRIGGER")]
    return ";\n".join(f"DROP TRIGGER IF EXISTS {name} ON {table}" for name, table in pairs)


_RECEIPT = [
    FUNCTION,
    never_changed(Receipt.__table__, ("allocated", "version", "firm_id")),
    "CREATE TRIGGER billing_receipt_firm BEFORE UPDATE ON billing_receipt FOR EACH ROW WHEN"
    " (OLD.firm_id IS NOT NULL AND OLD.firm_id IS DISTINCT FROM NEW.firm_id) EXECUTE FUNCTION core_append_only()",
    *kept_by_trigger("billing_receipt", "allocated"),
    *never_removed("billing_receipt"),
]
after_create(Receipt.__table__, ";\n".join(_RECEIPT), dropped(_RECEIPT))
_ALLOCATION = [
    FUNCTION,
    APPLY,
    "CREATE TRIGGER billing_allocation_apply AFTER INSERT ON billing_allocation REFERENCING NEW TABLE AS fresh"
    " FOR EACH STATEMENT EXECUTE FUNCTION billing_allocation_apply()",
    *kept_by_trigger("billing_bill", "settled"),
]
after_create(Allocation.__table__, ";\n".join(_ALLOCATION), dropped(_ALLOCATION) + ";\nDROP FUNCTION IF EXISTS billing_allocation_apply()")

search.by_number(Receipt)
