"""Queue numbers of a hall's day. The counter row gives each number once; a ticket is called by one window only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText, UTCDateTime
from parkops.i18n import _l

from ..states import TICKET
from .hall import HallWindow, ServiceHall
from .item import ITEM_CLASSES

PREFIX = {code: chr(65 + n) for n, code in enumerate(ITEM_CLASSES)}


class QueueCounter(ParkScoped, Record):
    """The last number given in a hall on a day."""

    __tablename__ = "services_queue_counter"
    __table_args__ = (UniqueConstraint("hall_id", "day"), CheckConstraint("last > 0", name="last"))
    __audited__ = False
    hall_id: Mapped[int] = fk("services_hall.id", _l("Service hall"), index=False)
    day: Mapped[date] = field(Date, _l("Day"))
    last: Mapped[int] = field(Integer, _l("Last number"))


class QueueTicket(ParkScoped, Record):
    """One number of one day. `waited` is what the client waited until the call, in whole minutes."""

    __tablename__ = "services_ticket"
    __table_args__ = (
        UniqueConstraint("hall_id", "day", "number"),
        Index("ix_services_ticket_queue", "park_id", "hall_id", "day", "state", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("waited >= 0", name="waited"),
        CheckConstraint("(state IN ('called', 'serving', 'served')) <= (window_id IS NOT NULL AND called_at IS NOT NULL)", name="window"),
    )
    hall_id: Mapped[int] = fk("services_hall.id", _l("Service hall"), index=False)
    day: Mapped[date] = field(Date, _l("Day"))
    number: Mapped[int] = field(Integer, _l("Queue number"))
    item_class: Mapped[str] = field(EnumText(ITEM_CLASSES), _l("Class of item"))
    state: Mapped[str] = field(EnumText(TICKET.choices), _l("State"), default="waiting", server_default="waiting")
    taken_at: Mapped[datetime] = field(UTCDateTime, _l("Ticket taken"))
    called_at: Mapped[datetime | None] = field(UTCDateTime, _l("Called at"))
    serving_at: Mapped[datetime | None] = field(UTCDateTime, _l("At the window since"))
    ended_at: Mapped[datetime | None] = field(UTCDateTime, _l("Ended at"))
    waited: Mapped[int | None] = field(Integer, _l("Minutes waited"))
    calls: Mapped[int] = field(SmallInteger, _l("Times called"), default=0, server_default="0")
    window_id: Mapped[int | None] = fk("services_window.id", _l("Service window"))
    officer_id: Mapped[int | None] = fk("core_user.id", _l("Officer"))
    hall: Mapped[ServiceHall] = relationship(foreign_keys="QueueTicket.hall_id")
    window: Mapped[HallWindow | None] = relationship(foreign_keys="QueueTicket.window_id")
    officer: Mapped[Any] = relationship("UserProfile", foreign_keys="QueueTicket.officer_id")

    @property
    def label(self) -> str:
        """What the ticket shows, such as A012."""
        return f"{PREFIX[self.item_class]}{self.number:03d}"

    def __str__(self) -> str:
        return f"{self.label} {self.day}"
