"""Paying projects: under which a firm uses platforms, until when, up to what, and who pays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from .registry import Platform

CUSTOMER_CLASSES = Choices(
    "platforms.customer_class",
    ("incubatee", _l("Incubated firm"), "blue"),
    ("park", _l("Other firm of the park"), "green"),
    ("research", _l("University or institute"), "violet"),
    ("external", _l("Outside user"), "amber"),
    ("internal", _l("The park itself"), "grey"),
)
PROJECT_STATES = Choices(
    "platforms.project_state",
    ("active", _l("Open for use"), "green"),
    ("suspended", _l("Suspended"), "amber"),
    ("closed", _l("Closed"), "grey"),
)


class PayingProject(ParkScoped, Record):
    """Every billable event names one. It must be open, valid on the day, allow the kind of event and have money left.

    `cap` bounds the net value of its events (hard). A prepaid project may use up what was paid in (`ProjectFund`), plus
    `overdraft`. The bill goes to `payer_id`, the using firm where that is empty."""

    __tablename__ = "platforms_project"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("last_day IS NULL OR last_day >= starts_on", name="dates"),
        CheckConstraint("cap IS NULL OR cap >= 0", name="cap"),
        CheckConstraint("overdraft >= 0", name="overdraft"),
        Index("ix_platforms_project_park_id_state", "park_id", "state", "last_day"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    name: Mapped[str] = field(String(200), _l("Name"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    payer_id: Mapped[int | None] = fk("tenants_firm.id", _l("Payer"), help=_l("Who gets the bill; empty: the firm itself"))
    platform_id: Mapped[int | None] = fk("platforms_platform.id", _l("Only this platform"))
    customer_class: Mapped[str] = field(EnumText(CUSTOMER_CLASSES), _l("Class of user"))
    state: Mapped[str] = field(EnumText(PROJECT_STATES), _l("State"), default="active", server_default="active")
    starts_on: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    cap: Mapped[Decimal | None] = field(Money, _l("Cap"), help=_l("Use beyond this value is refused; empty: no cap"))
    prepaid: Mapped[bool] = field(Boolean, _l("Prepaid"), default=False, server_default="false",
                                  help=_l("Only as far as money was paid in"))
    overdraft: Mapped[Decimal] = field(Money, _l("Overdraft"), default=Decimal(0), server_default="0")
    allows_usage: Mapped[bool] = field(Boolean, _l("Machine use"), default=True, server_default="true")
    allows_sample: Mapped[bool] = field(Boolean, _l("Samples and service orders"), default=True, server_default="true")
    allows_consumable: Mapped[bool] = field(Boolean, _l("Consumables"), default=True, server_default="true")
    allows_technician: Mapped[bool] = field(Boolean, _l("Technician time"), default=True, server_default="true")
    allows_training: Mapped[bool] = field(Boolean, _l("Training"), default=True, server_default="true")
    allows_custom: Mapped[bool] = field(Boolean, _l("Other charges"), default=True, server_default="true")
    voucher_id: Mapped[int | None] = fk("booking_voucher.id", _l("Innovation voucher"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Any] = relationship("Firm", foreign_keys="PayingProject.firm_id")
    payer: Mapped[Any] = relationship("Firm", foreign_keys="PayingProject.payer_id")
    platform: Mapped[Platform | None] = relationship(foreign_keys="PayingProject.platform_id")
    voucher: Mapped[Any] = relationship("Voucher", foreign_keys="PayingProject.voucher_id")

    __search__ = ("number", "name")

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class ProjectFund(ParkScoped, Record):
    """Money paid in for a prepaid project, usable from its day until it expires."""

    __tablename__ = "platforms_project_fund"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("expires_on IS NULL OR expires_on >= received_on", name="dates"),
    )
    project_id: Mapped[int] = fk("platforms_project.id", _l("Paying project"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    received_on: Mapped[date] = field(Date, _l("Paid in on"))
    expires_on: Mapped[date | None] = field(Date, _l("Valid until"))
    reference: Mapped[str] = field(String(120), _l("Reference"), help=_l("The receipt or agreement that proves it"))
    project: Mapped[PayingProject] = relationship(foreign_keys="ProjectFund.project_id")

    def __str__(self) -> str:
        return self.reference
