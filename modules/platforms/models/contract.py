"""Operator contracts (建管分离, 约定运营绩效): what an operator must reach, what it is paid, and the settlement of each period."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from ..states_contract import CONTRACT, SETTLEMENT
from .cost import SHARE_KEYS
from .registry import OPERATING_MODELS, Instrument, Platform

METRICS = Choices(
    "platforms.contract_metric",
    ("hours", _l("Effective hours")),
    ("utilisation", _l("Utilisation")),
    ("firms", _l("Firms served (distinct)")),
    ("patents", _l("Patents")),
    ("transfers", _l("Results transferred")),
    ("income", _l("Income charged")),
    ("own_income", _l("Own-income ratio")),
    ("days_open", _l("Days with use")),
    ("hours_open", _l("Hours open")),
    ("manual", _l("Found by inspection")),
)
KPI_PERIODS = Choices(
    "platforms.kpi_period", ("month", _l("Month")), ("quarter", _l("Quarter")), ("half_year", _l("Half-year")), ("year", _l("Year")))
SHARE_BASES = Choices("platforms.share_basis", ("billed", _l("Charged")), ("cash", _l("Received")))
SETTLEMENT_LINES = Choices(
    "platforms.operator_line",
    ("kpi", _l("Performance clause"), "blue"),
    ("base", _l("Basic fee"), "green"),
    ("share", _l("Revenue share"), "green"),
    ("bonus", _l("Bonus"), "green"),
    ("penalty", _l("Deduction"), "red"),
    ("other", _l("Other amount"), "grey"),
)


class OperatorContract(ParkScoped, Record):
    """Who runs a platform for whom, until when, for which performance and pay. `base_fee` is per year.

    Bonus: for every point of the score above `bonus_from`, `bonus_step` of the period's basic fee, at most `bonus_cap` of it.
    Deduction: likewise below `penalty_from`."""

    __tablename__ = "platforms_operator_contract"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("revenue_share BETWEEN 0 AND 100000000", name="revenue_share"),
        CheckConstraint("base_fee >= 0", name="base_fee"),
        CheckConstraint("penalty_from <= bonus_from", name="scores"),
        CheckConstraint("state NOT IN ('running', 'ended') OR approval_id IS NOT NULL", name="approved"),
        CheckConstraint("state <> 'ended' OR ended_on IS NOT NULL", name="ended"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    model: Mapped[str] = field(EnumText(OPERATING_MODELS), _l("Operating model"))
    owner: Mapped[str] = field(String(120), _l("Asset owner"))
    operator: Mapped[str] = field(String(120), _l("Platform operator"))
    operator_firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Operator as a firm of the park"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Last day"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    state: Mapped[str] = field(EnumText(CONTRACT.choices), _l("State"), default="draft", server_default="draft")
    kpi_period: Mapped[str] = field(EnumText(KPI_PERIODS), _l("Settled every"), default="year", server_default="year")
    base_fee: Mapped[Decimal] = field(Money, _l("Basic fee a year"), default=Decimal(0), server_default="0")
    revenue_share: Mapped[Decimal] = field(Rate, _l("Operator's share of revenue"), default=Decimal(0), server_default="0")
    share_basis: Mapped[str] = field(EnumText(SHARE_BASES), _l("Share of what was"), default="cash", server_default="cash")
    bonus_from: Mapped[int] = field(Integer, _l("Bonus above a score of"), default=100, server_default="100")
    bonus_step: Mapped[Decimal] = field(Rate, _l("Bonus per point"), default=Decimal("0.01"), server_default="1000000")
    bonus_cap: Mapped[Decimal] = field(Rate, _l("Bonus at most"), default=Decimal("0.1"), server_default="10000000")
    penalty_from: Mapped[int] = field(Integer, _l("Deduction below a score of"), default=80, server_default="80")
    penalty_step: Mapped[Decimal] = field(Rate, _l("Deduction per point"), default=Decimal("0.01"), server_default="1000000")
    penalty_cap: Mapped[Decimal] = field(Rate, _l("Deduction at most"), default=Decimal("0.3"), server_default="30000000")
    share_key: Mapped[str | None] = field(EnumText(SHARE_KEYS), _l("Bears shared costs"))
    area: Mapped[Decimal | None] = field(UnitPrice, _l("Floor area in ㎡"))
    fixed_share: Mapped[Decimal | None] = field(UnitPrice, _l("Fixed share"))
    exit_terms: Mapped[str | None] = field(Text, _l("Exit"), long=True, help=_l("Hand-back of assets, data, customers and staff"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    platform: Mapped[Platform] = relationship(foreign_keys="OperatorContract.platform_id")
    operator_firm: Mapped[Any] = relationship("Firm", foreign_keys="OperatorContract.operator_firm_id")

    __search__ = ("number", "operator")

    def __str__(self) -> str:
        return f"{self.number} {self.operator}"


class ContractKpi(ParkScoped, Record):
    """A performance clause: metric, target, weight, period, evidence. The weights of a contract make 100 %.

    The target holds for `period` (empty: the contract's); for other days targets of amounts and counts are scaled (U-125)."""

    __tablename__ = "platforms_contract_kpi"
    __table_args__ = (
        CheckConstraint("target > 0", name="target"),
        CheckConstraint("weight > 0 AND weight <= 100000000", name="weight"),
        CheckConstraint("most >= 100000000", name="most"),
    )
    contract_id: Mapped[int] = fk("platforms_operator_contract.id", _l("Operator contract"), ondelete="CASCADE")
    metric: Mapped[str] = field(EnumText(METRICS), _l("Metric"))
    title: Mapped[str] = field(String(200), _l("Clause"))
    target: Mapped[Decimal] = field(UnitPrice, _l("Target per period"), help=_l("Ratios as fractions: 0.6 is 60 %"))
    period: Mapped[str | None] = field(EnumText(KPI_PERIODS), _l("Target holds for a"),
                                       help=_l("Empty: for what the contract is settled by"))
    weight: Mapped[Decimal] = field(Rate, _l("Weight"))
    most: Mapped[Decimal] = field(
        Rate,
        _l("Counts at most"),
        default=Decimal("1.2"),
        server_default="120000000",
        help=_l("Attainment above this share of the target brings nothing more"),
    )
    evidence: Mapped[str | None] = field(String(200), _l("Evidence"))
    contract: Mapped[OperatorContract] = relationship(foreign_keys="ContractKpi.contract_id")

    def __str__(self) -> str:
        return self.title


class ContractAsset(ParkScoped, Record):
    """An instrument the owner lends to the operator; it comes back at the end."""

    __tablename__ = "platforms_contract_asset"
    __table_args__ = (
        UniqueConstraint("park_id", "contract_id", "instrument_id"),
        Index("uq_platforms_contract_asset_instrument_out", "instrument_id", unique=True, postgresql_where="returned_on IS NULL"),
        CheckConstraint("returned_on IS NULL OR returned_on >= lent_on", name="dates"),
    )
    contract_id: Mapped[int] = fk("platforms_operator_contract.id", _l("Operator contract"), ondelete="CASCADE")
    instrument_id: Mapped[int] = fk("platforms_instrument.id", _l("Instrument"))
    lent_on: Mapped[date] = field(Date, _l("Lent on"))
    returned_on: Mapped[date | None] = field(Date, _l("Handed back on"))
    condition: Mapped[str | None] = field(String(200), _l("State at hand-over"))
    contract: Mapped[OperatorContract] = relationship(foreign_keys="ContractAsset.contract_id")
    instrument: Mapped[Instrument] = relationship(foreign_keys="ContractAsset.instrument_id")

    def __str__(self) -> str:
        return str(self.instrument_id)


class OperatorSettlement(ParkScoped, Record):
    """The scorecard of a period and the payment it comes to. Worked out anew while a draft; approved, it is fixed (trigger)."""

    __tablename__ = "platforms_operator_settlement"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_platforms_operator_settlement_period", "contract_id", "starts_on", unique=True,
              postgresql_where="state NOT IN ('cancelled', 'reversed')"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("state NOT IN ('approved', 'posted', 'paid', 'reversed') OR (approval_id IS NOT NULL AND payment IS NOT NULL)",
                        name="approved"),
        CheckConstraint("state NOT IN ('posted', 'paid') OR (entry_id IS NOT NULL AND posted_on IS NOT NULL)", name="posted"),
        CheckConstraint("state <> 'paid' OR (paid_entry_id IS NOT NULL AND paid_on >= posted_on)", name="paid"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    contract_id: Mapped[int] = fk("platforms_operator_contract.id", _l("Operator contract"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Last day"))
    state: Mapped[str] = field(EnumText(SETTLEMENT.choices), _l("State"), default="draft", server_default="draft")
    score: Mapped[Decimal | None] = field(UnitPrice, _l("Score"))
    payment: Mapped[Decimal | None] = field(Money, _l("Payment due"))
    worked_out_on: Mapped[date | None] = field(Date, _l("Worked out on"))
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    submitted_by_id: Mapped[int | None] = field(Integer, _l("User id"))
    entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    posted_on: Mapped[date | None] = field(Date, _l("Posted on"))
    posted_by: Mapped[str | None] = field(String(80), _l("Posted by"))
    posted_by_id: Mapped[int | None] = field(Integer, _l("User id"))
    paid_entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Entry of the payment"))
    paid_on: Mapped[date | None] = field(Date, _l("Paid on"))
    paid_reference: Mapped[str | None] = field(String(120), _l("Payment reference"))
    paid_by: Mapped[str | None] = field(String(80), _l("Payment recorded by"))
    contract: Mapped[OperatorContract] = relationship(foreign_keys="OperatorSettlement.contract_id")
    entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="OperatorSettlement.entry_id")
    paid_entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="OperatorSettlement.paid_entry_id")

    def __str__(self) -> str:
        return self.number


class OperatorLine(ParkScoped, Record):
    """A line of the settlement: a clause with its points, or an amount with how it was worked out."""

    __tablename__ = "platforms_operator_line"
    __table_args__ = (CheckConstraint("(kind = 'kpi') = (amount IS NULL)", name="amount"),)
    settlement_id: Mapped[int] = fk("platforms_operator_settlement.id", _l("Operator settlement"), ondelete="CASCADE")
    position: Mapped[int] = field(Integer, _l("Order in the list"))
    kind: Mapped[str] = field(EnumText(SETTLEMENT_LINES), _l("Kind"))
    title: Mapped[str] = field(String(200), _l("Line"))
    kpi_id: Mapped[int | None] = fk("platforms_contract_kpi.id", _l("Performance clause"))
    target: Mapped[Decimal | None] = field(UnitPrice, _l("Target"))
    actual: Mapped[Decimal | None] = field(UnitPrice, _l("Reached"))
    weight: Mapped[Decimal | None] = field(Rate, _l("Weight"))
    points: Mapped[Decimal | None] = field(UnitPrice, _l("Points"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"))
    explain: Mapped[str] = field(String(300), _l("How it was worked out"))
    settlement: Mapped[OperatorSettlement] = relationship(foreign_keys="OperatorLine.settlement_id")
    kpi: Mapped[ContractKpi | None] = relationship(foreign_keys="OperatorLine.kpi_id")

    def __str__(self) -> str:
        return self.title


FIXED = """
CREATE OR REPLACE FUNCTION platforms_operator_settlement_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'reversed' OR OLD.state IN ('approved', 'posted', 'paid') AND (TG_OP = 'DELETE' OR
      (NEW.number, NEW.contract_id, NEW.starts_on, NEW.ends_on, NEW.score, NEW.payment, NEW.approval_id) IS DISTINCT FROM
      (OLD.number, OLD.contract_id, OLD.starts_on, OLD.ends_on, OLD.score, OLD.payment, OLD.approval_id)
      OR NEW.state NOT IN ('approved', 'posted', 'paid', 'reversed')
      OR OLD.entry_id IS NOT NULL AND NEW.entry_id IS DISTINCT FROM OLD.entry_id
      OR OLD.paid_entry_id IS NOT NULL AND NEW.paid_entry_id IS DISTINCT FROM OLD.paid_entry_id) THEN
    RAISE EXCEPTION 'an approved operator settlement is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE OR REPLACE FUNCTION platforms_operator_line_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE owner bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.settlement_id ELSE NEW.settlement_id END;
BEGIN
  IF EXISTS (SELECT 1 FROM platforms_operator_settlement s WHERE s.id = owner AND s.state NOT IN ('draft', 'cancelled') FOR SHARE) THEN
    RAISE EXCEPTION 'lines of a submitted operator settlement are never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER platforms_operator_settlement_guard BEFORE UPDATE OR DELETE ON platforms_operator_settlement
  FOR EACH ROW EXECUTE FUNCTION platforms_operator_settlement_guard();
CREATE TRIGGER platforms_operator_line_guard BEFORE INSERT OR UPDATE OR DELETE ON platforms_operator_line
  FOR EACH ROW EXECUTE FUNCTION platforms_operator_line_guard()"""
FREE = """
DROP TRIGGER IF EXISTS platforms_operator_settlement_guard ON platforms_operator_settlement;
DROP TRIGGER IF EXISTS platforms_operator_line_guard ON platforms_operator_line;
DROP FUNCTION IF EXISTS platforms_operator_settlement_guard();
DROP FUNCTION IF EXISTS platforms_operator_line_guard()"""
after_create(OperatorLine.__table__, FIXED, FREE)
