"""Screens of repairs and incidents."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Fact, Filter, Related, Resource, Section, Tile, Titles, View

from ..models.repair import IncidentTicket, ServiceIncident, ServiceRepair
from ..services import incidents

S = "modules.services.services"

W = "modules.services.states_repair"


def tickets(session: Any, row: ServiceIncident) -> tuple[str, str | None]:
    """How many hang on it."""
    return str(incidents.count(session, row)), None


RESOURCES = [
    Resource(
        "services.repair",
        ServiceRepair,
        Titles(_l("Repairs"), _l("Repair"), _l("Report a repair")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("place", width=200, important=True),
            Col("kind", width=120),
            Col("urgency", width=90),
            Col("firm.name", _l("Firm"), width=200),
            Col("assignee.name", _l("Who repairs"), width=110),
            Col("reported_on", width=105),
            Col("promised_on", width=105, important=True),
            Col("state", width=150),
            Col("stars", width=70),
            Col("firm_id", hidden=True),
            Col("assignee_id", hidden=True),
        ),
        sections=(
            Section(_l("Repair"), ("kind", "urgency", "firm_id", "place", "unit_id", "text", "reporter", "phone", "source")),
            Section(
                _l("Course"),
                (
                    *("number", "reported_at", "assignee_id", "promised_on", "first_promised_on"),
                    *("measure", "done_on", "stars", "remark", "reopened", "closed_on"),
                ),
            ),
        ),
        create=f"{S}.repairs:create_repair",
        change=f"{S}.repairs:change_repair",
        workflow=f"{W}:REPAIR",
        editable_in=("reported", "assigned"),
        load=("firm", "assignee"),
        search=("number", "place", "firm.name"),
        parent=("firm_id", "tenants.firm"),
        menu=("repairs", 10),
        icon="tool",
        views=(
            View("open", _l("To be repaired"), (Filter("state", "in", ["reported", "assigned"]),), "promised_on"),
            View(
                "late",
                _l("Promise over"),
                (Filter("state", "in", ["reported", "assigned"]), Filter("promised_on", "lte", "@today-1")),
                "promised_on",
            ),
            View("confirm", _l("To be confirmed"), (Filter("state", "eq", "done"),), "done_on"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.incident",
        ServiceIncident,
        Titles(_l("Incidents"), _l("Incident of the park"), _l("New incident")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("title", width=300, important=True),
            Col("place", width=180),
            Col("started_at", width=140, important=True),
            Col("expected_at", width=140),
            Col("state", width=150),
        ),
        sections=(
            Section(_l("Incident of the park"), ("title", "place", "started_at", "expected_at", "script", "cause")),
            Section(_l("Course"), ("number", "answer", "ended_at")),
        ),
        create=f"{S}.incidents:create_incident",
        change=f"{S}.incidents:change_incident",
        workflow=f"{W}:INCIDENT",
        editable_in=("open",),
        search=("number", "title"),
        facts=(Fact(_l("Tickets"), tickets),),
        tabs=(Related("tickets", _l("Tickets of the incident"), "services.incident_ticket", "incident_id", order=5),),
        menu=("repairs", 20),
        icon="alert-triangle",
        views=(View("open", _l("Going on"), (Filter("state", "eq", "open"),), "-id"), View("all", _l("All"), (), "-id")),
    ),
    Resource(
        "services.incident_ticket",
        IncidentTicket,
        Titles(_l("Tickets of incidents"), _l("Ticket of an incident"), _l("Link a ticket")),
        columns=(
            Col("linked_on", width=105, important=True, link=True),
            Col("demand.number", _l("Demand no."), width=130, important=True),
            Col("repair.number", _l("Repair no."), width=130, important=True),
            Col("case.number", _l("Case no."), width=130),
            Col("answered_on", width=105),
            Col("incident.title", _l("Incident"), width=260),
            Col("incident_id", hidden=True),
        ),
        sections=(
            Section(_l("Ticket of an incident"), ("incident_id", "demand_id", "repair_id", "case_id")),
            Section(_l("Course"), ("linked_on", "answered_on")),
        ),
        create=f"{S}.incidents:link_ticket",
        remove=f"{S}.incidents:unlink_ticket",
        load=("incident", "demand", "repair", "case"),
        sort="id",
        parent=("incident_id", "services.incident"),
        icon="link",
    ),
]

slots.tab("tenants.firm", Related("repairs", _l("Repairs of the firm"), "services.repair", "firm_id", order=78))
slots.tile(
    Tile(
        "services.repairs",
        _l("Repairs to do"),
        "services.repair",
        "open",
        ("operations_clerk", "operations_manager"),
        ("place", "promised_on"),
        75,
    )
)
