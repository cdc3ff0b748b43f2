"""Machine minutes by weekday and hour of the park's clock, counted by the database."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, cast, extract, func, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP

from parkops.clock import ZONE
from parkops.security import access

from ..models.event import UsageEvent
from ..models.registry import Instrument
from . import recovery


def minutes(session: Any, start: date, end: date, *, platform_id: int | None = None, instrument_id: int | None = None) -> dict[Any, int]:
    """(weekday 1…7, hour 0…23) -> minutes used in `[start, end)`; an event is cut at the hours it passes."""
    access.require(session, "platforms.event", "read")
    hour = text("interval '1 hour'")
    first, last = (cast(func.timezone(ZONE.key, t), TIMESTAMP) for t in (UsageEvent.started_at, UsageEvent.ended_at))
    cells = (
        func.generate_series(func.date_trunc("hour", first), last - text("interval '1 second'"), hour)
        .table_valued("at")
        .render_derived(name="cells")
    )
    at = cells.c.at
    cut = extract("epoch", func.least(last, at + hour) - func.greatest(first, at)) / 60
    day, of_day = cast(extract("isodow", at), Integer), cast(extract("hour", at), Integer)
    query = (
        select(day, of_day, func.round(func.sum(cut)))
        .select_from(UsageEvent)
        .join(cells, text("true"))
        .where(recovery.within(start, end), UsageEvent.kind == "usage")
        .group_by(day, of_day)
    )
    query = query.where(UsageEvent.platform_id == platform_id) if platform_id else query
    query = query.where(UsageEvent.instrument_id == instrument_id) if instrument_id else query
    return {(d, h): int(n) for d, h, n in session.execute(query)}


def machines(session: Any, platform_id: int | None = None, instrument_id: int | None = None) -> int:
    """How many instruments stand behind the map."""
    query = select(func.count(Instrument.id)).where(Instrument.state != "retired")
    query = query.where(Instrument.platform_id == platform_id) if platform_id else query
    return session.scalar(query.where(Instrument.id == instrument_id) if instrument_id else query) or 0


def weeks(start: date, end: date, on: date) -> Decimal:
    """Weeks of the days that have passed."""
    return Decimal((min(end, on + timedelta(days=1)) - start).days) / 7
