"""Screens of charge lines: what was charged, and what waits for a bill."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Filter, Related, Resource, Section, Tile, Titles, View

from ..models.charge import Charge

S = "modules.billing.services.charges"

RESOURCES = [
    Resource(
        "billing.charge",
        Charge,
        Titles(_l("Charge lines"), _l("Charge line")),
        icon="list-details",
        columns=(
            Col("memo", _l("Text on the bill"), 170, True, link=True),
            Col("firm.name", _l("Firm"), 200, True),
            Col("item.name", _l("Charged for"), 90),
            Col("period_from", width=95),
            Col("period_to", width=95),
            Col("gross", width=110, important=True, total="sum"),
            Col("treatment", width=80),
            Col("vat_rate", width=80),
            Col("vat", width=95, total="sum"),
            Col("kind", width=90),
            Col("due_on", width=95),
            Col("bill.number", _l("Bill"), 120),
            Col("net", hidden=True, total="sum"),
            Col("carrier.name", _l("Carrier"), hidden=True),
            Col("quantity", hidden=True),
            Col("unit_price", hidden=True),
            Col("source", hidden=True),
            Col("key", hidden=True),
            Col("collected", hidden=True),
            Col("firm_id", hidden=True),
            Col("bill_id", _l("Bill"), hidden=True, fmt="int", filter="range"),
            Col("item_id", hidden=True),
        ),
        sections=(
            Section(_l("Charge line"), ("firm_id", "carrier_id", "item_id", "kind", "memo", "key")),
            Section(_l("Period"), ("period_from", "period_to", "due_on")),
            Section(_l("Amount"), ("quantity", "unit_price", "treatment", "vat_rate", "net", "vat", "gross")),
            Section(_l("Origin"), ("source", "source_id", "corrects_id", "approval_id", "collected")),
        ),
        remove=f"{S}:remove_charge",
        views=(
            View("unbilled", _l("Waiting for a bill"), (Filter("bill_id", "empty"),), "due_on"),
            View(
                "reductions", _l("Relief, discounts and waivers"), (Filter("kind", "in", ["relief", "discount", "waiver"]),), "-period_from"
            ),
            View("exempt", _l("Exempt lines"), (Filter("treatment", "eq", "exempt"),), "-period_from"),
        ),
        tabs=(
            Related("disputes", _l("Disputes"), "billing.dispute", "charge_id", order=20),
            Related("corrections", _l("Corrections"), "billing.charge", "corrects_id", order=30),
        ),
        load=("firm", "item", "carrier", "bill"),
        search=("memo", "firm.name", "key"),
        sort="-id",
        parent=("firm_id", "tenants.firm"),
        menu=("bills", 30),
    ),
]

slots.tab(
    "tenants.firm",
    Related(
        "charges",
        _l("Charge lines"),
        "billing.charge",
        "firm_id",
        ("memo", "item.name", "period_from", "period_to", "gross", "bill.number"),
        order=45,
    ),
)
slots.tile(Tile("billing.unbilled", _l("Lines waiting for a bill"), "billing.charge", "unbilled", ("finance",), ("firm.name", "gross"), 26))
