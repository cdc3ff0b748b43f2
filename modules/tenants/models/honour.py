"""Honours and titles of the park, a carrier or a firm. How many are held on a day is counted from the validity dates."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from .carrier import Carrier

if TYPE_CHECKING:
    from .firm import Firm

HONOUR_LEVELS = Choices(
    "honour_level",
    ("national", _l("National level")),
    ("provincial", _l("Provincial level")),
    ("municipal", _l("Municipal level")),
    ("district", _l("District level")),
    ("other", _l("Other")),
)
HONOUR_KINDS = Choices(
    "honour_kind",
    ("sme_platform", _l("SME public service demonstration platform")),
    ("innovation_base", _l("Innovation and start-up demonstration base")),
    ("night_economy", _l("Night economy demonstration street")),
    ("software_park", _l("Featured software park")),
    ("award", _l("Award or prize")),
    ("other", _l("Other title")),
)


class Honour(ParkScoped, Record):
    """A title: with `firm_id` it is the firm's, with `carrier_id` the carrier's, with neither the park's."""

    __tablename__ = "tenants_honour"
    __table_args__ = (
        UniqueConstraint("park_id", "title", "valid_from", "firm_id", "carrier_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
        CheckConstraint("firm_id IS NULL OR carrier_id IS NULL", name="one_holder"),
    )
    title: Mapped[str] = field(String(200), _l("Title"))
    kind: Mapped[str] = field(EnumText(HONOUR_KINDS), _l("Kind"))
    level: Mapped[str] = field(EnumText(HONOUR_LEVELS), _l("Level"))
    issuer: Mapped[str | None] = field(String(200), _l("Issuer"))
    doc_no: Mapped[str | None] = field(String(120), _l("Document number"))
    valid_from: Mapped[date] = field(Date, _l("Valid from"))
    valid_to: Mapped[date | None] = field(Date, _l("Valid to"), help=_l("Last valid day; empty while it stands."))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    firm: Mapped[Firm | None] = relationship("Firm")
    carrier: Mapped[Carrier | None] = relationship(Carrier)
    __search__ = ("title",)

    def __str__(self) -> str:
        return self.title
