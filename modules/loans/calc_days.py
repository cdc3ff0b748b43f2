"""Working days between two days, by the public holiday calendar where it is known, else by weekday. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from parkops.workdays import works


def working_days(start: date, end: date) -> int:
    """Working days of `[start, end)`: handed over and answered on one day is 0."""
    return sum(works(start + timedelta(days=n)) for n in range(max(0, (end - start).days)))


def by_party(spans: Iterable[tuple[str, date, date | None]], on: date) -> dict[str, int]:
    """Working days each party had the case; an open span runs until `on`."""
    out: dict[str, int] = {}
    for party, start, end in spans:
        out[party] = out.get(party, 0) + working_days(start, min(end, on) if end else max(start, on))
    return out
