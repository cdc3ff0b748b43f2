"""Screens of repairs and incidents."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Fact, Filter, Related, Tile, View

from ..models.repair import IncidentTicket, ServiceIncident, ServiceRepair
from ..services import incidents
from ._make import plain

W = "modules.services.states_repair"


def tickets(session: Any, row: ServiceIncident) -> tuple[str, str | None]:
    """How many hang on it."""
    return str(incidents.count(session, row)), None


RESOURCES = [
    plain(
        ServiceRepair,
        _l("Repairs"),
        _l("Repair"),
        _l("Report a repair"),
        "number!:130 place!:200 kind:120 urgency:90 firm.name:200 assignee.username:110 reported_on:105 promised_on!:105 state:150 stars:70 firm_id- assignee_id-",
        "kind urgency firm_id place unit_id text reporter phone source",
        "repairs:create_repair/change_repair",
        more="number reported_at assignee_id promised_on measure done_on stars remark reopened closed_on",
        labels={"assignee.username": _l("Who repairs")},
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
    plain(
        ServiceIncident,
        _l("Incidents"),
        _l("Incident of the park"),
        _l("New incident"),
        "number!:130 title!:300 place:180 started_at!:140 expected_at:140 state:150",
        "title place started_at expected_at script cause",
        "incidents:create_incident/change_incident",
        more="number answer ended_at",
        workflow=f"{W}:INCIDENT",
        editable_in=("open",),
        search=("number", "title"),
        facts=(Fact(_l("Tickets"), tickets),),
        tabs=(Related("tickets", _l("Tickets of the incident"), "services.incident_ticket", "incident_id", order=5),),
        menu=("repairs", 20),
        icon="alert-triangle",
        views=(View("open", _l("Going on"), (Filter("state", "eq", "open"),), "-id"), View("all", _l("All"), (), "-id")),
    ),
    plain(
        IncidentTicket,
        _l("Tickets of incidents"),
        _l("Ticket of an incident"),
        _l("Link a ticket"),
        "linked_on!:105 demand.number!:130 repair.number!:130 case.number:130 answered_on:105 incident.title:260 incident_id-",
        "incident_id demand_id repair_id case_id",
        "incidents:link_ticket//unlink_ticket",
        more="linked_on answered_on",
        labels={
            "demand.number": _l("Demand no."),
            "repair.number": _l("Repair no."),
            "case.number": _l("Case no."),
            "incident.title": _l("Incident"),
        },
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
