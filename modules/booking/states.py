"""Lives of bookings and of places in the waiting list."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

S = "modules.booking.services.bookings"
A = "modules.booking.services.attendance"
W = "modules.booking.services.waiting"
REASON = Input("reason", "text", _l("Reason"), required=True, max_length=300)
WHY = Input("reason", "text", _l("Reason"), max_length=300)

BOOKING = Workflow(
    "booking.booking",
    column="state",
    start="requested",
    states=(
        State("requested", _l("Awaiting approval"), "violet"),
        State("confirmed", _l("Booked"), "blue"),
        State("checked_in", _l("Checked in"), "green"),
        State("finished", _l("Finished"), "grey", final=True),
        State("missed", _l("No-show"), "red", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
        State("late_cancelled", _l("Cancelled late"), "amber", final=True),
        State("refused", _l("Refused"), "red", final=True),
    ),
    steps=(
        Step("confirm", ("requested",), "confirmed", _l("Confirm booking"), f"{S}:confirm_booking", primary=True,
             guard=f"{S}:why_not_confirm"),
        Step("refuse", ("requested",), "refused", _l("Refuse booking"), f"{S}:refuse_booking", (REASON,), danger=True, needs_reason=True,
             guard=f"{S}:why_not_confirm"),
        Step("check_in", ("confirmed",), "checked_in", _l("Check in"), f"{A}:check_in_now", word="change", primary=True,
             guard=f"{A}:why_not_check_in"),
        Step("finish", ("checked_in",), "finished", _l("Finish use"), f"{A}:finish_now", word="change", primary=True),
        Step("miss", ("confirmed",), "missed", _l("Did not come"), f"{A}:mark_missed_now", word="change", guard=f"{A}:why_not_missed"),
        Step("cancel", ("requested", "confirmed"), "cancelled", _l("Cancel booking"), f"{S}:cancel_now", (WHY,), word="change",
             guard=f"{S}:why_not_free_cancel"),
        Step("cancel_late", ("confirmed",), "late_cancelled", _l("Cancel late"), f"{S}:cancel_now", (WHY,), word="change", danger=True,
             guard=f"{S}:why_not_late_cancel"),
    ),
)  # fmt: skip

WAITING = Workflow(
    "booking.waiting",
    column="state",
    start="waiting",
    states=(
        State("waiting", _l("Waiting in line"), "violet"),
        State("offered", _l("Slot offered"), "amber"),
        State("booked", _l("Slot taken"), "green", final=True),
        State("expired", _l("Slot not taken"), "grey", final=True),
        State("withdrawn", _l("Left the line"), "grey", final=True),
    ),
    steps=(
        Step("offer", ("waiting",), "offered", _l("Offer the slot"), f"{W}:offer_now", word="change", guard=f"{W}:why_not_offer"),
        Step("take", ("offered",), "booked", _l("Take the slot"), f"{W}:take_now", word="change", primary=True),
        Step("expire", ("waiting", "offered"), "expired", _l("Offer has ended"), f"{W}:expire_now", word="change"),
        Step("withdraw", ("waiting", "offered"), "withdrawn", _l("Leave the line"), f"{W}:withdraw", (WHY,), word="change"),
    ),
)  # fmt: skip
