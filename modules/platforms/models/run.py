"""The month run: events of a month priced in one go, then collected by billing."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, String
from sqlalchemy.orm import Mapped

from parkops.db.base import ParkScoped, Record, field
from parkops.db.types import Choices, EnumText, Json, Money, UTCDateTime
from parkops.i18n import _l

MONTH_RUN_STATES = Choices(
    "platforms.run_state",
    ("priced", _l("Priced"), "green"),
    ("voided", _l("Voided"), "red"),
)


class MonthRun(ParkScoped, Record):
    """One pricing of a park's month. A month has one live run; running again prices what came since and, anew, what stands
    on no bill (U-32). Voiding takes the prices back while none of the events is on a posted bill."""

    __tablename__ = "platforms_month_run"
    __table_args__ = (
        CheckConstraint("extract(day from month) = 1", name="month"),
        Index("uq_platforms_month_run_live", "park_id", "month", unique=True, postgresql_where="state = 'priced'"),
    )
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    state: Mapped[str] = field(EnumText(MONTH_RUN_STATES), _l("State"), default="priced", server_default="priced")
    events: Mapped[int] = field(Integer, _l("Events"), default=0, server_default="0")
    firms: Mapped[int] = field(Integer, _l("Payers"), default=0, server_default="0")
    gross: Mapped[Decimal] = field(Money, _l("Price before reductions"), default=Decimal(0), server_default="0")
    discount: Mapped[Decimal] = field(Money, _l("Discount"), default=Decimal(0), server_default="0")
    entitled: Mapped[Decimal] = field(Money, _l("Covered by rights"), default=Decimal(0), server_default="0")
    waived: Mapped[Decimal] = field(Money, _l("Waived value"), default=Decimal(0), server_default="0")
    net: Mapped[Decimal] = field(Money, _l("To be charged"), default=Decimal(0), server_default="0")
    exceptions: Mapped[int] = field(Integer, _l("Exceptions"), default=0, server_default="0")
    detail: Mapped[dict[str, Any] | None] = field(Json, _l("Counts"))
    started_by: Mapped[str] = field(String(80), _l("Started by"))
    finished_at: Mapped[datetime | None] = field(UTCDateTime, _l("Finished at"))

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
