"""The life of a loan case from enquiry to settlement, with its side exits, and whose turn each stage is.

Approving is not a plain step: people vote on the request of approval, the deciding vote moves the case. The park serves the
case; bank, guarantee fund and HR office decide outside, and what they decided is recorded with its day."""

from __future__ import annotations

from parkops import clock
from parkops.db.types import Choices
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

CASES = "modules.loans.services.cases"
DECIDE = "modules.loans.services.decide"
SERVE = "modules.loans.services.servicing"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
NOTE = Input("reason", "longtext", _l("Reason"))

PARTIES = Choices(
    "loans.party",
    ("park", _l("Park"), "blue"),
    ("tenant", _l("Firm or borrower"), "amber"),
    ("hr", _l("HR office"), "violet"),
    ("fund", _l("Guarantee fund"), "violet"),
    ("bank", _l("Lending bank"), "violet"),
    ("finance", _l("Finance office"), "violet"),
)
REJECTIONS = Choices(
    "loans.rejection",
    ("group", _l("Not in an eligible group")),
    ("size", _l("Not a small or micro firm")),
    ("hiring", _l("Hiring ratio not reached")),
    ("cap", _l("Above the cap")),
    ("times", _l("Used too often")),
    ("other_loans", _l("Other loans")),
    ("credit", _l("Credit record")),
    ("arrears", _l("Wages or social insurance in arrears")),
    ("guarantee", _l("No guarantee")),
    ("papers", _l("Documents missing or untrue")),
    ("bank", _l("Declined by the bank")),
    ("other", _l("Another reason")),
)
STAGE_OWNERS = {  # stage -> (whose turn, promised working days); a park may change both
    "enquiry": ("park", 1),
    "precheck": ("park", 2),
    "papers": ("tenant", 10),
    "qualification": ("hr", 5),
    "diligence": ("fund", 7),
    "approval": ("bank", 10),
    "contract": ("bank", 5),
    "disbursing": ("bank", 5),
    "returned": ("tenant", 10),
}
BEFORE = ("enquiry", "precheck", "papers", "returned", "qualification", "diligence", "approval", "contract")
EDITABLE = ("enquiry", "precheck", "papers", "returned")
OWING = ("disbursing", "running", "matured", "overdue", "extended")
EXPOSED = ("contract", *OWING)
LIVE = (*BEFORE, *OWING, "compensated")
REJECT = (ON, Input("code", "choice", _l("Reason code"), required=True, choices=REJECTIONS), REASON)

LOAN = Workflow(
    "loans.case", column="state", start="enquiry",
    states=(
        State("enquiry", _l("Enquiry"), "grey"),
        State("precheck", _l("Pre-check"), "blue"),
        State("papers", _l("Collecting documents"), "amber"),
        State("qualification", _l("With the HR office"), "violet"),
        State("diligence", _l("Guarantee and due diligence"), "violet"),
        State("approval", _l("Loan approval"), "violet"),
        State("contract", _l("Approved, to be signed"), "blue"),
        State("disbursing", _l("Being paid out"), "blue"),
        State("running", _l("On loan"), "green"),
        State("matured", _l("Fallen due"), "amber"),
        State("extended", _l("Loan extended"), "amber"),
        State("overdue", _l("Overdue"), "red"),
        State("compensated", _l("Paid by the guarantee"), "red"),
        State("settled", _l("Loan paid back"), "green", final=True),
        State("returned", _l("Returned for completion"), "amber"),
        State("rejected", _l("Rejected"), "red", final=True),
        State("withdrawn", _l("Withdrawn"), "grey", final=True),
    ),
    steps=(
        Step("precheck", ("enquiry",), "precheck", _l("Start the pre-check"), f"{CASES}:precheck_case", (ON,), word="change", primary=True),
        Step("collect", ("precheck",), "papers", _l("Ask for the documents"), f"{CASES}:collect_papers", (ON,), word="change",
             guard=f"{CASES}:why_not_collect", primary=True),
        Step("submit", ("papers", "returned"), "qualification", _l("Hand in to the HR office"), f"{CASES}:submit_case", (ON,),
             word="change", guard=f"{CASES}:why_not_submit", primary=True),
        Step("qualify", ("qualification",), "diligence", _l("HR office has confirmed"), f"{CASES}:qualify_case",
             (ON, Input("reference", "text", _l("Document number"), max_length=80)), word="change", primary=True),
        Step("guarantee", ("diligence",), "approval", _l("Guarantee agreed"), f"{CASES}:agree_guarantee", (ON,), word="change",
             guard=f"{CASES}:why_not_guarantee", primary=True),
        Step("approve", ("approval",), "contract", _l("Approve"), f"{DECIDE}:approve_case", (NOTE,), guard=f"{DECIDE}:why_not_approve",
             primary=True),
        Step("sign", ("contract",), "disbursing", _l("Loan contract signed"), f"{DECIDE}:sign_case",
             (Input("contract_on", "date", _l("Contract of"), required=True, default=lambda session: clock.today()),
              Input("contract_no", "text", _l("Loan contract no."), required=True, max_length=80)), word="change", primary=True),
        Step("paid_out", ("disbursing",), "running", _l("Paying out is complete"), f"{SERVE}:complete_payout", (ON,),
             guard=f"{SERVE}:why_not_complete", primary=True),
        Step("mature", ("running", "extended"), "matured", _l("Fallen due"), f"{SERVE}:mature_case", (ON,),
             guard=f"{SERVE}:why_not_mature"),
        Step("extend", ("running", "matured", "overdue"), "extended", _l("Extend the loan"), f"{SERVE}:extend_case", (ON,),
             guard=f"{SERVE}:why_not_extend"),
        Step("overdue", ("running", "matured", "extended"), "overdue", _l("Mark as overdue"), f"{SERVE}:mark_overdue", (ON,),
             guard=f"{SERVE}:why_not_overdue", danger=True),
        Step("cure", ("overdue",), "running", _l("Arrears are paid"), f"{SERVE}:cure_case", (ON,), guard=f"{SERVE}:why_not_cure"),
        Step("compensate", ("overdue",), "compensated", _l("The guarantee has paid"), f"{SERVE}:compensate_case", (ON,),
             guard=f"{SERVE}:why_not_compensate"),
        Step("settle", ("disbursing", "running", "matured", "extended", "overdue", "compensated"), "settled", _l("Settle"),
             f"{SERVE}:settle_case", (ON,), guard=f"{SERVE}:why_not_settle", primary=True),
        Step("return", ("qualification", "diligence", "approval", "contract"), "returned", _l("Return for completion"),
             f"{DECIDE}:return_case", (ON, REASON), word="change", needs_reason=True),
        Step("reject", ("enquiry", "precheck", "papers", "returned", "qualification", "diligence", "approval", "contract"), "rejected",
             _l("Reject"), f"{DECIDE}:reject_case", REJECT, danger=True, needs_reason=True),
        Step("withdraw", BEFORE, "withdrawn", _l("Withdraw"), f"{DECIDE}:withdraw_case", (ON, REASON), word="change", danger=True,
             needs_reason=True),
    ),
)
