"""Who takes part in a loan besides the firm: banks, guarantee funds with their line, HR and finance offices, channels such as 融驿站."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped

from parkops.db.base import ParkScoped, Record, field
from parkops.db.types import Choices, EnumText, Money, Rate
from parkops.i18n import _l

ORGANISATIONS = Choices(
    "loans.organisation_kind",
    ("bank", _l("Lending bank"), "blue"),
    ("fund", _l("Guarantee fund"), "violet"),
    ("hr", _l("HR office"), "grey"),
    ("finance", _l("Finance office"), "grey"),
    ("channel", _l("Service channel"), "green"),
)


class LoanOrganisation(ParkScoped, Record):
    """A bank, fund, office or channel. Of a fund, `committed` is the sum of what it stands in for, kept by the database; it never
    exceeds `line` (CHECK), whoever approves at the same moment."""

    __tablename__ = "loans_organisation"
    __table_args__ = (
        UniqueConstraint("park_id", "kind", "name"),
        CheckConstraint("(kind = 'fund') = (line IS NOT NULL)", name="line_of_funds"),
        CheckConstraint("committed >= 0 AND committed <= coalesce(line, 0)", name="line"),
        CheckConstraint("bears IS NULL OR (bears > 0 AND bears <= 100000000)", name="bears"),
        CheckConstraint("length(btrim(name)) > 0", name="name"),
    )
    kind: Mapped[str] = field(EnumText(ORGANISATIONS), _l("Kind"))
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    line: Mapped[Decimal | None] = field(
        Money, _l("Guarantee line"), help=_l("Of a guarantee fund: how much it may stand in for at one time"))
    committed: Mapped[Decimal] = field(Money, _l("Stands in for"), default=Decimal(0), server_default="0")
    bears: Mapped[Decimal | None] = field(Rate, _l("Share of a loss the fund bears"))
    contact: Mapped[str | None] = field(String(80), _l("Contact"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    is_active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("name",)

    def __str__(self) -> str:
        return self.name
