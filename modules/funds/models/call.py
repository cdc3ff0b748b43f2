"""Capital calls, distributions, expenses, and the fund's flows: one append-only book from which everything is counted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from ..states import CALL, DISTRIBUTION, EXPENSE
from .fund import Fund, FundPartner

EXPENSE_KINDS = Choices(
    "funds.expense_kind",
    ("management_fee", _l("Management fee")),
    ("custody", _l("Custody fee")),
    ("audit", _l("Audit")),
    ("legal", _l("Legal services")),
    ("setup", _l("Organisation costs")),
    ("other", _l("Other costs")),
)
FLOW_KINDS = Choices(
    "funds.flow_kind",
    ("contribution", _l("Contribution of a partner"), "green"),
    ("distribution", _l("Distribution to a partner"), "violet"),
    ("investment", _l("Payment for an investment"), "blue"),
    ("proceeds", _l("Proceeds of an exit"), "green"),
    ("income", _l("Income of a holding"), "green"),
    ("interest", _l("Bank interest"), "grey"),
    ("expense", _l("Fees and expenses"), "amber"),
)


class CapitalCall(ParkScoped, Record):
    """A call by purpose (the transaction types of the ILPA template: for investments, for fees, for expenses)."""

    __tablename__ = "funds_call"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("for_investments >= 0 AND for_fees >= 0 AND for_expenses >= 0", name="purposes"),
        CheckConstraint("for_investments + for_fees + for_expenses > 0", name="total"),
        CheckConstraint("due_on >= notice_on", name="dates"),
        CheckConstraint("state <> 'posted' OR approval_id IS NOT NULL", name="approved"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    notice_on: Mapped[date] = field(Date, _l("Date of notice"))
    due_on: Mapped[date] = field(Date, _l("Pay by"))
    for_investments: Mapped[Decimal] = field(Money, _l("For investments"), default=Decimal(0), server_default="0")
    for_fees: Mapped[Decimal] = field(Money, _l("For the management fee"), default=Decimal(0), server_default="0")
    for_expenses: Mapped[Decimal] = field(Money, _l("For expenses"), default=Decimal(0), server_default="0")
    total: Mapped[Decimal] = field(Money, _l("Total called"))
    purpose: Mapped[str | None] = field(Text, _l("Purpose"), long=True)
    state: Mapped[str] = field(EnumText(CALL.choices), _l("State"), default="draft", server_default="draft")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    fund: Mapped[Fund] = relationship(foreign_keys="CapitalCall.fund_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class CallPart(ParkScoped, Record):
    """A partner's part of a call, by purpose. `received` follows the book of flows (trigger-guarded total)."""

    __tablename__ = "funds_call_part"
    __table_args__ = (
        UniqueConstraint("park_id", "call_id", "partner_id"),
        CheckConstraint("amount = for_investments + for_fees + for_expenses", name="amount"),
        CheckConstraint("received >= 0 AND received <= amount", name="received"),
    )
    call_id: Mapped[int] = fk("funds_call.id", _l("Capital call"), ondelete="CASCADE")
    partner_id: Mapped[int] = fk("funds_partner.id", _l("Partner"))
    for_investments: Mapped[Decimal] = field(Money, _l("For investments"))
    for_fees: Mapped[Decimal] = field(Money, _l("For the management fee"))
    for_expenses: Mapped[Decimal] = field(Money, _l("For expenses"))
    amount: Mapped[Decimal] = field(Money, _l("Amount called"))
    received: Mapped[Decimal] = field(Money, _l("Received"), default=Decimal(0), server_default="0")
    call: Mapped[CapitalCall] = relationship(foreign_keys="CallPart.call_id")
    partner: Mapped[FundPartner] = relationship(foreign_keys="CallPart.partner_id")

    def __str__(self) -> str:
        return f"{self.amount:,.2f}"


class FundDistribution(ParkScoped, Record):
    """Money given back. `recallable`: of it may be called again. The tiers are worked out by the fund's terms."""

    __tablename__ = "funds_distribution"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("recallable >= 0 AND recallable <= amount", name="recallable"),
        CheckConstraint("state <> 'posted' OR approval_id IS NOT NULL", name="approved"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    on_date: Mapped[date] = field(Date, _l("Value date"))
    amount: Mapped[Decimal] = field(Money, _l("Amount distributed"))
    recallable: Mapped[Decimal] = field(Money, _l("Of it recallable"), default=Decimal(0), server_default="0")
    exit_id: Mapped[int | None] = fk("funds_exit.id", _l("Investment exit"))
    capital: Mapped[Decimal | None] = field(Money, _l("Return of capital"))
    preferred: Mapped[Decimal | None] = field(Money, _l("Preferred return"))
    excess: Mapped[Decimal | None] = field(Money, _l("Further profit"))
    carry: Mapped[Decimal | None] = field(Money, _l("Carry"))
    purpose: Mapped[str | None] = field(Text, _l("Source"), long=True)
    state: Mapped[str] = field(EnumText(DISTRIBUTION.choices), _l("State"), default="draft", server_default="draft")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    fund: Mapped[Fund] = relationship(foreign_keys="FundDistribution.fund_id")
    exit: Mapped[Any] = relationship("InvestmentExit", foreign_keys="FundDistribution.exit_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class DistributionPart(ParkScoped, Record):
    """A partner's part by tier; `recallable` is a part of the capital returned."""

    __tablename__ = "funds_distribution_part"
    __table_args__ = (
        UniqueConstraint("park_id", "distribution_id", "partner_id"),
        CheckConstraint("amount = capital + preferred + excess + carry", name="amount"),
        CheckConstraint("paid >= 0 AND paid <= amount", name="paid"),
    )
    distribution_id: Mapped[int] = fk("funds_distribution.id", _l("Distribution"), ondelete="CASCADE")
    partner_id: Mapped[int] = fk("funds_partner.id", _l("Partner"))
    capital: Mapped[Decimal] = field(Money, _l("Return of capital"))
    preferred: Mapped[Decimal] = field(Money, _l("Preferred return"))
    excess: Mapped[Decimal] = field(Money, _l("Further profit"))
    carry: Mapped[Decimal] = field(Money, _l("Carry"))
    amount: Mapped[Decimal] = field(Money, _l("Amount distributed"))
    recallable: Mapped[Decimal] = field(Money, _l("Of it recallable"), default=Decimal(0), server_default="0")
    paid: Mapped[Decimal] = field(Money, _l("Paid out"), default=Decimal(0), server_default="0")
    distribution: Mapped[FundDistribution] = relationship(foreign_keys="DistributionPart.distribution_id")
    partner: Mapped[FundPartner] = relationship(foreign_keys="DistributionPart.partner_id")

    def __str__(self) -> str:
        return f"{self.amount:,.2f}"


class FundExpense(ParkScoped, Record):
    """A fee or expense the fund paid; approving it writes the flow. `period_from`, `period_to`: the days a fee is for."""

    __tablename__ = "funds_expense"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("period_to >= period_from", name="period"),
        CheckConstraint("state <> 'posted' OR approval_id IS NOT NULL", name="approved"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    kind: Mapped[str] = field(EnumText(EXPENSE_KINDS), _l("Kind of expense"))
    on_date: Mapped[date] = field(Date, _l("Paid on"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    payee: Mapped[str] = field(String(120), _l("Payee"))
    period_from: Mapped[date | None] = field(Date, _l("For the days from"))
    period_to: Mapped[date | None] = field(Date, _l("Until"))
    explain: Mapped[str | None] = field(String(300), _l("How it was worked out"))
    reference: Mapped[str | None] = field(String(80), _l("Reference"))
    state: Mapped[str] = field(EnumText(EXPENSE.choices), _l("State"), default="draft", server_default="draft")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    fund: Mapped[Fund] = relationship(foreign_keys="FundExpense.fund_id")

    def __str__(self) -> str:
        return self.number


class FundFlow(ParkScoped, Record):
    """A movement seen by the fund: in positive, out negative. Never changed; a mistake is reversed by a row that names it.

    `cash` is false for contributions in kind and what they bought: they count in cost and paid-in, not in the bank."""

    __tablename__ = "funds_flow"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("kind NOT IN ('contribution', 'distribution') OR partner_id IS NOT NULL", name="partner"),
        CheckConstraint("kind NOT IN ('investment', 'proceeds', 'income') OR investment_id IS NOT NULL", name="investment"),
        CheckConstraint(
            "reverses_id IS NOT NULL OR (amount > 0) = (kind IN ('contribution', 'proceeds', 'income', 'interest'))", name="sign"
        ),
        Index("uq_funds_flow_reverses", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
        Index("ix_funds_flow_fund_day", "fund_id", "on_date"),
    )
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    kind: Mapped[str] = field(EnumText(FLOW_KINDS), _l("Kind of flow"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    cash: Mapped[bool] = field(Boolean, _l("Through the bank"), default=True, server_default="true")
    partner_id: Mapped[int | None] = fk("funds_partner.id", _l("Partner"))
    call_part_id: Mapped[int | None] = fk("funds_call_part.id", _l("Part of a call"))
    distribution_part_id: Mapped[int | None] = fk("funds_distribution_part.id", _l("Part of a distribution"))
    investment_id: Mapped[int | None] = fk("funds_investment.id", _l("Fund investment"))
    exit_id: Mapped[int | None] = fk("funds_exit.id", _l("Investment exit"))
    expense_id: Mapped[int | None] = fk("funds_expense.id", _l("Expense"))
    reference: Mapped[str | None] = field(String(80), _l("Reference"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    reverses_id: Mapped[int | None] = fk("funds_flow.id", _l("Reverses the flow"))
    entered_by: Mapped[str] = field(String(80), _l("Entered by"))
    fund: Mapped[Fund] = relationship(foreign_keys="FundFlow.fund_id")
    partner: Mapped[FundPartner | None] = relationship(foreign_keys="FundFlow.partner_id")
    investment: Mapped[Any] = relationship("Investment", foreign_keys="FundFlow.investment_id")

    def __str__(self) -> str:
        return f"{FLOW_KINDS.label(self.kind)} {self.on_date} {self.amount:,.2f}"


protect(FundFlow)

GUARD = """
CREATE OR REPLACE FUNCTION funds_posted_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE a jsonb := to_jsonb(OLD) - 'version'; b jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) - 'version' END;
BEGIN
  IF OLD.state IN ('posted', 'confirmed', 'agreed') AND (TG_OP = 'DELETE' OR a IS DISTINCT FROM b) THEN
    RAISE EXCEPTION 'an approved document of a fund is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE OR REPLACE FUNCTION funds_part_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE row_ jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
  owner bigint := (row_ ->> TG_ARGV[1])::bigint; found text;
BEGIN
  EXECUTE format('SELECT state FROM %I WHERE id = $1', TG_ARGV[0]) INTO found USING owner;
  IF found IS NOT NULL AND found <> 'draft' THEN
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'version' - TG_ARGV[2] = to_jsonb(NEW) - 'version' - TG_ARGV[2] AND found = 'posted' THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'parts of a submitted document of a fund are never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$"""


FREE = "DROP FUNCTION IF EXISTS funds_posted_guard() CASCADE;\nDROP FUNCTION IF EXISTS funds_part_guard() CASCADE"


def guarded(model: Any, up: str = "") -> None:
    """Approved documents of this table are neither changed nor deleted, by anybody."""
    name = model.__tablename__
    more = f"{up};\n" if up else ""
    after_create(
        model.__table__,
        f"{more}CREATE TRIGGER {name}_guard BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION funds_posted_guard()",
        f"DROP TRIGGER IF EXISTS {name}_guard ON {name}",
    )


def _parts(model: Any, owner: str, column: str, follows: str) -> None:
    name = model.__tablename__
    after_create(
        model.__table__,
        f"CREATE TRIGGER {name}_guard BEFORE INSERT OR UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION "
        f"funds_part_guard('{owner}', '{column}', '{follows}')",
        f"DROP TRIGGER IF EXISTS {name}_guard ON {name}",
    )


after_create(CapitalCall.__table__, "SELECT 1", FREE)
guarded(CapitalCall, GUARD)
_parts(CallPart, "funds_call", "call_id", "received")
_parts(DistributionPart, "funds_distribution", "distribution_id", "paid")
guarded(FundDistribution, GUARD)
guarded(FundExpense, GUARD)
