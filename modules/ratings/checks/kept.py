"""Tie-outs of what is kept: assessments are their stored decisions, signed sheets give their seal, forecasts are of firms in incubation."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from modules.tenants.models.stage import Stage
from parkops.checks import Check
from parkops.i18n import _, _l
from parkops.rules.models import Decision

from ..models.assessment import RecognitionAssessment
from ..models.forecast import GraduationForecast
from ..models.score import RatingScore
from ..models.target import RatingTeam, TeamTarget
from ..services import scores

A, D = RecognitionAssessment, Decision


def assessments(session: Any) -> list[str]:
    """A kept assessment has the verdict, rule set, day and subject of its stored decision."""
    rows = session.execute(
        select(A.id, A.rule_set, A.on_date)
        .join(D, D.id == A.decision_id)
        .where(or_(A.verdict != D.verdict, A.rule_set != D.rule_set_key, A.on_date != D.on_date, A.carrier_id != D.subject_id))
    )
    return [_("Assessment %(id)s (%(rules)s, %(day)s) is not what its stored decision says.", id=i, rules=r, day=d) for i, r, d in rows]


def seals(session: Any) -> list[str]:
    """A signed sheet gives the hash it was sealed with."""
    rows = session.scalars(
        select(RatingScore).where(RatingScore.state == "signed").options(joinedload(RatingScore.scheme)).order_by(RatingScore.id)
    )
    return [_("Signed sheet %(number)s no longer gives its seal.", number=r.number) for r in rows if scores.seal_of(session, r) != r.seal]


def forecasts(session: Any) -> list[str]:
    """Every firm with a forecast was in incubation on its day."""
    g = GraduationForecast
    there = (
        select(Stage.id)
        .select_from(Stage)
        .where(
            Stage.firm_id == g.firm_id,
            Stage.state == "incubating",
            Stage.starts_on <= g.on_date,
            or_(Stage.ends_on.is_(None), Stage.ends_on > g.on_date),
        )
    )
    rows = session.execute(select(g.firm_id, g.on_date).where(~there.exists()))
    return [_("Firm %(id)s has a forecast of %(day)s but was not in incubation then.", id=i, day=d) for i, d in rows]


def team_parks(session: Any) -> list[str]:
    """A team's targets lie in the team's park."""
    rows = session.execute(
        select(TeamTarget.id).join(RatingTeam, RatingTeam.id == TeamTarget.team_id).where(TeamTarget.park_id != RatingTeam.park_id)
    )
    return [_("Target %(id)s lies in another park than its team.", id=i) for (i,) in rows]


CHECKS = [
    Check("ratings.assessments", _l("Kept assessments are their stored decisions"), assessments),
    Check("ratings.seals", _l("Signed score sheets give their seal"), seals),
    Check("ratings.forecasts", _l("Forecasts are of firms in incubation"), forecasts),
    Check("ratings.team_targets", _l("Targets lie in the park of their team"), team_parks),
]
