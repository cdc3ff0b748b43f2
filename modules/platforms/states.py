"""The life of a billable event."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

EVENTS = "modules.platforms.services.events"
REASON = Input("reason", "longtext", _l("Reason"), required=True)

EVENT = Workflow(
    "platforms.event", column="state", start="open",
    states=(
        State("open", _l("Running"), "blue"),
        State("done", _l("To be validated"), "amber"),
        State("validated", _l("Validated"), "green"),
        State("waived", _l("Waived"), "violet"),
        State("void", _l("Cancelled"), "red", final=True),
    ),
    steps=(
        Step("stop", ("open",), "done", _l("Stop"), f"{EVENTS}:stop_now", word="change", primary=True),
        Step("validate", ("done",), "validated", _l("Validate"), f"{EVENTS}:validate_event", primary=True,
             guard=f"{EVENTS}:why_not_validate"),
        Step("waive", ("done", "validated"), "waived", _l("Waive the charge"), f"{EVENTS}:waive_event", (REASON,), needs_reason=True,
             guard=f"{EVENTS}:why_not_waive"),
        Step("unwaive", ("waived",), "validated", _l("Charge it after all"), f"{EVENTS}:unwaive_event", (REASON,), needs_reason=True,
             guard=f"{EVENTS}:why_not_change"),
        Step("cancel", ("open", "done", "validated"), "void", _l("Cancel the event"), f"{EVENTS}:cancel_event", (REASON,),
             needs_reason=True, danger=True, guard=f"{EVENTS}:why_not_change"),
    ),
)
