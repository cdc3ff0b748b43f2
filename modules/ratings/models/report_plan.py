"""Reports somebody wants again and again: their parameters, their dates, who gets them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

PERIOD_RULES = Choices(
    "ratings.period_rule",
    ("last_month", _l("The last complete month")),
    ("last_quarter", _l("The last complete quarter")),
    ("last_year", _l("The last complete year")),
    ("this_month", _l("The month so far")),
    ("this_quarter", _l("The quarter so far")),
    ("this_year", _l("The year so far")),
)
EVERY = Choices(
    "ratings.report_every",
    ("none", _l("Only by hand")),
    ("month", _l("Every month")),
    ("quarter", _l("Every quarter")),
    ("year", _l("Every year")),
)
LANGUAGES = Choices("ratings.report_language", ("zh", _l("Chinese")), ("en", _l("English")))


class ReportPlan(ParkScoped, Record):
    """A report with saved parameters. Due on the `after_days`-th day of each month, quarter or year from `starts_on` on."""

    __tablename__ = "ratings_report_plan"
    __table_args__ = (
        UniqueConstraint("park_id", "name"),
        CheckConstraint("after_days BETWEEN 1 AND 180", name="after_days"),
        CheckConstraint("as_pdf OR as_xlsx", name="formats"),
    )
    name: Mapped[str] = field(String(160), _l("Name"))
    report: Mapped[str] = field(String(80), _l("Report"), fmt="code")
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    period_rule: Mapped[str] = field(EnumText(PERIOD_RULES), _l("Period covered"))
    as_pdf: Mapped[bool] = field(Boolean, "PDF", default=True, server_default="true")
    as_xlsx: Mapped[bool] = field(Boolean, "XLSX", default=True, server_default="true")
    language: Mapped[str] = field(EnumText(LANGUAGES), _l("Language"), default="zh", server_default="zh")
    every: Mapped[str] = field(EnumText(EVERY), _l("Made"), default="none", server_default="none")
    after_days: Mapped[int] = field(
        SmallInteger, _l("On day"), default=5, server_default="5", help=_l("1 is the first day of the month, quarter or year")
    )
    starts_on: Mapped[date] = field(Date, _l("Not before"))
    is_on: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    carrier: Mapped[Carrier | None] = relationship(foreign_keys="ReportPlan.carrier_id")

    __search__ = ("name",)

    def __str__(self) -> str:
        return self.name


class ReportReader(ParkScoped, Record):
    """A user of the park who is told when the report is made, and finds it through the link."""

    __tablename__ = "ratings_report_reader"
    __table_args__ = (UniqueConstraint("plan_id", "user_id"),)
    plan_id: Mapped[int] = fk("ratings_report_plan.id", _l("Saved report"), ondelete="CASCADE", index=False)
    user_id: Mapped[int] = fk("core_user.id", _l("Receiver"))
    plan: Mapped[ReportPlan] = relationship(foreign_keys="ReportReader.plan_id")
    user: Mapped[Any] = relationship("UserProfile", foreign_keys="ReportReader.user_id")

    def __str__(self) -> str:
        return str(self.user)
