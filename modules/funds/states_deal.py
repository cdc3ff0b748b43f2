"""From the pipeline to the exit: deals, committee meetings, term sheets, investments, duties."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

from .states import ON, REASON, Following

D = "modules.funds.services.deals"
C = "modules.funds.services.committee"
T = "modules.funds.services.terms"
I = "modules.funds.services.investments"
U = "modules.funds.services.duties"
AHEAD = ("lead", "diligence", "committee", "term_sheet", "closing")

DEAL = Following(
    "funds.deal",
    column="state",
    start="lead",
    states=(
        State("lead", _l("In the pipeline"), "grey"),
        State("diligence", _l("Due diligence"), "blue"),
        State("committee", _l("Before the committee"), "violet"),
        State("term_sheet", _l("Term sheet"), "blue"),
        State("closing", _l("In closing"), "amber"),
        State("invested", _l("Invested"), "green", final=True),
        State("declined", _l("Declined by the fund"), "red", final=True),
        State("withdrawn", _l("Withdrawn by the firm"), "grey", final=True),
    ),
    steps=(
        Step("examine", ("lead",), "diligence", _l("Begin due diligence"), f"{D}:examine", (ON,), word="change", primary=True),
        Step(
            "propose",
            ("diligence",),
            "committee",
            _l("Bring before the committee"),
            f"{C}:call_meeting",
            (
                Input("held_on", "date", _l("Day of the meeting"), required=True),
                Input("proposal", "longtext", _l("Proposal"), required=True),
            ),
            word="change",
            guard=f"{D}:why_not_propose",
            primary=True,
        ),
        Step(
            "accept",
            ("committee",),
            "term_sheet",
            _l("Approved by the committee"),
            f"{C}:by_committee_only",
            word="read",
            guard=f"{C}:why_not_accept",
        ),
        Step(
            "reject",
            ("committee",),
            "declined",
            _l("Rejected by the committee"),
            f"{C}:by_committee_only",
            word="read",
            guard=f"{C}:why_not_reject",
        ),
        Step(
            "lapse",
            ("committee",),
            "diligence",
            _l("The committee had no quorum"),
            f"{C}:by_committee_only",
            word="read",
            guard=f"{C}:why_not_lapse",
        ),
        Step("sign", ("term_sheet",), "closing", _l("Terms signed"), f"{T}:sign_deal", (ON,), guard=f"{T}:why_not_sign", primary=True),
        Step("close", ("closing",), "invested", _l("Close and invest"), f"{I}:close_deal", (ON,), guard=f"{I}:why_not_close", primary=True),
        Step("decline", AHEAD, "declined", _l("Decline"), f"{D}:decline", (ON, REASON), danger=True, needs_reason=True),
        Step(
            "withdraw",
            AHEAD,
            "withdrawn",
            _l("The firm withdraws"),
            f"{D}:withdraw",
            (ON, REASON),
            word="change",
            danger=True,
            needs_reason=True,
        ),
    ),
)
MEETING = Following(
    "funds.meeting",
    column="state",
    start="open",
    states=(
        State("open", _l("Voting"), "violet"),
        State("approved", _l("Approved"), "green", final=True),
        State("rejected", _l("Rejected"), "red", final=True),
        State("no_quorum", _l("No quorum"), "amber", final=True),
    ),
    steps=(
        Step("approve", ("open",), "approved", _l("Decide: approved"), f"{C}:by_votes_only", word="read", guard=f"{C}:only_by_votes"),
        Step("reject", ("open",), "rejected", _l("Decide: rejected"), f"{C}:by_votes_only", word="read", guard=f"{C}:only_by_votes"),
        Step("lapse", ("open",), "no_quorum", _l("Decide: no quorum"), f"{C}:by_votes_only", word="read", guard=f"{C}:only_by_votes"),
    ),
)
TERM_SHEET = Workflow(
    "funds.term_sheet",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("sent", _l("With the firm"), "violet"),
        State("signed", _l("Signed"), "green", final=True),
        State("dropped", _l("Dropped"), "red", final=True),
    ),
    steps=(
        Step("send", ("draft",), "sent", _l("Send to the firm"), word="change", primary=True),
        Step("sign", ("sent",), "signed", _l("Signed by both"), f"{T}:sign_terms", (ON,), primary=True),
        Step("drop", ("draft", "sent"), "dropped", _l("Drop"), word="change", danger=True, needs_reason=True),
    ),
)
INVESTMENT = Following(
    "funds.investment",
    column="state",
    start="open",
    states=(
        State("open", _l("Waiting for payment"), "amber"),
        State("held", _l("In the portfolio"), "blue"),
        State("partly_sold", _l("Partly sold"), "violet"),
        State("exited", _l("Exited"), "green", final=True),
        State("written_off", _l("Written off"), "red", final=True),
    ),
    steps=(
        Step("reopen", ("held",), "open", _l("Payment reversed"), f"{I}:by_flows_only", word="read", guard=f"{I}:only_by_flows"),
        Step("hold", ("open",), "held", _l("Paid"), f"{I}:by_flows_only", word="read", guard=f"{I}:only_by_flows"),
        Step("sell_part", ("held",), "partly_sold", _l("Sold in part"), f"{I}:by_flows_only", word="read", guard=f"{I}:only_by_flows"),
        Step("exit", ("held", "partly_sold"), "exited", _l("Sold whole"), f"{I}:by_flows_only", word="read", guard=f"{I}:only_by_flows"),
        Step(
            "write_off",
            ("held", "partly_sold"),
            "written_off",
            _l("Lost entirely"),
            f"{I}:by_flows_only",
            word="read",
            guard=f"{I}:only_by_flows",
        ),
    ),
)
DUTY = Workflow(
    "funds.duty",
    column="state",
    start="open",
    states=(
        State("open", _l("To be done"), "amber"),
        State("done", _l("Done"), "green", final=True),
        State("waived", _l("Waived"), "grey", final=True),
    ),
    steps=(
        Step(
            "fulfil", ("open",), "done", _l("Done"), f"{U}:fulfil", (ON, Input("note", "longtext", _l("Note"))), word="change", primary=True
        ),
        Step("waive", ("open",), "waived", _l("Waive"), f"{U}:waive", (ON, REASON), danger=True, needs_reason=True),
    ),
)
