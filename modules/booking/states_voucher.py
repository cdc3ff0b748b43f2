"""Life of one use of an innovation voucher: applied for, used, claimed from the authority with proofs, redeemed."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

V = "modules.booking.services.vouchers"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "text", _l("Reason"), required=True, max_length=300)

VOUCHER_USE = Workflow(
    "booking.voucher_use",
    column="state",
    start="applied",
    states=(
        State("applied", _l("Use applied for"), "violet"),
        State("used", _l("Voucher used"), "blue"),
        State("claimed", _l("Redemption claimed"), "amber"),
        State("redeemed", _l("Redeemed"), "green", final=True),
        State("rejected", _l("Use rejected"), "red", final=True),
    ),
    steps=(
        Step("approve", ("applied",), "used", _l("Approve the use"), f"{V}:approve_use", (ON,), primary=True, guard=f"{V}:why_not_approve"),
        Step("claim", ("used",), "claimed", _l("Claim redemption"), f"{V}:claim_use", (ON,), primary=True, word="change",
             guard=f"{V}:why_not_claim"),
        Step("redeem", ("claimed",), "redeemed", _l("Record redemption"), f"{V}:redeem_use",
             (ON, Input("amount", "money", _l("Amount received"), required=True)), primary=True),
        Step("reject", ("applied", "used", "claimed"), "rejected", _l("Reject the use"), f"{V}:reject_use", (ON, REASON), danger=True,
             needs_reason=True),
    ),
)  # fmt: skip
