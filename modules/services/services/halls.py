"""Halls, windows, visitors counted. Rules SV-03, SV-04."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from parkops import records
from parkops.db import audit
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.hall import HallVisitors, HallWindow, ServiceHall
from ..models.item import ITEM_CLASSES, HallItem
from ..models.queue import QueueTicket

WEEK = timedelta(days=7)


def _hall(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("area") is not None and values["area"] <= 0:
        problems.add("services.SV-03", _l("Enter an area above zero, or leave it empty."), "area")
    records.not_future(values, problems, ("opened_on",))


def create_hall(session: Any, **values: Any) -> ServiceHall:
    """A hall of the park (SV-03)."""
    return records.create(session, ServiceHall, values, _hall)


def change_hall(session: Any, row: ServiceHall, **values: Any) -> ServiceHall:
    """Change what is known of it."""
    return records.change(session, row, values, _hall)


def remove_hall(session: Any, row: ServiceHall) -> None:
    """Only one nobody uses."""
    records.remove(
        session,
        row,
        (HallWindow, "hall_id", _l("The hall has windows; remove them first.")),
        (HallItem, "hall_id", _l("The hall has service items; move them first.")),
    )


def _window(session: Any, values: dict[str, Any], problems: Problems) -> None:
    wrong = [str(c) for c in values.get("classes") or () if c not in ITEM_CLASSES]
    if wrong:
        problems.add("services.SV-04", _l("There is no item class %(names)s; choose from the list.", names=", ".join(wrong)), "classes")


def create_window(session: Any, **values: Any) -> HallWindow:
    """A window of a hall; it may call some classes of items only (SV-04)."""
    return records.create(session, HallWindow, values, _window)


def change_window(session: Any, row: HallWindow, **values: Any) -> HallWindow:
    """Another officer, other classes."""
    return records.change(session, row, values, _window)


def remove_window(session: Any, row: HallWindow) -> None:
    """Only one that never called anybody."""
    records.remove(session, row, (QueueTicket, "window_id", _l("This window has served people; put it out of use instead.")))


def _visitors(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["visitors"] < 0:
        problems.add("services.SV-03", _l("This cannot be negative."), "visitors")
    records.not_future(values, problems, ("day",))


def create_visitors(session: Any, **values: Any) -> HallVisitors:
    """People counted on a day; one entry a hall and day."""
    return records.create(session, HallVisitors, values, _visitors)


def change_visitors(session: Any, row: HallVisitors, **values: Any) -> HallVisitors:
    """Correct the count."""
    return records.change(session, row, values, _visitors)


def remove_visitors(session: Any, row: HallVisitors) -> None:
    """The day is unreported again."""
    records.remove(session, row)


def count_visitors(session: Any, *, on: date, park_id: int) -> dict[str, int]:
    """SV-03: the tickets of the last seven days become the day's count where nobody counted; one without tickets stays unreported.

    Older days are not looked at again, so that a count removed there stays removed."""
    t, v = QueueTicket, HallVisitors
    counted = select(t.park_id, t.hall_id, t.day, func.count(t.id), literal("tickets")).where(
        t.park_id == park_id, t.day < on, t.day >= on - WEEK
    )
    query = insert(v).from_select(["park_id", "hall_id", "day", "visitors", "counted_by"], counted.group_by(t.park_id, t.hall_id, t.day))
    done = session.execute(query.on_conflict_do_nothing(index_elements=["hall_id", "day"]).returning(v.id)).all()
    if done:
        audit.bulk(session, HallVisitors, "add", len(done), {"from": "tickets"})
    return {"days": len(done)}
