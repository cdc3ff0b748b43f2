"""Screens of projects, milestones, benchmarks and two-sided agreements."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Filter, Related, Tab, Tile, View

from ..models.project import AgreementMaterial, AgreementPledge, ProjectAgreement, ProjectMilestone, ServiceBenchmark, ServiceProject
from ..services import projects
from ..states_project import ON
from ._make import S, plain

W = "modules.services.states_project"


def benchmark_data(session: Any, row: ServiceProject) -> dict[str, Any]:
    """Promise, taken, and the published before and after."""
    return {"rows": projects.compare(session, row)}


RESOURCES = [
    plain(
        ServiceProject,
        _l("Projects of firms"),
        _l("Project of a firm"),
        _l("New project of a firm"),
        "number:120 name!:260 firm.name!:220 kind:120 agent.username:110 target_on:105 state!:130 investment firm_id-",
        "firm_id name kind place investment agent_id target_on note",
        "projects:create_project/change_project",
        more="number started_on ended_on",
        labels={"agent.username": _l("Agent of the park")},
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
    plain(
        ProjectMilestone,
        _l("Permits of projects"),
        _l("Permit of a project"),
        _l("Add a permit to fetch"),
        "name!:230 project.name:200 authority:160 promised_days:90 submitted_on:105 due_on!:105 days:90 state!:120 position-:70 project_id-",
        "project_id position name authority promised_days day_unit benchmark_id",
        "projects:create_milestone/change_milestone/remove_milestone",
        more="submitted_on due_on ended_on days document_no",
        labels={"project.name": _l("Project")},
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
    plain(
        ServiceBenchmark,
        _l("Benchmarks"),
        _l("Benchmark"),
        _l("New benchmark"),
        "title!:300 place!:140 before_days:110 days!:100 unit:120 source:360",
        "code title place before_days days unit source",
        "projects:create_benchmark",
        sort="title",
        search=("title", "place"),
        menu=("projects", 60),
        icon="gauge",
    ),
    plain(
        ProjectAgreement,
        _l("Two-sided agreements"),
        _l("Two-sided agreement"),
        _l("New two-sided agreement"),
        "number!:130 project.name!:260 signed_on:105 ahead:110 state!:140 ended_on:105 project_id-",
        "project_id basis ahead",
        "agreements:create_agreement/change_agreement",
        more="number signed_on park_signer firm_signer ended_on consequence",
        labels={"project.name": _l("Project")},
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
    plain(
        AgreementPledge,
        _l("Commitments of agreements"),
        _l("Commitment of an agreement"),
        _l("Add a commitment"),
        "text!:320 party!:100 due_on!:105 state:130 otherwise:200 agreement.number:120 agreement_id-",
        "agreement_id party text due_on otherwise",
        "agreements:create_pledge/change_pledge/remove_pledge",
        more="proof consequence ended_on",
        labels={"agreement.number": _l("Agreement no.")},
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
    plain(
        AgreementMaterial,
        _l("Tolerated materials and steps"),
        _l("Tolerated material or step"),
        _l("Add what is tolerated"),
        "name!:300 tolerance!:160 due_on!:105 supplied_on:105 agreement_id-",
        "agreement_id tolerance name due_on",
        "agreements:create_material//remove_material",
        more="supplied_on",
        load=("agreement",),
        sort="due_on",
        parent=("agreement_id", "services.agreement"),
        icon="file-time",
        actions=(Action("supply", _l("It is there now"), f"{S}.agreements:supply_material", (ON,), word="change", primary=True),),
    ),
]

slots.tab("tenants.firm", Related("projects", _l("Projects of the firm"), "services.project", "firm_id", order=72))
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
