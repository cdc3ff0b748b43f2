"""Visits to firms and what was promised there: every demand becomes a follow-up with a due day and an outcome."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Date, Index, String, Text
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from .credential import StaffMember

if TYPE_CHECKING:
    from .firm import Firm

VISIT_KINDS = Choices(
    "visit_kind",
    ("onsite", _l("On-site visit")),
    ("phone", _l("Phone call")),
    ("meeting", _l("Meeting in the park")),
    ("inspection", _l("Inspection")),
)
DEMANDS = Choices(
    "demand_category",
    ("space", _l("Space and property")),
    ("finance", _l("Financing")),
    ("talent", _l("Talent and recruitment")),
    ("policy", _l("Policy and project applications")),
    ("technology", _l("Technology and platforms")),
    ("market", _l("Market and orders")),
    ("legal", _l("Law and intellectual property")),
    ("life", _l("Living and amenities")),
    ("other", _l("Other")),
)


class Visit(ParkScoped, Record):
    """A visit planned for a day; done once `held_on` is filled in."""

    __tablename__ = "tenants_visit"
    __table_args__ = (
        CheckConstraint("held_on IS NULL OR findings IS NOT NULL", name="findings"),
        CheckConstraint("planned_on IS NOT NULL OR held_on IS NOT NULL", name="dated"),
        Index("ix_tenants_visit_planned", "park_id", "planned_on"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(VISIT_KINDS), _l("Kind"), default="onsite", server_default="onsite")
    planned_on: Mapped[date | None] = field(Date, _l("Planned for"))
    held_on: Mapped[date | None] = field(Date, _l("Held on"))
    staff_id: Mapped[int | None] = fk("tenants_staff.id", _l("Visitor"))
    subject: Mapped[str] = field(String(200), _l("Topic"))
    findings: Mapped[str | None] = field(Text, _l("Findings"))
    firm: Mapped[Firm] = relationship("Firm")
    staff: Mapped[StaffMember | None] = relationship(StaffMember)

    def __str__(self) -> str:
        return self.subject


class FollowUp(ParkScoped, Record):
    """Something the park promised to a firm: due, then done with a result."""

    __tablename__ = "tenants_follow_up"
    __table_args__ = (
        CheckConstraint("done_on IS NULL OR result IS NOT NULL", name="result"),
        Index("ix_tenants_follow_up_due", "park_id", "due_on"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    visit_id: Mapped[int | None] = fk("tenants_visit.id", _l("Visit"))
    category: Mapped[str] = field(EnumText(DEMANDS), _l("Demand"))
    title: Mapped[str] = field(String(200), _l("What to do"))
    staff_id: Mapped[int | None] = fk("tenants_staff.id", _l("Responsible"))
    raised_on: Mapped[date] = field(Date, _l("Raised on"))
    due_on: Mapped[date] = field(Date, _l("Due on"))
    done_on: Mapped[date | None] = field(Date, _l("Done on"))
    result: Mapped[str | None] = field(Text, _l("Result"))
    firm: Mapped[Firm] = relationship("Firm")
    visit: Mapped[Visit | None] = relationship(Visit)
    staff: Mapped[StaffMember | None] = relationship(StaffMember)

    def __str__(self) -> str:
        return self.title
