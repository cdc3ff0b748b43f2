"""Buildings and floors, and the units of a floor in one go. Rules S-09 to S-11."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.meters import Meter
from ..models.space import Building, Floor, Unit, UnitChange
from . import units

ADDRESS_MAX = 120  # region and street together, as the e-invoice's real-estate block takes them (domain.md 10.2)
MANY = 200


def create_building(session: Any, **values: Any) -> Building:
    """Record a building. S-09 address, S-10 days."""
    return records.create(session, Building, values, _check_building)


def change_building(session: Any, building: Building, **values: Any) -> Building:
    """Change a building's facts, for instance that it was completed."""
    return records.change(session, building, values, _check_building)


def remove_building(session: Any, building: Building) -> None:
    """Delete a building nothing hangs on."""
    records.remove(
        session,
        building,
        (Floor, "building_id", _l("Delete its floors first.")),
        (Unit, "building_id", _l("Units belong to this building; close it instead of deleting it.")),
        (Meter, "building_id", _l("Meters belong to this building; close it instead of deleting it.")),
        (UnitChange, "building_id", _l("Units of this building have a history; close it instead of deleting it.")),
    )


def _check_building(session: Any, values: dict[str, Any], problems: Problems) -> None:
    length = len(values.get("region") or "") + len(values.get("address") or "")
    if length > ADDRESS_MAX:
        problems.add(
            "leasing.S-09",
            _l(
                "Region and address have %(n)s characters together; the e-invoice takes %(max)s. Shorten the address.",
                n=length,
                max=ADDRESS_MAX,
            ),
            "address",
        )
    records.date_order(values, problems, "completed_on", "closed_on", _l("A building cannot close before it was completed."))
    if values.get("built_area") is not None and values["built_area"] < 0:
        problems.add("leasing.S-01", _l("This cannot be negative."), "built_area")
    if (
        values.get("construction") == "in_use"
        and values.get("simplified_vat")
        and values.get("acquired_on")
        and (values["acquired_on"] >= date(2016, 5, 1))
    ):
        problems.add(
            "leasing.S-10",
            _l("The simplified VAT method is open only to real estate acquired before 2016-05-01 (财税〔2016〕36号)."),
            "simplified_vat",
        )


def invoice_address(building: Building) -> tuple[str, str]:
    """(region, street address) for the e-invoice; empty texts when not recorded."""
    return building.region or "", building.address or ""


def certificate_of(unit: Unit) -> str:
    """The certificate number the e-invoice names: the unit's own, else the building's, else 无."""
    return unit.certificate_no or unit.building.certificate_no or "无"


def create_floor(session: Any, **values: Any) -> Floor:
    """Record a storey."""
    return records.create(session, Floor, values, _check_floor)


def change_floor(session: Any, floor: Floor, **values: Any) -> Floor:
    """Rename a storey or correct its level."""
    return records.change(session, floor, values, _check_floor)


def remove_floor(session: Any, floor: Floor) -> None:
    """Delete a storey without units."""
    records.remove(session, floor, (Unit, "floor_id", _l("Units belong to this floor; they end instead.")))


def _check_floor(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not -10 <= (values.get("level") or 0) <= 200 or values.get("level") == 0:
        problems.add("leasing.S-11", _l("Enter the level as 1, 2, 3 … or as -1, -2 for basements."), "level")


def add_floors(session: Any, building: Building, *, first: int, last: int) -> str:
    """Create the storeys from `first` to `last` that are missing, named 1F, 2F, B1 …"""
    access.require(session, "leasing.floor", "add")
    problems = Problems()
    if last < first or last - first >= MANY:
        problems.add("leasing.S-11", _l("Give the lowest and the highest level, at most %(n)s storeys.", n=MANY), "last")
    problems.stop()
    known = set(session.scalars(select(Floor.level).where(Floor.building_id == building.id)))
    levels = [n for n in range(first, last + 1) if n != 0 and n not in known]
    for level in levels:
        create_floor(session, building_id=building.id, level=level, name=f"{level}F" if level > 0 else f"B{-level}")
    return _("%(n)s floors added.", n=len(levels))


def add_units(
    session: Any, floor: Floor, *, codes: str, kind: str, lettable_area: Decimal, starts_on: date, list_price: Decimal | None = None
) -> str:
    """Create several like units of a storey: codes separated by spaces or commas, or a range such as 301-312."""
    access.require(session, "leasing.unit", "add")
    names = code_list(codes)
    problems = Problems()
    if not names or len(names) > MANY:
        problems.add("leasing.S-03", _l("Write 1 to %(n)s codes, for example 301-312 or 301 302 305.", n=MANY), "codes")
    if len(set(names)) != len(names):
        problems.add("leasing.S-03", _l("A code appears twice; write each once."), "codes")
    for name in names[:MANY]:
        units.check_code_free(session, problems, floor.building_id, name, starts_on, None)
    problems.stop()
    for name in names:
        units.create_unit(
            session, floor_id=floor.id, code=name, kind=kind, lettable_area=lettable_area, starts_on=starts_on, list_price=list_price
        )
    return _("%(n)s units added.", n=len(names))


def code_list(text: str) -> list[str]:
    """`"301-303, 305"` -> 301 302 303 305; a prefix is kept (`A301-A303`, `A301-303`), leading zeros too."""
    import re

    out: list[str] = []
    for word in re.split(r"[\s,，、;；]+", (text or "").strip()):
        m = re.fullmatch(r"(\D*)(\d{1,6})[-~—](\1)?(\d{1,6})", word)
        if m and int(m[2]) <= int(m[4]) and int(m[4]) - int(m[2]) < 10 * MANY:
            out += [f"{m[1]}{n:0{len(m[2])}d}" for n in range(int(m[2]), int(m[4]) + 1)]
        elif word:
            out.append(word)
    return out
