"""Lives of projects, of their two-sided agreements, and of milestones."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

J, A = "modules.services.services.projects", "modules.services.services.agreements"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

PROJECT = Workflow(
    "services.project",
    column="state",
    start="planned",
    states=(
        State("planned", _l("Being prepared"), "grey"),
        State("running", _l("Agent at work"), "blue"),
        State("done", _l("All permits obtained"), "green", final=True),
        State("stopped", _l("Project given up"), "red", final=True),
    ),
    steps=(
        Step(
            "start",
            ("planned",),
            "running",
            _l("Agent starts"),
            f"{J}:start_project",
            form=(ON,),
            word="change",
            guard=f"{J}:why_not_start",
            primary=True,
        ),
        Step(
            "finish",
            ("running",),
            "done",
            _l("All permits obtained"),
            f"{J}:finish_project",
            form=(ON,),
            word="change",
            guard=f"{J}:why_not_finish",
            primary=True,
        ),
        Step(
            "stop",
            ("planned", "running"),
            "stopped",
            _l("Give the project up"),
            f"{J}:stop_project",
            form=(ON,),
            needs_reason=True,
            danger=True,
        ),
    ),
)
MILESTONE = Workflow(
    "services.milestone",
    column="state",
    start="planned",
    states=(
        State("planned", _l("Not begun"), "grey"),
        State("running", _l("With the authority"), "blue"),
        State("done", _l("Obtained"), "green", final=True),
        State("refused", _l("Refused by the authority"), "red", final=True),
    ),
    steps=(
        Step("submit", ("planned",), "running", _l("Handed in"), f"{J}:submit_milestone", form=(ON,), word="change", primary=True),
        Step(
            "obtain",
            ("running",),
            "done",
            _l("Obtained"),
            f"{J}:obtain_milestone",
            word="change",
            form=(Input("document_no", "text", _l("Document no."), max_length=80), ON),
            primary=True,
        ),
        Step(
            "refuse",
            ("running",),
            "refused",
            _l("Authority refused"),
            f"{J}:refuse_milestone",
            form=(ON,),
            word="change",
            needs_reason=True,
            danger=True,
        ),
    ),
)
AGREEMENT = Workflow(
    "services.agreement",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("signed", _l("Signed by both sides"), "blue"),
        State("fulfilled", _l("Kept by both sides"), "green", final=True),
        State("broken", _l("Broken"), "red", final=True),
    ),
    steps=(
        Step(
            "sign",
            ("draft",),
            "signed",
            _l("Sign"),
            f"{A}:sign_agreement",
            form=(Input("firm_signer", "text", _l("Signed for the firm by"), required=True, max_length=80), ON),
            guard=f"{A}:why_not_sign",
            primary=True,
        ),
        Step(
            "fulfil",
            ("signed",),
            "fulfilled",
            _l("Kept by both sides"),
            f"{A}:fulfil_agreement",
            form=(ON,),
            guard=f"{A}:why_not_fulfil",
            primary=True,
        ),
        Step(
            "break",
            ("signed",),
            "broken",
            _l("Broken"),
            f"{A}:break_agreement",
            word="act",
            form=(Input("consequence", "longtext", _l("Consequence"), required=True), ON),
            guard=f"{A}:why_not_break",
            needs_reason=True,
            danger=True,
        ),
    ),
)
PLEDGE = Workflow(
    "services.pledge",
    column="state",
    start="open",
    states=(
        State("open", _l("To be kept"), "amber"),
        State("kept", _l("Commitment kept"), "green", final=True),
        State("broken", _l("Commitment broken"), "red", final=True),
    ),
    steps=(
        Step(
            "keep",
            ("open",),
            "kept",
            _l("Commitment kept"),
            f"{A}:keep_pledge",
            word="change",
            form=(Input("proof", "text", _l("Proof that it was kept"), required=True, max_length=300), ON),
            guard=f"{A}:why_not_keep",
            primary=True,
        ),
        Step(
            "break",
            ("open",),
            "broken",
            _l("Commitment broken"),
            f"{A}:break_pledge",
            word="act",
            form=(Input("consequence", "longtext", _l("Consequence"), required=True), ON),
            guard=f"{A}:why_not_break_pledge",
            danger=True,
        ),
    ),
)
