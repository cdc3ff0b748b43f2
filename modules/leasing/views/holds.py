"""Screens of holds and their cards on the homes."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.holds import Hold
from . import _space as c

HOLDS = "modules.leasing.services.holds"

RESOURCES = [
    Resource(
        "leasing.hold",
        Hold,
        Titles(_l("Holds"), _l("Hold"), _l("Hold a unit")),
        icon="lock",
        columns=(
            Col("unit_id", width=110, important=True, link=True),
            Col("unit.building_id", _l("Building"), 150),
            Col("lead_id", width=200, important=True),
            Col("firm_id", width=200),
            Col("state", width=110, important=True),
            Col("asked_on", width=105),
            Col("expires_on", width=105),
            Col("days_left", _l("Days left"), 80, sql=c.hold_days_left, fmt="int", tone=c.soon_tone),
            Col("unit.lettable_area", _l("Lettable area"), 110, total="sum"),
            Col("holder_name", width=110),
            Col("extended", width=80, hidden=True),
            Col("note", width=200, hidden=True),
            Col("end_reason", hidden=True),
        ),
        sections=(
            Section(_l("Hold"), ("unit_id", "lead_id", "firm_id", "asked_on", "expires_on", "note")),
            Section(_l("How it went"), ("held_on", "ended_on", "holder_name", "extended", "extension_reason", "end_reason")),
        ),
        create=f"{HOLDS}:hold_unit",
        workflow="modules.leasing.states_space:HOLD",
        views=(
            View("held", _l("Held now"), (Filter("state", "eq", "held"),), "expires_on"),
            View("ending", _l("Ending soon"), (Filter("state", "eq", "held"), Filter("expires_on", "lte", "@today+3")), "expires_on"),
            View("queue", _l("Waiting in line"), (Filter("state", "eq", "queued"),), "asked_on"),
            View("all", _l("All"), (), "-asked_on"),
        ),
        actions=(
            Action(
                "extend",
                _l("Extend"),
                f"{HOLDS}:extend_hold",
                (
                    Input("expires_on", "date", _l("New last day"), required=True, default=lambda session: clock.today()),
                    Input("reason", "text", _l("Reason"), required=True, max_length=300),
                ),
                word="change",
                guard=f"{HOLDS}:why_not_extend",
            ),
        ),
        search=("unit.code", "lead.name", "firm.name", "holder_name"),
        load=("unit", "lead", "firm"),
        sort="-id",
        parent=("unit_id", "leasing.unit"),
        menu=("space", 40),
    ),
]

slots.tab("tenants.lead", Related("holds", _l("Holds"), "leasing.hold", "lead_id", order=40))
slots.tile(Tile("leasing.holds_ending", _l("Holds ending"), "leasing.hold", "ending", ("operations_clerk", "operations_manager"),
                ("unit_id", "expires_on"), 28, "amber"))  # fmt: skip
