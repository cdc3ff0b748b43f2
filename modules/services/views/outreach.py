"""Screens of trainings, visits with their problems, and activities at the hall."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Related, Resource, Section, Tile, Titles, View

from ..models.outreach import AidProblem, AidVisit, HallActivity, ServiceTraining, TrainingAttendee

S = "modules.services.services"

D = "modules.services.states_desk"

RESOURCES = [
    Resource(
        "services.aid_visit",
        AidVisit,
        Titles(_l("Visits to help firms"), _l("Visit to help a firm"), _l("New visit to help a firm")),
        columns=(
            Col("visited_on", width=110, important=True, link=True),
            Col("firm.name", _l("Firm"), width=260, important=True),
            Col("officers", width=200, important=True),
            Col("summary", width=320),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Visit to help a firm"), ("firm_id", "visited_on", "officers", "met", "summary")),),
        create=f"{S}.aid_visits:create_visit",
        change=f"{S}.aid_visits:change_visit",
        load=("firm",),
        search=("firm.name", "officers"),
        sort="-visited_on",
        tabs=(Related("problems", _l("Problems told"), "services.aid_problem", "visit_id", order=5),),
        parent=("firm_id", "tenants.firm"),
        menu=("desks", 110),
        icon="walk",
    ),
    Resource(
        "services.aid_problem",
        AidProblem,
        Titles(_l("Problems of firms"), _l("Problem of a firm"), _l("New problem of a firm")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("text", width=300, important=True),
            Col("firm.name", _l("Firm"), width=220),
            Col("kind", width=130),
            Col("owner.name", _l("Owner"), width=110),
            Col("promised_on", width=105, important=True),
            Col("state", width=140),
            Col("satisfaction", width=90),
            Col("visit_id", hidden=True),
            Col("firm_id", hidden=True),
            Col("owner_id", hidden=True),
        ),
        sections=(
            Section(_l("Problem of a firm"), ("visit_id", "firm_id", "kind", "text", "raised_on")),
            Section(
                _l("Course"),
                ("number", "owner_id", "promised_on", "measure", "solved_on", "satisfaction", "words", "reopened", "closed_on"),
            ),
        ),
        create=f"{S}.aid_visits:create_problem",
        change=f"{S}.aid_visits:change_problem",
        workflow=f"{D}:PROBLEM",
        editable_in=("raised", "assigned"),
        load=("visit", "firm", "owner"),
        search=("number", "text", "firm.name"),
        parent=("visit_id", "services.aid_visit"),
        menu=("desks", 120),
        icon="alert-circle",
        views=(
            View("open", _l("Not solved yet"), (Filter("state", "in", ["raised", "assigned"]),), "promised_on"),
            View("late", _l("Promise over"), (Filter("state", "eq", "assigned"), Filter("promised_on", "lte", "@today-1")), "promised_on"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.activity",
        HallActivity,
        Titles(_l("Activities at the hall"), _l("Activity at the hall"), _l("New activity at the hall")),
        columns=(
            Col("held_on", width=110, important=True, link=True),
            Col("title", width=320, important=True),
            Col("kind", width=130, important=True),
            Col("mode", width=120),
            Col("participants", width=100),
            Col("firms", width=90),
            Col("host", width=200),
            Col("hall_id", hidden=True),
        ),
        sections=(
            Section(_l("Activity at the hall"), ("title", "kind", "held_on", "mode", "hall_id", "participants", "firms", "host", "note")),
        ),
        create=f"{S}.trainings:create_activity",
        change=f"{S}.trainings:change_activity",
        remove=f"{S}.trainings:remove_activity",
        load=("hall",),
        search=("title", "host"),
        sort="-held_on",
        menu=("desks", 130),
        icon="calendar-star",
    ),
    Resource(
        "services.training",
        ServiceTraining,
        Titles(_l("Trainings of the hall"), _l("Training of the hall"), _l("New training of the hall")),
        columns=(
            Col("title", width=300, important=True, link=True),
            Col("kind", width=140),
            Col("trainer", width=120),
            Col("held_on", width=110, important=True),
            Col("hours", width=80),
            Col("place", width=160),
            Col("state", width=110, important=True),
            Col("places", width=80, hidden=True),
        ),
        sections=(
            Section(_l("Training of the hall"), ("title", "kind", "trainer", "host", "held_on", "hours", "place", "places", "content")),
        ),
        create=f"{S}.trainings:create_training",
        change=f"{S}.trainings:change_training",
        workflow=f"{D}:TRAINING",
        editable_in=("planned",),
        search=("title", "trainer"),
        sort="-held_on",
        tabs=(Related("people", _l("Participants"), "services.training_attendee", "training_id", order=5),),
        actions=(Action("certify", _l("Issue certificates"), f"{S}.trainings:issue_certificates", word="change"),),
        menu=("desks", 100),
        icon="school",
    ),
    Resource(
        "services.training_attendee",
        TrainingAttendee,
        Titles(_l("Participants of trainings"), _l("Participant of a training"), _l("Add a participant")),
        columns=(
            Col("name", width=120, important=True, link=True),
            Col("training.title", _l("Training"), width=260, important=True),
            Col("firm.name", _l("Firm"), width=220),
            Col("attended", width=100, important=True),
            Col("certificate_no", width=140),
            Col("certified_on", width=105),
            Col("training_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Participant of a training"), ("training_id", "name", "firm_id", "user_id")),
            Section(_l("Course"), ("attended", "certificate_no", "certified_on")),
        ),
        create=f"{S}.trainings:add_attendee",
        remove=f"{S}.trainings:remove_attendee",
        load=("training", "firm"),
        sort="id",
        actions=(Action("attended", _l("Was there"), f"{S}.trainings:note_attended", word="change", primary=True),),
        parent=("training_id", "services.training"),
        icon="user-check",
    ),
]

slots.tab("tenants.firm", Related("problems", _l("Visits and problems"), "services.aid_problem", "firm_id", order=77))
slots.tile(
    Tile(
        "services.problems",
        _l("Problems of firms, open"),
        "services.aid_problem",
        "open",
        ("operations_clerk", "operations_manager"),
        ("text", "promised_on"),
        79,
    )
)
