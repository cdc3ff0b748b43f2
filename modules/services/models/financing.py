"""Financing desk (融驿站): what banks and others offer, what firms look for, introductions and what came of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json, Money, Rate
from parkops.i18n import _l

from ..states_policy import FINANCE_REQUEST, INTRODUCTION

FINANCE_KINDS = Choices(
    "services.finance_kind",
    ("credit", _l("Credit loan")),
    ("guaranteed", _l("Guaranteed loan")),
    ("mortgage", _l("Secured loan")),
    ("ip_pledge", _l("IP pledge loan")),
    ("receivable", _l("Receivables financing")),
    ("leasing", _l("Finance lease")),
    ("equity", _l("Equity")),
    ("bond", _l("Bond or listing")),
)
COLLATERAL = Choices(
    "services.collateral",
    ("none", _l("Nothing")),
    ("guarantee", _l("A guarantor")),
    ("property", _l("Property")),
    ("ip", _l("Intellectual property")),
    ("receivables", _l("Receivables")),
)


class FinanceProduct(ParkScoped, Record):
    """What an institution offers, within which bounds."""

    __tablename__ = "services_finance_product"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("amount_to >= amount_from AND amount_from >= 0", name="amounts"),
        CheckConstraint("term_to >= term_from AND term_from > 0", name="terms"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="days"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    bank: Mapped[str] = field(String(160), _l("Institution"))
    name: Mapped[str] = field(String(160), _l("Financing product"))
    kind: Mapped[str] = field(EnumText(FINANCE_KINDS), _l("Kind of financing"))
    amount_from: Mapped[Decimal] = field(Money, _l("Amount from"))
    amount_to: Mapped[Decimal] = field(Money, _l("Amount to"))
    term_from: Mapped[int] = field(Integer, _l("Months from"))
    term_to: Mapped[int] = field(Integer, _l("Months to"))
    rate: Mapped[Decimal | None] = field(Rate, _l("Rate a year"))
    collateral: Mapped[str] = field(EnumText(COLLATERAL), _l("What is asked for as security"), default="none", server_default="none")
    conditions: Mapped[str | None] = field(Text, _l("Conditions"), long=True)
    contact: Mapped[str | None] = field(String(80), _l("Contact person"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    valid_from: Mapped[date] = field(Date, _l("Offered from"))
    valid_to: Mapped[date | None] = field(Date, _l("Offered until"))

    __search__ = ("name", "bank")

    def __str__(self) -> str:
        return f"{self.bank} {self.name}"


class FinanceRequest(ParkScoped, Record):
    """A firm looks for money. `kind` empty: any kind will do."""

    __tablename__ = "services_finance_request"
    __table_args__ = (UniqueConstraint("park_id", "number"), CheckConstraint("amount > 0 AND term_months > 0", name="amount"))
    number: Mapped[str] = field(String(40), _l("Request no."), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str | None] = field(EnumText(FINANCE_KINDS), _l("Kind of financing"), help=_l("Empty: any kind"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    term_months: Mapped[int] = field(Integer, _l("Term in months"))
    security: Mapped[str] = field(EnumText(COLLATERAL), _l("Security the firm has"), default="none", server_default="none")
    purpose: Mapped[str] = field(String(300), _l("What the money is for"))
    asked_on: Mapped[date] = field(Date, _l("Asked on"))
    needed_on: Mapped[date | None] = field(Date, _l("Needed by"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Who follows it up"))
    granted: Mapped[Decimal | None] = field(Money, _l("Amount granted"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    state: Mapped[str] = field(EnumText(FINANCE_REQUEST.choices), _l("State"), default="open", server_default="open")
    firm: Mapped[Firm] = relationship(foreign_keys="FinanceRequest.firm_id")
    owner: Mapped[Any] = relationship("UserProfile", foreign_keys="FinanceRequest.owner_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class FinanceIntroduction(ParkScoped, Record):
    """A firm was introduced to an institution. `fits` and `reasons` are what the match said that day.

    `resource`, `record_id`: the record in which another module follows the outcome, such as a loan case."""

    __tablename__ = "services_introduction"
    __table_args__ = (
        UniqueConstraint("request_id", "product_id"),
        CheckConstraint("state <> 'granted' OR (amount > 0 AND ended_on IS NOT NULL)", name="granted"),
        CheckConstraint("(resource IS NULL) = (record_id IS NULL)", name="ref"),
    )
    request_id: Mapped[int] = fk("services_finance_request.id", _l("Financing request"), index=False)
    product_id: Mapped[int] = fk("services_finance_product.id", _l("Financing product"))
    introduced_on: Mapped[date] = field(Date, _l("Introduced on"))
    fits: Mapped[bool] = field(Boolean, _l("Within its bounds"))
    reasons: Mapped[list] = field(Json, _l("Reasons of the match"))
    state: Mapped[str] = field(EnumText(INTRODUCTION.choices), _l("State"), default="open", server_default="open")
    amount: Mapped[Decimal | None] = field(Money, _l("Amount granted"))
    rate: Mapped[Decimal | None] = field(Rate, _l("Rate a year"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    resource: Mapped[str | None] = field(String(80), _l("Followed in"))
    record_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    request: Mapped[FinanceRequest] = relationship(foreign_keys="FinanceIntroduction.request_id")
    product: Mapped[FinanceProduct] = relationship(foreign_keys="FinanceIntroduction.product_id")

    def __str__(self) -> str:
        return f"{self.request_id}/{self.product_id}"
