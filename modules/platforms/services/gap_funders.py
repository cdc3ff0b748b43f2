"""Who bears the gap of a class that pays less than break-even. Rule U-114: one named funder per platform, class and day."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import or_, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.cost import GapFunder


def create_funder(
    session: Any, *, platform_id: int, customer_class: str, funder: str, document: str, starts_on: date, last_day: date | None = None
) -> GapFunder:
    """Name a funder with the paper that says so."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return records.create(session, GapFunder, values, _check(None))


def change_funder(session: Any, row: GapFunder, *, funder: str, document: str, starts_on: date, last_day: date | None = None) -> GapFunder:
    """Correct it or let it end."""
    values = {n: v for n, v in locals().items() if n not in ("session", "row")}
    return records.change(session, row, values, _check(row.id))


def remove_funder(session: Any, row: GapFunder) -> None:
    """Delete one entered by mistake."""
    records.remove(session, row)


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        records.date_order(values, problems, "starts_on", "last_day", _l("It cannot end before it begins."))
        f, last = GapFunder, values.get("last_day") or date.max
        other = session.scalar(
            select(f.funder)
            .where(
                f.platform_id == values["platform_id"],
                f.customer_class == values["customer_class"],
                f.starts_on <= last,
                or_(f.last_day.is_(None), f.last_day >= values["starts_on"]),
                f.id != (own_id or 0),
            )
            .limit(1)
        )
        if other is not None:
            problems.add(
                "platforms.U-114", _l("%(name)s bears the gap on some of these days; let that end first.", name=other), "starts_on"
            )

    return check
