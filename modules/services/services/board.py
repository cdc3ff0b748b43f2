"""The hall's board: visitors a day, cases, on time, on the spot, waiting, tolerance, ratings, call-backs. Rule SV-70.

Seven statements whatever the number of cases; every rate stands with its two numbers, and nothing to divide by is no figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops.security import access

from ..models.case import CHANNELS, CaseCommitment, ServiceCase
from ..models.hall import HallVisitors
from ..models.item import ITEM_CLASSES, HallItem
from ..models.quality import ReviewTask, ServiceRating
from ..states import OPEN


@dataclass(frozen=True)
class Share:
    """A rate with its two numbers."""

    part: int
    whole: int

    @property
    def percent(self) -> str:
        """One decimal, half up; `—` when there is nothing to divide by."""
        if not self.whole:
            return "—"
        tenths = (2000 * self.part + self.whole) // (2 * self.whole)
        return f"{tenths // 10}.{tenths % 10} %"


@dataclass(frozen=True)
class Board:
    """What a period looked like; `None` visitors: nobody counted."""

    cases: int
    open: int
    visitors: int | None
    days: int
    on_time: Share
    spot: Share
    waiting: Share
    bad: Share
    rated: Share
    tolerance: int
    tolerance_overdue: int
    called_back: Share
    by_class: Sequence[Any]
    by_channel: Sequence[Any]
    by_stars: dict[int, int]
    by_day: Sequence[Any]

    @property
    def visitors_a_day(self) -> int | None:
        """Rounded half up."""
        return (2 * self.visitors + self.days) // (2 * self.days) if self.visitors is not None and self.days else None

    @property
    def minutes(self) -> str:
        """Average wait, one decimal."""
        if not self.waiting.whole:
            return "—"
        tenths = (20 * self.waiting.part + self.waiting.whole) // (2 * self.waiting.whole)
        return f"{tenths // 10}.{tenths % 10}"


def _groups(session: Any, start: date, end: date, hall_id: int | None) -> Sequence[Any]:
    """(item, channel, cases, open, results, in time, on the spot, minutes, numbers, rated): one statement over the cases of the period."""
    c = ServiceCase
    here = (c.received_on >= start, c.received_on < end, *((c.hall_id == hall_id,) if hall_id is not None else ()))
    return session.execute(
        select(
            c.item_id,
            c.channel,
            func.count(c.id),
            func.count(c.id).filter(c.state.in_(OPEN)),
            func.count(c.in_time),
            func.count(c.id).filter(c.in_time),
            func.count(c.id).filter(c.spot),
            func.coalesce(func.sum(c.waited), 0),
            func.count(c.waited),
            func.count(c.id).filter(c.in_time.is_not(None), c.stars.is_not(None)),
        )
        .where(*here)
        .group_by(c.item_id, c.channel)
    ).all()


def show_board(session: Any, *, start: date, end: date, hall_id: int | None = None) -> Board:
    """Cases received in `[start, end)`; late, on the spot and rated of those with a result, ratings and tasks of their days."""
    access.require(session, "services.case", "read")
    groups = _groups(session, start, end, hall_id)
    visitors, days = _visitors(session, start, end, hall_id)
    stars = _stars(session, start, end, hall_id)
    opened, back = _tasks(session, start, end, hall_id)
    tolerance, overdue = _tolerance(session, start, end, hall_id)
    sums = [sum(g[n] for g in groups) for n in range(2, 10)]
    total = sum(stars.values())
    return Board(
        sums[0],
        sums[1],
        visitors,
        days,
        Share(sums[3], sums[2]),
        Share(sums[4], sums[2]),
        Share(sums[5], sums[6]),
        Share(stars.get(1, 0) + stars.get(2, 0), total),
        Share(sums[7], sums[2]),
        tolerance,
        overdue,
        Share(back, opened),
        _classes(session, groups),
        _channels(groups),
        stars,
        _days(session, start, end, hall_id),
    )


def _visitors(session: Any, start: date, end: date, hall_id: int | None) -> tuple[int | None, int]:
    v = HallVisitors
    query = select(func.sum(v.visitors), func.count(func.distinct(v.day))).where(v.day >= start, v.day < end)
    return tuple(session.execute(query.where(v.hall_id == hall_id) if hall_id is not None else query).one())


def _stars(session: Any, start: date, end: date, hall_id: int | None) -> dict[int, int]:
    r = ServiceRating
    query = select(r.stars, func.count(r.id)).where(r.rated_on >= start, r.rated_on < end).group_by(r.stars)
    if hall_id is not None:
        query = query.join(ServiceCase, ServiceCase.id == r.case_id).where(ServiceCase.hall_id == hall_id)
    return dict(session.execute(query).all())


def _tasks(session: Any, start: date, end: date, hall_id: int | None) -> tuple[int, int]:
    t = ReviewTask
    query = select(func.count(t.id), func.count(t.called_back_on)).where(t.opened_on >= start, t.opened_on < end)
    if hall_id is not None:
        query = query.join(ServiceCase, ServiceCase.id == t.case_id).where(ServiceCase.hall_id == hall_id)
    return tuple(session.execute(query).one())


def _tolerance(session: Any, start: date, end: date, hall_id: int | None) -> tuple[int, int]:
    m = CaseCommitment
    query = select(func.count(m.id), func.count(m.id).filter(m.state == "overdue"))
    query = query.where(m.signed_on >= start, m.signed_on < end, m.state != "void")
    if hall_id is not None:
        query = query.join(ServiceCase, ServiceCase.id == m.case_id).where(ServiceCase.hall_id == hall_id)
    return tuple(session.execute(query).one())


def _classes(session: Any, groups: Sequence[Any]) -> list[tuple[Any, int]]:
    of = dict(session.execute(select(HallItem.id, HallItem.item_class)).all())
    out: dict[str, int] = {}
    for g in groups:
        out[of[g[0]]] = out.get(of[g[0]], 0) + g[2]
    return [(ITEM_CLASSES.label(code), n) for code, n in sorted(out.items(), key=lambda x: -x[1])]


def _channels(groups: Sequence[Any]) -> list[tuple[Any, int]]:
    out: dict[str, int] = {}
    for g in groups:
        out[g[1]] = out.get(g[1], 0) + g[2]
    return [(CHANNELS.label(code), n) for code, n in sorted(out.items(), key=lambda x: -x[1])]


def _days(session: Any, start: date, end: date, hall_id: int | None) -> list[tuple[date, int | None]]:
    """Visitors of the last thirty counted days."""
    v = HallVisitors
    query = select(v.day, func.sum(v.visitors)).where(v.day >= start, v.day < end).group_by(v.day).order_by(v.day.desc()).limit(30)
    found = session.execute(query.where(v.hall_id == hall_id) if hall_id is not None else query).all()
    return [(day, int(n)) for day, n in reversed(found)]
