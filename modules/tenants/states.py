"""Lifecycles of the tenants module as tables. Codes are stored, titles are shown; the services named here do the work."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

STAGES = "modules.tenants.services.stages"
APPLICATIONS = "modules.tenants.services.applications"
LEADS = "modules.tenants.services.leads"
GRADUATION = "modules.tenants.services.graduation"
MOVEOUT = "modules.tenants.services.moveout"

ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
NOTE = Input("reason", "longtext", _l("Reason"))
CARRIER = Input("carrier_id", "ref", _l("Carrier"), required=True, ref="tenants.carrier")

FIRM = Workflow(
    "tenants.firm", column="state", start="prospect",
    states=(
        State("prospect", _l("Register entry"), "grey"),
        State("team", _l("Start-up team"), "violet"),
        State("incubating", _l("In incubation"), "blue"),
        State("graduated", _l("Graduated"), "green"),
        State("accelerating", _l("In acceleration"), "green"),
        State("left", _l("Left without graduating"), "amber"),
        State("dissolved", _l("Dissolved"), "red", final=True),
    ),
    steps=(
        Step("admit_team", ("prospect", "left"), "team", _l("Admit as team"), f"{STAGES}:admit_team", (ON, CARRIER, NOTE),
             guard=f"{STAGES}:why_not_admit_team"),
        Step("admit", ("prospect", "left"), "incubating", _l("Admit to incubation"), f"{STAGES}:admit_firm",
             (ON, CARRIER, NOTE), guard=f"{STAGES}:why_not_admit", primary=True),
        Step("incorporate", ("team",), "incubating", _l("Company registered"), f"{STAGES}:incorporate_team",
             (ON, Input("credit_code", "text", _l("Unified social credit code"), required=True, max_length=18),
              Input("name", "text", _l("Registered name"), required=True, max_length=200),
              Input("registered_on", "date", _l("Registered on"), required=True)), primary=True),
        Step("graduate", ("incubating",), "graduated", _l("Graduate"), f"{STAGES}:graduate_firm", (ON, NOTE),
             guard=f"{STAGES}:why_not_graduate"),
        Step("accelerate", ("graduated",), "accelerating", _l("Move to accelerator"), f"{STAGES}:accelerate_firm",
             (ON, CARRIER, NOTE)),
        Step("leave", ("team", "incubating"), "left", _l("Leave without graduating"), f"{STAGES}:leave_firm", (ON, REASON),
             guard=f"{STAGES}:why_not_leave", danger=True, needs_reason=True),
        Step("dissolve", ("prospect", "team", "incubating", "graduated", "accelerating", "left"), "dissolved",
             _l("Register dissolution"), f"{STAGES}:dissolve_firm", (ON, REASON), danger=True, needs_reason=True),
    ),
)

LEAD = Workflow(
    "tenants.lead", column="state", start="new",
    states=(
        State("new", _l("New lead"), "grey"),
        State("contacted", _l("In contact"), "blue"),
        State("visited", _l("Visited"), "blue"),
        State("negotiating", _l("Negotiating"), "violet"),
        State("won", _l("Applied"), "green", final=True),
        State("lost", _l("Lost"), "red"),
    ),
    steps=(
        Step("contact", ("new",), "contacted", _l("Contacted"), f"{LEADS}:contact_lead", (ON,), word="change", primary=True),
        Step("visit", ("new", "contacted"), "visited", _l("Visited the park"), f"{LEADS}:visit_lead", (ON,), word="change"),
        Step("negotiate", ("contacted", "visited"), "negotiating", _l("Start negotiating"), f"{LEADS}:negotiate_lead", (ON,),
             word="change"),
        Step("apply", ("new", "contacted", "visited", "negotiating"), "won", _l("Make application"),
             f"{LEADS}:apply_lead", (ON,), word="change", guard=f"{LEADS}:why_not_apply"),
        Step("lose", ("new", "contacted", "visited", "negotiating"), "lost", _l("Give up"), f"{LEADS}:lose_lead",
             (ON, REASON), word="change", danger=True, needs_reason=True),
        Step("reopen", ("lost",), "contacted", _l("Take up again"), f"{LEADS}:reopen_lead", (ON,), word="change"),
    ),
)

APPLICATION = Workflow(
    "tenants.application", column="state", start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("submitted", _l("Submitted"), "violet"),
        State("reviewing", _l("Under review"), "blue"),
        State("approved", _l("Approved"), "green"),
        State("returned", _l("Returned for completion"), "amber"),
        State("rejected", _l("Rejected"), "red", final=True),
        State("admitted", _l("Admitted"), "green", final=True),
        State("withdrawn", _l("Withdrawn"), "grey", final=True),
    ),
    steps=(
        Step("submit", ("draft", "returned"), "submitted", _l("Submit"), f"{APPLICATIONS}:submit_application", (ON,),
             word="change", guard=f"{APPLICATIONS}:why_not_submit", primary=True),
        Step("start_review", ("submitted",), "reviewing", _l("Start review"), f"{APPLICATIONS}:start_review",
             (ON, Input("reviewers", "refs", _l("Reviewers"), required=True, ref="core.user")), primary=True),
        Step("return", ("submitted", "reviewing"), "returned", _l("Return"), f"{APPLICATIONS}:return_application",
             (ON, REASON), needs_reason=True),
        Step("approve", ("reviewing",), "approved", _l("Approve"), f"{APPLICATIONS}:approve_application", (ON, NOTE),
             guard=f"{APPLICATIONS}:why_not_decide", primary=True),
        Step("reject", ("reviewing",), "rejected", _l("Reject"), f"{APPLICATIONS}:reject_application", (ON, REASON),
             guard=f"{APPLICATIONS}:why_not_decide", danger=True, needs_reason=True),
        Step("admit", ("approved",), "admitted", _l("Admit"), f"{APPLICATIONS}:admit_application", (ON,), primary=True),
        Step("withdraw", ("draft", "submitted", "reviewing", "approved", "returned"), "withdrawn", _l("Withdraw"),
             f"{APPLICATIONS}:withdraw_application", (ON, REASON), word="change", danger=True, needs_reason=True),
    ),
)

GRADUATION_CASE = Workflow(
    "tenants.graduation_case", column="state", start="proposed",
    states=(
        State("proposed", _l("Proposed"), "grey"),
        State("evidence", _l("Evidence complete"), "violet"),
        State("approved", _l("Approved"), "blue"),
        State("done", _l("Graduated"), "green", final=True),
        State("rejected", _l("Rejected"), "red", final=True),
    ),
    steps=(
        Step("hand_in", ("proposed",), "evidence", _l("Hand in evidence"), f"{GRADUATION}:hand_in_evidence", (ON,),
             word="change", guard=f"{GRADUATION}:why_not_hand_in", primary=True),
        Step("approve", ("evidence",), "approved", _l("Approve"), f"{GRADUATION}:approve_case", (ON, NOTE),
             guard=f"{GRADUATION}:why_not_approve", primary=True),
        Step("send_back", ("evidence", "approved"), "proposed", _l("Ask for more evidence"), f"{GRADUATION}:send_back_case",
             (ON, REASON), needs_reason=True),
        Step("complete", ("approved",), "done", _l("Graduate"), f"{GRADUATION}:complete_case", (ON,), primary=True),
        Step("reject", ("proposed", "evidence", "approved"), "rejected", _l("Reject"), f"{GRADUATION}:reject_case",
             (ON, REASON), danger=True, needs_reason=True),
    ),
)

MOVEOUT_CASE = Workflow(
    "tenants.moveout", column="state", start="open",
    states=(
        State("open", _l("Under way"), "blue"),
        State("done", _l("Completed"), "green", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
    ),
    steps=(
        Step("complete", ("open",), "done", _l("Complete move-out"), f"{MOVEOUT}:complete_moveout", (ON,),
             guard=f"{MOVEOUT}:why_not_complete", primary=True, danger=True),
        Step("cancel", ("open",), "cancelled", _l("Cancel move-out"), f"{MOVEOUT}:cancel_moveout", (ON, REASON),
             needs_reason=True),
    ),
)
