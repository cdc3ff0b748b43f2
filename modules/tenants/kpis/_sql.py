"""Shared selects of the indicators. Every stock counts the half-open stage rows that cover the window's day."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Date, String, and_, cast, column, func, or_, select, true, values
from sqlalchemy.orm import aliased

from parkops.clock import Period
from parkops.kpi.registry import Window

from ..models.stage import Stage
from ..services.fact_queries import stage_on


def incubating(on: date) -> Any:
    """Firms in incubation on a day: park_id, firm_id, key (carrier)."""
    return select(Stage.park_id, Stage.firm_id, cast(Stage.carrier_id, String).label("key")).where(
        Stage.state == "incubating", stage_on(on)).subquery("incubating")


def changes(since: date | None = None, before: date | None = None) -> Any:
    """Every stage row with the stage and carrier before it (first row: NULL).

    With days only the rows that begin in `[since, before)`: the row before each is then found by the index on firm and day, where all
    rows together are sorted."""
    if since is None or before is None:
        past = {"partition_by": Stage.firm_id, "order_by": Stage.starts_on}
        old_state, old_carrier = func.lag(Stage.state).over(**past), func.lag(Stage.carrier_id).over(**past)
        return select(*_ROW, old_state.label("old_state"), old_carrier.label("old_carrier")).subquery("changes")
    p = aliased(Stage)
    last = select(p.state, p.carrier_id).where(p.firm_id == Stage.firm_id, p.starts_on < Stage.starts_on).order_by(
        p.starts_on.desc()).limit(1).correlate(Stage).lateral("last")
    return select(*_ROW, last.c.state.label("old_state"), last.c.carrier_id.label("old_carrier")).select_from(Stage).outerjoin(
        last, true()).where(Stage.starts_on >= since, Stage.starts_on < before).subquery("changes")


_ROW = (Stage.park_id, Stage.firm_id, Stage.state, Stage.carrier_id, Stage.starts_on)


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

