"""Lifecycles of the leasing module as tables."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

LEASES = "modules.leasing.services.leases"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)

LEASE = Workflow(
    "leasing.lease", column="state", start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Waiting for approval"), "violet"),
        State("approved", _l("Approved, to be signed"), "blue"),
        State("running", _l("Running"), "green"),
        State("holding_over", _l("Holding over"), "amber"),
        State("ended", _l("Ended"), "grey", final=True),
        State("terminated", _l("Terminated early"), "red", final=True),
        State("replaced", _l("Replaced by a later version"), "grey", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
    ),
    steps=(
        Step("submit", ("draft",), "submitted", _l("Submit for approval"), f"{LEASES}:submit_lease", (ON,), word="change", primary=True),
        Step("return", ("submitted", "approved"), "draft", _l("Return to draft"), f"{LEASES}:return_lease", (REASON,), needs_reason=True),
        Step("approve", ("submitted",), "approved", _l("Approve"), f"{LEASES}:approve_lease", (ON,), primary=True),
        Step("sign", ("approved",), "running", _l("Sign"), f"{LEASES}:sign_lease", (ON,), primary=True),
        Step("hold_over", ("running",), "holding_over", _l("Let it hold over"), f"{LEASES}:hold_over", (ON, REASON), needs_reason=True),
        Step("end", ("running", "holding_over"), "ended", _l("Hand back at the end"), f"{LEASES}:end_lease", (ON,)),
        Step("terminate", ("running", "holding_over"), "terminated", _l("Terminate early"), f"{LEASES}:terminate_lease", (ON, REASON),
             danger=True, needs_reason=True),
        Step("replace", ("running", "holding_over"), "replaced", _l("Replace by a later version"), f"{LEASES}:replace_lease", (ON,)),
        Step("cancel", ("draft", "submitted", "approved"), "cancelled", _l("Cancel the lease"), f"{LEASES}:cancel_lease", (REASON,),
             word="change", danger=True, needs_reason=True),
    ),
)
