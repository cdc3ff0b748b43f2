"""Operators of amenities: contract, performance clauses, statement of each month."""

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

from ..states_operator import CONTRACT, STATEMENT
from .facility import AmenityFacility

METRICS = Choices(
    "amenities.operator_metric",
    ("meals", _l("Meals served")),
    ("turnover", _l("Turnover")),
    ("satisfaction", _l("Satisfaction (mean of the surveys)")),
    ("manual", _l("Found by inspection")),
)


class AmenityOperatorContract(ParkScoped, Record):
    """Who runs outlets of an amenity. The park keeps `share_rate` of the turnover, at least `minimum` a month."""

    __tablename__ = "amenities_operator_contract"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("share_rate BETWEEN 0 AND 100000000", name="share_rate"),
        CheckConstraint("minimum >= 0", name="minimum"),
        CheckConstraint("state NOT IN ('running', 'ended') OR approval_id IS NOT NULL", name="approved"),
        CheckConstraint("state <> 'ended' OR ended_on IS NOT NULL", name="ended"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity"))
    operator_id: Mapped[int] = fk("tenants_firm.id", _l("Operator firm"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Last day"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    share_rate: Mapped[Decimal] = field(Rate, _l("Park's share of turnover"))
    minimum: Mapped[Decimal] = field(Money, _l("Share at least a month"), default=Decimal(0), server_default="0")
    state: Mapped[str] = field(EnumText(CONTRACT.choices), _l("State"), default="draft", server_default="draft")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="AmenityOperatorContract.facility_id")
    operator: Mapped[Any] = relationship("Firm", foreign_keys="AmenityOperatorContract.operator_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class AmenityOperatorKpi(ParkScoped, Record):
    """A performance clause of a month; the weights of a contract make 100 %."""

    __tablename__ = "amenities_operator_kpi"
    __table_args__ = (CheckConstraint("target > 0", name="target"), CheckConstraint("weight > 0 AND weight <= 100000000", name="weight"))
    contract_id: Mapped[int] = fk("amenities_operator_contract.id", _l("Operator contract"))
    metric: Mapped[str] = field(EnumText(METRICS), _l("Metric"))
    title: Mapped[str] = field(String(120), _l("Clause"))
    target: Mapped[Decimal] = field(UnitPrice, _l("Target a month"))
    weight: Mapped[Decimal] = field(Rate, _l("Weight"))
    contract: Mapped[AmenityOperatorContract] = relationship(foreign_keys="AmenityOperatorKpi.contract_id")

    def __str__(self) -> str:
        return self.title


class AmenityOperatorStatement(ParkScoped, Record):
    """The month of an operator: turnover through the tills, what cards and firms paid of it, the park's share, what is paid out."""

    __tablename__ = "amenities_operator_statement"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_amenities_operator_statement_month", "contract_id", "month", unique=True, postgresql_where="state <> 'cancelled'"),
        CheckConstraint("extract(day from month) = 1", name="month"),
        CheckConstraint("turnover = own + subsidy AND share >= 0", name="sum"),
        CheckConstraint("state NOT IN ('approved', 'posted', 'paid') OR approval_id IS NOT NULL", name="approved"),
        CheckConstraint("state NOT IN ('posted', 'paid') OR posted_on IS NOT NULL", name="posted"),
        CheckConstraint("state <> 'paid' OR paid_on IS NOT NULL", name="paid"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    contract_id: Mapped[int] = fk("amenities_operator_contract.id", _l("Operator contract"))
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    meals: Mapped[int] = field(Integer, _l("Meals"), default=0, server_default="0")
    turnover: Mapped[Decimal] = field(Money, _l("Turnover"), default=Decimal(0), server_default="0")
    own: Mapped[Decimal] = field(Money, _l("Paid from cards"), default=Decimal(0), server_default="0")
    subsidy: Mapped[Decimal] = field(Money, _l("Paid by firms"), default=Decimal(0), server_default="0")
    share: Mapped[Decimal] = field(Money, _l("Park's share"), default=Decimal(0), server_default="0")
    score: Mapped[Decimal | None] = field(UnitPrice, _l("Score"))
    explain: Mapped[str | None] = field(String(300), _l("How it was worked out"))
    state: Mapped[str] = field(EnumText(STATEMENT.choices), _l("State"), default="draft", server_default="draft")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    submitted_by_id: Mapped[int | None] = field(Integer, _l("User id"))
    entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    posted_on: Mapped[date | None] = field(Date, _l("Posted on"))
    posted_by_id: Mapped[int | None] = field(Integer, _l("User id"))
    paid_entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Entry of the payment"))
    paid_on: Mapped[date | None] = field(Date, _l("Paid on"))
    reference: Mapped[str | None] = field(String(120), _l("Payment reference"))
    contract: Mapped[AmenityOperatorContract] = relationship(foreign_keys="AmenityOperatorStatement.contract_id")
    entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="AmenityOperatorStatement.entry_id")
    paid_entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="AmenityOperatorStatement.paid_entry_id")

    def __str__(self) -> str:
        return self.number


class AmenityOperatorFinding(ParkScoped, Record):
    """A clause with what was reached in the month."""

    __tablename__ = "amenities_operator_finding"
    __table_args__ = (UniqueConstraint("statement_id", "kpi_id"),)
    statement_id: Mapped[int] = fk("amenities_operator_statement.id", _l("Operator statement"), index=False, ondelete="CASCADE")
    kpi_id: Mapped[int] = fk("amenities_operator_kpi.id", _l("Clause"))
    actual: Mapped[Decimal | None] = field(UnitPrice, _l("Reached"))
    points: Mapped[Decimal | None] = field(UnitPrice, _l("Points scored"))
    statement: Mapped[AmenityOperatorStatement] = relationship(foreign_keys="AmenityOperatorFinding.statement_id")
    kpi: Mapped[AmenityOperatorKpi] = relationship(foreign_keys="AmenityOperatorFinding.kpi_id")

    def __str__(self) -> str:
        return str(self.kpi)


FIXED = """
CREATE OR REPLACE FUNCTION amenities_statement_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('approved', 'posted', 'paid') AND (TG_OP = 'DELETE' OR
      (NEW.contract_id, NEW.month, NEW.meals, NEW.turnover, NEW.own, NEW.subsidy, NEW.share) IS DISTINCT FROM
      (OLD.contract_id, OLD.month, OLD.meals, OLD.turnover, OLD.own, OLD.subsidy, OLD.share)
      OR NEW.state NOT IN ('approved', 'posted', 'paid')) THEN
    RAISE EXCEPTION 'an approved operator statement is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER amenities_statement_guard BEFORE UPDATE OR DELETE ON amenities_operator_statement
  FOR EACH ROW EXECUTE FUNCTION amenities_statement_guard()"""
FREE = """
DROP TRIGGER IF EXISTS amenities_statement_guard ON amenities_operator_statement;
DROP FUNCTION IF EXISTS amenities_statement_guard()"""
after_create(AmenityOperatorStatement.__table__, FIXED, FREE)
