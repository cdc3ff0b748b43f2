"""Workflows of the support half: data calls and the firms' answers."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

CALLS = "modules.tenants.services.datacalls"
RESPONSES = "modules.tenants.services.responses"

DATA_CALL = Workflow(
    "tenants.data_call", column="state", start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("open", _l("Under way"), "blue"),
        State("closed", _l("Closed"), "green"),
    ),
    steps=(
        Step("open", ("draft",), "open", _l("Open to firms"), service=f"{CALLS}:open_call", primary=True,
             form=(Input("on", "date", _l("Date"), required=True),), guard=f"{CALLS}:why_not_open"),
        Step("close", ("open",), "closed", _l("Close"), service=f"{CALLS}:close_call",
             form=(Input("on", "date", _l("Date"), required=True),)),
        Step("reopen", ("closed",), "open", _l("Open again"), service=f"{CALLS}:reopen_call", needs_reason=True,
             form=(Input("on", "date", _l("Date"), required=True),
                   Input("reason", "text", _l("Reason"), required=True, max_length=300))),
    ),
)

DATA_CALL_RESPONSE = Workflow(
    "tenants.data_call_response", column="state", start="open",
    states=(
        State("open", _l("Not answered"), "amber"),
        State("draft", _l("Being filled in"), "grey"),
        State("submitted", _l("Submitted"), "violet"),
        State("returned", _l("Returned"), "red"),
        State("accepted", _l("Accepted"), "green"),
        State("excused", _l("Excused"), "grey", final=True),
    ),
    steps=(
        Step("save", ("open", "draft", "returned"), "draft", _l("Fill in"), service=f"{RESPONSES}:start_filling", word="change"),
        Step("submit", ("draft",), "submitted", _l("Submit"), service=f"{RESPONSES}:submit_response", word="change",
             form=(Input("on", "date", _l("Date"), required=True),
                   Input("filled_by", "text", _l("Filled in by"), max_length=80)), primary=True),
        Step("accept", ("submitted",), "accepted", _l("Accept"), service=f"{RESPONSES}:accept_response", primary=True,
             form=(Input("on", "date", _l("Date"), required=True),)),
        Step("return", ("submitted", "accepted"), "returned", _l("Return for correction"), needs_reason=True,
             service=f"{RESPONSES}:return_response",
             form=(Input("on", "date", _l("Date"), required=True),
                   Input("reason", "text", _l("What must be corrected"), required=True, max_length=300))),
        Step("excuse", ("open", "draft", "returned"), "excused", _l("Excuse"), service=f"{RESPONSES}:excuse_response",
             needs_reason=True, danger=True,
             form=(Input("on", "date", _l("Date"), required=True),
                   Input("reason", "text", _l("Reason"), required=True, max_length=300))),
    ),
)
