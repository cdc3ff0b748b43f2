"""The life of a refund: asked for, approved by others, paid. What was refused or withdrawn frees its amount again."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

S = "modules.billing.services.refunds"

REFUND = Workflow(
    "billing.refund",
    column="state",
    start="requested",
    states=(
        State("requested", _l("Waiting for approval"), "violet"),
        State("approved", _l("To be paid back"), "amber"),
        State("paid", _l("Paid back"), "green", final=True),
        State("returned", _l("Not approved"), "red", final=True),
    ),
    steps=(
        Step(
            "approve", ("requested",), "approved", _l("Approve"), service=f"{S}:approve_refund", primary=True, guard=f"{S}:why_not_approve"
        ),
        Step(
            "pay",
            ("approved",),
            "paid",
            _l("Pay back"),
            service=f"{S}:pay_refund",
            primary=True,
            word="add",
            form=(
                Input("on", "date", _l("Paid on"), required=True, default=lambda session: clock.today()),
                Input("bank_account_id", "ref", _l("Paid from"), ref="billing.bank_account", help=_l("Empty: paid in cash")),
            ),
        ),
        Step(
            "return",
            ("requested", "approved"),
            "returned",
            _l("Do not pay"),
            service=f"{S}:return_refund",
            word="change",
            danger=True,
            needs_reason=True,
            form=(Input("reason", "longtext", _l("Reason"), required=True),),
        ),
    ),
)
