"""Amenities, their titles and reported years. Rules Y-01 to Y-03."""

from __future__ import annotations

from typing import Any

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.facility import AmenityFacility, AmenityPeriod, AmenityTitle
from ..models.housing import Apartment
from ..models.meals import Outlet


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "opened_on", "closed_on", _l("It cannot close before it opened."))
    for name in ("seats", "area"):
        if values.get(name) is not None and values[name] <= 0:
            problems.add("amenities.Y-01", _l("Enter a number above zero, or leave it empty."), name)


def create_facility(session: Any, **values: Any) -> AmenityFacility:
    """A place of the community."""
    return records.create(session, AmenityFacility, values, _check)


def change_facility(session: Any, row: AmenityFacility, **values: Any) -> AmenityFacility:
    """Change it."""
    return records.change(session, row, values, _check)


def remove_facility(session: Any, row: AmenityFacility) -> None:
    """Delete a place nothing belongs to."""
    used = _l("Something belongs to this place. Enter the day it closed instead of deleting it.")
    records.remove(
        session,
        row,
        (Apartment, "facility_id", used),
        (Outlet, "facility_id", used),
        (AmenityTitle, "facility_id", used),
        (AmenityPeriod, "facility_id", used),
    )


def _check_title(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "awarded_on", "revoked_on", _l("A title cannot be revoked before it was awarded."))
    records.not_future(values, problems, ("awarded_on", "revoked_on"))


def create_title(session: Any, **values: Any) -> AmenityTitle:
    """A title an authority gave (Y-02)."""
    return records.create(session, AmenityTitle, values, _check_title)


def change_title(session: Any, row: AmenityTitle, **values: Any) -> AmenityTitle:
    """Change it, or enter the day it was lost."""
    return records.change(session, row, values, _check_title)


def _check_period(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("A period cannot end before it begins."))
    persons, times = values.get("persons"), values.get("person_times")
    if (persons or 0) < 0 or (times or 0) < 0:
        problems.add("amenities.Y-03", _l("This cannot be negative."), "persons")
    elif persons is not None and times is not None and times < persons:
        problems.add(
            "amenities.Y-03", _l("There cannot be fewer person-times than different persons. Were the two exchanged?"), "person_times"
        )


def create_period(session: Any, **values: Any) -> AmenityPeriod:
    """What a centre reported for a year recorded elsewhere: persons and person-times apart (Y-03)."""
    return records.create(session, AmenityPeriod, values, _check_period)


def change_period(session: Any, row: AmenityPeriod, **values: Any) -> AmenityPeriod:
    """Correct it."""
    return records.change(session, row, values, _check_period)
