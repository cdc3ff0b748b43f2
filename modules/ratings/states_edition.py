"""The life of an edition that is edited, put into use and replaced: rating schemes and statutory forms alike."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())


def edition(resource: str, activate: str, retire: str) -> Workflow:
    """The workflow of a resource whose editions are put into use and taken out of it by these services."""
    return Workflow(
        resource,
        column="state",
        start="draft",
        states=(
            State("draft", _l("Being edited"), "amber"),
            State("active", _l("In use"), "green"),
            State("retired", _l("Replaced"), "grey", final=True),
        ),
        steps=(
            Step("activate", ("draft",), "active", _l("Put into use"), activate, (ON,), primary=True),
            Step("retire", ("active",), "retired", _l("Take out of use"), retire, (ON,), danger=True),
        ),
    )
