"""The lives of an operator contract and of the settlement of one of its periods. Whoever submits never approves."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

from .states_cost import ON

REASON = Input("reason", "longtext", _l("Reason"), required=True)
C = "modules.platforms.services.contracts"
S = "modules.platforms.services.operator_settlements"
P = "modules.platforms.services.operator_payments"
BANK = Input("bank_account_id", "ref", _l("Paid from"), ref="billing.bank_account", required=True)
REFERENCE = Input("reference", "text", _l("Payment reference"), required=True, max_length=120)

CONTRACT = Workflow(
    "platforms.operator_contract",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Waiting for approval"), "violet"),
        State("running", _l("In force"), "green"),
        State("ended", _l("Ended"), "grey", final=True),
        State("cancelled", _l("Cancelled"), "red", final=True),
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
        Step("end", ("running",), "ended", _l("End the contract"), f"{C}:end_contract", (ON, REASON), danger=True, needs_reason=True),
        Step(
            "cancel",
            ("draft",),
            "cancelled",
            _l("Cancel the contract"),
            f"{C}:cancel_contract",
            (REASON,),
            word="change",
            danger=True,
            needs_reason=True,
        ),
    ),
)
SETTLEMENT = Workflow(
    "platforms.operator_settlement",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Waiting for approval"), "violet"),
        State("approved", _l("Approved for payment"), "amber"),
        State("posted", _l("In the ledger"), "blue"),
        State("paid", _l("Paid to the operator"), "green"),
        State("reversed", _l("Reversed"), "red", final=True),
        State("cancelled", _l("Cancelled"), "red", final=True),
    ),
    steps=(
        Step(
            "submit",
            ("draft",),
            "submitted",
            _l("Submit for approval"),
            f"{S}:submit_settlement",
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
            f"{S}:approve_settlement",
            (ON,),
            guard=f"{S}:why_not_approve",
            primary=True,
        ),
        Step("return", ("submitted",), "draft", _l("Return to draft"), f"{S}:return_settlement", (REASON,), needs_reason=True),
        Step("post", ("approved",), "posted", _l("Post to the ledger"), f"{P}:post_settlement", (ON,), guard=f"{P}:why_not_post",
             primary=True),
        Step("pay", ("posted",), "paid", _l("Record the payment"), f"{P}:pay_settlement", (ON, BANK, REFERENCE), guard=f"{P}:why_not_pay",
             primary=True),
        Step("reverse", ("posted", "paid"), "reversed", _l("Reverse"), f"{P}:reverse_settlement", (ON, REASON),
             guard=f"{P}:why_not_reverse", danger=True, needs_reason=True),
        Step(
            "cancel",
            ("draft",),
            "cancelled",
            _l("Cancel the settlement"),
            f"{S}:cancel_settlement",
            (REASON,),
            word="change",
            danger=True,
            needs_reason=True,
        ),
    ),
)
