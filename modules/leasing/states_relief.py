"""Lifecycles of rent relief as tables: the scheme, and the application from draft to posting and claw-back.

Approving is not a plain step: the people vote on the request of approval; the vote that completes the number moves it."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

SCHEMES = "modules.leasing.services.relief_schemes"
CASES = "modules.leasing.services.relief_cases"
DECIDE = "modules.leasing.services.relief_decide"
POSTING = "modules.leasing.services.relief_posting"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
NOTE = Input("reason", "longtext", _l("Reason"))

RELIEF_SCHEME = Workflow(
    "leasing.relief_scheme", column="state", start="draft",
    states=(State("draft", _l("Being prepared"), "grey"), State("open", _l("Open for applications"), "green"),
            State("closed", _l("Closed"), "grey")),
    steps=(
        Step("open", ("draft", "closed"), "open", _l("Open the scheme"), f"{SCHEMES}:open_scheme", (ON,),
             guard=f"{SCHEMES}:why_not_open", primary=True),
        Step("close", ("open",), "closed", _l("Close the scheme"), f"{SCHEMES}:close_scheme", (ON,)),
    ),
)

EDITABLE = ("draft", "returned")
OPEN_STATES = ("draft", "returned", "submitted", "checked", "approved", "publicity", "cleared")
COMMITTED_STATES = ("approved", "publicity", "cleared", "posted")
DEAD_STATES = ("rejected", "withdrawn", "clawed_back")

RELIEF = Workflow(
    "leasing.relief_application", column="state", start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Submitted"), "violet"),
        State("checked", _l("Checked, waiting for approval"), "violet"),
        State("approved", _l("Approved"), "blue"),
        State("publicity", _l("On public notice"), "amber"),
        State("cleared", _l("Notice over, to be posted"), "blue"),
        State("posted", _l("Relief posted"), "green"),
        State("returned", _l("Returned for completion"), "amber"),
        State("rejected", _l("Rejected"), "red", final=True),
        State("withdrawn", _l("Withdrawn"), "grey", final=True),
        State("clawed_back", _l("Clawed back"), "red", final=True),
    ),
    steps=(
        Step("submit", ("draft", "returned"), "submitted", _l("Submit"), f"{CASES}:submit_application", (ON,), word="change",
             guard=f"{CASES}:why_not_submit", primary=True),
        Step("check", ("submitted",), "checked", _l("Checked: ask for approval"), f"{DECIDE}:check_application", (ON,),
             guard=f"{DECIDE}:why_not_check", primary=True),
        Step("approve", ("checked",), "approved", _l("Approve"), f"{DECIDE}:approve_application", (NOTE,),
             guard=f"{DECIDE}:why_not_approve", primary=True),
        Step("publish", ("approved",), "publicity", _l("Put on public notice"), f"{DECIDE}:publish_application", (ON,), primary=True),
        Step("clear", ("publicity",), "cleared", _l("End the public notice"), f"{DECIDE}:clear_application", (ON,),
             guard=f"{DECIDE}:why_not_clear", primary=True),
        Step("post", ("cleared",), "posted", _l("Post the relief"), f"{POSTING}:post_application", (ON,),
             guard=f"{POSTING}:why_not_post", primary=True),
        Step("return", ("submitted", "checked", "approved", "publicity", "cleared"), "returned", _l("Return for completion"),
             f"{DECIDE}:return_application", (REASON,), needs_reason=True),
        Step("reject", ("submitted", "checked", "approved", "publicity", "cleared"), "rejected", _l("Reject"),
             f"{DECIDE}:reject_application", (ON, REASON), danger=True, needs_reason=True),
        Step("withdraw", ("draft", "returned", "submitted", "checked"), "withdrawn", _l("Withdraw"),
             f"{CASES}:withdraw_application", (ON, REASON), word="change", danger=True, needs_reason=True),
        Step("claw_back", ("posted",), "clawed_back", _l("Claw back"), f"{POSTING}:claw_back", (ON, REASON), danger=True,
             needs_reason=True),
    ),
)
