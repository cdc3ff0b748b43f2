"""The price of an hour built up from the pools, per instrument of a platform and period. Rule U-117."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, or_, select

from parkops.clock import Period
from parkops.security import access

from .. import calc_tariff as calc
from ..models.cost import REDUCING, CostEntry, CostPool
from ..models.event import UsageEvent
from ..models.registry import Instrument, Platform
from . import recovery

HOUR = Decimal(60)


def of_platform(session: Any, platform: Platform, period: Period) -> list[tuple[Instrument, calc.BuildUp]]:
    """Every instrument there in the period with its build-up (three statements). Grants and balances carried lower no cost price."""
    access.require(session, "platforms.cost_pool", "read")
    i, e = Instrument, UsageEvent
    there = select(i).where(i.platform_id == platform.id, or_(*recovery.kept(period.start)))
    instruments = session.scalars(there.where(or_(i.bought_on.is_(None), i.bought_on < period.end)).order_by(i.code)).all()
    used = session.execute(select(e.instrument_id, recovery.minutes()).where(
        recovery.within(period.start, period.end), e.platform_id == platform.id).group_by(e.instrument_id))
    hours = {instrument: Decimal(int(n)) / HOUR for instrument, n in used.tuples()}
    costs = session.execute(
        select(CostEntry.kind, CostEntry.title, CostEntry.instrument_id, func.sum(CostEntry.amount))
        .join(CostPool, CostPool.id == CostEntry.pool_id)
        .where(CostPool.platform_id == platform.id, CostPool.month >= period.start, CostPool.month < period.end,
               CostEntry.kind.not_in(REDUCING))
        .group_by(CostEntry.kind, CostEntry.title, CostEntry.instrument_id)
        .order_by(CostEntry.kind, CostEntry.title)
    ).tuples().all()
    whole, out = sum(hours.values(), Decimal(0)), []
    for one in instruments:
        parts = [calc.Part(kind, title, amount, hours.get(one.id, Decimal(0)) if owner else whole, owner is not None)
                 for kind, title, owner, amount in costs if owner in (None, one.id)]
        out.append((one, calc.build_up(one.value, one.life_years, one.rated_hours, parts)))
    return out
