"""Lives of staff contests. The source names the modes only (评星定级, 命题点将, 揭榜竞争, 业务比拼擂台赛).

The flows are this product's own design."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

S, G, C, A = (f"modules.services.services.{n}" for n in ("stars", "assignments", "challenges", "arenas"))
P = "modules.services.services.awards"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

NOMINATION = Workflow(
    "services.star_nomination",
    column="state",
    start="nominated",
    states=(
        State("nominated", _l("Before the panel"), "blue"),
        State("scored", _l("Scored"), "violet"),
        State("published", _l("Stars published"), "green", final=True),
        State("withdrawn", _l("Taken back"), "grey", final=True),
    ),
    steps=(
        Step(
            "score",
            ("nominated",),
            "scored",
            _l("Close the scoring"),
            f"{S}:close_scoring",
            form=(ON,),
            guard=f"{S}:why_not_close",
            primary=True,
        ),
        Step("publish", ("scored",), "published", _l("Publish the stars"), f"{S}:publish_stars", form=(ON,), primary=True),
        Step(
            "withdraw",
            ("nominated", "scored"),
            "withdrawn",
            _l("Take the nomination back"),
            f"{S}:withdraw_nomination",
            word="change",
            needs_reason=True,
            danger=True,
        ),
    ),
)
ASSIGNMENT = Workflow(
    "services.assignment",
    column="state",
    start="named",
    states=(
        State("named", _l("Named, not accepted yet"), "amber"),
        State("accepted", _l("Accepted, at work"), "blue"),
        State("delivered", _l("Delivered, to be reviewed"), "violet"),
        State("passed", _l("Passed the review"), "green", final=True),
        State("failed", _l("Did not pass"), "red", final=True),
        State("declined", _l("Declined"), "grey", final=True),
    ),
    steps=(
        Step(
            "accept",
            ("named",),
            "accepted",
            _l("Accept the task"),
            f"{G}:accept_task",
            form=(ON,),
            word="change",
            guard=f"{G}:why_not_owner",
            primary=True,
        ),
        Step(
            "decline",
            ("named",),
            "declined",
            _l("Decline the task"),
            f"{G}:decline_task",
            form=(ON,),
            word="change",
            guard=f"{G}:why_not_owner",
            needs_reason=True,
        ),
        Step(
            "deliver",
            ("accepted",),
            "delivered",
            _l("Deliver"),
            f"{G}:deliver_task",
            word="change",
            form=(Input("delivery", "longtext", _l("What was delivered"), required=True), ON),
            guard=f"{G}:why_not_owner",
            primary=True,
        ),
        Step(
            "return",
            ("delivered",),
            "accepted",
            _l("Return for rework"),
            f"{G}:return_task",
            form=(ON,),
            guard=f"{G}:why_not_review",
            needs_reason=True,
        ),
        Step(
            "pass",
            ("delivered",),
            "passed",
            _l("Passes the review"),
            f"{G}:pass_task",
            form=(ON,),
            guard=f"{G}:why_not_review",
            primary=True,
        ),
        Step(
            "fail",
            ("delivered", "accepted"),
            "failed",
            _l("Does not pass"),
            f"{G}:fail_task",
            form=(ON,),
            guard=f"{G}:why_not_review",
            needs_reason=True,
            danger=True,
        ),
    ),
)
CHALLENGE = Workflow(
    "services.challenge",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("published", _l("Open for bids"), "amber"),
        State("picked", _l("Winner works on it"), "blue"),
        State("accepted", _l("Targets met"), "green", final=True),
        State("rejected", _l("Targets not met"), "red", final=True),
        State("void", _l("Called off"), "grey", final=True),
    ),
    steps=(
        Step("publish", ("draft",), "published", _l("Publish"), f"{C}:publish_challenge", form=(ON,), primary=True),
        Step(
            "pick", ("published",), "picked", _l("Pick the winner"), f"{C}:pick_winner", form=(ON,), guard=f"{C}:why_not_pick", primary=True
        ),
        Step(
            "accept",
            ("picked",),
            "accepted",
            _l("Targets met"),
            f"{C}:accept_result",
            word="act",
            form=(Input("finding", "longtext", _l("Finding on the targets"), required=True), ON),
            guard=f"{C}:why_not_judge",
            primary=True,
        ),
        Step(
            "reject",
            ("picked",),
            "rejected",
            _l("Targets not met"),
            f"{C}:reject_result",
            form=(ON,),
            guard=f"{C}:why_not_judge",
            needs_reason=True,
            danger=True,
        ),
        Step("call_off", ("draft", "published"), "void", _l("Call it off"), f"{C}:call_off", form=(ON,), needs_reason=True, danger=True),
    ),
)
ARENA = Workflow(
    "services.arena",
    column="state",
    start="open",
    states=(
        State("open", _l("Rounds running"), "blue"),
        State("published", _l("Ranking published"), "green", final=True),
        State("void", _l("Called off"), "grey", final=True),
    ),
    steps=(
        Step(
            "publish",
            ("open",),
            "published",
            _l("Publish the ranking"),
            f"{A}:publish_ranking",
            form=(ON,),
            guard=f"{A}:why_not_publish",
            primary=True,
        ),
        Step("call_off", ("open",), "void", _l("Call it off"), f"{A}:call_off", form=(ON,), needs_reason=True, danger=True),
    ),
)
AWARD = Workflow(
    "services.award",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("waiting", _l("Awaiting approval"), "violet"),
        State("approved", _l("Approved for pay"), "green", final=True),
        State("returned", _l("Returned"), "red"),
    ),
    steps=(
        Step("submit", ("draft", "returned"), "waiting", _l("Ask for approval"), f"{P}:submit_award", word="change", primary=True),
        Step("approve", ("waiting",), "approved", _l("Approved for pay"), f"{P}:by_approval_only", guard=f"{P}:only_when_approved"),
        Step("return", ("waiting",), "returned", _l("Returned"), f"{P}:by_approval_only", guard=f"{P}:only_when_returned"),
    ),
)
