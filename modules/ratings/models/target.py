"""Teams with what they are to reach, beside the parks' own targets (`core.kpi_target`). The actual figure is never typed: it is the
stored KPI of the park or of the carrier named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText
from parkops.i18n import _l
from parkops.kpi.models import GRAINS, Figure


class RatingTeam(ParkScoped, Record):
    """A team that answers for figures: incubation, property, platforms, finance."""

    __tablename__ = "ratings_team"
    __table_args__ = (UniqueConstraint("park_id", "name"),)
    name: Mapped[str] = field(String(80), _l("Team"))
    lead_id: Mapped[int | None] = fk("core_user.id", _l("Head of the team"))
    active: Mapped[bool] = field(Boolean, _l("At work"), default=True, server_default="true")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    lead: Mapped[Any] = relationship("UserProfile", foreign_keys="RatingTeam.lead_id")

    __search__ = ("name",)

    def __str__(self) -> str:
        return self.name


class TeamTarget(ParkScoped, Record):
    """What a team is to reach in a period: of the whole park, or of one carrier where the KPI is kept per carrier. A percent is a
    fraction (0.85)."""

    __tablename__ = "ratings_team_target"
    __table_args__ = (
        UniqueConstraint(
            "team_id", "code", "grain", "period_start", "carrier_id", name="uq_ratings_team_target", postgresql_nulls_not_distinct=True
        ),
    )
    team_id: Mapped[int] = fk("ratings_team.id", _l("Team"), index=False)
    code: Mapped[str] = field(String(80), _l("Indicator"), fmt="code")
    grain: Mapped[str] = field(EnumText(GRAINS), _l("Grain"))
    period_start: Mapped[date] = field(Date, _l("Period from"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    target: Mapped[Decimal] = field(Figure, _l("Target"))
    note: Mapped[str | None] = field(String(200), _l("Note"))
    team: Mapped[RatingTeam] = relationship(foreign_keys="TeamTarget.team_id")
    carrier: Mapped[Carrier | None] = relationship(foreign_keys="TeamTarget.carrier_id")

    def __str__(self) -> str:
        return f"{self.code} {self.period_start:%Y-%m}"
