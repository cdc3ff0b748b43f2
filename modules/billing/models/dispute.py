"""Disputes: a firm says a line of its bill is wrong. Original and requested values are kept; the bill is never edited."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, String, Text
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText, Money
from parkops.i18n import _l

from ..states_dispute import DISPUTE
from .bill import Bill
from .charge import Charge


class Dispute(ParkScoped, Record):
    """One line, the amount on the bill and the amount the firm asks for; decided by another person than it was entered by, and
    applied by a credit note (less) or an adjustment line of the next bill (more)."""

    __tablename__ = "billing_dispute"
    __table_args__ = (
        CheckConstraint("requested >= 0 AND requested <> original", name="requested"),
        CheckConstraint("agreed IS NULL OR agreed >= 0", name="agreed"),
        CheckConstraint(
            "state NOT IN ('accepted', 'rejected', 'applied') OR decided_by_id IS NULL OR decided_by_id IS DISTINCT FROM entered_by_id",
                        name="other_person"),
        Index("uq_billing_dispute_open", "charge_id", unique=True, postgresql_where="state IN ('open', 'accepted')"),
    )
    charge_id: Mapped[int] = fk("billing_charge.id", _l("Item line"))
    bill_id: Mapped[int] = fk("billing_bill.id", _l("Bill"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(DISPUTE.choices), _l("State"), default="open", server_default="open")
    original: Mapped[Decimal] = field(Money, _l("Amount on the bill"))
    requested: Mapped[Decimal] = field(Money, _l("Amount asked for"))
    agreed: Mapped[Decimal | None] = field(Money, _l("Agreed amount"))
    raised_on: Mapped[date] = field(Date, _l("Raised on"))
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    entered_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    entered_by: Mapped[str] = field(String(80), _l("Entered by"))
    decided_on: Mapped[date | None] = field(Date, _l("Decided on"))
    decided_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    decided_by: Mapped[str | None] = field(String(80), _l("Decided by"))
    answer: Mapped[str | None] = field(Text, _l("Reply"), long=True)
    credit_id: Mapped[int | None] = fk("billing_bill.id", _l("Credit note"))
    adjustment_id: Mapped[int | None] = fk("billing_charge.id", _l("Adjustment line"))
    charge: Mapped[Charge] = relationship(foreign_keys="Dispute.charge_id")
    bill: Mapped[Bill] = relationship(foreign_keys="Dispute.bill_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Dispute.firm_id")
    credit: Mapped[Bill | None] = relationship(foreign_keys="Dispute.credit_id")
    adjustment: Mapped[Charge | None] = relationship(foreign_keys="Dispute.adjustment_id")

    def __str__(self) -> str:
        return f"{self.bill} {self.charge}"
