"""Statements of account as they were sent, and whether the firm signed them back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

STATEMENT_STATES = Choices(
    "billing.statement_state",
    ("issued", _l("Sent, not signed back"), "blue"),
    ("confirmed", _l("Confirmed by the firm"), "green"),
    ("disputed", _l("Disputed by the firm"), "red"),
)


class AccountStatement(ParkScoped, Record):
    """What a firm was told: opening + charges + adjustments + relief + penalty − paid = closing. The figures are kept as sent."""

    __tablename__ = "billing_statement"
    __table_args__ = (
        UniqueConstraint("park_id", "firm_id", "starts_on", "ends_on"),
        CheckConstraint("ends_on >= starts_on", name="period"),
        CheckConstraint("opening + charges + adjustments + relief + penalty - paid = closing", name="sum"),
        CheckConstraint("(state = 'issued') = (answered_on IS NULL)", name="answered"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    starts_on: Mapped[date] = field(Date, _l("Period from"))
    ends_on: Mapped[date] = field(Date, _l("Period to"), help=_l("Last day, included"))
    opening: Mapped[Decimal] = field(Money, _l("Opening balance"))
    charges: Mapped[Decimal] = field(Money, _l("Charged in the period"))
    adjustments: Mapped[Decimal] = field(Money, _l("Adjustments"))
    relief: Mapped[Decimal] = field(Money, _l("Relief"))
    penalty: Mapped[Decimal] = field(Money, _l("Late fees"))
    paid: Mapped[Decimal] = field(Money, _l("Paid in the period"))
    closing: Mapped[Decimal] = field(Money, _l("Closing balance"))
    issued_on: Mapped[date] = field(Date, _l("Sent on"))
    issued_by: Mapped[str] = field(String(80), _l("Sent by"))
    state: Mapped[str] = field(EnumText(STATEMENT_STATES), _l("State"), default="issued", server_default="issued")
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    answered_by: Mapped[str | None] = field(String(120), _l("Signed by"), help=_l("The firm's person who signed"))
    answer: Mapped[str | None] = field(Text, _l("Firm's remarks"), long=True)
    firm: Mapped[Any] = relationship("Firm", foreign_keys="AccountStatement.firm_id")

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m-%d} – {self.ends_on:%Y-%m-%d}"
