"""Lives of housing applications, housing contracts and meal cards."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
A = "modules.amenities.services.housing_queue"
C = "modules.amenities.services.housing_contracts"
S = "modules.amenities.services.housing_settle"
K = "modules.amenities.services.meal_cards"

HOUSING_APPLICATION = Workflow(
    "amenities.housing_application",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("queued", _l("In the queue"), "blue"),
        State("allotted", _l("Allotted"), "violet"),
        State("housed", _l("Housed"), "green", final=True),
        State("refused", _l("Refused"), "red", final=True),
        State("withdrawn", _l("Withdrawn"), "grey", final=True),
    ),
    steps=(
        Step("queue", ("draft",), "queued", _l("Check and put in the queue"), f"{A}:queue_application", (ON,), word="change", primary=True),
        Step(
            "allot",
            ("queued",),
            "allotted",
            _l("Allot"),
            f"{A}:allot_application",
            (
                Input("bed_id", "ref", _l("Bed"), ref="amenities.bed", required=True),
                Input("starts_on", "date", _l("From"), required=True),
                Input("payer_id", "ref", _l("Pays the bills"), ref="tenants.firm", help=_l("Empty: the employer")),
                Input(
                    "reason",
                    "text",
                    _l("Why out of order"),
                    help=_l("Only when somebody before this applicant is passed over"),
                    max_length=200,
                ),
                ON,
            ),
            guard=f"{A}:why_not_allot",
            primary=True,
        ),
        Step("requeue", ("allotted",), "queued", _l("Back to the queue"), f"{A}:requeue_application", (REASON,), needs_reason=True),
        Step("housed", ("allotted",), "housed", _l("Contract signed"), f"{A}:housed_application", guard=f"{A}:why_not_housed"),
        Step("refuse", ("draft", "queued"), "refused", _l("Refuse"), needs_reason=True, danger=True),
        Step("withdraw", ("draft", "queued"), "withdrawn", _l("Withdraw"), word="change", needs_reason=True),
    ),
)
HOUSING_CONTRACT = Workflow(
    "amenities.housing_contract",
    column="state",
    start="allotted",
    states=(
        State("allotted", _l("Allotted"), "violet"),
        State("signed", _l("Signed"), "amber"),
        State("living", _l("Living there"), "blue"),
        State("leaving", _l("To be settled"), "amber"),
        State("ended", _l("Ended"), "green", final=True),
        State("lapsed", _l("Lapsed"), "grey", final=True),
    ),
    steps=(
        Step("sign", ("allotted",), "signed", _l("Sign"), f"{C}:sign_contract", (ON,), primary=True),
        Step(
            "move_in",
            ("signed",),
            "living",
            _l("Move in"),
            f"{C}:move_in",
            (
                ON,
                Input("condition", "longtext", _l("State at hand-over"), required=True),
                Input("keys", "int", _l("Keys handed over"), default=1),
            ),
            guard=f"{C}:why_not_move_in",
            primary=True,
        ),
        Step(
            "move_out",
            ("living",),
            "leaving",
            _l("Move out and inspect"),
            f"{C}:move_out",
            (
                ON,
                Input("condition", "longtext", _l("State at hand-back"), required=True),
                Input("keys_back", "int", _l("Keys handed back"), required=True),
            ),
            primary=True,
        ),
        Step(
            "settle",
            ("leaving",),
            "ended",
            _l("Settle with the deposit"),
            f"{S}:settle_contract",
            (ON,),
            guard=f"{S}:why_not_settle",
            primary=True,
        ),
        Step("lapse", ("allotted", "signed"), "lapsed", _l("Let lapse"), f"{C}:lapse_contract", (REASON,), danger=True, needs_reason=True),
    ),
)
MEAL_CARD = Workflow(
    "amenities.meal_card",
    column="state",
    start="active",
    states=(
        State("active", _l("In use"), "green"),
        State("blocked", _l("Blocked"), "red"),
        State("closed", _l("Card closed"), "grey", final=True),
    ),
    steps=(
        Step("block", ("active",), "blocked", _l("Block"), word="change", needs_reason=True, danger=True),
        Step("unblock", ("blocked",), "active", _l("Unblock"), word="change", needs_reason=True),
        Step(
            "close",
            ("active", "blocked"),
            "closed",
            _l("Close the card"),
            f"{K}:close_card",
            (ON,),
            guard=f"{K}:why_not_close",
            danger=True,
        ),
    ),
)
