"""Screens of the financing, legal and mediation desks, of property stewards and of self-service machines."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Fact, Filter, Related, Tab, View

from .. import calc_finance
from ..models.desk import LabourMediation, LegalConsultation, MediationSession, PropertyContact, PropertySteward
from ..models.financing import COLLATERAL, FINANCE_KINDS, FinanceIntroduction, FinanceProduct, FinanceRequest
from ..models.machine import MachineSession, ServiceMachine
from ..services import financing
from ._make import plain

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
    plain(
        FinanceProduct,
        _l("Financing products"),
        _l("Financing product of an institution"),
        _l("New financing product"),
        "name!:200 bank!:180 kind:120 amount_from: amount_to!: term_from:80 term_to:80 rate: collateral:120 valid_to:105 code-:90",
        "code bank name kind amount_from amount_to term_from term_to rate collateral conditions contact phone valid_from valid_to",
        "financing:create_product/change_product",
        search=("name", "bank"),
        sort="bank",
        menu=("desks", 20),
        icon="building-bank",
    ),
    plain(
        FinanceRequest,
        _l("Financing requests"),
        _l("Request for financing"),
        _l("New financing request"),
        "number!:130 firm.name!:240 amount!: term_months:90 kind:120 asked_on:105 needed_on:105 state:130 granted: firm_id-",
        "firm_id kind amount term_months security purpose asked_on needed_on owner_id",
        "financing:create_request/change_request",
        more="number granted ended_on reason",
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
    plain(
        FinanceIntroduction,
        _l("Introductions to institutions"),
        _l("Introduction to an institution"),
        None,
        "introduced_on!:110 request.number!:130 product.name:200 product.bank:180 fits:100 state!:120 amount: request_id- product_id-",
        "request_id product_id introduced_on fits amount rate ended_on reason",
        labels={"request.number": _l("Request no."), "product.name": _l("Financing product"), "product.bank": _l("Institution")},
        workflow=f"{P}:INTRODUCTION",
        load=("request", "product"),
        search=("product.name", "product.bank"),
        facts=(Fact(_l("Followed in"), followed),),
        menu=("desks", 30),
        icon="arrows-join",
    ),
    plain(
        LegalConsultation,
        _l("Consultations of firms"),
        _l("Legal consultation"),
        _l("New legal consultation"),
        "number!:130 firm.name!:240 legal_field:150 asked_on:105 due_on!:105 adviser:110 state:110 firm_id-",
        "firm_id legal_field question asked_on due_on",
        "desks:create_consultation/change_consultation",
        more="number adviser answer minutes answered_on reason",
        workflow=f"{D}:CONSULTATION",
        editable_in=("asked",),
        load=("firm",),
        search=("number", "firm.name"),
        parent=("firm_id", "tenants.firm"),
        menu=("desks", 40),
        icon="scale",
        views=(View("open", _l("To be answered"), (Filter("state", "eq", "asked"),), "due_on"), View("all", _l("All"), (), "-id")),
    ),
    plain(
        LabourMediation,
        _l("Labour mediations"),
        _l("Labour mediation"),
        _l("New labour mediation"),
        "number!:130 firm.name!:230 kind:130 people:80 claimed: received_on:105 mediator:110 state!:130 agreed_amount: firm_id-",
        "firm_id kind party people phone claim claimed received_on mediator",
        "desks:create_mediation/change_mediation",
        more="number agreement agreed_amount perform_by ended_on reason",
        workflow=f"{D}:MEDIATION",
        editable_in=("received", "running"),
        load=("firm",),
        search=("number", "firm.name"),
        tabs=(Related("meetings", _l("Meetings"), "services.mediation_session", "mediation_id", order=5),),
        parent=("firm_id", "tenants.firm"),
        menu=("desks", 50),
        icon="users-group",
    ),
    plain(
        MediationSession,
        _l("Meetings of mediations"),
        _l("Meeting of a mediation"),
        _l("Record a meeting"),
        "held_on!:110 mediation.number!:130 minutes:90 firm_came:110 party_came!:120 mediation_id-",
        "mediation_id held_on minutes firm_came party_came note",
        "desks:create_session",
        labels={"mediation.number": _l("Mediation no.")},
        load=("mediation",),
        sort="-held_on",
        parent=("mediation_id", "services.mediation"),
        icon="messages",
    ),
    plain(
        PropertySteward,
        _l("Property stewards"),
        _l("Property steward"),
        _l("New property steward"),
        "place!:200 name!:100 branch:200 since!:105 until:105",
        "place name phone branch duties since until",
        "desks:create_steward/change_steward",
        search=("place",),
        sort="place",
        menu=("desks", 60),
        icon="home-shield",
        tabs=(Related("contacts", _l("Property contacts"), "services.property_contact", "steward_id", order=5),),
    ),
    plain(
        PropertyContact,
        _l("Contacts of stewards"),
        _l("Contact of a steward"),
        _l("New contact of a steward"),
        "on_date!:105 steward.place!:180 matter:130 text!:280 firm.name:220 settled_on:105 steward_id- firm_id-",
        "steward_id firm_id on_date matter text settled_on answer",
        "desks:create_contact/change_contact",
        labels={"steward.place": _l("Building or area")},
        load=("steward", "firm"),
        search=("text",),
        sort="-on_date",
        parent=("steward_id", "services.steward"),
        menu=("desks", 70),
        icon="message-2",
    ),
    plain(
        ServiceMachine,
        _l("Self-service machines"),
        _l("Self-service machine of the hall"),
        _l("New self-service machine"),
        "name!:200 kind!:150 hall.name:180 place:160 installed_on!:105 removed_on:105 code-:90 hall_id-",
        "code name kind hall_id place installed_on removed_on",
        "machines:create_machine/change_machine",
        labels={"hall.name": _l("Hall")},
        load=("hall",),
        search=("code", "name"),
        sort="code",
        menu=("desks", 80),
        icon="device-desktop",
        tabs=(Related("sessions", _l("Machine sessions"), "services.machine_session", "machine_id", order=5),),
    ),
    plain(
        MachineSession,
        _l("Sessions at machines"),
        _l("Session at a machine"),
        _l("Begin a session"),
        "number:80 machine.name!:180 item!:220 started_at:140 seconds:90 state!:130 firm.name:220 day-:105 machine_id- firm_id-",
        "machine_id item firm_id",
        "machines:start_session",
        more="number started_at ended_at seconds receipt reason",
        labels={"machine.name": _l("Self-service machine")},
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
