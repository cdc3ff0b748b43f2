"""Screens of the set-up: groups, resources, attributes, opening hours, closures."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.resource import BookableResource, OpeningHours, ResourceAttribute, ResourceClosure, ResourceGroup
from ..services import setup
from ..states import BOOKING

S = "modules.booking.services.setup"


def affected(session: Any, obj: Any) -> tuple[str, str | None]:
    """How many bookings a closure touches."""
    count = setup.count_affected(session, obj)
    return str(count), "red" if count else None


def affected_rows(session: Any, obj: Any) -> dict[str, Any]:
    """Those bookings, the first hundred."""
    rows = setup.affected(session, obj)
    return {"rows": rows[:100], "more": len(rows) - 100, "states": BOOKING.choices}


RESOURCES = [
    Resource(
        "booking.group",
        ResourceGroup,
        Titles(_l("Resource groups"), _l("Resource group"), _l("New resource group")),
        icon="folders",
        columns=(Col("name", width=200, important=True, link=True), Col("code", width=120, important=True), Col("name_en", width=200),
                 Col("position", width=80)),
        sections=(Section(_l("Resource group"), ("code", "name", "name_en", "position")),),
        create=f"{S}:create_group",
        change=f"{S}:change_group",
        remove=f"{S}:remove_group",
        tabs=(Related("resources", _l("Resources"), "booking.resource", "group_id", order=10),
              Related("opening", _l("Opening hours"), "booking.opening", "group_id", order=20),
              Related("closures", _l("Closures and outages"), "booking.closure", "group_id", order=30)),
        search=("name", "code"),
        sort="position",
        code_field="code",
        menu=("setup", 10),
    ),
    Resource(
        "booking.resource",
        BookableResource,
        Titles(_l("Bookable resources"), _l("Bookable resource"), _l("New bookable resource")),
        icon="door",
        columns=(
            Col("name", width=200, important=True, link=True),
            Col("code", width=110),
            Col("kind", width=110, important=True),
            Col("group_id", width=150, important=True),
            Col("place", width=160),
            Col("capacity", width=90),
            Col("seats", width=80),
            Col("horizon_days", width=100),
            Col("max_minutes", width=110),
            Col("needs_approval", width=100),
            Col("active", width=90),
            Col("name_en", hidden=True),
            Col("min_minutes", hidden=True),
            Col("cancel_minutes", hidden=True),
        ),
        sections=(
            Section(_l("Bookable resource"), ("code", "name", "name_en", "kind", "group_id", "place", "capacity", "seats", "active",
                                              "needs_approval", "note")),
            Section(_l("Booking rules"), (
                "step_minutes", Input("horizon_days", default=60), "min_minutes", "max_minutes", "per_day", "gap_minutes",
                "turnaround_minutes", "notice_minutes", "cancel_minutes", Input("missed_minutes", default=30))),
        ),
        create=f"{S}:create_resource",
        change=f"{S}:change_resource",
        remove=f"{S}:remove_resource",
        views=(
            View("active", _l("Can be booked"), (Filter("active", "eq", True),), "name"),
            View("instruments", _l("Instruments"), (Filter("kind", "eq", "instrument"), Filter("active", "eq", True)), "name"),
            View("approval", _l("Need approval"), (Filter("needs_approval", "eq", True),), "name"),
            View("all", _l("All"), (), "name"),
        ),
        tabs=(
            Related("bookings", _l("Bookings"), "booking.booking", "resource_id", order=10),
            Related("attributes", _l("Attributes"), "booking.attribute", "resource_id", order=20),
            Related("opening", _l("Opening hours"), "booking.opening", "resource_id", order=30),
            Related("closures", _l("Closures and outages"), "booking.closure", "resource_id", order=40),
            Related("waiting", _l("Waiting list"), "booking.waiting", "resource_id", order=50),
            Related("calendars", _l("Calendar addresses"), "booking.calendar_token", "resource_id", order=60),
        ),
        search=("name", "code", "place"),
        load=("group",),
        sort="name",
        code_field="code",
        parent=("group_id", "booking.group"),
        menu=("setup", 20),
    ),
    Resource(
        "booking.attribute",
        ResourceAttribute,
        Titles(_l("Attributes"), _l("Attribute"), _l("New attribute")),
        icon="list-details",
        columns=(Col("name", width=160, important=True, link=True), Col("value", width=240, important=True),
                 Col("resource_id", width=200, important=True)),
        sections=(Section(_l("Attribute"), ("resource_id", "name", "value")),),
        create=f"{S}:create_attribute",
        change=f"{S}:change_attribute",
        remove=f"{S}:remove_attribute",
        search=("name", "value"),
        load=("resource",),
        sort="name",
        parent=("resource_id", "booking.resource"),
    ),
    Resource(
        "booking.opening",
        OpeningHours,
        Titles(_l("Opening hours"), _l("Opening hours"), _l("New opening hours")),
        icon="clock",
        columns=(
            Col("weekday", width=100, important=True, link=True),
            Col("opens", width=80, important=True),
            Col("closes", width=80, important=True),
            Col("resource_id", width=200),
            Col("group_id", width=160),
            Col("valid_from", width=105),
            Col("valid_to", width=105),
        ),
        sections=(Section(_l("Opening hours"), ("resource_id", "group_id", "weekday", "opens", "closes", "valid_from", "valid_to")),),
        create=f"{S}:create_opening",
        change=f"{S}:change_opening",
        remove=f"{S}:remove_opening",
        load=("resource", "group"),
        sort="weekday",
        parent=("resource_id", "booking.resource"),
        menu=("setup", 30),
    ),
    Resource(
        "booking.closure",
        ResourceClosure,
        Titles(_l("Closures and outages"), _l("Closure"), _l("New closure or outage")),
        icon="barrier-block",
        columns=(
            Col("kind", width=110, important=True, link=True),
            Col("cause", width=220, important=True),
            Col("resource_id", width=200, important=True),
            Col("group_id", width=160),
            Col("starts_at", width=140),
            Col("ends_at", width=140),
        ),
        sections=(Section(_l("Closure"), ("resource_id", "group_id", "kind", "cause", "starts_at", "ends_at")),),
        create=f"{S}:create_closure",
        change=f"{S}:change_closure",
        actions=(Action("finish", _l("Open again"), f"{S}:finish_closure", word="change", primary=True, guard=f"{S}:why_not_finish"),),
        views=(
            View("now", _l("Now and coming"), (Filter("ends_at", "gte", "@today"),), "starts_at"),
            View("lasting", _l("Without end"), (Filter("ends_at", "empty"),), "starts_at"),
            View("all", _l("All"), (), "-starts_at"),
        ),
        facts=(Fact(_l("Bookings affected"), affected),),
        tabs=(Tab("affected", _l("Bookings affected"), "booking/affected.html", affected_rows, order=10),),
        search=("cause", "resource.name"),
        load=("resource", "group"),
        sort="-starts_at",
        parent=("resource_id", "booking.resource"),
        menu=("setup", 40),
    ),
]
