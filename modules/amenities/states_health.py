"""Lives of health orders and visits."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.workflow import State, Step, Workflow

from .states import ON

H = "modules.amenities.services.health"

HEALTH_ORDER = Workflow(
    "amenities.health_order", column="state", start="draft",
    states=(
        State("draft", _l("Draft"), "grey"), State("confirmed", _l("Confirmed"), "blue"),
        State("done", _l("Completed"), "green", final=True), State("cancelled", _l("Cancelled"), "red", final=True)),
    steps=(
        Step("confirm", ("draft",), "confirmed", _l("Confirm"), word="change", primary=True),
        Step("finish", ("confirmed",), "done", _l("Complete"), f"{H}:finish_order", (ON,), word="change", guard=f"{H}:why_not_finish"),
        Step("cancel", ("draft", "confirmed"), "cancelled", _l("Cancel the order"), f"{H}:cancel_order", needs_reason=True, danger=True),
    ),
)
HEALTH_VISIT = Workflow(
    "amenities.visit", column="state", start="booked",
    states=(
        State("booked", _l("Reserved"), "violet"), State("attended", _l("Came"), "green", final=True),
        State("missed", _l("Did not come"), "red", final=True), State("cancelled", _l("Cancelled"), "grey", final=True)),
    steps=(
        Step("attend", ("booked",), "attended", _l("Came"), f"{H}:attend", (ON,), word="change", primary=True),
        Step("miss", ("booked",), "missed", _l("Did not come"), word="change"),
        Step("cancel", ("booked",), "cancelled", _l("Cancel the visit"), word="change", danger=True),
    ),
)
