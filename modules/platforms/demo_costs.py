"""Demo, third part: cost pools of the last years; what repeats every month is entered in one statement, closing goes by the service."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select

from parkops.clock import add_months
from parkops.db import audit
from parkops.demo import Context

from . import demo_data as data
from .models.cost import CostEntry, CostPool
from .services import costs

YEARS_BACK = 2
DOCUMENTS = {"staff": "工资表", "energy": "电费分摊单", "materials": "耗材领用单", "maintenance": "维保合同", "space": "场地租金测算表"}
TITLES = {"staff": "技术人员工资", "energy": "水电气", "materials": "通用耗材", "maintenance": "设备维保", "space": "场地费"}


def build(context: Context, ids: dict[str, int], today: date) -> None:
    """Pools of three years, from January two years ago; all but the last two months are closed."""
    first = date(today.year - YEARS_BACK, 1, 1)
    with context.scope("finance") as s:
        month = first
        while month <= today:
            for platform_id in ids.values():
                costs.open_pool(s, platform_id=platform_id, month=month)
            month = add_months(month, 1)
        rows = s.execute(select(CostPool.id, CostPool.platform_id, CostPool.month)).all()
        plats = {ids[p.code]: p for p in data.PLATS}
        made = [entry for pool_id, platform_id, month in rows for entry in _month(plats[platform_id], pool_id, month, first.year)]
        s.execute(insert(CostEntry), [{"park_id": context.park_id, **e} for e in made])
        audit.bulk(s, CostEntry, "insert", len(made), detail={"demo": "monthly costs"})
        for plat in data.PLATS:
            for year in range(first.year, today.year + 1):
                _grant(s, plat, ids[plat.code], year, today)


def _month(plat: data.Plat, pool_id: int, month: date, base: int) -> list[dict[str, Any]]:
    """Costs of a month: wages rise by four per cent a year, energy follows the season. Energy of joint platforms is shared, not entered here."""
    rise = Decimal("1.04") ** (month.year - base)
    season = Decimal("1.3") if month.month in (1, 7, 8, 12) else Decimal(1)
    amounts = {"staff": plat.staff * rise, "energy": plat.energy * season, "materials": Decimal(plat.materials),
               "maintenance": Decimal(plat.upkeep), "space": Decimal(plat.space)}
    if plat.model == "joint":
        amounts.pop("energy")
    return [{"pool_id": pool_id, "kind": kind, "title": TITLES[kind], "amount": Decimal(int(amount)),
             "document": f"{DOCUMENTS[kind]} {month:%Y-%m}"} for kind, amount in amounts.items()]


def _grant(session: Any, plat: data.Plat, platform_id: int, year: int, today: date) -> None:
    """Earmarked grants, spread over the months of their year."""
    months = 12 if year < today.year else today.month
    if plat.grant:
        costs.spread_cost(session, platform_id=platform_id, kind="grant", title="省级公共服务平台专项补助", amount=Decimal(plat.grant * months // 12),
                          document=f"鲁科字〔{year}〕{30 + year % 7}号", first_month=date(year, 1, 1), months=months, funder="山东省科学技术厅")


def close(context: Context, today: date) -> int:
    """Close every pool but those of the last two months."""
    with context.scope("finance") as s:
        rows = list(s.scalars(select(CostPool).where(CostPool.month < add_months(today.replace(day=1), -1), CostPool.state == "open")))
        for pool in rows:
            costs.close_pool(s, pool, on=min(add_months(pool.month, 2), today))
        return len(rows)
