"""Screens of visits and follow-ups."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.visit import DEMANDS, FollowUp, Visit
from . import _columns as c

S = "modules.tenants.services.visits"
ON = Input("on", "date", _l("Date"), required=True)
ROLES = ("operations_clerk", "operations_manager")

RESOURCES = [
    Resource(
        "tenants.visit",
        Visit,
        Titles(_l("Visits"), _l("Visit"), _l("New visit")),
        columns=(
            Col("subject", width=240, important=True, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("kind", width=120),
            Col("planned_on", width=105),
            Col("held_on", width=105, important=True),
            Col("staff.name", _l("Visitor"), 110),
            Col("findings", width=280),
            Col("firm_id", hidden=True),
            Col("staff_id", hidden=True),
        ),
        sections=(
            Section(_l("Visit"), ("firm_id", "kind", "subject", "staff_id", "planned_on")),
            Section(_l("Outcome"), ("held_on", "findings")),
        ),
        create=f"{S}:create_visit",
        change=f"{S}:change_visit",
        remove=f"{S}:remove_visit",
        load=("firm", "staff"),
        actions=(
            Action(
                "hold",
                _l("Held"),
                f"{S}:hold_visit",
                primary=True,
                guard=f"{S}:why_not_hold",
                inputs=(ON, Input("findings", "longtext", _l("Findings"), required=True)),
            ),
            Action(
                "follow_up",
                _l("Add follow-up"),
                f"{S}:add_follow_up_action",
                inputs=(
                    Input("category", "choice", _l("Demand"), required=True, choices=DEMANDS),
                    Input("title", "text", _l("What to do"), required=True, max_length=200),
                    Input("due_on", "date", _l("Due on"), required=True),
                    Input("on", "date", _l("Raised on"), required=True),
                    Input("staff_id", "ref", _l("Responsible"), ref="tenants.staff"),
                ),
            ),
        ),
        tabs=(Related("follow_ups", _l("Follow-ups"), "tenants.follow_up", "visit_id", order=10),),
        views=(
            View("due", _l("Due"), (Filter("held_on", "empty"), Filter("planned_on", "lte", "@today+7")), "planned_on"),
            View("planned", _l("Planned"), (Filter("held_on", "empty"),), "planned_on"),
            View("held", _l("Held"), (Filter("held_on", "notempty"),), "-held_on"),
        ),
        search=("subject", "firm.name", "findings"),
        sort="-id",
        parent=("firm_id", "tenants.firm"),
        menu=("services", 10),
        icon="walk",
    ),
    Resource(
        "tenants.follow_up",
        FollowUp,
        Titles(_l("Follow-ups"), _l("Follow-up"), _l("New follow-up")),
        columns=(
            Col("title", width=260, important=True, link=True),
            Col("firm.name", _l("Firm"), 240, True),
            Col("category", width=150),
            Col("due_on", width=105, important=True),
            Col("days_left", _l("Days left"), 90, sql=c.days_left("due_on"), fmt="int"),
            Col("staff.name", _l("Responsible"), 110),
            Col("raised_on", width=105),
            Col("done_on", width=105),
            Col("result", width=240),
            Col("firm_id", hidden=True),
            Col("visit_id", hidden=True),
            Col("staff_id", hidden=True),
        ),
        sections=(
            Section(_l("Follow-up"), ("firm_id", "visit_id", "category", "title", "staff_id", "raised_on", "due_on")),
            Section(_l("Outcome"), ("done_on", "result")),
        ),
        create=f"{S}:create_follow_up",
        change=f"{S}:change_follow_up",
        remove=f"{S}:remove_follow_up",
        load=("firm", "visit", "staff"),
        actions=(
            Action(
                "finish",
                _l("Done"),
                f"{S}:finish_follow_up",
                primary=True,
                guard=f"{S}:why_not_finish",
                inputs=(ON, Input("result", "longtext", _l("Result"), required=True)),
            ),
        ),
        views=(
            View("open", _l("Under way"), (Filter("done_on", "empty"),), "due_on"),
            View("due", _l("Due this week"), (Filter("done_on", "empty"), Filter("due_on", "lte", "@today+7")), "due_on"),
            View("overdue", _l("Overdue"), (Filter("done_on", "empty"), Filter("due_on", "lt", "@today")), "due_on"),
            View("done", _l("Done"), (Filter("done_on", "notempty"),), "-done_on"),
        ),
        search=("title", "firm.name", "result"),
        sort="due_on",
        parent=("firm_id", "tenants.firm"),
        menu=("services", 20),
        icon="checklist",
    ),
]

slots.tile(Tile("tenants.visits_due", _l("Visits due"), "tenants.visit", "due", ROLES, ("subject", "firm.name", "planned_on"), 50))
slots.tile(
    Tile("tenants.follow_ups_due", _l("Follow-ups due"), "tenants.follow_up", "due", ROLES, ("title", "firm.name", "due_on"), 51, "amber")
)
