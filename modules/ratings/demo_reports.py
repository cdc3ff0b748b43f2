"""Demo of saved and kept reports: leadership's plans with their receivers, one rating report and the group's published figures kept."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from parkops import clock
from parkops.clock import Period
from parkops.demo import ARTICLE_DAY, Context

from .services import report_archive, report_plans, report_readers

# name, report, period, made, on day, receivers
PLANS = (
    ("月度运营简报", "operations-monthly", "last_month", "month", 6, ("leadership", "operations_manager")),
    ("董事会季度汇报材料", "board-pack", "last_quarter", "quarter", 10, ("leadership", "finance")),
    ("基金季度报告", "fund-quarterly", "last_quarter", "quarter", 15, ("leadership", "finance")),
    ("技术平台成本回收年报", "platform-recovery", "last_year", "year", 60, ("leadership", "finance")),
    ("租金减免年报", "rent-relief", "last_year", "year", 60, ("leadership", "finance")),
    ("孵化器年度评价报告", "annual-rating", "last_year", "year", 91, ("leadership", "operations_manager")),
)


def load(context: Context, today: date) -> None:
    """Plans begin with the current month, so that the scheduler makes what falls due from then on."""
    start = Period.month(today).start
    with context.scope("leadership") as s:
        for name, report, rule, every, day, roles in PLANS:
            plan = report_plans.create_plan(s, name=name, report=report, period_rule=rule, every=every, after_days=day, starts_on=start)
            for role in roles:
                report_readers.create_reader(s, plan_id=plan.id, user_id=context.users[role])
        carrier = s.scalars(
            select(Carrier.id).where(Carrier.carrier_type == "incubator", Carrier.closed_on.is_(None)).order_by(Carrier.id)
        ).first()
        own = report_plans.create_plan(
            s, name="创达孵化器年度评价报告", report="annual-rating", carrier_id=carrier, period_rule="last_year", starts_on=start
        )
        press = report_plans.create_plan(s, name="园区集团情况报告", report="group-article", period_rule="this_month", starts_on=start)
        for plan, period in ((own, Period.year(today).previous()), (press, Period.month(ARTICLE_DAY))):
            report_readers.create_reader(s, plan_id=plan.id, user_id=context.users["leadership"])
            report_archive.make_report(s, plan, period, on=today, at=clock.now())
    context.say("ratings: saved reports, two kept")
