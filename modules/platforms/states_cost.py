"""The lives of a cost pool and of a shared cost."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

ON = Input("on", "date", _l("Date"), required=True)

POOL = Workflow(
    "platforms.cost_pool",
    column="state",
    start="open",
    states=(State("open", _l("Open for costs"), "blue"), State("closed", _l("Closed and frozen"), "green", final=True)),
    steps=(
        Step(
            "close",
            ("open",),
            "closed",
            _l("Close the pool"),
            "modules.platforms.services.costs:close_pool",
            (ON,),
            guard="modules.platforms.services.costs:why_not_close",
            primary=True,
        ),
    ),
)
SHARED = Workflow(
    "platforms.shared_cost",
    column="state",
    start="draft",
    states=(State("draft", _l("To be divided"), "grey"), State("posted", _l("In the cost pools"), "green", final=True)),
    steps=(
        Step(
            "post",
            ("draft",),
            "posted",
            _l("Divide into the cost pools"),
            "modules.platforms.services.cost_shares:post_shared",
            (ON,),
            primary=True,
        ),
    ),
)
