"""Screens of move-out settlements and exit checklists; sub-letting and sale notices."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.lease_law import NOTICE_ANSWERS, SUBLET_ANSWERS, BuildingSale, LeaseSublet, SaleNotice
from ..models.settlement import Settlement, SettlementCheck, SettlementLine
from . import _leases as x

S, A = "modules.leasing.services.settlements", "modules.leasing.services.lease_acts"
ON = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())

SETTLEMENT = Resource(
    name="leasing.settlement",
    model=Settlement,
    titles=Titles(_l("Move-out settlements"), _l("Move-out settlement")),
    icon="door-exit",
    columns=(
        Col("number", important=True, link=True, width=130),
        Col("firm_id", important=True, width=240),
        Col("state", important=True, width=150),
        Col("lease_id", width=150),
        Col("handed_back_on"),
        Col("released_on"),
        Col("balance", total="sum"),
    ),
    sections=(Section(_l("Settlement"), ("bank_account_id", "note")),),
    change=f"{S}:change_settlement",
    workflow="modules.leasing.states_settlement:SETTLEMENT",
    editable_in=("draft", "submitted", "approved"),
    money=True,
    views=(
        View("open", _l("Under way"), (Filter("released_on", "empty"), Filter("state", "ne", "cancelled")), sort="handed_back_on"),
        View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),)),
        View("to_post", _l("To post"), (Filter("state", "eq", "approved"),)),
        View("all", _l("All"), ()),
    ),
    actions=(Action("work_out", _l("Work out anew"), f"{S}:work_out", (ON,), word="change"),),
    tabs=(
        Tab("sheet", _l("Settlement sheet"), "leasing/settlement_sheet.html", x.settlement_tab, order=5),
        Related("checks", _l("Exit checklist"), "leasing.settlement_check", "settlement_id", order=10),
    ),
    facts=(
        Fact(_l("To pay (+) or to refund (−)"), x.balance_fact),
        Fact(_l("Handed back on"), x.handed_fact),
        Fact(_l("Units free since"), x.free_fact),
        Fact(_l("Lease"), x.lease_fact),
    ),
    load=("firm", "lease"),
    search=("number", "firm.name"),
    sort="-id",
    menu=("leases", 30),
    report="move-out-settlement",
    code_field="number",
)

LINE = Resource(
    name="leasing.settlement_line",
    model=SettlementLine,
    titles=Titles(_l("Settlement lines"), _l("Settlement line"), _l("Add a settlement line")),
    icon="list",
    columns=(
        Col("settlement_id", important=True, width=140),
        Col("kind", width=130),
        Col("title", important=True, link=True, width=260),
        Col("amount", important=True, total="sum"),
        Col("explain", width=300),
        Col("own"),
    ),
    sections=(
        Section(
            _l("Settlement line"),
            ("settlement_id", "kind", "title", "item_id", "quantity", "unit_price", Input("amount", "money", _l("Amount")), "explain"),
        ),
    ),
    create=f"{S}:add_own_line",
    remove=f"{S}:remove_own_line",
    parent=("settlement_id", "leasing.settlement"),
    sort="-id",
)

CHECK = Resource(
    name="leasing.settlement_check",
    model=SettlementCheck,
    titles=Titles(_l("Exit checklist"), _l("Checklist item")),
    icon="checklist",
    columns=(
        Col("position", width=70),
        Col("item", important=True, link=True, width=320),
        Col("done_on", important=True),
        Col("done_by", important=True),
        Col("note", width=220),
        Col("settlement_id", width=140),
    ),
    sections=(Section(_l("Checklist item"), ("settlement_id", "position", "item", "done_on", "done_by", "note")),),
    actions=(
        Action("done", _l("Done"), f"{S}:do_check", (ON, Input("note", "text", _l("Note"), max_length=300)), word="change", primary=True),
    ),
    bulk=(Action("done", _l("Done"), f"{S}:do_checks", (ON,), word="change"),),
    sort="position",
)

SUBLET = Resource(
    name="leasing.lease_sublet",
    model=LeaseSublet,
    titles=Titles(_l("Sub-letting"), _l("Sub-letting"), _l("Record a sub-letting")),
    icon="users-group",
    columns=(
        Col("lease_id", important=True, width=160),
        Col("occupant", important=True, link=True, width=240),
        Col("area"),
        Col("known_on"),
        Col("answer", important=True),
        Col("answered_on"),
        Col("starts_on"),
        Col("ends_on"),
    ),
    sections=(Section(_l("Sub-letting"), ("lease_id", "occupant", "known_on", "area", "starts_on", "ends_on", "note")),),
    create=f"{A}:record_sublet",
    parent=("lease_id", "leasing.lease"),
    sort="-known_on",
    menu=("leases", 80),
    actions=(
        Action(
            "answer",
            _l("Reply"),
            f"{A}:answer_sublet",
            (Input("answer", "choice", _l("Reply"), required=True, choices=SUBLET_ANSWERS, default="agreed"), ON),
            word="change",
        ),
    ),
    views=(View("open", _l("Not answered"), (Filter("answer", "eq", "open"),), sort="known_on"), View("all", _l("All"), ())),
)

SALE = Resource(
    name="leasing.building_sale",
    model=BuildingSale,
    titles=Titles(_l("Sales of buildings"), _l("Sale of a building"), _l("Announce a sale")),
    icon="building-bank",
    columns=(
        Col("building_id", important=True, link=True, width=200),
        Col("announced_on", important=True),
        Col("sold_on", important=True),
        Col("buyer", width=220),
        Col("price"),
    ),
    sections=(Section(_l("Sale"), ("building_id", "announced_on", "buyer", "price", "note")),),
    create=f"{A}:announce_sale",
    actions=(Action("complete", _l("Sold"), f"{A}:complete_sale", (ON,), danger=True),),
    tabs=(Related("notices", _l("Notices to tenants"), "leasing.sale_notice", "sale_id", order=10),),
    sort="-announced_on",
    menu=("leases", 90),
)

NOTICE = Resource(
    name="leasing.sale_notice",
    model=SaleNotice,
    titles=Titles(_l("Notices of sale"), _l("Notice of sale")),
    icon="mail",
    columns=(
        Col("lease_id", important=True, link=True, width=160),
        Col("lease.firm_id", _l("Firm"), width=240),
        Col("notified_on", important=True),
        Col("answer", important=True),
        Col("answered_on"),
        Col("sale_id", width=200),
    ),
    sections=(Section(_l("Notice of sale"), ("sale_id", "lease_id", "notified_on", "answer", "answered_on")),),
    actions=(
        Action(
            "answer",
            _l("Reply"),
            f"{A}:answer_notice",
            (Input("answer", "choice", _l("Reply"), required=True, choices=NOTICE_ANSWERS, default="waived"), ON),
            word="change",
        ),
    ),
    sort="-notified_on",
)

RESOURCES = [SETTLEMENT, LINE, CHECK, SUBLET, SALE, NOTICE]

slots.tab("tenants.firm", Related("settlements", _l("Move-out settlements"), "leasing.settlement", "firm_id", order=87))
slots.tile(
    Tile(
        "leasing.settlements",
        _l("Move-out settlements under way"),
        "leasing.settlement",
        "open",
        ("operations_clerk", "operations_manager"),
        ("firm_id", "handed_back_on"),
        61,
    )
)
slots.tile(
    Tile(
        "leasing.settlements_to_post", _l("Settlements to post"), "leasing.settlement", "to_post", ("finance",), ("firm_id", "balance"), 40
    )
)
