"""Intellectual property of firms: applied, granted, valid until. Counts come from the three dates."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Boolean, CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

if TYPE_CHECKING:
    from .firm import Firm

IP_KINDS = Choices(
    "ip_kind",
    ("invention", _l("Invention patent")),
    ("utility", _l("Utility model")),
    ("design", _l("Design patent")),
    ("software", _l("Software copyright")),
    ("plant", _l("Plant variety")),
    ("layout", _l("IC layout design")),
    ("trademark", _l("Trademark")),
)


class IntellectualProperty(ParkScoped, Record):
    """One right. Valid on a day = granted by then, not expired (`valid_to` is the last valid day) and not lapsed."""

    __tablename__ = "tenants_ip"
    __table_args__ = (
        UniqueConstraint("park_id", "firm_id", "kind", "number"),
        CheckConstraint("granted_on IS NULL OR applied_on IS NULL OR granted_on >= applied_on", name="granted"),
        CheckConstraint("valid_to IS NULL OR granted_on IS NOT NULL AND valid_to >= granted_on", name="valid"),
        CheckConstraint("lapsed_on IS NULL OR granted_on IS NOT NULL AND lapsed_on >= granted_on", name="lapsed"),
        CheckConstraint("applied_on IS NOT NULL OR granted_on IS NOT NULL", name="dated"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(IP_KINDS), _l("Kind"))
    name: Mapped[str] = field(String(300), _l("Title"))
    number: Mapped[str] = field(String(80), _l("Application or registration number"))
    applied_on: Mapped[date | None] = field(Date, _l("Applied on"))
    granted_on: Mapped[date | None] = field(Date, _l("Granted on"))
    valid_to: Mapped[date | None] = field(Date, _l("Valid to"), help=_l("Last valid day; empty when it does not expire."))
    lapsed_on: Mapped[date | None] = field(Date, _l("Lapsed or transferred on"), help=_l("First day on which it no longer counts."))
    foreign_right: Mapped[bool] = field(Boolean, _l("Foreign right"), default=False, server_default="false")
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        return self.name
