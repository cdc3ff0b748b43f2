"""Lives of a form's edition and of a filing: prepared, reviewed by the statistician, signed by the head (frozen), filed."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

FORMS = "modules.ratings.services.forms"
RUNS = "modules.ratings.services.form_signing"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())

FORM = Workflow(
    "ratings.form",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Being edited"), "amber"),
        State("active", _l("In use"), "green"),
        State("retired", _l("Replaced"), "grey", final=True),
    ),
    steps=(
        Step("activate", ("draft",), "active", _l("Put into use"), f"{FORMS}:activate_form", (ON,), primary=True),
        Step("retire", ("active",), "retired", _l("Take out of use"), f"{FORMS}:retire_form", (ON,), danger=True),
    ),
)
FILING = Workflow(
    "ratings.form_run",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Being prepared"), "amber"),
        State("submitted", _l("With the statistician"), "violet"),
        State("reviewed", _l("With the head"), "violet"),
        State("signed", _l("Signed and frozen"), "blue"),
        State("filed", _l("Filed"), "green", final=True),
    ),
    steps=(
        Step(
            "submit",
            ("draft",),
            "submitted",
            _l("Hand to the statistician"),
            f"{RUNS}:submit_run",
            (ON,),
            "change",
            f"{RUNS}:why_not_submit",
            primary=True,
        ),
        Step("review", ("submitted",), "reviewed", _l("Review as statistician"), f"{RUNS}:review_run", (ON,), primary=True),
        Step("sign", ("reviewed",), "signed", _l("Sign as head"), f"{RUNS}:sign_run", (ON,), guard=f"{RUNS}:why_not_sign", primary=True),
        Step(
            "file",
            ("signed",),
            "filed",
            _l("Record the filing"),
            f"{RUNS}:file_run",
            (ON, Input("receipt", "text", _l("Receipt of the filing"), required=True)),
            "change",
            primary=True,
        ),
        Step(
            "return", ("submitted", "reviewed"), "draft", _l("Return for correction"), f"{RUNS}:return_run", danger=True, needs_reason=True
        ),
    ),
)
