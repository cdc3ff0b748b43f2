"""Reports as they were made, kept for good, and the runs that make them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json, UTCDateTime
from parkops.i18n import _l

from .report_plan import LANGUAGES, ReportPlan

RUN_STATES = Choices(
    "ratings.report_run_state",
    ("queued", _l("Waiting to be made"), "grey"),
    ("running", _l("Being made"), "blue"),
    ("done", _l("Report made"), "green"),
    ("failed", _l("Not made"), "red"),
)


class ReportMade(ParkScoped, Record):
    """A report as it was made: its figures, the moment they are of, the hashes of its files. Append-only (trigger).

    `figures` is the whole document as data; the files are its attachments. `due_on` is the date of the plan it was made for. The audit
    trail names the making and its hash, not the figures."""

    __tablename__ = "ratings_report_made"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("plan_id", "due_on"),
        Index("ix_ratings_report_made_park_id_as_of", "park_id", "as_of"),
    )
    plan_id: Mapped[int | None] = fk("ratings_report_plan.id", _l("Saved report"), index=False)
    name: Mapped[str] = field(String(160), _l("Name"))
    report: Mapped[str] = field(String(80), _l("Report"), fmt="code")
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    period_key: Mapped[str] = field(String(10), _l("Period"), fmt="code")
    as_of: Mapped[datetime] = field(UTCDateTime, _l("Figures as of"))
    counted_on: Mapped[date] = field(Date, _l("Counted on"))
    due_on: Mapped[date | None] = field(Date, _l("Due on"))
    language: Mapped[str] = field(EnumText(LANGUAGES), _l("Language"))
    made_by: Mapped[str] = field(String(80), _l("Made by"))
    made_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    parameters: Mapped[dict[str, Any]] = field(Json, _l("Parameters"))
    figures: Mapped[dict[str, Any]] = field(Json, _l("Figures"))
    figures_sha256: Mapped[str] = field(String(64), _l("Hash of the figures"), fmt="code", help="SHA-256")
    pdf_sha256: Mapped[str | None] = field(String(64), _l("Hash of the PDF"), fmt="code")
    xlsx_sha256: Mapped[str | None] = field(String(64), _l("Hash of the workbook"), fmt="code")
    figure_count: Mapped[int] = field(Integer, _l("Number of figures"))
    plan: Mapped[ReportPlan | None] = relationship(foreign_keys="ReportMade.plan_id")
    carrier: Mapped[Carrier | None] = relationship(foreign_keys="ReportMade.carrier_id")

    __search__ = ("name", "period_key")

    def __str__(self) -> str:
        return f"{self.name} {self.period_key}"


protect(ReportMade)


class ReportRun(ParkScoped, Record):
    """One making of a report by hand, with how far it is."""

    __tablename__ = "ratings_report_run"
    __audited__ = False
    __table_args__ = (CheckConstraint("step BETWEEN 0 AND steps", name="step"),)
    plan_id: Mapped[int] = fk("ratings_report_plan.id", _l("Saved report"), ondelete="CASCADE")
    period_key: Mapped[str] = field(String(10), _l("Period"), fmt="code")
    state: Mapped[str] = field(EnumText(RUN_STATES), _l("State"), default="queued", server_default="queued")
    step: Mapped[int] = field(SmallInteger, _l("Step"), default=0, server_default="0")
    steps: Mapped[int] = field(SmallInteger, _l("Steps"), default=4, server_default="4")
    message: Mapped[str | None] = field(Text, _l("Error"), long=True)
    asked_by: Mapped[str] = field(String(80), _l("Asked for by"))
    asked_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    heartbeat_at: Mapped[datetime] = field(UTCDateTime, _l("Last sign of life"))
    made_id: Mapped[int | None] = fk("ratings_report_made.id", _l("Report made"))
    plan: Mapped[ReportPlan] = relationship(foreign_keys="ReportRun.plan_id")
    made: Mapped[ReportMade | None] = relationship(foreign_keys="ReportRun.made_id")

    def __str__(self) -> str:
        return f"{self.plan_id} {self.period_key}"
