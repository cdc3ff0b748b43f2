"""The life of a letter about arrears, of a promise to pay and of the waiver of a late fee."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

LETTERS = "modules.billing.services.dunning"
FEES = "modules.billing.services.late_fees"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
WAYS = (
    ("hand", _l("Handed over, signed for")),
    ("post", _l("Registered post (EMS)")),
    ("email", _l("E-mail")),
    ("posted_up", _l("Posted on the premises")),
)
WAY = Input("delivery", "choice", _l("Delivered by"), required=True, choices=lambda session: [(k, str(t)) for k, t in WAYS], default="hand")
TO = Input("delivered_to", "text", _l("Signed for by"), max_length=120)
PROOF = Input("proof", "text", _l("Proof of delivery"), max_length=200, help=_l("Number of the registered item, name of the file"))

LETTER = Workflow(
    "billing.dunning_letter",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Letter drafted"), "grey"),
        State("delivered", _l("Letter delivered"), "blue"),
        State("settled", _l("Arrears settled"), "green", final=True),
        State("withdrawn", _l("Letter withdrawn"), "grey", final=True),
    ),
    steps=(
        Step(
            "deliver",
            ("draft",),
            "delivered",
            _l("Record the delivery"),
            f"{LETTERS}:deliver_letter",
            (ON, WAY, TO, PROOF),
            guard=f"{LETTERS}:why_not_deliver",
            primary=True,
        ),
        Step(
            "settle",
            ("delivered",),
            "settled",
            _l("Arrears are settled"),
            f"{LETTERS}:settle_letter",
            (ON,),
            guard=f"{LETTERS}:why_not_settle",
        ),
        Step(
            "withdraw",
            ("draft", "delivered"),
            "withdrawn",
            _l("Withdraw the letter"),
            f"{LETTERS}:withdraw_letter",
            (REASON,),
            needs_reason=True,
            danger=True,
        ),
    ),
)

PROMISE = Workflow(
    "billing.payment_promise",
    column="state",
    start="open",
    states=(
        State("open", _l("Promised"), "blue"),
        State("kept", _l("Promise kept"), "green", final=True),
        State("broken", _l("Promise broken"), "red", final=True),
    ),
    steps=(
        Step("keep", ("open",), "kept", _l("Promise was kept"), f"{LETTERS}_promises:keep_promise", (ON,)),
        Step("break", ("open",), "broken", _l("Promise was broken"), f"{LETTERS}_promises:break_promise", (ON,), danger=True),
    ),
)

WAIVER = Workflow(
    "billing.fee_waiver",
    column="state",
    start="requested",
    states=(
        State("requested", _l("Waiver requested"), "violet"),
        State("approved", _l("Waiver approved"), "blue"),
        State("applied", _l("Waived"), "green", final=True),
        State("returned", _l("Waiver returned"), "red", final=True),
    ),
    steps=(
        Step(
            "approve",
            ("requested",),
            "approved",
            _l("Approve the waiver"),
            f"{FEES}:approve_waiver",
            (),
            guard=f"{FEES}:why_not_approve",
            primary=True,
        ),
        Step(
            "return",
            ("requested", "approved"),
            "returned",
            _l("Return the waiver"),
            f"{FEES}:return_waiver",
            (REASON,),
            needs_reason=True,
            danger=True,
        ),
        Step("apply", ("approved",), "applied", _l("Write the waiver line"), f"{FEES}:apply_waiver", (ON,), primary=True),
    ),
)
