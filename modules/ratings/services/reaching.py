"""How many parks reached their target where all parks are looked at together. Rule R-106."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Numeric, String, and_, case, cast, column, func, select, type_coerce, values

from parkops.clock import Period
from parkops.kpi.catalogue import readable
from parkops.kpi.figures import SHOWN_PLACES
from parkops.kpi.models import KpiFreeze, KpiSnapshot, KpiTarget, KpiValue
from parkops.kpi.registry import RATIO, SUM, Kpi


def parks_reaching(session: Any, period: Period, today: date, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """R-106: KPI → (parks that reached their target, parks with one), where all parks are looked at together. One statement: 200 parks
    are counted where they lie. The same rule as `against`, on the frozen figure where a park froze the period."""
    known = [k for c, k in readable(session).items() if c in codes and period.grain in k.grains]
    if not known:
        return {}
    k, t, v = _constants(known, period, today), KpiTarget, KpiValue
    fixed = _frozen_figures(period).subquery("fixed")
    frozen = fixed.c.park_id.is_not(None)  # a frozen figure stands whole, with its unknown parts, as in the store
    top = cast(case((frozen, fixed.c.numerator), else_=v.numerator), Numeric)
    bottom = cast(case((frozen, fixed.c.denominator), else_=v.denominator), Numeric)
    ratio = func.round(top * k.c.scale / func.nullif(bottom, 0), k.c.places)
    value = case((k.c.ratio, ratio), else_=top * k.c.scale)
    due = func.round(cast(type_coerce(t.target, BigInteger), Numeric) * k.c.gone / k.c.days) / 10000
    good = case((k.c.lower, value <= due), else_=value >= due)
    rows = session.execute(
        select(t.code, func.count().filter(good), func.count())
        .join(k, k.c.code == t.code)
        .outerjoin(
            v,
            and_(
                v.park_id == t.park_id,
                v.code == t.code,
                v.kpi_version == k.c.version,
                v.grain == t.grain,
                v.period_start == t.period_start,
                v.key == "",
            ),
        )
        .outerjoin(fixed, and_(fixed.c.park_id == t.park_id, fixed.c.code == t.code))
        .where(t.grain == period.grain, t.period_start == period.start)
        .group_by(t.code)
    )
    return {code: (reached, n) for code, reached, n in rows}


def _constants(kpis: Sequence[Kpi], period: Period, today: date) -> Any:
    """Per KPI how its stored integers become what people read, and which part of a sum is due (gone of days)."""
    days, gone = (period.end - period.start).days, max((min(period.last_day, today) - period.start).days + 1, 0)
    rows = [
        (
            k.code,
            k.version,
            k.adds_up == RATIO,
            k.better == "lower",
            max(SHOWN_PLACES[k.unit], 2),
            Decimal(1).scaleb((k.denominator_places if k.adds_up == RATIO else 0) - k.numerator_places),
            gone if k.adds_up == SUM else days,
            days,
        )
        for k in kpis
    ]
    return values(
        column("code", String),
        column("version", Integer),
        column("ratio", Boolean),
        column("lower", Boolean),
        column("places", Integer),
        column("scale", Numeric),
        column("gone", Integer),
        column("days", Integer),
        name="known",
    ).data(rows)


def _frozen_figures(period: Period) -> Any:
    f, x = KpiFreeze, KpiSnapshot
    return (
        select(f.park_id, x.code, x.numerator, x.denominator)
        .select_from(f)
        .join(x, x.freeze_id == f.id)
        .where(f.grain == period.grain, f.period_start == period.start, x.key == "")
    )
