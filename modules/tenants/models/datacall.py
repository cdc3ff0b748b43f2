"""Periodic data calls: what is asked, of whom, until when, and what each firm answered. No answer stays no answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json, UTCDateTime
from parkops.i18n import _l

from ..states_support import DATA_CALL, DATA_CALL_RESPONSE

if TYPE_CHECKING:
    from .firm import Firm

FORM_CODES = Choices(
    "data_call_form",
    ("torch-enterprise", _l("Torch per-enterprise form")),
    ("monthly-basic", _l("Monthly headcount and revenue")),
)
AUDIENCES = Choices(
    "data_call_audience",
    ("incubating", _l("Firms in incubation")),
    ("chain", _l("Firms in incubation, graduated or accelerating")),
)
CALL_GRAINS = Choices("data_call_grain", ("year", _l("Year")), ("month", _l("Month")))
UNITS = Choices("money_unit", ("yuan", _l("yuan")), ("thousand", _l("thousand yuan")), ("wan", _l("ten thousand yuan")))


class DataCall(ParkScoped, Record):
    """One call: form (with its fields frozen when it is made), period, unit of money and due day."""

    __tablename__ = "tenants_data_call"
    __table_args__ = (
        UniqueConstraint("park_id", "form_code", "period_start", "audience"),
        CheckConstraint("period_start = date_trunc('month', period_start::timestamp)::date", name="first_day"),
        CheckConstraint("grain <> 'year' OR extract(month from period_start) = 1", name="first_month"),
        CheckConstraint("jump_percent BETWEEN 1 AND 10000", name="jump"),
    )
    name: Mapped[str] = field(String(120), _l("Name"))
    form_code: Mapped[str] = field(EnumText(FORM_CODES), _l("Form"))
    form_version: Mapped[str] = field(String(20), _l("Form version"))
    grain: Mapped[str] = field(EnumText(CALL_GRAINS), _l("Year or month"))
    period_start: Mapped[date] = field(Date, _l("Period"), fmt="month")
    audience: Mapped[str] = field(EnumText(AUDIENCES), _l("Who is asked"), default="incubating", server_default="incubating")
    unit: Mapped[str] = field(EnumText(UNITS), _l("Unit of money"), default="thousand", server_default="thousand")
    jump_percent: Mapped[int] = field(
        Integer, _l("Jump that needs a reason (%)"), default=50, server_default="50",
        help=_l("A figure that moved by more than this against the period before needs a reason."))
    opened_on: Mapped[date | None] = field(Date, _l("Opened on"))
    due_on: Mapped[date] = field(Date, _l("Due on"))
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    state: Mapped[str] = field(EnumText(DATA_CALL.choices), _l("State"), default="draft", server_default="draft")
    fields: Mapped[list | None] = field(Json, _l("Fields asked"))
    note: Mapped[str | None] = field(Text, _l("Note to firms"))

    def __str__(self) -> str:
        return self.name


class DataCallResponse(ParkScoped, Record):
    """One firm's answer. `answers` holds exact decimal text by field in the call's unit; a missing key is unreported."""

    __tablename__ = "tenants_data_call_response"
    __table_args__ = (
        UniqueConstraint("park_id", "call_id", "firm_id"),
        Index("ix_tenants_data_call_response_state", "park_id", "state"),
        CheckConstraint("state NOT IN ('submitted', 'accepted') OR submitted_on IS NOT NULL", name="submitted"),
        CheckConstraint("state <> 'accepted' OR accepted_on IS NOT NULL", name="accepted"),
        CheckConstraint("state <> 'open' OR answers = '{}'::jsonb", name="open_is_empty"),
    )
    call_id: Mapped[int] = fk("tenants_data_call.id", _l("Data call"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(DATA_CALL_RESPONSE.choices), _l("State"), default="open", server_default="open")
    answers: Mapped[dict] = field(Json, _l("Answers"), default=dict, server_default="{}")
    reasons: Mapped[dict] = field(Json, _l("Reasons for jumps"), default=dict, server_default="{}")
    head_name: Mapped[str | None] = field(String(80), _l("Head of the unit"), personal="name")
    statistician: Mapped[str | None] = field(String(80), _l("Person in charge of statistics"), personal="name")
    filled_by: Mapped[str | None] = field(String(80), _l("Filled in by"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    submitted_on: Mapped[date | None] = field(Date, _l("Submitted on"))
    accepted_on: Mapped[date | None] = field(Date, _l("Accepted on"))
    note: Mapped[str | None] = field(String(300), _l("What must be corrected"))
    reminders: Mapped[int] = field(Integer, _l("Reminders"), default=0, server_default="0")
    reminded_at: Mapped[datetime | None] = field(UTCDateTime, _l("Last reminded"))
    call: Mapped[DataCall] = relationship(DataCall)
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        """In words where both are loaded; the audit trail asks while flushing, when nothing may be."""
        firm, call = self.__dict__.get("firm"), self.__dict__.get("call")
        return f"{firm.name} · {call.name}" if firm is not None and call is not None else f"#{self.id}"
