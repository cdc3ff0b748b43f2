"""What a user thinks wrong about an event, and what was decided."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText, Money, UnitPrice, UTCDateTime
from parkops.i18n import _l

from ..states_adjustment import ADJUSTMENT
from .event import UsageEvent
from .project import PayingProject


class EventAdjustment(ParkScoped, Record):
    """A request to change start, end, quantity or project of an event, or to waive it. Original and wanted values stay."""

    __tablename__ = "platforms_adjustment"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("want_end IS NULL OR want_start IS NULL OR want_end >= want_start", name="want_times"),
        CheckConstraint("waive OR coalesce(want_quantity, want_project_id, extract(epoch FROM coalesce(want_start, want_end))) IS NOT NULL",
                        name="wanted"),
        CheckConstraint("state NOT IN ('approved', 'denied', 'applied') OR decided_by IS NOT NULL", name="decided"),
        Index("uq_platforms_adjustment_open", "event_id", unique=True, postgresql_where="state IN ('open', 'approved')"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    event_id: Mapped[int] = fk("platforms_event.id", _l("Event"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(ADJUSTMENT.choices), _l("State"), default="open", server_default="open")
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    raised_on: Mapped[date] = field(Date, _l("Asked on"))
    entered_by_id: Mapped[int | None] = field(BigInteger, _l("Entered by (user)"))
    entered_by: Mapped[str | None] = field(String(80), _l("Entered by"))
    was_start: Mapped[datetime] = field(UTCDateTime, _l("Start as recorded"))
    was_end: Mapped[datetime | None] = field(UTCDateTime, _l("End as recorded"))
    was_quantity: Mapped[Decimal | None] = field(UnitPrice, _l("Quantity as recorded"))
    was_project_id: Mapped[int] = fk("platforms_project.id", _l("Project as recorded"))
    was_net: Mapped[Decimal | None] = field(Money, _l("Charged before"))
    want_start: Mapped[datetime | None] = field(UTCDateTime, _l("Start wanted"))
    want_end: Mapped[datetime | None] = field(UTCDateTime, _l("End wanted"))
    want_quantity: Mapped[Decimal | None] = field(UnitPrice, _l("Quantity wanted"))
    want_project_id: Mapped[int | None] = fk("platforms_project.id", _l("Project wanted"))
    waive: Mapped[bool] = field(Boolean, _l("Waive it"), default=False, server_default="false")
    decided_by_id: Mapped[int | None] = field(BigInteger, _l("Decided by (user)"))
    decided_by: Mapped[str | None] = field(String(80), _l("Decided by"))
    answer: Mapped[str | None] = field(Text, _l("Answer"), long=True)
    applied_by: Mapped[str | None] = field(String(80), _l("Carried out by"))
    applied_on: Mapped[date | None] = field(Date, _l("Applied on"))
    difference: Mapped[Decimal | None] = field(Money, _l("Difference"), help=_l("What the bill changes by when it was posted already"))
    credit_id: Mapped[int | None] = fk("billing_bill.id", _l("Credit note"))
    event: Mapped[UsageEvent] = relationship(foreign_keys="EventAdjustment.event_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="EventAdjustment.firm_id")
    was_project: Mapped[PayingProject] = relationship(foreign_keys="EventAdjustment.was_project_id")
    want_project: Mapped[PayingProject | None] = relationship(foreign_keys="EventAdjustment.want_project_id")
    credit: Mapped[Any] = relationship("Bill", foreign_keys="EventAdjustment.credit_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number
