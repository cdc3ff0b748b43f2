"""The day of a group: every resource with what is booked, when it is closed, and where something may begin. Four statements a page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from parkops import clock

from .. import calc_day_plan as calc
from .. import calc_policy
from ..models.booking import Booking
from ..models.resource import BookableResource, OpeningHours, ResourceClosure
from . import calendar

HOUR, GRID = 60, 30


@dataclass(frozen=True)
class Column:
    """A resource of the plan. `closed`: outside opening hours; `stops`: closures with their part; `slots`: (start, end) to book."""

    resource: BookableResource
    blocks: list[tuple[calc.Block, Booking]]
    closed: list[calc.Part]
    stops: list[tuple[ResourceClosure, calc.Part]]
    slots: list[calc.Part]


@dataclass(frozen=True)
class DayPlan:
    """The columns, the whole hours shown, and the minute it is (None on another day)."""

    day: date
    hours: calc.Part
    columns: list[Column]
    now: int | None


def of_group(session: Any, *, group_id: int | None, day: date, at: datetime) -> DayPlan:
    """The plan of a group's active resources (of all resources without a group when none is named). Needs to read bookings."""
    found = calendar.resources_of(session, resource_id=None, group_id=group_id)
    resources = found if group_id is not None else [r for r in found if r.group_id is None]
    start = calc_policy.instant(day, "00:00")
    end = start + timedelta(days=1)
    booked, stops = defaultdict(list), calendar.closures_between(session, resources, start, end)
    for b in calendar.bookings_between(session, resources, start, end):
        until = min(b.ends_at, b.finished_at or b.ends_at)
        if part := calc.minutes_of(day, b.starts_at, until):
            booked[b.resource_id].append((b, part))
    open_ = {r.id: _open(hours, day) for r, hours in hours_of(session, resources)}
    touched = [p for parts in open_.values() for p in parts or ()] + [p for rows in booked.values() for _b, p in rows]
    shown = calc.hours_shown(touched)
    today = clock.local(at)
    now = today.hour * HOUR + today.minute if today.date() == day else None
    earliest = now if now is not None else 0 if day > today.date() else calc.DAY
    return DayPlan(day, shown, [_column(r, day, booked[r.id], open_[r.id], stops, shown, earliest) for r in resources], now)


def _column(resource: BookableResource, day: date, booked: list[Any], open_: list[calc.Part] | None, stops: list[ResourceClosure],
            shown: calc.Part, earliest: int) -> Column:
    rows = {b.id: b for b, _part in booked}
    blocks = [(block, rows[block.key]) for block in calc.beside((b.id, *part) for b, part in booked)]
    closed = [] if open_ is None else calc.rest(open_)
    mine = [(c, part) for c in stops if hits(c, resource) and (part := calc.minutes_of(day, c.starts_at, c.ends_at))]
    full = [part for _b, part in booked] if resource.capacity == 1 else []
    least, usual = max(resource.min_minutes or 0, resource.step_minutes), min(resource.max_minutes or HOUR, HOUR)
    slots = calc.free_slots(shown, max(resource.step_minutes, GRID), least, usual, [*closed, *[p for _c, p in mine], *full], earliest)
    return Column(resource, blocks, closed, mine, slots)


def hits(c: ResourceClosure, r: BookableResource) -> bool:
    """Whether a closure is of the resource, its group or the whole park."""
    if c.resource_id is None and c.group_id is None:
        return True
    return c.resource_id == r.id or (c.group_id is not None and c.group_id == r.group_id)


def hours_of(session: Any, resources: list[BookableResource]) -> list[tuple[BookableResource, list[calc_policy.Hours]]]:
    """Opening hours of all at once: own rows replace the group's."""
    o = OpeningHours
    groups = {r.group_id for r in resources if r.group_id is not None}
    rows = session.scalars(select(o).where(or_(o.resource_id.in_([r.id for r in resources]), o.group_id.in_(groups)))).all()
    own, shared = defaultdict(list), defaultdict(list)
    for row in rows:
        (own[row.resource_id] if row.resource_id is not None else shared[row.group_id]).append(
            calc_policy.Hours(int(row.weekday), row.opens, row.closes, row.valid_from, row.valid_to))
    return [(r, own[r.id] or shared[r.group_id]) for r in resources]


def _open(hours: list[calc_policy.Hours], day: date) -> list[calc.Part] | None:
    """Open parts of the day; None: always open."""
    if not hours:
        return None
    spans = calc_policy.open_spans(hours, [day - timedelta(days=1), day])
    return [part for a, b in spans if (part := calc.minutes_of(day, a, b))]
