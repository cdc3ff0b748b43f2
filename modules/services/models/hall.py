"""Halls of a park, their windows, and how many people came on a day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Json
from parkops.i18n import _l

COUNTED_BY = Choices(
    "services.counted_by",
    ("door", _l("Counter at the door")),
    ("desk", _l("Guide desk")),
    ("tickets", _l("Tickets of the day")),
)


class ServiceHall(ParkScoped, Record):
    """A hall where people are served: window, kiosk, telephone and internet answer in its name."""

    __tablename__ = "services_hall"
    __table_args__ = (UniqueConstraint("park_id", "code"), CheckConstraint("area IS NULL OR area > 0", name="area"))
    code: Mapped[str] = field(String(20), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Service hall"))
    address: Mapped[str | None] = field(String(200), _l("Address"))
    phone: Mapped[str | None] = field(String(40), _l("Enquiry telephone"))
    hours: Mapped[str | None] = field(String(120), _l("Office hours"))
    area: Mapped[Decimal | None] = field(Area, _l("Floor area"))
    opened_on: Mapped[date | None] = field(Date, _l("Hall opened on"))
    zones: Mapped[str | None] = field(Text, _l("Areas of the hall"), long=True)
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name


class HallWindow(ParkScoped, Record):
    """A window with who sits there. `classes` are the kinds of items it calls; empty means every kind."""

    __tablename__ = "services_window"
    __table_args__ = (UniqueConstraint("hall_id", "code"),)
    hall_id: Mapped[int] = fk("services_hall.id", _l("Service hall"), index=False)
    code: Mapped[str] = field(String(20), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(80), _l("Service window"))
    officer_id: Mapped[int | None] = fk("core_user.id", _l("Officer"))
    classes: Mapped[list] = field(Json, _l("Calls only"), help=_l("Empty: every class"), default=list, server_default="[]")
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    hall: Mapped[ServiceHall] = relationship(foreign_keys="HallWindow.hall_id")
    officer: Mapped[Any] = relationship("UserProfile", foreign_keys="HallWindow.officer_id")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class HallVisitors(ParkScoped, Record):
    """People counted on a day, by the door counter or from the day's tickets."""

    __tablename__ = "services_visitors"
    __table_args__ = (UniqueConstraint("hall_id", "day"), CheckConstraint("visitors >= 0", name="visitors"))
    __reported__ = ("visitors",)
    hall_id: Mapped[int] = fk("services_hall.id", _l("Service hall"), index=False)
    day: Mapped[date] = field(Date, _l("Day"), index=True)
    visitors: Mapped[int] = field(Integer, _l("Visitors"))
    counted_by: Mapped[str | None] = field(EnumText(COUNTED_BY), _l("Counted by"))
    hall: Mapped[ServiceHall] = relationship(foreign_keys="HallVisitors.hall_id")

    def __str__(self) -> str:
        return f"{self.day}: {self.visitors}"
