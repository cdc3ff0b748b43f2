"""The life of a quote."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

QUOTES = "modules.platforms.services.quotes"
REASON = Input("reason", "longtext", _l("Reason"), required=True)

QUOTE = Workflow(
    "platforms.quote", column="state", start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("submitted", _l("Submitted"), "amber"),
        State("approved", _l("Approved"), "blue"),
        State("accepted", _l("Accepted"), "green", final=True),
        State("declined", _l("Declined"), "red", final=True),
        State("expired", _l("Expired"), "grey", final=True),
    ),
    steps=(
        Step("submit", ("draft",), "submitted", _l("Submit"), f"{QUOTES}:submit_quote", word="change", primary=True,
             guard=f"{QUOTES}:why_not_submit"),
        Step("approve", ("submitted",), "approved", _l("Approve"), f"{QUOTES}:approve_quote", primary=True,
             guard=f"{QUOTES}:why_not_approve"),
        Step("return", ("submitted",), "draft", _l("Return"), f"{QUOTES}:return_quote", (REASON,), needs_reason=True),
        Step("accept", ("approved",), "accepted", _l("Customer accepts"), f"{QUOTES}:accept_quote",
             (Input("on", "date", _l("Date"), required=True),), word="change", primary=True),
        Step("decline", ("approved",), "declined", _l("Customer declines"), word="change", needs_reason=True),
        Step("expire", ("approved", "draft"), "expired", _l("Let expire"), word="change"),
    ),
)
