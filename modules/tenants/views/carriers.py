"""Screens of carriers: masters, recognitions, grades and changes to report."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.carrier import CARRIER_LEVELS, CHANGE_KINDS, GRADES, Carrier, CarrierChange, CarrierGrade, CarrierRecognition
from . import _columns as c

S = "modules.tenants.services.carriers"
ON = Input("on", "date", _l("Date"), required=True)

RESOURCES = [
    Resource(
        "tenants.carrier",
        Carrier,
        Titles(_l("Carriers"), _l("Carrier"), _l("New carrier")),
        columns=(
            Col("name", width=240, important=True, link=True),
            Col("carrier_type", width=100, important=True),
            Col("level", _l("Level"), 130, sql=c.level_now, choices=CARRIER_LEVELS, fmt="choice"),
            Col("grade", _l("Grade"), 100, True, sql=c.grade_now, choices=GRADES, fmt="choice"),
            Col("grade_year", _l("Evaluation year"), 90, sql=c.grade_year, fmt="code", filter="none"),
            Col("incubating", _l("Firms in incubation"), 110, sql=c.incubating_now, fmt="int"),
            Col("specialised", width=80),
            Col("industry", hidden=True),
            Col("operator", width=200),
            Col("founded_on", width=100),
            Col("area", width=110, total="sum"),
            Col("workstations", width=90, total="sum"),
            Col("code", width=90, hidden=True),
            Col("incubation_area", hidden=True),
            Col("closed_on", hidden=True),
            Col("nature", hidden=True),
        ),
        sections=(
            Section(_l("Carrier"), ("code", "name", "name_en", "carrier_type", "specialised", "industry", "nature", "operator")),
            Section(_l("Premises"), ("area", "incubation_area", "workstations", "address", "in_hitech_zone", "hardship_region")),
            Section(_l("Dates"), ("founded_on", "closed_on")),
            Section(_l("Contact"), ("contact_name", "contact_phone", "remark")),
        ),
        create=f"{S}:create_carrier",
        change=f"{S}:change_carrier",
        remove=f"{S}:remove_carrier",
        views=(
            View("operating", _l("Operating"), (Filter("closed_on", "empty"),), "name"),
            View("incubators", _l("Incubators"), (Filter("carrier_type", "eq", "incubator"), Filter("closed_on", "empty")), "name"),
            View("makerspaces", _l("Makerspaces"), (Filter("carrier_type", "eq", "makerspace"), Filter("closed_on", "empty")), "name"),
            View("rated_a", _l("Rated A"), (Filter("grade", "eq", "A"),), "name"),
        ),
        actions=(
            Action(
                "report_change",
                _l("Record a key change"),
                f"{S}:report_change",
                inputs=(
                    Input("kind", "choice", _l("Kind of change"), required=True, choices=CHANGE_KINDS),
                    Input("changed_on", "date", _l("Changed on"), required=True),
                    Input("detail", "longtext", _l("What changed"), required=True),
                    Input("assignee_id", "ref", _l("Assigned to"), ref="core.user"),
                ),
                help=_l("Makes the to-do to report it to the province within three months."),
            ),
        ),
        tabs=(
            Related("recognitions", _l("Recognitions"), "tenants.carrier_recognition", "carrier_id", order=10),
            Related("grades", _l("Grades"), "tenants.carrier_grade", "carrier_id", order=20),
            Related("firms", _l("Firms"), "tenants.firm", "carrier_id", order=30),
            Related("staff", _l("Staff"), "tenants.staff", "carrier_id", order=40),
            Related("changes", _l("Changes"), "tenants.carrier_change", "carrier_id", order=50),
        ),
        search=("name", "code", "operator"),
        sort="name",
        menu=("carriers", 10),
        icon="building-warehouse",
        code_field="code",
    ),
    Resource(
        "tenants.carrier_recognition",
        CarrierRecognition,
        Titles(_l("Recognitions"), _l("Recognition"), _l("New recognition")),
        columns=(
            Col("carrier.name", _l("Carrier"), 240, True, link=True),
            Col("level", width=140, important=True),
            Col("number", width=160),
            Col("doc_no", width=180),
            Col("issuer", hidden=True),
            Col("recognised_on", width=110, important=True),
            Col("valid_to", width=110),
            Col("carrier_id", hidden=True),
        ),
        sections=(Section(_l("Recognition"), ("carrier_id", "level", "number", "doc_no", "issuer", "recognised_on", "valid_to")),),
        create=f"{S}:create_recognition",
        change=f"{S}:change_recognition",
        remove=f"{S}:remove_recognition",
        load=("carrier",),
        views=(View("expiring", _l("Ending within 180 days"), (Filter("valid_to", "between", ("@today", "@today+180")),), "valid_to"),),
        search=("number", "doc_no"),
        sort="-recognised_on",
        parent=("carrier_id", "tenants.carrier"),
        menu=("carriers", 20),
        icon="certificate",
    ),
    Resource(
        "tenants.carrier_grade",
        CarrierGrade,
        Titles(_l("Grades"), _l("Grade"), _l("New grade")),
        columns=(
            Col("carrier.name", _l("Carrier"), 240, True, link=True),
            Col("scheme", width=150),
            Col("year", width=90, important=True),
            Col("grade", width=110, important=True),
            Col("published_on", width=110),
            Col("doc_no", width=180),
            Col("score", width=80),
            Col("carrier_id", hidden=True),
        ),
        sections=(Section(_l("Grade"), ("carrier_id", "scheme", "year", "grade", "published_on", "doc_no", "score")),),
        create=f"{S}:create_grade",
        change=f"{S}:change_grade",
        remove=f"{S}:remove_grade",
        load=("carrier",),
        search=("doc_no",),
        sort="-published_on",
        parent=("carrier_id", "tenants.carrier"),
        menu=("carriers", 30),
        icon="award",
    ),
    Resource(
        "tenants.carrier_change",
        CarrierChange,
        Titles(_l("Changes to report"), _l("Change"), _l("New change")),
        columns=(
            Col("carrier.name", _l("Carrier"), 220, True, link=True),
            Col("kind", width=180, important=True),
            Col("changed_on", width=100),
            Col("report_due_on", width=100, important=True),
            Col("days_left", _l("Days left"), 90, sql=c.days_left("report_due_on"), fmt="int"),
            Col("reported_on", width=100),
            Col("report_no", width=140),
            Col("carrier_id", hidden=True),
        ),
        sections=(
            Section(_l("Change"), ("carrier_id", "kind", "changed_on", "detail", "report_due_on")),
            Section(_l("Report"), ("reported_on", "report_no")),
        ),
        create=f"{S}:create_change",
        change=f"{S}:change_change",
        load=("carrier",),
        search=("detail", "report_no"),
        views=(View("open", _l("Not reported"), (Filter("reported_on", "empty"),), "report_due_on"),),
        actions=(
            Action(
                "reported",
                _l("Reported"),
                f"{S}:mark_reported",
                primary=True,
                guard=f"{S}:why_not_report",
                inputs=(ON, Input("report_no", "text", _l("Report number"), max_length=120)),
            ),
        ),
        sort="-changed_on",
        parent=("carrier_id", "tenants.carrier"),
        menu=("carriers", 40),
        icon="alert-triangle",
    ),
]

slots.tile(
    Tile(
        "tenants.carrier_changes",
        _l("Carrier changes to report"),
        "tenants.carrier_change",
        "open",
        ("operations_manager",),
        ("carrier.name", "report_due_on"),
        70,
        "amber",
    )
)
