"""Screens of ratings, bad reviews, internal checks and demands."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Filter, Resource, Section, Tile, Titles, View

from ..models.demand import ServiceDemand
from ..models.quality import OFFLINE, ONLINE, QualityCheck, ReviewTask, ServiceRating

R, D = "modules.services.services.ratings", "modules.services.services.demands"

RESOURCES = [
    Resource(
        "services.rating",
        ServiceRating,
        Titles(_l("Client ratings"), _l("Client rating")),
        columns=(
            Col("rated_on", width=110, important=True, link=True),
            Col("case_id", width=140, important=True),
            Col("case.item.name", _l("Service item"), 220),
            Col("stars", width=80, important=True, total="avg"),
            *(Col(n, width=90, total="avg", hidden=n in ONLINE) for n in (*OFFLINE, *ONLINE)),
            Col("remark", width=260),
            Col("rated_by", width=120),
            Col("officer_id", width=120),
            Col("online", hidden=True),
        ),
        sections=(
            Section(_l("Client rating"), ("case_id", "stars", "rated_on", "rated_by", "officer_id", "online", *OFFLINE, *ONLINE, "remark")),
        ),
        views=(View("bad", _l("Bad reviews"), (Filter("stars", "lte", 2),), "-rated_on"), View("all", _l("All"), (), "-id")),
        load=("case", "officer"),
        sort="-id",
        menu=("hall_quality", 10),
        icon="star",
    ),
    Resource(
        "services.rectification",
        ReviewTask,
        Titles(_l("Bad reviews to put right"), _l("Rectification task")),
        columns=(
            Col("case_id", width=140, important=True, link=True),
            Col("rating.stars", _l("Stars"), 70),
            Col("due_on", width=110, important=True),
            Col("state", width=150, important=True),
            Col("holds", width=100),
            Col("owner_id", width=120),
            Col("opened_on", width=110),
            Col("rectified_on", width=110),
            Col("called_back_on", width=110),
            Col("content", width=90),
        ),
        sections=(
            Section(
                _l("Rectification task"),
                (
                    "case_id",
                    "rating_id",
                    "owner_id",
                    "opened_on",
                    "due_on",
                    "holds",
                    "verified_on",
                    "finding",
                    "rectified_on",
                    "rectified_by_id",
                    "measure",
                    "called_back_on",
                    "content",
                    "answer",
                ),
            ),
        ),
        workflow="modules.services.states_quality:RECTIFICATION",
        views=(
            View("open", _l("Still open"), (Filter("state", "ne", "closed"),), "due_on"),
            View("late", _l("Late"), (Filter("state", "ne", "closed"), Filter("due_on", "lte", "@today-1")), "due_on"),
            View("call_back", _l("To be called back"), (Filter("state", "eq", "rectified"),), "due_on"),
            View("all", _l("All"), (), "-id"),
        ),
        load=("case", "rating", "owner"),
        sort="-id",
        menu=("hall_quality", 20),
        icon="tool",
    ),
    Resource(
        "services.quality_check",
        QualityCheck,
        Titles(_l("Quality checks"), _l("Quality check"), _l("New check")),
        columns=(
            Col("checked_on", width=110, important=True, link=True),
            Col("case_id", width=140, important=True),
            Col("score", width=90, important=True, total="avg"),
            Col("materials_right", width=120),
            Col("told_once", width=120),
            Col("limits_kept", width=100),
            Col("file_complete", width=100),
            Col("checker_id", width=120),
            Col("findings", width=240),
        ),
        sections=(
            Section(
                _l("Quality check"),
                ("case_id", "checked_on", "score", "materials_right", "told_once", "limits_kept", "file_complete", "findings"),
            ),
        ),
        create=f"{R}:create_check",
        change=f"{R}:change_check",
        load=("case", "checker"),
        sort="-id",
        parent=("case_id", "services.case"),
        menu=("hall_quality", 40),
        icon="clipboard-check",
    ),
    Resource(
        "services.demand",
        ServiceDemand,
        Titles(_l("Demands and complaints"), _l("Demand"), _l("New demand")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("title", width=260, important=True),
            Col("kind", width=100),
            Col("state", width=140, important=True),
            Col("level", width=120),
            Col("due_on", width=110),
            Col("owner_id", width=120),
            Col("firm_id", width=200),
            Col("received_on", width=110),
            Col("reopened", width=100),
            Col("content", width=90),
            Col("case_id", hidden=True),
            Col("first_officer_id", hidden=True),
            Col("closed_on", hidden=True),
            Col("channel", hidden=True),
        ),
        sections=(
            Section(_l("Demand"), ("kind", "title", "text", "firm_id", "applicant", "phone", "channel", "case_id")),
            Section(
                _l("Reply"),
                (
                    "received_on",
                    "due_on",
                    "first_officer_id",
                    "owner_id",
                    "level",
                    "escalated_on",
                    "answer",
                    "answered_on",
                    "answered_by_id",
                    "reopened",
                    "content",
                    "words",
                    "closed_on",
                ),
            ),
        ),
        create=f"{D}:create_demand",
        change=f"{D}:change_demand",
        workflow="modules.services.states_quality:DEMAND",
        editable_in=("open", "assigned"),
        views=(
            View("open", _l("Still open"), (Filter("state", "ne", "closed"),), "due_on"),
            View("late", _l("Late"), (Filter("state", "in", ["open", "assigned"]), Filter("due_on", "lte", "@today-1")), "due_on"),
            View("unowned", _l("Without an owner"), (Filter("state", "eq", "open"),), "due_on"),
            View("mine", _l("Mine"), (Filter("state", "in", ["assigned"]), Filter("owner_id", "eq", "@me")), "due_on"),
            View("all", _l("All"), (), "-id"),
        ),
        load=("firm", "case", "first_officer", "owner"),
        search=("number", "title"),
        sort="-id",
        menu=("hall_quality", 30),
        icon="message-report",
        parent=("firm_id", "tenants.firm"),
        code_field="number",
    ),
]

CLERK, MANAGER, LEADERSHIP = "operations_clerk", "operations_manager", "leadership"
for _tile in (
    Tile("services.demands", _l("Demands to answer"), "services.demand", "mine", (CLERK, MANAGER), ("title", "due_on"), 74),
    Tile("services.demands_late", _l("Demands late"), "services.demand", "late", (MANAGER, LEADERSHIP), ("title", "level"), 75, "red"),
    Tile(
        "services.reviews",
        _l("Bad reviews to put right"),
        "services.rectification",
        "open",
        (MANAGER, LEADERSHIP),
        ("case_id", "due_on"),
        76,
        "amber",
    ),
    Tile(
        "services.call_backs",
        _l("Clients to call back"),
        "services.rectification",
        "call_back",
        (CLERK,),
        ("case_id", "due_on"),
        76,
        "amber",
    ),
):
    slots.tile(_tile)
