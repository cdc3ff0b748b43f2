"""Stored figures. A figure is two whole numbers (numerator, denominator) in the smallest unit, so that parks and months
combine exactly; NULL is "not reported" and never zero. Frozen periods are copies that can only be added."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db.base import ParkScoped, Record, field, fk
from ..db.ddl import after_create
from ..db.types import Choices, EnumText, Scaled, UTCDateTime
from ..i18n import _l

GRAINS = Choices("core.kpi.grain", ("month", _l("Month")), ("quarter", _l("Quarter")), ("year", _l("Year")))


class Figure(Scaled):
    """A shown figure with four decimal places (percent as a fraction: 0.8500)."""

    cache_ok = True
    places, fmt = 4, "decimal"


class KpiValue(ParkScoped, Record):
    """The figure of one KPI, period, park and key. `park_id` NULL is the whole company and seen only by those who see
    every park (the scope's `IN` never matches NULL). `key` '' is the park's total. missing: parts that did not report."""

    __tablename__ = "core_kpi_value"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("park_id", "code", "kpi_version", "grain", "period_start", "key", name="uq_core_kpi_value_figure",
                         postgresql_nulls_not_distinct=True),
        Index("ix_core_kpi_value_trend", "code", "grain", "period_start"),
    )
    park_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("core_park.id", ondelete="CASCADE"), nullable=True,
                                                index=True, info={"label": _l("Park"), "fmt": "ref"})
    code: Mapped[str] = field(String(80), _l("Indicator"))
    kpi_version: Mapped[int] = mapped_column(Integer, nullable=False)
    grain: Mapped[str] = field(EnumText(GRAINS), _l("Grain"))
    period_start: Mapped[date] = field(Date, _l("Period from"))
    period_key: Mapped[str] = field(String(10), _l("Period"))
    key: Mapped[str] = field(String(80), _l("Key"), default="", server_default="")
    numerator: Mapped[int | None] = field(BigInteger, _l("Numerator"))
    denominator: Mapped[int | None] = field(BigInteger, _l("Denominator"))
    missing: Mapped[int] = field(Integer, _l("Not reported"), default=0, server_default="0")
    run_id: Mapped[str] = field(String(32), _l("Run"))
    computed_at: Mapped[datetime] = field(UTCDateTime, _l("Computed at"))


class KpiProblem(Record):
    """Why a KPI could not be computed for a period; removed by the next success."""

    __tablename__ = "core_kpi_problem"
    __audited__ = False
    __table_args__ = (UniqueConstraint("code", "grain", "period_start"),)
    code: Mapped[str] = field(String(80), _l("Indicator"))
    grain: Mapped[str] = field(EnumText(GRAINS), _l("Grain"))
    period_start: Mapped[date] = field(Date, _l("Period from"))
    message: Mapped[str] = field(Text, _l("Error"))
    at: Mapped[datetime] = field(UTCDateTime, _l("Time"))


class KpiTarget(ParkScoped, Record):
    """What a park wants to reach in a period, as shown (percent as a fraction)."""

    __tablename__ = "core_kpi_target"
    __table_args__ = (UniqueConstraint("park_id", "code", "grain", "period_start"),)
    code: Mapped[str] = field(String(80), _l("Indicator"))
    grain: Mapped[str] = field(EnumText(GRAINS), _l("Grain"))
    period_start: Mapped[date] = field(Date, _l("Period from"))
    target: Mapped[object] = field(Figure, _l("Target"), nullable=False)

    def __str__(self) -> str:
        return f"{self.code} {self.period_start:%Y-%m}"


class KpiFreeze(ParkScoped, Record):
    """A period of a park whose figures are final: who said so, when, why. `hash` covers every snapshot row."""

    __tablename__ = "core_kpi_freeze"
    __table_args__ = (UniqueConstraint("park_id", "grain", "period_start"),)
    grain: Mapped[str] = field(EnumText(GRAINS), _l("Grain"))
    period_start: Mapped[date] = field(Date, _l("Period from"))
    period_key: Mapped[str] = field(String(10), _l("Period"))
    frozen_at: Mapped[datetime] = field(UTCDateTime, _l("Frozen at"))
    frozen_by: Mapped[str] = field(String(80), _l("Frozen by"))
    reason: Mapped[str] = field(String(500), _l("Reason"))
    hash: Mapped[str] = field(String(64), _l("Hash"), fmt="code")

    def __str__(self) -> str:
        return self.period_key


class KpiSnapshot(ParkScoped, Record):
    """A frozen figure with the records behind it: the ids themselves up to a limit, their hash and number always."""

    __tablename__ = "core_kpi_snapshot"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("park_id", "freeze_id", "code", "key"),
        CheckConstraint("drill_count IS NULL OR drill_count >= 0", name="drill_count"),
    )
    freeze_id: Mapped[int] = fk("core_kpi_freeze.id", _l("Freeze"))
    code: Mapped[str] = field(String(80), _l("Indicator"))
    kpi_version: Mapped[int] = mapped_column(Integer, nullable=False)
    key: Mapped[str] = field(String(80), _l("Key"), default="", server_default="")
    numerator: Mapped[int | None] = field(BigInteger, _l("Numerator"))
    denominator: Mapped[int | None] = field(BigInteger, _l("Denominator"))
    drill_count: Mapped[int | None] = field(Integer, _l("Records behind it"))
    drill_hash: Mapped[str | None] = field(String(64), _l("Hash of the records"))
    drill_ids: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    freeze: Mapped[KpiFreeze] = relationship(KpiFreeze)


_GUARD = """
create or replace function core_kpi_frozen() returns trigger language plpgsql as $$
begin
  raise exception 'a frozen period cannot be changed' using errcode = 'restrict_violation';
end $$
"""
for _model in (KpiFreeze, KpiSnapshot):
    _name = _model.__tablename__
    after_create(
        _model.__table__,
        f"{_GUARD};\ncreate trigger {_name}_frozen before update or delete on {_name} for each row"
        f" execute function core_kpi_frozen();\ncreate trigger {_name}_no_truncate before truncate on {_name} for each statement"
        " execute function core_kpi_frozen()",
        f"drop trigger if exists {_name}_frozen on {_name};\ndrop trigger if exists {_name}_no_truncate on {_name}",
    )
