"""Screens of leases: the list, the record page with its tabs, the actions that lead to later versions, tiles and the firm's tab."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.lease import PRICE_BASES, TIMINGS, Lease
from . import _leases as x

S = "modules.leasing.services"
RUNNING = Filter("state", "in", ["running", "holding_over"])


def rung(code: str, title: Any, low: int, high: int) -> View:
    """One rung of the expiry ladder: leases that end in so many days and are not renewed."""
    return View(
        code,
        title,
        (
            Filter("state", "eq", "running"),
            Filter("ends_on", "gte", f"@today+{low}"),
            Filter("ends_on", "lte", f"@today+{high}"),
            Filter("renewed", "eq", False),
        ),
        sort="ends_on",
    )


FROM = Input("starts_on", "date", _l("From"), required=True, default=lambda s: clock.today())
NOTE = Input("reason", "longtext", _l("Reason"))

LEASE = Resource(
    name="leasing.lease",
    model=Lease,
    titles=Titles(_l("Leases"), _l("Lease"), _l("New lease")),
    icon="contract",
    columns=(
        Col("number", important=True, link=True, width=140),
        Col("firm_id", important=True, width=240),
        Col("state", important=True, width=130),
        Col("units", _l("Units"), sql=x.unit_codes, fmt="text", width=150),
        Col("area", _l("Area"), sql=x.area, fmt="area", width=100, total="sum"),
        Col("starts_on", width=105),
        Col("ends_on", width=105),
        Col("left", _l("Days left"), sql=x.days_left, fmt="int", width=90, tone=x.left_tone),
        Col("total_amount", width=130, total="sum"),
        Col("renewed", _l("Later version"), sql=x.is_renewed, fmt="bool", width=90, hidden=True),
        Col("revision", hidden=True),
        Col("origin", hidden=True),
        Col("carrier_id", hidden=True, width=180),
        Col("signed_on", hidden=True),
        Col("ended_on", hidden=True),
        Col("due_day", hidden=True),
        Col("proration", hidden=True),
        Col("deposit_amount", hidden=True, total="sum"),
        Col("sublet", hidden=True),
        Col("purpose", hidden=True),
    ),
    sections=(
        Section(_l("Lease"), ("firm_id", "starts_on", "ends_on", "purpose", Input("units", "refs", _l("Units"), ref="leasing.unit"))),
        Section(
            _l("Rent"),
            (
                Input("rent_item_id", "ref", _l("Charged for"), ref="billing.charge_item"),
                Input("rent_basis", "choice", _l("Price basis"), choices=PRICE_BASES, default="sqm_month"),
                Input("rent_price", "decimal", _l("Price")),
                Input("rent_cycle", "int", _l("Months per instalment"), default=1),
                Input("rent_timing", "choice", _l("Timing"), choices=TIMINGS, default="advance"),
            ),
        ),
        Section(
            _l("Payment"),
            ("proration", "due_day", "tax_included", "late_fee_rate", "deposit_amount", "performance_amount", "earnest_amount"),
        ),
        Section(_l("More"), ("carrier_id", "sublet_allowed", "sublet", "note")),
    ),
    create=f"{S}.lease_forms:create_from_form",
    change=f"{S}.lease_forms:change_from_form",
    workflow="modules.leasing.states:LEASE",
    editable_in=("draft",),
    opens="running",
    views=(
        View("running", _l("In performance"), (RUNNING,), sort="ends_on"),
        rung("d120", _l("Ends in 91–120 days"), 91, 120),
        rung("d90", _l("Ends in 61–90 days"), 61, 90),
        rung("d60", _l("Ends in 31–60 days"), 31, 60),
        rung("d30", _l("Ends within 30 days"), 0, 30),
        View(
            "expiring",
            _l("Ends within 120 days"),
            (Filter("state", "eq", "running"), Filter("ends_on", "lte", "@today+120"), Filter("renewed", "eq", False)),
            sort="ends_on",
        ),
        View("holding_over", _l("Holding over"), (Filter("state", "eq", "holding_over"),), sort="ends_on"),
        View("drafts", _l("Drafts"), (Filter("state", "eq", "draft"),), sort="-id"),
        View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),), sort="starts_on"),
        View("to_sign", _l("To sign"), (Filter("state", "eq", "approved"),), sort="starts_on"),
        View("ended", _l("Ended"), (Filter("state", "in", ["ended", "terminated", "replaced", "cancelled"]),), sort="-ended_on"),
        View("all", _l("All"), (), sort="-id"),
    ),
    actions=(
        Action("amend", _l("Amend"), f"{S}.amendments:amend_lease", (FROM, NOTE), word="change", guard=f"{S}.versions:why_not_version"),
        Action(
            "renew",
            _l("Renew"),
            f"{S}.renewals:renew_lease",
            (
                Input("months", "int", _l("Months"), required=True, default=12),
                Input("price", "decimal", _l("New price of the first line")),
                Input("on", "date", _l("From"), help=_l("Only for leases without end")),
            ),
            word="change",
            guard=f"{S}.versions:why_not_version",
        ),
        Action(
            "transfer",
            _l("Transfer to another firm"),
            f"{S}.transfers:transfer_lease",
            (Input("firm_id", "ref", _l("New firm"), required=True, ref="tenants.firm"), FROM, NOTE),
            word="change",
            guard=f"{S}.versions:why_not_version",
        ),
        Action(
            "other_signed",
            _l("Leaving firm has signed"),
            f"{S}.transfers:other_signed",
            (Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today()),),
            word="change",
            guard=f"{S}.transfers:why_not_other_signed",
        ),
        Action(
            "take_over_deposits",
            _l("Move the deposits"),
            f"{S}.lease_deposits:take_over",
            (Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today()),),
            word="read",
            guard=f"{S}.lease_deposits:why_not_move",
        ),
        Action(
            "make_contract",
            _l("Make the document"),
            f"{S}.contracts:make_for_lease",
            (Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today()),),
            word="change",
        ),
    ),
    tabs=(
        Tab("terms", _l("Units and lines"), "leasing/lease_terms.html", x.terms_tab, order=5),
        Tab("schedule", _l("Schedule"), "leasing/lease_schedule.html", x.schedule_tab, order=10),
        Tab("charges", _l("Charges and bills"), "leasing/lease_charges.html", x.charges_tab, order=15),
        Tab("deposits", _l("Deposits"), "leasing/lease_deposits.html", x.deposits_tab, order=20),
        Related("contracts", _l("Contract documents"), "leasing.contract", "lease_id", order=25),
        Tab("versions", _l("Versions"), "leasing/lease_versions.html", x.versions_tab, order=30),
        Related("sublets", _l("Sub-letting"), "leasing.lease_sublet", "lease_id", order=40),
    ),
    facts=(
        Fact(_l("Area"), x.area_fact),
        Fact(_l("Days left"), x.left_fact),
        Fact(_l("Contract total"), x.total_fact),
        Fact(_l("Open on bills"), x.open_fact),
        Fact(_l("Deposits held / agreed"), x.deposit_fact),
    ),
    search=("number", "firm.name"),
    load=("firm", "carrier", "previous"),
    sort="-id",
    importer="leasing.leases",
    menu=("leases", 10),
    parent=("firm_id", "tenants.firm"),
    code_field="number",
    report="lease-schedule",
)

RESOURCES = [LEASE]

slots.tab("tenants.firm", Related("leases", _l("Leases"), "leasing.lease", "firm_id", order=30))
CLERK, MANAGER, LEADERS = "operations_clerk", "operations_manager", "leadership"
for _tile in (
    Tile(
        "leasing.to_approve", _l("Leases to approve"), "leasing.lease", "to_approve", (MANAGER,), ("firm_id", "total_amount"), 15, "violet"
    ),
    Tile("leasing.to_sign", _l("Leases to sign"), "leasing.lease", "to_sign", (MANAGER, CLERK), ("firm_id", "starts_on"), 16),
    Tile(
        "leasing.expiring",
        _l("Leases ending within 120 days"),
        "leasing.lease",
        "expiring",
        (CLERK, MANAGER, LEADERS),
        ("firm_id", "ends_on"),
        18,
        "amber",
    ),
    Tile(
        "leasing.holding_over", _l("Leases holding over"), "leasing.lease", "holding_over", (MANAGER,), ("firm_id", "ends_on"), 19, "amber"
    ),
):
    slots.tile(_tile)
