"""Screens of the prices of water, electricity, gas and heat."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.meters import Tariff, TariffTier

TARIFFS = "modules.leasing.services.tariffs"

TARIFF = Resource(
    "leasing.tariff",
    Tariff,
    Titles(_l("Prices of water and power"), _l("Price"), _l("New price")),
    icon="receipt-2",
    columns=(
        Col("name", width=180, important=True, link=True),
        Col("medium", width=100, important=True),
        Col("kind", width=120),
        Col("price", width=90, important=True),
        Col("peak_price", width=90),
        Col("flat_price", width=90),
        Col("valley_price", width=90),
        Col("starts_on", width=105),
        Col("ends_on", width=105),
        Col("doc_no", width=200),
        Col("tax_included", hidden=True),
    ),
    sections=(
        Section(_l("Price"), ("medium", "kind", "name", "doc_no", "price", "peak_price", "flat_price", "valley_price", "tax_included")),
        Section(_l("Days"), ("starts_on", "ends_on")),
    ),
    create=f"{TARIFFS}:create_tariff",
    change=f"{TARIFFS}:change_tariff",
    remove=f"{TARIFFS}:remove_tariff",
    views=(View("now", _l("In force"), (Filter("ends_on", "empty"),), "medium"), View("all", _l("All"), (), "-starts_on")),
    actions=(
        Action("end", _l("Let it end"), f"{TARIFFS}:end_tariff", (Input("on", "date", _l("Last day"), required=True),), word="change"),
    ),
    tabs=(Related("tiers", _l("Tiers"), "leasing.tariff_tier", "tariff_id", order=10),),
    search=("name", "doc_no"),
    sort="-starts_on",
    menu=("setup", 40),
)

TIER = Resource(
    "leasing.tariff_tier",
    TariffTier,
    Titles(_l("Tiers"), _l("Tier"), _l("New tier")),
    icon="stairs",
    columns=(
        Col("tariff_id", width=180, important=True, link=True),
        Col("above", width=130, important=True),
        Col("price", width=110, important=True),
    ),
    sections=(Section(_l("Tier"), ("tariff_id", "above", "price")),),
    create=f"{TARIFFS}:create_tier",
    change=f"{TARIFFS}:change_tier",
    remove=f"{TARIFFS}:remove_tier",
    sort="above",
    parent=("tariff_id", "leasing.tariff"),
)

RESOURCES = [TARIFF, TIER]
