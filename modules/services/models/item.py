"""The catalogue: what the hall does, on which basis, with which materials, how long it takes, what it costs.

What an item publishes follows 山东省优化营商环境条例, article 28; whether 容缺 is allowed is part of it."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from .hall import ServiceHall

ITEM_CLASSES = Choices(
    "services.item_class",
    ("startup", _l("Starting a business")),
    ("food", _l("Food trade")),
    ("labour_social", _l("Human resources and social security")),
    ("culture", _l("Culture and tourism")),
    ("health", _l("Health and hygiene")),
    ("tax", _l("Taxes")),
    ("legal", _l("Legal help")),
    ("finance", _l("Financing services")),
    ("mediation", _l("Labour mediation")),
    ("property", _l("Property and party service")),
    ("project", _l("Investment projects")),
    ("other", _l("Other services")),
)
SHARED_CLASSES = ("startup", "food", "labour_social", "culture", "health")
LABELS = Choices(
    "services.item_label", ("authority", _l("Decided by the authority"), "violet"), ("assist", _l("Assisted by the hall"), "blue")
)
MATERIAL_FORMS = Choices(
    "services.material_form",
    ("original", _l("Original")),
    ("copy", _l("Photocopy")),
    ("both", _l("Original and copy")),
    ("electronic", _l("Electronic")),
)


class HallItem(ParkScoped, Record):
    """One thing people come for. A park's hall is normally not the authority: it assists; statutory limits bind the authority only."""

    __tablename__ = "services_item"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("promised_days BETWEEN 0 AND 365", name="promised_days"),
        CheckConstraint("statutory_days BETWEEN 1 AND 365", name="statutory_days"),
        CheckConstraint("tolerance_days BETWEEN 1 AND 60", name="tolerance_days"),
        CheckConstraint("statutory_days IS NULL OR label = 'authority'", name="statutory"),
        CheckConstraint("fee >= 0", name="fee"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(160), _l("Service item"))
    item_class: Mapped[str] = field(EnumText(ITEM_CLASSES), _l("Class of item"))
    label: Mapped[str] = field(EnumText(LABELS), _l("Who decides"))
    authority: Mapped[str | None] = field(String(120), _l("Authority"))
    basis: Mapped[str | None] = field(Text, _l("Legal basis"), long=True)
    conditions: Mapped[str | None] = field(Text, _l("Conditions"), long=True)
    process: Mapped[str | None] = field(Text, _l("How it is handled"), long=True)
    promised_days: Mapped[int] = field(SmallInteger, _l("Promised working days"), help=_l("0: done on the spot"))
    statutory_days: Mapped[int | None] = field(SmallInteger, _l("Statutory working days"), help=_l("Binds the authority only"))
    fee: Mapped[Decimal] = field(Money, _l("Service fee"), default=Decimal(0), server_default="0")
    fee_basis: Mapped[str | None] = field(String(200), _l("Basis of the fee"))
    tolerance: Mapped[bool] = field(Boolean, _l("Tolerance allowed"), default=False, server_default="false")
    tolerance_days: Mapped[int | None] = field(SmallInteger, _l("Working days to supply"), help=_l("For tolerable materials"))
    online: Mapped[bool] = field(Boolean, _l("Online possible"), default=False, server_default="false")
    shared: Mapped[bool] = field(Boolean, _l("Cross-district"), default=False, server_default="false")
    result_name: Mapped[str | None] = field(String(120), _l("Paper of the result"))
    phone: Mapped[str | None] = field(String(40), _l("Enquiry telephone"))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    hall_id: Mapped[int | None] = fk("services_hall.id", _l("Service hall"))
    hall: Mapped[ServiceHall | None] = relationship(foreign_keys="HallItem.hall_id")

    __search__ = ("name", "code")

    @property
    def on_the_spot(self) -> bool:
        """Promised while the client waits."""
        return self.promised_days == 0

    def __str__(self) -> str:
        return self.name


class ItemMaterial(ParkScoped, Record):
    """A material of an item. `tolerable`: may be supplied later against a written commitment (容缺)."""

    __tablename__ = "services_item_material"
    __table_args__ = (UniqueConstraint("item_id", "position"), CheckConstraint("copies BETWEEN 1 AND 20", name="copies"))
    item_id: Mapped[int] = fk("services_item.id", _l("Service item"), ondelete="CASCADE", index=False)
    position: Mapped[int] = field(SmallInteger, _l("Line no."))
    name: Mapped[str] = field(String(200), _l("Material"))
    form: Mapped[str] = field(EnumText(MATERIAL_FORMS), _l("Form of the paper"), default="original", server_default="original")
    copies: Mapped[int] = field(SmallInteger, _l("Copies"), default=1, server_default="1")
    issuer: Mapped[str | None] = field(String(120), _l("Comes from"))
    tolerable: Mapped[bool] = field(Boolean, _l("May follow later"), default=False, server_default="false")
    item: Mapped[HallItem] = relationship(foreign_keys="ItemMaterial.item_id")

    def __str__(self) -> str:
        return self.name
