"""Screens of places, titles and reported years."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.facility import AmenityFacility, AmenityPeriod, AmenityTitle
from ._common import day

F = "modules.amenities.services.facilities"
H = "modules.amenities.services.hotel_days"

RESOURCES = [
    Resource(
        "amenities.facility",
        AmenityFacility,
        Titles(_l("Places of the community"), _l("Place of the community"), _l("New place")),
        columns=(
            Col("name", width=220, important=True, link=True),
            Col("kind", width=140, important=True),
            Col("code", width=100),
            Col("seats", width=110, total="sum"),
            Col("area", width=110, important=True, total="sum"),
            Col("address", width=220),
            Col("opened_on", width=105),
            Col("closed_on", width=105, hidden=True),
            Col("building_code", width=110, hidden=True),
        ),
        sections=(
            Section(
                _l("Place of the community"),
                (
                    "code",
                    "name",
                    "name_en",
                    "kind",
                    "carrier_id",
                    "address",
                    "area",
                    "seats",
                    "opened_on",
                    "closed_on",
                    "building_code",
                    "note",
                ),
            ),
        ),
        create=f"{F}:create_facility",
        change=f"{F}:change_facility",
        remove=f"{F}:remove_facility",
        actions=(
            Action(
                "close_day",
                _l("Close the day"),
                f"{H}:close_by_button",
                (day("day", _l("Business day")),),
                word="read",
                guard=f"{H}:why_not_close",
                money=True,
            ),
        ),
        views=(
            View("open", _l("In use"), (Filter("closed_on", "empty"),), "kind"),
            View("housing", _l("Apartments and hotel"), (Filter("kind", "in", ["talent_housing", "youth_housing", "hotel"]),), "kind"),
            View("all", _l("All"), (), "code"),
        ),
        tabs=(
            Related("apartments", _l("Apartments"), "amenities.apartment", "facility_id", order=10),
            Related("queue", _l("Housing applications"), "amenities.housing_application", "facility_id", order=12),
            Related("room_types", _l("Room types"), "amenities.room_type", "facility_id", order=20),
            Related("days", _l("Closed days"), "amenities.hotel_day", "facility_id", order=22),
            Related("outlets", _l("Outlets"), "amenities.outlet", "facility_id", order=30),
            Related("operators", _l("Operator contracts"), "amenities.operator_contract", "facility_id", order=32),
            Related("classes", _l("Classes"), "amenities.care_class", "facility_id", order=40),
            Related("packages", _l("Packages"), "amenities.package", "facility_id", order=50),
            Related("venues", _l("Venues"), "amenities.venue", "facility_id", order=60),
            Related("titles", _l("Titles awarded"), "amenities.title", "facility_id", order=70),
            Related("periods", _l("Reported years"), "amenities.period", "facility_id", order=72),
        ),
        load=("carrier",),
        search=("name", "code", "address"),
        sort="code",
        menu=("setup", 10),
        icon="building-community",
        code_field="code",
    ),
    Resource(
        "amenities.title",
        AmenityTitle,
        Titles(_l("Titles awarded"), _l("Title awarded"), _l("New title")),
        columns=(
            Col("title", width=260, important=True, link=True),
            Col("facility.name", _l("Amenity"), 200, True),
            Col("authority", width=200),
            Col("awarded_on", width=105, important=True),
            Col("revoked_on", width=105),
            Col("document", width=160),
            Col("facility_id", hidden=True),
        ),
        sections=(Section(_l("Title awarded"), ("facility_id", "title", "authority", "awarded_on", "revoked_on", "document")),),
        create=f"{F}:create_title",
        change=f"{F}:change_title",
        load=("facility",),
        sort="-awarded_on",
        parent=("facility_id", "amenities.facility"),
        icon="award",
    ),
    Resource(
        "amenities.period",
        AmenityPeriod,
        Titles(_l("Reported years"), _l("Reported year"), _l("Report a year of service")),
        columns=(
            Col("facility.name", _l("Amenity"), 200, True, link=True),
            Col("starts_on", width=105, important=True),
            Col("ends_on", width=105),
            Col("persons", width=120),
            Col("person_times", width=120, important=True, total="sum"),
            Col("source", width=240),
            Col("facility_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Reported year"),
                (
                    "facility_id",
                    "starts_on",
                    "ends_on",
                    "persons",
                    "person_times",
                    Input("source", "text", _l("Source"), required=True, max_length=200),
                ),
            ),
        ),
        create=f"{F}:create_period",
        change=f"{F}:change_period",
        load=("facility",),
        sort="-starts_on",
        parent=("facility_id", "amenities.facility"),
        icon="report",
    ),
]
