"""Lives of events and registrations."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

E = "modules.amenities.services.events"

EVENT = Workflow(
    "amenities.event",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("published", _l("Published"), "blue"),
        State("held", _l("Took place"), "green", final=True),
        State("cancelled", _l("Cancelled"), "red", final=True),
    ),
    steps=(
        Step("publish", ("draft",), "published", _l("Publish"), f"{E}:publish_event", guard=f"{E}:why_not_publish", primary=True),
        Step("close", ("published",), "held", _l("Close the event"), f"{E}:close_event", word="change", primary=True),
        Step("cancel", ("draft", "published"), "cancelled", _l("Call the event off"), f"{E}:cancel_event", needs_reason=True, danger=True),
    ),
)
REGISTRATION = Workflow(
    "amenities.registration",
    column="state",
    start="registered",
    states=(
        State("registered", _l("Registered"), "blue"),
        State("attended", _l("Came"), "green"),
        State("missed", _l("Did not come"), "red", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
    ),
    steps=(
        Step("check_in", ("registered",), "attended", _l("Check in"), f"{E}:check_in", word="change", primary=True),
        Step("miss", ("registered",), "missed", _l("Did not come"), word="change"),
        Step("undo", ("attended",), "registered", _l("Undo the check-in"), f"{E}:undo_check_in", word="change", danger=True),
        Step("cancel", ("registered",), "cancelled", _l("Cancel the registration"), word="change", danger=True),
    ),
)
RATE = (Input("rating", "int", _l("Rating"), required=True), Input("remark", "text", _l("Remark"), max_length=300))
