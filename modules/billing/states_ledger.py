"""Lifecycle of a manual entry: prepared by one person, posted by another. A posted one is taken back by a second manual entry."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

S = "modules.billing.services.ledger_manual"
REASON = Input("reason", "longtext", _l("Reason"), required=True)

MANUAL = Workflow(
    "billing.manual_entry", column="state", start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("waiting", _l("Waiting for a second person"), "violet"),
        State("posted", _l("Posted"), "green", final=True),
        State("dropped", _l("Dropped"), "grey", final=True),
    ),
    steps=(
        Step("submit", ("draft",), "waiting", _l("Submit for approval"), service=f"{S}:submit_manual", word="change", primary=True,
             guard=f"{S}:why_not_submit"),
        Step("post", ("waiting",), "posted", _l("Approve and post"), service=f"{S}:approve_manual", primary=True,
             guard=f"{S}:why_not_approve"),
        Step("return", ("waiting",), "draft", _l("Return"), service=f"{S}:return_manual", form=(REASON,), needs_reason=True,
             guard=f"{S}:why_not_approve"),
        Step("drop", ("draft",), "dropped", _l("Drop"), word="change", danger=True, needs_reason=True, form=(REASON,)),
    ),
)
