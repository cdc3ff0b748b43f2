"""The nightly tie-out of contract, bill, cash and room: one row per difference, closed by itself when it ties again."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped

from parkops.db.base import ParkScoped, Record, field
from parkops.db.types import Choices, EnumText, Json, UTCDateTime
from parkops.i18n import _, _l

TIES = Choices(
    "leasing.tie",
    ("unbilled", _l("Running lease without charges for a past month"), "red"),
    ("no_lease", _l("Charge without its lease"), "red"),
    ("bill_lines", _l("Bill is not the sum of its lines"), "red"),
    ("settled", _l("Settled is not the sum of allocations"), "red"),
    ("let_twice", _l("Unit let twice"), "red"),
    ("unit_state", _l("Occupied without a running lease"), "amber"),
    ("area", _l("Let area differs from the unit"), "amber"),
    ("deposit", _l("Deposit agreed but not received"), "amber"),
    ("relief", _l("Relief line without application"), "red"),
    ("receivable", _l("Receivables account is not the open bills"), "red"),
)


class TieRun(ParkScoped, Record):
    """One run of the tie-out of a park."""

    __tablename__ = "leasing_tie_run"
    __table_args__ = (Index("ix_leasing_tie_run_park_id_ran_at", "park_id", "ran_at"),)
    on_date: Mapped[date] = field(Date, _l("Date"))
    ran_at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    found: Mapped[int] = field(Integer, _l("Differences"))
    opened: Mapped[int] = field(Integer, _l("New"))
    closed: Mapped[int] = field(Integer, _l("Closed by itself"))
    counts: Mapped[dict[str, Any]] = field(Json, _l("Counts"))

    def __str__(self) -> str:
        return self.on_date.isoformat()


class TieDifference(ParkScoped, Record):
    """What does not tie, on which record, since when. `key` is unique while open."""

    __tablename__ = "leasing_tie_difference"
    __table_args__ = (
        Index("uq_leasing_tie_difference_open", "park_id", "key", unique=True, postgresql_where="closed_on IS NULL"),
        CheckConstraint("closed_on IS NULL OR closed_on >= found_on", name="dates"),
    )
    kind: Mapped[str] = field(EnumText(TIES), _l("What does not tie"))
    key: Mapped[str] = field(String(160), _l("Key"), fmt="code")
    resource: Mapped[str] = field(String(80), _l("Kind of record"), fmt="code")
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    label: Mapped[str] = field(String(200), _l("Where"))
    msgid: Mapped[str] = field(Text, _l("Sentence"))
    values: Mapped[dict[str, Any]] = field(Json, _l("Values"))
    found_on: Mapped[date] = field(Date, _l("Found on"))
    seen_on: Mapped[date] = field(Date, _l("Last seen on"))
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    todo_id: Mapped[int | None] = field(BigInteger, _l("To-do"))

    @property
    def text(self) -> str:
        """The sentence in the reader's language."""
        return _(self.msgid, **self.values)

    def __str__(self) -> str:
        return f"{TIES.label(self.kind)}: {self.label}"
