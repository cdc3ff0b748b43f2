"""Reviewers' sheets, declared interests and the minute of the decision. Rules T-80 to T-82."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import clock, records
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc, errors
from ..models.application import Application, DecisionMinute, Reviewer, ReviewScore
from ..models.checklist import ChecklistItem
from . import checklists

RESOURCE = "tenants.application"


def _own_sheet(session: Any, application: Application) -> Reviewer:
    scope = scope_of(session)
    row = session.scalars(select(Reviewer).where(Reviewer.application_id == application.id,
                                                 Reviewer.user_id == (scope.user_id or 0))).one_or_none()
    if row is None:
        raise NotFound(_l("You are not a reviewer of this application."))
    return row


def why_not_score(session: Any, application: Application) -> str | None:
    """Only an assigned reviewer without a conflict, and only during the review."""
    scope = scope_of(session)
    row = session.scalars(select(Reviewer).where(Reviewer.application_id == application.id,
                                                 Reviewer.user_id == (scope.user_id or 0))).one_or_none()
    if row is None:
        return _("You are not a reviewer of this application.")
    if application.state != "reviewing":
        return _("The application is not under review.")
    return _("You declared a conflict of interest.") if row.conflict else None


def declare_conflict(session: Any, application: Application, *, reason: str) -> Reviewer:
    """T-80: a reviewer with an interest steps aside; the scores given are taken out."""
    row = _own_sheet(session, application)
    problems = Problems()
    if errors.clean(reason) is None:
        problems.add("tenants.T-80", _l("Write what the interest is."), "reason")
    if application.state != "reviewing":
        problems.add("tenants.T-80", _l("The application is not under review."))
    problems.stop()
    for score in session.scalars(select(ReviewScore).where(ReviewScore.reviewer_id == row.id)):
        session.delete(score)
    row.conflict, row.conflict_reason, row.total, row.recommends, row.scored_at = True, errors.clean(reason), None, None, None
    session.flush()
    return row


def criteria(session: Any, park_id: int) -> list[ChecklistItem]:
    """The criteria of the score sheet in order."""
    return checklists.ensure_defaults(session, "criterion", park_id)


def score_application(session: Any, application: Application, *, scores: dict[int | str, int], recommends: bool,
                      opinion: str | None = None) -> Reviewer:
    """The signed-in reviewer's sheet: a score from 0 to 100 for every criterion (key: item id or code). Repeatable until
    the decision. Raises RuleError T-81; NotFound for whom is no reviewer."""
    row = _own_sheet(session, application)
    problems, items = Problems(), criteria(session, application.park_id)
    given = {str(k): v for k, v in scores.items()}
    if why := why_not_score(session, application):
        problems.add("tenants.T-80", why)
    marks = {item: given.get(str(item.id), given.get(item.code)) for item in items}
    for item, mark in marks.items():
        if not isinstance(mark, int) or isinstance(mark, bool) or not 0 <= mark <= 100:
            problems.add("tenants.T-81", _l("Give %(name)s a score from 0 to 100.", name=str(item)), f"score_{item.code}")
    problems.stop()
    have = {s.item_id: s for s in session.scalars(select(ReviewScore).where(ReviewScore.reviewer_id == row.id))}
    for item, mark in marks.items():
        sheet = have.get(item.id)
        if sheet is None:
            session.add(ReviewScore(reviewer=row, park_id=row.park_id, item=item, weight=item.weight or 0, score=mark))
        else:
            sheet.score, sheet.weight = mark, item.weight or 0
    row.total = calc.weighted([(i.weight or 0, m) for i, m in marks.items()])
    row.recommends, row.opinion, row.scored_at = recommends, errors.clean(opinion), clock.now()
    session.flush()
    return row


def average_score(session: Any, application: Application) -> tuple[Decimal | None, int, int]:
    """Mean of the reviewers without conflict, how many have scored, how many are to score."""
    rows = list(session.scalars(select(Reviewer).where(Reviewer.application_id == application.id, ~Reviewer.conflict)))
    done = [r.total for r in rows if r.total is not None]
    return calc.mean(done), len(done), len(rows)


def record_minute(session: Any, application: Application, *, held_on: date, chair: str, attendance: str, decision: str,
                  text: str) -> DecisionMinute:
    """The minute of the meeting. A later minute replaces none; the last one holds."""
    access.require(session, RESOURCE, "act")
    values = errors.clean_values({"application_id": application.id, "held_on": held_on, "chair": chair, "text": text,
                                  "attendance": attendance, "decision": decision})

    def check(session: Any, full: dict[str, Any], problems: Problems) -> None:
        errors.not_future(problems, "held_on", full["held_on"])
        if application.state != "reviewing":
            problems.add("tenants.T-82", _l("A minute belongs to an application under review."))
        if application.submitted_on is not None and full["held_on"] < application.submitted_on:
            problems.add("tenants.T-82", _l("The meeting cannot have been before the application was submitted."), "held_on")

    return records.create(session, DecisionMinute, values, check)


def minute_of(session: Any, application: Application) -> DecisionMinute | None:
    """The minute that holds."""
    return session.scalars(select(DecisionMinute).where(DecisionMinute.application_id == application.id)
                           .order_by(DecisionMinute.held_on.desc(), DecisionMinute.id.desc()).limit(1)).first()


def why_not_minute(session: Any, application: Application) -> str | None:
    """A minute is written during the review."""
    return None if application.state == "reviewing" else _("A minute belongs to an application under review.")


def own_marks(session: Any, application: Application) -> tuple[Reviewer | None, dict[int, int]]:
    """The signed-in reviewer's row and scores so far: `{item_id: score}`."""
    row = session.scalars(select(Reviewer).where(Reviewer.application_id == application.id,
                                                 Reviewer.user_id == (scope_of(session).user_id or 0))).one_or_none()
    if row is None:
        return None, {}
    return row, dict(session.execute(select(ReviewScore.item_id, ReviewScore.score).where(
        ReviewScore.reviewer_id == row.id)).all())
