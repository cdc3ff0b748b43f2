"""A child's way from the waiting list to a place and out of it."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

from .states import ON

C = "modules.amenities.services.care"

PLACE = Workflow(
    "amenities.place",
    column="state",
    start="waiting",
    states=(
        State("waiting", _l("On the waiting list"), "grey"),
        State("offered", _l("Place offered"), "violet"),
        State("enrolled", _l("Enrolled"), "green"),
        State("left", _l("Left the class"), "grey", final=True),
        State("withdrawn", _l("Withdrawn"), "grey", final=True),
    ),
    steps=(
        Step(
            "offer",
            ("waiting",),
            "offered",
            _l("Offer the place"),
            f"{C}:offer_place",
            (
                ON,
                Input(
                    "reason", "text", _l("Why out of order"), help=_l("Only when somebody before this child is passed over"), max_length=200
                ),
            ),
            guard=f"{C}:why_not_offer",
            primary=True,
        ),
        Step(
            "enrol",
            ("offered",),
            "enrolled",
            _l("Enrol"),
            f"{C}:enrol_child",
            (Input("starts_on", "date", _l("From"), required=True),),
            word="change",
            primary=True,
        ),
        Step("decline", ("offered",), "waiting", _l("Back to the list"), word="change", needs_reason=True),
        Step("leave", ("enrolled",), "left", _l("Leaves the class"), f"{C}:leave_class", (ON,), word="change", danger=True),
        Step("withdraw", ("waiting", "offered"), "withdrawn", _l("Withdraw"), word="change", needs_reason=True, danger=True),
    ),
)
