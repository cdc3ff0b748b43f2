"""The Jining carriers let over the years: 380 firms and merchants, their bills and payments, two relief policies.

`load(context)` goes month by month from November 2019 to today through the services; `FIGURES` counts F25 and F28 (domain.md 1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.carrier import Carrier
from parkops import clock
from parkops.clock import add_months
from parkops.demo import Context, Figure

from . import demo_data as data
from . import demo_desk, demo_leases, demo_relief, demo_space, demo_today
from .models.lease import Lease, LeaseUnit
from .models.relief_case import ReliefApplication
from .models.space import Building, Unit


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    today, maker = clock.today(), data.Maker()
    with context.scope("operations_manager") as s:
        carriers = dict(s.execute(select(Carrier.code, Carrier.id)).all())
        stays = [*demo_space.stays(s, maker, add_months(today, -2)), *demo_space.merchants(s, maker), *demo_space.established(s, maker)]
        unit_ids = demo_space.build(s, carriers, data.place(stays))
    context.say(f"leasing: {len(unit_ids)} units, {len(stays)} stays")
    demo_relief.open_schemes(context.scope)
    line, month = demo_leases.Timeline(context.scope, stays, unit_ids, today), data.FIRST
    granted: Any = 0
    while month <= today:
        line.month(month)
        if month.month in (6, 12):
            context.say(f"leasing: leases, bills and payments until {month:%Y-%m}")
        for code, on in demo_relief.APPLIED.items():
            if on.replace(day=1) == month:
                granted = _relieve(context, code, granted)
        month = add_months(month, 1)
    demo_today.build(context, stays, unit_ids, today)
    context.say("leasing: today's work")
    demo_desk.build(context, today)


def _relieve(context: Context, code: str, granted: Any) -> Any:
    able = demo_relief.qualify(context.scope, code)
    context.say(f"leasing: {len(able)} leases qualify under {code}, {sum(able.values()):,.2f} yuan")
    first = code != list(demo_relief.APPLIED)[-1]
    chosen = demo_relief.all_but_odd(able) if first else demo_relief.who_applied(granted, able)
    return granted + demo_relief.grant(context.scope, code, chosen, context.say)


def _relief(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    total = session.scalar(select(func.sum(ReliefApplication.amount)).where(
        ReliefApplication.state == "posted", ReliefApplication.posted_on <= on))
    return total, "leasing.relief_application: amounts posted by the day"


def _merchants(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    found = session.scalar(select(func.count(func.distinct(Lease.firm_id))).join(LeaseUnit, LeaseUnit.lease_id == Lease.id).join(
        Unit, Unit.id == LeaseUnit.unit_id).join(Building, Building.id == Unit.building_id).where(
        Building.code == "YLW", LeaseUnit.during.contains(on)))
    return found, "leasing.lease: firms with a unit of 印象·吟龙湾 let on the day"


FIGURES = [
    Figure("F25", "累计减免租金(元)", demo_relief.TARGET, _relief),
    Figure("F28", "印象·吟龙湾商户(30家以上)", 30, _merchants, at_least=True),
]
