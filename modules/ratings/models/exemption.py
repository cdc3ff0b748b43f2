"""Evidence for the tax exemption of incubation services (domain: 财政部 税务总局 科技部 教育部公告2023年第42号; kept by 公告2026年第10号).

Taxpayers judge for themselves, declare and keep the papers for inspection (自行判别、申报享受、留存备查): title, original value, lease,
incubation agreement. A pack is numbered and kept as it was (append-only)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Json, Money, UTCDateTime
from parkops.i18n import _l

PAPER_KINDS = Choices(
    "ratings.exemption_paper",
    ("title", _l("Title of the premises")),
    ("original_value", _l("Original value of the property")),
    ("lease", _l("Lease contract")),
    ("agreement", _l("Incubation agreement")),
)
CARRIER_PAPERS = ("title", "original_value")
FIRM_PAPERS = ("lease", "agreement")


class ExemptionPaper(ParkScoped, Record):
    """A document kept for inspection: of the premises (title, original value) or of a firm (lease, incubation agreement)."""

    __tablename__ = "ratings_exemption_paper"
    __table_args__ = (
        UniqueConstraint("park_id", "carrier_id", "firm_id", "kind", "reference", postgresql_nulls_not_distinct=True),
        CheckConstraint("(kind IN ('lease', 'agreement')) = (firm_id IS NOT NULL)", name="owner"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
        CheckConstraint("amount IS NULL OR amount >= 0", name="amount"),
        CheckConstraint("kind <> 'original_value' OR amount IS NOT NULL", name="value"),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"), help=_l("Of a lease or an incubation agreement"))
    kind: Mapped[str] = field(EnumText(PAPER_KINDS), _l("Document kept"))
    reference: Mapped[str] = field(String(120), _l("Number of the document"), fmt="code")
    amount: Mapped[Decimal | None] = field(Money, _l("Original value"))
    valid_from: Mapped[date] = field(Date, _l("From"))
    valid_to: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day; empty while it holds"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    carrier: Mapped[Carrier] = relationship(foreign_keys="ExemptionPaper.carrier_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="ExemptionPaper.firm_id")

    __search__ = ("reference",)

    def __str__(self) -> str:
        return self.reference


class ExemptionPack(ParkScoped, Record):
    """A kept pack of one carrier and period. `exempt + taxable + outside = billed`, to the fen (CHECK). Amounts are without VAT."""

    __tablename__ = "ratings_exemption_pack"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("last_day >= first_day", name="period"),
        CheckConstraint("exempt + taxable + outside = billed", name="tie"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    first_day: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date] = field(Date, _l("Until"))
    billed: Mapped[Decimal] = field(Money, _l("Billed without VAT"))
    exempt: Mapped[Decimal] = field(Money, _l("Exempt income"))
    taxable: Mapped[Decimal] = field(Money, _l("Taxable income"))
    outside: Mapped[Decimal] = field(Money, _l("Outside VAT"))
    firms: Mapped[int] = field(Integer, _l("Firms"))
    gaps: Mapped[int] = field(Integer, _l("Gaps"), help=_l("Missing documents and lines treated otherwise than the days say"))
    gap_list: Mapped[list[Any]] = field(Json, _l("What is not kept"))
    made_at: Mapped[datetime] = field(UTCDateTime, _l("Made at"))
    made_by: Mapped[str] = field(String(80), _l("Made by"))
    seal: Mapped[str] = field(String(64), _l("Seal"), fmt="code", help=_l("SHA-256 of the lines and gaps"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    carrier: Mapped[Carrier] = relationship(foreign_keys="ExemptionPack.carrier_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class ExemptionLine(ParkScoped, Record):
    """One firm on days of one month with one status: in incubation or not, premises, rent, exempt and other income."""

    __tablename__ = "ratings_exemption_line"
    __table_args__ = (
        UniqueConstraint("pack_id", "firm_id", "first_day"),
        CheckConstraint("last_day >= first_day", name="days"),
        CheckConstraint("exempt + taxable + outside = billed", name="tie"),
        Index("ix_ratings_exemption_line_firm_id", "firm_id"),
    )
    pack_id: Mapped[int] = fk("ratings_exemption_pack.id", _l("Evidence pack"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    first_day: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date] = field(Date, _l("Until"))
    incubated: Mapped[bool] = field(Boolean, _l("In incubation on these days"))
    qualified: Mapped[bool] = field(Boolean, _l("Carrier qualifies on these days"))
    area: Mapped[Decimal | None] = field(Area, _l("Area let"))
    rent: Mapped[Decimal] = field(Money, _l("of which rent"))
    billed: Mapped[Decimal] = field(Money, _l("Billed without VAT"))
    exempt: Mapped[Decimal] = field(Money, _l("Exempt income"))
    taxable: Mapped[Decimal] = field(Money, _l("Taxable income"))
    outside: Mapped[Decimal] = field(Money, _l("Outside VAT"))
    charges: Mapped[list[Any]] = field(Json, _l("Charge lines"))
    pack: Mapped[ExemptionPack] = relationship(foreign_keys="ExemptionLine.pack_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="ExemptionLine.firm_id")

    __reported__ = ("area",)

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


protect(ExemptionPack)
protect(ExemptionLine)
