"""Screens of qualifications and intellectual property of firms."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Resource, Section, Tile, Titles, View

from ..models.firm import Firm
from ..models.intellectual import IntellectualProperty
from ..models.qualification import Qualification
from . import _columns as c

S = "modules.tenants.services.qualifications"
NOW = Filter("validity", "in", ("valid", "soon"))
HERE = Filter("firm_state", "in", ("incubating", "graduated", "accelerating"))


def _ending(first: int, last: int) -> tuple[Filter, ...]:
    """Not renewed, of firms still in the park, with this many days left."""
    return Filter("days_left", "between", (first, last)), Filter("validity", "eq", "soon"), HERE


RESOURCES = [
    Resource(
        "tenants.qualification",
        Qualification,
        Titles(_l("Qualifications"), _l("Qualification"), _l("New qualification")),
        columns=(
            Col("firm.name", _l("Firm"), 260, True, link=True),
            Col("kind", width=190, important=True),
            Col("certificate_no", width=150),
            Col("obtained_on", width=105),
            Col("valid_to", width=105, important=True),
            Col("days_left", _l("Days left"), 90, sql=c.days_left("valid_to"), fmt="int"),
            Col("validity", _l("Validity"), 130, sql=c.validity, choices=c.VALIDITY, fmt="choice"),
            Col("issuer", hidden=True),
            Col("batch", hidden=True),
            Col("firm_state", _l("Stage"), 120, sql=c.firm_state, choices=Firm.__table__.c.state.type.choices, fmt="choice", hidden=True),
            Col("revoked_on", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Qualification"),
                ("firm_id", "kind", "certificate_no", "issuer", "batch", "obtained_on", "valid_to", "revoked_on", "remark"),
            ),
        ),
        create=f"{S}:create_qualification",
        change=f"{S}:change_qualification",
        remove=f"{S}:remove_qualification",
        load=("firm",),
        actions=(
            Action(
                "renew",
                _l("Renewed"),
                f"{S}:renew_qualification",
                inputs=(
                    Input("obtained_on", "date", _l("Obtained on"), required=True),
                    Input("valid_to", "date", _l("Valid to")),
                    Input("certificate_no", "text", _l("Certificate number"), max_length=80),
                ),
            ),
            Action(
                "revoke", _l("Revoke"), f"{S}:revoke_qualification", inputs=(Input("on", "date", _l("Date"), required=True),), danger=True
            ),
        ),
        views=(
            View("valid", _l("Valid"), (NOW,), "-obtained_on"),
            View("ending", _l("Ending within 90 days"), _ending(0, 90), "valid_to"),
            View("ending_30", _l("Ending within 30 days"), _ending(0, 30), "valid_to"),
            View("ending_60", _l("Ending in 31 to 60 days"), _ending(31, 60), "valid_to"),
            View("ending_90", _l("Ending in 61 to 90 days"), _ending(61, 90), "valid_to"),
            View("hitech", _l("Hi-tech enterprises"), (NOW, Filter("kind", "eq", "hitech")), "-obtained_on"),
            View("over", _l("Expired"), (Filter("validity", "eq", "over"),), "-valid_to"),
        ),
        search=("firm.name", "certificate_no", "batch"),
        sort="-obtained_on",
        parent=("firm_id", "tenants.firm"),
        menu=("results", 10),
        icon="rosette",
    ),
    Resource(
        "tenants.ip",
        IntellectualProperty,
        Titles(_l("Intellectual property"), _l("IP right"), _l("New IP right")),
        columns=(
            Col("name", width=280, important=True, link=True),
            Col("firm.name", _l("Firm"), 220, True),
            Col("kind", width=130, important=True),
            Col("number", width=170),
            Col("applied_on", width=105),
            Col("granted_on", width=105),
            Col("valid_to", width=105),
            Col("lapsed_on", hidden=True),
            Col("foreign_right", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Right"), ("firm_id", "kind", "name", "number", "foreign_right")),
            Section(_l("Dates"), ("applied_on", "granted_on", "valid_to", "lapsed_on", "remark")),
        ),
        create=f"{S}:create_ip",
        change=f"{S}:change_ip",
        remove=f"{S}:remove_ip",
        load=("firm",),
        views=(
            View("granted", _l("Granted"), (Filter("granted_on", "notempty"), Filter("lapsed_on", "empty")), "-granted_on"),
            View("pending", _l("Applied for"), (Filter("granted_on", "empty"),), "-applied_on"),
            View("inventions", _l("Invention patents"), (Filter("kind", "eq", "invention"),), "-granted_on"),
        ),
        search=("name", "number", "firm.name"),
        sort="-id",
        parent=("firm_id", "tenants.firm"),
        menu=("results", 20),
        icon="bulb",
    ),
]

ENDING = (
    (30, _l("Qualifications ending within 30 days"), "red", 5),
    (60, _l("Qualifications ending in 31 to 60 days"), "amber", 3),
    (90, _l("Qualifications ending in 61 to 90 days"), "amber", 3),
)
for _days, _title, _tone, _limit in ENDING:
    slots.tile(
        Tile(
            f"tenants.qualifications_{_days}",
            _title,
            "tenants.qualification",
            f"ending_{_days}",
            ("operations_clerk", "operations_manager"),
            ("firm.name", "kind", "valid_to"),
            40 + _days // 30,
            _tone,
            _limit,
        )
    )
