"""The community around the Jining carriers: places, residents, the hotel's last days, a month of meals, a school year, check-ups, events.

Everything goes through the services; meals of the past are sold at the till's service, check-ups taken over set-based.
`FIGURES` counts F27, F29, F30, F31 and F32 (domain.md 1)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops import clock
from parkops.demo import Context, Figure

from . import demo_living, demo_people, demo_places
from .models.facility import LODGING, AmenityFacility, AmenityTitle
from .models.health import HealthPackage, HealthVisit


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    today = clock.today()
    ids = demo_places.build(context, today)
    context.say("amenities: places, apartments, hotel, outlets")
    firms = demo_places.firms(context)
    demo_living.housing(context, ids, firms, today)
    context.say("amenities: residents and the queue")
    demo_living.hotel(context, ids, firms, today)
    demo_living.meals(context, ids, firms, today)
    context.say("amenities: the hotel's days, meals and cards")
    demo_people.health(context, ids, firms)
    demo_people.care(context, ids, firms, today)
    demo_people.events(context, ids, firms, today)
    demo_people.voices(context, ids, firms, today)
    context.say("amenities: health centre, classes, events, notices, surveys")


def _seats(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    found = session.scalar(select(AmenityFacility.seats).where(
        AmenityFacility.park_id == park_id, AmenityFacility.code == "XKY", AmenityFacility.opened_on <= on))
    return found, "amenities.facility XKY: people at once"


def _area(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    found = session.scalar(select(AmenityFacility.area).where(
        AmenityFacility.park_id == park_id, AmenityFacility.kind == "education", AmenityFacility.opened_on <= on))
    return int(found) if found is not None else None, "amenities.facility of kind education: floor area (the article says nearly ten thousand)"


def _served(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    v = HealthVisit
    times, persons = session.execute(
        select(func.count(v.id), func.count(func.distinct(func.concat(v.firm_id, ":", v.person_code)))).join(HealthPackage, HealthPackage.id == v.package_id)
        .where(v.park_id == park_id, v.state == "attended", v.attended_on > date(on.year - 1, on.month, on.day), v.attended_on <= on)).one()
    return times, f"amenities.visit: attended in the year until the day, person-times ({persons:,} different persons)"


def _housing(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    found = session.scalar(select(func.count(AmenityFacility.id)).where(
        AmenityFacility.park_id == park_id, AmenityFacility.kind.in_(LODGING), AmenityFacility.opened_on <= on))
    return found, "amenities.facility: hotel, talent and youth apartments opened by the day"


def _titles(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    t = AmenityTitle
    found = session.scalar(select(func.count(t.id)).join(AmenityFacility, AmenityFacility.id == t.facility_id).where(
        t.park_id == park_id, AmenityFacility.code == "JZX", t.awarded_on <= on, t.revoked_on.is_(None)))
    return found, "amenities.title of JZX: awarded by the day"


FIGURES = [
    Figure("F27", "新科苑餐饮综合体同时就餐(人)", 3000, _seats),
    Figure("F29", "国际教育综合体(㎡)", 10_000, _area),
    Figure("F30", "健康服务中心年服务(人次,4万余)", 40_000, _served, at_least=True),
    Figure("F31", "人才居住设施(处)", 3, _housing),
    Figure("F32", "集装箱餐饮小镇荣誉(项)", 1, _titles),
]
