"""What stands behind a carrier: funds filed with AMAC, technical platforms, events, typical cases."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops.i18n import _l

from ..services.measures import absolute, installed, measure
from ..services.stock import year_before


@measure(
    "amac_funds",
    _l("Linked funds filed with AMAC"),
    lack=_l("%(n)s more funds filed with AMAC"),
    formula=_l("funds of the park with a filing code"),
)
def amac_funds(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Any kind of fund: ownership is not required (131号 art. 7)."""
    if not installed("funds"):
        return {c.id: absolute(None, collect=_l("Funds the carrier works with")) for c in carriers}
    from modules.funds.models.fund import Fund

    rows = session.execute(
        select(Fund.park_id, Fund.id, Fund.name).where(Fund.filing_code.is_not(None), Fund.established_on <= on).order_by(Fund.id)
    ).all()
    return {
        c.id: absolute(len(mine), "、".join(r.name for r in mine), [("funds.fund", r.id) for r in mine])
        for c in carriers
        for mine in [[r for r in rows if r.park_id == c.park_id]]
    }


@measure(
    "technical_platforms",
    _l("Public technical platforms"),
    lack=_l("%(n)s more public technical platforms"),
    formula=_l("technical platforms of the carrier"),
)
def technical_platforms(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Platforms registered for the carrier, or for the whole park."""
    if not installed("platforms"):
        return {c.id: absolute(None, collect=_l("Public technical platforms of the carrier")) for c in carriers}
    from modules.platforms.models.registry import Platform

    rows = session.execute(select(Platform.park_id, Platform.carrier_id, Platform.id).order_by(Platform.id)).all()
    return {
        c.id: absolute(len(mine), _l("%(n)s platforms", n=len(mine)), [("platforms.platform", r.id) for r in mine])
        for c in carriers
        for mine in [[r for r in rows if r.park_id == c.park_id and r.carrier_id in (None, c.id)]]
    }


@measure(
    "events_year",
    _l("Events of the year"),
    unit="次",
    lack=_l("%(n)s more events"),
    formula=_l("events of the park that took place in the year before"),
)
def events_year(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Events belong to the park; each of its carriers reads the same number."""
    if not installed("amenities"):
        return {c.id: absolute(None, collect=_l("Events of the year")) for c in carriers}
    from modules.amenities.models.event import ParkEvent
    from parkops.clock import ZONE

    first, _last = year_before(on)
    year = func.extract("year", func.timezone(str(ZONE), ParkEvent.starts_at))
    rows = session.execute(
        select(ParkEvent.park_id, ParkEvent.id).where(ParkEvent.state == "held", year == first.year).order_by(ParkEvent.id)
    ).all()
    return {
        c.id: absolute(len(mine), _l("Events of the park in %(year)s", year=first.year), [("amenities.event", r.id) for r in mine])
        for c in carriers
        for mine in [[r for r in rows if r.park_id == c.park_id]]
    }


@measure("typical_cases", _l("Typical cases of the year"), lack=_l("%(n)s more typical cases"), formula=_l("assessed by a person"))
def typical_cases(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Nobody can count them: entered as an assessment."""
    return {c.id: absolute(None, collect=_l("Typical cases of the year, with their write-ups")) for c in carriers}
