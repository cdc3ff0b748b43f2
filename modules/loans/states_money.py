"""Lives of what hangs on a loan: a tranche, an extension, a claim on the guarantee, a claim of interest subsidy. Each is confirmed
by another person than the one who recorded it."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

TRANCHES = "modules.loans.services.tranches"
GUARD = "modules.loans.services.guarantee"
SUBSIDY = "modules.loans.services.subsidy"
EXTEND = "modules.loans.services.extensions"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)

TRANCHE = Workflow(
    "loans.tranche", column="state", start="recorded",
    states=(State("recorded", _l("Payout recorded"), "violet"), State("confirmed", _l("Confirmed"), "green", final=True),
            State("refused", _l("Refused"), "red", final=True)),
    steps=(
        Step("confirm", ("recorded",), "confirmed", _l("Confirm the payout"), f"{TRANCHES}:confirm_tranche", (),
             guard=f"{TRANCHES}:why_not_confirm", primary=True),
        Step("refuse", ("recorded",), "refused", _l("Refuse"), f"{TRANCHES}:refuse_tranche", (REASON,), needs_reason=True, danger=True),
    ),
)

EXTENSION = Workflow(
    "loans.extension", column="state", start="asked",
    states=(State("asked", _l("Asked for"), "violet"), State("granted", _l("Extension granted"), "green", final=True),
            State("refused", _l("Refused"), "red", final=True)),
    steps=(
        Step("grant", ("asked",), "granted", _l("Grant the extension"), f"{EXTEND}:grant_extension", (ON,),
             guard=f"{EXTEND}:why_not_grant", primary=True),
        Step("refuse", ("asked",), "refused", _l("Refuse"), f"{EXTEND}:refuse_extension", (REASON,), needs_reason=True, danger=True),
    ),
)

GUARANTEE_CLAIM = Workflow(
    "loans.claim", column="state", start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("filed", _l("Claimed from the guarantee fund"), "violet"),
        State("paid", _l("Paid, to be recovered"), "amber"),
        State("closed", _l("Recovered"), "green", final=True),
        State("refused", _l("Refused"), "red", final=True),
    ),
    steps=(
        Step("file", ("draft",), "filed", _l("File the claim"), f"{GUARD}:file_claim", (ON,), word="change", primary=True),
        Step("pay", ("filed",), "paid", _l("The guarantee has paid"), f"{GUARD}:pay_claim", (ON,),
             guard=f"{GUARD}:why_not_pay", primary=True),
        Step("close", ("paid",), "closed", _l("Everything recovered"), f"{GUARD}:close_claim", (ON,), guard=f"{GUARD}:why_not_close"),
        Step("refuse", ("draft", "filed"), "refused", _l("Refuse"), f"{GUARD}:refuse_claim", (REASON,), needs_reason=True, danger=True),
    ),
)

SUBSIDY_CLAIM = Workflow(
    "loans.subsidy_claim", column="state", start="draft",
    states=(
        State("draft", _l("Being prepared"), "grey"),
        State("approved", _l("Claim checked"), "blue"),
        State("filed", _l("With the finance office"), "violet"),
        State("paid", _l("Paid"), "green", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
    ),
    steps=(
        Step("approve", ("draft",), "approved", _l("Checked and correct"), f"{SUBSIDY}:approve_claim", (ON,),
             guard=f"{SUBSIDY}:why_not_approve", primary=True),
        Step("file", ("approved",), "filed", _l("Hand in to the finance office"), f"{SUBSIDY}:file_claim", (ON,),
             word="change", primary=True),
        Step("pay", ("filed",), "paid", _l("Subsidy received"), f"{SUBSIDY}:pay_claim", (ON,), word="change", primary=True),
        Step("reopen", ("approved", "filed"), "draft", _l("Return for correction"), f"{SUBSIDY}:reopen_claim", (REASON,),
             needs_reason=True),
        Step("cancel", ("draft",), "cancelled", _l("Cancel the claim"), f"{SUBSIDY}:cancel_claim", (REASON,), word="change",
             needs_reason=True, danger=True),
    ),
)
