"""Demands and complaints (诉求): registered, owned, answered, called back; escalated when late."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

from ..states_quality import DEMAND
from .case import CHANNELS, ServiceCase

DEMAND_KINDS = Choices(
    "services.demand_kind",
    ("demand", _l("Demand"), "blue"),
    ("complaint", _l("Complaint"), "red"),
    ("question", _l("Request for information"), "grey"),
    ("proposal", _l("Suggestion"), "violet"),
)
LEVELS = Choices(
    "services.level",
    ("1", _l("Officer"), "grey"),
    ("2", _l("Head of the hall"), "amber"),
    ("3", _l("Leader of the park"), "red"),
)


class ServiceDemand(ParkScoped, Record):
    """What somebody wants or complains about. `level` rises when it is late; the client's agreement closes it."""

    __tablename__ = "services_demand"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("ix_services_demand_due", "park_id", "due_on", postgresql_where="state <> 'closed'"),
        CheckConstraint("reopened >= 0", name="reopened"),
        CheckConstraint("state NOT IN ('assigned', 'answered') OR owner_id IS NOT NULL", name="owner"),
    )
    number: Mapped[str] = field(String(40), _l("Demand no."), fmt="code")
    kind: Mapped[str] = field(EnumText(DEMAND_KINDS), _l("Kind of demand"))
    title: Mapped[str] = field(String(200), _l("What it concerns"))
    text: Mapped[str | None] = field(Text, _l("What it is about"), long=True)
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    case_id: Mapped[int | None] = fk("services_case.id", _l("Hall case"))
    applicant: Mapped[str | None] = field(String(120), _l("Who asks"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    channel: Mapped[str] = field(EnumText(CHANNELS), _l("Channel"), default="window", server_default="window")
    received_on: Mapped[date] = field(Date, _l("Received on"))
    received_at: Mapped[datetime] = field(UTCDateTime, _l("Received at"))
    due_on: Mapped[date] = field(Date, _l("Answer by"))
    first_officer_id: Mapped[int | None] = fk("core_user.id", _l("First asked"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Owner"))
    level: Mapped[str] = field(EnumText(LEVELS), _l("Level"), default="1", server_default="1")
    escalated_on: Mapped[date | None] = field(Date, _l("Escalated on"))
    state: Mapped[str] = field(EnumText(DEMAND.choices), _l("State"), default="open", server_default="open")
    answer: Mapped[str | None] = field(Text, _l("Answer to the client"), long=True)
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    answered_by_id: Mapped[int | None] = fk("core_user.id", _l("Demand answered by"))
    reopened: Mapped[int] = field(SmallInteger, _l("Times reopened"), default=0, server_default="0")
    content: Mapped[bool | None] = field(Boolean, _l("Content now"))
    words: Mapped[str | None] = field(Text, _l("What the client said"), long=True)
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    firm: Mapped[Firm | None] = relationship(foreign_keys="ServiceDemand.firm_id")
    case: Mapped[ServiceCase | None] = relationship(foreign_keys="ServiceDemand.case_id")
    first_officer: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceDemand.first_officer_id")
    answered_by: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceDemand.answered_by_id")
    owner: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceDemand.owner_id")

    __search__ = ("number", "title")

    def __str__(self) -> str:
        return self.number
