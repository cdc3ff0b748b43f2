"""Lives of repairs and of incidents that many tickets belong to."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

R, I = "modules.services.services.repairs", "modules.services.services.incidents"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

REPAIR = Workflow(
    "services.repair",
    column="state",
    start="reported",
    states=(
        State("reported", _l("Repair reported"), "amber"),
        State("assigned", _l("Given to somebody"), "blue"),
        State("done", _l("Repaired, to be confirmed"), "violet"),
        State("confirmed", _l("Confirmed by who reported it"), "green", final=True),
        State("cancelled", _l("Not needed"), "grey", final=True),
    ),
    steps=(
        Step(
            "assign",
            ("reported", "assigned"),
            "assigned",
            _l("Give to"),
            f"{R}:assign_repair",
            word="change",
            form=(
                Input("assignee_id", "ref", _l("Who repairs"), ref="core.user", required=True),
                Input("promised_on", "date", _l("Promised for"), required=True),
                ON,
            ),
            primary=True,
        ),
        Step(
            "finish",
            ("assigned",),
            "done",
            _l("Repaired"),
            f"{R}:finish_repair",
            word="change",
            form=(Input("measure", "longtext", _l("What was done"), required=True), ON),
            primary=True,
        ),
        Step(
            "confirm",
            ("done",),
            "confirmed",
            _l("Confirm and rate"),
            f"{R}:confirm_repair",
            word="change",
            form=(Input("stars", "int", _l("Stars, 1 to 5"), required=True), Input("remark", "text", _l("Remark"), max_length=300), ON),
            primary=True,
        ),
        Step(
            "reopen",
            ("done",),
            "assigned",
            _l("Not repaired"),
            f"{R}:reopen_repair",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
        Step(
            "cancel",
            ("reported", "assigned"),
            "cancelled",
            _l("Not needed"),
            f"{R}:cancel_repair",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
    ),
)
INCIDENT = Workflow(
    "services.incident",
    column="state",
    start="open",
    states=(State("open", _l("Going on"), "red"), State("closed", _l("Over, everybody answered"), "green", final=True)),
    steps=(
        Step(
            "close",
            ("open",),
            "closed",
            _l("Close and answer all tickets"),
            f"{I}:close_incident",
            form=(Input("answer", "longtext", _l("Answer to everybody"), required=True), ON),
            primary=True,
            danger=True,
        ),
    ),
)
