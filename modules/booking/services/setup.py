"""Groups, resources, attributes, opening hours, closures, plans. Rules K-37 to K-39."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from parkops import clock, records
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.booking import LIVE, Booking, BookingSeries, WaitingEntry
from ..models.entitlement import CreditGrant, EntitlementGrant, EntitlementPlan, PlanLine
from ..models.resource import BookableResource, OpeningHours, ResourceAttribute, ResourceClosure, ResourceGroup

TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
MINUTES = ("gap_minutes", "turnaround_minutes", "notice_minutes", "cancel_minutes")


def create_group(session: Any, **values: Any) -> ResourceGroup:
    """A group of resources people look at together."""
    return records.create(session, ResourceGroup, values)


def change_group(session: Any, group: ResourceGroup, **values: Any) -> ResourceGroup:
    """Change it."""
    return records.change(session, group, values)


def remove_group(session: Any, group: ResourceGroup) -> None:
    """Delete a group nothing is in."""
    records.remove(session, group, (BookableResource, "group_id", _l("Resources are in this group; move them first.")),
                   (PlanLine, "group_id", _l("Rights are granted for this group; change them first.")),
                   (CreditGrant, "group_id", _l("Rights are granted for this group; change them first.")))


def create_resource(session: Any, **values: Any) -> BookableResource:
    """Something that can be booked, with its rules (K-37). What is left empty takes the column's default, where it has one."""
    given = {k: v for k, v in values.items() if v is not None or BookableResource.__table__.c[k].nullable}
    return records.create(session, BookableResource, given, _check_resource)


def change_resource(session: Any, resource: BookableResource, **values: Any) -> BookableResource:
    """Change it. One booking at a time only when none overlap (K-38)."""

    def check(s: Any, v: dict[str, Any], problems: Problems) -> None:
        _check_resource(s, v, problems)
        if v["capacity"] == 1 and resource.capacity > 1 and _overlaps(s, resource):
            problems.add("booking.K-38", _l("Bookings of this resource overlap. Cancel or move them before only one is allowed at a time."),
                         "capacity")

    return records.change(session, resource, values, check)


def _overlaps(session: Any, resource: BookableResource) -> bool:
    from sqlalchemy.orm import aliased

    from ..models.booking import OCCUPYING

    other = aliased(Booking)
    return session.scalar(select(Booking.id).join(other, (other.resource_id == Booking.resource_id) & (other.id > Booking.id)).where(
        Booking.resource_id == resource.id, Booking.state.in_(OCCUPYING), other.state.in_(OCCUPYING),
        Booking.during.op("&&")(other.during)).limit(1)) is not None


def remove_resource(session: Any, resource: BookableResource) -> None:
    """Delete a resource that was never booked."""
    sentence = _l("It was booked; take it out of booking instead of deleting it.")
    records.remove(session, resource, (Booking, "resource_id", sentence), (BookingSeries, "resource_id", sentence),
                   (WaitingEntry, "resource_id", sentence),
                   (ResourceAttribute, "resource_id", _l("Delete its attributes first.")),
                   (OpeningHours, "resource_id", _l("Delete its opening hours first.")),
                   (ResourceClosure, "resource_id", _l("It has closures; take it out of booking instead of deleting it.")))


def _check_resource(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """K-37: positive numbers that fit together."""
    for name in ("capacity", "seats", "horizon_days", "min_minutes", "max_minutes", "per_day", "missed_minutes"):
        if values.get(name) is not None and values[name] < 1:
            problems.add("booking.K-37", _l("Enter a number above zero, or leave it empty."), name)
    for name in MINUTES:
        if (values.get(name) or 0) < 0:
            problems.add("booking.K-37", _l("This cannot be negative."), name)
    step, least, most = values.get("step_minutes"), values.get("min_minutes"), values.get("max_minutes")
    if step is None or not 5 <= step <= 1440:
        problems.add("booking.K-37", _l("The time grid is 5 to 1440 minutes."), "step_minutes")
    if least is not None and most is not None and most < least:
        problems.add("booking.K-37", _l("The longest booking cannot be shorter than the shortest."), "max_minutes")


def create_attribute(session: Any, **values: Any) -> ResourceAttribute:
    """What a resource has."""
    return records.create(session, ResourceAttribute, values)


def change_attribute(session: Any, row: ResourceAttribute, **values: Any) -> ResourceAttribute:
    """Change it."""
    return records.change(session, row, values)


def remove_attribute(session: Any, row: ResourceAttribute) -> None:
    """Delete it."""
    records.remove(session, row)


def _check_hours(session: Any, values: dict[str, Any], problems: Problems) -> None:
    """K-39: times of day, in order, for one resource or one group."""
    for name in ("opens", "closes"):
        if not TIME.fullmatch(values.get(name) or ""):
            problems.add("booking.K-39", _l("Write the time as 08:30."), name)
    if (values.get("closes") or "") <= (values.get("opens") or ""):
        problems.add("booking.K-39", _l("It closes before it opens. Check both times."), "closes")
    if (values.get("resource_id") is None) == (values.get("group_id") is None):
        problems.add("booking.K-39", _l("Choose a resource or a group, not both."), "resource_id")
    records.date_order(values, problems, "valid_from", "valid_to", _l("The last day lies before the first. Check both."))


def create_opening(session: Any, **values: Any) -> OpeningHours:
    """Opening hours of a weekday."""
    return records.create(session, OpeningHours, values, _check_hours)


def change_opening(session: Any, row: OpeningHours, **values: Any) -> OpeningHours:
    """Change them."""
    return records.change(session, row, values, _check_hours)


def remove_opening(session: Any, row: OpeningHours) -> None:
    """Delete them."""
    records.remove(session, row)


def _check_closure(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("ends_at") is not None and values["ends_at"] <= values["starts_at"]:
        problems.add("booking.K-10", _l("The end lies before the start. Choose a later end."), "ends_at")
    if values.get("resource_id") is not None and values.get("group_id") is not None:
        problems.add("booking.K-10", _l("Choose a resource or a group, not both."), "group_id")
    if values.get("kind") != "closure" and values.get("resource_id") is None and values.get("group_id") is None:
        problems.add("booking.K-10", _l("Say what is out of order: choose a resource or a group."), "resource_id")


def create_closure(session: Any, **values: Any) -> ResourceClosure:
    """From when to when nothing can be booked. What is booked already stays; `affected` lists it."""
    return records.create(session, ResourceClosure, values, _check_closure)


def change_closure(session: Any, row: ResourceClosure, **values: Any) -> ResourceClosure:
    """Change it."""
    return records.change(session, row, values, _check_closure)


def finish_closure(session: Any, row: ResourceClosure, *, at: datetime | None = None) -> str:
    """It works again from now on."""
    access.require(session, "booking.closure", "change")
    change_closure(session, row, ends_at=at or clock.now())
    return _("Open again.")


def why_not_finish(session: Any, row: ResourceClosure) -> str | None:
    """Guard of the button."""
    at = clock.now()
    if row.starts_at >= at:
        return str(_l("It has not begun yet; change its times instead."))
    return str(_l("It is over already.")) if row.ends_at is not None and row.ends_at <= at else None


def affected(session: Any, row: ResourceClosure) -> list[Booking]:
    """Live bookings a closure touches: to be moved or cancelled by staff."""
    return list(session.scalars(_affected(row, select(Booking)).options(
        selectinload(Booking.firm), selectinload(Booking.resource)).order_by(Booking.starts_at, Booking.id)))


def _affected(row: ResourceClosure, query: Any) -> Any:
    query = query.join(BookableResource, BookableResource.id == Booking.resource_id).where(
        Booking.state.in_(LIVE), Booking.park_id == row.park_id, Booking.ends_at > row.starts_at)
    if row.ends_at is not None:
        query = query.where(Booking.starts_at < row.ends_at)
    if row.resource_id is not None or row.group_id is not None:
        query = query.where(or_(BookableResource.id == (row.resource_id or 0), BookableResource.group_id == (row.group_id or 0)))
    return query


def create_plan(session: Any, **values: Any) -> EntitlementPlan:
    """A bundle of monthly rights."""
    return records.create(session, EntitlementPlan, values)


def change_plan(session: Any, plan: EntitlementPlan, **values: Any) -> EntitlementPlan:
    """Change it."""
    return records.change(session, plan, values)


def remove_plan(session: Any, plan: EntitlementPlan) -> None:
    """Delete a plan nobody has."""
    records.remove(session, plan, (EntitlementGrant, "plan_id", _l("Firms have this plan; end it instead.")),
                   (PlanLine, "plan_id", _l("Delete its lines first.")))


def count_affected(session: Any, row: ResourceClosure) -> int:
    """How many bookings a closure touches."""
    return session.scalar(_affected(row, select(func.count(Booking.id)).select_from(Booking)))
