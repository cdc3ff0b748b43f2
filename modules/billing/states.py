"""Lifecycles of the billing module as tables. A posted document is never edited: it is reversed by another one."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)

BILL = Workflow(
    "billing.bill", column="state", start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("posted", _l("Posted"), "blue"),
        State("reversed", _l("Reversed"), "red", final=True),
    ),
    steps=(
        Step("post", ("draft",), "posted", _l("Post the bill"), service="modules.billing.services.posting:post_bill", form=(ON,),
             primary=True),
        Step("reverse", ("posted",), "reversed", _l("Reverse with a credit note"), service="modules.billing.services.credits:reverse_bill",
             form=(ON, REASON), danger=True, needs_reason=True),
    ),
)
