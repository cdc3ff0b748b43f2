"""Platforms, instruments, what they sell, staff and trainings as plain records. Rules U-16 to U-18."""

from __future__ import annotations

from typing import Any

from modules.booking.models.resource import BookableResource
from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.event import UsageEvent
from ..models.registry import Instrument, OperatorQualification, Platform, PlatformStaff, ServiceItem

USED = _l("It has events; take it out of use instead.")


def create_platform(session: Any, **values: Any) -> Platform:
    """Enter a platform."""
    return records.create(session, Platform, values, _check_platform)


def change_platform(session: Any, platform: Platform, **values: Any) -> Platform:
    """Change a platform."""
    return records.change(session, platform, values, _check_platform)


def remove_platform(session: Any, platform: Platform) -> None:
    """Delete a platform nothing rests on."""
    records.remove(session, platform, (Instrument, "platform_id", _l("It has instruments; take it out of use instead.")),
                   (UsageEvent, "platform_id", USED))


def _check_platform(session: Any, v: dict[str, Any], problems: Problems) -> None:
    if v["operating_model"] != "self" and v.get("operator_id") is None:
        problems.add("platforms.U-16", _l("Name the operator of a delegated or joint platform."), "operator_id")


def create_instrument(session: Any, **values: Any) -> Instrument:
    """Enter an instrument (U-17): life and rated hours bound what it costs and how well it is used."""
    return records.create(session, Instrument, values, _check_with_day)


def change_instrument(session: Any, instrument: Instrument, **values: Any) -> Instrument:
    """Change an instrument; retiring it needs its last day, taking it back into use clears the day (U-17)."""
    if instrument.state == "retired" and values.get("state", "retired") != "retired":
        values["retired_on"] = None
    known = instrument.state == "retired" and instrument.retired_on is None
    return records.change(session, instrument, values, _check_instrument if known else _check_with_day)


def remove_instrument(session: Any, instrument: Instrument) -> None:
    """Delete an instrument that was never used."""
    records.remove(session, instrument, (UsageEvent, "instrument_id", USED))


def _check_with_day(session: Any, v: dict[str, Any], problems: Problems) -> None:
    if v.get("state") == "retired" and v.get("retired_on") is None:
        problems.add("platforms.U-17", _l("Say on which day it was retired."), "retired_on")
    _check_instrument(session, v, problems)


def _check_instrument(session: Any, v: dict[str, Any], problems: Problems) -> None:
    if not 1 <= v["life_years"] <= 50:
        problems.add("platforms.U-17", _l("A useful life is 1 to 50 years."), "life_years")
    if not 1 <= v["rated_hours"] <= 8760:
        problems.add("platforms.U-17", _l("Rated hours are 1 to 8,760 a year: 1,400 in general, 800 if special."), "rated_hours")
    if v.get("value") is not None and v.get("value") < 0:
        problems.add("platforms.U-17", _l("A value is not negative."), "value")
    if v.get("retired_on") is not None and v.get("state") != "retired":
        problems.add("platforms.U-17", _l("Only a retired instrument has a last day."), "retired_on")
    records.not_future(v, problems, ("retired_on",))
    records.date_order(v, problems, "bought_on", "retired_on", _l("The last day lies before the first."))
    resource = session.get(BookableResource, v.get("resource_id")) if v.get("resource_id") else None
    if resource is not None and resource.kind not in ("instrument", "studio"):
        problems.add("platforms.U-17", _l("Choose an instrument or studio of the booking calendar."), "resource_id")


def create_item(session: Any, **values: Any) -> ServiceItem:
    """Enter something a platform sells; stock comes by stock moves."""
    return records.create(session, ServiceItem, values)


def change_item(session: Any, item: ServiceItem, **values: Any) -> ServiceItem:
    """Change it."""
    return records.change(session, item, values)


def create_staff(session: Any, **values: Any) -> PlatformStaff:
    """Enter who works on a platform."""
    return records.create(session, PlatformStaff, values, _check_staff)


def change_staff(session: Any, staff: PlatformStaff, **values: Any) -> PlatformStaff:
    """Change it."""
    return records.change(session, staff, values, _check_staff)


def _check_staff(session: Any, v: dict[str, Any], problems: Problems) -> None:
    records.date_order(v, problems, "starts_on", "last_day", _l("The last day lies before the first."))


def create_qualification(session: Any, **values: Any) -> OperatorQualification:
    """Record a training (U-18): who may use the instrument, until when."""
    return records.create(session, OperatorQualification, values, _check_qualification)


def change_qualification(session: Any, qualification: OperatorQualification, **values: Any) -> OperatorQualification:
    """Change it."""
    return records.change(session, qualification, values, _check_qualification)


def _check_qualification(session: Any, v: dict[str, Any], problems: Problems) -> None:
    records.date_order(v, problems, "trained_on", "expires_on", _l("The last day lies before the first."))
    records.not_future(v, problems, ("trained_on",))
