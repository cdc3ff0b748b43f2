"""Screens of disputes over lines of bills."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.dispute import Dispute

S = "modules.billing.services.disputes"

RESOURCES = [
    Resource(
        "billing.dispute",
        Dispute,
        Titles(_l("Disputes"), _l("Dispute"), _l("New dispute")),
        icon="message-report",
        columns=(
            Col("bill.number", _l("Bill"), 130, True, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("charge.memo", _l("Item line"), 200),
            Col("original", width=120, total="sum"),
            Col("requested", width=120, total="sum"),
            Col("agreed", width=120, total="sum"),
            Col("state", width=120, important=True),
            Col("raised_on", width=105),
            Col("decided_on", width=105),
            Col("entered_by", width=110),
            Col("decided_by", width=110),
            Col("firm_id", hidden=True),
            Col("bill_id", hidden=True),
            Col("charge_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Dispute"),
                (
                    Input("charge_id", "ref", _l("Item line"), required=True, ref="billing.charge"),
                    "requested",
                    Input("raised_on", "date", _l("Raised on"), required=True, default=lambda session: clock.today()),
                    "reason",
                ),
            ),
            Section(_l("Bill"), ("bill_id", "firm_id", "original")),
            Section(_l("Decision"), ("agreed", "decided_on", "decided_by", "answer", "credit_id", "adjustment_id", "entered_by")),
        ),
        create=f"{S}:raise_dispute",
        workflow="modules.billing.states_dispute:DISPUTE",
        views=(
            View("to_decide", _l("To be decided"), (Filter("state", "eq", "open"),), "raised_on"),
            View("to_apply", _l("To be applied"), (Filter("state", "eq", "accepted"),), "decided_on"),
        ),
        load=("bill", "firm", "charge", "credit", "adjustment"),
        search=("bill.number", "firm.name"),
        sort="-id",
        parent=("charge_id", "billing.charge"),
        money=True,
        menu=("bills", 40),
    ),
]

slots.tab("tenants.firm", Related("disputes", _l("Disputes"), "billing.dispute", "firm_id", order=47))
slots.tile(
    Tile(
        "billing.disputes",
        _l("Disputes to decide"),
        "billing.dispute",
        "to_decide",
        ("finance", "operations_manager"),
        ("firm.name", "original", "requested"),
        28,
        "amber",
    )
)
slots.tile(
    Tile("billing.disputes_apply", _l("Disputes to apply"), "billing.dispute", "to_apply", ("finance",), ("firm.name", "agreed"), 29)
)
