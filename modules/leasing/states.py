"""Lifecycles of the leasing module as tables."""

from __future__ import annotations

from parkops import clock
from parkops.db.types import Choices
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

LEASES = "modules.leasing.services.leases"
EXPIRY, ENDS = "modules.leasing.services.expiry", "modules.leasing.services.terminations"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)

REMEDIES = Choices(  # Civil Code 587, 588: earnest money or penalty, never both
    "leasing.remedy",
    ("agreed", _l("By agreement, nothing due")), ("none", _l("Nothing due")), ("penalty", _l("Agreed penalty")),
    ("forfeit", _l("The firm forfeits its earnest money")), ("double", _l("The park returns the earnest money double")),
)
REMEDY = Input("remedy", "choice", _l("Remedy for ending early"), required=True, choices=REMEDIES, default="agreed",
               help=_l("A penalty or the earnest money, never both (Civil Code 588)."))

LEASE = Workflow(
    "leasing.lease", column="state", start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Waiting for approval"), "violet"),
        State("approved", _l("Approved, to be signed"), "blue"),
        State("running", _l("In performance"), "green"),
        State("holding_over", _l("Holding over"), "amber"),
        State("ended", _l("Ended"), "grey", final=True),
        State("terminated", _l("Terminated early"), "red", final=True),
        State("replaced", _l("Replaced by a later version"), "grey", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
    ),
    steps=(
        Step("submit", ("draft",), "submitted", _l("Submit for approval"), f"{LEASES}:submit_lease", (ON,), word="change", primary=True,
             guard="modules.leasing.services.law:why_not_submit"),
        Step("return", ("submitted", "approved"), "draft", _l("Return to draft"), f"{LEASES}:return_lease", (REASON,), needs_reason=True),
        Step("approve", ("submitted",), "approved", _l("Approve"), f"{LEASES}:approve_lease", (ON,), primary=True,
             guard=f"{LEASES}:why_not_approve"),
        Step("sign", ("approved",), "running", _l("Sign"), f"{LEASES}:sign_lease",
             (ON, Input("document", "file", _l("Signed document"), help=_l("Needed from six months on (Civil Code 707)")),
              Input("note", "longtext", _l("Why there is no signed document"))), primary=True),
        Step("hold_over", ("running",), "holding_over", _l("Let it hold over"), f"{EXPIRY}:hold_over", (ON, REASON), needs_reason=True),
        Step("end", ("running", "holding_over"), "ended", _l("Hand back at the end"), f"{ENDS}:end_lease", (ON,)),
        Step("terminate", ("running", "holding_over"), "terminated", _l("Terminate early"), f"{ENDS}:terminate_lease",
             (ON, Input("notice_on", "date", _l("Notice given on")), REMEDY,
              Input("penalty_amount", "money", _l("Penalty for ending early")), REASON), danger=True, needs_reason=True),
        Step("replace", ("running", "holding_over"), "replaced", _l("Replace by a later version"), f"{LEASES}:replace_lease", (ON,),
             guard=f"{LEASES}:why_not_replace"),
        Step("cancel", ("draft", "submitted", "approved"), "cancelled", _l("Cancel the lease"), f"{LEASES}:cancel_lease", (REASON,),
             word="change", danger=True, needs_reason=True),
    ),
)
