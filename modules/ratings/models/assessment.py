"""A carrier judged under a rule set on a day: kept with its facts and never changed afterwards."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Date, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText, Json
from parkops.i18n import _l
from parkops.rules.models import VERDICTS

from ..words import Words


class RecognitionAssessment(ParkScoped, Record):
    """The verdict of a day. Facts and lines are in the kernel's decision; `measures` holds the counts behind them, `options` the
    park's readings of what the document leaves open. Append-only for every role."""

    __tablename__ = "ratings_assessment"
    __table_args__ = (Index("ix_ratings_assessment_park_id_on_date", "park_id", "on_date"),)
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    rule_set: Mapped[str] = field(String(60), _l("Rule set"), fmt="code")
    on_date: Mapped[date] = field(Date, _l("As of"))
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Verdict"))
    passed: Mapped[int] = field(Integer, _l("Conditions met"))
    failed: Mapped[int] = field(Integer, _l("Conditions not met"))
    unknown: Mapped[int] = field(Integer, _l("Conditions that cannot be judged"))
    missing: Mapped[str | None] = field(Words, _l("What is missing"), long=True)
    decision_id: Mapped[int] = fk("core_decision.id", _l("Stored rule result"))
    measures: Mapped[dict[str, Any]] = field(Json, _l("Counts"))
    options: Mapped[dict[str, Any]] = field(Json, _l("Readings of open points"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    carrier: Mapped[Carrier] = relationship()

    def __str__(self) -> str:
        return f"{self.rule_set} {self.on_date}"


protect(RecognitionAssessment)
