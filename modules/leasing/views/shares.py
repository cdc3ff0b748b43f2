"""Screens of shared costs: rules, who bears them, sheets and their lines."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.meters import ShareLine, ShareMember, ShareRule, ShareSheet

SHARES = "modules.leasing.services.shares"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

RULE = Resource(
    "leasing.share_rule",
    ShareRule,
    Titles(_l("Shared-cost rules"), _l("Shared-cost rule"), _l("New shared-cost rule")),
    icon="chart-pie",
    columns=(
        Col("name", width=200, important=True, link=True),
        Col("meter_id", width=120, important=True),
        Col("key", width=150, important=True),
        Col("starts_on", width=105),
        Col("ends_on", width=105),
        Col("basis", width=240),
    ),
    sections=(Section(_l("Rule"), ("meter_id", "key", "name", "basis", "starts_on", "ends_on")),),
    create=f"{SHARES}:create_rule",
    change=f"{SHARES}:change_rule",
    remove=f"{SHARES}:remove_rule",
    actions=(Action("share_out", _l("Divide the readings"), f"{SHARES}:share_out", (ON,), word="change", primary=True),),
    tabs=(
        Related("sheets", _l("Sheets"), "leasing.share_sheet", "rule_id", order=10),
        Related("members", _l("Who bears it"), "leasing.share_member", "rule_id", order=20),
    ),
    search=("name", "meter.code"),
    load=("meter",),
    sort="name",
    parent=("meter_id", "leasing.meter"),
    menu=("meters", 50),
)

MEMBER = Resource(
    "leasing.share_member",
    ShareMember,
    Titles(_l("Who bears it"), _l("Bearing unit"), _l("New bearing unit")),
    icon="users",
    columns=(
        Col("unit_id", width=140, important=True, link=True),
        Col("weight", width=110, important=True),
        Col("rule_id", width=200, important=True),
    ),
    sections=(Section(_l("Bearing unit"), ("rule_id", "unit_id", "weight")),),
    create=f"{SHARES}:create_member",
    change=f"{SHARES}:change_member",
    remove=f"{SHARES}:remove_member",
    sort="unit_id",
    parent=("rule_id", "leasing.share_rule"),
)

SHEET = Resource(
    "leasing.share_sheet",
    ShareSheet,
    Titles(_l("Shared-cost sheets"), _l("Shared-cost sheet")),
    icon="file-analytics",
    columns=(
        Col("rule_id", width=200, important=True, link=True),
        Col("period_from", width=105),
        Col("period_to", width=105, important=True),
        Col("main_usage", width=110),
        Col("subs_usage", width=110),
        Col("difference", width=110),
        Col("amount", width=120, total="sum", important=True),
        Col("park_amount", width=120, total="sum"),
        Col("state", width=110),
    ),
    sections=(
        Section(
            _l("Sheet"),
            (
                "rule_id",
                "reading_id",
                "period_from",
                "period_to",
                "main_usage",
                "subs_usage",
                "difference",
                "amount",
                "park_amount",
                "tax_included",
                "explain",
            ),
        ),
    ),
    workflow="modules.leasing.states_space:SHARE_SHEET",
    views=(
        View("draft", _l("To be checked"), (Filter("state", "eq", "draft"),), "-period_to"),
        View("confirmed", _l("Confirmed"), (Filter("state", "eq", "confirmed"),), "-period_to"),
        View("all", _l("All"), (), "-period_to"),
    ),
    tabs=(Related("lines", _l("Lines"), "leasing.share_line", "sheet_id", order=10),),
    search=("rule.name",),
    load=("rule",),
    sort="-period_to",
    menu=("meters", 40),
)

LINE = Resource(
    "leasing.share_line",
    ShareLine,
    Titles(_l("Lines of shared costs"), _l("Line of a shared-cost sheet")),
    icon="list",
    columns=(
        Col("unit_id", width=110, important=True, link=True),
        Col("firm_id", width=220, important=True),
        Col("period_from", width=105),
        Col("period_to", width=105),
        Col("days", width=70),
        Col("weight", width=120),
        Col("quantity", width=120, total="sum"),
        Col("amount", width=120, total="sum", important=True),
        Col("sheet_id", width=160, hidden=True),
    ),
    sections=(
        Section(_l("Line"), ("sheet_id", "unit_id", "firm_id", "period_from", "period_to", "days", "weight", "area", "quantity", "amount")),
    ),
    search=("unit.code", "firm.name"),
    load=("unit", "firm", "sheet"),
    sort="id",
)

RESOURCES = [RULE, MEMBER, SHEET, LINE]
