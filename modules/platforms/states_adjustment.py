"""The life of an adjustment a user asks for."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

ADJUST = "modules.platforms.services.adjustments"
ANSWER = Input("reason", "longtext", _l("Answer"), required=True)

ADJUSTMENT = Workflow(
    "platforms.adjustment", column="state", start="open",
    states=(
        State("open", _l("Asked for"), "amber"),
        State("approved", _l("Agreed"), "blue"),
        State("denied", _l("Denied"), "red", final=True),
        State("applied", _l("Carried out"), "green", final=True),
        State("withdrawn", _l("Withdrawn"), "grey", final=True),
    ),
    steps=(
        Step("approve", ("open",), "approved", _l("Agree"), f"{ADJUST}:approve_adjustment", (ANSWER,), needs_reason=True,
             guard=f"{ADJUST}:why_not_decide", primary=True),
        Step("deny", ("open",), "denied", _l("Deny"), f"{ADJUST}:deny_adjustment", (ANSWER,), needs_reason=True,
             guard=f"{ADJUST}:why_not_decide", danger=True),
        Step("apply", ("approved",), "applied", _l("Apply"), f"{ADJUST}:apply_now", primary=True),
        Step("withdraw", ("open",), "withdrawn", _l("Withdraw"), f"{ADJUST}:withdraw_adjustment", (ANSWER,), word="change",
             needs_reason=True),
    ),
)
