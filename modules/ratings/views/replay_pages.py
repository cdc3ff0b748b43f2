"""Pages of the policy replay: who would be judged otherwise under other rules or thresholds, and which grades or places would change."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import select

from parkops.i18n import _l
from parkops.rules import logic
from parkops.web.views import Page, route

from ..models.scheme import RatingScheme
from ..services import policy_replay
from ..services.schemes import indicators_of
from . import _rating, _recognition
from .rating_pages import asked, ids_asked
from .recognition_pages import chosen, day_asked

SHOWN = 300


class PolicyReplayPage(Page):
    """`/ratings/policy_replay/?set=GRAD-2018&other=GRAD-2025&on=&t_<rule>=`: subjects under other rules or thresholds."""

    route_base = "/ratings/policy_replay"
    resource = "ratings.assessment"
    title = _l("Policy replay: rules and thresholds")
    menu = ("recognition", 22)
    icon = "git-compare"

    @route("/", "read")
    def index(self) -> Any:
        """The page. It writes nothing."""
        on, sets = day_asked(), policy_replay.sets(self.session)
        before = chosen(sets, "set")
        others = [s for s in sets if before is not None and s.subject == before.subject]
        after = chosen(others, "other") if request.args.get("other") else before
        changed = asked("t_")
        found = policy_replay.replay(self.session, before.key, after.key, on, changed) if before is not None else None
        rules = [r for r in after.rules if r.op in logic.NUMERIC] if after is not None else []
        return self.draw(
            "ratings/policy_replay.html",
            title=self.title,
            on=on,
            sets=sets,
            others=others,
            before=before,
            after=after,
            found=found,
            rules=rules,
            changed=changed,
            most=SHOWN,
            **_recognition.helpers(),
        )


class ScoreReplayPage(Page):
    """`/ratings/score_replay/?before=3&after=4&on=&w_<indicator>=`: carriers under two editions of a scheme, or with other weights."""

    route_base = "/ratings/score_replay"
    resource = "ratings.score"
    title = _l("Policy replay: schemes and weights")
    menu = ("rating", 60)
    icon = "git-compare"

    @route("/", "read")
    def index(self) -> Any:
        """The page. It writes nothing."""
        on = day_asked()
        every = list(self.session.scalars(select(RatingScheme).order_by(RatingScheme.subject, RatingScheme.key, RatingScheme.edition)))
        by_id = {s.id: s for s in every}
        before = next((by_id[i] for i in ids_asked("before") if i in by_id), next((s for s in every if s.state == "active"), None))
        if before is None:
            return self.draw("ratings/score_replay.html", title=self.title, before=None)
        others = [s for s in every if s.subject == before.subject]
        after = next((by_id[i] for i in ids_asked("after") if i in by_id and by_id[i] in others), before)
        weights = asked("w_")
        found = policy_replay.replay_scores(self.session, before, after, on, weights)
        return self.draw(
            "ratings/score_replay.html",
            title=self.title,
            on=on,
            schemes=every,
            others=others,
            before=before,
            after=after,
            found=found,
            weights=weights,
            indicators=indicators_of(self.session, after),
            points=_rating.points,
        )


PAGES = [PolicyReplayPage, ScoreReplayPage]
