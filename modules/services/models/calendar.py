"""Holidays and make-up days of a park's halls, over the public calendar."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from parkops.db.base import ParkScoped, Record, field
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

DAY_KINDS = Choices("services.day_kind", ("holiday", _l("Public holiday"), "amber"), ("makeup", _l("Make-up working day"), "blue"))


class HallDay(ParkScoped, Record):
    """A day on which the hall works other than the week says. What stands here decides, also against the public calendar."""

    __tablename__ = "services_calendar_day"
    __table_args__ = (UniqueConstraint("park_id", "day"),)
    day: Mapped[date] = field(Date, _l("Calendar day"))
    kind: Mapped[str] = field(EnumText(DAY_KINDS), _l("Kind of day"))
    name: Mapped[str | None] = field(String(80), _l("Occasion"))
    source: Mapped[str | None] = field(String(120), _l("Source"))

    def __str__(self) -> str:
        return f"{self.day} {DAY_KINDS.label(self.kind)}"
