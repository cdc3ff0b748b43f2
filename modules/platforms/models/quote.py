"""Quotes: what some use will cost, approved by a second person, valid until a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText, Money, UnitPrice
from parkops.i18n import _l

from ..states_quote import QUOTE
from .event import EVENT_KINDS
from .project import CUSTOMER_CLASSES, PayingProject
from .registry import Instrument, Platform, ServiceItem


class PlatformQuote(ParkScoped, Record):
    """An offer. Prices come from the rates of the day it is written and stay; accepting it opens a paying project."""

    __tablename__ = "platforms_quote"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("valid_until >= quoted_on", name="dates"),
        CheckConstraint("state NOT IN ('approved', 'accepted') OR approved_by_id IS NOT NULL OR approval_id IS NOT NULL", name="approved"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    state: Mapped[str] = field(EnumText(QUOTE.choices), _l("State"), default="draft", server_default="draft")
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    customer_class: Mapped[str] = field(EnumText(CUSTOMER_CLASSES), _l("Class of user"))
    quoted_on: Mapped[date] = field(Date, _l("Date of the quote"))
    valid_until: Mapped[date] = field(Date, _l("Valid until"))
    total: Mapped[Decimal] = field(Money, _l("Total"), default=Decimal(0), server_default="0")
    prepared_by_id: Mapped[int | None] = field(BigInteger, _l("Prepared by (user)"))
    prepared_by: Mapped[str | None] = field(String(80), _l("Prepared by"))
    approved_by_id: Mapped[int | None] = field(BigInteger, _l("Approved by (user)"))
    approved_by: Mapped[str | None] = field(String(80), _l("Approved by"))
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    project_id: Mapped[int | None] = fk("platforms_project.id", _l("Paying project"))
    terms: Mapped[str | None] = field(Text, _l("Terms"), long=True)
    platform: Mapped[Platform] = relationship(foreign_keys="PlatformQuote.platform_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="PlatformQuote.firm_id")
    project: Mapped[PayingProject | None] = relationship(foreign_keys="PlatformQuote.project_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class QuoteLine(ParkScoped, Record):
    """One line of a quote. `hours` of an instrument or `quantity` of something ordered."""

    __tablename__ = "platforms_quote_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("amount >= 0", name="amount"),
    )
    quote_id: Mapped[int] = fk("platforms_quote.id", _l("Quote"))
    kind: Mapped[str] = field(EnumText(EVENT_KINDS), _l("Kind"))
    instrument_id: Mapped[int | None] = fk("platforms_instrument.id", _l("Instrument"))
    item_id: Mapped[int | None] = fk("platforms_service_item.id", _l("Ordered"))
    quantity: Mapped[Decimal] = field(UnitPrice, _l("Hours or units"))
    unit_price: Mapped[Decimal | None] = field(UnitPrice, _l("Price"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"), default=Decimal(0), server_default="0")
    memo: Mapped[str | None] = field(String(200), _l("Text"))
    quote: Mapped[PlatformQuote] = relationship(foreign_keys="QuoteLine.quote_id")
    instrument: Mapped[Instrument | None] = relationship(foreign_keys="QuoteLine.instrument_id")
    item: Mapped[ServiceItem | None] = relationship(foreign_keys="QuoteLine.item_id")

    def __str__(self) -> str:
        return self.memo or str(self.kind)
