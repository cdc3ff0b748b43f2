"""Bills and credit notes, and the monthly run that makes them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops import search
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import LOOPS, after_create
from parkops.db.types import Choices, EnumText, Json, Money, UTCDateTime
from parkops.i18n import _l

from ..states import BILL

BILL_KINDS = Choices("billing.bill_kind", ("bill", _l("Bill"), "blue"), ("credit", _l("Credit note"), "green"))
RUN_STATES = Choices(
    "billing.run_state",
    ("collected", _l("Collected"), "grey"), ("drafted", _l("Drafted"), "blue"), ("posting", _l("Being posted"), "amber"),
    ("posted", _l("Posted"), "green"), ("voided", _l("Voided"), "red"),
)


class BillRun(ParkScoped, Record):
    """The run of one park and month: collect, exceptions, preview, post. Interrupted, it goes on where it stopped."""

    __tablename__ = "billing_bill_run"
    __table_args__ = (
        Index("ix_billing_bill_run_park_id_month", "park_id", "month"),
        Index("uq_billing_bill_run_open", "park_id", "month", unique=True, postgresql_where="state IN ('collected', 'drafted', 'posting')"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    issued_on: Mapped[date] = field(Date, _l("Bill date"))
    state: Mapped[str] = field(EnumText(RUN_STATES), _l("State"), default="collected", server_default="collected")
    charges: Mapped[int] = field(Integer, _l("Charge lines"), default=0, server_default="0")
    drafts: Mapped[int] = field(Integer, _l("Bills"), default=0, server_default="0")
    posted: Mapped[int] = field(Integer, _l("Bills posted"), default=0, server_default="0")
    exceptions: Mapped[int] = field(Integer, _l("Exceptions"), default=0, server_default="0")
    gross: Mapped[Decimal] = field(Money, _l("Total"), default=Decimal(0), server_default="0")
    detail: Mapped[dict[str, Any] | None] = field(Json, _l("Counts"))
    started_by: Mapped[str] = field(String(80), _l("Started by"))
    finished_at: Mapped[datetime | None] = field(UTCDateTime, _l("Finished at"))

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class Bill(ParkScoped, Record):
    """What a firm owes on one document. A draft has no number; a posted one is never changed, only reversed.

    `gross` of a credit note is negative. `settled` is the sum of its allocations, kept by the database's trigger on
    billing_allocation; what is open is `gross - settled`. Lines are the Charge rows that name the bill."""

    __tablename__ = "billing_bill"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("net + vat = gross", name="sum"),
        CheckConstraint(
            "(gross >= 0 AND settled >= 0 AND settled <= gross) OR (gross < 0 AND settled <= 0 AND settled >= gross)", name="settled"),
        CheckConstraint("(state = 'draft') = (number IS NULL)", name="number"),
        CheckConstraint("state = 'draft' OR (posted_at IS NOT NULL AND entry_id IS NOT NULL)", name="posted"),
        CheckConstraint("kind = 'credit' OR gross >= 0", name="kind_sign"),
        Index("ix_billing_bill_park_id_firm_id", "park_id", "firm_id", "due_on"),
        Index("ix_billing_bill_open", "park_id", "firm_id", "due_on", "gross", "settled",
              postgresql_where="state = 'posted' AND settled <> gross"),
        Index("ix_billing_bill_draft", "park_id", "run_id", "id", postgresql_where="state = 'draft'"),
        Index("ix_billing_bill_park_id_issued_on", "park_id", "issued_on"),
        Index("ix_billing_bill_entry_id", "entry_id", postgresql_where="entry_id IS NOT NULL"),
        Index("ix_billing_bill_reverses_id", "reverses_id", postgresql_where="reverses_id IS NOT NULL"),
    )
    park_id: Mapped[int] = fk("core_park.id", None, index=False, nullable=False, sort_order=-9)  # the composite indexes begin with it
    number: Mapped[str | None] = field(String(40), _l("Number"), fmt="code")
    kind: Mapped[str] = field(EnumText(BILL_KINDS), _l("Kind"), default="bill", server_default="bill")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    run_id: Mapped[int | None] = fk("billing_bill_run.id", _l("Bill run"))
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    issued_on: Mapped[date] = field(Date, _l("Bill date"))
    due_on: Mapped[date] = field(Date, _l("Due on"))
    state: Mapped[str] = field(EnumText(BILL.choices), _l("State"), default="draft", server_default="draft")
    net: Mapped[Decimal] = field(Money, _l("Net"))
    vat: Mapped[Decimal] = field(Money, _l("VAT"))
    gross: Mapped[Decimal] = field(Money, _l("Gross"))
    settled: Mapped[Decimal] = field(Money, _l("Settled"), default=Decimal(0), server_default="0")
    reverses_id: Mapped[int | None] = fk("billing_bill.id", _l("Credits bill"), index=False)
    entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Ledger entry"), index=False)
    posted_at: Mapped[datetime | None] = field(UTCDateTime, _l("Posted at"))
    posted_by: Mapped[str | None] = field(String(80), _l("Posted by"))
    memo: Mapped[str | None] = field(Text, _l("Note on the bill"), long=True)
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Bill.firm_id")
    run: Mapped[BillRun | None] = relationship(foreign_keys="Bill.run_id")
    reverses: Mapped[Bill | None] = relationship(foreign_keys="Bill.reverses_id", remote_side="Bill.id")

    def __str__(self) -> str:
        return self.number or str(_l("Draft"))


_FIXED = ("id", "park_id", "number", "kind", "firm_id", "run_id", "month", "issued_on", "due_on", "net", "vat", "gross", "reverses_id",
          "entry_id", "posted_at", "posted_by", "memo", "created_at")
_OLD, _NEW = (", ".join(f"{side}.{name}" for name in _FIXED) for side in ("OLD", "NEW"))
# Conditions stand in WHEN: the function runs only to refuse, so that paying 10,000 bills costs nothing.
GUARD = f"""
CREATE OR REPLACE FUNCTION billing_bill_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE EXCEPTION 'a bill begins as a draft' USING ERRCODE = 'restrict_violation';
  END IF;
  RAISE EXCEPTION 'a posted bill is never changed or deleted; reverse it' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE FUNCTION billing_bill_gone() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM stale s JOIN billing_charge c ON c.bill_id = s.id) THEN
    RAISE EXCEPTION 'the lines of a draft go before it' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_never_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never removed together', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_bill_new BEFORE INSERT ON billing_bill FOR EACH ROW WHEN (NEW.state <> 'draft')
  EXECUTE FUNCTION billing_bill_fixed();
CREATE TRIGGER billing_bill_posted BEFORE UPDATE ON billing_bill FOR EACH ROW
  WHEN (OLD.state <> 'draft' AND (NEW.state = 'draft' OR (OLD.state = 'reversed' AND NEW.state <> 'reversed')
        OR ROW({_OLD}) IS DISTINCT FROM ROW({_NEW})))
  EXECUTE FUNCTION billing_bill_fixed();
CREATE TRIGGER billing_bill_kept BEFORE DELETE ON billing_bill FOR EACH ROW WHEN (OLD.state <> 'draft')
  EXECUTE FUNCTION billing_bill_fixed();
CREATE TRIGGER billing_bill_gone AFTER DELETE ON billing_bill REFERENCING OLD TABLE AS stale
  FOR EACH STATEMENT EXECUTE FUNCTION billing_bill_gone();
CREATE TRIGGER billing_bill_truncate BEFORE TRUNCATE ON billing_bill FOR EACH STATEMENT EXECUTE FUNCTION billing_never_truncated()"""
UNGUARD = """
DROP TRIGGER IF EXISTS billing_bill_new ON billing_bill;
DROP TRIGGER IF EXISTS billing_bill_posted ON billing_bill;
DROP TRIGGER IF EXISTS billing_bill_kept ON billing_bill;
DROP TRIGGER IF EXISTS billing_bill_gone ON billing_bill;
DROP TRIGGER IF EXISTS billing_bill_truncate ON billing_bill;
DROP FUNCTION IF EXISTS billing_bill_gone();
DROP FUNCTION IF EXISTS billing_bill_fixed()"""
after_create(Bill.__table__, GUARD, UNGUARD)


search.by_number(Bill)
