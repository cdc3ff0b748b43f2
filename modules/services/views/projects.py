"""Screens of projects, milestones, benchmarks and two-sided agreements."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.project import AgreementMaterial, AgreementPledge, ProjectAgreement, ProjectMilestone, ServiceBenchmark, ServiceProject
from ..services import projects
from ..states_project import ON

S = "modules.services.services"

W = "modules.services.states_project"


def benchmark_data(session: Any, row: ServiceProject) -> dict[str, Any]:
    """Promise, taken, and the published before and after."""
    return {"rows": projects.compare(session, row)}


RESOURCES = [
    Resource(
        "services.project",
        ServiceProject,
        Titles(_l("Projects of firms"), _l("Project of a firm"), _l("New project of a firm")),
        columns=(
            Col("number", width=120, link=True),
            Col("name", width=260, important=True),
            Col("firm.name", _l("Firm"), width=220, important=True),
            Col("kind", width=120),
            Col("agent.name", _l("Agent of the park"), width=110),
            Col("target_on", width=105),
            Col("state", width=130, important=True),
            Col("investment"),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Project of a firm"), ("firm_id", "name", "kind", "place", "investment", "agent_id", "target_on", "note")),
            Section(_l("Course"), ("number", "started_on", "ended_on")),
        ),
        create=f"{S}.projects:create_project",
        change=f"{S}.projects:change_project",
        workflow=f"{W}:PROJECT",
        editable_in=("planned", "running"),
        load=("firm", "agent"),
        search=("number", "name", "firm.name"),
        tabs=(
            Related("milestones", _l("Permits needed"), "services.milestone", "project_id", order=5),
            Tab("compare", _l("Promise and benchmark"), "services/compare.html", benchmark_data, order=6),
            Related("agreements", _l("Two-sided agreement"), "services.agreement", "project_id", order=7),
        ),
        parent=("firm_id", "tenants.firm"),
        menu=("projects", 40),
        icon="building-factory",
        views=(
            View("running", _l("Under way"), (Filter("state", "in", ["planned", "running"]),), "-id"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.milestone",
        ProjectMilestone,
        Titles(_l("Permits of projects"), _l("Permit of a project"), _l("Add a permit to fetch")),
        columns=(
            Col("name", width=230, important=True, link=True),
            Col("project.name", _l("Project"), width=200),
            Col("authority", width=160),
            Col("promised_days", width=90),
            Col("submitted_on", width=105),
            Col("due_on", width=105, important=True),
            Col("days", width=90),
            Col("state", width=120, important=True),
            Col("position", width=70, hidden=True),
            Col("project_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Permit of a project"), ("project_id", "position", "name", "authority", "promised_days", "day_unit", "benchmark_id")
            ),
            Section(_l("Course"), ("submitted_on", "due_on", "ended_on", "days", "document_no")),
        ),
        create=f"{S}.projects:create_milestone",
        change=f"{S}.projects:change_milestone",
        remove=f"{S}.projects:remove_milestone",
        workflow=f"{W}:MILESTONE",
        editable_in=("planned",),
        load=("project", "benchmark"),
        search=("name", "authority"),
        sort="position",
        parent=("project_id", "services.project"),
        icon="list-check",
        views=(
            View("running", _l("With authorities"), (Filter("state", "eq", "running"),), "due_on"),
            View("all", _l("All"), (), "position"),
        ),
    ),
    Resource(
        "services.benchmark",
        ServiceBenchmark,
        Titles(_l("Benchmarks"), _l("Benchmark"), _l("New benchmark")),
        columns=(
            Col("title", width=300, important=True, link=True),
            Col("place", width=140, important=True),
            Col("before_days", width=110),
            Col("days", width=100, important=True),
            Col("unit", width=120),
            Col("source", width=360),
        ),
        sections=(Section(_l("Benchmark"), ("code", "title", "place", "before_days", "days", "unit", "source")),),
        create=f"{S}.projects:create_benchmark",
        sort="title",
        search=("title", "place"),
        menu=("projects", 60),
        icon="gauge",
    ),
    Resource(
        "services.agreement",
        ProjectAgreement,
        Titles(_l("Two-sided agreements"), _l("Two-sided agreement"), _l("New two-sided agreement")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("project.name", _l("Project"), width=260, important=True),
            Col("signed_on", width=105),
            Col("ahead", width=110),
            Col("state", width=140, important=True),
            Col("ended_on", width=105),
            Col("project_id", hidden=True),
        ),
        sections=(
            Section(_l("Two-sided agreement"), ("project_id", "basis", "ahead")),
            Section(_l("Course"), ("number", "signed_on", "park_signer", "firm_signer", "ended_on", "consequence")),
        ),
        create=f"{S}.agreements:create_agreement",
        change=f"{S}.agreements:change_agreement",
        workflow=f"{W}:AGREEMENT",
        editable_in=("draft",),
        load=("project",),
        search=("number", "project.name"),
        tabs=(
            Related("pledges", _l("Commitments of both sides"), "services.pledge", "agreement_id", order=5),
            Related("materials", _l("What is tolerated"), "services.agreement_material", "agreement_id", order=6),
        ),
        parent=("project_id", "services.project"),
        menu=("projects", 50),
        icon="file-certificate",
    ),
    Resource(
        "services.pledge",
        AgreementPledge,
        Titles(_l("Commitments of agreements"), _l("Commitment of an agreement"), _l("Add a commitment")),
        columns=(
            Col("text", width=320, important=True, link=True),
            Col("party", width=100, important=True),
            Col("due_on", width=105, important=True),
            Col("state", width=130),
            Col("otherwise", width=200),
            Col("agreement.number", _l("Agreement no."), width=120),
            Col("agreement_id", hidden=True),
        ),
        sections=(
            Section(_l("Commitment of an agreement"), ("agreement_id", "party", "text", "due_on", "otherwise")),
            Section(_l("Course"), ("proof", "consequence", "ended_on")),
        ),
        create=f"{S}.agreements:create_pledge",
        change=f"{S}.agreements:change_pledge",
        remove=f"{S}.agreements:remove_pledge",
        workflow=f"{W}:PLEDGE",
        editable_in=("open",),
        load=("agreement",),
        sort="due_on",
        parent=("agreement_id", "services.agreement"),
        icon="heart-handshake",
        views=(
            View("due", _l("Due in a week"), (Filter("state", "eq", "open"), Filter("due_on", "lte", "@today+7")), "due_on"),
            View("all", _l("All"), (), "due_on"),
        ),
    ),
    Resource(
        "services.agreement_material",
        AgreementMaterial,
        Titles(_l("Tolerated materials and steps"), _l("Tolerated material or step"), _l("Add what is tolerated")),
        columns=(
            Col("name", width=300, important=True, link=True),
            Col("tolerance", width=160, important=True),
            Col("due_on", width=105, important=True),
            Col("supplied_on", width=105),
            Col("agreement_id", hidden=True),
        ),
        sections=(
            Section(_l("Tolerated material or step"), ("agreement_id", "tolerance", "name", "due_on")),
            Section(_l("Course"), ("supplied_on",)),
        ),
        create=f"{S}.agreements:create_material",
        remove=f"{S}.agreements:remove_material",
        load=("agreement",),
        sort="due_on",
        parent=("agreement_id", "services.agreement"),
        icon="file-time",
        actions=(Action("supply", _l("It is there now"), f"{S}.agreements:supply_material", (ON,), word="change", primary=True),),
    ),
]

slots.tab("tenants.firm", Related("service_projects", _l("Projects of the firm"), "services.project", "firm_id", order=72))
slots.tile(
    Tile(
        "services.pledges",
        _l("Commitments due"),
        "services.pledge",
        "due",
        ("operations_clerk", "operations_manager"),
        ("text", "due_on"),
        77,
    )
)
