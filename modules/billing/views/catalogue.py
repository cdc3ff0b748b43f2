"""Screens of what may be charged and the dated facts of VAT on it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, cast, func

from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Resource, Section, Titles, View

from ..models.catalogue import CarrierExemption, ChargeItem, SimplifiedElection, TaxStatus, VatRate

S = "modules.billing.services.catalogue"
LAST = Input("last_day", "date", _l("Last day"), required=True)


def last_day(model: Any, context: Any) -> Any:
    """SQL: the last day of the period, NULL while it stands."""
    return cast(func.upper(model.during) - 1, Date)


RESOURCES = [
    Resource(
        "billing.charge_item",
        ChargeItem,
        Titles(_l("Charge items"), _l("Charge item"), _l("New charge item")),
        icon="tag",
        columns=(
            Col("name", width=180, important=True, link=True),
            Col("code", width=120, important=True),
            Col("supply", width=200),
            Col("service_class", width=170, important=True),
            Col("account.name", _l("Income account, taxed"), 220),
            Col("exempt_account.name", _l("Income account, exempt incubation service"), 240),
            Col("tax_code", width=180),
            Col("unit", width=80),
            Col("rent", width=80),
            Col("active", width=80),
            Col("name_en", hidden=True),
        ),
        sections=(
            Section(_l("Charge item"), ("code", "name", "name_en", "unit", "rent", "active")),
            Section(_l("VAT"), ("supply", "service_class", "tax_code")),
            Section(_l("Accounts"), ("account_id", "exempt_account_id")),
        ),
        create=f"{S}:create_item",
        change=f"{S}:change_item",
        remove=f"{S}:remove_item",
        views=(View("active", _l("In use"), (Filter("active", "eq", True),), "code"),),
        load=("account", "exempt_account"),
        search=("code", "name", "name_en"),
        sort="code",
        menu=("setup", 20),
        code_field="code",
    ),
    Resource(
        "billing.vat_rate",
        VatRate,
        Titles(_l("VAT rates"), _l("VAT rate"), _l("New VAT rate")),
        icon="percentage",
        columns=(
            Col("supply", width=260, important=True, link=True),
            Col("taxpayer", width=130),
            Col("method", width=100),
            Col("rate", width=90, important=True),
            Col("exempt", width=80),
            Col("starts_on", width=105, important=True),
            Col("last", _l("Last day"), 105, sql=last_day, fmt="date"),
            Col("doc_no", width=260),
            Col("article", width=140),
            Col("provenance", width=80),
            Col("note", hidden=True),
        ),
        sections=(
            Section(
                _l("VAT rate"), ("supply", "taxpayer", "method", "rate", "exempt", "starts_on", Input("last_day", "date", _l("Last day")))
            ),
            Section(_l("Source"), ("doc_no", "article", "provenance", "note")),
        ),
        create=f"{S}:create_rate",
        actions=(Action("end", _l("End this rate"), f"{S}:end_rate", inputs=(LAST,), word="change"),),
        sort="supply",
        menu=("tax", 30),
        search=("doc_no",),
    ),
    Resource(
        "billing.carrier_exemption",
        CarrierExemption,
        Titles(_l("VAT exemption of carriers"), _l("VAT exemption of a carrier"), _l("New statement")),
        icon="certificate",
        columns=(
            Col("carrier.name", _l("Carrier"), 240, True, link=True),
            Col("starts_on", width=105, important=True),
            Col("last_day", width=105, important=True),
            Col("waived", width=110),
            Col("basis", width=240),
            Col("doc_no", width=180),
            Col("note", hidden=True),
            Col("carrier_id", hidden=True),
        ),
        sections=(
            Section(_l("Statement of the tax officer"), ("carrier_id", "starts_on", "last_day", "waived", "basis", "doc_no", "note")),
        ),
        create=f"{S}:create_exemption",
        change=f"{S}:change_exemption",
        load=("carrier",),
        sort="-starts_on",
        menu=("tax", 20),
        search=("basis", "doc_no"),
        parent=("carrier_id", "tenants.carrier"),
    ),
    Resource(
        "billing.tax_status",
        TaxStatus,
        Titles(_l("Taxpayer status"), _l("Taxpayer status"), _l("New taxpayer status")),
        icon="building-bank",
        columns=(
            Col("taxpayer", width=160, important=True, link=True),
            Col("starts_on", width=105, important=True),
            Col("last_day", width=105, important=True),
            Col("basis", width=300),
        ),
        sections=(Section(_l("Taxpayer status"), ("taxpayer", "starts_on", "last_day", "basis")),),
        create=f"{S}:create_tax_status",
        change=f"{S}:change_tax_status",
        sort="-starts_on",
        menu=("tax", 40),
        search=("basis",),
    ),
    Resource(
        "billing.simplified_election",
        SimplifiedElection,
        Titles(_l("Simplified VAT of old real estate"), _l("Simplified VAT of old real estate"), _l("New election")),
        icon="building-cottage",
        columns=(
            Col("carrier.name", _l("Carrier"), 240, True, link=True),
            Col("acquired_on", width=105),
            Col("starts_on", width=105, important=True),
            Col("last_day", width=105, important=True),
            Col("basis", width=260),
            Col("carrier_id", hidden=True),
        ),
        sections=(Section(_l("Election"), ("carrier_id", "acquired_on", "starts_on", "last_day", "basis")),),
        create=f"{S}:create_election",
        change=f"{S}:change_election",
        load=("carrier",),
        sort="-starts_on",
        menu=("tax", 50),
        search=("basis",),
    ),
]
