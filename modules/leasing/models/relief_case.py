"""Rent relief, the case side: an application for one lease, its months, papers, sub-tenants and objections.

What an auditor needs (domain.md 8.2) is kept as it was on the relief date: tenant code, type, industry and size class."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import INDUSTRIES, REGISTRATION_TYPES
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l
from parkops.rules.models import VERDICTS

from ..states_relief import RELIEF
from .lease import Lease
from .relief import ReliefPaperKind, ReliefScheme

METHODS = Choices(
    "leasing.relief_method",
    ("exempt", _l("Exempted directly")), ("deduct", _l("Deducted from later rent")), ("refund", _l("Refunded")),
)
SIZES = Choices(
    "leasing.size_class",
    ("micro", _l("Micro")), ("small", _l("Small")), ("medium", _l("Medium")), ("large", _l("Large")), ("unknown", _l("Cannot say")),
)
PAPER_STATES = Choices(
    "leasing.relief_paper_state",
    ("missing", _l("Missing"), "amber"), ("received", _l("Received"), "green"), ("waived", _l("Not needed"), "violet"),
)


class ReliefApplication(ParkScoped, Record):
    """One lease's relief under one scheme. `amount` is the sum of its months; approved it is frozen (triggers)."""

    __tablename__ = "leasing_relief_application"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount >= 0 AND rent >= amount", name="amount"),
        CheckConstraint("state NOT IN ('approved', 'publicity', 'cleared', 'posted', 'clawed_back') OR approval_id IS NOT NULL",
                        name="approved"),
        CheckConstraint("notice_to IS NULL OR notice_to >= notice_from", name="notice"),
        CheckConstraint("state <> 'posted' OR posted_on IS NOT NULL", name="posted_on"),
        CheckConstraint("state <> 'clawed_back' OR clawed_on IS NOT NULL", name="clawed_on"),
        Index("ix_leasing_relief_application_park_id_state", "park_id", "state"),
        Index("ix_leasing_relief_application_scheme_id_state", "scheme_id", "state"),
        Index("uq_leasing_relief_application_one", "park_id", "scheme_id", "root_id", unique=True,
              postgresql_where="state NOT IN ('rejected', 'withdrawn', 'clawed_back')"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    scheme_id: Mapped[int] = fk("leasing_relief_scheme.id", _l("Relief scheme"), index=False)
    state: Mapped[str] = field(EnumText(RELIEF.choices), _l("State"), default="draft", server_default="draft")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"))
    root_id: Mapped[int] = fk("leasing_lease.id", _l("First version of the lease"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    method: Mapped[str] = field(EnumText(METHODS), _l("Method"), default="exempt", server_default="exempt")
    applied_on: Mapped[date] = field(Date, _l("Applied on"))
    tested_on: Mapped[date] = field(Date, _l("Relief date"), help=_l("Industry and size class are judged on this day"))
    rule_set: Mapped[str] = field(String(60), _l("Rule set"), fmt="code")
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Result"))
    decision_id: Mapped[int | None] = field(BigInteger, _l("Stored rule result"))
    entitled: Mapped[Decimal] = field(UnitPrice, _l("Months granted"), default=Decimal(0), server_default="0")
    rent: Mapped[Decimal] = field(Money, _l("Rent of the months"), default=Decimal(0), server_default="0")
    amount: Mapped[Decimal] = field(Money, _l("Relief"), default=Decimal(0), server_default="0")
    landlord: Mapped[str | None] = field(String(200), _l("Landlord"))
    credit_code: Mapped[str | None] = field(String(18), _l("Credit code then"), fmt="code")
    tenant_type: Mapped[str | None] = field(EnumText(REGISTRATION_TYPES), _l("Type of tenant then"))
    industry: Mapped[str | None] = field(EnumText(INDUSTRIES), _l("Industry then"))
    size_class: Mapped[str | None] = field(EnumText(SIZES), _l("Size class then"))
    sublet: Mapped[bool] = field(Boolean, _l("Sub-let to others"), default=False, server_default="false")
    agreement_no: Mapped[str | None] = field(String(80), _l("Supplement agreement no."), fmt="code")
    agreement_on: Mapped[date | None] = field(Date, _l("Supplement agreement of"))
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    approved_on: Mapped[date | None] = field(Date, _l("Approved on"))
    notice_from: Mapped[date | None] = field(Date, _l("Public notice from"))
    notice_to: Mapped[date | None] = field(Date, _l("Public notice until"), help=_l("Last day, included"))
    posted_on: Mapped[date | None] = field(Date, _l("Posted on"))
    clawed_on: Mapped[date | None] = field(Date, _l("Clawed back on"))
    prepared_by_id: Mapped[int | None] = fk("core_user.id", _l("Handled by"))
    submitted_by_id: Mapped[int | None] = fk("core_user.id", _l("Submitted by"))
    checked_by_id: Mapped[int | None] = fk("core_user.id", _l("Checked by"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    scheme: Mapped[ReliefScheme] = relationship(foreign_keys="ReliefApplication.scheme_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="ReliefApplication.firm_id")
    lease: Mapped[Lease] = relationship(foreign_keys="ReliefApplication.lease_id")
    root: Mapped[Lease] = relationship(foreign_keys="ReliefApplication.root_id", viewonly=True)
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="ReliefApplication.carrier_id")
    prepared_by: Mapped[Any] = relationship("UserProfile", foreign_keys="ReliefApplication.prepared_by_id")
    submitted_by: Mapped[Any] = relationship("UserProfile", foreign_keys="ReliefApplication.submitted_by_id")
    checked_by: Mapped[Any] = relationship("UserProfile", foreign_keys="ReliefApplication.checked_by_id")

    __search__ = ("number",)

    @property
    def makers(self) -> set[int]:
        """Those who made it and may therefore neither check, approve nor post it."""
        return {i for i in (self.prepared_by_id, self.submitted_by_id) if i is not None}

    def __str__(self) -> str:
        return self.number


class ReliefMonth(ParkScoped, Record):
    """One calendar month of one lease lineage. While `live`, no second one can exist, under whatever scheme (unique index)."""

    __tablename__ = "leasing_relief_month"
    __table_args__ = (
        Index("uq_leasing_relief_month_once", "park_id", "root_id", "month", unique=True, postgresql_where="live"),
        UniqueConstraint("application_id", "month"),
        CheckConstraint("extract(day from month) = 1", name="month"),
        CheckConstraint("period_to >= period_from AND date_trunc('month', period_from::timestamp)::date = month AND "
                        "date_trunc('month', period_to::timestamp)::date = month", name="period"),
        CheckConstraint("amount >= 0 AND amount <= rent", name="amount"),
        CheckConstraint("share > 0 AND share <= 100000000", name="share"),
        Index("ix_leasing_relief_month_park_id_month", "park_id", "month"),
    )
    application_id: Mapped[int] = fk("leasing_relief_application.id", _l("Relief application"), ondelete="CASCADE", index=False)
    root_id: Mapped[int] = fk("leasing_lease.id", _l("First version of the lease"), index=False)
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    period_from: Mapped[date] = field(Date, _l("Period from"))
    period_to: Mapped[date] = field(Date, _l("Period to"))
    rent: Mapped[Decimal] = field(Money, _l("Rent of the month"))
    share: Mapped[Decimal] = field(Rate, _l("Share relieved"))
    amount: Mapped[Decimal] = field(Money, _l("Relief"))
    live: Mapped[bool] = field(Boolean, _l("Counts"), default=True, server_default="true")
    posted_on: Mapped[date | None] = field(Date, _l("Posted on"))
    bill_id: Mapped[int | None] = fk("billing_bill.id", _l("Bill or credit note"))
    application: Mapped[ReliefApplication] = relationship(foreign_keys="ReliefMonth.application_id")
    bill: Mapped[Any] = relationship("Bill", foreign_keys="ReliefMonth.bill_id")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ReliefPaper(ParkScoped, Record):
    """A document of the scheme's list in one application."""

    __tablename__ = "leasing_relief_paper"
    __table_args__ = (UniqueConstraint("application_id", "kind_id"),)
    application_id: Mapped[int] = fk("leasing_relief_application.id", _l("Relief application"), ondelete="CASCADE", index=False)
    kind_id: Mapped[int] = fk("leasing_relief_paper_kind.id", _l("Document"))
    state: Mapped[str] = field(EnumText(PAPER_STATES), _l("State"), default="missing", server_default="missing")
    received_on: Mapped[date | None] = field(Date, _l("Received on"))
    attachment_id: Mapped[int | None] = field(BigInteger, _l("File"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    application: Mapped[ReliefApplication] = relationship(foreign_keys="ReliefPaper.application_id")
    kind: Mapped[ReliefPaperKind] = relationship(foreign_keys="ReliefPaper.kind_id")

    def __str__(self) -> str:
        return str(self.kind)


class ReliefSubtenant(ParkScoped, Record):
    """An actual operator of sub-let premises and how much of the relief reached it, with the proof."""

    __tablename__ = "leasing_relief_subtenant"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),
                      CheckConstraint("proven_on IS NULL OR attachment_id IS NOT NULL", name="proof"))
    application_id: Mapped[int] = fk("leasing_relief_application.id", _l("Relief application"), ondelete="CASCADE")
    name: Mapped[str] = field(String(200), _l("Actual operator"))
    credit_code: Mapped[str | None] = field(String(18), _l("Unified social credit code"), fmt="code")
    area: Mapped[Decimal | None] = field(Area, _l("Area sub-let"))
    amount: Mapped[Decimal] = field(Money, _l("Amount passed on"))
    attachment_id: Mapped[int | None] = field(BigInteger, _l("File"))
    proven_on: Mapped[date | None] = field(Date, _l("Proof seen on"))
    proven_by: Mapped[str | None] = field(String(80), _l("Proof seen by"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    application: Mapped[ReliefApplication] = relationship(foreign_keys="ReliefSubtenant.application_id")

    def __str__(self) -> str:
        return self.name


class ReliefObjection(ParkScoped, Record):
    """Somebody objected while the application was on public notice; an upheld one stops it."""

    __tablename__ = "leasing_relief_objection"
    __table_args__ = (CheckConstraint("(answered_on IS NULL) = (answer IS NULL)", name="answer"),
                      CheckConstraint("(answered_on IS NULL) = (upheld IS NULL)", name="upheld"))
    application_id: Mapped[int] = fk("leasing_relief_application.id", _l("Relief application"), ondelete="CASCADE")
    raised_on: Mapped[date] = field(Date, _l("Raised on"))
    raised_by: Mapped[str] = field(String(120), _l("Raised by"), personal="name")
    text: Mapped[str] = field(Text, _l("Objection"), long=True)
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    answer: Mapped[str | None] = field(Text, _l("Answer"), long=True)
    upheld: Mapped[bool | None] = field(Boolean, _l("Upheld"))
    application: Mapped[ReliefApplication] = relationship(foreign_keys="ReliefObjection.application_id")

    def __str__(self) -> str:
        return f"{self.raised_on}"
