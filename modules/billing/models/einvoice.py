"""Requests for electronic invoices (数电票) of posted bills, and the numbers the tax office returned."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json, Money, UTCDateTime
from parkops.i18n import _l

from .bill import Bill

INVOICE_KINDS = Choices("billing.invoice_kind", ("blue", _l("Blue invoice"), "blue"), ("red", _l("Red-letter invoice"), "red"))
INVOICE_BLOCKS = Choices("billing.invoice_block", ("00", _l("Ordinary")), ("06", _l("Leasing of real estate")))
INVOICE_STATES = Choices(
    "billing.invoice_state",
    ("requested", _l("Requested"), "amber"), ("issued", _l("Invoice issued"), "green"), ("cancelled", _l("Request cancelled"), "grey"),
)


class EInvoice(ParkScoped, Record):
    """One invoice asked for. A bill has one per special business: lines of leased real estate stand alone (domain.md 10.2).

    `data` is what was asked for, as it was asked; the number has 20 digits and comes back from the tax office."""

    __tablename__ = "billing_einvoice"
    __table_args__ = (
        UniqueConstraint("park_id", "serial"),
        UniqueConstraint("park_id", "number"),
        CheckConstraint("number ~ '^[0-9]{20}$'", name="number"),
        CheckConstraint("(state = 'issued') = (number IS NOT NULL)", name="issued"),
        CheckConstraint("(kind = 'red') = (red_of_id IS NOT NULL)", name="red"),
        Index("uq_billing_einvoice_open", "bill_id", "block", "red_of_id", unique=True, postgresql_where="state <> 'cancelled'",
              postgresql_nulls_not_distinct=True),
        Index("ix_billing_einvoice_park_id_state", "park_id", "state"),
    )
    serial: Mapped[str] = field(String(60), _l("Invoice serial"), fmt="code")
    bill_id: Mapped[int] = fk("billing_bill.id", _l("Bill"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(INVOICE_KINDS), _l("Kind"), default="blue", server_default="blue")
    block: Mapped[str] = field(EnumText(INVOICE_BLOCKS), _l("Special business"), default="00", server_default="00")
    state: Mapped[str] = field(EnumText(INVOICE_STATES), _l("State"), default="requested", server_default="requested")
    gross: Mapped[Decimal] = field(Money, _l("Gross"))
    vat: Mapped[Decimal] = field(Money, _l("VAT"))
    requested_on: Mapped[date] = field(Date, _l("Requested on"))
    requested_by: Mapped[str] = field(String(80), _l("Requested by"))
    number: Mapped[str | None] = field(String(20), _l("Invoice number"), fmt="code")
    issued_on: Mapped[date | None] = field(Date, _l("Invoice date"))
    recorded_at: Mapped[datetime | None] = field(UTCDateTime, _l("Recorded at"))
    red_of_id: Mapped[int | None] = fk("billing_einvoice.id", _l("Red letter for"))
    reason: Mapped[str | None] = field(Text, _l("Reason"), long=True)
    data: Mapped[dict[str, Any]] = field(Json, _l("Request"))
    bill: Mapped[Bill] = relationship(foreign_keys="EInvoice.bill_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="EInvoice.firm_id")
    red_of: Mapped[EInvoice | None] = relationship(foreign_keys="EInvoice.red_of_id", remote_side="EInvoice.id")

    __search__ = ("number", "serial")

    def __str__(self) -> str:
        return self.number or self.serial
