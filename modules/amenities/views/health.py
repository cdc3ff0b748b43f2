"""Screens of the health centre. No results anywhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Titles, View

from ..models.health import HealthInvoice, HealthOrder, HealthPackage, HealthSlot, HealthVisit
from ._common import ON, day

S = "modules.amenities.services.health"


def came_fact(session: Any, row: HealthOrder) -> tuple[str, str | None]:
    """Persons and person-times, apart."""
    v = HealthVisit
    persons, times = session.execute(
        select(func.count(func.distinct(v.person_code)), func.count(v.id)).where(v.order_id == row.id, v.state == "attended")
    ).one()
    return f"{persons} / {times}", None


RESOURCES = [
    Resource(
        "amenities.health_order",
        HealthOrder,
        Titles(_l("Health orders"), _l("Health order"), _l("New health order")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("package.name", _l("Package"), 180),
            Col("persons", width=110, important=True, total="sum"),
            Col("price"),
            Col("starts_on", width=105),
            Col("ends_on", width=105),
            Col("state", width=110),
            Col("firm_id", hidden=True),
            Col("package_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Health order"),
                (
                    "firm_id",
                    "package_id",
                    "persons",
                    Input("price", "money", _l("Price a person"), help=_l("Empty: the package's price")),
                    "starts_on",
                    "ends_on",
                ),
            ),
        ),
        create=f"{S}:create_order",
        change=f"{S}:change_order",
        workflow="modules.amenities.states_health:HEALTH_ORDER",
        editable_in=("draft",),
        actions=(
            Action(
                "invoice", _l("Charge who came"), f"{S}:invoice_order", (day("until", _l("Attendance until")),), word="read", money=True
            ),
        ),
        views=(View("running", _l("Confirmed"), (Filter("state", "eq", "confirmed"),), "ends_on"), View("all", _l("All"), (), "-id")),
        tabs=(
            Related("visits", _l("Health visits"), "amenities.visit", "order_id", order=5),
            Related("invoices", _l("Charged"), "amenities.health_invoice", "order_id", order=10),
        ),
        facts=(Fact(_l("Persons / person-times"), came_fact),),
        load=("firm", "package"),
        search=("number", "firm.name"),
        sort="-id",
        menu=("health", 10),
        icon="stethoscope",
        code_field="number",
    ),
    Resource(
        "amenities.visit",
        HealthVisit,
        Titles(_l("Health visits"), _l("Health visit"), _l("Register a person")),
        columns=(
            Col("person_code", width=120, important=True, link=True),
            Col("name", width=100),
            Col("firm.name", _l("Firm"), 220, True),
            Col("package.name", _l("Package"), 160),
            Col("slot.starts_at", _l("Slot"), 140),
            Col("state", width=110, important=True),
            Col("attended_on", width=105),
            Col("order.number", _l("Health order"), 120, hidden=True),
            Col("order_id", hidden=True),
            Col("firm_id", hidden=True),
            Col("slot_id", hidden=True),
            Col("package_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Health visit"),
                (
                    "firm_id",
                    "order_id",
                    Input("package_id", "ref", _l("Package"), ref="amenities.package", help=_l("Empty: the order's package")),
                    "slot_id",
                    "person_code",
                    "name",
                ),
            ),
            Section(_l("How it went"), ("attended_on", "invoice_id")),
        ),
        create=f"{S}:book_visit",
        workflow="modules.amenities.states_health:HEALTH_VISIT",
        bulk=(Action("attend", _l("Came"), f"{S}:attend_many", (ON,), word="change"),),
        views=(
            View("booked", _l("Registered"), (Filter("state", "eq", "booked"),), "slot.starts_at"),
            View("month", _l("Came this month"), (Filter("attended_on", "gte", "@month"),), "-attended_on"),
            View("all", _l("All"), (), "-id"),
        ),
        load=("firm", "package", "slot", "order", "invoice"),
        search=("person_code", "firm.name"),
        sort="-id",
        parent=("order_id", "amenities.health_order"),
        menu=("health", 20),
        icon="user-heart",
    ),
    Resource(
        "amenities.slot",
        HealthSlot,
        Titles(_l("Slots"), _l("Slot"), _l("New slot")),
        columns=(
            Col("starts_at", width=150, important=True, link=True),
            Col("facility.name", _l("Health centre"), 200),
            Col("minutes", width=90),
            Col("places", width=90, important=True, total="sum"),
            Col("taken", width=90, important=True, total="sum"),
            Col("facility_id", hidden=True),
        ),
        sections=(Section(_l("Slot"), ("facility_id", "starts_at", "minutes", "places")),),
        create=f"{S}:create_slot",
        change=f"{S}:change_slot",
        tabs=(Related("visits", _l("Health visits"), "amenities.visit", "slot_id", order=5),),
        views=(View("coming", _l("From today"), (Filter("starts_at", "gte", "@today"),), "starts_at"), View("all", _l("All"), ())),
        load=("facility",),
        sort="-starts_at",
        menu=("health", 30),
        icon="clock",
    ),
    Resource(
        "amenities.package",
        HealthPackage,
        Titles(_l("Packages"), _l("Package"), _l("New package")),
        columns=(
            Col("name", width=220, important=True, link=True),
            Col("code", width=100),
            Col("kind", width=160, important=True),
            Col("price", important=True),
            Col("facility.name", _l("Health centre"), 200),
            Col("active", width=90),
            Col("facility_id", hidden=True),
        ),
        sections=(Section(_l("Package"), ("facility_id", "code", "name", "kind", "price", "active")),),
        create=f"{S}:create_package",
        change=f"{S}:change_package",
        load=("facility",),
        search=("name", "code"),
        sort="code",
        parent=("facility_id", "amenities.facility"),
        menu=("health", 40),
        icon="package",
    ),
    Resource(
        "amenities.health_invoice",
        HealthInvoice,
        Titles(_l("Charged attendance"), _l("Charged attendance")),
        columns=(
            Col("order.number", _l("Health order"), 140, True, link=True),
            Col("until", width=110, important=True),
            Col("persons", width=100, total="sum"),
            Col("amount", important=True, total="sum"),
            Col("entered_by", width=110),
            Col("order_id", hidden=True),
        ),
        sections=(Section(_l("Charged attendance"), ("order_id", "until", "persons", "amount", "entered_by")),),
        load=("order",),
        sort="-id",
        icon="file-invoice",
    ),
]

slots.tab("tenants.firm", Related("health", _l("Health orders"), "amenities.health_order", "firm_id", order=83))
