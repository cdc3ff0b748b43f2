"""Charge lines: one amount for one thing and one period, with a key that no second row can have."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from .catalogue import ChargeItem

if TYPE_CHECKING:
    from .bill import Bill

CHARGE_KINDS = Choices(
    "billing.charge_kind",
    ("charge", _l("Charge"), "blue"), ("adjustment", _l("Adjustment"), "amber"), ("relief", _l("Relief"), "green"),
    ("discount", _l("Landlord discount"), "green"), ("penalty", _l("Late fee"), "red"), ("waiver", _l("Waiver"), "green"),
)
TREATMENTS = Choices(
    "billing.vat_treatment",
    ("taxed", _l("Taxed")), ("exempt", _l("Exempt")), ("outside", _l("Outside VAT")),
)


class Charge(ParkScoped, Record):
    """A line of a bill, or still waiting for one (`bill_id` empty). Reducing lines (relief, discount, waiver) are negative.

    `key` names source document, source line and period: generating again finds it; deleting a draft frees it. A line on a
    posted bill cannot be changed (trigger). Relief and waiver carry the approval that allowed them (CHECK and trigger)."""

    __tablename__ = "billing_charge"
    __table_args__ = (
        UniqueConstraint("park_id", "key"),
        CheckConstraint("net + vat = gross", name="sum"),
        CheckConstraint("period_to >= period_from", name="period"),
        CheckConstraint("kind NOT IN ('relief', 'waiver') OR approval_id IS NOT NULL", name="approved"),
        CheckConstraint("kind NOT IN ('relief', 'waiver', 'discount') OR gross <= 0", name="sign"),
        CheckConstraint("(treatment = 'taxed') = (vat_rate IS NOT NULL)", name="treatment_rate"),
        Index("ix_billing_charge_open", "park_id", "firm_id", "due_on", postgresql_where="bill_id IS NULL"),
        Index("ix_billing_charge_source", "source", "source_id"),
        Index("ix_billing_charge_park_id_period_from", "park_id", "period_from"),
    )
    key: Mapped[str] = field(String(160), _l("Key"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    item_id: Mapped[int] = fk("billing_charge_item.id", _l("Charged for"))
    kind: Mapped[str] = field(EnumText(CHARGE_KINDS), _l("Kind"), default="charge", server_default="charge")
    bill_id: Mapped[int | None] = fk("billing_bill.id", _l("Bill"))
    source: Mapped[str] = field(String(80), _l("Kind of source"), fmt="code")
    source_id: Mapped[int] = field(BigInteger, _l("Source record"))
    corrects_id: Mapped[int | None] = fk("billing_charge.id", _l("Corrects line"))
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    period_from: Mapped[date] = field(Date, _l("Period from"))
    period_to: Mapped[date] = field(Date, _l("Period to"), help=_l("Last day, included"))
    due_on: Mapped[date] = field(Date, _l("Due on"))
    quantity: Mapped[Decimal | None] = field(UnitPrice, _l("Quantity"))
    unit_price: Mapped[Decimal | None] = field(UnitPrice, _l("Unit price"))
    treatment: Mapped[str] = field(EnumText(TREATMENTS), _l("VAT treatment"))
    vat_rate: Mapped[Decimal | None] = field(Rate, _l("VAT rate"))
    net: Mapped[Decimal] = field(Money, _l("Net"))
    vat: Mapped[Decimal] = field(Money, _l("VAT"))
    gross: Mapped[Decimal] = field(Money, _l("Gross"))
    memo: Mapped[str | None] = field(String(300), _l("Text on the bill"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Charge.firm_id")
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="Charge.carrier_id")
    item: Mapped[ChargeItem] = relationship(foreign_keys="Charge.item_id")
    bill: Mapped[Bill | None] = relationship("Bill", foreign_keys="Charge.bill_id")

    def __str__(self) -> str:
        return self.memo or self.key
