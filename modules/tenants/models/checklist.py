"""Checklists kept as data per park: documents an application needs, review criteria, move-out items."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from parkops.db.base import ParkScoped, Record, field
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l, i18n_text

from .firm import TRACKS

KINDS = Choices(
    "tenants.checklist_kind",
    ("document", _l("Application document")),
    ("criterion", _l("Review criterion")),
    ("moveout", _l("Move-out item")),
)


class ChecklistItem(ParkScoped, Record):
    """One line of a template. `applies_to`: team or company for documents; `weight`: percent, for criteria only."""

    __tablename__ = "tenants_checklist_item"
    __table_args__ = (
        UniqueConstraint("park_id", "kind", "code"),
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
        CheckConstraint("applies_to IN ('team', 'company') OR applies_to IS NULL", name="applies_to"),
    )
    kind: Mapped[str] = field(EnumText(KINDS), _l("Checklist"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(120), _l("Title"))
    title_en: Mapped[str | None] = field(String(120), _l("English title"))
    applies_to: Mapped[str | None] = field(String(10), _l("Applies to"))
    track: Mapped[str | None] = field(EnumText(TRACKS), _l("Industry track"))
    required: Mapped[bool] = field(Boolean, _l("Required"), default=True, server_default="true")
    weight: Mapped[int | None] = field(Integer, _l("Weight in percent"))
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    is_active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")

    @property
    def label(self) -> str:
        """The title in the reader's language."""
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return self.label
