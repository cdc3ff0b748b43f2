"""What firms owe for their people's meals of a month. Rule Y-33: one line a firm and month, made once the month is over."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, String, cast, func, literal, literal_column, select, type_coerce

from modules.billing.models.catalogue import ChargeItem
from parkops import settings
from parkops.clock import add_months
from parkops.db.types import Money
from parkops.i18n import _

from ..models.meals import MealPlan, MealUse


def demands(session: Any, park_id: int, month: date, today: date) -> Any:
    """Whole months before the run's month that are over by today; a month's sum below nothing (taken back later) waits for none."""
    u, end = MealUse, min(add_months(month, 1), today.replace(day=1))
    start = cast(func.date_trunc("month", u.on_date), Date)
    due = settings.get(session, "amenities.due_days", park_id)
    last = cast(start + literal_column("interval '1 month'") - literal_column("interval '1 day'"), Date)
    item = select(ChargeItem.id).where(ChargeItem.code == "meal_subsidy").scalar_subquery()
    plan = select(func.max(MealPlan.id)).where(MealPlan.firm_id == u.firm_id).correlate(u).scalar_subquery()
    total = func.sum(type_coerce(u.subsidy, BigInteger))
    return (
        select(
            (literal("amenities.meal_month:") + cast(u.firm_id, String) + ":" + func.to_char(start, "YYYY-MM")).label("key"),
            u.firm_id.label("firm_id"), item.label("item_id"), literal("amenities.meal_plan").label("source"),
            func.coalesce(plan, 0).label("source_id"), start.label("period_from"), last.label("period_to"),
            cast(last + literal(due, Integer), Date).label("due_on"), type_coerce(cast(total, BigInteger), Money).label("amount"),
            (literal(_("Meals of staff") + " ") + func.to_char(start, "YYYY-MM") + " × " + cast(func.count(u.id), String)).label("memo"))
        .where(u.park_id == park_id, u.subsidy != 0, u.on_date < end)
        .group_by(u.firm_id, start).having(total > 0)
    )
