"""Points from real events, and awards that reach pay only when other people approved them. Rules SV-161 to SV-164; our own design."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Integer, String, cast, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from parkops import approval, clock, records, refs
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Problem
from parkops.i18n import _l
from parkops.security import access
from parkops.security.models import UserProfile

from ..models.case import ServiceCase
from ..models.contest import ChallengeBid, StaffAssignment, StaffChallenge, StarNomination
from ..models.outreach import AidProblem
from ..models.panel import ArenaScore, PointRule, StaffArena, StaffAward, StaffPoint
from ..models.quality import ServiceRating
from ..models.repair import ServiceRepair
from ..states_contest import AWARD
from .steps import number, refuse, take

KIND = "services.award"
RESULTS = {
    "services.star_nomination": "published",
    "services.assignment": "passed",
    "services.challenge": "accepted",
    "services.arena": "published",
}
approval.ApprovalKind(
    KIND, _l("Award of a contest"), "services.award", "act", needed=2, guard="modules.services.services.awards:not_yourself"
)


def create_point_rule(session: Any, **values: Any) -> PointRule:
    """How many points an event brings."""
    return records.create(session, PointRule, values)


def remove_point_rule(session: Any, row: PointRule) -> None:
    """Points that were given stay."""
    records.remove(session, row)


def _events() -> list[tuple[str, str, Any, Any, Any, Any, tuple[Any, ...]]]:
    """(source, resource, id, person, day, own points or None, where)."""
    c, r, p, x = ServiceCase, ServiceRating, AidProblem, ServiceRepair
    return [
        ("case", "services.case", c.id, c.officer_id, c.completed_on, None, (c.completed_on.is_not(None), c.in_time.is_(True))),
        ("five_stars", "services.rating", r.id, r.officer_id, r.rated_on, None, (r.stars == 5,)),
        ("problem", "services.aid_problem", p.id, p.owner_id, p.closed_on, None, (p.state == "closed", p.satisfaction >= 4)),
        ("repair", "services.repair", x.id, x.assignee_id, x.closed_on, None, (x.state == "confirmed", x.stars >= 4)),
        (
            "star",
            "services.star_nomination",
            StarNomination.id,
            StarNomination.nominee_id,
            StarNomination.published_on,
            StarNomination.stars,
            (StarNomination.state == "published",),
        ),
        (
            "assignment",
            "services.assignment",
            StaffAssignment.id,
            StaffAssignment.owner_id,
            StaffAssignment.reviewed_on,
            StaffAssignment.points,
            (StaffAssignment.state == "passed",),
        ),
        (
            "challenge",
            "services.challenge",
            StaffChallenge.id,
            ChallengeBid.bidder_id,
            StaffChallenge.ended_on,
            StaffChallenge.points,
            (StaffChallenge.state == "accepted", ChallengeBid.challenge_id == StaffChallenge.id, ChallengeBid.rank == 1),
        ),
        _arena(),
    ]


def _arena() -> tuple[str, str, Any, Any, Any, Any, tuple[Any, ...]]:
    """The first of every published ranking, also several that share the place: total, then the best round (SV-160)."""
    a = ArenaScore
    best = (func.sum(a.score).desc(), func.max(a.score).desc())
    place = func.rank().over(partition_by=a.arena_id, order_by=best).label("place")
    ranked = select(a.arena_id, a.user_id, place).select_from(a).group_by(a.arena_id, a.user_id).subquery()
    where = (StaffArena.state == "published", ranked.c.arena_id == StaffArena.id, ranked.c.place == 1)
    return "arena", "services.arena", StaffArena.id, ranked.c.user_id, StaffArena.published_on, StaffArena.points, where


def _rate(source: str, model: Any, day: Any) -> Any:
    """Points of the rule in force on the day of the event."""
    rule = select(PointRule.points).where(PointRule.park_id == model.park_id, PointRule.source == source, PointRule.effective_from <= day)
    return rule.order_by(PointRule.effective_from.desc()).limit(1).correlate(model).scalar_subquery()


def collect_points(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """SV-161, job: points of real events of the last 400 days, each once; set-based. Stars count one rule's points each."""
    made = 0
    for source, resource, record, person, day, own, where in _events():
        model = record.class_
        rate = _rate(source, model, day)
        points = rate if own is None else own * func.coalesce(rate, 1) if source == "star" else own
        query = select(
            model.park_id, person, literal(source, String), literal(resource, String), cast(record, BigInteger), day, cast(points, Integer)
        ).where(*where, person.is_not(None), day <= on, on - day <= 400, *((rate.is_not(None),) if own is None else ()))
        query = query.where(model.park_id == park_id) if park_id else query
        columns = ["park_id", "user_id", "source", "resource", "record_id", "on_date", "points"]
        new = insert(StaffPoint).from_select(columns, query).on_conflict_do_nothing().returning(StaffPoint.id)
        made += len(session.execute(new).all())
    if made:
        audit.bulk(session, StaffPoint, "insert", made, park_id=park_id)
    return {"points": made}


@dataclass(frozen=True)
class Standing:
    """Where somebody stands: `rank` is shared by equal points, `sources` says where the points come from."""

    rank: int
    user_id: int
    name: str
    points: int
    events: int
    sources: dict[str, int]


def standing(session: Any, *, start: date, end: date, park_id: int | None = None) -> list[Standing]:
    """SV-164: the points of the events from `start` until before `end`, most first. Equal points share the rank and the next one
    is left out (1, 1, 3); they stand by name. One statement."""
    access.require(session, "services.point", "read")
    p = StaffPoint
    query = (
        select(p.user_id, UserProfile.name, p.source, func.sum(p.points), func.count())
        .join(UserProfile, UserProfile.id == p.user_id)
        .where(p.on_date >= start, p.on_date < end, *((p.park_id == park_id,) if park_id else ()))
        .group_by(p.user_id, UserProfile.name, p.source)
    )
    people: dict[int, tuple[str, dict[str, int], int]] = {}
    for user_id, name, source, points, events in session.execute(query):
        _name, sources, so_far = people.get(user_id, (name, {}, 0))
        people[user_id] = (name, {**sources, source: int(points)}, so_far + events)
    rows = sorted(((sum(s.values()), name, uid, s, n) for uid, (name, s, n) in people.items()), key=lambda r: (-r[0], r[1], r[2]))
    ranks = {points: n for n, (points, *_rest) in reversed(list(enumerate(rows, 1)))}
    return [Standing(ranks[points], uid, name, points, n, sources) for points, name, uid, sources, n in rows]


def _earned(session: Any, resource: str, record: Any) -> set[int]:
    """Whose result it is: the nominee, the owner of the task, the winner of the challenge, everybody in the ranking."""
    if resource == "services.star_nomination":
        return {record.nominee_id}
    if resource == "services.assignment":
        return {record.owner_id}
    if resource == "services.challenge":
        won = select(ChallengeBid.bidder_id).where(ChallengeBid.challenge_id == record.id, ChallengeBid.rank == 1)
        return set(session.scalars(won))
    return set(session.scalars(select(ArenaScore.user_id).where(ArenaScore.arena_id == record.id)))


def create_award(session: Any, *, user_id: int, resource: str, record_id: int, text: str, pay_month: date, amount: Decimal) -> StaffAward:
    """SV-162: an award for a result that is published, passed or accepted, to whose result it is; once per person and result."""
    if resource not in RESULTS:
        raise refuse("SV-162", _l("Awards follow from a nomination, a task, a challenge or a contest."), "resource")
    record = refs.load(session, resource, record_id)
    if record.state != RESULTS[resource]:
        raise refuse("SV-162", _l("This result is not decided yet."), "record_id")
    if user_id not in _earned(session, resource, record):
        raise refuse("SV-162", _l("This is the result of somebody else. Choose whose result it is."), "user_id")
    scope, on = scope_of(session), clock.today()
    values = {
        "user_id": user_id,
        "resource": resource,
        "record_id": record_id,
        "text": text,
        "pay_month": pay_month.replace(day=1),
        "amount": amount,
        "prepared_by_id": scope.user_id,
        "number": number(session, "award", record.park_id, on),
    }
    return records.create(session, StaffAward, values)


def change_award(session: Any, row: StaffAward, *, text: str, pay_month: date, amount: Decimal) -> StaffAward:
    """Before it is asked for."""
    return records.change(session, row, {"text": text, "pay_month": pay_month.replace(day=1), "amount": amount})


def submit_award(session: Any, row: StaffAward) -> None:
    """SV-163: two other people approve; nobody their own award."""
    take(session, AWARD, row, "submit")
    approval.request(session, row, KIND, amount=row.amount, payload={"amount": row.amount, "for": str(row.user)})


def not_yourself(session: Any, request: approval.Approval, user_id: int) -> Problem | None:
    """Guard of the approval."""
    found = session.scalar(select(StaffAward.user_id).where(StaffAward.id == request.record_id))
    return Problem("services.SV-163", _l("Nobody approves an award of their own.")) if found == user_id else None


def _decision(session: Any, row: StaffAward) -> str | None:
    """State of its newest approval."""
    return next((a.state for a in approval.of(session, row) if a.kind == KIND), None)


def only_when_approved(session: Any, row: StaffAward) -> str | None:
    """SV-163: the approval decides, its button never does."""
    return None if _decision(session, row) == "approved" else str(_l("Two other people approve it under Approvals."))


def only_when_returned(session: Any, row: StaffAward) -> str | None:
    """SV-163: the approval decides, its button never does."""
    decided = _decision(session, row) in ("returned", "withdrawn", "expired")
    return None if decided else str(_l("Who approves returns it under Approvals."))


def by_approval_only(session: Any, row: StaffAward) -> None:
    """Nobody decides an award by hand, whatever their role."""
    raise refuse("SV-163", _l("An award is decided under Approvals only."))


@approval.on_approved(KIND)
def _approved(session: Any, request: Any, row: StaffAward) -> None:
    row.approved_on = clock.today()
    session.flush()
    AWARD.move(session, row, "approve")


@approval.on_returned(KIND)
def _returned(session: Any, request: Any, row: StaffAward) -> None:
    AWARD.move(session, row, "return")
