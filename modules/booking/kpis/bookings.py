"""Indicators: no-show rate and booked share of opening hours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Date, String, and_, case, cast, func, literal, literal_column, or_, select
from sqlalchemy.orm import aliased

from parkops.i18n import _l
from parkops.kpi.registry import RATIO, SUM, Kpi, Window

from .. import calc_policy
from ..models.booking import Booking
from ..models.resource import BookableResource, OpeningHours

HELD = ("confirmed", "checked_in", "finished", "missed")


def _within(window: Window, *states: str) -> tuple[Any, ...]:
    """Bookings that begin in the period (park days), up to and with the day measured."""
    end = min(window.end, window.on + timedelta(days=1))
    return (Booking.starts_at >= calc_policy.instant(window.start, "00:00"), Booking.starts_at < calc_policy.instant(end, "00:00"),
            Booking.state.in_(states))


def no_show(window: Window) -> Any:
    """park_id, missed, kept or missed."""
    return (select(Booking.park_id, func.count(case((Booking.state == "missed", 1))).label("numerator"),
                   func.count(Booking.id).label("denominator"))
            .where(*_within(window, "checked_in", "finished", "missed")).group_by(Booking.park_id))


def list_missed(window: Window) -> Any:
    """The no-shows."""
    return select(Booking.id).where(*_within(window, "missed"))


def list_held(window: Window) -> Any:
    """Bookings kept or missed."""
    return select(Booking.id).where(*_within(window, "checked_in", "finished", "missed"))


def _minutes() -> Any:
    """Whole minutes booked."""
    return cast(func.extract("epoch", Booking.ends_at - Booking.starts_at) / 60, BigInteger)


def _booked(window: Window) -> Any:
    """Bookings of exclusive resources with opening hours of their own or of their group."""
    return (select(Booking.park_id, Booking.id, _minutes().label("amount"))
            .join(BookableResource, BookableResource.id == Booking.resource_id)
            .where(*_within(window, *HELD), BookableResource.id.in_(_with_hours())))


def _with_hours() -> Any:
    by_group = aliased(OpeningHours)
    return select(BookableResource.id).where(BookableResource.capacity == 1, or_(
        BookableResource.id.in_(select(OpeningHours.resource_id).where(OpeningHours.resource_id.is_not(None))),
        BookableResource.group_id.in_(select(by_group.group_id).where(by_group.group_id.is_not(None)))))


def _open(window: Window) -> Any:
    """park_id, minutes the resources were open on the days of the period."""
    step = literal_column("interval '1 day'")
    day = func.generate_series(literal(window.start, Date), literal(window.on, Date), step).table_valued("day").render_derived("d")
    own = aliased(OpeningHours)
    has_own = select(own.id).where(own.resource_id == BookableResource.id).exists()
    on = cast(day.c.day, Date)
    rule = and_(or_(OpeningHours.resource_id == BookableResource.id,
                    and_(OpeningHours.group_id == BookableResource.group_id, ~has_own)),
                OpeningHours.weekday == cast(func.extract("isodow", on), String),
                or_(OpeningHours.valid_from.is_(None), OpeningHours.valid_from <= on),
                or_(OpeningHours.valid_to.is_(None), OpeningHours.valid_to >= on))
    length = (cast(func.substr(OpeningHours.closes, 1, 2), BigInteger) * 60 + cast(func.substr(OpeningHours.closes, 4, 2), BigInteger)
              - cast(func.substr(OpeningHours.opens, 1, 2), BigInteger) * 60 - cast(func.substr(OpeningHours.opens, 4, 2), BigInteger))
    return (select(BookableResource.park_id, BookableResource.id, cast(func.sum(length), BigInteger).label("amount"))
            .select_from(BookableResource).join(day, literal(True)).join(OpeningHours, rule)
            .where(BookableResource.capacity == 1, BookableResource.active).group_by(BookableResource.park_id, BookableResource.id))


def booked_share(window: Window) -> Any:
    """park_id, minutes booked, minutes open."""
    booked, opened = _booked(window).subquery(), _open(window).subquery()
    taken = select(booked.c.park_id, func.sum(booked.c.amount).label("taken")).group_by(booked.c.park_id).subquery()
    return (select(opened.c.park_id, cast(func.coalesce(func.max(taken.c.taken), 0), BigInteger).label("numerator"),
                   cast(func.sum(opened.c.amount), BigInteger).label("denominator"))
            .outerjoin(taken, taken.c.park_id == opened.c.park_id).group_by(opened.c.park_id))


def list_booked(window: Window) -> Any:
    """The bookings with their minutes."""
    rows = _booked(window).subquery()
    return select(rows.c.id, rows.c.amount)


def list_open(window: Window) -> Any:
    """The resources with their open minutes."""
    rows = _open(window).subquery()
    return select(rows.c.id, rows.c.amount)


def booked_count(window: Window) -> Any:
    """park_id, bookings that begin in the period."""
    return (select(Booking.park_id, func.count(Booking.id).label("numerator")).where(*_within(window, *HELD)).group_by(Booking.park_id))


def list_counted(window: Window) -> Any:
    """Those bookings."""
    return select(Booking.id).where(*_within(window, *HELD))


KPIS = [
    Kpi("booking.no_show_rate", _l("No-show rate"), "percent", RATIO, no_show,
        _l("No-shows ÷ bookings that were kept or missed, by the day they begin."), resource="booking.booking", drill=list_missed,
        drill_denominator=list_held, better="lower", empty="zero", order=10),
    Kpi("booking.booked_share", _l("Booked share of opening hours"), "percent", RATIO, booked_share,
        _l("Minutes booked of resources with opening hours ÷ minutes they were open; one booking at a time only."),
        resource="booking.booking", drill=list_booked, drill_denominator=list_open, denominator_resource="booking.resource", order=20),
    Kpi("booking.bookings", _l("Bookings"), "count", SUM, booked_count, _l("Bookings that begin in the period, cancelled ones left out."),
        resource="booking.booking", drill=list_counted, better="none", order=30),
]
