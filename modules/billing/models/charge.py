"""Charge lines: one amount for one thing and one period, with a key that no second row can have."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import LOOPS, after_create
from parkops.db.types import Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from .catalogue import ChargeItem

if TYPE_CHECKING:
    from .bill import Bill

CHARGE_KINDS = Choices(
    "billing.charge_kind",
    ("charge", _l("Charge"), "blue"), ("adjustment", _l("Adjustment"), "amber"), ("relief", _l("Relief"), "green"),
    ("discount", _l("Landlord discount"), "green"), ("penalty", _l("Late fee"), "red"), ("waiver", _l("Waiver"), "green"),
)
TREATMENTS = Choices(
    "billing.vat_treatment",
    ("taxed", _l("Taxed")), ("exempt", _l("Exempt")), ("outside", _l("Outside VAT")),
)


class Charge(ParkScoped, Record):
    """A line of a bill, or still waiting for one (`bill_id` empty). Reducing lines (relief, discount, waiver) are negative.

    `key` names source document, source line and period: generating again finds it; deleting a draft frees it. A line on a
    posted bill cannot be changed (trigger). Relief and waiver carry the approval that allowed them (CHECK and trigger)."""

    __tablename__ = "billing_charge"
    __table_args__ = (
        UniqueConstraint("park_id", "key"),
        CheckConstraint("net + vat = gross", name="sum"),
        CheckConstraint("period_to >= period_from", name="period"),
        CheckConstraint("kind NOT IN ('relief', 'waiver') OR approval_id IS NOT NULL", name="approved"),
        CheckConstraint("kind NOT IN ('relief', 'waiver', 'discount') OR gross <= 0 OR corrects_id IS NOT NULL", name="sign"),
        CheckConstraint("(treatment = 'taxed') = (vat_rate IS NOT NULL)", name="treatment_rate"),
        Index("ix_billing_charge_open", "park_id", "firm_id", "due_on", postgresql_where="bill_id IS NULL"),
        Index("ix_billing_charge_source", "source", "source_id"),
        Index("ix_billing_charge_park_id_firm_id", "park_id", "firm_id", "period_from"),
        # few lines carry these; the rest would only slow the monthly run
        Index("ix_billing_charge_corrects_id", "corrects_id", postgresql_where="corrects_id IS NOT NULL"),
        Index("ix_billing_charge_approval_id", "approval_id", postgresql_where="approval_id IS NOT NULL"),
        Index("ix_billing_charge_carrier_id", "carrier_id", postgresql_where="carrier_id IS NOT NULL"),
    )
    # Park and bill have no foreign key row by row: the statement's trigger compares both with firm and bill, which is stricter
    # (same park, same firm) and spares the monthly run a third of its time. A bill with lines cannot be deleted (trigger there).
    park_id: Mapped[int] = mapped_column(BigInteger, nullable=False, sort_order=-9, info={"label": None, "fmt": "ref"})
    key: Mapped[str] = field(String(160), _l("Key"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"), index=False)
    item_id: Mapped[int] = fk("billing_charge_item.id", _l("Charged for"))
    kind: Mapped[str] = field(EnumText(CHARGE_KINDS), _l("Kind"), default="charge", server_default="charge")
    bill_id: Mapped[int | None] = mapped_column(
        BigInteger, index=True, info={"label": _l("Bill"), "help": None, "personal": None, "fmt": "ref"})
    source: Mapped[str] = field(String(80), _l("Kind of source"), fmt="code")
    source_id: Mapped[int] = field(BigInteger, _l("Source record"))
    corrects_id: Mapped[int | None] = fk("billing_charge.id", _l("Corrects line"), index=False)
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"), index=False)
    period_from: Mapped[date] = field(Date, _l("Period from"))
    period_to: Mapped[date] = field(Date, _l("Period to"), help=_l("Last day, included"))
    due_on: Mapped[date] = field(Date, _l("Due on"))
    quantity: Mapped[Decimal | None] = field(UnitPrice, _l("Quantity"))
    unit_price: Mapped[Decimal | None] = field(UnitPrice, _l("Unit price"))
    treatment: Mapped[str] = field(EnumText(TREATMENTS), _l("VAT treatment"))
    vat_rate: Mapped[Decimal | None] = field(Rate, _l("VAT rate"))
    net: Mapped[Decimal] = field(Money, _l("Net"))
    vat: Mapped[Decimal] = field(Money, _l("VAT"))
    gross: Mapped[Decimal] = field(Money, _l("Gross"))
    memo: Mapped[str | None] = field(String(300), _l("Text on the bill"))
    collected: Mapped[bool] = field(Boolean, _l("Made by the bill run"), default=False, server_default="false",
                                    help=_l("Goes when its draft goes; the next run makes it again."))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Charge.firm_id")
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="Charge.carrier_id")
    item: Mapped[ChargeItem] = relationship(foreign_keys="Charge.item_id")
    bill: Mapped[Bill | None] = relationship("Bill", primaryjoin="foreign(Charge.bill_id) == Bill.id")

    def __str__(self) -> str:
        return self.memo or self.key


APPROVED = """
  IF EXISTS (SELECT 1 FROM fresh f WHERE f.kind IN ('relief', 'waiver') AND NOT EXISTS (
      SELECT 1 FROM core_approval a WHERE a.id = f.approval_id AND a.state = 'approved')) THEN
    RAISE EXCEPTION 'relief and waivers need an approval that was given' USING ERRCODE = 'restrict_violation';
  END IF;"""
BELONGS = """
  -- a month has many lines of few firms and bills: each pair is looked up once
  IF EXISTS (
      SELECT 1 FROM (SELECT DISTINCT park_id, firm_id, bill_id FROM fresh) f
        LEFT JOIN tenants_firm t ON t.id = f.firm_id LEFT JOIN billing_bill b ON b.id = f.bill_id
      WHERE t.park_id IS DISTINCT FROM f.park_id
         OR f.bill_id IS NOT NULL AND (b.park_id IS DISTINCT FROM f.park_id OR b.firm_id IS DISTINCT FROM f.firm_id)) THEN
    RAISE EXCEPTION 'a charge line, its firm and its bill belong together' USING ERRCODE = 'foreign_key_violation';
  END IF;"""
GUARD = f"""
CREATE OR REPLACE FUNCTION billing_charge_guard(touched bigint[]) RETURNS void LANGUAGE plpgsql {LOOPS} AS $$
BEGIN
  -- wait for whoever is posting one of these bills; bills this very transaction wrote are its own already
  PERFORM 1 FROM billing_bill b WHERE b.id = ANY(touched) AND b.xmin <> pg_current_xact_id()::xid FOR SHARE;
  IF EXISTS (SELECT 1 FROM billing_bill b WHERE b.id = ANY(touched) AND b.state <> 'draft') THEN
    RAISE EXCEPTION 'a line of a posted bill is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_new() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
BEGIN{APPROVED}{BELONGS}
  PERFORM billing_charge_guard(array(SELECT DISTINCT f.bill_id FROM fresh f WHERE f.bill_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_changed() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
BEGIN{APPROVED}{BELONGS}
  PERFORM billing_charge_guard(array(SELECT o.bill_id FROM stale o WHERE o.bill_id IS NOT NULL
                                     UNION SELECT f.bill_id FROM fresh f WHERE f.bill_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_charge_gone() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
BEGIN
  PERFORM billing_charge_guard(array(SELECT DISTINCT o.bill_id FROM stale o WHERE o.bill_id IS NOT NULL));
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION billing_never_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never removed together', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_charge_insert AFTER INSERT ON billing_charge REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_charge_new();
CREATE TRIGGER billing_charge_update AFTER UPDATE ON billing_charge REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_charge_changed();
CREATE TRIGGER billing_charge_delete AFTER DELETE ON billing_charge REFERENCING OLD TABLE AS stale
  FOR EACH STATEMENT EXECUTE FUNCTION billing_charge_gone();
CREATE TRIGGER billing_charge_truncate BEFORE TRUNCATE ON billing_charge
  FOR EACH STATEMENT EXECUTE FUNCTION billing_never_truncated()"""
UNGUARD = """
DROP TRIGGER IF EXISTS billing_charge_insert ON billing_charge;
DROP TRIGGER IF EXISTS billing_charge_update ON billing_charge;
DROP TRIGGER IF EXISTS billing_charge_delete ON billing_charge;
DROP TRIGGER IF EXISTS billing_charge_truncate ON billing_charge;
DROP FUNCTION IF EXISTS billing_charge_new();
DROP FUNCTION IF EXISTS billing_charge_changed();
DROP FUNCTION IF EXISTS billing_charge_gone();
DROP FUNCTION IF EXISTS billing_charge_guard(bigint[])"""
after_create(Charge.__table__, GUARD, UNGUARD)
