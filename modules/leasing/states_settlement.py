"""The lifecycle of a move-out settlement as a table."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.workflow import State, Step, Workflow

from .states import ON, REASON

SERVICE = "modules.leasing.services.settlements"

SETTLEMENT = Workflow(
    "leasing.settlement",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Waiting for approval"), "violet"),
        State("approved", _l("Approved, to be posted"), "blue"),
        State("posted", _l("Posted"), "green", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
    ),
    steps=(
        Step(
            "submit",
            ("draft",),
            "submitted",
            _l("Submit for approval"),
            f"{SERVICE}:submit_settlement",
            (ON,),
            word="change",
            guard=f"{SERVICE}:why_not_submit",
            primary=True,
        ),
        Step(
            "return",
            ("submitted", "approved"),
            "draft",
            _l("Return to draft"),
            f"{SERVICE}:return_settlement",
            (REASON,),
            needs_reason=True,
        ),
        Step("approve", ("submitted",), "approved", _l("Approve"), f"{SERVICE}:approve_settlement", (ON,), primary=True),
        Step("post", ("approved",), "posted", _l("Post the settlement"), f"{SERVICE}:post_settlement", (ON,), primary=True),
        Step(
            "cancel",
            ("draft", "submitted"),
            "cancelled",
            _l("Cancel the settlement"),
            f"{SERVICE}:cancel_settlement",
            (REASON,),
            word="change",
            danger=True,
            needs_reason=True,
        ),
    ),
)
