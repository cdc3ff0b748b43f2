"""How long resources were open: opening hours without closures and outages. Three statements whatever the number of resources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from .. import calc_policy
from ..models.resource import BookableResource
from . import calendar, day_plan


def minutes_open(session: Any, spans: Sequence[tuple[BookableResource, date, date]]) -> dict[int, int | None]:
    """Minutes each resource was open in its `[start, end)`; None when no opening hours are recorded, for it or its group.

    A resource without hours can be booked at any time, but nobody said that it was attended all that time."""
    if not spans:
        return {}
    first, end = min(s for _r, s, _e in spans), max(e for _r, _s, e in spans)
    start_at, end_at = calc_policy.instant(first, "00:00"), calc_policy.instant(end, "00:00")
    resources = [r for r, _s, _e in spans]
    hours = {r.id: rows for r, rows in day_plan.hours_of(session, resources)}
    stops = calendar.closures_between(session, resources, start_at, end_at)
    out: dict[int, int | None] = {}
    for r, start, until in spans:
        closed: list[calc_policy.Span] = [(c.starts_at, c.ends_at or datetime.max.replace(tzinfo=c.starts_at.tzinfo))
                                          for c in stops if day_plan.hits(c, r)]
        days = [start + timedelta(days=n) for n in range((until - start).days)]
        out[r.id] = calc_policy.open_minutes(hours[r.id], days, closed) if hours[r.id] else None
    return out
