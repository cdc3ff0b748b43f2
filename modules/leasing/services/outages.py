"""Days on which a unit cannot be let, with the cause. Rule S-17."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.lease import Lease, LeaseUnit
from ..models.space import Outage, Unit


def create_outage(
    session: Any, *, unit_id: int, cause: str, starts_on: date, ends_on: date | None = None, note: str | None = None
) -> Outage:
    """Record an outage. S-17: own use never covers days of a lease; outages of a unit do not overlap."""
    values = {"unit_id": unit_id, "cause": cause, "starts_on": starts_on, "ends_on": ends_on, "note": note}
    return records.create(session, Outage, values, _check(None))


def change_outage(
    session: Any, outage: Outage, *, cause: str, starts_on: date, ends_on: date | None = None, note: str | None = None
) -> Outage:
    """Correct an outage."""
    return records.change(session, outage, {"cause": cause, "starts_on": starts_on, "ends_on": ends_on, "note": note}, _check(outage.id))


def remove_outage(session: Any, outage: Outage) -> None:
    """Delete an outage entered by mistake."""
    records.remove(session, outage)


def begin_outage(session: Any, unit: Unit, *, cause: str, starts_on: date, ends_on: date | None = None, note: str | None = None) -> str:
    """The button on a unit and in the stacking plan."""
    access.require(session, "leasing.outage", "add")
    create_outage(session, unit_id=unit.id, cause=cause, starts_on=starts_on, ends_on=ends_on, note=note)
    return _("Outage recorded.")


def finish_outage(session: Any, outage: Outage, *, on: date) -> None:
    """It lasts until `on`, the last day."""
    access.require(session, "leasing.outage", "change")
    change_outage(session, outage, cause=outage.cause, starts_on=outage.starts_on, ends_on=on, note=outage.note)


def why_not_finish(session: Any, outage: Outage) -> str | None:
    """Guard of the button."""
    return _("This outage has its last day already.") if outage.ends_on is not None else None


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        first, last, unit_id = values["starts_on"], values.get("ends_on"), values["unit_id"]
        records.date_order(values, problems, "starts_on", "ends_on", _l("An outage cannot end before it begins."))
        query = select(Outage.starts_on).where(Outage.unit_id == unit_id, or_(Outage.ends_on.is_(None), Outage.ends_on >= first))
        query = query.where(Outage.starts_on <= last) if last is not None else query
        other = session.scalar((query.where(Outage.id != own_id) if own_id is not None else query).limit(1))
        if other is not None:
            problems.add(
                "leasing.S-17", _l("An outage of this unit begins on %(day)s already; change that one.", day=other.isoformat()), "starts_on"
            )
        if values["cause"] == "own_use":
            _no_lease(session, problems, unit_id, first, last)

    return check


def _no_lease(session: Any, problems: Problems, unit_id: int, first: date, last: date | None) -> None:
    covers = LeaseUnit.during.op("&&")(func.daterange(first, last, "[]"))
    number = session.scalar(
        select(Lease.number).join(LeaseUnit, LeaseUnit.lease_id == Lease.id).where(LeaseUnit.unit_id == unit_id, covers).limit(1)
    )
    if number is not None:
        problems.add(
            "leasing.S-17", _l("Lease %(number)s covers these days; the park cannot use the unit itself then.", number=number), "starts_on"
        )
