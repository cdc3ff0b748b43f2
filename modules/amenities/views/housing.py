"""Screens of apartments, applications, contracts and damages; tabs and cards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from parkops import clock
from parkops.i18n import _l
from parkops.rules import engine
from parkops.web import slots
from parkops.web.resource import Col, Fact, Filter, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.housing import OCCUPYING, Apartment, ApartmentBed, HousingApplication, HousingContract, HousingDamage
from ..services import housing_contracts, housing_queue, housing_settle
from ._common import day, money

S = "modules.amenities.services.housing_setup"
Q = "modules.amenities.services.housing_queue"
C = "modules.amenities.services.housing_contracts"


def eligibility(session: Any, row: HousingApplication) -> dict[str, Any]:
    """The conditions as of today, and what was stored."""
    return {"outcome": housing_queue.examine(session, row, on=clock.today()), "decisions": engine.decisions_of(session, row)}


def settlement(session: Any, row: HousingContract) -> dict[str, Any]:
    """What settling would do today."""
    return housing_settle.sheet(session, row)


def queue_fact(session: Any, row: HousingApplication) -> tuple[str, str | None]:
    """Place in the published order."""
    place = housing_queue.place_in_queue(session, row)
    return (str(place), "blue") if place else ("—", None)


def deposit_fact(session: Any, row: HousingContract) -> tuple[str, str | None]:
    """Held of agreed."""
    found = housing_contracts.held(session, row)
    return f"{money(found)} / {money(row.deposit)}", "amber" if found < row.deposit else None


def place_in_queue(model: Any, context: Any) -> Any:
    """The place of a waiting application, counted by the database in the published order."""
    o = aliased(HousingApplication)
    earlier = or_(
        o.rank > model.rank,
        and_(o.rank == model.rank, or_(o.queued_at < model.queued_at, and_(o.queued_at == model.queued_at, o.id < model.id))),
    )
    ahead = (
        select(func.count(o.id))
        .where(o.state == "queued", o.park_id == model.park_id, o.facility_id == model.facility_id, o.layout == model.layout, earlier)
        .correlate(model)
        .scalar_subquery()
    )
    return case((model.state == "queued", ahead + 1), else_=None)


def occupied(model: Any, context: Any) -> Any:
    """Whether somebody has the bed today."""
    c = HousingContract
    return (
        select(func.count(c.id) > 0)
        .where(c.bed_id == model.id, c.park_id == model.park_id, c.state.in_(OCCUPYING), c.during.contains(context.today))
        .correlate(model)
        .scalar_subquery()
    )


RESOURCES = [
    Resource(
        "amenities.housing_application",
        HousingApplication,
        Titles(_l("Housing applications"), _l("Housing application"), _l("New housing application")),
        columns=(
            Col("number", width=130, link=True),
            Col("person_id", width=110, important=True),
            Col("firm.name", _l("Employer"), 220, True),
            Col("facility.name", _l("Amenity wished"), 150),
            Col("layout", width=110),
            Col("talent_level", width=110),
            Col("place", _l("Place in the queue"), 90, sql=place_in_queue, fmt="int"),
            Col("state", width=110, important=True),
            Col("applied_on", width=105),
            Col("queued_at", width=140),
            Col("months", width=80),
            Col("rank", hidden=True),
            Col("firm_id", hidden=True),
            Col("facility_id", hidden=True),
            Col("verdict", hidden=True),
        ),
        sections=(
            Section(
                _l("Housing application"), ("person_id", "firm_id", "facility_id", "layout", "months", day("applied_on", _l("Applied on")))
            ),
            Section(_l("Conditions"), ("talent_level", "employed_since", "insured_months", "owns_home", "note")),
        ),
        create=f"{Q}:create_application",
        change=f"{Q}:change_application",
        workflow="modules.amenities.states:HOUSING_APPLICATION",
        editable_in=("draft",),
        views=(
            View("queue", _l("Published queue"), (Filter("state", "eq", "queued"),), "place"),
            View("draft", _l("Being prepared"), (Filter("state", "eq", "draft"),), "applied_on"),
            View("all", _l("All"), (), "-id"),
        ),
        tabs=(
            Tab("eligibility", _l("Conditions of entry"), "amenities/eligibility.html", eligibility, order=5),
            Related("contracts", _l("Housing contracts"), "amenities.housing_contract", "application_id", order=10),
        ),
        facts=(Fact(_l("Place in the queue"), queue_fact),),
        load=("person", "firm", "facility"),
        search=("number", "firm.name"),
        sort="-id",
        menu=("housing", 10),
        icon="list-numbers",
        code_field="number",
    ),
    Resource(
        "amenities.housing_contract",
        HousingContract,
        Titles(_l("Housing contracts"), _l("Housing contract")),
        columns=(
            Col("number", width=130, link=True, important=True),
            Col("person_id", width=110),
            Col("bed_id", width=190, important=True),
            Col("firm.name", _l("Employer"), 200),
            Col("starts_on", width=105),
            Col("ends_on", width=105),
            Col("ended_on", width=105),
            Col("rent", width=110, total="sum"),
            Col("deposit", width=110, total="sum"),
            Col("state", width=110, important=True),
            Col("answer_by", width=105, hidden=True),
            Col("payer.name", _l("Pays the bills"), 200, hidden=True),
            Col("firm_id", hidden=True),
            Col("payer_id", hidden=True),
            Col("application_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Housing contract"),
                (
                    "number",
                    "application_id",
                    "person_id",
                    "firm_id",
                    "payer_id",
                    "bed_id",
                    "starts_on",
                    "ends_on",
                    "rent",
                    "deposit",
                    "due_day",
                ),
            ),
            Section(
                _l("How it went"),
                (
                    "allotted_on",
                    "answer_by",
                    "signed_on",
                    "checked_in_on",
                    "keys",
                    "condition_in",
                    "ended_on",
                    "condition_out",
                    "inspected_by",
                    "settled_on",
                    "deposit_id",
                ),
            ),
        ),
        workflow="modules.amenities.states:HOUSING_CONTRACT",
        views=(
            View("to_sign", _l("To be signed"), (Filter("state", "eq", "allotted"),), "answer_by"),
            View("to_move_in", _l("To move in"), (Filter("state", "eq", "signed"),), "starts_on"),
            View("living", _l("Living there"), (Filter("state", "eq", "living"),), "ends_on"),
            View(
                "ending", _l("Ending within 30 days"), (Filter("state", "eq", "living"), Filter("ends_on", "lte", "@today+30")), "ends_on"
            ),
            View("to_settle", _l("To be settled"), (Filter("state", "eq", "leaving"),), "ended_on"),
            View("all", _l("All"), (), "-id"),
        ),
        tabs=(
            Tab("settlement", _l("Settlement"), "amenities/settlement.html", settlement, order=5),
            Related("damages", _l("Damages"), "amenities.housing_damage", "contract_id", order=10),
        ),
        facts=(Fact(_l("Deposit in hand"), deposit_fact),),
        load=("application", "person", "firm", "payer", "bed", "deposit_record"),
        search=("number", "firm.name"),
        sort="-id",
        menu=("housing", 20),
        icon="home-check",
        code_field="number",
        money=True,
    ),
    Resource(
        "amenities.housing_damage",
        HousingDamage,
        Titles(_l("Damages"), _l("Damage"), _l("Record a damage")),
        columns=(
            Col("title", width=260, important=True, link=True),
            Col("amount", important=True, total="sum"),
            Col("note", width=220),
            Col("contract.number", _l("Housing contract"), 140, True),
            Col("contract_id", hidden=True),
        ),
        sections=(Section(_l("Damage"), ("contract_id", "title", "amount", "note")),),
        create=f"{C}:create_damage",
        change=f"{C}:change_damage",
        remove=f"{C}:remove_damage",
        load=("contract",),
        sort="-id",
        parent=("contract_id", "amenities.housing_contract"),
        icon="hammer",
    ),
    Resource(
        "amenities.apartment",
        Apartment,
        Titles(_l("Apartments"), _l("Apartment"), _l("New apartment")),
        columns=(
            Col("code", width=110, important=True, link=True),
            Col("facility.name", _l("Amenity"), 200, True),
            Col("floor", width=80),
            Col("layout", width=140, important=True),
            Col("area", width=100, total="sum"),
            Col("facility_id", hidden=True),
        ),
        sections=(Section(_l("Apartment"), ("facility_id", "code", "floor", "layout", "area")),),
        create=f"{S}:create_apartment",
        change=f"{S}:change_apartment",
        remove=f"{S}:remove_apartment",
        tabs=(Related("beds", _l("Beds"), "amenities.bed", "apartment_id", order=10),),
        load=("facility",),
        search=("code",),
        sort="code",
        parent=("facility_id", "amenities.facility"),
        menu=("housing", 30),
        icon="door",
    ),
    Resource(
        "amenities.bed",
        ApartmentBed,
        Titles(_l("Beds and whole apartments"), _l("Bed"), _l("New bed")),
        columns=(
            Col("code", width=80, link=True),
            Col("apartment.code", _l("Room number"), 110, True),
            Col("apartment.facility_id", _l("Amenity"), 180),
            Col("apartment.layout", _l("Layout"), 120),
            Col("people", width=80),
            Col("rent", important=True),
            Col("deposit"),
            Col("occupied", _l("Taken today"), 100, True, sql=occupied, fmt="bool"),
            Col("active", width=90),
            Col("apartment_id", hidden=True),
        ),
        sections=(Section(_l("Bed"), ("apartment_id", "code", "people", "rent", "deposit", "active")),),
        create=f"{S}:create_bed",
        change=f"{S}:change_bed",
        remove=f"{S}:remove_bed",
        views=(
            View("free", _l("Free today"), (Filter("occupied", "eq", False), Filter("active", "eq", True)), "apartment.code"),
            View("all", _l("All"), (), "apartment.code"),
        ),
        tabs=(Related("contracts", _l("Housing contracts"), "amenities.housing_contract", "bed_id", order=10),),
        load=("apartment",),
        sort="id",
        parent=("apartment_id", "amenities.apartment"),
        menu=("housing", 40),
        icon="bed",
    ),
]

slots.tab("tenants.firm", Related("residents", _l("Residents"), "amenities.housing_contract", "firm_id", order=81))
slots.tab("tenants.person", Related("housing", _l("Housing"), "amenities.housing_contract", "person_id", order=60))
slots.tile(
    Tile(
        "amenities.to_allot",
        _l("Housing queue"),
        "amenities.housing_application",
        "queue",
        ("operations_manager",),
        ("number", "firm.name", "talent_level"),
        66,
    )
)
slots.tile(
    Tile(
        "amenities.to_move_in",
        _l("Residents to move in"),
        "amenities.housing_contract",
        "to_move_in",
        ("operations_clerk",),
        ("number", "bed_id", "starts_on"),
        66,
    )
)
slots.tile(
    Tile(
        "amenities.to_settle",
        _l("Apartments to settle"),
        "amenities.housing_contract",
        "to_settle",
        ("finance",),
        ("number", "bed_id", "ended_on"),
        66,
        "amber",
    )
)
