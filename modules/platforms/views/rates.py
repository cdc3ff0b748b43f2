"""Screens of rates, tiers and discounts."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.rate import DiscountTier, PlatformRate, RateTier

S = "modules.platforms.services.rates"
FROM = Input("starts_on", "date", _l("Valid from"), required=True, default=lambda session: clock.today())

RESOURCES = [
    Resource(
        "platforms.rate",
        PlatformRate,
        Titles(_l("Rates of platforms"), _l("Rate of a platform"), _l("New rate")),
        icon="currency-yuan",
        columns=(
            Col("platform.name", _l("Platform"), 200, True),
            Col("instrument.name", _l("Instrument"), 200, True),
            Col("item.name", _l("Ordered"), 150),
            Col("kind", width=110),
            Col("customer_class", width=120),
            Col("amount", width=100, important=True, link=True),
            Col("basis", width=100),
            Col("weekdays", width=80),
            Col("opens", width=70),
            Col("closes", width=70),
            Col("starts_on", width=105),
            Col("last_day", width=105),
            Col("minimum", width=100, hidden=True),
            Col("service_fee", width=100, hidden=True),
            Col("daily_cap", width=100, hidden=True),
            Col("memo", width=160, hidden=True),
            Col("platform_id", hidden=True),
            Col("instrument_id", hidden=True),
        ),
        sections=(
            Section(_l("For what and whom"), ("kind", "platform_id", "instrument_id", "item_id", "customer_class")),
            Section(_l("Price"), ("basis", "amount", "minimum", "service_fee", "daily_cap", "memo")),
            Section(_l("When it holds"), (FROM, "last_day", "weekdays", "opens", "closes")),
        ),
        create=f"{S}:create_rate",
        change=f"{S}:change_rate",
        remove=f"{S}:remove_rate",
        views=(
            View("now", _l("Holds today"), (Filter("starts_on", "lte", "@today"),), "platform.name"),
            View("coming", _l("Coming"), (Filter("starts_on", "gte", "@today+1"),), "starts_on"),
            View("all", _l("All"), (), "-starts_on"),
        ),
        tabs=(Related("tiers", _l("Tiers"), "platforms.rate_tier", "rate_id", order=10),),
        load=("platform", "instrument", "item"),
        search=("platform.name", "instrument.name", "memo"),
        sort="-starts_on",
        parent=("platform_id", "platforms.platform"),
        menu=("prices", 20),
    ),
    Resource(
        "platforms.rate_tier",
        RateTier,
        Titles(_l("Tiers"), _l("Tier"), _l("New tier")),
        icon="stairs",
        columns=(Col("rate_id", width=200), Col("after", width=120, important=True, link=True), Col("amount", width=120, important=True)),
        sections=(Section(_l("Tier"), ("rate_id", "after", "amount")),),
        create=f"{S}:create_tier",
        remove=f"{S}:remove_tier",
        load=("rate",),
        sort="after",
        parent=("rate_id", "platforms.rate"),
    ),
    Resource(
        "platforms.discount_tier",
        DiscountTier,
        Titles(_l("Discounts by use"), _l("Discount by use"), _l("New discount")),
        icon="discount",
        columns=(
            Col("name", width=220, important=True, link=True),
            Col("reached", width=140, important=True),
            Col("percent", width=110, important=True),
            Col("starts_on", width=105),
            Col("last_day", width=105),
        ),
        sections=(Section(_l("Discount"), ("name", "reached", "percent", FROM, "last_day")),),
        create=f"{S}:create_discount",
        actions=(
            Action("end", _l("End it"), f"{S}:end_discount", (Input("last_day", "date", _l("Last day"), required=True),), word="change"),
        ),
        sort="reached",
        menu=("prices", 30),
    ),
]
