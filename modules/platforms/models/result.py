"""The results ledger of platforms: patents, transfers and others with their evidence; and the yearly facts of an instrument."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UnitPrice
from parkops.i18n import _l

from .registry import Instrument, Platform

RESULT_KINDS = Choices(
    "platforms.result_kind",
    ("patent", _l("Patent"), "blue"),
    ("transfer", _l("Result transferred"), "green"),
    ("standard", _l("Standard"), "violet"),
    ("award", _l("Award"), "amber"),
    ("paper", _l("Paper"), "grey"),
)
RESULT_STATES = Choices(
    "platforms.result_state",
    ("recorded", _l("Recorded"), "grey"),
    ("confirmed", _l("Confirmed"), "green"),
    ("refused", _l("Refused"), "red"),
)

GRADES = Choices(
    "platforms.grade",
    ("excellent", _l("Excellent"), "green"),
    ("good", _l("Good"), "blue"),
    ("passed", _l("Satisfactory"), "amber"),
    ("failed", _l("Not satisfactory"), "red"),
)


class PlatformResult(ParkScoped, Record):
    """A result a platform brought about. It counts once another person has confirmed it by its evidence."""

    __tablename__ = "platforms_result"
    __table_args__ = (
        UniqueConstraint("park_id", "kind", "reference"),
        CheckConstraint("amount IS NULL OR kind = 'transfer'", name="amount"),
        CheckConstraint("(state = 'confirmed') = (confirmed_by IS NOT NULL AND confirmed_on IS NOT NULL)", name="confirmed"),
        Index("ix_platforms_result_park_id_kind", "park_id", "kind", "on_date"),
    )
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    kind: Mapped[str] = field(EnumText(RESULT_KINDS), _l("Kind"))
    title: Mapped[str] = field(String(200), _l("Title"))
    reference: Mapped[str] = field(String(80), _l("Number of the document"), fmt="code", help=_l("Patent, contract or decision number"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    instrument_id: Mapped[int | None] = fk("platforms_instrument.id", _l("Instrument"))
    amount: Mapped[Decimal | None] = field(Money, _l("Contract value"), help=_l("Of a transfer"))
    state: Mapped[str] = field(EnumText(RESULT_STATES), _l("State"), default="recorded", server_default="recorded")
    recorded_by: Mapped[str] = field(String(80), _l("Recorded by"))
    confirmed_by: Mapped[str | None] = field(String(80), _l("Confirmed by"))
    confirmed_on: Mapped[date | None] = field(Date, _l("Confirmed on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    platform: Mapped[Platform] = relationship(foreign_keys="PlatformResult.platform_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="PlatformResult.firm_id")
    instrument: Mapped[Instrument | None] = relationship(foreign_keys="PlatformResult.instrument_id")

    __search__ = ("title", "reference")

    def __str__(self) -> str:
        return self.title


class InstrumentYear(ParkScoped, Record):
    """What people report about an instrument's year for its benefit evaluation; hours and income are counted, not reported.

    `score` and `grade` are empty while a dimension lacks a fact: missing is not zero."""

    __tablename__ = "platforms_instrument_year"
    __table_args__ = (UniqueConstraint("park_id", "instrument_id", "year"), CheckConstraint("year BETWEEN 2000 AND 2100", name="year"))
    __reported__ = (
        "operators",
        "guided",
        "shown",
        "national_awards",
        "provincial_awards",
        "own_awards",
        "papers",
        "functions",
        "functions_used",
    )
    instrument_id: Mapped[int] = fk("platforms_instrument.id", _l("Instrument"))
    year: Mapped[int] = field(SmallInteger, _l("Year"), fmt="code")
    operators: Mapped[int | None] = field(Integer, _l("Trained to work alone"))
    guided: Mapped[int | None] = field(Integer, _l("Trained under guidance"))
    shown: Mapped[int | None] = field(Integer, _l("Persons at demonstrations"))
    national_awards: Mapped[int | None] = field(Integer, _l("National awards"))
    provincial_awards: Mapped[int | None] = field(Integer, _l("Provincial and ministerial awards"))
    own_awards: Mapped[int | None] = field(Integer, _l("Awards of a university"))
    papers: Mapped[int | None] = field(Integer, _l("Papers in core journals"))
    functions: Mapped[int | None] = field(Integer, _l("Functions of the instrument"))
    functions_used: Mapped[int | None] = field(Integer, _l("Functions used"))
    functions_new: Mapped[int] = field(Integer, _l("Functions newly developed"), default=0, server_default="0")
    score: Mapped[Decimal | None] = field(UnitPrice, _l("Evaluation score"))
    grade: Mapped[str | None] = field(EnumText(GRADES), _l("Grade"))
    evaluated_on: Mapped[date | None] = field(Date, _l("Evaluated on"))
    instrument: Mapped[Instrument] = relationship(foreign_keys="InstrumentYear.instrument_id")

    def __str__(self) -> str:
        return f"{self.year}"
