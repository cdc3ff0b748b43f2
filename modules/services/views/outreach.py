"""Screens of trainings, visits with their problems, and activities at the hall."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Filter, Related, Tile, View

from ..models.outreach import AidProblem, AidVisit, HallActivity, ServiceTraining, TrainingAttendee
from ._make import S, plain

D = "modules.services.states_desk"

RESOURCES = [
    plain(
        AidVisit,
        _l("Visits to help firms"),
        _l("Visit to help a firm"),
        _l("New visit to help a firm"),
        "visited_on!:110 firm.name!:260 officers!:200 summary:320 firm_id-",
        "firm_id visited_on officers met summary",
        "aid_visits:create_visit/change_visit",
        load=("firm",),
        search=("firm.name", "officers"),
        sort="-visited_on",
        tabs=(Related("problems", _l("Problems told"), "services.aid_problem", "visit_id", order=5),),
        parent=("firm_id", "tenants.firm"),
        menu=("desks", 110),
        icon="walk",
    ),
    plain(
        AidProblem,
        _l("Problems of firms"),
        _l("Problem of a firm"),
        _l("New problem of a firm"),
        "number!:130 text!:300 firm.name:220 kind:130 owner.username:110 promised_on!:105 state:140 satisfaction:90 visit_id- firm_id- owner_id-",
        "visit_id firm_id kind text raised_on",
        "aid_visits:create_problem/change_problem",
        more="number owner_id promised_on measure solved_on satisfaction words reopened closed_on",
        labels={"owner.username": _l("Owner")},
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
    plain(
        HallActivity,
        _l("Activities at the hall"),
        _l("Activity at the hall"),
        _l("New activity at the hall"),
        "held_on!:110 title!:320 kind!:130 mode:120 participants:100 firms:90 host:200 hall_id-",
        "title kind held_on mode hall_id participants firms host note",
        "trainings:create_activity/change_activity/remove_activity",
        load=("hall",),
        search=("title", "host"),
        sort="-held_on",
        menu=("desks", 130),
        icon="calendar-star",
    ),
    plain(
        ServiceTraining,
        _l("Trainings of the hall"),
        _l("Training of the hall"),
        _l("New training of the hall"),
        "title!:300 kind:140 trainer:120 held_on!:110 hours:80 place:160 state!:110 places-:80",
        "title kind trainer host held_on hours place places content",
        "trainings:create_training/change_training",
        workflow=f"{D}:TRAINING",
        editable_in=("planned",),
        search=("title", "trainer"),
        sort="-held_on",
        tabs=(Related("people", _l("Participants"), "services.training_attendee", "training_id", order=5),),
        actions=(Action("certify", _l("Issue certificates"), f"{S}.trainings:issue_certificates", word="change"),),
        menu=("desks", 100),
        icon="school",
    ),
    plain(
        TrainingAttendee,
        _l("Participants of trainings"),
        _l("Participant of a training"),
        _l("Add a participant"),
        "name!:120 training.title!:260 firm.name:220 attended!:100 certificate_no:140 certified_on:105 training_id- firm_id-",
        "training_id name firm_id user_id",
        "trainings:add_attendee//remove_attendee",
        more="attended certificate_no certified_on",
        labels={"training.title": _l("Training")},
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
