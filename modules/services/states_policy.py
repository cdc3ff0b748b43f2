"""Lives of policies, pushes, applications, financing requests and introductions."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

L, Y, G = (f"modules.services.services.{n}" for n in ("policies", "policy_push", "policy_money"))
F = "modules.services.services.financing"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

POLICY_ITEM = Workflow(
    "services.policy_item",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("published", _l("Published"), "green"),
        State("ended", _l("No longer open"), "grey", final=True),
    ),
    steps=(
        Step("publish", ("draft",), "published", _l("Publish"), f"{L}:publish_item", guard=f"{L}:why_not_publish", primary=True),
        Step("revise", ("published",), "draft", _l("Revise"), f"{L}:revise_item", danger=True),
        Step("end", ("published",), "ended", _l("Close for applications"), f"{L}:end_item", form=(ON,), danger=True),
    ),
)
PUSH = Workflow(
    "services.policy_push",
    column="state",
    start="sent",
    states=(
        State("sent", _l("Told"), "blue"),
        State("read", _l("Read by the firm"), "violet"),
        State("interested", _l("Wants to apply"), "green"),
        State("declined", _l("Does not want it"), "grey", final=True),
        State("applied", _l("Applied"), "green", final=True),
    ),
    steps=(
        Step("read", ("sent",), "read", _l("Firm has read it"), f"{Y}:mark_read", word="change"),
        Step("want", ("sent", "read"), "interested", _l("Wants to apply"), f"{Y}:mark_interested", word="change", primary=True),
        Step(
            "decline",
            ("sent", "read", "interested"),
            "declined",
            _l("Does not want it"),
            f"{Y}:decline_push",
            word="change",
            needs_reason=True,
        ),
        Step(
            "apply",
            ("sent", "read", "interested"),
            "applied",
            _l("Open an application"),
            f"{Y}:apply_from_push",
            word="change",
            form=(ON,),
            primary=True,
        ),
    ),
)
APPLICATION = Workflow(
    "services.policy_application",
    column="state",
    start="preparing",
    states=(
        State("preparing", _l("Being prepared"), "grey"),
        State("applied", _l("Handed in"), "blue"),
        State("accepted", _l("Accepted by the office"), "blue"),
        State("approved", _l("Approved"), "green"),
        State("paid", _l("Money paid out"), "green", final=True),
        State("provided", _l("Help provided"), "green", final=True),
        State("refused", _l("Refused"), "red", final=True),
        State("withdrawn", _l("Taken back"), "grey", final=True),
    ),
    steps=(
        Step(
            "hand_in",
            ("preparing",),
            "applied",
            _l("Hand in"),
            f"{G}:hand_in",
            form=(ON,),
            word="change",
            guard=f"{G}:why_not_hand_in",
            primary=True,
        ),
        Step("accept", ("applied",), "accepted", _l("Office accepted it"), f"{G}:note_accepted", form=(ON,), word="change", primary=True),
        Step(
            "approve",
            ("accepted",),
            "approved",
            _l("Office approved it"),
            f"{G}:note_approved",
            word="change",
            form=(
                Input("amount", "money", _l("Amount approved"), help=_l("Empty only for help that is no money")),
                Input("document_no", "text", _l("Document no."), max_length=80),
                ON,
            ),
            primary=True,
        ),
        Step("pay", ("approved",), "paid", _l("All paid out"), f"{G}:note_paid", form=(ON,), word="change", guard=f"{G}:why_not_paid"),
        Step(
            "settle",
            ("approved",),
            "paid",
            _l("Paid in full"),
            f"{G}:by_payment_only",
            word="read",
            guard=f"{G}:only_when_paid",
        ),
        Step(
            "provide",
            ("approved",),
            "provided",
            _l("Firm has what was approved"),
            f"{G}:note_provided",
            form=(ON,),
            word="change",
            guard=f"{G}:why_not_provided",
        ),
        Step(
            "refuse",
            ("applied", "accepted"),
            "refused",
            _l("Office refused it"),
            f"{G}:note_refused",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
        Step(
            "withdraw",
            ("preparing", "applied", "accepted"),
            "withdrawn",
            _l("Firm takes it back"),
            f"{G}:withdraw_application",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
    ),
)
FINANCE_REQUEST = Workflow(
    "services.finance_request",
    column="state",
    start="open",
    states=(
        State("open", _l("Looking for money"), "amber"),
        State("introduced", _l("With a bank"), "blue"),
        State("granted", _l("Money granted"), "green", final=True),
        State("failed", _l("No money found"), "red", final=True),
        State("withdrawn", _l("Taken back"), "grey", final=True),
    ),
    steps=(
        Step(
            "introduce",
            ("open", "introduced"),
            "introduced",
            _l("Introduce to the bank"),
            f"{F}:introduce",
            word="change",
            form=(Input("product_id", "ref", _l("Financing product"), ref="services.finance_product", required=True), ON),
            primary=True,
        ),
        Step(
            "grant",
            ("introduced",),
            "granted",
            _l("Money granted"),
            f"{F}:by_introduction_only",
            word="change",
            guard=f"{F}:only_by_introduction",
        ),
        Step(
            "fail", ("open", "introduced"), "failed", _l("No money found"), f"{F}:fail_request", form=(ON,), needs_reason=True, danger=True
        ),
        Step(
            "withdraw",
            ("open", "introduced"),
            "withdrawn",
            _l("Firm takes it back"),
            f"{F}:withdraw_request",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
    ),
)
INTRODUCTION = Workflow(
    "services.introduction",
    column="state",
    start="open",
    states=(
        State("open", _l("Bank examines"), "blue"),
        State("granted", _l("Money granted"), "green", final=True),
        State("refused", _l("Bank refused"), "red", final=True),
        State("dropped", _l("Not followed up"), "grey", final=True),
    ),
    steps=(
        Step(
            "grant",
            ("open",),
            "granted",
            _l("Bank grants"),
            f"{F}:grant",
            word="change",
            form=(
                Input("amount", "money", _l("Amount granted"), required=True),
                Input("rate", "percent", _l("Rate a year")),
                Input(
                    "loan_case",
                    "text",
                    _l("Number of the loan case"),
                    max_length=40,
                    help=_l("Where the loan is followed in the loans module"),
                ),
                ON,
            ),
            primary=True,
        ),
        Step("refuse", ("open",), "refused", _l("Bank refused"), f"{F}:refuse_bank", form=(ON,),
             word="change", needs_reason=True, danger=True),
        Step("drop", ("open",), "dropped", _l("Not followed up"), f"{F}:drop", form=(ON,), word="change", needs_reason=True),
    ),
)
