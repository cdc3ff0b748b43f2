"""When a saved report is due and which period it covers. Pure; rules R-131, R-132."""

from __future__ import annotations

from datetime import date, timedelta

from parkops.clock import Period

GRAINS = ("month", "quarter", "year")


def period_of(rule: str, on: date) -> Period:
    """`last_quarter` on 2026-04-05 is 2026Q1; `this_year` is 2026."""
    which, _, grain = rule.partition("_")
    if which not in ("last", "this") or grain not in GRAINS:
        raise ValueError(f"{rule!r} is no rule of a period")
    period = Period.of(grain, on)
    return period.previous() if which == "last" else period


def due_day(every: str, period: Period, after_days: int) -> date:
    """The `after_days`-th day of the month, quarter or year, at most its last."""
    if every != period.grain:
        raise ValueError(f"a report of every {every} is not due in a {period.grain}")
    return min(period.start + timedelta(days=after_days - 1), period.last_day)


def last_due(every: str, after_days: int, starts_on: date, on: date) -> date | None:
    """The latest due date at or before `on` and not before `starts_on`; None when there is none."""
    if every not in GRAINS:
        return None
    period = Period.of(every, on)
    found = due_day(every, period, after_days)
    if found > on:
        found = due_day(every, period.previous(), after_days)
    return found if found >= starts_on else None
