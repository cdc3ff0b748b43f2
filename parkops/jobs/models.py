"""What ran, what is due and who rings the bell. These tables are logs: they are not audited row by row; what a person
orders (run now, skip) is an audit event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db.base import Record, field
from ..db.types import Choices, EnumText, Json, UTCDateTime
from ..i18n import _l

RUN_STATES = Choices(
    "core.job_run.state",
    ("running", _l("Running"), "blue"),
    ("done", _l("Done"), "green"),
    ("failed", _l("Failed"), "red"),
    ("skipped", _l("Skipped"), "grey"),
)


class JobRun(Record):
    """One due date of one job (in one park). The unique key, not the scheduler, decides that it takes effect once."""

    __tablename__ = "core_job_run"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("code", "park_id", "scheduled_for", name="uq_core_job_run_slot", postgresql_nulls_not_distinct=True),
        Index("ix_core_job_run_open", "code", "park_id", postgresql_where="state IN ('running', 'failed')"),
        Index("ix_core_job_run_started", "started_at"),
    )
    code: Mapped[str] = field(String(80), _l("Job"))
    park_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_park.id", ondelete="CASCADE"), index=True,
                                                info={"label": _l("Park"), "fmt": "ref"})
    scheduled_for: Mapped[datetime] = field(UTCDateTime, _l("Due"))
    state: Mapped[str] = field(EnumText(RUN_STATES), _l("State"))
    by_hand: Mapped[bool] = field(Boolean, _l("By hand"), default=False, server_default="false")
    actor: Mapped[str] = field(String(80), _l("Started by"))
    attempts: Mapped[int] = field(Integer, _l("Attempts"), default=0, server_default="0")
    started_at: Mapped[datetime | None] = field(UTCDateTime, _l("Started"))
    finished_at: Mapped[datetime | None] = field(UTCDateTime, _l("Finished"))
    retry_at: Mapped[datetime | None] = field(UTCDateTime, _l("Next attempt"))
    counts: Mapped[dict | None] = field(Json, _l("Counts"))
    error: Mapped[str | None] = field(Text, _l("Error"))
    history: Mapped[list | None] = field(Json, _l("Earlier attempts"))

    def __str__(self) -> str:
        return f"{self.code} {self.scheduled_for:%Y-%m-%d %H:%M}"


JobRun.__resource__ = "core.job"  # the right is granted on jobs as a whole


class Heartbeat(Record):
    """A scheduler process says that it lives, and what it is doing."""

    __tablename__ = "core_heartbeat"
    __audited__ = False
    __table_args__ = (UniqueConstraint("name"),)
    name: Mapped[str] = field(String(120), _l("Process"))
    started_at: Mapped[datetime] = field(UTCDateTime, _l("Started"))
    beat_at: Mapped[datetime] = field(UTCDateTime, _l("Last sign of life"))
    ticked_at: Mapped[datetime | None] = field(UTCDateTime, _l("Last complete round"))
    interval_seconds: Mapped[int] = field(Integer, _l("Interval in seconds"))
    working_on: Mapped[str | None] = field(String(200), _l("Working on"))

    def __str__(self) -> str:
        return self.name
