"""Tie-outs of the hall for `parkops check`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, or_, select

from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.case import CaseCommitment, CaseMaterial, ServiceCase
from ..models.quality import ReviewTask, ServiceRating
from ..models.queue import QueueCounter, QueueTicket
from ..states import OPEN

C = ServiceCase


def stars(session: Any) -> list[str]:
    """What a case shows is its rating, and every bad one has its task."""
    r = ServiceRating
    rows = session.execute(
        select(C.number, C.stars, r.stars).join(r, r.case_id == C.id, full=True).where(or_(C.stars.is_distinct_from(r.stars))).limit(50)
    )
    out = [_("Case %(number)s shows %(a)s stars, its rating has %(b)s.", number=n, a=a, b=b) for n, a, b in rows]
    bad = session.scalars(
        select(r.case_id).outerjoin(ReviewTask, ReviewTask.rating_id == r.id).where(r.stars <= 2, ReviewTask.id.is_(None)).limit(50)
    )
    return out + [_("The bad review of case %(id)s has no task.", id=i) for i in bad]


def limits(session: Any) -> list[str]:
    """In time and on the spot follow from the days; limits follow from the calendar as it stood (checked for open cases)."""
    wrong = session.execute(
        select(C.number)
        .where(
            C.completed_on.is_not(None),
            or_(C.in_time.is_distinct_from(C.completed_on <= C.promised_due), C.spot.is_distinct_from(C.completed_on == C.received_on)),
        )
        .limit(50)
    )
    out = [_("Case %(number)s: in time or on the spot does not follow from its days.", number=n) for (n,) in wrong]
    early = session.execute(select(C.number).where(C.state == "accepted", C.promised_due < C.clock_from).limit(50))
    return out + [_("Case %(number)s is promised before its clock began.", number=n) for (n,) in early]


def papers(session: Any) -> list[str]:
    """Nobody handles a case without papers that are needed, unless the law accepted it or a commitment covers it."""
    m, k = CaseMaterial, CaseCommitment
    handled = (  # a promise that was not kept ends a case whatever is missing
        C.state.in_(("accepted", "transferred", "completed", "delivered")),
        C.deemed.is_(False),
        C.result.is_distinct_from("not_approved"),
    )
    rows = session.execute(select(C.number).join(m, m.case_id == C.id).where(*handled, m.state == "missing_fatal").distinct().limit(50))
    out = [_("Case %(number)s was accepted although needed papers are missing.", number=n) for (n,) in rows]
    covered = select(k.id).where(k.case_id == C.id, k.state == "open", k.materials.contains(func.jsonb_build_array(m.name)))
    bare = session.execute(
        select(C.number)
        .join(m, m.case_id == C.id)
        .where(*handled, m.state == "missing_tolerable", C.incoming.is_(False), ~covered.exists())
        .distinct()
        .limit(50)
    )
    out += [_("Case %(number)s was accepted although no commitment covers what is missing.", number=n) for (n,) in bare]
    ended = session.execute(select(C.number).join(k, k.case_id == C.id).where(C.state.not_in(OPEN), k.state == "open").limit(50))
    return out + [_("Case %(number)s has ended and its commitment is still open.", number=n) for (n,) in ended]


def numbers(session: Any) -> list[str]:
    """The counter of a day is its highest number and the count of its tickets."""
    q, t = QueueCounter, QueueTicket
    rows = session.execute(
        select(q.day, q.last, func.count(t.id), func.max(t.number))
        .outerjoin(t, (t.hall_id == q.hall_id) & (t.day == q.day))
        .group_by(q.id, q.day, q.last)
        .having(or_(func.count(t.id) != q.last, func.max(t.number) != q.last))
        .limit(50)
    )
    return [_("Queue of %(day)s: %(last)s numbers given, %(n)s tickets.", day=day, last=last, n=n) for day, last, n, _top in rows]


CHECKS = [
    Check("services.stars", _l("Cases show their ratings, bad ones have tasks"), stars),
    Check("services.limits", _l("Results of cases follow from their days"), limits),
    Check("services.papers", _l("Accepted cases have their papers"), papers),
    Check("services.numbers", _l("Queue numbers are complete"), numbers),
]
