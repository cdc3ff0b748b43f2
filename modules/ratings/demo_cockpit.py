"""Demo of the cockpit: teams, targets of the year and the month (some reached, some not), the forecast of every firm."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.clock import Period
from parkops.demo import Context, Figure
from parkops.kpi import engine, store
from parkops.kpi.catalogue import all_kpis
from parkops.kpi.registry import Window

from .models.target import RatingTeam
from .services import forecast, targets, watch

TEAMS = {
    "孵化服务部": ("tenants.admitted", "tenants.graduated", "tenants.reporting_share", "tenants.mentor_coverage", "ratings.passing"),
    "资产运营部": ("leasing.occupancy", "billing.collection_rate", "leasing.average_rent"),
    "公共技术平台部": ("platforms.recovery_billed", "platforms.utilisation", "platforms.firms_served"),
    "投融资服务部": ("loans.disbursed", "funds.invested_share", "tenants.financed_amount"),
}
FACTORS = (Decimal("0.9"), Decimal("1"), Decimal("1.08"), Decimal("1.4"))  # reached, reached, just below, missed


def load(context: Context) -> None:
    """Figures of last year (where they are not stored yet) and this year so far give targets somebody could have set."""
    today = clock.today()
    with context.scope("operations_manager") as s:
        teams = _teams(s)
        codes = [c for c in dict.fromkeys(c for cs in TEAMS.values() for c in cs) if c in all_kpis()]
        year, month = Period.year(today), Period.month(today).previous()
        for period in (year, month):
            known = {p.code: p for p in _figures(s, codes, period, context.park_id, today)}
            park = {c: _aim(known[c].value, n) for n, c in enumerate(codes) if c in known}
            targets.save_park(s, context.park_id, period, {c: v for c, v in park.items() if v is not None})
            for name, mine in TEAMS.items():
                values = {c: park[c] for c in mine if park.get(c) is not None}
                targets.save_team(s, teams[name], period, values)
        for day in (month.start - timedelta(days=1), month.last_day):
            watch.keep_monthly(s, on=day, park_id=context.park_id)
        done = forecast.refresh_forecasts(s, on=today, park_id=context.park_id)
    context.say(f"ratings: {len(teams)} teams with targets, forecast of {done['firms']} firms")


def _teams(s: Any) -> dict[str, RatingTeam]:
    return {name: targets.create_team(s, name=name, active=True) for name in TEAMS}


class _Known:
    """A figure measured now: the store may be empty while the demo is built."""

    def __init__(self, code: str, value: Decimal | None):
        self.code, self.value = code, value


def _figures(s: Any, codes: list[str], period: Period, park_id: int, today: date) -> list[_Known]:
    from parkops.kpi.figures import value_of

    out = []
    for code in codes:
        kpi = store.kpi_of(code)
        if period.grain in kpi.grains:
            out.append(_Known(code, value_of(kpi, engine.measured_now(s, kpi, Window(period, today), park_id))))
    return out


def _aim(value: Decimal | None, n: int) -> Decimal | None:
    """A round target around the figure; shares stay at most 100 %."""
    if not value:
        return None
    aim = value * FACTORS[n % len(FACTORS)]
    if abs(aim) >= 100:
        return aim.quantize(Decimal(10) if abs(aim) < 10000 else Decimal(1000)).quantize(Decimal(1))
    return min(aim, Decimal(1)).quantize(Decimal("0.01")) if value <= 1 else aim.quantize(Decimal(1))


def _teams_kept(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    rows = session.scalars(select(RatingTeam.id).where(RatingTeam.park_id == park_id)).all()
    return len(rows), "ratings.team: teams with targets"


FIGURES = [Figure("TEAMS", "有目标的团队（合成示例）", 4, _teams_kept)]
