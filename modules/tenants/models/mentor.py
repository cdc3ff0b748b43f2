"""Start-up mentors (创业导师), which firm each of them advises and when they met."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Date, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

if TYPE_CHECKING:
    from .firm import Firm

MENTOR_FIELDS = Choices(
    "mentor_field",
    ("technology", _l("Technology")),
    ("business", _l("Business and strategy")),
    ("investment", _l("Investment and finance")),
    ("marketing", _l("Marketing")),
    ("legal", _l("Law and intellectual property")),
    ("policy", _l("Policy and project applications")),
    ("other", _l("Other")),
)
MENTOR_SOURCES = Choices(
    "mentor_source",
    ("entrepreneur", _l("Entrepreneur")),
    ("investor", _l("Investor")),
    ("academic", _l("Academic")),
    ("service", _l("Service provider")),
    ("operator", _l("Operator's own staff")),
)


class Mentor(ParkScoped, Record):
    """A mentor, active from `appointed_on` until `left_on` (last active day; empty = still active)."""

    __tablename__ = "tenants_mentor"
    __table_args__ = (
        UniqueConstraint("park_id", "name", "organisation", postgresql_nulls_not_distinct=True),
        CheckConstraint("left_on IS NULL OR left_on >= appointed_on", name="dates"),
    )
    name: Mapped[str] = field(String(80), _l("Name"))
    organisation: Mapped[str | None] = field(String(200), _l("Organisation"))
    position: Mapped[str | None] = field(String(120), _l("Position"))
    expertise: Mapped[str] = field(EnumText(MENTOR_FIELDS), _l("Field of advice"))
    source: Mapped[str | None] = field(EnumText(MENTOR_SOURCES), _l("Background"))
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    email: Mapped[str | None] = field(String(120), _l("E-mail"), personal="email")
    appointed_on: Mapped[date] = field(Date, _l("Appointed on"))
    left_on: Mapped[date | None] = field(Date, _l("Active until"), help=_l("Last active day; empty while active."))
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    __search__ = ("name", "organisation")

    def __str__(self) -> str:
        return self.name


class MentorAgreement(ParkScoped, Record):
    """A mentoring relation between a firm and a mentor; the same pair never overlaps itself (exclusion constraint)."""

    __tablename__ = "tenants_mentor_agreement"
    __table_args__ = (
        CheckConstraint("to_on IS NULL OR to_on >= from_on", name="dates"),
        ExcludeConstraint(
            (text("int8range(firm_id, firm_id, '[]')"), "&&"),
            (text("int8range(mentor_id, mentor_id, '[]')"), "&&"),
            (text("daterange(from_on, to_on, '[]')"), "&&"),
            using="gist", name="ex_tenants_mentor_agreement_overlap"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    mentor_id: Mapped[int] = fk("tenants_mentor.id", _l("Mentor"))
    from_on: Mapped[date] = field(Date, _l("From"))
    to_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day of the relation; empty while it runs."))
    goal: Mapped[str | None] = field(String(300), _l("Goal"))
    firm: Mapped[Firm] = relationship("Firm")
    mentor: Mapped[Mentor] = relationship(Mentor)

    def __str__(self) -> str:
        return f"{self.from_on} – {self.to_on or ''}"


class MentoringSession(ParkScoped, Record):
    """One meeting of a mentor with a firm, in minutes."""

    __tablename__ = "tenants_mentoring_session"
    __table_args__ = (
        UniqueConstraint("park_id", "mentor_id", "firm_id", "held_on", "topic"),
        CheckConstraint("minutes IS NULL OR minutes BETWEEN 1 AND 1440", name="minutes"),
    )
    mentor_id: Mapped[int] = fk("tenants_mentor.id", _l("Mentor"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    held_on: Mapped[date] = field(Date, _l("Held on"))
    minutes: Mapped[int | None] = field(Integer, _l("Minutes"))
    topic: Mapped[str] = field(String(200), _l("Topic"))
    outcome: Mapped[str | None] = field(Text, _l("Outcome"))
    mentor: Mapped[Mentor] = relationship(Mentor)
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        return self.topic
