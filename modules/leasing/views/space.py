"""Screens of buildings and floors; the space tab of carriers."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.space import UNIT_KINDS, Building, Floor
from . import _space as c
from ._space_tabs import carrier_space

BUILDINGS = "modules.leasing.services.buildings"

BUILDING = Resource(
    "leasing.building",
    Building,
    Titles(_l("Buildings"), _l("Building"), _l("New building")),
    icon="building",
    columns=(
        Col("name", width=200, important=True, link=True),
        Col("code", width=90),
        Col("construction", width=110, important=True),
        Col("phase", width=90),
        Col("carrier_id", width=180),
        Col("built_area", width=120, total="sum"),
        Col("units", _l("Units"), 80, sql=c.building_units, fmt="int", total="sum"),
        Col("lettable", _l("Lettable area"), 120, sql=c.building_lettable, fmt="area", total="sum", important=True),
        Col("let", _l("Area let"), 120, sql=c.building_let, fmt="area", total="sum"),
        Col("completed_on", width=105),
        Col("region", hidden=True),
        Col("address", hidden=True, width=220),
        Col("certificate_no", hidden=True, width=180),
        Col("closed_on", hidden=True),
        Col("state_owned", hidden=True),
        Col("simplified_vat", hidden=True),
        Col("acquired_on", hidden=True),
        Col("name_en", hidden=True),
    ),
    sections=(
        Section(_l("Building"), ("code", "name", "name_en", "carrier_id", "built_area", "state_owned")),
        Section(_l("Construction"), ("construction", "phase", "completed_on", "closed_on")),
        Section(_l("For tax and e-invoices"), ("region", "address", "certificate_no", "cross_city", "acquired_on", "simplified_vat")),
        Section(_l("Remarks"), ("note",)),
    ),
    create=f"{BUILDINGS}:create_building",
    change=f"{BUILDINGS}:change_building",
    remove=f"{BUILDINGS}:remove_building",
    views=(
        View("in_use", _l("In use"), (Filter("construction", "eq", "in_use"),), "code"),
        View("sites", _l("Under construction"), (Filter("construction", "in", ["planned", "building", "topped_out"]),), "code"),
        View("all", _l("All"), (), "code"),
    ),
    actions=(
        Action(
            "floors",
            _l("Add floors"),
            f"{BUILDINGS}:add_floors",
            (
                Input("first", "int", _l("Lowest level"), required=True, default=1, help=_l("-1 is the first basement")),
                Input("last", "int", _l("Highest level"), required=True),
            ),
            word="change",
        ),
    ),
    tabs=(
        Related("floors", _l("Floors"), "leasing.floor", "building_id", order=10),
        Related("units", _l("Units"), "leasing.unit", "building_id", order=20),
        Related("meters", _l("Meters"), "leasing.meter", "building_id", order=30),
        Related("changes", _l("Splits and mergers"), "leasing.unit_change", "building_id", order=40),
    ),
    search=("name", "code", "address"),
    load=("carrier",),
    sort="code",
    menu=("space", 30),
    code_field="code",
)

FLOOR = Resource(
    "leasing.floor",
    Floor,
    Titles(_l("Floors"), _l("Floor"), _l("New floor")),
    icon="stack-2",
    columns=(
        Col("name", width=110, important=True, link=True),
        Col("building_id", width=200, important=True),
        Col("level", width=80, important=True),
    ),
    sections=(Section(_l("Floor"), ("building_id", "level", "name")),),
    create=f"{BUILDINGS}:create_floor",
    change=f"{BUILDINGS}:change_floor",
    remove=f"{BUILDINGS}:remove_floor",
    actions=(
        Action(
            "units",
            _l("Add units"),
            f"{BUILDINGS}:add_units",
            (
                Input("codes", "longtext", _l("Unit codes"), required=True, help=_l("For example 301-312, or 301 302 305")),
                Input("kind", "choice", _l("Kind"), required=True, choices=UNIT_KINDS, default="office"),
                Input("lettable_area", "area", _l("Lettable area of each"), required=True),
                Input("starts_on", "date", _l("Exist from"), required=True, default=lambda session: clock.today()),
                Input("list_price", "decimal", _l("Asking rent per ㎡ and month")),
            ),
            word="change",
        ),
    ),
    tabs=(Related("units", _l("Units"), "leasing.unit", "floor_id", order=10),),
    search=("name", "building.name"),
    sort="building_id",
    load=("building",),
    parent=("building_id", "leasing.building"),
)

RESOURCES = [BUILDING, FLOOR]

slots.tab("tenants.carrier", Tab("space", _l("Space and meters"), "leasing/vacancy_carrier.html", carrier_space, order=35))
