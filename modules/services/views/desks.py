"""Screens of the financing, legal and mediation desks, of property stewards and of self-service machines."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Fact, Filter, Related, Resource, Section, Tab, Titles, View

from .. import calc_finance
from ..models.desk import LabourMediation, LegalConsultation, MediationSession, PropertyContact, PropertySteward
from ..models.financing import COLLATERAL, FINANCE_KINDS, FinanceIntroduction, FinanceProduct, FinanceRequest
from ..models.machine import MachineSession, ServiceMachine
from ..services import financing

S = "modules.services.services"

P, D = "modules.services.states_policy", "modules.services.states_desk"
REASONS = {
    "kind": _l("Kind of financing"),
    "amount": _l("Amount"),
    "term": _l("Term in months"),
    "security": _l("Security"),
    "offered": _l("Offered on the day"),
}


def match_data(session: Any, row: FinanceRequest) -> dict[str, Any]:
    """Products with their reasons, best first."""
    rows = [(p, calc_finance.fits(r), r) for p, r in financing.matches(session, row, on=clock.today())]
    return {"rows": rows, "reasons": REASONS, "kinds": FINANCE_KINDS, "security": COLLATERAL}


def followed(session: Any, row: FinanceIntroduction) -> tuple[str, str | None]:
    """The loan case, where there is one."""
    from parkops import refs

    return (refs.label(session, row.resource, row.record_id), None) if row.resource else ("—", None)


RESOURCES = [
    Resource(
        "services.finance_product",
        FinanceProduct,
        Titles(_l("Financing products"), _l("Financing product of an institution"), _l("New financing product")),
        columns=(
            Col("name", width=200, important=True, link=True),
            Col("bank", width=180, important=True),
            Col("kind", width=120),
            Col("amount_from"),
            Col("amount_to", important=True),
            Col("term_from", width=80),
            Col("term_to", width=80),
            Col("rate"),
            Col("collateral", width=120),
            Col("valid_to", width=105),
            Col("code", width=90, hidden=True),
        ),
        sections=(
            Section(
                _l("Financing product of an institution"),
                (
                    "code",
                    "bank",
                    "name",
                    "kind",
                    "amount_from",
                    "amount_to",
                    "term_from",
                    "term_to",
                    "rate",
                    "collateral",
                    "conditions",
                    "contact",
                    "phone",
                    "valid_from",
                    "valid_to",
                ),
            ),
        ),
        create=f"{S}.financing:create_product",
        change=f"{S}.financing:change_product",
        search=("name", "bank"),
        sort="bank",
        menu=("desks", 20),
        icon="building-bank",
    ),
    Resource(
        "services.finance_request",
        FinanceRequest,
        Titles(_l("Financing requests"), _l("Request for financing"), _l("New financing request")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("firm.name", _l("Firm"), width=240, important=True),
            Col("amount", important=True),
            Col("term_months", width=90),
            Col("kind", width=120),
            Col("asked_on", width=105),
            Col("needed_on", width=105),
            Col("state", width=130),
            Col("granted"),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Request for financing"),
                ("firm_id", "kind", "amount", "term_months", "security", "purpose", "asked_on", "needed_on", "owner_id"),
            ),
            Section(_l("Course"), ("number", "granted", "ended_on", "reason")),
        ),
        create=f"{S}.financing:create_request",
        change=f"{S}.financing:change_request",
        workflow=f"{P}:FINANCE_REQUEST",
        editable_in=("open",),
        load=("firm",),
        search=("number", "firm.name"),
        parent=("firm_id", "tenants.firm"),
        tabs=(
            Tab("match", _l("What suits"), "services/finance_match.html", match_data, order=4),
            Related("introductions", _l("Introductions"), "services.introduction", "request_id", order=5),
        ),
        menu=("desks", 10),
        icon="coins",
        views=(
            View("open", _l("Looking for money"), (Filter("state", "in", ["open", "introduced"]),), "-id"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.introduction",
        FinanceIntroduction,
        Titles(_l("Introductions to institutions"), _l("Introduction to an institution"), None),
        columns=(
            Col("introduced_on", width=110, important=True, link=True),
            Col("request.number", _l("Request no."), width=130, important=True),
            Col("product.name", _l("Financing product"), width=200),
            Col("product.bank", _l("Institution"), width=180),
            Col("fits", width=100),
            Col("state", width=120, important=True),
            Col("amount"),
            Col("request_id", hidden=True),
            Col("product_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Introduction to an institution"),
                ("request_id", "product_id", "introduced_on", "fits", "amount", "rate", "ended_on", "reason"),
            ),
        ),
        workflow=f"{P}:INTRODUCTION",
        load=("request", "product"),
        search=("product.name", "product.bank"),
        facts=(Fact(_l("Followed in"), followed),),
        menu=("desks", 30),
        icon="arrows-join",
    ),
    Resource(
        "services.consultation",
        LegalConsultation,
        Titles(_l("Consultations of firms"), _l("Legal consultation"), _l("New legal consultation")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("firm.name", _l("Firm"), width=240, important=True),
            Col("legal_field", width=150),
            Col("asked_on", width=105),
            Col("due_on", width=105, important=True),
            Col("adviser", width=110),
            Col("state", width=110),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Legal consultation"), ("firm_id", "legal_field", "question", "asked_on", "due_on")),
            Section(_l("Course"), ("number", "adviser", "answer", "minutes", "answered_on", "reason")),
        ),
        create=f"{S}.desks:create_consultation",
        change=f"{S}.desks:change_consultation",
        workflow=f"{D}:CONSULTATION",
        editable_in=("asked",),
        load=("firm",),
        search=("number", "firm.name"),
        parent=("firm_id", "tenants.firm"),
        menu=("desks", 40),
        icon="scale",
        views=(View("open", _l("To be answered"), (Filter("state", "eq", "asked"),), "due_on"), View("all", _l("All"), (), "-id")),
    ),
    Resource(
        "services.mediation",
        LabourMediation,
        Titles(_l("Labour mediations"), _l("Labour mediation"), _l("New labour mediation")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("firm.name", _l("Firm"), width=230, important=True),
            Col("kind", width=130),
            Col("people", width=80),
            Col("claimed"),
            Col("received_on", width=105),
            Col("mediator", width=110),
            Col("state", width=130, important=True),
            Col("agreed_amount"),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Labour mediation"), ("firm_id", "kind", "party", "people", "phone", "claim", "claimed", "received_on", "mediator")),
            Section(_l("Course"), ("number", "agreement", "agreed_amount", "perform_by", "ended_on", "reason")),
        ),
        create=f"{S}.desks:create_mediation",
        change=f"{S}.desks:change_mediation",
        workflow=f"{D}:MEDIATION",
        editable_in=("received", "running"),
        load=("firm",),
        search=("number", "firm.name"),
        tabs=(Related("meetings", _l("Meetings"), "services.mediation_session", "mediation_id", order=5),),
        parent=("firm_id", "tenants.firm"),
        menu=("desks", 50),
        icon="users-group",
    ),
    Resource(
        "services.mediation_session",
        MediationSession,
        Titles(_l("Meetings of mediations"), _l("Meeting of a mediation"), _l("Record a meeting")),
        columns=(
            Col("held_on", width=110, important=True, link=True),
            Col("mediation.number", _l("Mediation no."), width=130, important=True),
            Col("minutes", width=90),
            Col("firm_came", width=110),
            Col("party_came", width=120, important=True),
            Col("mediation_id", hidden=True),
        ),
        sections=(Section(_l("Meeting of a mediation"), ("mediation_id", "held_on", "minutes", "firm_came", "party_came", "note")),),
        create=f"{S}.desks:create_session",
        load=("mediation",),
        sort="-held_on",
        parent=("mediation_id", "services.mediation"),
        icon="messages",
    ),
    Resource(
        "services.steward",
        PropertySteward,
        Titles(_l("Property stewards"), _l("Property steward"), _l("New property steward")),
        columns=(
            Col("place", width=200, important=True, link=True),
            Col("name", width=100, important=True),
            Col("branch", width=200),
            Col("since", width=105, important=True),
            Col("until", width=105),
        ),
        sections=(Section(_l("Property steward"), ("place", "name", "phone", "branch", "duties", "since", "until")),),
        create=f"{S}.desks:create_steward",
        change=f"{S}.desks:change_steward",
        search=("place",),
        sort="place",
        menu=("desks", 60),
        icon="home-shield",
        tabs=(Related("contacts", _l("Property contacts"), "services.property_contact", "steward_id", order=5),),
    ),
    Resource(
        "services.property_contact",
        PropertyContact,
        Titles(_l("Contacts of stewards"), _l("Contact of a steward"), _l("New contact of a steward")),
        columns=(
            Col("on_date", width=105, important=True, link=True),
            Col("steward.place", _l("Building or area"), width=180, important=True),
            Col("matter", width=130),
            Col("text", width=280, important=True),
            Col("firm.name", _l("Firm"), width=220),
            Col("settled_on", width=105),
            Col("steward_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Contact of a steward"), ("steward_id", "firm_id", "on_date", "matter", "text", "settled_on", "answer")),),
        create=f"{S}.desks:create_contact",
        change=f"{S}.desks:change_contact",
        load=("steward", "firm"),
        search=("text",),
        sort="-on_date",
        parent=("steward_id", "services.steward"),
        menu=("desks", 70),
        icon="message-2",
    ),
    Resource(
        "services.machine",
        ServiceMachine,
        Titles(_l("Self-service machines"), _l("Self-service machine of the hall"), _l("New self-service machine")),
        columns=(
            Col("name", width=200, important=True, link=True),
            Col("kind", width=150, important=True),
            Col("hall.name", _l("Service hall"), width=180),
            Col("place", width=160),
            Col("installed_on", width=105, important=True),
            Col("removed_on", width=105),
            Col("code", width=90, hidden=True),
            Col("hall_id", hidden=True),
        ),
        sections=(
            Section(_l("Self-service machine of the hall"), ("code", "name", "kind", "hall_id", "place", "installed_on", "removed_on")),
        ),
        create=f"{S}.machines:create_machine",
        change=f"{S}.machines:change_machine",
        load=("hall",),
        search=("code", "name"),
        sort="code",
        menu=("desks", 80),
        icon="device-desktop",
        tabs=(Related("sessions", _l("Machine sessions"), "services.machine_session", "machine_id", order=5),),
    ),
    Resource(
        "services.machine_session",
        MachineSession,
        Titles(_l("Sessions at machines"), _l("Session at a machine"), _l("Begin a session")),
        columns=(
            Col("number", width=80, link=True),
            Col("machine.name", _l("Self-service machine"), width=180, important=True),
            Col("item", width=220, important=True),
            Col("started_at", width=140),
            Col("seconds", width=90),
            Col("state", width=130, important=True),
            Col("firm.name", _l("Firm"), width=220),
            Col("day", width=105, hidden=True),
            Col("machine_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Session at a machine"), ("machine_id", "item", "firm_id")),
            Section(_l("Course"), ("number", "started_at", "ended_at", "seconds", "receipt", "reason")),
        ),
        create=f"{S}.machines:start_session",
        workflow=f"{D}:MACHINE_SESSION",
        load=("machine", "firm"),
        search=("item",),
        parent=("machine_id", "services.machine"),
        menu=("desks", 90),
        icon="hand-click",
    ),
]

slots.tab("tenants.firm", Related("finance_requests", _l("Financing"), "services.finance_request", "firm_id", order=75))
slots.tab("tenants.firm", Related("consultations", _l("Legal consultations"), "services.consultation", "firm_id", order=76))
