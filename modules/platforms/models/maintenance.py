"""Maintenance plans of instruments, the work done, and outages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from .registry import Instrument

WORK_KINDS = Choices(
    "platforms.work_kind",
    ("planned", _l("Planned maintenance"), "blue"),
    ("calibration", _l("Calibration"), "violet"),
    ("repair", _l("Repair"), "amber"),
    ("fault", _l("Fault"), "red"),
)


class MaintenancePlan(ParkScoped, Record):
    """Work due again and again: every so many days after it was done last."""

    __tablename__ = "platforms_maintenance_plan"
    __table_args__ = (CheckConstraint("every_days BETWEEN 1 AND 3650", name="every_days"),)
    instrument_id: Mapped[int] = fk("platforms_instrument.id", _l("Instrument"))
    kind: Mapped[str] = field(EnumText(WORK_KINDS), _l("Kind"), default="planned", server_default="planned")
    title: Mapped[str] = field(String(200), _l("What is to be done"))
    every_days: Mapped[int] = field(Integer, _l("Every … days"))
    next_on: Mapped[date] = field(Date, _l("Next on"))
    user_id: Mapped[int | None] = fk("core_user.id", _l("Done by"), help=_l("Who gets the to-do; empty: nobody in particular"))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    instrument: Mapped[Instrument] = relationship(foreign_keys="MaintenancePlan.instrument_id")

    def __str__(self) -> str:
        return self.title


class MaintenanceWork(ParkScoped, Record):
    """An outage or a piece of work on an instrument. Open (`ends_at` empty): the instrument cannot be used or booked."""

    __tablename__ = "platforms_maintenance_work"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="times"),
        CheckConstraint("cost IS NULL OR cost >= 0", name="cost"),
        Index("ix_platforms_maintenance_work_open", "instrument_id", postgresql_where="ends_at IS NULL"),
    )
    instrument_id: Mapped[int] = fk("platforms_instrument.id", _l("Instrument"))
    plan_id: Mapped[int | None] = fk("platforms_maintenance_plan.id", _l("Maintenance plan"))
    kind: Mapped[str] = field(EnumText(WORK_KINDS), _l("Kind"))
    title: Mapped[str] = field(String(200), _l("What happened"))
    starts_at: Mapped[datetime] = field(UTCDateTime, _l("Out of use since"))
    ends_at: Mapped[datetime | None] = field(UTCDateTime, _l("Back in use at"))
    cost: Mapped[Decimal | None] = field(Money, _l("Cost"))
    reported_by: Mapped[str] = field(String(80), _l("Reported by"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    instrument: Mapped[Instrument] = relationship(foreign_keys="MaintenanceWork.instrument_id")
    plan: Mapped[MaintenancePlan | None] = relationship(foreign_keys="MaintenanceWork.plan_id")

    def __str__(self) -> str:
        return self.title
