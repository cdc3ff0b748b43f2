"""Lives of group blocks and hotel reservations."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
R = "modules.amenities.services.hotel"

BLOCK = Workflow(
    "amenities.block", column="state", start="held",
    states=(
        State("held", _l("Held"), "blue"), State("released", _l("Released"), "grey", final=True),
        State("cancelled", _l("Cancelled"), "red", final=True)),
    steps=(
        Step("release", ("held",), "released", _l("Release what is left"), word="change"),
        Step("cancel", ("held",), "cancelled", _l("Cancel the block"), f"{R}:cancel_block", needs_reason=True, danger=True),
    ),
)
RESERVATION = Workflow(
    "amenities.reservation", column="state", start="booked",
    states=(
        State("booked", _l("Reserved"), "violet"),
        State("in_house", _l("In the house"), "blue"),
        State("left", _l("Checked out"), "green", final=True),
        State("missed", _l("Did not come"), "red", final=True),
        State("cancelled", _l("Cancelled"), "grey", final=True),
    ),
    steps=(
        Step("check_in", ("booked",), "in_house", _l("Check in"), f"{R}:check_in",
             (Input("room_id", "ref", _l("Room"), ref="amenities.room", help=_l("Empty: any clean room of the type")), ON),
             word="change", primary=True),
        Step("check_out", ("in_house",), "left", _l("Check out"), f"{R}:check_out", (ON,), word="change", guard=f"{R}:why_not_check_out",
             primary=True),
        Step("miss", ("booked",), "missed", _l("Did not come"), word="change", danger=True),
        Step("cancel", ("booked",), "cancelled", _l("Cancel the reservation"), word="change", needs_reason=True, danger=True),
    ),
)
