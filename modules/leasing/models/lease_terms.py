"""What hangs on a lease's lines: dated prices, rent-free days, indexation, discounts, subsidies, turnover; and index values.

Days are inclusive. A landlord's discount is a line of its own and reduces the VAT sales; a third party's subsidy is a
receivable from its funder and does not (domain.md 8.3)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from .lease import Lease, LeaseLine

ENTERED = Choices("leasing.entered", ("typed", _l("Entered")), ("imported", _l("Imported")))


class LeaseStep(ParkScoped, Record):
    """From this day on the line's price is another one (stepped rent)."""

    __tablename__ = "leasing_lease_step"
    __table_args__ = (UniqueConstraint("line_id", "starts_on"), CheckConstraint("price >= 0", name="price"))
    line_id: Mapped[int] = fk("leasing_lease_line.id", _l("Lease line"), index=False, ondelete="CASCADE")
    starts_on: Mapped[date] = field(Date, _l("From"))
    price: Mapped[Decimal] = field(UnitPrice, _l("Price"))
    line: Mapped[LeaseLine] = relationship(foreign_keys="LeaseStep.line_id")

    def __str__(self) -> str:
        return f"{self.starts_on}"


class LeaseRentFree(ParkScoped, Record):
    """Days without rent: of one line, or (line empty) of every line of the lease that counts as rent."""

    __tablename__ = "leasing_lease_rent_free"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="dates"),)
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"), ondelete="CASCADE")
    line_id: Mapped[int | None] = fk("leasing_lease_line.id", _l("Lease line"), help=_l("Empty: all rent lines"), ondelete="CASCADE")
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Until"))
    reason: Mapped[str | None] = field(String(200), _l("Reason"))
    lease: Mapped[Lease] = relationship(foreign_keys="LeaseRentFree.lease_id")
    line: Mapped[LeaseLine | None] = relationship(foreign_keys="LeaseRentFree.line_id")

    def __str__(self) -> str:
        return f"{self.starts_on} – {self.ends_on}"


class LeaseIndexation(ParkScoped, Record):
    """On each anniversary the price rises by `rate` a year, or follows an entered index (value then ÷ value at the start)."""

    __tablename__ = "leasing_lease_indexation"
    __table_args__ = (
        UniqueConstraint("line_id"),
        CheckConstraint("(rate IS NULL) <> (index_code IS NULL)", name="one_way"),
        CheckConstraint("every_months BETWEEN 1 AND 120", name="every_months"),
    )
    line_id: Mapped[int] = fk("leasing_lease_line.id", _l("Lease line"), index=False, ondelete="CASCADE")
    every_months: Mapped[int] = field(Integer, _l("Every months"), default=12, server_default="12")
    first_on: Mapped[date | None] = field(Date, _l("First increase on"), help=_l("Empty: the first anniversary of the line"))
    rate: Mapped[Decimal | None] = field(Rate, _l("Increase"), help=_l("Each time on top of the last price"))
    index_code: Mapped[str | None] = field(String(40), _l("Index"), fmt="code")
    line: Mapped[LeaseLine] = relationship(foreign_keys="LeaseIndexation.line_id")

    def __str__(self) -> str:
        return self.index_code or str(self.rate)


class IndexValue(ParkScoped, Record):
    """The value of an index for a month, as published; an anniversary takes the value of its own month, never an older one."""

    __tablename__ = "leasing_index_value"
    __table_args__ = (
        UniqueConstraint("park_id", "code", "month"),
        CheckConstraint("value > 0", name="value"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )
    code: Mapped[str] = field(String(40), _l("Index"), fmt="code")
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    value: Mapped[Decimal] = field(UnitPrice, _l("Value"))
    source: Mapped[str | None] = field(String(200), _l("Source"))

    def __str__(self) -> str:
        return f"{self.code} {self.month:%Y-%m}"


class LeaseDiscount(ParkScoped, Record):
    """The landlord's discount on a line: a share of the price, for at most so many ㎡, or an amount per month."""

    __tablename__ = "leasing_lease_discount"
    __table_args__ = (
        CheckConstraint("(percent IS NULL) <> (amount IS NULL)", name="one_way"),
        CheckConstraint("percent IS NULL OR (percent > 0 AND percent <= 100000000)", name="percent"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
    )
    line_id: Mapped[int] = fk("leasing_lease_line.id", _l("Lease line"), ondelete="CASCADE")
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Until"))
    percent: Mapped[Decimal | None] = field(Rate, _l("Share of the price"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount per month"))
    area_cap: Mapped[Decimal | None] = field(Area, _l("For at most this area"))
    reason: Mapped[str | None] = field(String(200), _l("Reason"))
    line: Mapped[LeaseLine] = relationship(foreign_keys="LeaseDiscount.line_id")

    def __str__(self) -> str:
        return self.reason or f"{self.starts_on} – {self.ends_on}"


class LeaseSubsidy(ParkScoped, Record):
    """What a third party (`funder`, a firm or office in the register) pays of a line; VAT stays on the full price."""

    __tablename__ = "leasing_lease_subsidy"
    __table_args__ = (
        CheckConstraint("(percent IS NULL) <> (amount IS NULL)", name="one_way"),
        CheckConstraint("percent IS NULL OR (percent > 0 AND percent <= 100000000)", name="percent"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
    )
    line_id: Mapped[int] = fk("leasing_lease_line.id", _l("Lease line"), ondelete="CASCADE")
    funder_id: Mapped[int] = fk("tenants_firm.id", _l("Funder"))
    doc_no: Mapped[str | None] = field(String(120), _l("Document number"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date] = field(Date, _l("Until"))
    percent: Mapped[Decimal | None] = field(Rate, _l("Share of the price"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount per month"))
    area_cap: Mapped[Decimal | None] = field(Area, _l("For at most this area"))
    line: Mapped[LeaseLine] = relationship(foreign_keys="LeaseSubsidy.line_id")
    funder: Mapped[Any] = relationship("Firm", foreign_keys="LeaseSubsidy.funder_id")

    def __str__(self) -> str:
        return f"{self.starts_on} – {self.ends_on}"


class LeaseTurnover(ParkScoped, Record):
    """A merchant's turnover of one month under a line; a month without a row was not reported, which is not zero."""

    __tablename__ = "leasing_lease_turnover"
    __table_args__ = (
        UniqueConstraint("line_id", "month"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )
    line_id: Mapped[int] = fk("leasing_lease_line.id", _l("Lease line"), index=False)
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    amount: Mapped[Decimal] = field(Money, _l("Turnover"))
    reported_on: Mapped[date | None] = field(Date, _l("Reported on"))
    entered: Mapped[str] = field(EnumText(ENTERED), _l("How it was entered"), default="typed", server_default="typed")
    line: Mapped[LeaseLine] = relationship(foreign_keys="LeaseTurnover.line_id")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
