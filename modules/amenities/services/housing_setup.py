"""Apartments and beds. Rules Y-04, Y-05."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.facility import HOUSING, AmenityFacility
from ..models.housing import OCCUPYING, Apartment, ApartmentBed, HousingContract


def _check_apartment(session: Any, values: dict[str, Any], problems: Problems) -> None:
    found = session.get(AmenityFacility, values["facility_id"])
    if found is not None and found.kind not in HOUSING:
        problems.add("amenities.Y-04", _l("Choose talent or youth apartments."), "facility_id")
    if values.get("area") is not None and values["area"] <= 0:
        problems.add("amenities.Y-01", _l("Enter a number above zero, or leave it empty."), "area")


def create_apartment(session: Any, **values: Any) -> Apartment:
    """A flat or dormitory room (Y-04)."""
    return records.create(session, Apartment, values, _check_apartment)


def change_apartment(session: Any, row: Apartment, **values: Any) -> Apartment:
    """Change it."""
    return records.change(session, row, values, _check_apartment)


def remove_apartment(session: Any, row: Apartment) -> None:
    """Delete one without beds."""
    records.remove(session, row, (ApartmentBed, "apartment_id", _l("It has beds. Delete them first.")))


def _check_bed(session: Any, values: dict[str, Any], problems: Problems) -> None:
    for name in ("rent", "deposit"):
        if (values.get(name) or Decimal(0)) < 0:
            problems.add("amenities.Y-05", _l("This cannot be negative."), name)
    if values.get("people") is not None and not 1 <= values["people"] <= 12:
        problems.add("amenities.Y-05", _l("A bed or apartment is for 1 to 12 people."), "people")


def create_bed(session: Any, **values: Any) -> ApartmentBed:
    """What is let: a bed, or the whole apartment as one (Y-05)."""
    return records.create(session, ApartmentBed, values, _check_bed)


def change_bed(session: Any, row: ApartmentBed, **values: Any) -> ApartmentBed:
    """Change it; contracts keep the rent they were made with."""
    return records.change(session, row, values, _check_bed)


def remove_bed(session: Any, row: ApartmentBed) -> None:
    """Delete one that was never let."""
    records.remove(session, row, (HousingContract, "bed_id", _l("It was let. Take it out of letting instead of deleting it.")))


def free_beds(session: Any, *, facility_id: int, layout: str | None, first: date, last: date) -> list[ApartmentBed]:
    """Beds of a place that are free on every day from first to last."""
    access.require(session, "amenities.bed", "read")
    taken = select(HousingContract.bed_id).where(HousingContract.state.in_(OCCUPYING), HousingContract.during.op("&&")(_span(first, last)))
    query = select(ApartmentBed).join(Apartment, Apartment.id == ApartmentBed.apartment_id).where(
        Apartment.facility_id == facility_id, ApartmentBed.active.is_(True), ApartmentBed.id.not_in(taken))
    query = query if layout is None else query.where(Apartment.layout == layout)
    return list(session.scalars(query.order_by(Apartment.code, ApartmentBed.code)))


def _span(first: date, last: date) -> Any:
    from sqlalchemy import func

    return func.daterange(first, last, "[]")
