"""Ratings, the loop of bad reviews, internal checks. Rules SV-40 to SV-47."""

from __future__ import annotations

import hmac
from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.exc import IntegrityError

from parkops import clock, qr, records, settings
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access
from parkops.security.sealing import fingerprint

from ..models.case import ServiceCase
from ..models.quality import OFFLINE, ONLINE, QualityCheck, ReviewTask, ServiceRating
from ..states_quality import RECTIFICATION
from . import days
from .calendar import calendar_of

RESOURCE = "services.rating"
RATABLE = ("completed", "delivered", "not_accepted")
ONCE = next(c.name for c in ServiceRating.__table__.constraints if isinstance(c, UniqueConstraint))
TWICE = _l("This case was rated already; a case is rated once.")


def why_not_rate(session: Any, case: ServiceCase) -> str | None:
    """SV-40: once, when there is a result."""
    if case.stars is not None:
        return str(TWICE)
    return None if case.state in RATABLE else _("A case is rated when it has its result.")


def rate_case(
    session: Any,
    case: ServiceCase,
    *,
    stars: int,
    remark: str | None = None,
    efficiency: int | None = None,
    skill: int | None = None,
    attitude: int | None = None,
    speed: int | None = None,
    guide: int | None = None,
    convenience: int | None = None,
    platform: int | None = None,
    rated_by: str = "device",
    at: datetime | None = None,
) -> ServiceRating:
    """SV-40: one rating a case, 1 to 5 stars; SV-41: sub-scores of the hall or of the online service; two stars or fewer open the loop."""
    scores = {n: v for n, v in locals().items() if n in (*OFFLINE, *ONLINE)}
    access.require(session, RESOURCE, "add")
    at, online = at or clock.now(), case.channel in ("online", "kiosk")
    _check(session, case, stars, scores, online)
    row = ServiceRating(park_id=case.park_id, case_id=case.id, stars=stars, online=online, remark=remark, rated_by=rated_by, **scores)
    row.rated_on, row.rated_at, row.officer_id = clock.local(at).date(), at, case.officer_id
    _store(session, row)
    case.stars = stars
    session.flush()
    if stars <= 2:
        open_task(session, row)
    return row


def rate_by_staff(
    session: Any,
    case: ServiceCase,
    *,
    stars: str,
    rated_by: str,
    remark: str | None = None,
    efficiency: str | None = None,
    skill: str | None = None,
    attitude: str | None = None,
    speed: str | None = None,
    guide: str | None = None,
    convenience: str | None = None,
    platform: str | None = None,
) -> str:
    """SV-40: what the client pressed on the device at the window, or said when asked by telephone."""
    given = {n: int(v) for n, v in locals().items() if n in (*OFFLINE, *ONLINE) and v}
    if rated_by not in ("device", "phone"):
        raise RuleError([Problem("services.SV-40", _l("Choose one of the values offered."), "rated_by")])
    rate_case(session, case, stars=int(stars), remark=remark, rated_by=rated_by, **given)
    return _("The rating is stored; it cannot be changed.")


def _store(session: Any, row: ServiceRating) -> None:
    """Once: of two at the same moment the constraint lets one through."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as e:
        if e.orig.diag.constraint_name == ONCE:
            raise RuleError([Problem("services.SV-40", TWICE, "stars")]) from None
        raise


def _check(session: Any, case: ServiceCase, stars: int, scores: dict[str, int | None], online: bool) -> None:
    problems = Problems()
    if why := why_not_rate(session, case):
        problems.add("services.SV-40", why, "stars")
    if not 1 <= stars <= 5:
        problems.add("services.SV-40", _l("A rating is 1 to 5 stars."), "stars")
    for name, value in scores.items():
        if value is not None and not 1 <= value <= 5:
            problems.add("services.SV-41", _l("A rating is 1 to 5 stars."), name)
        if value is not None and name not in (ONLINE if online else OFFLINE):
            problems.add("services.SV-41", _l("This score belongs to the other kind of service."), name)
    problems.stop()


def open_task(session: Any, rating: ServiceRating) -> ReviewTask:
    """SV-42: a bad review is to be put right within 15 working days of the rating."""
    limit = settings.get(session, "services.rectify_days", rating.park_id)
    row = ReviewTask(
        park_id=rating.park_id,
        rating_id=rating.id,
        case_id=rating.case_id,
        owner_id=rating.officer_id,
        opened_on=rating.rated_on,
        due_on=calendar_of(session, rating.park_id).due(rating.rated_on, limit),
    )
    session.add(row)
    session.flush()
    return row


def verify_review(session: Any, row: ReviewTask, *, finding: str, on: date, holds: bool | None = None) -> ReviewTask:
    """SV-43: somebody other than the officer rated finds out whether it holds."""
    access.require(session, "services.rectification", "change")
    problems = Problems()
    if scope_of(session).user_id is not None and scope_of(session).user_id == row.rating.officer_id:
        problems.add("services.SV-43", _l("Whoever was rated does not verify the review. Ask a colleague."))
    days.look(problems, "services.SV-43", on, row.opened_on)
    problems.stop()
    row.holds, row.finding, row.verified_on = bool(holds), finding, on
    session.flush()
    RECTIFICATION.move(session, row, "verify", on=on)
    return row


def rectify_review(session: Any, row: ReviewTask, *, measure: str, on: date) -> ReviewTask:
    """SV-44: what was done; when the complaint does not hold, what was explained to the client."""
    access.require(session, "services.rectification", "change")
    days.require("services.SV-44", on, row.verified_on)
    row.measure, row.rectified_on, row.rectified_by_id = measure, on, scope_of(session).user_id
    session.flush()
    RECTIFICATION.move(session, row, "rectify", on=on)
    return row


def why_not_call_back(session: Any, row: ReviewTask) -> str | None:
    """SV-45: every bad review is called back, by another than who put it right."""
    me = scope_of(session).user_id
    return str(_l("Whoever put it right does not call back. Ask a colleague.")) if me is not None and me == row.rectified_by_id else None


def call_back(session: Any, row: ReviewTask, *, answer: str, on: date, content: bool | None = None) -> ReviewTask:
    """SV-45: the client is told and asked."""
    access.require(session, "services.rectification", "act")
    if why := why_not_call_back(session, row):
        raise RuleError([Problem("services.SV-45", why)])
    days.require("services.SV-45", on, row.rectified_on)
    row.answer, row.content, row.called_back_on = answer, bool(content), on
    session.flush()
    RECTIFICATION.move(session, row, "call_back", on=on)
    return row


def token_of(case: ServiceCase) -> str:
    """SV-46: the signed part of the link; it names the case and nothing personal."""
    return f"{case.id}-{fingerprint(f'services.rating:{case.park_id}:{case.id}')[:32]}"


def case_of(session: Any, token: str) -> ServiceCase:
    """The case of a link. Raises NotFound for a wrong signature, the same as for no such case."""
    number, _dash, sign = token.partition("-")
    case = session.get(ServiceCase, int(number)) if number.isascii() and number.isdigit() and len(number) <= 18 else None
    if case is None or not hmac.compare_digest(token_of(case).partition("-")[2], sign):
        raise NotFound(_l("This link is not valid."))
    return case


def qr_svg(url: str, scale: int = 4) -> str:
    """A link as a picture."""
    return qr.svg(url, scale=scale)


def _quality(session: Any, values: dict[str, Any], problems: Problems) -> None:
    case = session.get(ServiceCase, values["case_id"])
    if case is not None and values["checker_id"] in (case.officer_id, case.first_officer_id):
        problems.add("services.SV-47", _l("Whoever handled the case does not check it. Ask a colleague."), "case_id")
    if not 0 <= values["score"] <= 100:
        problems.add("services.SV-47", _l("A score is 0 to 100."), "score")
    records.not_future(values, problems, ("checked_on",))


def create_check(session: Any, **values: Any) -> QualityCheck:
    """SV-47: the hall's own check; it is no rating and changes none."""
    who = scope_of(session).user_id
    if who is None:
        raise RuleError([Problem("services.SV-47", _l("A check is made by a person."))])
    return records.create(session, QualityCheck, {**values, "checker_id": who}, _quality)


def change_check(session: Any, row: QualityCheck, **values: Any) -> QualityCheck:
    """By who made it."""
    if scope_of(session).user_id != row.checker_id:
        raise RuleError([Problem("services.SV-47", _l("Only who made the check changes it."))])
    return records.change(session, row, values, _quality)


def due_tasks(session: Any, park_id: int, on: date) -> list[ReviewTask]:
    """Open tasks past their day."""
    t = ReviewTask
    return list(session.scalars(select(t).where(t.park_id == park_id, t.state != "closed", t.due_on < on).order_by(t.due_on, t.id)))
