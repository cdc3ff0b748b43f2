"""The working-day calendar of a park: its own days over the public one. Rules SV-01, SV-02."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops import records, workdays
from parkops.db.session import scope_of
from parkops.errors import Problem, Refused, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_days
from ..models.calendar import HallDay

RESOURCE = "services.calendar_day"


def calendar_of(session: Any, park_id: int) -> calc_days.Calendar:
    """What the park's halls keep; one statement."""
    rows = session.execute(select(HallDay.day, HallDay.kind).where(HallDay.park_id == park_id))
    return calc_days.Calendar({day: kind == "makeup" for day, kind in rows})


def create_day(session: Any, **values: Any) -> HallDay:
    """A holiday or make-up day of the park; one entry a day (SV-01)."""
    return records.create(session, HallDay, values)


def change_day(session: Any, row: HallDay, **values: Any) -> HallDay:
    """Correct it; limits that are set already keep their day, later ones follow."""
    return records.change(session, row, values)


def remove_day(session: Any, row: HallDay) -> None:
    """The public calendar decides again."""
    records.remove(session, row)


def load_year(session: Any, *, year: int) -> int:
    """SV-02: the announced holidays and make-up days of a year become entries that can be corrected; days entered by hand stay."""
    access.require(session, RESOURCE, "add")
    park_id = scope_of(session).park_id
    if park_id is None:
        raise Refused(_l("Choose a park first."))
    found = workdays.announced(year)
    if not found:
        raise RuleError(
            [Problem("services.SV-02", _l("The holidays of %(year)s are not announced yet; enter them by hand.", year=year), "year")]
        )
    have = set(session.scalars(select(HallDay.day).where(HallDay.park_id == park_id)))
    new = [(day, kind, name) for day, (kind, name) in sorted(found.items()) if day not in have]
    session.add_all(HallDay(park_id=park_id, day=day, kind=kind, name=name or None, source="chinesecalendar") for day, kind, name in new)
    session.flush()
    return len(new)


def load_text(session: Any, *, year: int) -> str:
    """The same for the button."""
    return _("%(n)s days of %(year)s entered.", n=load_year(session, year=year), year=year)


def has_announced(year: int) -> bool:
    """Whether the public calendar knows the year."""
    return bool(workdays.announced(year))
