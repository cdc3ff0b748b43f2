"""Lives of notices and surveys."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.workflow import State, Step, Workflow

N = "modules.amenities.services.notices"
V = "modules.amenities.services.surveys"

NOTICE = Workflow(
    "amenities.notice",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("scheduled", _l("Scheduled"), "violet"),
        State("published", _l("Published"), "green"),
        State("expired", _l("Expired"), "grey", final=True),
        State("withdrawn", _l("Withdrawn"), "red", final=True),
    ),
    steps=(
        Step(
            "schedule",
            ("draft",),
            "scheduled",
            _l("Send at the set time"),
            f"{N}:schedule_notice",
            guard=f"{N}:why_not_schedule",
            primary=True,
        ),
        Step("send", ("draft", "scheduled"), "published", _l("Send now"), f"{N}:send_notice", guard=f"{N}:why_not_send"),
        Step("unschedule", ("scheduled",), "draft", _l("Return to draft"), word="change"),
        Step("expire", ("published",), "expired", _l("Let expire")),
        Step("withdraw", ("scheduled", "published"), "withdrawn", _l("Withdraw"), needs_reason=True, danger=True),
    ),
)
SURVEY = Workflow(
    "amenities.survey",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Draft"), "grey"),
        State("open", _l("Open for answers"), "blue"),
        State("closed", _l("Closed"), "green", final=True),
    ),
    steps=(
        Step("open", ("draft",), "open", _l("Open the survey"), f"{V}:open_survey", guard=f"{V}:why_not_open", primary=True),
        Step("close", ("open",), "closed", _l("Close the survey"), word="act"),
    ),
)
