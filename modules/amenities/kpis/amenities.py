"""Indicators of amenities: beds, rooms, meals, places, events, attendance, persons and person-times (apart)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_, select

from parkops.i18n import _l
from parkops.kpi.registry import DISTINCT, RATIO, SUM, Kpi, Window

from ..models.care import CareClass, CarePlace
from ..models.event import EventRegistration, ParkEvent
from ..models.health import HealthVisit
from ..models.hotel import HotelDay
from ..models.housing import ApartmentBed, HousingContract
from ..models.meals import MealUse

LIVED = ("living", "leaving", "ended")


def _taken(window: Window) -> Any:
    c = HousingContract
    return select(c.bed_id).where(c.state.in_(LIVED), c.checked_in_on <= window.on, c.during.contains(window.on))


def bed_occupancy(window: Window) -> Any:
    """park_id, beds lived in on the last day, beds that can be let."""
    b = ApartmentBed
    return (
        select(b.park_id, func.count(b.id).filter(b.id.in_(_taken(window))).label("numerator"), func.count(b.id).label("denominator"))
        .where(b.active.is_(True))
        .group_by(b.park_id)
    )


def list_taken(window: Window) -> Any:
    """The beds lived in."""
    return select(ApartmentBed.id.label("id")).where(ApartmentBed.active.is_(True), ApartmentBed.id.in_(_taken(window)))


def list_beds(window: Window) -> Any:
    """The beds that can be let."""
    return select(ApartmentBed.id.label("id")).where(ApartmentBed.active.is_(True))


def _days(window: Window) -> tuple[Any, ...]:
    return HotelDay.day >= window.start, HotelDay.day < window.end


def hotel_occupancy(window: Window) -> Any:
    """park_id, nights sold, rooms in order, over the closed days."""
    return (
        select(HotelDay.park_id, func.sum(HotelDay.nights).label("numerator"), func.sum(HotelDay.rooms).label("denominator"))
        .where(*_days(window))
        .group_by(HotelDay.park_id)
    )


def list_nights(window: Window) -> Any:
    """The closed days with their nights."""
    return select(HotelDay.id.label("id"), HotelDay.nights.label("amount")).where(*_days(window))


def list_rooms(window: Window) -> Any:
    """The closed days with their rooms."""
    return select(HotelDay.id.label("id"), HotelDay.rooms.label("amount")).where(*_days(window))


def _meals(window: Window) -> tuple[Any, ...]:
    u, back = MealUse, select(MealUse.reverses_id).where(MealUse.reverses_id.is_not(None))
    return u.on_date >= window.start, u.on_date < window.end, u.price > 0, u.id.not_in(back)


def meals(window: Window) -> Any:
    """park_id, meals sold and not taken back."""
    return select(MealUse.park_id, func.count(MealUse.id).label("numerator")).where(*_meals(window)).group_by(MealUse.park_id)


def list_meals(window: Window) -> Any:
    """The meals."""
    return select(MealUse.id.label("id")).where(*_meals(window))


def _running(window: Window) -> tuple[Any, ...]:
    return CareClass.starts_on <= window.on, CareClass.ends_on >= window.on


def _enrolled(window: Window) -> Any:
    p = CarePlace
    return and_(p.starts_on <= window.on, or_(p.ends_on.is_(None), p.ends_on >= window.on), p.state.in_(("enrolled", "left")))


def places_filled(window: Window) -> Any:
    """park_id, children with a place on the last day, places of running classes."""
    p = CarePlace
    mine = select(p.class_id, func.count(p.id).label("n")).where(_enrolled(window)).group_by(p.class_id).subquery()
    return (
        select(CareClass.park_id, func.coalesce(func.sum(mine.c.n), 0).label("numerator"), func.sum(CareClass.places).label("denominator"))
        .outerjoin(mine, mine.c.class_id == CareClass.id)
        .where(*_running(window))
        .group_by(CareClass.park_id)
    )


def list_enrolled(window: Window) -> Any:
    """The children with a place."""
    return select(CarePlace.id.label("id")).join(CareClass, CareClass.id == CarePlace.class_id).where(_enrolled(window), *_running(window))


def list_classes(window: Window) -> Any:
    """The classes with their places."""
    return select(CareClass.id.label("id"), CareClass.places.label("amount")).where(*_running(window))


def _held(window: Window) -> tuple[Any, ...]:
    day = func.timezone("Asia/Shanghai", ParkEvent.starts_at)
    return ParkEvent.state == "held", day >= window.start, day < window.end


def events_held(window: Window) -> Any:
    """park_id, events that took place."""
    return select(ParkEvent.park_id, func.count(ParkEvent.id).label("numerator")).where(*_held(window)).group_by(ParkEvent.park_id)


def list_events(window: Window) -> Any:
    """The events."""
    return select(ParkEvent.id.label("id")).where(*_held(window))


def attendance(window: Window) -> Any:
    """park_id, people who came to the events of the period."""
    r = EventRegistration
    return (
        select(r.park_id, func.count(r.id).label("numerator"))
        .join(ParkEvent, ParkEvent.id == r.event_id)
        .where(r.state == "attended", *_held(window))
        .group_by(r.park_id)
    )


def list_attended(window: Window) -> Any:
    """The registrations."""
    r = EventRegistration
    return select(r.id.label("id")).join(ParkEvent, ParkEvent.id == r.event_id).where(r.state == "attended", *_held(window))


def _came(window: Window) -> tuple[Any, ...]:
    v = HealthVisit
    return v.state == "attended", v.attended_on >= window.start, v.attended_on < window.end


def persons(window: Window) -> Any:
    """park_id, member: each person's first visit of the period stands for the person."""
    v = HealthVisit
    return select(v.park_id, func.min(v.id).label("member")).where(*_came(window)).group_by(v.park_id, v.firm_id, v.person_code)


def list_persons(window: Window) -> Any:
    """Each person's first visit."""
    v = HealthVisit
    return select(func.min(v.id).label("id")).where(*_came(window)).group_by(v.park_id, v.firm_id, v.person_code)


def person_times(window: Window) -> Any:
    """park_id, visits."""
    return select(HealthVisit.park_id, func.count(HealthVisit.id).label("numerator")).where(*_came(window)).group_by(HealthVisit.park_id)


def list_visits(window: Window) -> Any:
    """The visits."""
    return select(HealthVisit.id.label("id")).where(*_came(window))


KPIS = [
    Kpi(
        "amenities.bed_occupancy",
        _l("Beds lived in"),
        "percent",
        RATIO,
        bed_occupancy,
        _l("Beds lived in on the last day ÷ beds that can be let."),
        resource="amenities.bed",
        drill=list_taken,
        drill_denominator=list_beds,
        order=10,
    ),
    Kpi(
        "amenities.hotel_occupancy",
        _l("Hotel rooms sold"),
        "percent",
        RATIO,
        hotel_occupancy,
        _l("Nights posted ÷ rooms in order, over the closed days."),
        resource="amenities.hotel_day",
        drill=list_nights,
        drill_denominator=list_rooms,
        order=20,
    ),
    Kpi(
        "amenities.meals",
        _l("Meals sold"),
        "count",
        SUM,
        meals,
        _l("Meals paid with cards in the period, without those taken back."),
        resource="amenities.meal_use",
        drill=list_meals,
        order=30,
    ),
    Kpi(
        "amenities.places_filled",
        _l("Places in classes filled"),
        "percent",
        RATIO,
        places_filled,
        _l("Children with a place on the last day ÷ places of running classes."),
        resource="amenities.place",
        drill=list_enrolled,
        drill_denominator=list_classes,
        denominator_resource="amenities.care_class",
        order=40,
    ),
    Kpi(
        "amenities.events",
        _l("Events held"),
        "count",
        SUM,
        events_held,
        _l("Events that began in the period and took place."),
        resource="amenities.event",
        drill=list_events,
        order=50,
    ),
    Kpi(
        "amenities.attendance",
        _l("People at events"),
        "people",
        SUM,
        attendance,
        _l("People checked in at the events of the period."),
        resource="amenities.registration",
        drill=list_attended,
        order=60,
    ),
    Kpi(
        "amenities.persons_served",
        _l("Persons served by the health centre"),
        "people",
        DISTINCT,
        persons,
        _l("Different persons with a visit in the period: who came twice counts once."),
        resource="amenities.visit",
        drill=list_persons,
        order=70,
    ),
    Kpi(
        "amenities.person_times",
        _l("Person-times of the health centre"),
        "count",
        SUM,
        person_times,
        _l("Visits in the period: who came twice counts twice."),
        resource="amenities.visit",
        drill=list_visits,
        order=71,
    ),
]
