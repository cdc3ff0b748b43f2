"""Screens of childcare."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.care import CareClass, CarePlace, Child, PickupPerson
from ..services import care

S = "modules.amenities.services.care"


def list_fact(session: Any, row: CarePlace) -> tuple[str, str | None]:
    """Place on the published list."""
    place = care.place_on_list(session, row)
    return (str(place), "blue") if place else ("—", None)


def place_on_list(model: Any, context: Any) -> Any:
    """The place of a waiting child, counted by the database in the published order."""
    o = aliased(CarePlace)
    earlier = or_(
        o.rank < model.rank,
        and_(o.rank == model.rank, or_(o.listed_at < model.listed_at, and_(o.listed_at == model.listed_at, o.id < model.id))),
    )
    ahead = (
        select(func.count(o.id))
        .where(o.state == "waiting", o.park_id == model.park_id, o.class_id == model.class_id, earlier)
        .correlate(model)
        .scalar_subquery()
    )
    return case((model.state == "waiting", ahead + 1), else_=None)


RESOURCES = [
    Resource(
        "amenities.place",
        CarePlace,
        Titles(_l("Places and waiting list"), _l("Place in a class"), _l("Put on the list")),
        columns=(
            Col("child_id", width=120, important=True, link=True),
            Col("care_class.name", _l("Class"), 160, True),
            Col("priority", width=200),
            Col("place", _l("Place on the list"), 100, sql=place_on_list, fmt="int"),
            Col("state", width=120, important=True),
            Col("payer.name", _l("Pays the bills"), 220),
            Col("listed_at", width=140),
            Col("starts_on", width=105),
            Col("ends_on", width=105, hidden=True),
            Col("fee", total="sum"),
            Col("answer_by", width=105, hidden=True),
            Col("rank", hidden=True),
            Col("class_id", hidden=True),
            Col("payer_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Place in a class"),
                (
                    "class_id",
                    "child_id",
                    "priority",
                    Input("payer_id", "ref", _l("Pays the bills"), ref="tenants.firm", help=_l("Empty: the parent's employer")),
                ),
            ),
            Section(_l("How it went"), ("listed_at", "answer_by", "starts_on", "ends_on", "fee")),
        ),
        create=f"{S}:list_child",
        workflow="modules.amenities.states_care:PLACE",
        views=(
            View("waiting", _l("Published waiting list"), (Filter("state", "eq", "waiting"),), "place"),
            View("offered", _l("Place offered"), (Filter("state", "eq", "offered"),), "answer_by"),
            View("enrolled", _l("Enrolled"), (Filter("state", "eq", "enrolled"),), "care_class.name"),
            View("all", _l("All"), (), "-id"),
        ),
        facts=(Fact(_l("Place on the list"), list_fact),),
        load=("child", "care_class", "payer"),
        search=("care_class.name", "payer.name"),
        sort="-id",
        parent=("class_id", "amenities.care_class"),
        menu=("care", 10),
        icon="list-numbers",
    ),
    Resource(
        "amenities.child",
        Child,
        Titles(_l("Children"), _l("Child"), _l("New child")),
        columns=(
            Col("name", width=110, important=True, link=True),
            Col("born_on", width=105, important=True),
            Col("parent", width=110),
            Col("phone", width=130),
            Col("firm.name", _l("Parent's employer"), 240, True),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Child"), ("name", "born_on", "gender", "parent", "phone", "firm_id", "note")),),
        create=f"{S}:create_child",
        change=f"{S}:change_child",
        tabs=(
            Related("pickups", _l("May pick up"), "amenities.pickup", "child_id", order=5),
            Related("places", _l("Places"), "amenities.place", "child_id", order=10),
        ),
        load=("firm",),
        search=("firm.name",),
        sort="-id",
        menu=("care", 20),
        icon="mood-kid",
    ),
    Resource(
        "amenities.pickup",
        PickupPerson,
        Titles(_l("Pick-up list"), _l("Who may pick up"), _l("Add a person")),
        columns=(
            Col("child_id", width=120, important=True),
            Col("name", width=120, important=True, link=True),
            Col("relation", width=110, important=True),
            Col("phone", width=140),
            Col("since", width=105),
            Col("until", width=105),
        ),
        sections=(Section(_l("Who may pick up"), ("child_id", "name", "relation", "phone", "since", "until")),),
        create=f"{S}:create_pickup",
        change=f"{S}:change_pickup",
        load=("child",),
        views=(View("today", _l("Holds today"), (Filter("since", "lte", "@today"),), "child_id"), View("all", _l("All"), ())),
        sort="child_id",
        parent=("child_id", "amenities.child"),
        menu=("care", 30),
        icon="user-check",
    ),
    Resource(
        "amenities.care_class",
        CareClass,
        Titles(_l("Classes"), _l("Class"), _l("New class")),
        columns=(
            Col("name", width=160, important=True, link=True),
            Col("kind", width=180),
            Col("facility.name", _l("Amenity"), 200),
            Col("places", width=90, important=True, total="sum"),
            Col("taken", width=90, important=True, total="sum"),
            Col("fee"),
            Col("starts_on", width=105),
            Col("ends_on", width=105),
            Col("teacher", width=110),
            Col("facility_id", hidden=True),
        ),
        sections=(
            Section(_l("Class"), ("facility_id", "name", "kind", "starts_on", "ends_on", "age_from", "age_to", "places", "fee", "teacher")),
        ),
        create=f"{S}:create_class",
        change=f"{S}:change_class",
        tabs=(Related("places", _l("Places"), "amenities.place", "class_id", order=5),),
        load=("facility",),
        search=("name",),
        sort="-starts_on",
        parent=("facility_id", "amenities.facility"),
        menu=("care", 40),
        icon="school",
    ),
]

slots.tile(
    Tile(
        "amenities.waiting",
        _l("Children on the waiting list"),
        "amenities.place",
        "waiting",
        ("operations_manager",),
        ("care_class.name", "priority"),
        71,
    )
)
