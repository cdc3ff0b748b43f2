"""Screens of bookings, series, the waiting list, overrides and calendar addresses."""

from __future__ import annotations

from typing import Any

from flask import has_request_context, request

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.booking import LIVE, OCCUPYING, Booking, BookingOverride, BookingSeries, CalendarToken, SeriesException, WaitingEntry
from ..models.resource import BookableResource
from ..services import calendar
from . import _booking as b

S = "modules.booking.services"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
WHY = Input("reason", "text", _l("Reason"), max_length=300)
OVERRIDE = Input("override_reason", "text", _l("Reason to let rules pass"), max_length=300,
                 help=_l("Only for staff with the right; every rule let pass is recorded with it."))


def offered(session: Any) -> list[tuple[str, str]]:
    """What may pay, for the resource and firm the form names; what was sent stays, so that the refusal says what is wrong with it."""
    if not has_request_context():
        return []
    sent = request.get_json(silent=True) if request.is_json else None
    given = sent if isinstance(sent, dict) else request.values
    resource, firm = (str(given.get(n) or "") for n in ("resource_id", "firm_id"))
    found: list[tuple[str, str]] = []
    if resource.isdigit() and firm.isdigit() and len(resource) < 19 and len(firm) < 19:
        thing = session.get(BookableResource, int(resource))
        rows = calendar.payers_of(session, resource=thing, firm_id=int(firm)) if thing is not None else []
        found = [(row["payer"], row["label"]) for row in rows]
    typed = given.get("payer")
    return found if not isinstance(typed, str) or any(typed == code for code, _label in found) else [*found, (typed, typed)]


PAYER = Input("payer", "choice", _l("Paying project"), choices=offered,
              help=_l("The firm's projects that hold for the resource; empty: found by itself where there is only one."))
TODAY = Filter("starts_at", "eq", "@today")

BOOKINGS = Resource(
    "booking.booking",
    Booking,
    Titles(_l("Bookings"), _l("Booking"), _l("New booking")),
    icon="calendar-event",
    columns=(
        Col("resource.name", _l("Resource"), 200, True, link=True),
        Col("starts_at", width=140, important=True),
        Col("ends_at", width=140),
        Col("firm.name", _l("Firm"), 220, True),
        Col("state", width=110),
        Col("memo", width=200),
        Col("length", _l("Minutes"), 80, sql=b.minutes, fmt="int", total="sum"),
        Col("contact_id", width=100, hidden=True),
        Col("booked_by", width=110, hidden=True),
        Col("people", width=80, hidden=True),
        Col("resource.group_id", _l("Resource group"), 140, hidden=True),
        Col("resource_id", hidden=True),
        Col("firm_id", hidden=True),
        Col("series_id", hidden=True),
        Col("user_id", hidden=True),
        Col("end_reason", hidden=True),
    ),
    sections=(
        Section(_l("Booking"), ("resource_id", "starts_at", "ends_at", "firm_id", "contact_id", "people", "memo", PAYER, OVERRIDE)),
        Section(_l("How it went"), ("booked_by", "checked_in_at", "finished_at", "cancelled_at", "end_reason", "series_id", "previous_id")),
    ),
    create=f"{S}.bookings:book_by_form",
    change=f"{S}.bookings:move_by_form",
    workflow="modules.booking.states:BOOKING",
    views=(
        View("today", _l("Today"), (TODAY, Filter("state", "in", list(OCCUPYING))), "starts_at"),
        View("coming", _l("Coming"), (Filter("ends_at", "gte", "@today"), Filter("state", "in", list(LIVE))), "starts_at"),
        View("to_decide", _l("Awaiting approval"), (Filter("state", "eq", "requested"),), "starts_at"),
        View("missed", _l("No-shows"), (Filter("state", "in", ["missed", "late_cancelled"]),), "-starts_at"),
        View("mine_today", _l("Mine today"), (TODAY, Filter("user_id", "eq", "@me"), Filter("state", "in", list(LIVE))), "starts_at"),
        View("mine", _l("Booked by me"), (Filter("user_id", "eq", "@me"),), "-starts_at"),
        View("all", _l("All"), (), "-starts_at"),
    ),
    tabs=(Related("overrides", _l("Rules let pass"), "booking.override", "booking_id", order=20),),
    facts=(Fact(_l("Length"), b.length),),
    search=("resource.name", "firm.name", "memo"),
    load=("resource", "firm", "contact"),
    sort="-starts_at",
    parent=("resource_id", "booking.resource"),
    menu=("daily", 20),
    script="/static/booking/form.js",
)

SERIES = Resource(
    "booking.series",
    BookingSeries,
    Titles(_l("Booking series"), _l("Booking series"), _l("New booking series")),
    icon="repeat",
    columns=(
        Col("resource.name", _l("Resource"), 200, True, link=True),
        Col("firm.name", _l("Firm"), 220, True),
        Col("frequency", width=100, important=True),
        Col("every", width=70),
        Col("weekdays", width=90),
        Col("starts", width=80),
        Col("minutes", width=90),
        Col("first_day", width=105),
        Col("last_day", width=105),
        Col("ended_on", width=105),
        Col("memo", width=200, hidden=True),
        Col("resource_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(Section(_l("Booking series"), (
        "resource_id", "firm_id", "contact_id", "frequency", "every", "weekdays", "first_day", "last_day", "starts", "minutes", "memo",
        PAYER, Input("skip_problems", "bool", _l("Leave out days that cannot be booked"), default=False))),),
    create=f"{S}.series:create_series",
    actions=(
        Action("leave_out", _l("Leave out a day"), f"{S}.series:leave_out_by_form", (Input("day", "date", _l("Day"), required=True), WHY),
               word="change", guard=f"{S}.series:why_not_end"),
        Action("end", _l("End the series"), f"{S}.series:end_by_form", (ON, WHY), word="change", danger=True,
               guard=f"{S}.series:why_not_end"),
    ),
    views=(
        View("running", _l("Running"), (Filter("last_day", "gte", "@today"), Filter("ended_on", "empty")), "resource.name"),
        View("all", _l("All"), (), "-id"),
    ),
    tabs=(Related("bookings", _l("Bookings"), "booking.booking", "series_id", order=10),
          Related("exceptions", _l("Days left out"), "booking.series_exception", "series_id", order=20)),
    search=("resource.name", "firm.name", "memo"),
    load=("resource", "firm", "contact"),
    parent=("resource_id", "booking.resource"),
    menu=("daily", 30),
    script="/static/booking/form.js",
)

EXCEPTIONS = Resource(
    "booking.series_exception",
    SeriesException,
    Titles(_l("Days left out"), _l("Day left out"), _l("Leave out a day")),
    icon="calendar-off",
    columns=(Col("day", width=110, important=True, link=True), Col("reason", width=300, important=True),
             Col("series_id", width=260, important=True)),
    sections=(Section(_l("Day left out"), ("series_id", "day", "reason")),),
    create=f"{S}.series:create_exception",
    load=("series",),
    sort="-day",
    parent=("series_id", "booking.series"),
)

WAITING_LIST = Resource(
    "booking.waiting",
    WaitingEntry,
    Titles(_l("Waiting list"), _l("Place in line"), _l("Join the waiting list")),
    icon="hourglass",
    columns=(
        Col("resource.name", _l("Resource"), 200, True, link=True),
        Col("starts_at", width=140, important=True),
        Col("ends_at", width=140),
        Col("firm.name", _l("Firm"), 220, True),
        Col("state", width=120),
        Col("asked_at", width=140),
        Col("offer_until", width=140),
        Col("memo", width=200, hidden=True),
        Col("booking_id", hidden=True),
        Col("resource_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(Section(_l("Place in line"), ("resource_id", "starts_at", "ends_at", "firm_id", "contact_id", "memo", PAYER)),
              Section(_l("How it went"), ("asked_at", "offered_at", "offer_until", "booking_id"))),
    create=f"{S}.waiting:join",
    workflow="modules.booking.states:WAITING",
    views=(
        View("open", _l("Waiting or offered"), (Filter("state", "in", ["waiting", "offered"]),), "asked_at"),
        View("offered", _l("Slots offered"), (Filter("state", "eq", "offered"),), "offer_until"),
        View("all", _l("All"), (), "-id"),
    ),
    search=("resource.name", "firm.name"),
    load=("resource", "firm", "booking"),
    sort="asked_at",
    parent=("resource_id", "booking.resource"),
    menu=("daily", 40),
    script="/static/booking/form.js",
)

OVERRIDES = Resource(
    "booking.override",
    BookingOverride,
    Titles(_l("Rules let pass"), _l("Rule let pass")),
    icon="alert-triangle",
    columns=(
        Col("code", width=110, important=True, link=True),
        Col("message", width=320, important=True),
        Col("reason", width=240, important=True),
        Col("user_name", width=110),
        Col("at", width=140),
        Col("booking_id", width=260),
    ),
    sections=(Section(_l("Rule let pass"), ("booking_id", "code", "message", "reason", "user_name", "at")),),
    search=("reason", "message"),
    load=("booking",),
    sort="-at",
    parent=("booking_id", "booking.booking"),
    menu=("daily", 60),
)

TOKENS = Resource(
    "booking.calendar_token",
    CalendarToken,
    Titles(_l("Calendar addresses"), _l("Calendar address")),
    icon="link",
    columns=(
        Col("hint", width=100, important=True, link=True),
        Col("resource_id", width=200, important=True),
        Col("firm_id", width=200),
        Col("contact_id", width=120),
        Col("issued_by", width=110),
        Col("issued_at", width=140, important=True),
        Col("revoked_at", width=140),
        Col("last_used_on", width=110),
    ),
    sections=(Section(_l("Calendar address"), ("hint", "resource_id", "firm_id", "contact_id", "issued_by", "issued_at", "revoked_at",
                                               "last_used_on")),),
    actions=(Action("revoke", _l("Revoke"), f"{S}.feeds:revoke_token", word="change", danger=True, guard=f"{S}.feeds:why_not_revoke"),),
    views=(View("valid", _l("In force"), (Filter("revoked_at", "empty"),), "-issued_at"), View("all", _l("All"), (), "-id")),
    load=("resource", "firm", "contact"),
    menu=("setup", 60),
)

RESOURCES = [BOOKINGS, SERIES, EXCEPTIONS, WAITING_LIST, OVERRIDES, TOKENS]

slots.tab("tenants.firm", Related("bookings", _l("Bookings"), "booking.booking", "firm_id", order=64))
slots.tile(Tile("booking.today", _l("Bookings today"), "booking.booking", "today", ("operations_clerk", "operations_manager"),
                ("resource.name", "starts_at", "firm.name"), 22))
slots.tile(Tile("booking.mine", _l("My bookings today"), "booking.booking", "mine_today",
                ("operations_clerk", "operations_manager", "finance", "leadership"), ("resource.name", "starts_at"), 24))
slots.tile(Tile("booking.to_decide", _l("Bookings to decide"), "booking.booking", "to_decide", ("operations_manager",),
                ("resource.name", "starts_at"), 12, "violet"))
for name in ("tenants.person", "tenants.firm", "booking.resource"):
    slots.action(name, Action("booking_calendar", _l("Calendar address"), f"modules.booking.views._feeds:for_{name.split('.')[1]}",
                               word="read"))
