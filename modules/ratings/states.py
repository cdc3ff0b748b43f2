"""Lives of a scheme's edition, a score sheet and a round of experts."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Input
from parkops.workflow import State, Step, Workflow

from .states_edition import ON, edition

SCHEMES = "modules.ratings.services.schemes"
SCORES = "modules.ratings.services.scores"
EXPERTS = "modules.ratings.services.experts"

SCHEME = edition("ratings.scheme", f"{SCHEMES}:activate_scheme", f"{SCHEMES}:retire_scheme")
SCORE = Workflow(
    "ratings.score",
    column="state",
    start="draft",
    states=(
        State("draft", _l("Counted"), "amber"),
        State("experts", _l("With the experts"), "violet"),
        State("scored", _l("Points settled"), "blue"),
        State("signed", _l("Signed"), "green", final=True),
    ),
    steps=(
        Step(
            "ask",
            ("draft",),
            "experts",
            _l("Ask the experts"),
            f"{EXPERTS}:open_round",
            (
                Input("needed", "int", _l("Experts needed"), required=True, default=3),
                Input("outlier", "choice", _l("Rule for outliers"), required=True, default="extremes", choices=lambda session: _outliers()),
                Input("tolerance", "decimal", _l("Tolerated distance from the median"), default="5"),
            ),
            primary=True,
        ),
        Step("close", ("experts",), "scored", _l("Close the round"), f"{EXPERTS}:close_round", primary=True),
        Step("finish", ("draft",), "scored", _l("Finish without experts"), f"{SCORES}:finish_score"),
        Step("reopen", ("scored",), "draft", _l("Reopen the sheet"), f"{SCORES}:reopen_score", needs_reason=True, danger=True),
        Step("sign", ("scored",), "signed", _l("Sign the sheet"), f"{SCORES}:sign_score", (ON,), primary=True),
    ),
)


def _outliers() -> list[tuple[str, object]]:
    from .models.scheme import OUTLIERS

    return [(code, OUTLIERS.label(code)) for code in OUTLIERS]
