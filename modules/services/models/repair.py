"""Repairs (报修) and incidents: one event behind many tickets."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

from ..states_repair import INCIDENT, REPAIR
from .case import ServiceCase
from .demand import ServiceDemand

REPAIR_KINDS = Choices(
    "services.repair_kind",
    ("power", _l("Electricity")),
    ("water", _l("Water and drains")),
    ("air", _l("Heating and air")),
    ("lift", _l("Lift")),
    ("network", _l("Network")),
    ("door", _l("Doors and locks")),
    ("fire", _l("Fire protection"), "red"),
    ("building", _l("Building fabric")),
    ("cleaning", _l("Cleaning")),
    ("other", _l("Other repair")),
)
URGENCIES = Choices(
    "services.urgency", ("normal", _l("Normal"), "grey"), ("urgent", _l("Urgent"), "amber"), ("danger", _l("Danger"), "red")
)
PROMISE = {"normal": 3, "urgent": 1, "danger": 0}  # working days until the promised day; the default of a new repair
SOURCES = Choices(
    "services.repair_source",
    ("staff", _l("Staff")),
    ("portal", _l("Portal of the firm")),
    ("phone", _l("By telephone")),
    ("patrol", _l("Round of inspection")),
)


class ServiceRepair(ParkScoped, Record):
    """Something is broken: what, where, who repairs it by when, and what the reporter thinks of it. Photos are attachments.

    `first_promised_on` is what was promised when it was reported; the share within the promise is measured against it.

    `unit_id` is the id of a `leasing.unit` when that module is installed; `place` says it in words."""

    __tablename__ = "services_repair"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("ix_services_repair_due", "park_id", "promised_on", postgresql_where="state IN ('reported', 'assigned')"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("state NOT IN ('assigned', 'done', 'confirmed') OR assignee_id IS NOT NULL", name="assignee"),
        CheckConstraint("state NOT IN ('done', 'confirmed') OR done_on IS NOT NULL", name="done"),
        CheckConstraint("state <> 'confirmed' OR stars IS NOT NULL", name="confirmed"),
    )
    number: Mapped[str] = field(String(40), _l("Repair no."), fmt="code")
    kind: Mapped[str] = field(EnumText(REPAIR_KINDS), _l("What is broken"))
    urgency: Mapped[str] = field(EnumText(URGENCIES), _l("Urgency"), default="normal", server_default="normal")
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"), help=_l("Empty: common areas"))
    place: Mapped[str] = field(String(200), _l("Place"))
    unit_id: Mapped[int | None] = field(BigInteger, _l("Room record"), fmt="int")
    text: Mapped[str] = field(Text, _l("What is wrong"), long=True)
    reporter: Mapped[str | None] = field(String(80), _l("Reported by"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    source: Mapped[str] = field(EnumText(SOURCES), _l("How it came in"), default="staff", server_default="staff")
    reported_at: Mapped[datetime] = field(UTCDateTime, _l("Reported at"))
    reported_on: Mapped[date] = field(Date, _l("Reported on"))
    assignee_id: Mapped[int | None] = fk("core_user.id", _l("Who repairs"))
    promised_on: Mapped[date] = field(Date, _l("Promised for"))
    first_promised_on: Mapped[date] = field(Date, _l("First promised for"))
    measure: Mapped[str | None] = field(Text, _l("What was done"), long=True)
    done_on: Mapped[date | None] = field(Date, _l("Repaired on"))
    stars: Mapped[int | None] = field(SmallInteger, _l("Stars"))
    remark: Mapped[str | None] = field(String(300), _l("Remark"))
    reopened: Mapped[int] = field(SmallInteger, _l("Times reopened"), default=0, server_default="0")
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    state: Mapped[str] = field(EnumText(REPAIR.choices), _l("State"), default="reported", server_default="reported")
    firm: Mapped[Firm | None] = relationship(foreign_keys="ServiceRepair.firm_id")
    assignee: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceRepair.assignee_id")

    __search__ = ("number", "place")

    def __str__(self) -> str:
        return self.number


class ServiceIncident(ParkScoped, Record):
    """An event many people report: a power cut, a burst main, a system that is down. `script` is what staff say meanwhile."""

    __tablename__ = "services_incident"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("state <> 'closed' OR (answer IS NOT NULL AND ended_at IS NOT NULL)", name="closed"),
    )
    number: Mapped[str] = field(String(40), _l("Incident no."), fmt="code")
    title: Mapped[str] = field(String(200), _l("Incident"))
    place: Mapped[str | None] = field(String(200), _l("Place"))
    started_at: Mapped[datetime] = field(UTCDateTime, _l("Began at"))
    expected_at: Mapped[datetime | None] = field(UTCDateTime, _l("Expected to end at"))
    script: Mapped[str] = field(Text, _l("What staff say"), long=True)
    cause: Mapped[str | None] = field(Text, _l("Cause"), long=True)
    answer: Mapped[str | None] = field(Text, _l("Answer to everybody"), long=True)
    ended_at: Mapped[datetime | None] = field(UTCDateTime, _l("Ended at"))
    state: Mapped[str] = field(EnumText(INCIDENT.choices), _l("State"), default="open", server_default="open")

    __search__ = ("number", "title")

    def __str__(self) -> str:
        return self.title


class IncidentTicket(ParkScoped, Record):
    """A demand, repair or case that belongs to an incident. Each belongs to one incident at most."""

    __tablename__ = "services_incident_ticket"
    __table_args__ = (
        CheckConstraint("num_nonnulls(demand_id, repair_id, case_id) = 1", name="of"),
        UniqueConstraint("demand_id"),
        UniqueConstraint("repair_id"),
        UniqueConstraint("case_id"),
    )
    incident_id: Mapped[int] = fk("services_incident.id", _l("Incident"))
    demand_id: Mapped[int | None] = fk("services_demand.id", _l("Demand"), index=False)
    repair_id: Mapped[int | None] = fk("services_repair.id", _l("Repair"), index=False)
    case_id: Mapped[int | None] = fk("services_case.id", _l("Hall case"), index=False)
    linked_on: Mapped[date] = field(Date, _l("Linked on"))
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    incident: Mapped[ServiceIncident] = relationship(foreign_keys="IncidentTicket.incident_id")
    demand: Mapped[ServiceDemand | None] = relationship(foreign_keys="IncidentTicket.demand_id")
    repair: Mapped[ServiceRepair | None] = relationship(foreign_keys="IncidentTicket.repair_id")
    case: Mapped[ServiceCase | None] = relationship(foreign_keys="IncidentTicket.case_id")

    def __str__(self) -> str:
        return str(self.demand or self.repair or self.case or "")
