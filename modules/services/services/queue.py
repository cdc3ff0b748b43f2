"""Queue numbers: taken, called, served. Rules SV-10 to SV-15.

A number is drawn from the counter row of the hall's day (one statement, so that two clients never get the same); a window takes
the next ticket with FOR UPDATE SKIP LOCKED, so that two windows never call the same client, and locks its own row before, so that
two clicks at one window never call two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_days
from ..models.hall import HallWindow, ServiceHall
from ..models.item import ITEM_CLASSES
from ..models.queue import QueueCounter, QueueTicket
from ..states import TICKET

RESOURCE = "services.ticket"


def next_number(session: Any, hall: ServiceHall, day: date) -> int:
    """SV-10: the next number of the day; the counter's row is locked until the transaction ends."""
    q = QueueCounter
    first = insert(q).values(park_id=hall.park_id, hall_id=hall.id, day=day, last=1)
    return session.execute(
        first.on_conflict_do_update(index_elements=["hall_id", "day"], set_={"last": q.last + 1}).returning(q.last)
    ).scalar_one()


def take_ticket(session: Any, *, hall_id: int, item_class: str, at: datetime | None = None) -> QueueTicket:
    """A client takes a number at the machine or from the guide."""
    access.require(session, RESOURCE, "add")
    at = at or clock.now()
    hall = session.get(ServiceHall, hall_id)
    if hall is None:
        raise NotFound(_l("There is no such record in your parks."))
    problems = Problems()
    if not hall.active:
        problems.add("services.SV-10", _l("This hall is closed; choose another one."), "hall_id")
    if item_class not in ITEM_CLASSES:
        problems.add("services.SV-10", _l("Choose one of the values offered."), "item_class")
    problems.stop()
    day = clock.local(at).date()
    row = QueueTicket(
        park_id=hall.park_id, hall_id=hall.id, day=day, number=next_number(session, hall, day), item_class=item_class, taken_at=at
    )
    session.add(row)
    session.flush()
    return row


def ahead(session: Any, row: QueueTicket) -> int:
    """How many wait before this number."""
    t = QueueTicket
    return (
        session.scalar(
            select(func.count(t.id)).where(t.hall_id == row.hall_id, t.day == row.day, t.state == "waiting", t.number < row.number)
        )
        or 0
    )


def call_next(session: Any, window: HallWindow, *, at: datetime | None = None) -> QueueTicket | None:
    """SV-11: the lowest waiting number of the window's classes; None when nobody waits. The one at the window is finished first."""
    access.require(session, RESOURCE, "act")
    at = at or clock.now()
    t, day, problems = QueueTicket, clock.local(at).date(), Problems()
    session.execute(select(HallWindow.id).where(HallWindow.id == window.id).with_for_update())  # one click at a time at a window
    if not window.active:
        problems.add("services.SV-11", _l("This window is out of use."))
    busy = at_window(session, window, day)
    if busy is not None:
        problems.add("services.SV-11", _l("Finish number %(number)s first.", number=busy.label))
    problems.stop()
    query = (
        select(t)
        .where(t.park_id == window.park_id, t.hall_id == window.hall_id, t.day == day, t.state == "waiting")
        .order_by(t.number)
        .limit(1)
    )
    if window.classes:
        query = query.where(t.item_class.in_(window.classes))
    row = session.scalars(query.with_for_update(of=t, skip_locked=True)).first()
    if row is None:
        return None
    row.window_id, row.called_at, row.calls = window.id, at, row.calls + 1
    row.officer_id = scope_of(session).user_id
    if row.waited is None:  # SV-12: the wait ends with the first call
        row.waited = calc_days.minutes((at - row.taken_at).total_seconds())
    TICKET.move(session, row, "call", on=day)
    return row


def at_window(session: Any, window: HallWindow, day: date) -> QueueTicket | None:
    """The number called to or served at a window."""
    t = QueueTicket
    return session.scalars(select(t).where(t.window_id == window.id, t.day == day, t.state.in_(("called", "serving"))).limit(1)).first()


def recall(session: Any, row: QueueTicket, *, at: datetime | None = None) -> str:
    """SV-12: called again on the screens; the waiting time is that of the first call."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if row.state != "called":
        problems.add("services.SV-12", _l("Only a number that is called is called again."))
    problems.stop()
    row.calls, row.called_at = row.calls + 1, at or clock.now()
    session.flush()
    return _("Called again: %(number)s", number=row.label)


def serve_ticket(session: Any, row: QueueTicket, *, at: datetime | None = None) -> None:
    """The client is here."""
    row.serving_at = at or clock.now()
    TICKET.move(session, row, "serve")


def finish_ticket(session: Any, row: QueueTicket, *, at: datetime | None = None) -> None:
    """Served; the window is free."""
    row.ended_at = at or clock.now()
    TICKET.move(session, row, "finish")


def miss_ticket(session: Any, row: QueueTicket) -> None:
    """SV-13: nobody came; the number can go back into the queue."""
    TICKET.move(session, row, "miss")


def requeue_ticket(session: Any, row: QueueTicket) -> None:
    """The client is back; the number keeps its place, since it is lower than those behind."""
    row.window_id = row.officer_id = None
    TICKET.move(session, row, "requeue")


def leave_ticket(session: Any, row: QueueTicket, *, at: datetime | None = None) -> None:
    """The client went away."""
    row.ended_at = at or clock.now()
    TICKET.move(session, row, "leave")


def clear_day(session: Any, *, on: date, park_id: int) -> dict[str, int]:
    """SV-14: numbers of earlier days that nobody served have gone away; those still at a window were served."""
    t, counts = QueueTicket, {"left": 0, "served": 0}
    rows = session.scalars(
        select(t).where(t.park_id == park_id, t.day < on, t.state.in_(("waiting", "called", "missed", "serving"))).order_by(t.id)
    )
    for row in rows:
        if row.state == "called":
            TICKET.move(session, row, "miss", on=on)
        TICKET.move(session, row, "finish" if row.state == "serving" else "leave", on=on)
        counts["served" if row.state == "served" else "left"] += 1
    return counts


@dataclass(frozen=True)
class Screen:
    """What the wall shows: numbers called newest first, how many wait, the longest wait in minutes."""

    called: list[QueueTicket]
    waiting: int
    longest: int


def screen(session: Any, hall: ServiceHall, *, at: datetime) -> Screen:
    """SV-15: the wall of a hall: numbers only, nobody's name."""
    access.require(session, RESOURCE, "read")
    t, day = QueueTicket, clock.local(at).date()
    here = (t.hall_id == hall.id, t.day == day)
    called = list(
        session.scalars(select(t).where(*here, t.state.in_(("called", "serving"))).order_by(t.called_at.desc(), t.id.desc()).limit(8))
    )
    waiting, first = session.execute(select(func.count(t.id), func.min(t.taken_at)).where(*here, t.state == "waiting")).one()
    return Screen(called, waiting, calc_days.minutes((at - first).total_seconds()) if first else 0)


def waiting(session: Any, window: HallWindow, *, at: datetime, limit: int = 12) -> list[QueueTicket]:
    """The next numbers of a window's classes."""
    t = QueueTicket
    query = (
        select(t).where(t.hall_id == window.hall_id, t.day == clock.local(at).date(), t.state == "waiting").order_by(t.number).limit(limit)
    )
    return list(session.scalars(query.where(t.item_class.in_(window.classes)) if window.classes else query))
