"""Screens of units, their splits and mergers; the space tab and area of firms; vacant units on the homes."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.space import OUTAGE_CAUSES, UNIT_STATES, Unit, UnitChange, UnitLineage
from . import _space as c
from ._space_tabs import firm_space, unit_life

UNITS, SPLITS = "modules.leasing.services.units", "modules.leasing.services.splits"
HOLDS, OUTAGES = "modules.leasing.services.holds", "modules.leasing.services.outages"
REASON = Input("reason", "text", _l("Reason"), max_length=300)
NOTE = Input("note", "text", _l("Note"), max_length=300)
CLERK, MANAGER, LEADER = "operations_clerk", "operations_manager", "leadership"
LIVING = Filter("ends_on", "empty")

UNIT = Resource(
    "leasing.unit",
    Unit,
    Titles(_l("Units"), _l("Letting unit"), _l("New unit")),
    icon="door",
    importer="leasing.units",
    columns=(
        Col("code", width=100, important=True, link=True),
        Col("building_id", width=150),
        Col("floor_id", width=80),
        Col("kind", width=90),
        Col("state", _l("State"), 110, True, sql=c.state, choices=UNIT_STATES, fmt="choice"),
        Col("lettable_area", width=110, total="sum", important=True),
        Col("tenant", _l("Tenant"), 210, sql=c.tenant),
        Col("lease_ends", _l("Lease until"), 105, sql=c.lease_ends, fmt="date"),
        Col("list_price", width=110),
        Col("days_vacant", _l("Days vacant"), 90, sql=c.days_vacant, fmt="int"),
        Col("cause", _l("Why vacant"), 130, sql=c.cause, choices=c.CAUSES, fmt="choice", hidden=True),
        Col("lost_rent", _l("Rent lost at the asking price"), 130, sql=c.lost_rent, fmt="money", total="sum", hidden=True),
        Col("incubation", width=80, hidden=True),
        Col("built_area", hidden=True, total="sum"),
        Col("shared_area", hidden=True),
        Col("usable_area", hidden=True),
        Col("certificate_no", hidden=True),
        Col("starts_on", hidden=True),
        Col("ends_on", hidden=True),
    ),
    sections=(
        Section(_l("Letting unit"), ("floor_id", "code", "kind", "incubation", "list_price", "certificate_no")),
        Section(_l("Areas"), ("lettable_area", "built_area", "shared_area", "usable_area")),
        Section(_l("Days"), ("starts_on", "ends_on", "note")),
    ),
    create=f"{UNITS}:create_unit",
    change=f"{UNITS}:change_unit",
    remove=f"{UNITS}:remove_unit",
    views=(
        View("existing", _l("Existing"), (LIVING,), "code"),
        View(
            "vacant",
            _l("Vacant"),
            (LIVING, Filter("state", "in", ["vacant", "held", "out_of_use"])),
            "-days_vacant",
            ("code", "building_id", "floor_id", "kind", "lettable_area", "state", "cause", "days_vacant", "list_price", "lost_rent"),
        ),
        View("let", _l("Let"), (Filter("state", "eq", "let"),), "code"),
        View("ending", _l("Lease ending"), (Filter("lease_ends", "between", ["@today", "@today+90"]),), "lease_ends"),
        View("held", _l("Held or reserved"), (Filter("state", "in", ["held", "reserved"]),), "code"),
        View("out", _l("Out of use"), (Filter("state", "eq", "out_of_use"),), "code"),
        View("sites", _l("Under construction"), (Filter("state", "eq", "under_construction"),), "code"),
        View("ended", _l("Ended"), (Filter("ends_on", "notempty"),), "-ends_on"),
    ),
    actions=(
        Action(
            "hold",
            _l("Hold"),
            f"{HOLDS}:hold_by_form",
            (
                Input("lead_id", "ref", _l("Lead"), ref="tenants.lead"),
                Input("firm_id", "ref", _l("Firm"), ref="tenants.firm"),
                Input("asked_on", "date", _l("Held from"), required=True, default=lambda session: clock.today()),
                Input("expires_on", "date", _l("Held until"), help=_l("Empty: the usual number of days")),
                NOTE,
            ),
            guard=f"{HOLDS}:why_not_hold",
            primary=True,
        ),
        Action(
            "outage",
            _l("Outage"),
            f"{OUTAGES}:begin_outage",
            (
                Input("cause", "choice", _l("Cause"), required=True, choices=OUTAGE_CAUSES),
                Input("starts_on", "date", _l("From"), required=True, default=lambda session: clock.today()),
                Input("ends_on", "date", _l("Until")),
                NOTE,
            ),
            guard=f"{UNITS}:why_not_end",
        ),
        Action(
            "split",
            _l("Split"),
            f"{SPLITS}:split_by_form",
            (
                Input("on", "date", _l("First day of the parts"), required=True, default=lambda session: clock.today()),
                Input(
                    "parts", "longtext", _l("Parts"), required=True, help=_l("One per line: code and lettable area, such as A101-1 60.50")
                ),
                REASON,
            ),
            guard=f"{UNITS}:why_not_end",
        ),
        Action(
            "remeasure",
            _l("Measure again"),
            f"{SPLITS}:remeasure_by_form",
            (
                Input("on", "date", _l("First day of the new area"), required=True, default=lambda session: clock.today()),
                Input("lettable_area", "area", _l("Lettable area"), required=True),
                Input("built_area", "area", _l("Built area")),
                Input("reason", "text", _l("Reason"), required=True, max_length=300),
            ),
            guard=f"{UNITS}:why_not_end",
        ),
        Action(
            "end",
            _l("End the unit"),
            f"{UNITS}:end_unit",
            (
                Input("on", "date", _l("Last day"), required=True, default=lambda session: clock.today()),
                Input("reason", "text", _l("Reason"), required=True, max_length=300),
            ),
            danger=True,
            guard=f"{UNITS}:why_not_end",
        ),
    ),
    bulk=(
        Action(
            "merge",
            _l("Merge"),
            f"{SPLITS}:merge_by_form",
            (
                Input("on", "date", _l("First day of the merged unit"), required=True),
                Input("code", "text", _l("New code"), required=True, max_length=40),
                Input("lettable_area", "area", _l("Lettable area"), help=_l("Empty: the sum")),
                REASON,
            ),
        ),
    ),
    facts=(Fact(_l("State today"), c.state_fact), Fact(_l("Tenant"), c.tenant_fact)),
    tabs=(
        Tab("life", _l("Life of the unit"), "leasing/vacancy_unit.html", unit_life, order=5),
        Related("holds", _l("Holds"), "leasing.hold", "unit_id", order=20),
        Related("outages", _l("Outages"), "leasing.outage", "unit_id", order=30),
        Related("meters", _l("Meters"), "leasing.meter", "unit_id", order=40),
    ),
    search=("code", "building.name"),
    load=("building", "floor"),
    sort="code",
    parent=("floor_id", "leasing.floor"),
    menu=("space", 20),
    code_field="code",
)

CHANGE = Resource(
    "leasing.unit_change",
    UnitChange,
    Titles(_l("Splits and mergers"), _l("Split or merger")),
    icon="arrows-split-2",
    columns=(
        Col("changed_on", width=110, important=True, link=True),
        Col("building_id", width=180),
        Col("kind", width=110, important=True),
        Col("before", width=280, important=True),
        Col("after", width=320),
        Col("difference", width=110),
        Col("reason", width=220),
    ),
    sections=(Section(_l("Change"), ("building_id", "kind", "changed_on", "before", "after", "difference", "reason")),),
    actions=(
        Action(
            "undo",
            _l("Undo"),
            f"{SPLITS}:undo_change",
            (Input("reason", "text", _l("Reason"), required=True, max_length=300),),
            danger=True,
            guard=f"{SPLITS}:why_not_undo",
        ),
    ),
    tabs=(Related("lineage", _l("Lineage"), "leasing.unit_lineage", "change_id", order=10),),
    search=("before", "after"),
    load=("building",),
    sort="-changed_on",
    menu=("space", 60),
)

LINEAGE = Resource(
    "leasing.unit_lineage",
    UnitLineage,
    Titles(_l("Lineage"), _l("Line of lineage")),
    icon="git-branch",
    columns=(
        Col("parent_id", width=140, important=True, link=True),
        Col("child_id", width=140, important=True),
        Col("parent.lettable_area", _l("Area before"), 110),
        Col("child.lettable_area", _l("Area after"), 110),
        Col("change.changed_on", width=110, important=True),
    ),
    sections=(Section(_l("Lineage"), ("change_id", "parent_id", "child_id", "parent_ends_on")),),
    sort="-id",
)

RESOURCES = [UNIT, CHANGE, LINEAGE]

slots.tab("tenants.firm", Tab("space", _l("Space and meters"), "leasing/meter_firm.html", firm_space, order=30))
slots.fact("tenants.firm", Fact(_l("Area"), c.area_fact))
slots.tile(
    Tile(
        "leasing.vacant",
        _l("Vacant units"),
        "leasing.unit",
        "vacant",
        (CLERK, MANAGER, LEADER),
        ("code", "building_id", "lettable_area"),
        40,
    )
)
