"""Trainings, visits to firms with their problems (万人助万企), and activities held at the hall."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area as Hundredths
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from ..states_desk import PROBLEM, TRAINING
from .hall import ServiceHall

TRAINING_KINDS = Choices(
    "services.training_kind",
    ("finance", _l("Financing and capital")),
    ("policy", _l("Policy")),
    ("tax", _l("Tax and accounts")),
    ("skills", _l("Skills of the hall's staff")),
    ("sign_language", _l("Sign language")),
    ("other", _l("Other topic")),
)
PROBLEM_KINDS = Choices(
    "services.problem_kind",
    ("finance", _l("Money")),
    ("people", _l("People and recruiting")),
    ("land", _l("Land and space")),
    ("power", _l("Power, water, gas")),
    ("policy", _l("Policy")),
    ("market", _l("Market")),
    ("approval", _l("Permits")),
    ("other", _l("Other matter")),
)
ACTIVITY_KINDS = Choices(
    "services.activity_kind",
    ("exhibition", _l("Exhibition")),
    ("recruitment", _l("Recruitment")),
    ("bank_firm", _l("Banks meet firms")),
    ("listing", _l("Coaching for listing")),
    ("policy", _l("Policy briefing")),
    ("salon", _l("Salon")),
    ("roadshow", _l("Roadshow")),
    ("other", _l("Other activity")),
)
MODES = Choices("services.activity_mode", ("offline", _l("On site")), ("online", _l("Online")), ("both", _l("On site and online")))


class ServiceTraining(ParkScoped, Record):
    """A training: for firms or for the hall's staff."""

    __tablename__ = "services_training"
    __table_args__ = (
        CheckConstraint("hours > 0", name="hours"),
        CheckConstraint("places > 0", name="places"),
        Index("ix_services_training_park_id_held_on", "park_id", "held_on"),
    )
    title: Mapped[str] = field(String(200), _l("Training"))
    kind: Mapped[str] = field(EnumText(TRAINING_KINDS), _l("Topic"))
    trainer: Mapped[str] = field(String(120), _l("Trainer"))
    host: Mapped[str | None] = field(String(200), _l("Host"))
    held_on: Mapped[date] = field(Date, _l("Held on"))
    hours: Mapped[Decimal] = field(Hundredths, _l("Training hours"), fmt="decimal")
    place: Mapped[str | None] = field(String(160), _l("Place"))
    places: Mapped[int | None] = field(Integer, _l("Places"))
    state: Mapped[str] = field(EnumText(TRAINING.choices), _l("State"), default="planned", server_default="planned")
    content: Mapped[str | None] = field(Text, _l("Content"), long=True)

    __search__ = ("title",)

    def __str__(self) -> str:
        return self.title


class TrainingAttendee(ParkScoped, Record):
    """Somebody on the list of a training. A certificate only for who attended."""

    __tablename__ = "services_training_attendee"
    __table_args__ = (
        Index("uq_services_training_attendee", "training_id", "name", "firm_id", unique=True, postgresql_nulls_not_distinct=True),
        UniqueConstraint("park_id", "certificate_no"),
        CheckConstraint("certificate_no IS NULL OR attended", name="certificate"),
    )
    training_id: Mapped[int] = fk("services_training.id", _l("Training"), ondelete="CASCADE", index=False)
    name: Mapped[str] = field(String(80), _l("Participant"), personal="name")
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    user_id: Mapped[int | None] = fk("core_user.id", _l("Member of staff"))
    attended: Mapped[bool] = field(Boolean, _l("Was there"), default=False, server_default="false")
    certificate_no: Mapped[str | None] = field(String(40), _l("Certificate no."), fmt="code")
    certified_on: Mapped[date | None] = field(Date, _l("Certified on"))
    training: Mapped[ServiceTraining] = relationship(foreign_keys="TrainingAttendee.training_id")
    firm: Mapped[Firm | None] = relationship(foreign_keys="TrainingAttendee.firm_id")
    user: Mapped[Any] = relationship("UserProfile", foreign_keys="TrainingAttendee.user_id")

    def __str__(self) -> str:
        return str(self.training)


class AidVisit(ParkScoped, Record):
    """Officers went to a firm and listened."""

    __tablename__ = "services_aid_visit"
    __table_args__ = (Index("ix_services_aid_visit_park_id_visited_on", "park_id", "visited_on"),)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    visited_on: Mapped[date] = field(Date, _l("Visited on"))
    officers: Mapped[str] = field(String(200), _l("Officers"))
    met: Mapped[str | None] = field(String(120), _l("Whom they met"), personal="name")
    summary: Mapped[str | None] = field(Text, _l("What was talked about"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="AidVisit.firm_id")

    def __str__(self) -> str:
        return f"{self.visited_on}"


class AidProblem(ParkScoped, Record):
    """A problem a firm told: an owner, a promised day, what was done, what the firm says of it."""

    __tablename__ = "services_aid_problem"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("ix_services_aid_problem_due", "park_id", "promised_on", postgresql_where="state = 'assigned'"),
        CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
        CheckConstraint("state = 'raised' OR (owner_id IS NOT NULL AND promised_on IS NOT NULL)", name="owner"),
        CheckConstraint("state <> 'closed' OR satisfaction IS NOT NULL", name="closed"),
    )
    number: Mapped[str] = field(String(40), _l("Problem no."), fmt="code")
    visit_id: Mapped[int | None] = fk("services_aid_visit.id", _l("Visit"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(PROBLEM_KINDS), _l("Kind of problem"))
    text: Mapped[str] = field(String(400), _l("Problem"))
    raised_on: Mapped[date] = field(Date, _l("Raised on"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Owner"))
    promised_on: Mapped[date | None] = field(Date, _l("Promised for"))
    measure: Mapped[str | None] = field(Text, _l("What was done"), long=True)
    solved_on: Mapped[date | None] = field(Date, _l("Solved on"))
    satisfaction: Mapped[int | None] = field(SmallInteger, _l("Satisfaction, 1 to 5"))
    words: Mapped[str | None] = field(Text, _l("What the firm said"), long=True)
    reopened: Mapped[int] = field(SmallInteger, _l("Times reopened"), default=0, server_default="0")
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    state: Mapped[str] = field(EnumText(PROBLEM.choices), _l("State"), default="raised", server_default="raised")
    visit: Mapped[AidVisit | None] = relationship(foreign_keys="AidProblem.visit_id")
    firm: Mapped[Firm] = relationship(foreign_keys="AidProblem.firm_id")
    owner: Mapped[Any] = relationship("UserProfile", foreign_keys="AidProblem.owner_id")

    __search__ = ("number", "text")

    def __str__(self) -> str:
        return self.number


class HallActivity(ParkScoped, Record):
    """An activity held at the hall: kind, day, how many came. Participants stay empty when nobody counted."""

    __tablename__ = "services_activity"
    __table_args__ = (
        Index("ix_services_activity_park_id_held_on", "park_id", "held_on"),
        CheckConstraint("participants >= 0 AND firms >= 0", name="counts"),
    )
    __reported__ = ("participants", "firms")
    hall_id: Mapped[int | None] = fk("services_hall.id", _l("Service hall"))
    title: Mapped[str] = field(String(200), _l("Activity"))
    kind: Mapped[str] = field(EnumText(ACTIVITY_KINDS), _l("Kind of activity"))
    held_on: Mapped[date] = field(Date, _l("Held on"))
    mode: Mapped[str] = field(EnumText(MODES), _l("How it was held"), default="offline", server_default="offline")
    participants: Mapped[int | None] = field(Integer, _l("People who came"))
    firms: Mapped[int | None] = field(Integer, _l("Firms that came"))
    host: Mapped[str | None] = field(String(200), _l("Host"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    hall: Mapped[ServiceHall | None] = relationship(foreign_keys="HallActivity.hall_id")

    __search__ = ("title",)

    def __str__(self) -> str:
        return self.title
