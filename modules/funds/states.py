"""Lives of what a second person approves: calls, distributions, expenses, valuations, exits; and of a fund. No role is exempt."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import Button, State, Step, Workflow

ON = Input("on", "date", _l("Date"), required=True)
REASON = Input("reason", "longtext", _l("Reason"), required=True)
S = "modules.funds.services.second"


class Following(Workflow):
    """A life with steps nobody takes by hand (their services, named `…_only`, refuse): they follow votes or flows and have no button."""

    def buttons(self, session: Any, obj: Any) -> list[Button]:
        """The buttons without those steps."""
        return [b for b in super().buttons(session, obj) if not (b.step.service or "").endswith("_only")]


def seconded(resource: str, done: State, *more: Step) -> Workflow:
    """Draft → waiting for approval → `done`; returned to draft; cancelled from draft. `more`: steps after it."""
    return Workflow(
        resource,
        column="state",
        start="draft",
        states=(
            State("draft", _l("Draft"), "grey"),
            State("submitted", _l("Waiting for approval"), "violet"),
            done,
            State("cancelled", _l("Cancelled"), "red", final=True),
        ),
        steps=(
            Step("submit", ("draft",), "submitted", _l("Submit for approval"), f"{S}:submit", (ON,), word="change",
                 guard=f"{S}:why_not_submit", primary=True),
            Step("approve", ("submitted",), done.code, _l("Approve"), f"{S}:approve", (ON,), guard=f"{S}:why_not_approve", primary=True),
            Step("return", ("submitted",), "draft", _l("Return to draft"), f"{S}:give_back", (REASON,), word="read", needs_reason=True),
            Step("cancel", ("draft",), "cancelled", _l("Cancel"), f"{S}:cancel", (REASON,), word="change", danger=True, needs_reason=True),
            *more,
        ),
    )


CALL = seconded("funds.call", State("posted", _l("Called"), "blue"))
DISTRIBUTION = seconded("funds.distribution", State("posted", _l("Declared"), "blue"))
EXPENSE = seconded("funds.expense", State("posted", _l("Paid"), "green", final=True))
VALUATION = seconded("funds.valuation", State("confirmed", _l("Confirmed"), "green", final=True))
EXIT = seconded("funds.exit", State("agreed", _l("Agreed upon"), "green"))

FUND = Workflow(
    "funds.fund",
    column="state",
    start="raising",
    states=(
        State("raising", _l("Raising"), "amber"),
        State("investing", _l("Investing"), "blue"),
        State("harvesting", _l("Harvesting"), "violet"),
        State("liquidated", _l("Liquidated"), "grey", final=True),
    ),
    steps=(
        Step("open", ("raising",), "investing", _l("Begin to invest"), guard="modules.funds.services.setup:why_not_open", primary=True),
        Step("harvest", ("investing",), "harvesting", _l("End the investment period")),
        Step("liquidate", ("harvesting",), "liquidated", _l("Liquidate"), guard="modules.funds.services.setup:why_not_liquidate",
             danger=True, needs_reason=True),
    ),
)
