"""Move-outs and their checklists."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.moveout import MoveOut, MoveOutItem
from ..states import REASON

SERVICES = "modules.tenants.services.moveout"
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())

MOVEOUT = Resource(
    name="tenants.moveout", model=MoveOut, titles=Titles(_l("Move-outs"), _l("Move-out"), _l("New move-out")), icon="door-exit",
    columns=(Col("number", link=True, width=130), Col("firm_id", important=True, width=260), Col("state", important=True, width=110),
             Col("outcome", width=180), Col("announced_on", width=110), Col("planned_on", important=True, width=110),
             Col("moved_on", width=110), Col("destination", hidden=True), Col("reason", hidden=True)),
    sections=(Section(_l("Move-out"), ("number", "firm_id", "outcome", "announced_on", "planned_on", "moved_on", "destination",
                                       "reason")),),
    change=f"{SERVICES}:change_moveout", workflow="modules.tenants.states:MOVEOUT_CASE",
    views=(View("open", _l("Under way"), (Filter("state", "eq", "open"),), sort="planned_on"), View("all", _l("All"), ())),
    tabs=(Related("items", _l("Checklist"), "tenants.moveout_item", "moveout_id", order=5),),
    search=("number", "reason", "destination"), sort="-id", load=("firm",), menu=("incubation", 30), code_field="number")

ITEM = Resource(
    name="tenants.moveout_item", model=MoveOutItem, titles=Titles(_l("Move-out items"), _l("Move-out item"), _l("New move-out item")),
    icon="checkbox",
    columns=(Col("title", important=True, link=True, width=280), Col("state", important=True, width=100), Col("required", width=90),
             Col("source", hidden=True), Col("settled_on", important=True, width=110), Col("settled_by", width=120),
             Col("moveout_id", width=220), Col("waive_reason", hidden=True), Col("note", hidden=True), Col("position", hidden=True)),
    sections=(Section(_l("Item"), ("moveout_id", "title", "required", "state", "source", "settled_on", "settled_by", "waive_reason",
                                   "note")),),
    create=f"{SERVICES}:add_item",
    actions=(Action("settle", _l("Done"), f"{SERVICES}:settle_item", (TODAY, Input("note", "text", _l("Note"), max_length=300)),
                    word="change", primary=True),
             Action("waive", _l("Waive"), f"{SERVICES}:waive_item", (TODAY, REASON), word="act"),
             Action("reopen", _l("Open again"), f"{SERVICES}:reopen_item", word="change")),
    bulk=(Action("settle", _l("Done"), f"{SERVICES}:settle_items", (TODAY,), word="change"),),
    views=(View("open", _l("Under way"), (Filter("state", "eq", "open"),), sort="position"), View("all", _l("All"), (), sort="position")),
    search=("title",), sort="position", load=("moveout",), parent=("moveout_id", "tenants.moveout"))

RESOURCES = [MOVEOUT, ITEM]
