"""Screens of cost pools, entries, shared costs and funders of gaps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Date, Numeric, case, cast, func, select, text, type_coerce

from parkops.db.types import Money, Rate
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.cost import COST_KINDS, REDUCING, CostEntry, CostPool, CostShare, GapFunder, SharedCost
from ..models.event import UsageEvent
from ..services import costs
from ..services.recovery import COUNTED

C = "modules.platforms.services.costs"
S = "modules.platforms.services.cost_shares"
ON = Input("on", "date", _l("Date"), required=True)
SPREAD = (
    Input("kind", "choice", _l("Kind of cost"), required=True, choices=COST_KINDS, default="space"),
    Input("title", "text", _l("What for"), required=True, max_length=200),
    Input("amount", "money", _l("Amount"), required=True),
    Input("document", "text", _l("Voucher or invoice"), required=True, max_length=200),
    Input("months", "int", _l("Months"), required=True, default=12),
    Input("funder", "text", _l("Funder"), max_length=120),
)


def _signed_sum(pool: Any) -> Any:
    """Costs less grants and surplus carried, in fen; NULL without any entry."""
    signed = case(
        (CostEntry.kind.in_(REDUCING), -type_coerce(CostEntry.amount, BigInteger)), else_=type_coerce(CostEntry.amount, BigInteger)
    )
    return (
        select(cast(func.sum(signed), BigInteger))
        .select_from(CostEntry)
        .where(CostEntry.pool_id == pool.id)
        .correlate(pool)
        .scalar_subquery()
    )


def _charged_sum(pool: Any) -> Any:
    """What the month's events of the platform came to, in fen."""
    e = UsageEvent
    mine = (
        e.park_id == pool.park_id,
        e.platform_id == pool.platform_id,
        e.ended_on >= pool.month,
        e.state.in_(COUNTED),
        e.ended_on < cast(pool.month + text("interval '1 month'"), Date),
    )
    return (
        select(cast(func.coalesce(func.sum(type_coerce(e.net, BigInteger)), 0), BigInteger))
        .select_from(e)
        .where(*mine)
        .correlate(pool)
        .scalar_subquery()
    )


def net_cost(model: Any, context: Any) -> Any:
    """Column: the pool's net cost as it stands."""
    return type_coerce(_signed_sum(model), Money)


def charged(model: Any, context: Any) -> Any:
    """Column: what was charged for the month."""
    return type_coerce(_charged_sum(model), Money)


def recovery_rate(model: Any, context: Any) -> Any:
    """Column: charged ÷ net cost; empty without a cost."""
    cost = _signed_sum(model)
    part = cast(_charged_sum(model), Numeric) * 100_000_000 / case((cost > 0, cost))
    return type_coerce(cast(func.round(part), BigInteger), Rate)


def total_fact(session: Any, pool: CostPool) -> tuple[str, str | None]:
    """What the pool comes to now."""
    return f"{costs.total(session, pool):,.2f}", None


POOL = Resource(
    "platforms.cost_pool",
    CostPool,
    Titles(_l("Cost pools"), _l("Cost pool"), _l("Open a pool")),
    columns=(
        Col("month", width=100, important=True, link=True),
        Col("platform.name", _l("Platform"), 260, True),
        Col("state", width=120, important=True),
        Col("net_cost", _l("Net cost"), 130, fmt="money", sql=net_cost, total="sum"),
        Col("charged", _l("Charged"), 130, fmt="money", sql=charged, total="sum"),
        Col("recovery", _l("Recovery, charged"), 120, fmt="percent", sql=recovery_rate, important=True),
        Col("cost", hidden=True),
        Col("closed_on", width=110),
        Col("closed_by", width=110),
        Col("platform_id", hidden=True),
    ),
    sections=(Section(_l("Cost pool"), ("platform_id", "month")),),
    create=f"{C}:open_pool",
    workflow="modules.platforms.states_cost:POOL",
    views=(
        View("to_close", _l("To be closed"), (Filter("state", "eq", "open"), Filter("month", "lt", "@month")), "month"),
        View("last_month", _l("Last month"), (Filter("month", "eq", "@month-1"),), "platform_id"),
        View("open", _l("Open for costs"), (Filter("state", "eq", "open"),), "month"),
        View("all", _l("All"), ()),
    ),
    actions=(Action("recompute", _l("Compute depreciation anew"), f"{C}:recompute_pool", word="change"),),
    tabs=(Related("entries", _l("Costs and grants"), "platforms.cost_entry", "pool_id", order=5),),
    facts=(Fact(_l("Net cost"), total_fact),),
    load=("platform",),
    search=("platform.name",),
    sort="-month",
    parent=("platform_id", "platforms.platform"),
    menu=("recovery", 20),
    icon="stack-2",
)

ENTRY = Resource(
    "platforms.cost_entry",
    CostEntry,
    Titles(_l("Costs and grants"), _l("Cost entry"), _l("Enter a cost")),
    columns=(
        Col("pool.month", _l("Month"), 95, True),
        Col("pool.platform_id", _l("Platform"), 220),
        Col("kind", width=140, important=True),
        Col("title", width=240, link=True),
        Col("amount", important=True, total="sum"),
        Col("document", width=240),
        Col("funder", width=140),
        Col("computed", width=80),
        Col("pool_id", hidden=True),
    ),
    sections=(Section(_l("Cost entry"), ("pool_id", "kind", "title", "amount", "document", "funder", "instrument_id")),),
    create=f"{C}:record_entry",
    change=f"{C}:change_entry",
    remove=f"{C}:remove_entry",
    views=(
        View("all", _l("All"), ()),
        View("grants", _l("Grants"), (Filter("kind", "eq", "grant"),)),
        View("entered", _l("Entered by hand"), (Filter("computed", "eq", False),)),
    ),
    load=("pool", "instrument", "shared_cost"),
    search=("title", "document", "funder"),
    sort="-id",
    parent=("pool_id", "platforms.cost_pool"),
    menu=("recovery", 30),
    icon="receipt-2",
)

SHARED = Resource(
    "platforms.shared_cost",
    SharedCost,
    Titles(_l("Costs shared by operators"), _l("Shared cost"), _l("Enter a shared cost")),
    columns=(
        Col("month", width=95, important=True),
        Col("title", width=260, important=True, link=True),
        Col("kind", width=120),
        Col("key", width=130),
        Col("amount", important=True, total="sum"),
        Col("document", width=220),
        Col("state", width=130),
    ),
    sections=(Section(_l("Shared cost"), ("month", "kind", "title", "amount", "key", "document")),),
    create=f"{S}:create_shared",
    change=f"{S}:change_shared",
    remove=f"{S}:remove_shared",
    workflow="modules.platforms.states_cost:SHARED",
    views=(View("draft", _l("To be divided"), (Filter("state", "eq", "draft"),)), View("all", _l("All"), ())),
    actions=(Action("weigh", _l("Take weights anew"), f"{S}:weigh", word="change"),),
    tabs=(Related("shares", _l("Parts of the operators"), "platforms.cost_share", "shared_cost_id", order=5),),
    search=("title", "document"),
    sort="-month",
    menu=("recovery", 40),
    icon="arrows-split-2",
)

SHARE = Resource(
    "platforms.cost_share",
    CostShare,
    Titles(_l("Parts of the operators"), _l("Part of an operator"), _l("Add an operator")),
    columns=(
        Col("shared_cost_id", width=220),
        Col("contract.operator", _l("Platform operator"), 240, True, link=True),
        Col("weight", width=120, important=True),
        Col("amount", important=True, total="sum"),
        Col("contract_id", hidden=True),
    ),
    sections=(Section(_l("Part of an operator"), ("shared_cost_id", "contract_id", "weight")),),
    create=f"{S}:add_share",
    change=f"{S}:set_weight",
    remove=f"{S}:remove_share",
    load=("shared_cost", "contract"),
    sort="id",
    parent=("shared_cost_id", "platforms.shared_cost"),
    icon="chart-pie",
)

FUNDER = Resource(
    "platforms.gap_funder",
    GapFunder,
    Titles(_l("Funders of reduced rates"), _l("Funder of a reduced rate"), _l("Name a funder")),
    columns=(
        Col("platform.name", _l("Platform"), 240, True),
        Col("customer_class", width=140, important=True),
        Col("funder", width=200, important=True, link=True),
        Col("document", width=240),
        Col("starts_on", width=105),
        Col("last_day", width=105),
        Col("platform_id", hidden=True),
    ),
    sections=(Section(_l("Funder of a reduced rate"), ("platform_id", "customer_class", "funder", "document", "starts_on", "last_day")),),
    create="modules.platforms.services.gap_funders:create_funder",
    change="modules.platforms.services.gap_funders:change_funder",
    remove="modules.platforms.services.gap_funders:remove_funder",
    load=("platform",),
    search=("funder", "platform.name"),
    sort="platform_id",
    parent=("platform_id", "platforms.platform"),
    menu=("recovery", 50),
    icon="heart-handshake",
)

RESOURCES = [POOL, ENTRY, SHARED, SHARE, FUNDER]

slots.tab("platforms.platform", Related("pools", _l("Cost pools"), "platforms.cost_pool", "platform_id", order=60))
slots.action("platforms.cost_pool", Action("spread", _l("Spread a cost over months"), f"{C}:spread_on_pool", SPREAD, word="change"))
slots.action(
    "platforms.cost_pool",
    Action("carry", _l("Carry last year's balance into this month"), f"{C}:carry_into_pool", (ON,), word="change"),
)
slots.tile(
    Tile("platforms.pools", _l("Cost pools to close"), "platforms.cost_pool", "to_close", ("finance",), ("platform.name", "month"), 45)
)
slots.tile(
    Tile(
        "platforms.recovery",
        _l("Cost recovery of last month"),
        "platforms.cost_pool",
        "last_month",
        ("finance", "leadership"),
        ("platform.name", "recovery"),
        44,
    )
)
