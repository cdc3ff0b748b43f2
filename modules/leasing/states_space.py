"""Lifecycles of holds and of shared-cost sheets."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

HOLDS = "modules.leasing.services.holds"
SHARES = "modules.leasing.services.shares"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "text", _l("Reason"), required=True, max_length=300)

HOLD = Workflow(
    "leasing.hold",
    column="state",
    start="queued",
    states=(
        State("queued", _l("Waiting in line"), "violet"),
        State("held", _l("On hold"), "amber"),
        State("released", _l("Released"), "grey", final=True),
        State("expired", _l("Expired"), "grey", final=True),
        State("used", _l("Became a lease"), "green", final=True),
    ),
    steps=(
        Step("take", ("queued",), "held", _l("Take its turn"), f"{HOLDS}:take_turn", (ON,), guard=f"{HOLDS}:why_not_turn", word="change"),
        Step(
            "release",
            ("queued", "held"),
            "released",
            _l("Release"),
            f"{HOLDS}:release_hold",
            (ON, REASON),
            word="change",
            needs_reason=True,
        ),
        Step(
            "expire",
            ("queued", "held"),
            "expired",
            _l("Let it expire"),
            f"{HOLDS}:expire_hold",
            (ON,),
            word="change",
        ),
        Step("use", ("held",), "used", _l("Becomes a lease"), f"{HOLDS}:use_hold", (ON,), word="change"),
    ),
)

SHARE_SHEET = Workflow(
    "leasing.share_sheet",
    column="state",
    start="draft",
    states=(
        State("draft", _l("To be checked"), "amber"),
        State("confirmed", _l("Confirmed"), "green"),
        State("discarded", _l("Discarded"), "grey", final=True),
    ),
    steps=(
        Step(
            "confirm",
            ("draft",),
            "confirmed",
            _l("Confirm"),
            f"{SHARES}:confirm_sheet",
            (ON,),
            guard=f"{SHARES}:why_not_confirm",
            primary=True,
        ),
        Step(
            "discard",
            ("draft", "confirmed"),
            "discarded",
            _l("Discard"),
            f"{SHARES}:discard_sheet",
            (REASON,),
            danger=True,
            needs_reason=True,
            word="change",
            guard=f"{SHARES}:why_not_discard",
        ),
    ),
)
