"""The four Jining platforms: instruments, rates, usage of the years by the demo firms, bills, costs, operators, results, today's bookings.

`load(context)` goes through the services; usage is taken over set-based. `FIGURES` counts F10 to F13 (domain.md 1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import clock
from parkops.demo import Context, Figure

from . import demo_books, demo_costs, demo_desk, demo_operators, demo_setup
from .models.event import UsageEvent
from .models.registry import Platform
from .models.result import PlatformResult
from .services.recovery import COUNTED


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    today = clock.today()
    ids = demo_setup.build(context)
    context.say("platforms: four platforms with instruments and rates")
    numbers = demo_setup.open_projects(context, today)
    context.say(f"platforms: {demo_books.usage(context, numbers, today)} uses taken over")
    demo_costs.build(context, ids, today)
    context.say("platforms: cost pools")
    demo_books.bill(context, today, context.say)
    demo_operators.build(context, ids, today)
    context.say("platforms: operators, settlements, results, evaluation, maintenance")
    demo_books.today(context, today)
    demo_desk.build(context, today)
    context.say("platforms: today's bookings and uses, quotes, disputes")


def _platforms(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    found = session.scalar(select(func.count(Platform.id)).where(Platform.park_id == park_id, Platform.opened_on <= on))
    return found, "platforms.platform: opened by the day"


def _results(kind: str) -> Any:
    def count(session: Any, park_id: int, on: date) -> tuple[Any, str]:
        r = PlatformResult
        found = session.scalar(select(func.count(r.id)).where(r.park_id == park_id, r.kind == kind, r.state == "confirmed", r.on_date <= on))
        return found, f"platforms.result: confirmed, kind {kind}, dated by the day"

    return count


def _firms(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    e = UsageEvent
    found = session.scalar(select(func.count(e.firm_id.distinct())).where(e.park_id == park_id, e.ended_on <= on, e.state.in_(COUNTED)))
    return found, "platforms.event: different firms with an event that ended by the day"


FIGURES = [
    Figure("F10", "专业技术平台(个)", 4, _platforms),
    Figure("F11", "平台专利(件)", 35, _results("patent")),
    Figure("F12", "成果转化(项)", 7, _results("transfer")),
    Figure("F13", "平台服务企业(100家以上)", 100, _firms, at_least=True),
]
