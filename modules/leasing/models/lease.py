"""Leases: versioned contracts over units, with lines that each have their own cycle, and the schedule they come to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from ..states import LEASE, REMEDIES
from .space import Unit

PRORATION = Choices(
    "leasing.proration",
    ("actual_days", _l("By days of the month")),
    ("days_30", _l("By 30 days a month")),
    ("days_365", _l("By 365 days a year")),
    ("full_months", _l("Full months only")),
)
TIMINGS = Choices("leasing.timing", ("advance", _l("In advance")), ("arrears", _l("In arrears")))
PRICE_BASES = Choices(
    "leasing.price_basis",
    ("sqm_month", _l("Per ㎡ and month")),
    ("sqm_day", _l("Per ㎡ and day")),
    ("month", _l("Per month")),
    ("year", _l("Per year")),
    ("turnover", _l("Share of turnover")),
)
ORIGINS = Choices(
    "leasing.lease_origin",
    ("new", _l("First contract")),
    ("renewal", _l("Renewal")),
    ("amendment", _l("Amendment")),
    ("transfer", _l("Change of tenant")),
)
DUE_KINDS = Choices(
    "leasing.due_kind",
    ("charge", _l("Charge"), "blue"),
    ("discount", _l("Landlord discount"), "green"),
    ("subsidy", _l("Subsidy of a third party"), "violet"),
    ("credit", _l("Credited back"), "amber"),
    ("discount_credit", _l("Discount taken back"), "amber"),
    ("subsidy_credit", _l("Subsidy taken back"), "amber"),
)


class Lease(ParkScoped, Record):
    """One version of a contract. `root_id` is the first version, `previous_id` the one before; arrears hang on the firm.

    Days are inclusive; `ends_on` empty means indefinite (Civil Code 707, 734). Only running and holding-over versions (and
    those that ended) occupy units; see LeaseUnit."""

    __tablename__ = "leasing_lease"
    __table_args__ = (
        UniqueConstraint("park_id", "number", "revision"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        CheckConstraint("state IN ('draft', 'submitted', 'approved', 'cancelled') OR signed_on IS NOT NULL", name="signed"),
        CheckConstraint("ended_on IS NULL OR ended_on >= starts_on", name="ended_on"),
        CheckConstraint("due_day BETWEEN 1 AND 31", name="due_day"),
        CheckConstraint("penalty_amount IS NULL OR remedy = 'penalty'", name="penalty_only"),
        Index("ix_leasing_lease_park_id_ends_on", "park_id", "ends_on", postgresql_where="state IN ('running', 'holding_over')"),
        Index("ix_leasing_lease_park_id_state", "park_id", "state", "ends_on"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    revision: Mapped[int] = field(SmallInteger, _l("Version"), default=1, server_default="1")
    root_id: Mapped[int | None] = fk("leasing_lease.id", _l("First version"))
    previous_id: Mapped[int | None] = fk("leasing_lease.id", _l("Version before"))
    origin: Mapped[str] = field(EnumText(ORIGINS), _l("Origin"), default="new", server_default="new")
    state: Mapped[str] = field(EnumText(LEASE.choices), _l("State"), default="draft", server_default="draft")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day; empty for an indefinite lease"))
    signed_on: Mapped[date | None] = field(Date, _l("Signed on"))
    ended_on: Mapped[date | None] = field(
        Date, _l("Handed back on"), help=_l("Last day of use; set when it ends, is terminated or replaced")
    )
    proration: Mapped[str] = field(EnumText(PRORATION), _l("Part months"), default="actual_days", server_default="actual_days")
    tax_included: Mapped[bool] = field(Boolean, _l("Prices include VAT"), default=True, server_default="true")
    due_day: Mapped[int] = field(
        SmallInteger, _l("Due on day"), default=5, server_default="5", help=_l("Day of the month the instalment is due")
    )
    late_fee_rate: Mapped[Decimal | None] = field(Rate, _l("Late fee per day"))
    deposit_amount: Mapped[Decimal | None] = field(Money, _l("Pledged deposit"))
    performance_amount: Mapped[Decimal | None] = field(Money, _l("Performance bond"))
    earnest_amount: Mapped[Decimal | None] = field(Money, _l("Earnest money"))
    total_amount: Mapped[Decimal | None] = field(
        Money, _l("Contract total"), help=_l("Of the schedule when it was submitted; the approvals needed follow from it")
    )
    remedy: Mapped[str | None] = field(EnumText(REMEDIES), _l("Remedy for ending early"))
    penalty_amount: Mapped[Decimal | None] = field(Money, _l("Penalty for ending early"))
    notice_on: Mapped[date | None] = field(Date, _l("Notice given on"))
    other_signed_on: Mapped[date | None] = field(Date, _l("Leaving firm signed on"), help=_l("A transfer is signed by both firms"))
    sign_note: Mapped[str | None] = field(Text, _l("Why there is no signed document"), long=True)
    taken_over_on: Mapped[date | None] = field(
        Date,
        _l("Billed elsewhere until"),
        help=_l("Taken over from another system: instalments that begin by this day are not charged here"),
    )
    due_until: Mapped[date | None] = field(Date, _l("Schedule written until"))
    sublet_allowed: Mapped[bool] = field(Boolean, _l("Sub-letting agreed"), default=False, server_default="false")
    sublet: Mapped[bool] = field(Boolean, _l("Sub-let to others"), default=False, server_default="false")
    purpose: Mapped[str | None] = field(String(200), _l("Use"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Lease.firm_id")
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="Lease.carrier_id")
    previous: Mapped[Lease | None] = relationship(foreign_keys="Lease.previous_id", remote_side="Lease.id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return f"{self.number}-{self.revision}" if self.revision > 1 else self.number


class LeaseUnit(ParkScoped, Record):
    """A unit of a lease. `during` is empty while the lease is not signed; signed rows of a unit never overlap (EXCLUDE)."""

    __tablename__ = "leasing_lease_unit"
    __table_args__ = (
        UniqueConstraint("lease_id", "unit_id"),
        ExcludeConstraint(
            (text("int8range(unit_id, unit_id, '[]')"), "&&"), ("during", "&&"), using="gist", name="ex_leasing_lease_unit_unit_id_during"
        ),
        CheckConstraint("area > 0", name="area"),
    )
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"), index=False)
    unit_id: Mapped[int] = fk("leasing_unit.id", _l("Letting unit"))
    area: Mapped[Decimal] = field(Area, _l("Area let"))
    during: Mapped[Range[date] | None] = field(DATERANGE, _l("Occupied"))
    lease: Mapped[Lease] = relationship(foreign_keys="LeaseUnit.lease_id")
    unit: Mapped[Unit] = relationship(foreign_keys="LeaseUnit.unit_id")

    def __str__(self) -> str:
        return str(self.unit)


class LeaseLine(ParkScoped, Record):
    """Something the lease charges, with its own price basis, cycle and timing. Steps, reductions and indexation hang on it."""

    __tablename__ = "leasing_lease_line"
    __table_args__ = (
        CheckConstraint("cycle_months BETWEEN 1 AND 60", name="cycle_months"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on", name="dates"),
        CheckConstraint("basis <> 'turnover' OR turnover_rate IS NOT NULL", name="turnover"),
    )
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"))
    item_id: Mapped[int] = fk("billing_charge_item.id", _l("Charged for"))
    unit_id: Mapped[int | None] = fk("leasing_unit.id", _l("Letting unit"), help=_l("Empty: all units of the lease"))
    basis: Mapped[str] = field(EnumText(PRICE_BASES), _l("Price basis"))
    price: Mapped[Decimal] = field(UnitPrice, _l("Price"))
    turnover_rate: Mapped[Decimal | None] = field(Rate, _l("Share of turnover"))
    minimum: Mapped[Decimal | None] = field(Money, _l("Minimum per period"))
    cycle_months: Mapped[int] = field(Integer, _l("Months per instalment"), default=1, server_default="1")
    timing: Mapped[str] = field(EnumText(TIMINGS), _l("Timing"), default="advance", server_default="advance")
    starts_on: Mapped[date | None] = field(Date, _l("From"), help=_l("Empty: from the start of the lease"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Empty: to the end of the lease"))
    memo: Mapped[str | None] = field(String(200), _l("Text on the bill"))
    lease: Mapped[Lease] = relationship(foreign_keys="LeaseLine.lease_id")
    item: Mapped[Any] = relationship("ChargeItem", foreign_keys="LeaseLine.item_id")
    unit: Mapped[Unit | None] = relationship(foreign_keys="LeaseLine.unit_id")

    def __str__(self) -> str:
        return self.memo or str(self.item)


class LeaseDue(ParkScoped, Record):
    """One instalment of the signed schedule: what a line comes to for a period and when it is due. Written at signing by the
    pure calculation; the monthly run reads it with one INSERT … SELECT. `amount` includes VAT when the lease's prices do."""

    __tablename__ = "leasing_lease_due"
    __table_args__ = (
        UniqueConstraint("line_id", "kind", "period_from"),
        CheckConstraint("period_to >= period_from", name="period"),
        CheckConstraint("(kind IN ('subsidy', 'subsidy_credit')) = (funder_id IS NOT NULL)", name="funder"),
        Index("ix_leasing_lease_due_funder_id", "funder_id", postgresql_where="funder_id IS NOT NULL"),
        Index("ix_leasing_lease_due_month", "park_id", "bill_month"),
        Index("ix_leasing_lease_due_lease_id_period_from", "lease_id", "period_from"),
    )
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"), index=False)
    line_id: Mapped[int] = fk("leasing_lease_line.id", _l("Lease line"), index=False)
    kind: Mapped[str] = field(EnumText(DUE_KINDS), _l("Kind"), default="charge", server_default="charge")
    funder_id: Mapped[int | None] = fk("tenants_firm.id", _l("Funder"), help=_l("Who pays a subsidy"), index=False)
    period_from: Mapped[date] = field(Date, _l("Period from"))
    period_to: Mapped[date] = field(Date, _l("Period to"))
    bill_month: Mapped[date] = field(Date, _l("Billed in"), fmt="month")
    due_on: Mapped[date] = field(Date, _l("Payment due on"))
    quantity: Mapped[Decimal | None] = field(UnitPrice, _l("Quantity"))
    unit_price: Mapped[Decimal | None] = field(UnitPrice, _l("Unit price"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    explain: Mapped[str | None] = field(String(200), _l("How it was worked out"))
    lease: Mapped[Lease] = relationship(foreign_keys="LeaseDue.lease_id")
    line: Mapped[LeaseLine] = relationship(foreign_keys="LeaseDue.line_id")

    funder: Mapped[Any] = relationship("Firm", foreign_keys="LeaseDue.funder_id")

    def __str__(self) -> str:
        return f"{self.period_from} – {self.period_to}"
