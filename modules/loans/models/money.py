"""Money of a loan: tranches paid out by the bank, the schedule, repayments, extensions, claims on the guarantee and recoveries."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate
from parkops.i18n import _l

from ..states_money import EXTENSION, GUARANTEE_CLAIM, TRANCHE
from .case import LoanCase

PAYERS = Choices(
    "loans.payer",
    ("borrower", _l("Borrower"), "green"), ("guarantee", _l("Guarantee fund"), "red"),
)
SOURCES = Choices("loans.repayment_source", ("manual", _l("Entered")), ("import", _l("Imported")), ("claim", _l("From a claim")))
RECOVERY_FROM = Choices(
    "loans.recovery_from",
    ("borrower", _l("Borrower")), ("guarantor", _l("Guarantor")), ("court", _l("Through the court")), ("other", _l("Other")),
)


class LoanTranche(ParkScoped, Record):
    """A payout of the bank. It counts once another person has confirmed it by the bank's receipt; confirmed it is fixed (trigger)."""

    __tablename__ = "loans_tranche"
    __table_args__ = (
        UniqueConstraint("case_id", "seq"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state <> 'confirmed' OR confirmed_by_id IS NOT NULL", name="confirmed"),
        CheckConstraint("confirmed_by_id IS NULL OR recorded_by_id IS NULL OR confirmed_by_id <> recorded_by_id", name="four_eyes"),
        Index("ix_loans_tranche_park_id_paid_on", "park_id", "paid_on"),
        Index("uq_loans_tranche_reference", "park_id", "case_id", "reference", unique=True, postgresql_where="state <> 'refused'"),
    )
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"), index=False)
    seq: Mapped[int] = field(SmallInteger, _l("No."))
    amount: Mapped[Decimal] = field(Money, _l("Amount paid out"))
    paid_on: Mapped[date] = field(Date, _l("Paid out on"))
    reference: Mapped[str] = field(String(80), _l("Bank receipt no."), fmt="code")
    state: Mapped[str] = field(EnumText(TRANCHE.choices), _l("State"), default="recorded", server_default="recorded")
    recorded_by_id: Mapped[int | None] = fk("core_user.id", _l("Recorded by"))
    confirmed_by_id: Mapped[int | None] = fk("core_user.id", _l("Confirmed by"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    case: Mapped[LoanCase] = relationship(foreign_keys="LoanTranche.case_id")
    recorded_by: Mapped[Any] = relationship("UserProfile", foreign_keys="LoanTranche.recorded_by_id")
    confirmed_by: Mapped[Any] = relationship("UserProfile", foreign_keys="LoanTranche.confirmed_by_id")

    def __str__(self) -> str:
        return f"{self.seq} · {self.amount}"


class LoanDue(ParkScoped, Record):
    """An instalment of the schedule. A new schedule gets a higher revision; the old rows stay, `live` is false."""

    __tablename__ = "loans_due"
    __table_args__ = (
        UniqueConstraint("case_id", "revision", "seq"),
        CheckConstraint("principal >= 0 AND interest >= 0 AND balance >= 0", name="amounts"),
        Index("ix_loans_due_live", "park_id", "due_on", postgresql_where="live"),
    )
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"), ondelete="CASCADE", index=False)
    revision: Mapped[int] = field(Integer, _l("Revision"))
    seq: Mapped[int] = field(SmallInteger, _l("No."))
    due_on: Mapped[date] = field(Date, _l("Due"))
    days: Mapped[int] = field(Integer, _l("Days of interest"))
    principal: Mapped[Decimal] = field(Money, _l("Principal"))
    interest: Mapped[Decimal] = field(Money, _l("Interest"))
    balance: Mapped[Decimal] = field(Money, _l("Left afterwards"))
    live: Mapped[bool] = field(Boolean, _l("Row in force"), default=True, server_default="true")
    case: Mapped[LoanCase] = relationship(foreign_keys="LoanDue.case_id")

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest

    def __str__(self) -> str:
        return f"{self.seq} · {self.due_on}"


class LoanRepayment(ParkScoped, Record):
    """Money the bank received for the loan. Never changed: a mistake is taken back by a row of its own (`reverses_id`)."""

    __tablename__ = "loans_repayment"
    __table_args__ = (
        UniqueConstraint("case_id", "reference"),
        CheckConstraint("CASE WHEN reverses_id IS NULL THEN principal >= 0 AND interest >= 0 AND penalty >= 0 AND"
                        " principal + interest + penalty > 0 ELSE principal <= 0 AND interest <= 0 AND penalty <= 0 END", name="amounts"),
        Index("uq_loans_repayment_reverses_id", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
        Index("ix_loans_repayment_park_id_paid_on", "park_id", "paid_on"),
    )
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"), index=False)
    paid_on: Mapped[date] = field(Date, _l("Repaid on"))
    principal: Mapped[Decimal] = field(Money, _l("Principal"), default=Decimal(0), server_default="0")
    interest: Mapped[Decimal] = field(Money, _l("Interest"), default=Decimal(0), server_default="0")
    penalty: Mapped[Decimal] = field(Money, _l("Penalty interest"), default=Decimal(0), server_default="0")
    payer: Mapped[str] = field(EnumText(PAYERS), _l("Payer of the loan"), default="borrower", server_default="borrower")
    reference: Mapped[str] = field(String(80), _l("Bank receipt no."), fmt="code")
    source: Mapped[str] = field(EnumText(SOURCES), _l("Came by"), default="manual", server_default="manual")
    reverses_id: Mapped[int | None] = fk("loans_repayment.id", _l("Takes back"), index=False)
    note: Mapped[str | None] = field(String(300), _l("Note"))
    case: Mapped[LoanCase] = relationship(foreign_keys="LoanRepayment.case_id")
    reverses: Mapped[Any] = relationship("LoanRepayment", foreign_keys="LoanRepayment.reverses_id", remote_side="LoanRepayment.id")

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest + self.penalty

    def __str__(self) -> str:
        return self.reference


protect(LoanRepayment)


class LoanExtension(ParkScoped, Record):
    """One extension of a loan for hardship or disaster; asked for by one person, granted by another."""

    __tablename__ = "loans_extension"
    __table_args__ = (
        CheckConstraint("new_day > old_day", name="days"),
        Index("uq_loans_extension_one", "park_id", "case_id", unique=True, postgresql_where="state <> 'refused'"),
        CheckConstraint("state <> 'granted' OR granted_on IS NOT NULL", name="granted_on"),
    )
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"))
    old_day: Mapped[date] = field(Date, _l("Falls due on"))
    new_day: Mapped[date] = field(Date, _l("Extended to"))
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    state: Mapped[str] = field(EnumText(EXTENSION.choices), _l("State"), default="asked", server_default="asked")
    asked_on: Mapped[date] = field(Date, _l("Asked for on"))
    granted_on: Mapped[date | None] = field(Date, _l("Extension granted on"))
    asked_by_id: Mapped[int | None] = fk("core_user.id", _l("Recorded by"))
    granted_by_id: Mapped[int | None] = fk("core_user.id", _l("Granted by"))
    case: Mapped[LoanCase] = relationship(foreign_keys="LoanExtension.case_id")

    def __str__(self) -> str:
        return f"{self.case} → {self.new_day}"


class GuaranteeClaim(ParkScoped, Record):
    """代偿: what the bank claims from the guarantee fund for an overdue loan, what was paid and what came back."""

    __tablename__ = "loans_claim"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("principal > 0 AND interest >= 0", name="amounts"),
        CheckConstraint("recovered >= 0 AND recovered <= principal + interest", name="recovered"),
        CheckConstraint("fund_share > 0 AND fund_share <= 100000000", name="fund_share"),
        CheckConstraint("state NOT IN ('paid', 'closed') OR paid_on IS NOT NULL", name="paid_on"),
        Index("uq_loans_claim_one", "park_id", "case_id", unique=True, postgresql_where="state <> 'refused'"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"))
    fund_id: Mapped[int] = fk("loans_organisation.id", _l("Guarantee fund"))
    state: Mapped[str] = field(EnumText(GUARANTEE_CLAIM.choices), _l("State"), default="draft", server_default="draft")
    prepared_on: Mapped[date] = field(Date, _l("Prepared on"))
    principal: Mapped[Decimal] = field(Money, _l("Principal"))
    interest: Mapped[Decimal] = field(Money, _l("Interest"), default=Decimal(0), server_default="0")
    fund_share: Mapped[Decimal] = field(Rate, _l("Share the fund bears"))
    filed_on: Mapped[date | None] = field(Date, _l("Filed on"))
    paid_on: Mapped[date | None] = field(Date, _l("Paid on"))
    recovered: Mapped[Decimal] = field(Money, _l("Come back"), default=Decimal(0), server_default="0")
    prepared_by_id: Mapped[int | None] = fk("core_user.id", _l("Recorded by"))
    paid_by_id: Mapped[int | None] = fk("core_user.id", _l("Confirmed by"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    case: Mapped[LoanCase] = relationship(foreign_keys="GuaranteeClaim.case_id")
    fund: Mapped[Any] = relationship("LoanOrganisation", foreign_keys="GuaranteeClaim.fund_id")

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest

    def __str__(self) -> str:
        return self.number


class GuaranteeRecovery(ParkScoped, Record):
    """Money that came back after the guarantee had paid. Never changed."""

    __tablename__ = "loans_recovery"
    __table_args__ = (UniqueConstraint("claim_id", "reference"), CheckConstraint("amount > 0", name="amount"))
    claim_id: Mapped[int] = fk("loans_claim.id", _l("Guarantee claim"), index=False)
    on_date: Mapped[date] = field(Date, _l("Date"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    came_from: Mapped[str] = field(EnumText(RECOVERY_FROM), _l("Recovered from"))
    reference: Mapped[str] = field(String(80), _l("Receipt no."), fmt="code")
    claim: Mapped[GuaranteeClaim] = relationship(foreign_keys="GuaranteeRecovery.claim_id")

    def __str__(self) -> str:
        return self.reference


protect(GuaranteeRecovery)
