"""Financing rounds, exits (acquired, listed, quoted) and awards of firms. An undisclosed amount is NULL, never zero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Boolean, CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

if TYPE_CHECKING:
    from .firm import Firm

FINANCING_KINDS = Choices(
    "financing_kind",
    ("angel", _l("Angel investment")),
    ("vc", _l("Venture capital")),
    ("pe", _l("Private equity")),
    ("strategic", _l("Strategic investment")),
    ("bank", _l("Bank loan")),
    ("guaranteed", _l("Guaranteed loan")),
    ("grant", _l("Government grant")),
    ("other", _l("Other")),
)
EQUITY_KINDS = ("angel", "vc", "pe", "strategic")
ANGEL_VC = ("angel", "vc")  # the kinds the graduation rules speak of (131号 art. 9, 300号)
ROUNDS = Choices(
    "financing_round",
    ("seed", _l("Seed")),
    ("angel", _l("Angel")),
    ("pre_a", _l("Pre-A")),
    ("a", _l("Round A")),
    ("b", _l("Round B")),
    ("c", _l("Round C or later")),
    ("none", _l("Not a round")),
)
EXIT_KINDS = Choices(
    "exit_kind",
    ("acquired", _l("Merged or acquired")),
    ("listed", _l("Listed")),
    ("quoted", _l("Quoted on a share transfer system")),
)
AWARD_LEVELS = Choices(
    "award_level",
    ("national", _l("National level")),
    ("provincial", _l("Provincial level")),
    ("municipal", _l("Municipal level")),
    ("other", _l("Other")),
)


class FinancingEvent(ParkScoped, Record):
    """Money a firm obtained on a day. `amount` is yuan; for another currency `amount_cny` stays empty until converted."""

    __tablename__ = "tenants_financing"
    __table_args__ = (
        CheckConstraint("amount IS NULL OR amount > 0", name="amount"),
        CheckConstraint("amount_cny IS NULL OR amount_cny > 0", name="amount_cny"),
        CheckConstraint("currency <> 'CNY' OR amount_cny IS NOT DISTINCT FROM amount", name="currency"),
        Index("ix_tenants_financing_day", "park_id", "on_date"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(FINANCING_KINDS), _l("Kind"))
    round: Mapped[str] = field(EnumText(ROUNDS), _l("Round"), default="none", server_default="none")
    investor: Mapped[str | None] = field(String(200), _l("Investor or lender"))
    on_date: Mapped[date] = field(Date, _l("Date"), help=_l("The day the money was paid in."))
    currency: Mapped[str] = field(String(3), _l("Currency"), default="CNY", server_default="CNY")
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"), help=_l("Empty when it was not disclosed."))
    amount_cny: Mapped[Decimal | None] = field(Money, _l("Amount in yuan"))
    park_fund: Mapped[bool] = field(
        Boolean, _l("From the park's own or co-funded fund"), default=False, server_default="false")
    evidence: Mapped[str | None] = field(String(300), _l("Evidence"), help=_l("Capital verification, bank slip or announcement."))
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        return f"{FINANCING_KINDS.label(self.kind)} {self.on_date}"


class ExitEvent(ParkScoped, Record):
    """A firm merged or acquired, listed or quoted: graduation criterion D of both regimes."""

    __tablename__ = "tenants_exit_event"
    __table_args__ = (UniqueConstraint("park_id", "firm_id", "kind", "on_date"),)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(EXIT_KINDS), _l("Kind"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    market: Mapped[str | None] = field(String(120), _l("Market or acquirer"))
    code: Mapped[str | None] = field(String(40), _l("Security code"))
    evidence: Mapped[str | None] = field(String(300), _l("Evidence"))
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        return f"{EXIT_KINDS.label(self.kind)} {self.on_date}"


class Award(ParkScoped, Record):
    """A prize or a science project won by a firm."""

    __tablename__ = "tenants_award"
    __table_args__ = (UniqueConstraint("park_id", "firm_id", "title", "on_date"),)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    title: Mapped[str] = field(String(200), _l("Award"))
    level: Mapped[str] = field(EnumText(AWARD_LEVELS), _l("Level"))
    issuer: Mapped[str | None] = field(String(200), _l("Issuer"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    amount: Mapped[Decimal | None] = field(Money, _l("Prize money"))
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        return self.title
