"""The life of a dispute over a line of a bill."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

DISPUTES = "modules.billing.services.disputes"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
AMOUNT = Input("agreed", "money", _l("Agreed amount"), help=_l("Empty: the amount asked for"))

DISPUTE = Workflow(
    "billing.dispute", column="state", start="open",
    states=(
        State("open", _l("Disputed"), "amber"),
        State("accepted", _l("Dispute accepted"), "blue"),
        State("rejected", _l("Dispute rejected"), "red", final=True),
        State("applied", _l("Dispute applied"), "green", final=True),
        State("withdrawn", _l("Dispute withdrawn"), "grey", final=True),
    ),
    steps=(
        Step("accept", ("open",), "accepted", _l("Accept the dispute"), f"{DISPUTES}:accept_dispute", (ON, AMOUNT, REASON),
             needs_reason=True, guard=f"{DISPUTES}:why_not_decide", primary=True),
        Step("reject", ("open",), "rejected", _l("Reject the dispute"), f"{DISPUTES}:reject_dispute", (ON, REASON), needs_reason=True,
             guard=f"{DISPUTES}:why_not_decide", danger=True),
        Step("apply", ("accepted",), "applied", _l("Correct the bill"), f"{DISPUTES}:apply_dispute", (ON,), primary=True),
        Step("withdraw", ("open",), "withdrawn", _l("Withdraw the dispute"), f"{DISPUTES}:withdraw_dispute", (REASON,), word="change",
             needs_reason=True),
    ),
)
