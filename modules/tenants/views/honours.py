"""Screens of honours and titles, capital projects and their milestones."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Col, Filter, Related, Resource, Section, Titles, View

from ..models.capital_project import CapitalMilestone, CapitalProject
from ..models.honour import Honour
from . import _columns as c

S = "modules.tenants.services.honours"

RESOURCES = [
    Resource(
        "tenants.honour",
        Honour,
        Titles(_l("Honours and titles"), _l("Title"), _l("New title")),
        columns=(
            Col("title", width=300, important=True, link=True),
            Col("kind", width=200),
            Col("level", width=110, important=True),
            Col("issuer", width=180),
            Col("valid_from", width=105, important=True),
            Col("valid_to", width=105),
            Col("validity", _l("Validity"), 130, sql=c.validity, choices=c.VALIDITY, fmt="choice"),
            Col("firm_id", width=180),
            Col("carrier_id", width=180),
            Col("doc_no", hidden=True),
        ),
        sections=(
            Section(_l("Title"), ("title", "kind", "level", "issuer", "doc_no", "valid_from", "valid_to")),
            Section(_l("Holder"), ("firm_id", "carrier_id", "remark")),
        ),
        create=f"{S}:create_honour",
        change=f"{S}:change_honour",
        remove=f"{S}:remove_honour",
        load=("firm", "carrier"),
        views=(
            View("held", _l("Held now"), (Filter("validity", "in", ("valid", "soon")),), "-valid_from"),
            View("park", _l("Of the park"), (Filter("firm_id", "empty"),), "-valid_from"),
            View("firms", _l("Of firms"), (Filter("firm_id", "notempty"),), "-valid_from"),
        ),
        search=("title", "issuer", "doc_no"),
        sort="-valid_from",
        menu=("carriers", 50),
        icon="trophy",
    ),
    Resource(
        "tenants.capital_project",
        CapitalProject,
        Titles(_l("Capital projects"), _l("Capital project"), _l("New capital project")),
        columns=(
            Col("name", width=280, important=True, link=True),
            Col("phase", width=90),
            Col("status", width=120, important=True),
            Col("partner", width=200),
            Col("budget", width=150, important=True, total="sum"),
            Col("budget_note", hidden=True),
            Col("phase_area", width=120, total="sum"),
            Col("started_on", width=105),
        ),
        sections=(
            Section(_l("Capital project"), ("name", "phase", "partner", "status", "started_on")),
            Section(_l("Size"), ("budget", "budget_note", "phase_area", "remark")),
        ),
        create=f"{S}:create_project",
        change=f"{S}:change_project",
        remove=f"{S}:remove_project",
        tabs=(Related("milestones", _l("Milestones"), "tenants.capital_milestone", "project_id", order=10),),
        views=(View("building", _l("Under construction"), (Filter("status", "eq", "building"),), "name"),),
        search=("name", "partner"),
        sort="name",
        menu=("carriers", 60),
        icon="crane",
    ),
    Resource(
        "tenants.capital_milestone",
        CapitalMilestone,
        Titles(_l("Milestones"), _l("Milestone"), _l("New milestone")),
        columns=(
            Col("project_id", _l("Project"), 260, True, link=True),
            Col("kind", width=150, important=True),
            Col("building", width=120),
            Col("on_date", width=105, important=True),
            Col("amount", width=150, total="sum"),
            Col("area", width=120, total="sum"),
            Col("remark", hidden=True),
        ),
        sections=(Section(_l("Milestone"), ("project_id", "kind", "on_date", "building", "amount", "area", "remark")),),
        create=f"{S}:create_milestone",
        change=f"{S}:change_milestone",
        remove=f"{S}:remove_milestone",
        load=("project",),
        views=(
            View("topped_out", _l("Topped out"), (Filter("kind", "eq", "topped_out"),), "-on_date"),
            View("signed", _l("Signed"), (Filter("kind", "eq", "signed"),), "-on_date"),
        ),
        search=("building", "remark"),
        sort="-on_date",
        parent=("project_id", "tenants.capital_project"),
        icon="flag",
    ),
]
