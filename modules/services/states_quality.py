"""Lives of demands, commitments and rectification tasks."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
R = "modules.services.services.ratings"
D = "modules.services.services.demands"

COMMITMENT = Workflow(
    "services.commitment",
    column="state",
    start="open",
    states=(
        State("open", _l("To be supplied"), "amber"),
        State("kept", _l("Supplied in time"), "green", final=True),
        State("overdue", _l("Not supplied"), "red", final=True),
        State("void", _l("Ended with its case"), "grey", final=True),
    ),
    steps=(
        Step(
            "keep",
            ("open",),
            "kept",
            _l("Materials supplied"),
            "modules.services.services.tolerance:keep_commitment",
            form=(ON,),
            word="change",
            primary=True,
        ),
        Step(
            "lapse",
            ("open",),
            "overdue",
            _l("Not supplied"),
            "modules.services.services.tolerance:lapse_commitment",
            form=(ON,),
            word="act",
            guard="modules.services.services.tolerance:why_not_lapse",
            danger=True,
        ),
        Step(
            "void",
            ("open",),
            "void",
            _l("End with the case"),
            "modules.services.services.tolerance:void_commitment",
            form=(ON,),
            word="change",
            guard="modules.services.services.tolerance:why_not_void",
        ),
    ),
)
RECTIFICATION = Workflow(
    "services.rectification",
    column="state",
    start="open",
    states=(
        State("open", _l("To be verified"), "amber"),
        State("verified", _l("Verified, to be put right"), "amber"),
        State("rectified", _l("Put right, call-back next"), "blue"),
        State("closed", _l("Called back and closed"), "green", final=True),
    ),
    steps=(
        Step(
            "verify",
            ("open",),
            "verified",
            _l("Verify"),
            f"{R}:verify_review",
            word="change",
            form=(
                Input("holds", "bool", _l("The complaint holds")),
                Input("finding", "longtext", _l("Verification finding"), required=True),
                ON,
            ),
            primary=True,
        ),
        Step(
            "rectify",
            ("verified",),
            "rectified",
            _l("Put right"),
            f"{R}:rectify_review",
            word="change",
            form=(Input("measure", "longtext", _l("Measure taken"), required=True), ON),
            primary=True,
        ),
        Step(
            "call_back",
            ("rectified",),
            "closed",
            _l("Call back"),
            f"{R}:call_back",
            word="act",
            form=(Input("answer", "longtext", _l("What the client said"), required=True), Input("content", "bool", _l("Content now")), ON),
            primary=True,
            guard=f"{R}:why_not_call_back",
        ),
    ),
)
DEMAND = Workflow(
    "services.demand",
    column="state",
    start="open",
    states=(
        State("open", _l("Registered, no owner"), "amber"),
        State("assigned", _l("With its owner"), "blue"),
        State("answered", _l("Answered, call-back next"), "violet"),
        State("closed", _l("Demand closed"), "green", final=True),
    ),
    steps=(
        Step(
            "assign",
            ("open", "assigned"),
            "assigned",
            _l("Give to"),
            f"{D}:assign_demand",
            word="change",
            form=(Input("owner_id", "ref", _l("Officer"), ref="core.user", required=True), ON),
            primary=True,
        ),
        Step(
            "answer",
            ("assigned",),
            "answered",
            _l("Reply"),
            f"{D}:answer_demand",
            word="change",
            form=(Input("answer", "longtext", _l("Answer to the client"), required=True), ON),
            primary=True,
        ),
        Step(
            "close",
            ("answered",),
            "closed",
            _l("Client agrees"),
            f"{D}:close_demand",
            word="change",
            form=(Input("content", "bool", _l("Content now")), Input("words", "longtext", _l("What the client said"), required=True), ON),
            guard=f"{D}:why_not_close",
            primary=True,
        ),
        Step(
            "reopen",
            ("answered",),
            "assigned",
            _l("Client does not agree"),
            f"{D}:reopen_demand",
            word="change",
            form=(ON,),
            needs_reason=True,
            danger=True,
        ),
    ),
)
