"""The day of a step: not in the future, and that day or later. One place for the whole hall."""

from __future__ import annotations

from datetime import date

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l


def look(problems: Problems, code: str, on: date, *after: date | None, field: str = "on") -> None:
    """Adds what is wrong with the day: it lies in the future, or before one of the days it follows."""
    records.not_future({field: on}, problems, (field,))
    first = max((d for d in after if d is not None), default=None)
    if first is not None and on < first:
        problems.add(code, _l("This lies before %(day)s; choose that day or a later one.", day=first.isoformat()), field)


def require(code: str, on: date, *after: date | None) -> None:
    """The same when nothing else is asked. Raises RuleError."""
    problems = Problems()
    look(problems, code, on, *after)
    problems.stop()
