"""Lives of a form's edition and of a filing: prepared, reviewed by the statistician, signed by the head (frozen), filed."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

from .states_edition import ON, edition

FORMS = "modules.ratings.services.forms"
RUNS = "modules.ratings.services.form_signing"

FORM = edition("ratings.form", f"{FORMS}:activate_form", f"{FORMS}:retire_form")
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
