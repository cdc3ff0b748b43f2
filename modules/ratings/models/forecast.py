"""When a firm in incubation may be expected to meet a criterion of graduation. One row per firm, written anew by the job; it decides
nothing: graduation is the case of `tenants.graduation_case`."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json
from parkops.i18n import _l
from parkops.rules.models import VERDICTS

OUTLOOKS = Choices(
    "ratings.outlook",
    ("ready", _l("Meets a criterion now"), "green"),
    ("year", _l("Within twelve months"), "blue"),
    ("later", _l("Later, by the trend"), "blue"),
    ("flat", _l("Not on this trend"), "amber"),
    ("unknown", _l("Cannot say"), "grey"),
)


class GraduationForecast(ParkScoped, Record):
    """`lines`: per criterion of the rule set in force value, points of the years, expected day and the service that moves it."""

    __tablename__ = "ratings_forecast"
    __table_args__ = (
        UniqueConstraint("firm_id"),
        Index("ix_ratings_forecast_park_id_expected_on", "park_id", "expected_on"),
        CheckConstraint("open_lines >= 0", name="open_lines"),
        CheckConstraint("outlook NOT IN ('ready', 'year', 'later') OR expected_on IS NOT NULL", name="expected_on"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), ondelete="CASCADE", index=False)
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    rule_set: Mapped[str] = field(String(60), _l("Rule set"), fmt="code")
    on_date: Mapped[date] = field(Date, _l("As of"))
    term_ends_on: Mapped[date | None] = field(Date, _l("Term ends on"))
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Verdict"))
    outlook: Mapped[str] = field(EnumText(OUTLOOKS), _l("Outlook"))
    expected_on: Mapped[date | None] = field(Date, _l("Expected on"))
    nearest: Mapped[str | None] = field(String(60), _l("Nearest criterion"), fmt="code")
    open_lines: Mapped[int] = field(Integer, _l("Open criteria"))
    lines: Mapped[list[Any]] = field(Json, _l("Criteria of graduation"))
    firm: Mapped[Firm] = relationship(foreign_keys="GraduationForecast.firm_id")
    carrier: Mapped[Carrier | None] = relationship(foreign_keys="GraduationForecast.carrier_id")

    def __str__(self) -> str:
        return f"{self.firm}"
