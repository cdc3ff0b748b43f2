"""Self-service machines: registration kiosk (商事注册一体机) and tax terminal (自助办税), and each use of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

from ..states_desk import MACHINE_SESSION
from .hall import ServiceHall

MACHINE_KINDS = Choices(
    "services.machine_kind",
    ("registration", _l("Business registration machine")),
    ("tax", _l("Tax terminal")),
    ("print", _l("Printing of licences")),
    ("other", _l("Other machine")),
)


class ServiceMachine(ParkScoped, Record):
    """A machine that stands in a hall."""

    __tablename__ = "services_machine"
    __table_args__ = (UniqueConstraint("park_id", "code"), CheckConstraint("removed_on IS NULL OR removed_on >= installed_on", name="days"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Self-service machine"))
    kind: Mapped[str] = field(EnumText(MACHINE_KINDS), _l("Kind of machine"))
    hall_id: Mapped[int | None] = fk("services_hall.id", _l("Service hall"))
    place: Mapped[str | None] = field(String(160), _l("Place"))
    installed_on: Mapped[date] = field(Date, _l("Installed on"))
    removed_on: Mapped[date | None] = field(Date, _l("Taken away on"))
    hall: Mapped[ServiceHall | None] = relationship(foreign_keys="ServiceMachine.hall_id")

    __search__ = ("code", "name")

    def __str__(self) -> str:
        return self.name


class MachineSession(ParkScoped, Record):
    """One use of a machine. One at a time per machine (unique index); `seconds` are counted when it ends."""

    __tablename__ = "services_machine_session"
    __table_args__ = (
        UniqueConstraint("machine_id", "number"),
        Index("uq_services_machine_session_one", "machine_id", unique=True, postgresql_where="state = 'running'"),
        Index("ix_services_machine_session_park_id_day", "park_id", "day"),
        CheckConstraint("state = 'running' OR ended_at IS NOT NULL", name="ended"),
        CheckConstraint("ended_at >= started_at", name="order"),
        CheckConstraint("state <> 'failed' OR reason IS NOT NULL", name="reason"),
    )
    machine_id: Mapped[int] = fk("services_machine.id", _l("Self-service machine"), index=False)
    number: Mapped[int] = field(Integer, _l("Session no."))
    day: Mapped[date] = field(Date, _l("Day"))
    item: Mapped[str] = field(String(160), _l("What was done at it"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    started_at: Mapped[datetime] = field(UTCDateTime, _l("Started at"))
    ended_at: Mapped[datetime | None] = field(UTCDateTime, _l("Ended at"))
    seconds: Mapped[int | None] = field(Integer, _l("Seconds"))
    receipt: Mapped[str | None] = field(String(80), _l("Receipt no."), fmt="code")
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    state: Mapped[str] = field(EnumText(MACHINE_SESSION.choices), _l("State"), default="running", server_default="running")
    machine: Mapped[ServiceMachine] = relationship(foreign_keys="MachineSession.machine_id")
    firm: Mapped[Firm | None] = relationship(foreign_keys="MachineSession.firm_id")

    def __str__(self) -> str:
        return f"{self.machine_id}-{self.number}"
