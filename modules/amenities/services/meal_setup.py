"""Outlets, tills and firms' meal plans. Rules Y-20 to Y-22."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.meals import MealPlan, MealUse, Outlet, Till
from ..models.operator import AmenityOperatorContract


def _check_outlet(session: Any, values: dict[str, Any], problems: Problems) -> None:
    contract = session.get(AmenityOperatorContract, values["contract_id"])
    if contract is not None and (contract.facility_id != values["facility_id"] or contract.state not in ("running", "submitted", "draft")):
        problems.add("amenities.Y-20", _l("Choose the contract of who runs this outlet: of the same place and not ended."), "contract_id")
    if values.get("seats") is not None and values["seats"] <= 0:
        problems.add("amenities.Y-01", _l("Enter a number above zero, or leave it empty."), "seats")
    if values.get("meal_most") is not None and values["meal_most"] <= 0:
        problems.add("amenities.Y-28", _l("Enter an amount above zero."), "meal_most")


def create_outlet(session: Any, **values: Any) -> Outlet:
    """A counter, restaurant or shop, with the contract of its operator (Y-20)."""
    return records.create(session, Outlet, {k: v for k, v in values.items() if v is not None}, _check_outlet)


def change_outlet(session: Any, row: Outlet, **values: Any) -> Outlet:
    """Change it."""
    return records.change(session, row, values, _check_outlet)


def create_till(session: Any, **values: Any) -> Till:
    """A till of an outlet (Y-21)."""
    return records.create(session, Till, values)


def change_till(session: Any, row: Till, **values: Any) -> Till:
    """Change it."""
    return records.change(session, row, values)


def remove_till(session: Any, row: Till) -> None:
    """Delete one that sold nothing."""
    records.remove(session, row, (MealUse, "till_id", _l("It sold meals. Take it out of use instead of deleting it.")))


def _check_plan(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        records.date_order(values, problems, "starts_on", "ends_on", _l("A plan cannot end before it begins."))
        for name in ("per_meal", "month_cap"):
            if values.get(name) is not None and values[name] <= 0:
                problems.add("amenities.Y-22", _l("Enter an amount above zero."), name)
        if not 1 <= (values.get("meals_a_day") or 0) <= 4:
            problems.add("amenities.Y-22", _l("One to four meals a day are subsidised."), "meals_a_day")
        p, span = MealPlan, func.daterange(values["starts_on"], values.get("ends_on"), "[]")
        other = select(p.id).where(p.firm_id == values["firm_id"], p.id != (own_id or 0),
                                   func.daterange(p.starts_on, p.ends_on, "[]").op("&&")(span))
        if not problems.found and session.scalar(other.limit(1)) is not None:
            problems.add("amenities.Y-22", _l("The firm has a plan in these days. End that one first."), "starts_on")

    return check


def create_plan(session: Any, *, firm_id: int, per_meal: Decimal, **values: Any) -> MealPlan:
    """What a firm pays of its people's meals; one plan at a time (Y-22)."""
    given = {k: v for k, v in values.items() if v is not None or k in ("ends_on", "month_cap")}
    return records.create(session, MealPlan, {"firm_id": firm_id, "per_meal": per_meal, **given}, _check_plan(None))


def change_plan(session: Any, row: MealPlan, **values: Any) -> MealPlan:
    """Change it for meals from now on; meals eaten keep what was paid."""
    return records.change(session, row, values, _check_plan(row.id))
