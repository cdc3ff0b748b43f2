"""Qualifications of firms (高企, 科技型中小企业, 专精特新 …) as dated records: "newly obtained" needs the date."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

if TYPE_CHECKING:
    from .firm import Firm

QUALIFICATION_KINDS = Choices(
    "qualification_kind",
    ("hitech", _l("High and new technology enterprise")),
    ("tech_sme", _l("Technology-based SME")),
    ("innovative_sme", _l("Innovative SME")),
    ("specialised_sme", _l("Specialised and sophisticated SME")),
    ("little_giant", _l("Little giant enterprise")),
    ("single_champion", _l("Manufacturing single champion")),
    ("gazelle", _l("Gazelle enterprise")),
    ("unicorn", _l("Unicorn enterprise")),
    ("above_scale", _l("Enterprise above designated size")),
    ("rd_platform", _l("R&D platform of provincial level or above")),
    ("other", _l("Other qualification")),
)


class Qualification(ParkScoped, Record):
    """A qualification held from `obtained_on` until `valid_to` (last valid day; empty = no end)."""

    __tablename__ = "tenants_qualification"
    __table_args__ = (
        UniqueConstraint("park_id", "firm_id", "kind", "obtained_on"),
        CheckConstraint("valid_to IS NULL OR valid_to >= obtained_on", name="dates"),
        CheckConstraint("revoked_on IS NULL OR revoked_on >= obtained_on", name="revoked"),
        Index("ix_tenants_qualification_expiry", "park_id", "valid_to"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(QUALIFICATION_KINDS), _l("Qualification"))
    certificate_no: Mapped[str | None] = field(String(80), _l("Certificate number"))
    issuer: Mapped[str | None] = field(String(200), _l("Issuer"))
    batch: Mapped[str | None] = field(String(120), _l("Batch or document number"))
    obtained_on: Mapped[date] = field(Date, _l("Obtained on"))
    valid_to: Mapped[date | None] = field(Date, _l("Valid to"), help=_l("Last valid day; empty when it does not expire."))
    revoked_on: Mapped[date | None] = field(Date, _l("Revoked on"))
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        return f"{QUALIFICATION_KINDS.label(self.kind)} {self.obtained_on}"
