"""Screens of outlets, tills, plans, cards, top-ups and meals."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.meals import MealCard, MealPlan, MealTopUp, MealUse, Outlet, Till
from ._common import ON, REASON, day, money

S = "modules.amenities.services.meal_setup"
K = "modules.amenities.services.meal_cards"
T = "modules.amenities.services.till"
AMOUNT = Input("amount", "money", _l("Amount"), required=True)
BANK = Input("bank_account_id", "ref", _l("Bank account"), ref="billing.bank_account")


def balance_fact(session: Any, row: MealCard) -> tuple[str, str | None]:
    """The balance."""
    return money(row.balance), "amber" if row.balance < 20 else None


RESOURCES = [
    Resource(
        "amenities.meal_card",
        MealCard,
        Titles(_l("Meal cards"), _l("Meal card"), _l("Issue a card")),
        columns=(
            Col("number", width=150, important=True, link=True),
            Col("holder", width=120, important=True),
            Col("firm.name", _l("Employer"), 240),
            Col("balance", important=True, total="sum"),
            Col("state", width=90),
            Col("last_day", width=110),
            Col("issued_on", width=105),
            Col("month_subsidy", width=120, hidden=True),
            Col("firm_id", hidden=True),
            Col("person_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Meal card"),
                (
                    "firm_id",
                    "person_id",
                    Input("holder", "text", _l("Holder"), max_length=80, help=_l("Empty: the person's name")),
                    day("issued_on", _l("Card issued on")),
                ),
            ),
        ),
        create=f"{K}:issue_card",
        change=f"{K}:change_card",
        workflow="modules.amenities.states:MEAL_CARD",
        editable_in=("active", "blocked"),
        actions=(
            Action(
                "top_up",
                _l("Top up"),
                f"{K}:top_up",
                (
                    AMOUNT,
                    ON,
                    Input(
                        "kind",
                        "choice",
                        _l("Means of payment"),
                        choices={"cash": _l("Cash payment"), "bank": _l("Bank transfer")},
                        default="cash",
                    ),
                    BANK,
                ),
                primary=True,
            ),
        ),
        bulk=(Action("top_up_many", _l("Top up all"), f"{K}:top_up_many", (AMOUNT, ON, BANK)),),
        views=(
            View("active", _l("In use"), (Filter("state", "eq", "active"),), "-last_day"),
            View("low", _l("Nearly empty"), (Filter("state", "eq", "active"), Filter("balance", "lt", "20")), "balance"),
            View("all", _l("All"), (), "-id"),
        ),
        tabs=(
            Related("uses", _l("Meals"), "amenities.meal_use", "card_id", order=10),
            Related("top_ups", _l("Top-ups"), "amenities.top_up", "card_id", order=20),
        ),
        facts=(Fact(_l("Balance"), balance_fact),),
        load=("firm", "person"),
        search=("number", "firm.name"),
        sort="-id",
        menu=("meals", 10),
        icon="credit-card",
        code_field="number",
        money=True,
    ),
    Resource(
        "amenities.meal_use",
        MealUse,
        Titles(_l("Meals sold"), _l("Meal")),
        columns=(
            Col("used_at", width=150, important=True, link=True),
            Col("meal", width=100),
            Col("outlet.name", _l("Outlet"), 160, True),
            Col("card.number", _l("Meal card"), 150),
            Col("firm.name", _l("Employer"), 220),
            Col("price", important=True, total="sum"),
            Col("own", total="sum"),
            Col("subsidy", total="sum"),
            Col("on_date", width=105, hidden=True),
            Col("key", width=200, hidden=True),
            Col("card_id", hidden=True),
            Col("firm_id", hidden=True),
            Col("outlet_id", hidden=True),
            Col("reverses_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Meal"),
                (
                    "used_at",
                    "meal",
                    "card_id",
                    "outlet_id",
                    "till_id",
                    "firm_id",
                    "price",
                    "own",
                    "subsidy",
                    "balance",
                    "key",
                    "reverses_id",
                ),
            ),
        ),
        actions=(Action("take_back", _l("Take back"), f"{T}:take_back", (REASON,), guard=f"{T}:why_not_back", danger=True, money=True),),
        views=(
            View("today", _l("Today"), (Filter("on_date", "eq", "@today"),), "-used_at"),
            View("month", _l("This month"), (Filter("on_date", "gte", "@month"),), "-used_at"),
            View("all", _l("All"), (), "-id"),
        ),
        load=("card", "till", "outlet", "firm", "reverses"),
        search=("card.number", "outlet.name"),
        sort="-id",
        menu=("meals", 20),
        icon="tools-kitchen-2",
    ),
    Resource(
        "amenities.top_up",
        MealTopUp,
        Titles(_l("Top-ups"), _l("Top-up")),
        columns=(
            Col("on_date", width=105, important=True, link=True),
            Col("card.number", _l("Meal card"), 150, True),
            Col("kind", width=120),
            Col("amount", important=True, total="sum"),
            Col("entered_by", width=110),
            Col("card_id", hidden=True),
        ),
        sections=(Section(_l("Top-up"), ("card_id", "kind", "amount", "on_date", "entered_by", "entry_id")),),
        load=("card", "entry"),
        sort="-id",
        views=(View("month", _l("This month"), (Filter("on_date", "gte", "@month"),), "-id"), View("all", _l("All"), (), "-id")),
        menu=("meals", 40),
        icon="cash",
    ),
    Resource(
        "amenities.meal_plan",
        MealPlan,
        Titles(_l("Meal plans of firms"), _l("Meal plan"), _l("New meal plan")),
        columns=(
            Col("firm.name", _l("Firm"), 260, True, link=True),
            Col("per_meal", important=True),
            Col("meals_a_day", width=120),
            Col("month_cap"),
            Col("starts_on", width=105, important=True),
            Col("ends_on", width=105),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Meal plan"), ("firm_id", "per_meal", "meals_a_day", "month_cap", "starts_on", "ends_on")),),
        create=f"{S}:create_plan",
        change=f"{S}:change_plan",
        load=("firm",),
        search=("firm.name",),
        sort="-id",
        menu=("meals", 30),
        icon="discount",
    ),
    Resource(
        "amenities.outlet",
        Outlet,
        Titles(_l("Outlets"), _l("Outlet"), _l("New outlet")),
        columns=(
            Col("name", width=180, important=True, link=True),
            Col("code", width=100),
            Col("kind", width=130, important=True),
            Col("facility.name", _l("Amenity"), 180),
            Col("contract.operator_id", _l("Operator firm"), 240),
            Col("seats", width=90, total="sum"),
            Col("active", width=80, important=True),
            Col("facility_id", hidden=True),
            Col("contract_id", hidden=True),
        ),
        sections=(Section(_l("Outlet"), ("facility_id", "contract_id", "code", "name", "kind", "seats", "meal_most", "active")),),
        create=f"{S}:create_outlet",
        change=f"{S}:change_outlet",
        tabs=(
            Related("tills", _l("Tills"), "amenities.till", "outlet_id", order=10),
            Related("uses", _l("Meals"), "amenities.meal_use", "outlet_id", order=20),
        ),
        load=("facility", "contract"),
        search=("name", "code"),
        sort="code",
        parent=("facility_id", "amenities.facility"),
        menu=("meals", 50),
        icon="building-store",
    ),
    Resource(
        "amenities.till",
        Till,
        Titles(_l("Tills"), _l("Till"), _l("New till")),
        columns=(
            Col("code", width=130, important=True, link=True),
            Col("outlet.name", _l("Outlet"), 200, True),
            Col("active", width=90, important=True),
            Col("outlet_id", hidden=True),
        ),
        sections=(Section(_l("Till"), ("outlet_id", "code", "active")),),
        create=f"{S}:create_till",
        change=f"{S}:change_till",
        remove=f"{S}:remove_till",
        load=("outlet",),
        sort="code",
        parent=("outlet_id", "amenities.outlet"),
        icon="device-tablet",
    ),
]

slots.tab("tenants.firm", Related("meal_cards", _l("Meal cards"), "amenities.meal_card", "firm_id", order=82))
slots.tile(Tile("amenities.meals_today", _l("Meals today"), "amenities.meal_use", "today", ("operations_manager", "leadership"), (), 67))
