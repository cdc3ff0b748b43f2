"""Screens of paying projects, events, adjustments, quotes and month runs as records."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.adjustment import EventAdjustment
from ..models.event import UsageEvent
from ..models.project import PayingProject, ProjectFund
from ..models.quote import PlatformQuote, QuoteLine
from ..services import projects

S = "modules.platforms.services"


def day(name: str, label: object) -> Input:
    return Input(name, "date", label, required=True, default=lambda session: clock.today())


def money_left(session: Any, project: PayingProject) -> tuple[Any, str | None]:
    """What the project may still use, as the machine sees it."""
    rest = projects.left(session, project, clock.today(), until=clock.now())
    return (_l("No limit"), None) if rest is None else (f"{rest:,.2f}", "red" if rest <= 0 else None)


def money_used(session: Any, project: PayingProject) -> tuple[Any, str | None]:
    """Priced use as charged, the rest as it looks now."""
    return f"{projects.spent(session, project, until=clock.now()):,.2f}", None


RESOURCES = [
    Resource(
        "platforms.event",
        UsageEvent,
        Titles(_l("Platform use"), _l("Use of a platform"), _l("Record use")),
        icon="activity",
        columns=(
            Col("started_at", width=140, important=True, link=True),
            Col("kind", width=110),
            Col("instrument.name", _l("Instrument"), 190, True),
            Col("item.name", _l("Ordered"), 150),
            Col("firm.name", _l("Firm"), 220, True),
            Col("project.number", _l("Paying project"), 120),
            Col("minutes", width=80, total="sum"),
            Col("quantity", width=90),
            Col("state", width=110),
            Col("gross", width=110, total="sum"),
            Col("net", width=110, total="sum"),
            Col("waived", width=100, total="sum", hidden=True),
            Col("entitled", width=100, total="sum", hidden=True),
            Col("discount", width=100, total="sum", hidden=True),
            Col("ended_on", width=105, hidden=True),
            Col("customer_class", width=110, hidden=True),
            Col("origin", width=100, hidden=True),
            Col("started_by", width=110, hidden=True),
            Col("platform.name", _l("Platform"), 180, hidden=True),
            Col("platform_id", hidden=True),
            Col("instrument_id", hidden=True),
            Col("firm_id", hidden=True),
            Col("project_id", hidden=True),
            Col("run_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Uses and orders"),
                (
                    "kind",
                    "project_id",
                    "platform_id",
                    "instrument_id",
                    "item_id",
                    "started_at",
                    "ended_at",
                    "quantity",
                    "amount",
                    "person_id",
                    "memo",
                ),
            ),
            Section(
                _l("Price"),
                (
                    Input("rate_id", "ref", _l("Platform rate"), ref="platforms.rate"),
                    "gross",
                    "discount",
                    "entitled",
                    "waived",
                    "net",
                    Input("run_id", "ref", _l("Priced by run"), ref="platforms.month_run"),
                ),
            ),
            Section(
                _l("How it went"),
                ("minutes", "origin", "started_by", "stopped_by", "validated_by", "validated_on", "waived_by", "waived_reason",
                 "parent_id"),
            ),
        ),
        create=f"{S}.events:record_event",
        workflow="modules.platforms.states:EVENT",
        views=(
            View("running", _l("Running"), (Filter("state", "eq", "open"),), "-started_at"),
            View("to_validate", _l("To be validated"), (Filter("state", "eq", "done"),), "started_at"),
            View("month", _l("This month"), (Filter("ended_on", "gte", "@month"),), "-started_at"),
            View("waived", _l("Waived"), (Filter("state", "eq", "waived"),), "-started_at"),
            View("all", _l("All"), (), "-started_at"),
        ),
        bulk=(Action("validate", _l("Validate"), f"{S}.events:validate_many"),),
        tabs=(
            Related("answers", _l("Answers given"), "platforms.answer", "event_id", order=10),
            Related("adjustments", _l("Adjustments"), "platforms.adjustment", "event_id", order=12),
        ),
        load=("platform", "instrument", "item", "firm", "project", "person", "booking", "parent", "rate", "run"),
        search=("instrument.name", "firm.name", "project.number", "item.name"),
        sort="-started_at",
        parent=("project_id", "platforms.project"),
        menu=("use", 20),
    ),
    Resource(
        "platforms.project",
        PayingProject,
        Titles(_l("Paying projects"), _l("Paying project"), _l("New paying project")),
        icon="wallet",
        columns=(
            Col("number", width=120, link=True),
            Col("name", width=200, important=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("customer_class", width=120),
            Col("state", width=110, important=True),
            Col("starts_on", width=105),
            Col("last_day", width=105),
            Col("cap", width=120, total="sum"),
            Col("prepaid", width=80),
            Col("platform.name", _l("Only this platform"), 180, hidden=True),
            Col("firm_id", hidden=True),
            Col("payer_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Paying project"), ("name", "firm_id", "payer_id", "customer_class", "state", "starts_on", "last_day", "platform_id")
            ),
            Section(_l("Money"), ("cap", "prepaid", "overdraft", "voucher_id")),
            Section(
                _l("Pays for"),
                ("allows_usage", "allows_sample", "allows_consumable", "allows_technician", "allows_training", "allows_custom", "note"),
            ),
        ),
        create=f"{S}.projects:create_project",
        change=f"{S}.projects:change_project",
        views=(
            View("open", _l("Open for use"), (Filter("state", "eq", "active"),), "number"),
            View(
                "ending",
                _l("Ending within 30 days"),
                (Filter("state", "eq", "active"), Filter("last_day", "gte", "@today"), Filter("last_day", "lte", "@today+30")),
                "last_day",
            ),
            View("all", _l("All"), (), "-number"),
        ),
        tabs=(
            Related("events", _l("Uses and orders"), "platforms.event", "project_id", order=10),
            Related("funds", _l("Paid in"), "platforms.project_fund", "project_id", order=12),
        ),
        facts=(Fact(_l("Left to use"), money_left), Fact(_l("Used so far"), money_used)),
        load=("firm", "payer", "platform", "voucher"),
        search=("number", "name", "firm.name"),
        sort="-number",
        parent=("firm_id", "tenants.firm"),
        menu=("use", 30),
    ),
    Resource(
        "platforms.project_fund",
        ProjectFund,
        Titles(_l("Money paid in"), _l("Money paid in"), _l("Record money paid in")),
        icon="coin",
        columns=(
            Col("project.number", _l("Paying project"), 130, True, link=True),
            Col("received_on", width=105, important=True),
            Col("amount", width=130, important=True, total="sum"),
            Col("expires_on", width=105),
            Col("reference", width=200),
            Col("project_id", hidden=True),
        ),
        sections=(Section(_l("Money paid in"), ("project_id", "amount", day("received_on", _l("Paid in on")), "expires_on", "reference")),),
        create=f"{S}.projects:add_fund",
        load=("project",),
        search=("project.number", "reference"),
        sort="-id",
        money=True,
        parent=("project_id", "platforms.project"),
        menu=("use", 35),
    ),
    Resource(
        "platforms.adjustment",
        EventAdjustment,
        Titles(_l("Adjustments"), _l("Adjustment"), _l("New adjustment")),
        icon="adjustments",
        columns=(
            Col("number", width=120, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("event_id", width=90),
            Col("state", width=110, important=True),
            Col("raised_on", width=105),
            Col("waive", width=80),
            Col("difference", width=120, important=True, total="sum"),
            Col("entered_by", width=110),
            Col("decided_by", width=110),
            Col("applied_on", width=105),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Adjustment"),
                (Input("event_id", "ref", _l("Event"), required=True, ref="platforms.event"), day("raised_on", _l("Asked on")), "reason"),
            ),
            Section(_l("What should be different"), ("want_start", "want_end", "want_quantity", "want_project_id", "waive")),
            Section(_l("As recorded"), ("was_start", "was_end", "was_quantity", "was_project_id", "was_net")),
            Section(_l("Decision"), ("entered_by", "decided_by", "answer", "applied_by", "applied_on", "difference", "credit_id")),
        ),
        create=f"{S}.adjustments:raise_adjustment",
        workflow="modules.platforms.states_adjustment:ADJUSTMENT",
        views=(
            View("to_decide", _l("To be decided"), (Filter("state", "eq", "open"),), "raised_on"),
            View("to_apply", _l("To be applied"), (Filter("state", "eq", "approved"),), "raised_on"),
            View("all", _l("All"), (), "-id"),
        ),
        load=("event", "firm", "was_project", "want_project", "credit"),
        search=("number", "firm.name"),
        sort="-id",
        money=True,
        parent=("event_id", "platforms.event"),
        menu=("use", 40),
    ),
    Resource(
        "platforms.quote",
        PlatformQuote,
        Titles(_l("Quotes"), _l("Quote"), _l("New quote")),
        icon="file-invoice",
        columns=(
            Col("number", width=120, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("platform.name", _l("Platform"), 200),
            Col("state", width=110, important=True),
            Col("total", width=130, important=True, total="sum"),
            Col("quoted_on", width=105),
            Col("valid_until", width=105),
            Col("prepared_by", width=110),
            Col("approved_by", width=110),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Quote"), ("platform_id", "firm_id", "customer_class", day("quoted_on", _l("Date of the quote")), "valid_until", "terms")
            ),
            Section(_l("Decision"), ("total", "prepared_by", "approved_by", "project_id")),
        ),
        create=f"{S}.quotes:create_quote",
        change=f"{S}.quotes:change_quote",
        workflow="modules.platforms.states_quote:QUOTE",
        views=(
            View("to_approve", _l("Awaiting approval"), (Filter("state", "eq", "submitted"),), "quoted_on"),
            View("open", _l("With the customer"), (Filter("state", "eq", "approved"),), "valid_until"),
            View("all", _l("All"), (), "-id"),
        ),
        tabs=(Related("lines", _l("Quote lines"), "platforms.quote_line", "quote_id", order=10),),
        load=("platform", "firm", "project"),
        search=("number", "firm.name"),
        sort="-id",
        report="platform-quote",
        menu=("prices", 40),
    ),
    Resource(
        "platforms.quote_line",
        QuoteLine,
        Titles(_l("Lines of quotes"), _l("Line of a quote"), _l("New quote line")),
        icon="list",
        columns=(
            Col("kind", width=120, important=True, link=True),
            Col("instrument.name", _l("Instrument"), 200, True),
            Col("item.name", _l("Ordered"), 160),
            Col("quantity", width=100),
            Col("unit_price", width=100),
            Col("amount", width=120, important=True, total="sum"),
            Col("memo", width=200),
            Col("quote_id", hidden=True),
        ),
        sections=(Section(_l("Line"), ("quote_id", "kind", "instrument_id", "item_id", "quantity", "memo")),),
        create=f"{S}.quotes:add_line",
        remove=f"{S}.quotes:remove_line",
        load=("quote", "instrument", "item"),
        sort="id",
        parent=("quote_id", "platforms.quote"),
    ),
]

slots.tab("tenants.firm", Related("platform_projects", _l("Paying projects"), "platforms.project", "firm_id", order=70))
slots.tab("tenants.firm", Related("platform_use", _l("Platform use"), "platforms.event", "firm_id", order=71))
slots.tile(
    Tile(
        "platforms.running",
        _l("Machines running"),
        "platforms.event",
        "running",
        ("operations_clerk", "operations_manager"),
        ("instrument.name", "firm.name"),
        40,
    )
)
slots.tile(
    Tile(
        "platforms.to_validate",
        _l("Use to validate"),
        "platforms.event",
        "to_validate",
        ("operations_manager",),
        ("instrument.name", "firm.name", "minutes"),
        27,
        "amber",
    )
)
slots.tile(
    Tile(
        "platforms.adjust",
        _l("Adjustments to decide"),
        "platforms.adjustment",
        "to_decide",
        ("operations_manager",),
        ("number", "firm.name"),
        28,
        "amber",
    )
)
slots.tile(
    Tile(
        "platforms.adjust_apply", _l("Adjustments to apply"), "platforms.adjustment", "to_apply", ("finance",), ("number", "firm.name"), 29
    )
)
slots.tile(
    Tile(
        "platforms.quotes",
        _l("Quotes to approve"),
        "platforms.quote",
        "to_approve",
        ("operations_manager",),
        ("number", "firm.name", "total"),
        30,
    )
)
