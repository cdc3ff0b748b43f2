"""Capital projects of the park with their milestones: buildings topped out and amounts signed are counted from rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money
from parkops.i18n import _l

PROJECT_STATUSES = Choices(
    "capital_project_status",
    ("planned", _l("Planned"), "grey"),
    ("building", _l("Under construction"), "blue"),
    ("finished", _l("Finished"), "green"),
    ("stopped", _l("Stopped"), "red"),
)
MILESTONE_KINDS = Choices(
    "capital_milestone_kind",
    ("signed", _l("Contract signed")),
    ("started", _l("Construction started")),
    ("topped_out", _l("Building topped out")),
    ("completed", _l("Building completed")),
    ("opened", _l("Opened")),
)


class CapitalProject(ParkScoped, Record):
    """A construction or attraction project. `budget` is the planned investment; what was signed stands in milestones."""

    __tablename__ = "tenants_capital_project"
    __table_args__ = (
        UniqueConstraint("park_id", "name", "phase", postgresql_nulls_not_distinct=True),
        CheckConstraint("budget IS NULL OR budget >= 0", name="budget"),
        CheckConstraint("phase_area IS NULL OR phase_area >= 0", name="area"),
    )
    name: Mapped[str] = field(String(200), _l("Project"))
    phase: Mapped[str | None] = field(String(40), _l("Phase"))
    partner: Mapped[str | None] = field(String(200), _l("Partners"))
    budget: Mapped[Decimal | None] = field(Money, _l("Planned investment"))
    budget_note: Mapped[str | None] = field(String(120), _l("Basis of the amount"), help=_l("For example: about, published by the press."))
    phase_area: Mapped[Decimal | None] = field(Area, _l("Floor area of the phase"))
    status: Mapped[str] = field(EnumText(PROJECT_STATUSES), _l("Status"), default="planned", server_default="planned")
    started_on: Mapped[date | None] = field(Date, _l("Started on"))
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    __search__ = ("name",)

    def __str__(self) -> str:
        return f"{self.name} {self.phase}" if self.phase else self.name


class CapitalMilestone(ParkScoped, Record):
    """Something that happened on a day: a building topped out, a contract signed for an amount."""

    __tablename__ = "tenants_capital_milestone"
    __table_args__ = (
        UniqueConstraint("park_id", "project_id", "kind", "building", postgresql_nulls_not_distinct=True),
        CheckConstraint("kind NOT IN ('topped_out', 'completed') OR building IS NOT NULL", name="building"),
    )
    project_id: Mapped[int] = fk("tenants_capital_project.id", _l("Project"))
    kind: Mapped[str] = field(EnumText(MILESTONE_KINDS), _l("Milestone"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    building: Mapped[str | None] = field(String(80), _l("Building"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"))
    area: Mapped[Decimal | None] = field(Area, _l("Floor area"))
    remark: Mapped[str | None] = field(String(300), _l("Remark"))
    project: Mapped[CapitalProject] = relationship()

    def __str__(self) -> str:
        return f"{MILESTONE_KINDS.label(self.kind)} {self.building or ''}".strip()
