"""Rounds of experts: who gives points, how outliers are treated, what they agree on. Rules R-40 to R-44."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.security import access

from ..calc_experts import agree
from ..models.score import ExpertRound, ExpertSheet, RatingScore
from ..states import SCORE
from .scores import asked_of, count_sheet
from .stock import plain


def open_round(session: Any, row: RatingScore, *, needed: int, outlier: str, tolerance: Decimal | None = None) -> ExpertRound:
    """R-40: a round of at least one expert; earlier rounds stay on record."""
    access.require(session, "ratings.score", "act")
    problems = Problems()
    if not asked_of(session, row):
        problems.add("ratings.R-40", _l("This scheme asks nothing of experts; finish the sheet without them."))
    if not 1 <= needed <= 15:
        problems.add("ratings.R-40", _l("Between 1 and 15 experts take part."), "needed")
    problems.stop()
    position = (session.scalar(select(func.max(ExpertRound.position)).where(ExpertRound.score_id == row.id)) or 0) + 1
    found = ExpertRound(
        park_id=row.park_id,
        score_id=row.id,
        position=position,
        needed=needed,
        outlier=outlier,
        tolerance=Decimal(5) if tolerance is None else tolerance,
    )
    session.add(found)
    session.flush()
    SCORE.move(session, row, "ask", on=row.on_date)
    return found


def current_round(session: Any, row: RatingScore, *, lock: bool = False) -> ExpertRound | None:
    """The open round of a sheet. `lock`: nobody gives points while it is closed and it is not closed while somebody gives points."""
    query = select(ExpertRound).where(ExpertRound.score_id == row.id, ExpertRound.state == "open")
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def sheets_of(session: Any, found: ExpertRound) -> list[ExpertSheet]:
    """In the order they were signed."""
    return list(session.scalars(select(ExpertSheet).where(ExpertSheet.round_id == found.id).order_by(ExpertSheet.id)))


def give_points(session: Any, row: RatingScore, *, points: dict[str, Decimal], at: datetime, remark: str | None = None) -> ExpertSheet:
    """R-41: an expert gives every indicator its points once and signs; who prepared the sheet does not take part (R-42)."""
    access.require(session, "ratings.expert_sheet", "add")
    found, scope, problems = current_round(session, row, lock=True), scope_of(session), Problems()
    if found is None:
        raise RuleError([Problem("ratings.R-41", _l("No round of experts is open for this sheet."))])
    if scope.user_id is None or scope.user_id == row.prepared_by_id:
        problems.add("ratings.R-42", _l("You prepared this sheet; other people judge it."))
    if (
        session.scalar(select(ExpertSheet.id).where(ExpertSheet.round_id == found.id, ExpertSheet.user_id == (scope.user_id or 0)))
        is not None
    ):
        problems.add("ratings.R-41", _l("You have signed your points in this round already."))
    asked = asked_of(session, row)
    for x in asked:
        got = points.get(x.code)
        if got is None:
            problems.add("ratings.R-41", _l("Give points for %(code)s.", code=x.code), x.code)
        elif not 0 <= got <= (x.most or 0):
            problems.add("ratings.R-41", _l("%(code)s takes 0 to %(most)s points.", code=x.code, most=plain(x.most or Decimal(0))), x.code)
    problems.stop()
    most = sum((x.most or Decimal(0) for x in asked), Decimal(0))
    total = sum((points[x.code] for x in asked), Decimal(0))
    sheet = ExpertSheet(
        park_id=row.park_id,
        round_id=found.id,
        user_id=scope.user_id,
        user_name=scope.user_name,
        points={x.code: format(points[x.code], "f") for x in asked},
        remark=(remark or "").strip() or None,
        signed_at=at,
        share=(total / most).quantize(Decimal("1e-8")) if most else None,
    )
    session.add(sheet)
    session.flush()
    return sheet


def close_round(session: Any, row: RatingScore) -> None:
    """R-43: enough experts signed; outliers are left out by the round's rule and named; the mean is the indicator's points (R-44)."""
    access.require(session, "ratings.score", "act")
    found = current_round(session, row, lock=True)
    if found is None:
        raise RuleError([Problem("ratings.R-41", _l("No round of experts is open for this sheet."))])
    sheets = sheets_of(session, found)
    if len(sheets) < found.needed:
        raise RuleError(
            [
                Problem(
                    "ratings.R-43",
                    _l("%(have)s of %(needed)s experts have signed; wait for the others.", have=len(sheets), needed=found.needed),
                )
            ]
        )
    given, out = {}, {s.id: [] for s in sheets}
    for x in asked_of(session, row):
        agreed = agree({s.id: Decimal(s.points[x.code]) for s in sheets}, found.outlier, found.tolerance)
        given[x.code] = agreed.points
        for sheet_id in agreed.left_out:
            out[sheet_id].append(x.code)
    for s in sheets:
        s.left_out = out[s.id]
    found.state = "closed"
    session.flush()
    counted = count_sheet(session, row, given)
    if counted.total.unknown:
        raise RuleError(
            [Problem("ratings.R-34", _l("These indicators cannot be judged yet: %(codes)s.", codes="、".join(counted.total.unknown)))]
        )
    SCORE.move(session, row, "close", on=row.on_date)
