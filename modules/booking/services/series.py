"""Repeating bookings: a rule makes bookings as far ahead as may be booked; days can be left out. Rules K-25 to K-27."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from parkops import clock, records, settings, todos
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_policy, calc_series
from ..models.booking import Booking, BookingSeries, SeriesException
from . import bookings
from .bookings import payer_kept, payer_of, resource_of
from .policy import problems

RESOURCE = "booking.series"
MANY = 400


def create_series(session: Any, *, resource_id: int, frequency: str, first_day: date, last_day: date, starts: str, minutes: int,
                  firm_id: int | None = None, contact_id: int | None = None, every: int = 1, weekdays: str | None = None,
                  memo: str | None = None, payer: str | None = None, skip_problems: bool = False,
                  at: datetime | None = None) -> BookingSeries:
    """Record the rule and book every day within reach (K-25); `payer` (`module.thing:id`) pays for each day. With `skip_problems` a
    day that cannot be booked is left out and noted; otherwise every problem of every day is named and nothing is booked (K-26)."""
    access.require(session, RESOURCE, "add")
    at, resource = at or clock.now(), resource_of(session, resource_id)
    values = {"frequency": frequency, "every": every, "weekdays": weekdays, "first_day": first_day, "last_day": last_day,
              "starts": (starts or "").strip(), "minutes": minutes}
    _check(values)
    chosen, (source, source_id) = calc_series.parse_weekdays(weekdays), payer_of(payer) or (None, None)
    series = BookingSeries(
        park_id=resource.park_id, resource_id=resource.id, firm_id=firm_id, contact_id=contact_id, user_id=scope_of(session).user_id,
        memo=(memo or "").strip()[:300] or None, payer_source=source, payer_id=source_id,
        **{**values, "weekdays": ",".join(str(n) for n in sorted(chosen or {first_day.isoweekday()})) if frequency == "weekly" else None})
    session.add(series)
    session.flush()
    made, left = _book_days(session, series, at, skip=skip_problems)
    if not made and not left and first_day <= _reach(session, series, at):
        raise RuleError([Problem("booking.K-25", _l("The rule names no day. Check the days and weekdays."), "first_day")])
    return series


def _check(values: dict[str, Any]) -> None:
    """K-25."""
    found = Problems()
    try:
        calc_series.parse_weekdays(values["weekdays"])
    except ValueError:
        found.add("booking.K-25", _l("Write weekdays as numbers from 1 (Monday) to 7, for example 1,3."), "weekdays")
    try:
        calc_policy.instant(values["first_day"], values["starts"])
        datetime.strptime(values["starts"], "%H:%M")
        values["starts"] = f"{datetime.strptime(values['starts'], '%H:%M'):%H:%M}"
    except ValueError:
        found.add("booking.K-25", _l("Write the time as 08:30."), "starts")
    if not 1 <= (values["every"] or 0) <= 52:
        found.add("booking.K-25", _l("Repeat every 1 to 52."), "every")
    if not 1 <= (values["minutes"] or 0) <= 1440:
        found.add("booking.K-25", _l("A booking of a series lasts at most a day. Enter 1 to 1440 minutes."), "minutes")
    records.date_order(values, found, "first_day", "last_day", _l("The last day lies before the first. Check both."))
    found.stop()


def _reach(session: Any, series: BookingSeries, at: datetime) -> date:
    """The last day that may be booked now: the resource's horizon, else the setting `booking.series_days`."""
    ahead = series.resource.horizon_days or settings.get(session, "booking.series_days", series.park_id)
    return min(series.last_day, clock.local(at).date() + timedelta(days=ahead))


def planned(session: Any, series: BookingSeries, last: date) -> list[date]:
    """The rule's days until `last` that are neither left out nor booked already."""
    left_out = set(session.scalars(select(SeriesException.day).where(SeriesException.series_id == series.id)))
    booked = set(session.scalars(select(Booking.series_day).where(Booking.series_id == series.id)))
    every = calc_series.days(series.frequency, series.every, calc_series.parse_weekdays(series.weekdays), series.first_day, last, left_out)
    return [day for day in every if day not in booked][:MANY]


def _book_days(session: Any, series: BookingSeries, at: datetime, *, skip: bool) -> tuple[int, int]:
    """(booked, left out); raises with every problem of every day unless `skip`."""
    made = left = 0
    found: list[Problem] = []
    for day in planned(session, series, _reach(session, series, at)):
        starts = calc_policy.instant(day, series.starts)
        if starts < at:
            continue
        against = problems(session, resource=series.resource, starts_at=starts, ends_at=starts + timedelta(minutes=series.minutes),
                           firm_id=series.firm_id, contact_id=series.contact_id, payer=payer_kept(series), at=at)
        if not against:
            _book_day(session, series, day, at)
            made += 1
        elif skip:
            session.add(SeriesException(park_id=series.park_id, series_id=series.id, day=day, reason=str(against[0].message)[:200]))
            left += 1
        else:
            found += [Problem(f.code, _l("%(day)s: %(problem)s", day=day.isoformat(), problem=f.said), "first_day") for f in against]
    if found:
        raise RuleError(found[:50])
    session.flush()
    return made, left


def _book_day(session: Any, series: BookingSeries, day: date, at: datetime) -> Booking:
    starts = calc_policy.instant(day, series.starts)
    return bookings.book(session, resource=series.resource, starts_at=starts, ends_at=starts + timedelta(minutes=series.minutes),
                         firm_id=series.firm_id, contact_id=series.contact_id, payer=payer_kept(series), memo=series.memo, at=at,
                         series=(series.id, day))


def leave_out(session: Any, series: BookingSeries, *, day: date, reason: str | None = None, at: datetime | None = None) -> SeriesException:
    """A day without a booking; one that is booked is cancelled (K-27)."""
    access.require(session, RESOURCE, "change")
    at, found = at or clock.now(), Problems()
    rule = calc_series.days(series.frequency, series.every, calc_series.parse_weekdays(series.weekdays), series.first_day, series.last_day)
    if day not in rule:
        found.add("booking.K-27", _l("%(day)s is no day of this series.", day=day.isoformat()), "day")
    elif session.scalar(select(SeriesException.id).where(SeriesException.series_id == series.id, SeriesException.day == day)) is not None:
        found.add("booking.K-27", _l("%(day)s is left out already.", day=day.isoformat()), "day")
    found.stop()
    booking = session.scalar(select(Booking).where(Booking.series_id == series.id, Booking.series_day == day,
                                                   Booking.state.in_(("requested", "confirmed"))))
    if booking is not None:
        bookings.cancel(session, booking, reason=reason, at=at)
    row = SeriesException(park_id=series.park_id, series_id=series.id, day=day, reason=(reason or "").strip()[:200] or None)
    session.add(row)
    session.flush()
    return row


def create_exception(session: Any, *, series_id: int, day: date, reason: str | None = None) -> SeriesException:
    """The form of a day left out."""
    series = session.get(BookingSeries, series_id)
    if series is None:
        raise RuleError([Problem("record.no_such_record", _l("There is no such record in your parks."), "series_id")])
    return leave_out(session, series, day=day, reason=reason)


def end_series(session: Any, series: BookingSeries, *, on: date, reason: str | None = None, at: datetime | None = None) -> int:
    """No bookings after `on`: later ones are cancelled, each by the rules of cancelling. Returns how many."""
    access.require(session, RESOURCE, "change")
    at, count = at or clock.now(), 0
    if series.ended_on is not None:
        raise RuleError([Problem("booking.K-25", _l("This series has ended already."))])
    limit = calc_policy.instant(on + timedelta(days=1), "00:00")
    for booking in session.scalars(select(Booking).where(
            Booking.series_id == series.id, Booking.state.in_(("requested", "confirmed")), Booking.starts_at >= max(limit, at))):
        bookings.cancel(session, booking, reason=reason, at=at)
        count += 1
    series.ended_on, series.last_day = on, max(series.first_day, min(series.last_day, on))
    session.flush()
    return count


def end_by_form(session: Any, series: BookingSeries, *, on: date, reason: str | None = None) -> str:
    """The button."""
    return _("The series has ended; %(n)s later bookings were cancelled.", n=end_series(session, series, on=on, reason=reason))


def leave_out_by_form(session: Any, series: BookingSeries, *, day: date, reason: str | None = None) -> str:
    """The button."""
    leave_out(session, series, day=day, reason=reason)
    return _("The day is left out.")


def why_not_end(session: Any, series: BookingSeries) -> str | None:
    """Guard of the button."""
    return str(_l("This series has ended already.")) if series.ended_on is not None else None


def extend_all(session: Any, *, on: date, park_id: int | None, at: datetime | None = None) -> dict[str, int]:
    """The nightly job: every running series is booked as far as may be booked now; days that cannot be are left out, noted, and who
    made the series is told."""
    at = at or clock.now()
    query = select(BookingSeries).where(BookingSeries.last_day >= on, BookingSeries.ended_on.is_(None)).order_by(BookingSeries.id)
    made = left = 0
    for series in session.scalars(query.where(BookingSeries.park_id == park_id) if park_id is not None else query):
        booked, skipped = _book_days(session, series, at, skip=True)
        made, left = made + booked, left + skipped
        if skipped and series.user_id is not None:
            todos.notify(session, series.user_id, _l("%(n)s days of %(series)s could not be booked."),
                         {"n": skipped, "series": str(series)}, owner=series)
    return {"booked": made, "left_out": left}
