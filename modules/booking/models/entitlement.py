"""What firms may use without paying: plans by the month, credits by hand, innovation vouchers. "Unlimited" is a flag."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from ..states_voucher import VOUCHER_USE
from .resource import RESOURCE_KINDS, BookableResource, ResourceGroup

UNITS = Choices("booking.entitlement_unit", ("minutes", _l("Time")), ("money", _l("Amount")))
ONE_UNIT = ("(unit = 'minutes' AND amount IS NULL AND (minutes IS NOT NULL) <> unlimited)"
            " OR (unit = 'money' AND minutes IS NULL AND (amount IS NOT NULL) <> unlimited)")


class EntitlementPlan(ParkScoped, Record):
    """A bundle of monthly rights, granted to firms (with a lease, as a member, as a graduate)."""

    __tablename__ = "booking_plan"
    __table_args__ = (UniqueConstraint("park_id", "code"),)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    active: Mapped[bool] = field(Boolean, _l("May be granted"), default=True, server_default="true")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name


class PlanLine(ParkScoped, Record):
    """So much a month for one kind, group or resource (none named: for everything). Not used = lost at the month's end."""

    __tablename__ = "booking_plan_line"
    __table_args__ = (
        CheckConstraint(ONE_UNIT, name="quantity"),
        CheckConstraint("minutes >= 0 AND amount >= 0", name="positive"),
        CheckConstraint("num_nonnulls(kind, group_id, resource_id) <= 1", name="scope"),
    )
    plan_id: Mapped[int] = fk("booking_plan.id", _l("Plan"))
    unit: Mapped[str] = field(EnumText(UNITS), _l("Measured in"), default="minutes", server_default="minutes")
    minutes: Mapped[int | None] = field(Integer, _l("Minutes a month"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount a month"))
    unlimited: Mapped[bool] = field(Boolean, _l("Unlimited"), default=False, server_default="false")
    kind: Mapped[str | None] = field(EnumText(RESOURCE_KINDS), _l("For this kind"))
    group_id: Mapped[int | None] = fk("booking_group.id", _l("For this group"))
    resource_id: Mapped[int | None] = fk("booking_resource.id", _l("For this resource"))
    plan: Mapped[EntitlementPlan] = relationship(foreign_keys="PlanLine.plan_id")
    group: Mapped[ResourceGroup | None] = relationship(foreign_keys="PlanLine.group_id")
    resource: Mapped[BookableResource | None] = relationship(foreign_keys="PlanLine.resource_id")

    def __str__(self) -> str:
        return str(self.resource or self.group or (RESOURCE_KINDS.label(self.kind) if self.kind else "") or self.plan)


class EntitlementGrant(ParkScoped, Record):
    """A firm has a plan from a day to a day (both included). `source` is the contract it comes from, when there is one."""

    __tablename__ = "booking_grant"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        Index("ix_booking_grant_firm_id_starts_on", "firm_id", "starts_on"),
    )
    plan_id: Mapped[int] = fk("booking_plan.id", _l("Plan"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day; empty while it runs"))
    source: Mapped[str | None] = field(String(80), _l("Comes from"))
    source_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    plan: Mapped[EntitlementPlan] = relationship(foreign_keys="EntitlementGrant.plan_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="EntitlementGrant.firm_id")

    def __str__(self) -> str:
        return f"{self.plan} · {self.firm}"


class CreditGrant(ParkScoped, Record):
    """Time or money given by hand, once; it stays until it is used or expires. Never unlimited."""

    __tablename__ = "booking_credit"
    __table_args__ = (
        CheckConstraint("(unit = 'minutes' AND minutes > 0 AND amount IS NULL) OR (unit = 'money' AND amount > 0 AND minutes IS NULL)",
                        name="quantity"),
        CheckConstraint("expires_on IS NULL OR expires_on >= granted_on", name="dates"),
        CheckConstraint("num_nonnulls(kind, group_id, resource_id) <= 1", name="scope"),
        Index("ix_booking_credit_firm_id_granted_on", "firm_id", "granted_on"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    unit: Mapped[str] = field(EnumText(UNITS), _l("Measured in"), default="minutes", server_default="minutes")
    minutes: Mapped[int | None] = field(Integer, _l("Minutes"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"))
    kind: Mapped[str | None] = field(EnumText(RESOURCE_KINDS), _l("For this kind"))
    group_id: Mapped[int | None] = fk("booking_group.id", _l("For this group"))
    resource_id: Mapped[int | None] = fk("booking_resource.id", _l("For this resource"))
    granted_on: Mapped[date] = field(Date, _l("Given on"))
    expires_on: Mapped[date | None] = field(Date, _l("Expires on"), help=_l("Last day; empty: never"))
    reason: Mapped[str] = field(String(300), _l("Reason"))
    granted_by: Mapped[str | None] = field(String(80), _l("Given by"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="CreditGrant.firm_id")
    group: Mapped[ResourceGroup | None] = relationship(foreign_keys="CreditGrant.group_id")
    resource: Mapped[BookableResource | None] = relationship(foreign_keys="CreditGrant.resource_id")

    def __str__(self) -> str:
        return f"{self.firm} · {self.granted_on}"


class Voucher(ParkScoped, Record):
    """An innovation voucher an authority gave a firm: a quota in money, valid from a day to a day."""

    __tablename__ = "booking_voucher"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("quota > 0", name="quota"),
        CheckConstraint("valid_to >= valid_from", name="dates"),
        CheckConstraint("share_percent BETWEEN 1 AND 100", name="share_percent"),
        Index("ix_booking_voucher_firm_id_valid_to", "firm_id", "valid_to"),
    )
    number: Mapped[str] = field(String(60), _l("Number"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    issuer: Mapped[str] = field(String(120), _l("Issued by authority"))
    scheme: Mapped[str | None] = field(String(160), _l("Scheme"))
    quota: Mapped[Decimal] = field(Money, _l("Quota"))
    share_percent: Mapped[int] = field(Integer, _l("Pays at most percent of a bill"), default=100, server_default="100")
    valid_from: Mapped[date] = field(Date, _l("Valid from"))
    valid_to: Mapped[date] = field(Date, _l("Valid until"), help=_l("Last day"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Voucher.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class VoucherUse(ParkScoped, Record):
    """Part of a voucher used for a service: what it pays, the proofs (contract, payment), what the authority redeemed.

    `source`/`source_id` is the booking, event or charge it pays. The uses of a voucher never exceed its quota (K-32)."""

    __tablename__ = "booking_voucher_use"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("redeemed IS NULL OR (redeemed >= 0 AND redeemed <= amount)", name="redeemed"),
        CheckConstraint("state <> 'redeemed' OR (redeemed IS NOT NULL AND redeemed_on IS NOT NULL)", name="redeemed_on"),
    )
    voucher_id: Mapped[int] = fk("booking_voucher.id", _l("Innovation voucher"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(VOUCHER_USE.choices), _l("State"), default="applied", server_default="applied")
    used_on: Mapped[date] = field(Date, _l("Used on"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    cost: Mapped[Decimal] = field(Money, _l("Cost of the service"))
    service: Mapped[str] = field(String(200), _l("Service"))
    source: Mapped[str | None] = field(String(80), _l("Comes from"))
    source_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    applied_by_id: Mapped[int | None] = field(Integer, _l("User id"))
    applied_by: Mapped[str | None] = field(String(80), _l("Applied by"))
    approved_on: Mapped[date | None] = field(Date, _l("Approved on"))
    claimed_on: Mapped[date | None] = field(Date, _l("Claimed on"))
    redeemed_on: Mapped[date | None] = field(Date, _l("Redeemed on"))
    redeemed: Mapped[Decimal | None] = field(Money, _l("Amount redeemed"))
    reject_reason: Mapped[str | None] = field(String(300), _l("Reason of the rejection"))
    voucher: Mapped[Voucher] = relationship(foreign_keys="VoucherUse.voucher_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="VoucherUse.firm_id")

    def __str__(self) -> str:
        return f"{self.voucher} · {self.service}"
