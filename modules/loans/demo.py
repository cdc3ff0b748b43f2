"""Start-up loans served through 融驿站: 47 loans of 16,750,000 yuan paid out by the article's day, and what followed until today.

`load(context)` tells the story through the services; `FIGURES` counts F24 (domain.md 1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import clock
from parkops.demo import Context, Figure

from . import demo_data as data
from . import demo_subsidy, demo_today
from .demo_loans import Story, partners
from .models.case import LoanCase
from .models.money import LoanTranche
from .services import servicing

WAN = 10_000


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    today = clock.today()
    with context.scope("operations_manager") as s:
        ids = partners(s, context.park_id)
    story, plans = Story(context.scope, context.park_id, ids, today), data.plans(today)
    for n, plan in enumerate(plans, 1):
        story.tell(plan)
        if n % 20 == 0 or n == len(plans):
            context.say(f"loans: {n} of {len(plans)} cases")
    demo_subsidy.build(context, ids, today)
    context.say("loans: claims of interest subsidy")
    demo_today.build(context, story, today)
    demo_today.facts(context, story, today)
    with context.scope("operations_manager") as s:
        servicing.watch_all(s, on=today, park_id=context.park_id)
    context.say("loans: today's desk")


def _disbursed(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    found = session.scalar(select(func.sum(LoanTranche.amount)).where(
        LoanTranche.park_id == park_id, LoanTranche.state == "confirmed", LoanTranche.paid_on <= on))
    return found, "loans.tranche: amounts confirmed and paid out by the day"


def _channel(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    c = LoanCase
    found = session.scalar(select(func.count(func.distinct(c.channel_id))).where(c.park_id == park_id, c.disbursed > 0, c.first_paid_on <= on))
    return found, "loans.case: channels of the loans paid out by the day (融驿站)"


FIGURES = [
    Figure("F24", "企业申领创业担保贷款(元)", Decimal(1675 * WAN), _disbursed),
    Figure("F24C", "服务渠道融驿站", 1, _channel),
]
