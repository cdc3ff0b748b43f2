"""Screens of outages."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Resource, Section, Titles, View

from ..models.space import Outage

OUTAGES = "modules.leasing.services.outages"

OUTAGE = Resource(
    "leasing.outage",
    Outage,
    Titles(_l("Outages"), _l("Outage"), _l("New outage")),
    icon="barrier-block",
    columns=(
        Col("unit_id", width=110, important=True, link=True),
        Col("unit.building_id", _l("Building"), 160),
        Col("cause", width=110, important=True),
        Col("starts_on", width=110, important=True),
        Col("ends_on", width=110),
        Col("unit.lettable_area", _l("Lettable area"), 110, total="sum"),
        Col("note", width=240),
    ),
    sections=(Section(_l("Outage"), ("unit_id", "cause", "starts_on", "ends_on", "note")),),
    create=f"{OUTAGES}:create_outage",
    change=f"{OUTAGES}:change_outage",
    remove=f"{OUTAGES}:remove_outage",
    views=(View("open", _l("Under way"), (Filter("ends_on", "empty"),), "-starts_on"), View("all", _l("All"), (), "-starts_on")),
    actions=(
        Action(
            "finish",
            _l("Finish"),
            f"{OUTAGES}:finish_outage",
            (Input("on", "date", _l("Last day"), required=True),),
            word="change",
            guard=f"{OUTAGES}:why_not_finish",
            primary=True,
        ),
    ),
    search=("unit.code", "note"),
    load=("unit",),
    sort="-starts_on",
    parent=("unit_id", "leasing.unit"),
    menu=("space", 50),
)

RESOURCES = [OUTAGE]
