"""What the tabs and pages of ratings show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import GRADE_SCHEMES, GRADES
from parkops.rules.models import PROVENANCE

from .. import calc_scoring
from ..models.scheme import INDICATOR_KINDS, RatingIndicator, RatingScheme
from ..models.score import ExpertSheet, RatingScore, ScoreLine
from ..services import experts, schemes, scores
from ..services.measures import MEASURES
from ._recognition import rows_of, text_of


def scheme_data(session: Any, row: RatingScheme) -> dict[str, Any]:
    """Dimensions with their indicators, grades, what is still wrong."""
    inds = schemes.indicators_of(session, row)
    dims = [(d, [i for i in inds if i.dimension_id == d.id]) for d in schemes.dimensions_of(session, row)]
    return {
        "scheme": row,
        "dims": dims,
        "loose": [i for i in inds if i.dimension_id is None],
        "bands": schemes.bands_of(session, row),
        "kinds": INDICATOR_KINDS,
        "provenance": PROVENANCE,
        "measures": MEASURES,
        "rule_text": rule_text,
        "problems": schemes.weight_problems(session, row).found if row.state == "draft" else [],
    }


def rule_text(rule: dict[str, Any]) -> str:
    """A scoring function as compact data."""
    return "; ".join(f"{k} {v}" for k, v in rule.items())


def points(value: Any) -> str:
    """Points with two places, a dash when unknown."""
    return "—" if value is None else str(calc_scoring.shown(Decimal(value)))


def score_data(session: Any, row: RatingScore) -> dict[str, Any]:
    """The stored lines, the grade, what the experts gave."""
    lines = session.scalars(
        select(ScoreLine)
        .join(RatingIndicator, RatingIndicator.id == ScoreLine.indicator_id)
        .where(ScoreLine.score_id == row.id)
        .order_by(RatingIndicator.position, RatingIndicator.id)
    ).all()
    found = experts.current_round(session, row)
    return {
        "score": row,
        "lines": lines,
        "points": points,
        "text_of": text_of,
        "rows_of": rows_of,
        "open_round": found,
        "signed": experts.sheets_of(session, found) if found is not None else [],
        "bands": schemes.bands_of(session, row.scheme),
        "official": scores.official_of(session, row.carrier),
        "grades": GRADES,
        "kinds": GRADE_SCHEMES,
        "sound": row.state != "signed" or scores.seal_of(session, row) == row.seal,
        "distribution": schemes.distribution(),
    }


def expert_data(session: Any, row: ExpertSheet) -> dict[str, Any]:
    """One expert's points."""
    scheme_id = session.get(RatingScore, row.round.score_id).scheme_id
    inds = {i.code: i for i in session.scalars(select(RatingIndicator).where(RatingIndicator.scheme_id == scheme_id))}
    return {"rows": [(inds[c], p, c in (row.left_out or [])) for c, p in row.points.items() if c in inds]}


def grades_data(session: Any, carrier: Any) -> dict[str, Any]:
    """Own scores beside published grades and the national distribution."""
    own = session.scalars(
        select(RatingScore).where(RatingScore.carrier_id == carrier.id).order_by(RatingScore.year.desc(), RatingScore.id.desc())
    ).all()
    return {
        "carrier": carrier,
        "own": own,
        "points": points,
        "official": scores.official_of(session, carrier),
        "grades": GRADES,
        "kinds": GRADE_SCHEMES,
        "distribution": schemes.distribution(),
    }
