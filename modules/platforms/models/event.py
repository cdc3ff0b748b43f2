"""Billable events: one table for everything a platform charges for, whatever it is."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UnitPrice, UTCDateTime
from parkops.i18n import _l

from ..states import EVENT
from .project import CUSTOMER_CLASSES, PayingProject
from .registry import Instrument, Platform, ServiceItem

EVENT_KINDS = Choices(
    "platforms.event_kind",
    ("usage", _l("Machine use"), "blue"),
    ("sample", _l("Sample or service order"), "violet"),
    ("consumable", _l("Consumable"), "green"),
    ("technician", _l("Technician time"), "amber"),
    ("training", _l("Training"), "blue"),
    ("missed", _l("Missed booking"), "red"),
    ("custom", _l("Other charge"), "grey"),
)
EVENT_ORIGINS = Choices(
    "platforms.event_origin",
    ("staff", _l("By staff")),
    ("user", _l("By the user")),
    ("interlock", _l("By the interlock")),
    ("booking", _l("From a booking")),
    ("question", _l("From an answer")),
    ("quote", _l("From a quote")),
    ("load", _l("Taken over")),
)


def _ref(label: Any) -> dict[str, Any]:
    """What people see of a reference without a foreign key."""
    return {"label": label, "help": None, "personal": None, "fmt": "ref"}


class UsageEvent(ParkScoped, Record):
    """One thing to be charged. Booking is not usage: the event is what happened.

    `ended_on` is the park's day of its end: it decides month and rate. `minutes` and `quantity` are what is priced; a custom
    event brings its own `amount` (may be negative). Month runs fill the price fields (fen in the database): `gross` is the
    rate's price, then `discount` (tier), `entitled` (rights used) and `waived` are taken off and `net` is charged; `run_id` is
    the run that priced it. No index holds a price field, and a page is filled to 40 % so that every event finds room for its prices
    in it (176 bytes become 232): pricing a month touches no index."""

    __tablename__ = "platforms_event"
    __table_args__ = (
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="times"),
        CheckConstraint("(state IN ('open', 'void')) OR (ended_at IS NOT NULL AND ended_on IS NOT NULL)", name="ended"),
        CheckConstraint("minutes IS NULL OR minutes BETWEEN 0 AND 527040", name="minutes"),
        CheckConstraint("quantity IS NULL OR quantity >= 0", name="quantity"),
        CheckConstraint("(kind = 'custom') = (amount IS NOT NULL)", name="custom_amount"),
        CheckConstraint("kind <> 'usage' OR instrument_id IS NOT NULL", name="usage_instrument"),
        CheckConstraint("(net IS NULL) = (run_id IS NULL)", name="priced"),
        CheckConstraint("net IS NULL OR net = gross - discount - entitled - waived", name="net"),
        CheckConstraint("state <> 'waived' OR waived_reason IS NOT NULL", name="waived_reason"),
        Index("ix_platforms_event_month", "park_id", "ended_on"),
        Index("ix_platforms_event_instrument_id_ended_on", "instrument_id", "ended_on"),
        Index("ix_platforms_event_project_id", "project_id", "ended_on"),
        Index("ix_platforms_event_firm_id", "firm_id", "ended_on"),
        Index("ix_platforms_event_running", "park_id", "started_at", postgresql_where="state = 'open'"),
        Index("uq_platforms_event_open", "instrument_id", unique=True, postgresql_where="state = 'open' AND kind = 'usage'"),
        Index("uq_platforms_event_missed", "booking_id", unique=True, postgresql_where="booking_id IS NOT NULL AND kind = 'missed'"),
        Index("ix_platforms_event_platform_id", "platform_id", "ended_on"),
        Index("ix_platforms_event_item_id", "item_id", postgresql_where="item_id IS NOT NULL"),
        Index("ix_platforms_event_person_id", "person_id", postgresql_where="person_id IS NOT NULL"),
        Index("ix_platforms_event_parent_id", "parent_id", postgresql_where="parent_id IS NOT NULL"),
        Index("ix_platforms_event_booking_id", "booking_id", postgresql_where="booking_id IS NOT NULL"),
        {"postgresql_with": {"fillfactor": 40}},
    )
    park_id: Mapped[int] = fk("core_park.id", None, index=False, nullable=False, sort_order=-9)  # ix_platforms_event_month begins with it
    kind: Mapped[str] = field(EnumText(EVENT_KINDS), _l("Kind"), default="usage", server_default="usage")
    state: Mapped[str] = field(EnumText(EVENT.choices), _l("State"), default="open", server_default="open")
    origin: Mapped[str] = field(EnumText(EVENT_ORIGINS), _l("Recorded"), default="staff", server_default="staff")
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"), index=False)
    instrument_id: Mapped[int | None] = fk("platforms_instrument.id", _l("Instrument"), index=False)
    item_id: Mapped[int | None] = fk("platforms_service_item.id", _l("Ordered"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    project_id: Mapped[int] = fk("platforms_project.id", _l("Paying project"), index=False)
    person_id: Mapped[int | None] = fk("tenants_person.id", _l("Person"), index=False)
    customer_class: Mapped[str] = field(EnumText(CUSTOMER_CLASSES), _l("Class of user"))
    booking_id: Mapped[int | None] = fk("booking_booking.id", _l("Booking"), index=False)
    parent_id: Mapped[int | None] = fk("platforms_event.id", _l("Belongs to"), index=False)
    started_at: Mapped[datetime] = field(UTCDateTime, _l("Start"))
    ended_at: Mapped[datetime | None] = field(UTCDateTime, _l("End"))
    ended_on: Mapped[date | None] = field(Date, _l("Day"))
    minutes: Mapped[int | None] = field(Integer, _l("Minutes"))
    quantity: Mapped[Decimal | None] = field(UnitPrice, _l("Quantity"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"), help=_l("Of an other charge; negative for a credit"))
    started_by: Mapped[str | None] = field(String(80), _l("Started by"))
    stopped_by: Mapped[str | None] = field(String(80), _l("Stopped by"))
    validated_by: Mapped[str | None] = field(String(80), _l("Validated by"))
    validated_on: Mapped[date | None] = field(Date, _l("Validated on"))
    waived_by: Mapped[str | None] = field(String(80), _l("Waived by"))
    waived_reason: Mapped[str | None] = field(String(300), _l("Reason of the waiver"))
    memo: Mapped[str | None] = field(Text, _l("Note"), long=True)
    # run and rate have no foreign key: checked row by row, they would take half of a month run. Neither can be deleted (triggers).
    reversals: Mapped[int] = field(Integer, _l("Bills reversed"), default=0, server_default="0",
                                   help=_l("How often a bill with this event was wholly reversed; it may be priced and billed again"))
    run_id: Mapped[int | None] = mapped_column(BigInteger, info=_ref(_l("Priced by run")))
    rate_id: Mapped[int | None] = mapped_column(BigInteger, info=_ref(_l("Platform rate")))
    gross: Mapped[Decimal | None] = field(Money, _l("Price before reductions"))
    discount: Mapped[Decimal | None] = field(Money, _l("Discount"))
    entitled: Mapped[Decimal | None] = field(Money, _l("Covered by rights"))
    waived: Mapped[Decimal | None] = field(Money, _l("Waived value"))
    net: Mapped[Decimal | None] = field(Money, _l("To be charged"))
    platform: Mapped[Platform] = relationship(foreign_keys="UsageEvent.platform_id")
    instrument: Mapped[Instrument | None] = relationship(foreign_keys="UsageEvent.instrument_id")
    item: Mapped[ServiceItem | None] = relationship(foreign_keys="UsageEvent.item_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="UsageEvent.firm_id")
    project: Mapped[PayingProject] = relationship(foreign_keys="UsageEvent.project_id")
    person: Mapped[Any] = relationship("Person", foreign_keys="UsageEvent.person_id")
    booking: Mapped[Any] = relationship("Booking", foreign_keys="UsageEvent.booking_id")
    parent: Mapped[UsageEvent | None] = relationship(foreign_keys="UsageEvent.parent_id", remote_side="UsageEvent.id")
    run: Mapped[Any] = relationship("MonthRun", primaryjoin="foreign(UsageEvent.run_id) == MonthRun.id")
    rate: Mapped[Any] = relationship("PlatformRate", primaryjoin="foreign(UsageEvent.rate_id) == PlatformRate.id")

    def __str__(self) -> str:
        return f"#{self.id}"

    @property
    def charge_key(self) -> str:
        """The key of its line in billing; each reversed bill begins a new one (U-35)."""
        return f"platforms.event:{self.id}" + (f":{self.reversals + 1}" if self.reversals else "")


class StockMove(ParkScoped, Record):
    """Consumables in (positive) or out (negative). The item's stock is their sum (trigger) and never below zero (CHECK)."""

    __tablename__ = "platforms_stock_move"
    __table_args__ = (CheckConstraint("quantity <> 0", name="quantity"),)
    item_id: Mapped[int] = fk("platforms_service_item.id", _l("Consumable"))
    quantity: Mapped[Decimal] = field(UnitPrice, _l("Quantity"), help=_l("Negative: taken out"))
    moved_on: Mapped[date] = field(Date, _l("Day"))
    event_id: Mapped[int | None] = fk("platforms_event.id", _l("Event"))
    cost: Mapped[Decimal | None] = field(Money, _l("Cost"))
    memo: Mapped[str | None] = field(String(200), _l("Note"))
    item: Mapped[ServiceItem] = relationship(foreign_keys="StockMove.item_id")
    event: Mapped[UsageEvent | None] = relationship(foreign_keys="StockMove.event_id")

    def __str__(self) -> str:
        return f"{self.moved_on} {self.quantity}"
