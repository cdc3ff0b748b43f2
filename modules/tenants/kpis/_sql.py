"""Shared selects of the indicators. Every stock counts the half-open stage rows that cover the window's day."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Date, String, and_, cast, column, func, or_, select, values

from parkops.clock import Period
from parkops.kpi.registry import Window

from ..models.stage import Stage
from ..services.fact_queries import stage_on


def incubating(on: date) -> Any:
    """Firms in incubation on a day: park_id, firm_id, key (carrier)."""
    return select(Stage.park_id, Stage.firm_id, cast(Stage.carrier_id, String).label("key")).where(
        Stage.state == "incubating", stage_on(on)).subquery("incubating")


def changes() -> Any:
    """Every stage row with the stage and carrier before it (first row: NULL)."""
    before = {"partition_by": Stage.firm_id, "order_by": Stage.starts_on}
    return select(
        Stage.park_id, Stage.firm_id, Stage.state, Stage.carrier_id, Stage.starts_on,
        func.lag(Stage.state).over(**before).label("old_state"),
        func.lag(Stage.carrier_id).over(**before).label("old_carrier")).subquery("changes")


def admitted(c: Any) -> Any:
    """Began incubation, from anywhere but incubation."""
    return and_(c.c.state == "incubating", or_(c.c.old_state.is_(None), c.c.old_state != "incubating"))


def ended(c: Any, state: str) -> Any:
    """Incubation ended by graduating, leaving or dissolution."""
    return and_(c.c.state == state, c.c.old_state == "incubating")


def moved(c: Any) -> Any:
    """Stayed in incubation and changed the carrier."""
    return and_(c.c.state == "incubating", c.c.old_state == "incubating", c.c.carrier_id.is_distinct_from(c.c.old_carrier))


def in_window(c: Any, window: Window) -> Any:
    return and_(c.c.starts_on >= window.start, c.c.starts_on < window.end)


def months_of(window: Window) -> tuple[str, list[tuple[date, date]]]:
    """(statement grain, [(period start, its last day)]) that make up the window: the year's own statements for a year, the
    monthly ones otherwise (months that have begun)."""
    if window.period.grain == "year":
        return "year", [(window.start, window.period.last_day)]
    months = [Period.month(window.start)]
    while months[-1].end <= window.on:
        months.append(months[-1].next())
    return "month", [(m.start, m.last_day) for m in months]


def last_of(window: Window) -> tuple[str, list[tuple[date, date]]]:
    """Like `months_of`, but only the last period (stocks such as headcount)."""
    grain, rows = months_of(window)
    return grain, rows[-1:]


def periods(rows: list[tuple[date, date]]) -> Any:
    """A VALUES list of periods: start, last_day."""
    return values(column("start", Date), column("last_day", Date), name="periods").data(rows).alias("periods")

