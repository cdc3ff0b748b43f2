"""Interest subsidy: a claim per bank and quarter, a line per loan, and other subsidies the same loan has."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText, Money, Rate
from parkops.i18n import _l

from ..states_money import SUBSIDY_CLAIM
from .case import LoanCase


class SubsidyClaim(ParkScoped, Record):
    """What a bank and the park ask of the finance office for a quarter. Its lines are fixed once it was checked (trigger)."""

    __tablename__ = "loans_subsidy_claim"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_loans_subsidy_claim_quarter", "park_id", "bank_id", "quarter", unique=True, postgresql_where="state <> 'cancelled'"),
        CheckConstraint("extract(day from quarter) = 1 AND extract(month from quarter) IN (1, 4, 7, 10)", name="quarter"),
        CheckConstraint("total >= 0 AND interest >= total", name="total"),
        CheckConstraint("state <> 'paid' OR paid_on IS NOT NULL", name="paid_on"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    bank_id: Mapped[int] = fk("loans_organisation.id", _l("Lending bank"))
    finance_id: Mapped[int | None] = fk("loans_organisation.id", _l("Finance office"))
    quarter: Mapped[date] = field(Date, _l("Quarter from"))
    state: Mapped[str] = field(EnumText(SUBSIDY_CLAIM.choices), _l("State"), default="draft", server_default="draft")
    interest: Mapped[Decimal] = field(Money, _l("Interest of the quarter"), default=Decimal(0), server_default="0")
    total: Mapped[Decimal] = field(Money, _l("Subsidy claimed"), default=Decimal(0), server_default="0")
    prepared_on: Mapped[date] = field(Date, _l("Prepared on"))
    approved_on: Mapped[date | None] = field(Date, _l("Checked on"))
    filed_on: Mapped[date | None] = field(Date, _l("Filed on"))
    paid_on: Mapped[date | None] = field(Date, _l("Paid on"))
    prepared_by_id: Mapped[int | None] = fk("core_user.id", _l("Recorded by"))
    approved_by_id: Mapped[int | None] = fk("core_user.id", _l("Checked by"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    bank: Mapped[Any] = relationship("LoanOrganisation", foreign_keys="SubsidyClaim.bank_id")
    finance: Mapped[Any] = relationship("LoanOrganisation", foreign_keys="SubsidyClaim.finance_id")

    __search__ = ("number",)

    @property
    def quarter_key(self) -> str:
        return f"{self.quarter.year}Q{(self.quarter.month + 2) // 3}"

    def __str__(self) -> str:
        return f"{self.number} · {self.quarter_key}"


class SubsidyLine(ParkScoped, Record):
    """One loan in a claim: days, interest and subsidy, with how they were worked out. A loan stands in a quarter once (unique)."""

    __tablename__ = "loans_subsidy_line"
    __table_args__ = (
        UniqueConstraint("claim_id", "case_id"),
        Index("uq_loans_subsidy_line_once", "park_id", "case_id", "quarter", unique=True, postgresql_where="live"),
        CheckConstraint("days >= 0 AND excluded >= 0", name="days"),
        CheckConstraint("subsidy >= 0 AND subsidy <= interest", name="subsidy"),
        Index("ix_loans_subsidy_line_case_id", "case_id"),
    )
    claim_id: Mapped[int] = fk("loans_subsidy_claim.id", _l("Subsidy claim"), ondelete="CASCADE", index=False)
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"), index=False)
    quarter: Mapped[date] = field(Date, _l("Quarter from"))
    period_from: Mapped[date] = field(Date, _l("From"))
    period_to: Mapped[date] = field(Date, _l("To"), help=_l("Last day of interest, included"))
    days: Mapped[int] = field(Integer, _l("Days with interest"))
    excluded: Mapped[int] = field(Integer, _l("Days not subsidised"))
    rate: Mapped[Decimal] = field(Rate, _l("Interest rate a year"))
    subsidy_rate: Mapped[Decimal] = field(Rate, _l("Rate subsidised"))
    interest: Mapped[Decimal] = field(Money, _l("Interest"))
    subsidy: Mapped[Decimal] = field(Money, _l("Interest subsidy amount"))
    explain: Mapped[str] = field(String(500), _l("How it was worked out"))
    live: Mapped[bool] = field(Boolean, _l("Still counts"), default=True, server_default="true")
    claim: Mapped[SubsidyClaim] = relationship(foreign_keys="SubsidyLine.claim_id")
    case: Mapped[LoanCase] = relationship(foreign_keys="SubsidyLine.case_id")

    def __str__(self) -> str:
        return f"{self.case_id} · {self.subsidy}"


class OtherSubsidy(ParkScoped, Record):
    """Another interest subsidy the same loan has. A central one excludes ours for its days."""

    __tablename__ = "loans_other_subsidy"
    __table_args__ = (CheckConstraint("to_on IS NULL OR to_on >= from_on", name="order"),)
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"))
    title: Mapped[str] = field(String(160), _l("Subsidy programme"))
    doc_no: Mapped[str | None] = field(String(120), _l("Document number"))
    central: Mapped[bool] = field(Boolean, _l("From central funds"), default=True, server_default="true")
    from_on: Mapped[date] = field(Date, _l("From"))
    to_on: Mapped[date | None] = field(Date, _l("To"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"))
    case: Mapped[LoanCase] = relationship(foreign_keys="OtherSubsidy.case_id")

    def __str__(self) -> str:
        return self.title
