"""Lives of operator contracts of amenities and of their monthly statements. Whoever submits never approves."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

from .states import ON, REASON

C = "modules.amenities.services.operators"
S = "modules.amenities.services.statements"

CONTRACT = Workflow(
    "amenities.operator_contract",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Waiting for approval"), "violet"),
        State("running", _l("In force"), "green"),
        State("ended", _l("Ended"), "grey", final=True),
    ),
    steps=(
        Step(
            "submit",
            ("draft",),
            "submitted",
            _l("Submit for approval"),
            f"{C}:submit_contract",
            (ON,),
            word="change",
            guard=f"{C}:why_not_submit",
            primary=True,
        ),
        Step(
            "approve", ("submitted",), "running", _l("Approve"), f"{C}:approve_contract", (ON,), guard=f"{C}:why_not_approve", primary=True
        ),
        Step("return", ("submitted",), "draft", _l("Return to draft"), f"{C}:return_contract", (REASON,), needs_reason=True),
        Step("end", ("running",), "ended", _l("End the contract"), f"{C}:end_contract", (ON,), needs_reason=True, danger=True),
    ),
)
STATEMENT = Workflow(
    "amenities.operator_statement",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Waiting for approval"), "violet"),
        State("approved", _l("Approved"), "amber"),
        State("posted", _l("In the ledger"), "blue"),
        State("paid", _l("Paid to the operator"), "green", final=True),
        State("cancelled", _l("Cancelled"), "red", final=True),
    ),
    steps=(
        Step(
            "submit",
            ("draft",),
            "submitted",
            _l("Submit for approval"),
            f"{S}:submit_statement",
            (ON,),
            word="change",
            guard=f"{S}:why_not_submit",
            primary=True,
        ),
        Step(
            "approve",
            ("submitted",),
            "approved",
            _l("Approve"),
            f"{S}:approve_statement",
            (ON,),
            guard=f"{S}:why_not_approve",
            primary=True,
        ),
        Step("return", ("submitted",), "draft", _l("Return to draft"), f"{S}:return_statement", (REASON,), needs_reason=True),
        Step(
            "post", ("approved",), "posted", _l("Post to the ledger"), f"{S}:post_statement", (ON,), guard=f"{S}:why_not_post", primary=True
        ),
        Step(
            "pay",
            ("posted",),
            "paid",
            _l("Record the payment"),
            f"{S}:pay_statement",
            (
                ON,
                Input("bank_account_id", "ref", _l("Paid from"), ref="billing.bank_account", required=True),
                Input("reference", "text", _l("Payment reference"), required=True, max_length=120),
            ),
            guard=f"{S}:why_not_pay",
            primary=True,
        ),
        Step("cancel", ("draft",), "cancelled", _l("Cancel the statement"), word="change", needs_reason=True, danger=True),
    ),
)
