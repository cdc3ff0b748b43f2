"""Move-out: a case per leaving firm with the items that must be settled first."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from ..states import MOVEOUT_CASE
from .firm import Firm

OUTCOMES = Choices(
    "tenants.moveout_outcome",
    ("left", _l("Leaves without graduating")),
    ("dissolved", _l("Dissolved")),
    ("graduated", _l("Graduated firm moves out")),
)
ITEM_STATES = Choices(
    "tenants.moveout_item_state",
    ("open", _l("Under way"), "amber"),
    ("done", _l("Done"), "green"),
    ("waived", _l("Waived"), "violet"),
)


class MoveOut(ParkScoped, Record):
    """One firm's move-out. The firm leaves when every required item is done or waived."""

    __tablename__ = "tenants_moveout"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_tenants_moveout_park_id_firm_id_open", "park_id", "firm_id", unique=True, postgresql_where="state = 'open'"),
        CheckConstraint("moved_on >= announced_on OR moved_on IS NULL", name="moved_on"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(MOVEOUT_CASE.choices), _l("State"), default="open", server_default="open")
    outcome: Mapped[str] = field(EnumText(OUTCOMES), _l("Outcome"))
    announced_on: Mapped[date] = field(Date, _l("Announced on"))
    planned_on: Mapped[date | None] = field(Date, _l("Planned for"))
    moved_on: Mapped[date | None] = field(Date, _l("Moved out on"))
    destination: Mapped[str | None] = field(String(200), _l("Where to"))
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="MoveOut.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return f"{self.number} {self.firm.name}"


class MoveOutItem(ParkScoped, Record):
    """One thing to settle. `code` is stable so that a module can settle the item it added."""

    __tablename__ = "tenants_moveout_item"
    __table_args__ = (
        UniqueConstraint("park_id", "moveout_id", "code"),
        CheckConstraint("state <> 'waived' OR length(btrim(waive_reason)) > 0", name="waive_reason"),
        CheckConstraint("state = 'open' OR settled_on IS NOT NULL", name="settled_on"),
    )
    moveout_id: Mapped[int] = fk("tenants_moveout.id", _l("Move-out"), ondelete="CASCADE")
    code: Mapped[str] = field(String(60), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(200), _l("Item"))
    required: Mapped[bool] = field(Boolean, _l("Required"), default=True, server_default="true")
    state: Mapped[str] = field(EnumText(ITEM_STATES), _l("State"), default="open", server_default="open")
    source: Mapped[str] = field(String(40), _l("Added by"), default="tenants", server_default="tenants")
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    settled_on: Mapped[date | None] = field(Date, _l("Settled on"))
    settled_by: Mapped[str | None] = field(String(80), _l("Settled by"))
    waive_reason: Mapped[str | None] = field(Text, _l("Why waived"), long=True)
    note: Mapped[str | None] = field(String(300), _l("Note"))
    moveout: Mapped[MoveOut] = relationship(foreign_keys="MoveOutItem.moveout_id")

    def __str__(self) -> str:
        return self.title
