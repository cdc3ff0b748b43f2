"""Screens of platforms, instruments, what they sell, staff, trainings, questions and stock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.contract import OperatorContract
from ..models.event import StockMove
from ..models.question import UsageAnswer, UsageQuestion
from ..models.registry import Instrument, OperatorQualification, Platform, PlatformStaff, ServiceItem

S = "modules.platforms.services"
TODAY = {"default": lambda session: clock.today()}



def operators_now(model: Any, context: Any) -> Any:
    """SQL: who runs it under a contract of today, else the firm named on the platform."""
    c = OperatorContract
    named = select(func.string_agg(c.operator, literal("、"))).where(
        c.platform_id == model.id, c.state == "running", c.starts_on <= context.today, c.ends_on >= context.today
    ).correlate(model).scalar_subquery()
    firm = select(Firm.name).where(Firm.id == model.operator_id).correlate(model).scalar_subquery()
    return func.coalesce(named, firm)


RESOURCES = [
    Resource(
        "platforms.platform",
        Platform,
        Titles(_l("Technical platforms"), _l("Technical platform"), _l("New platform")),
        icon="microscope",
        columns=(
            Col("code", width=90),
            Col("name", width=260, important=True, link=True),
            Col("operating_model", width=140, important=True),
            Col("operators", _l("Operator"), 220, sql=operators_now, fmt="text"),
            Col("carrier.name", _l("Carrier"), 180),
            Col("opened_on", width=105),
            Col("area", width=90, total="sum"),
            Col("active", width=80, important=True),
            Col("place", width=160, hidden=True),
        ),
        sections=(
            Section(
                _l("Platform"),
                (
                    "code",
                    "name",
                    "name_en",
                    "operating_model",
                    "operator_id",
                    "carrier_id",
                    "charge_item_id",
                    "place",
                    "area",
                    "opened_on",
                    "active",
                ),
            ),
            Section(_l("What it offers"), ("services",)),
        ),
        create=f"{S}.registry:create_platform",
        change=f"{S}.registry:change_platform",
        remove=f"{S}.registry:remove_platform",
        views=(View("active", _l("In use"), (Filter("active", "eq", True),), "code"), View("all", _l("All"), (), "code")),
        tabs=(
            Related("instruments", _l("Instruments"), "platforms.instrument", "platform_id", order=10),
            Related("items", _l("Services and consumables"), "platforms.service_item", "platform_id", order=12),
            Related("rates", _l("Rates"), "platforms.rate", "platform_id", order=14),
            Related("events", _l("Uses and orders"), "platforms.event", "platform_id", order=16),
            Related("staff", _l("Staff"), "platforms.staff", "platform_id", order=30),
        ),
        load=("carrier", "operator", "charge_item"),
        search=("code", "name"),
        sort="code",
        menu=("registry", 10),
        code_field="code",
    ),
    Resource(
        "platforms.instrument",
        Instrument,
        Titles(_l("Instruments"), _l("Instrument"), _l("New instrument")),
        icon="cpu",
        columns=(
            Col("code", width=90),
            Col("name", width=240, important=True, link=True),
            Col("platform.name", _l("Platform"), 220, True),
            Col("state", width=110, important=True),
            Col("value", width=130, total="sum"),
            Col("rated_hours", width=100),
            Col("interlock_id", width=120),
            Col("bought_on", width=105),
            Col("retired_on", width=105, hidden=True),
            Col("model", width=140, hidden=True),
            Col("self_service", width=90, hidden=True),
            Col("needs_training", width=90, hidden=True),
            Col("platform_id", hidden=True),
        ),
        sections=(
            Section(_l("Instrument"), ("platform_id", "code", "name", "model", "maker", "serial", "place", "state", "retired_on")),
            Section(_l("Cost and capacity"), ("value", "bought_on", "life_years", "rated_hours")),
            Section(_l("How it is used"), ("interlock_id", "resource_id", "needs_training", "self_service", "note")),
        ),
        create=f"{S}.registry:create_instrument",
        change=f"{S}.registry:change_instrument",
        remove=f"{S}.registry:remove_instrument",
        views=(
            View("in_use", _l("In use"), (Filter("state", "eq", "in_use"),), "code"),
            View("broken", _l("Out of order"), (Filter("state", "eq", "out_of_order"),), "code"),
            View("all", _l("All"), (), "code"),
        ),
        tabs=(
            Related("events", _l("Uses and orders"), "platforms.event", "instrument_id", order=10),
            Related("rates", _l("Rates"), "platforms.rate", "instrument_id", order=12),
            Related("questions", _l("Questions at the machine"), "platforms.question", "instrument_id", order=14),
            Related("qualified", _l("Trained users"), "platforms.operator_qualification", "instrument_id", order=16),
        ),
        load=("platform", "resource"),
        search=("code", "name", "model", "serial", "interlock_id"),
        sort="code",
        parent=("platform_id", "platforms.platform"),
        menu=("registry", 20),
        code_field="code",
    ),
    Resource(
        "platforms.service_item",
        ServiceItem,
        Titles(_l("Services and consumables"), _l("Service or consumable"), _l("New service or consumable")),
        icon="flask",
        columns=(
            Col("code", width=90),
            Col("name", width=240, important=True, link=True),
            Col("kind", width=150, important=True),
            Col("platform.name", _l("Platform"), 220),
            Col("unit", width=70),
            Col("stock", width=100, important=True),
            Col("stock_warn", width=100),
            Col("active", width=80),
            Col("platform_id", hidden=True),
        ),
        sections=(
            Section(_l("What is sold"), ("platform_id", "kind", "code", "name", "unit", "charge_item_id", "stock_warn", "active")),
            Section(_l("Stock"), ("stock",)),
        ),
        create=f"{S}.registry:create_item",
        change=f"{S}.registry:change_item",
        views=(View("active", _l("In use"), (Filter("active", "eq", True),), "code"), View("all", _l("All"), (), "code")),
        tabs=(Related("moves", _l("Stock moves"), "platforms.stock_move", "item_id", order=10),),
        load=("platform", "charge_item"),
        search=("code", "name"),
        sort="code",
        parent=("platform_id", "platforms.platform"),
        menu=("registry", 30),
        code_field="code",
    ),
    Resource(
        "platforms.stock_move",
        StockMove,
        Titles(_l("Stock moves"), _l("Stock move"), _l("New stock move")),
        icon="arrows-exchange",
        columns=(
            Col("moved_on", width=105, important=True, link=True),
            Col("item.name", _l("Consumable"), 240, True),
            Col("quantity", width=110, important=True, total="sum"),
            Col("cost", width=120, total="sum"),
            Col("memo", width=200),
            Col("item_id", hidden=True),
            Col("event_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Stock move"), ("item_id", "quantity", Input("moved_on", "date", _l("Day"), required=True, **TODAY), "cost", "memo")
            ),
            Section(_l("Comes from"), ("event_id",)),
        ),
        create=f"{S}.stock:add_move",
        load=("item", "event"),
        search=("item.name", "memo"),
        sort="-id",
        parent=("item_id", "platforms.service_item"),
        menu=("registry", 40),
    ),
    Resource(
        "platforms.staff",
        PlatformStaff,
        Titles(_l("Platform staff"), _l("Member of staff"), _l("New member of staff")),
        icon="user-cog",
        columns=(
            Col("name", width=140, important=True, link=True),
            Col("platform.name", _l("Platform"), 240, True),
            Col("duty", width=120, important=True),
            Col("phone", width=130),
            Col("starts_on", width=105),
            Col("last_day", width=105),
            Col("platform_id", hidden=True),
        ),
        sections=(Section(_l("Member of staff"), ("platform_id", "name", "duty", "phone", "starts_on", "last_day")),),
        create=f"{S}.registry:create_staff",
        change=f"{S}.registry:change_staff",
        load=("platform",),
        sort="-id",
        parent=("platform_id", "platforms.platform"),
        menu=("registry", 50),
    ),
    Resource(
        "platforms.operator_qualification",
        OperatorQualification,
        Titles(_l("Trained users"), _l("Trained user"), _l("Record a training")),
        icon="certificate",
        columns=(
            Col("instrument.name", _l("Instrument"), 220, True, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("person_id", width=120),
            Col("trained_on", width=105),
            Col("expires_on", width=105, important=True),
            Col("instrument_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Training"),
                (
                    "instrument_id",
                    "firm_id",
                    "person_id",
                    Input("trained_on", "date", _l("Trained on"), required=True, **TODAY),
                    "expires_on",
                    "trainer",
                    "note",
                ),
            ),
        ),
        create=f"{S}.registry:create_qualification",
        change=f"{S}.registry:change_qualification",
        views=(
            View(
                "ending",
                _l("Ending within 30 days"),
                (Filter("expires_on", "gte", "@today"), Filter("expires_on", "lte", "@today+30")),
                "expires_on",
            ),
            View("all", _l("All"), (), "-trained_on"),
        ),
        load=("instrument", "firm", "person"),
        search=("instrument.name", "firm.name"),
        sort="-id",
        parent=("instrument_id", "platforms.instrument"),
        menu=("registry", 60),
    ),
    Resource(
        "platforms.question",
        UsageQuestion,
        Titles(_l("Questions at the machine"), _l("Question at the machine"), _l("New question")),
        icon="help",
        columns=(
            Col("instrument.name", _l("Instrument"), 220, True),
            Col("asked", width=110),
            Col("text", width=300, important=True, link=True),
            Col("answer", width=110),
            Col("required", width=90),
            Col("item.name", _l("Takes consumable"), 180),
            Col("active", width=80),
            Col("instrument_id", hidden=True),
        ),
        sections=(
            Section(_l("Question"), ("instrument_id", "asked", "code", "text", "answer", "required", "position", "active")),
            Section(_l("What the answer takes"), ("item_id", "factor")),
        ),
        create=f"{S}.questions:create_question",
        change=f"{S}.questions:change_question",
        load=("instrument", "item"),
        search=("text", "instrument.name"),
        sort="position",
        parent=("instrument_id", "platforms.instrument"),
        menu=("registry", 70),
    ),
    Resource(
        "platforms.answer",
        UsageAnswer,
        Titles(_l("Answers given"), _l("Answer")),
        icon="message",
        columns=(Col("text", width=300, important=True, link=True), Col("answer", width=200, important=True), Col("event_id", hidden=True)),
        sections=(Section(_l("Answer"), ("event_id", "text", "answer")),),
        load=("event", "question"),
        sort="-id",
    ),
]
