"""Screens of financing, exits and awards of firms."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Col, Filter, Input, Resource, Section, Titles, View

from ..models.financing import EQUITY_KINDS, Award, ExitEvent, FinancingEvent

S = "modules.tenants.services.financing"
FIRM = Col("firm.name", _l("Firm"), 260, True, link=True)

RESOURCES = [
    Resource(
        "tenants.financing",
        FinancingEvent,
        Titles(_l("Financing"), _l("Financing"), _l("New financing")),
        columns=(
            FIRM,
            Col("kind", width=130, important=True),
            Col("round", width=110),
            Col("on_date", width=105),
            Col("investor", width=200),
            Col("amount_cny", width=150, important=True, total="sum"),
            Col("currency", width=80),
            Col("amount", hidden=True),
            Col("park_fund", width=110),
            Col("evidence", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Financing"), ("firm_id", "kind", "round", "investor", "on_date", "park_fund")),
            Section(
                _l("Amount"),
                (
                    Input("currency", label=_l("Currency"), default="CNY"),
                    "amount",
                    Input("amount_cny", "money", _l("Amount in yuan"), help=_l("Only for a foreign currency, once converted.")),
                    "evidence",
                    "remark",
                ),
            ),
        ),
        create=f"{S}:create_financing",
        change=f"{S}:change_financing",
        remove=f"{S}:remove_financing",
        load=("firm",),
        views=(
            View("equity", _l("Equity"), (Filter("kind", "in", EQUITY_KINDS),), "-on_date"),
            View("debt", _l("Loans"), (Filter("kind", "in", ("bank", "guaranteed")),), "-on_date"),
            View("undisclosed", _l("Amount unknown"), (Filter("amount_cny", "empty"),), "-on_date"),
        ),
        search=("firm.name", "investor"),
        sort="-on_date",
        parent=("firm_id", "tenants.firm"),
        menu=("results", 30),
        icon="coin",
    ),
    Resource(
        "tenants.exit_event",
        ExitEvent,
        Titles(_l("Acquisitions and listings"), _l("Acquisition or listing"), _l("New acquisition or listing")),
        columns=(
            FIRM,
            Col("kind", width=160, important=True),
            Col("on_date", width=105, important=True),
            Col("market", width=180),
            Col("code", width=100),
            Col("evidence", width=220),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Acquisition or listing"), ("firm_id", "kind", "on_date", "market", "code", "evidence")),),
        create=f"{S}:create_exit",
        change=f"{S}:change_exit",
        remove=f"{S}:remove_exit",
        load=("firm",),
        search=("firm.name", "market", "code"),
        sort="-on_date",
        parent=("firm_id", "tenants.firm"),
        menu=("results", 40),
        icon="chart-candle",
    ),
    Resource(
        "tenants.award",
        Award,
        Titles(_l("Awards"), _l("Award"), _l("New award")),
        columns=(
            Col("title", width=280, important=True, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("level", width=110, important=True),
            Col("issuer", width=180),
            Col("on_date", width=105),
            Col("amount", width=130, total="sum"),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Award"), ("firm_id", "title", "level", "issuer", "on_date", "amount")),),
        create=f"{S}:create_award",
        change=f"{S}:change_award",
        remove=f"{S}:remove_award",
        load=("firm",),
        search=("title", "firm.name", "issuer"),
        sort="-on_date",
        parent=("firm_id", "tenants.firm"),
        menu=("results", 50),
        icon="medal",
    ),
]
