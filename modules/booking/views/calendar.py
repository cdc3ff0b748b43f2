"""The booking calendar, the desk board of the day, calendar feeds, and the REST answer "what speaks against it, what does it cost"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, jsonify, request

from parkops import clock
from parkops.clock import ZONE
from parkops.db.session import scope_of, system_scope
from parkops.errors import NotFound, Problem, Refused, RuleError
from parkops.i18n import _, _l, _n, locale
from parkops.security import access
from parkops.web.values import day_typed, id_typed
from parkops.web.views import Api, Page, commit, route

from .. import calc_policy
from ..models.booking import Booking
from ..models.resource import CLOSURE_KINDS
from ..services import bookings, calendar, feeds, policy
from ..states import BOOKING
from ._feeds import address

DATE_MAX = 62  # days a calendar asks for at most


def instant(name: str, required: bool = True) -> datetime | None:
    """A time of the query: ISO, park time when it names no zone."""
    raw = (request.args.get(name) or "").replace(" ", "+") if "T" in request.args.get(name, "") else request.args.get(name, "")
    try:
        found = datetime.fromisoformat(raw) if raw else None
    except ValueError:
        found = None
    if found is not None and 1900 <= found.year <= 2200:
        return (found.replace(tzinfo=ZONE) if found.tzinfo is None else found).astimezone(UTC)
    if required or raw:
        raise RuleError([Problem("booking.time", _l("Write the time as 2026-11-22 14:30."), name)])
    return None


def number(name: str) -> int | None:
    """The number of a record in the query, None when empty."""
    try:
        return id_typed(request.args.get(name))
    except Refused as refused:
        raise RuleError([Problem("booking.number", refused.message, name)]) from None


class CalendarPage(Page):
    """`/booking/calendar/?resource=7` or `?group=3`: week, day, month; drag to book, drag to move."""

    route_base = "/booking/calendar"
    resource = "booking.booking"
    title = _l("Booking calendar")
    menu = ("daily", 10)
    icon = "calendar"

    @route("/")
    def index(self) -> Any:
        """The page; what it shows comes from `events`."""
        session = self.session
        groups = calendar.groups_of(session)
        chosen, group = number("resource"), number("group")
        if chosen is None and group is None and groups:
            first = groups[0]
            chosen, group = (None, first[0].id) if first[0] is not None else (first[1][0].id, None)
        shown = calendar.resources_of(session, resource_id=chosen, group_id=group) if groups or chosen or group else []
        name = next((str(g) for g, _rows in groups if g is not None and g.id == group), None) if group else None
        at = clock.now()
        alerts = calendar.closures_between(session, shown, at, at + timedelta(days=14))
        return self.draw(
            "booking/calendar.html", alerts=alerts, kinds=CLOSURE_KINDS, local=clock.local,
            groups=groups, chosen=chosen, group=group, shown=shown, name=name or (str(shown[0]) if shown else ""),
            data=self._data(shown, chosen), may_book=access.may(session, "booking.booking", "add"), zh=locale() == "zh",
            may_link=access.may(session, "booking.calendar_token", "add"))

    def _data(self, shown: list[Any], chosen: int | None) -> dict[str, Any]:
        """What the script needs."""
        session = self.session
        hours = policy.hours_of(session, shown[0]) if len(shown) == 1 else []
        return {
            "resources": [{"id": r.id, "name": r.name} for r in shown], "resource": chosen, "zone": ZONE.key, "locale": locale(),
            "now": clock.now().isoformat(), "step": min((r.step_minutes for r in shown), default=30),
            "hours": [{"daysOfWeek": [h.weekday % 7], "startTime": h.opens, "endTime": h.closes} for h in hours],
            "mayBook": access.may(session, "booking.booking", "add"), "mayMove": access.may(session, "booking.booking", "change"),
            "texts": {k: str(v) for k, v in TEXTS.items()}}

    @route("/events")
    def events(self) -> Any:
        """JSON for the calendar: bookings and closures between two instants."""
        session, start, end = self.session, instant("start"), instant("end")
        end = min(end, start + timedelta(days=DATE_MAX))
        chosen, group = number("resource"), number("group")
        found = calendar.resources_of(session, resource_id=chosen, group_id=group)
        names, may = {r.id: r.name for r in found}, access.may(session, "booking.booking", "change")
        rows = [self._event(b, names[b.resource_id], len(found) > 1, may) for b in calendar.bookings_between(session, found, start, end)]
        rows += [{"id": f"closure-{c.id}", "start": c.starts_at.isoformat(), "end": (c.ends_at or end).isoformat(), "display": "background",
                  "title": f"{CLOSURE_KINDS.label(c.kind)}: {c.cause}", "className": f"bk-{c.kind}", "editable": False}
                 for c in calendar.closures_between(session, found, start, end)]
        return jsonify(rows)

    def _event(self, booking: Booking, name: str, several: bool, may: bool) -> dict[str, Any]:
        who = str(booking.firm) if booking.firm is not None else booking.memo or _("The park itself")
        ends = min(booking.ends_at, booking.finished_at or booking.ends_at)
        return {"id": str(booking.id), "title": f"{name} · {who}" if several else who, "start": booking.starts_at.isoformat(),
                "end": max(ends, booking.starts_at).isoformat(), "url": f"/booking/booking/{booking.id}",
                "className": f"bk-{booking.state}", "editable": may and booking.state in ("requested", "confirmed"),
                "extendedProps": {"version": booking.version, "resource": booking.resource_id, "name": name,
                                  "state": str(BOOKING.choices.label(booking.state)), "firm": booking.firm_id, "people": booking.people,
                                  "memo": booking.memo or ""}}

    @route("/link", "add", methods=("POST",), resource="booking.calendar_token")
    def link(self) -> Any:
        """A new feed address of a resource, or of the actor's own bookings; it is shown this once."""
        pk = number("resource")
        found = calendar.resources_of(self.session, resource_id=pk, group_id=None) if pk is not None else []
        whose = {"resource_id": found[0].id} if found else {"user_id": scope_of(self.session).user_id}
        _row, token = feeds.issue_token(self.session, **whose)
        commit()
        return jsonify({"url": address(self.session, token)})


class BoardPage(Page):
    """`/booking/board/`: who comes today; check in, finish, no-show with one press."""

    route_base = "/booking/board"
    resource = "booking.booking"
    title = _l("Check-in desk")
    menu = ("daily", 15)
    icon = "checkbox"

    @route("/")
    def index(self) -> Any:
        """The day's bookings with what can be done now."""
        day = day_typed(request.args.get("on")) or clock.today()
        start = calc_policy.instant(day, "00:00")
        rows = calendar.of_day(self.session, start, start + timedelta(days=1))
        codes = ("check_in", "finish", "miss")
        buttons = {b.id: [x for x in BOOKING.buttons(self.session, b) if x.step.code in codes and x.enabled] for b in rows}
        counts = {state: sum(1 for b in rows if b.state == state) for state in BOOKING.choices}
        return self.draw("booking/board.html", day=day, rows=rows, buttons=buttons, counts=counts, states=BOOKING.choices,
                         local=clock.local, now=clock.now(), before=day - timedelta(days=1), after=day + timedelta(days=1))


class CheckApi(Api):
    """`/api/v1/booking/check/`: every problem a booking would have and its price, before anything is saved."""

    route_base = "/api/v1/booking/check"
    resource = "booking.booking"
    openapi_spec_tag = "booking.check"

    @route("/")
    def check(self) -> Any:
        """What speaks against a booking and what it costs; nothing is saved.
        ---
        get:
          description: Every problem at once, each with whether staff may let it pass, and the price lines.
          parameters:
          - {in: query, name: resource_id, required: true, schema: {type: integer}}
          - {in: query, name: starts_at, required: true, schema: {type: string}, description: 'ISO time; park time without zone'}
          - {in: query, name: ends_at, required: true, schema: {type: string}}
          - {in: query, name: firm_id, schema: {type: integer}}
          - {in: query, name: contact_id, schema: {type: integer}}
          - {in: query, name: people, schema: {type: integer}}
          - {in: query, name: payer, schema: {type: string}, description: 'Record that pays, for example platforms.project:7'}
          - {in: query, name: booking_id, schema: {type: integer}, description: The booking that would be moved}
          responses:
            200: {description: Problems and price}
            401: {description: Not logged in}
            403: {description: No right to read bookings}
            404: {description: No such resource or booking in your parks}
            422: {description: The question cannot be understood}
        """
        session, starts, ends = self.session, instant("starts_at"), instant("ends_at")
        resource = bookings.resource_of(session, number("resource_id"))
        moved = number("booking_id")
        booking = session.get(Booking, moved) if moved is not None else None
        if moved is not None and booking is None:
            raise NotFound(_l("There is no such record in your parks."))
        firm, at = booking.firm_id if booking is not None else number("firm_id"), clock.now()
        pays = bookings.payer_of(request.args.get("payer")) if booking is None else bookings.payer_kept(booking)
        found = policy.problems(session, resource=resource, starts_at=starts, ends_at=ends, firm_id=firm, contact_id=number("contact_id"),
                                people=number("people"), booking=booking, payer=pays, at=at)
        lines, total = calendar.price_of(session, resource=resource, starts_at=starts, ends_at=ends, firm_id=firm, payer=pays)
        return jsonify({
            "problems": [f.as_json() for f in found], "may_override": access.may(session, "booking.override", "add"),
            "summary": str(TEXTS["free"]) if not found else _n("%(n)s reason against it", "%(n)s reasons against it", len(found)),
            "price": [{k: str(v) for k, v in line.items()} for line in lines], "total": str(total) if total is not None else None,
            "total_text": _("Price %(amount)s yuan", amount=f"{total:,.2f}") if total is not None else str(TEXTS["no_price"]),
            "payers": calendar.payers_of(session, resource=resource, firm_id=firm, on=clock.local(ends).date()),
            "needs_approval": resource.needs_approval,
            "bookable": not found})


class FeedPage(Page):
    """`/booking/feed/<token>.ics`: read by calendar programs without a log-in; the token alone decides, and shows one calendar only."""

    route_base = "/booking/feed"
    resource = "booking.calendar_token"

    def refuse(self, word: str | None, resource: str | None) -> Any:
        """The secret address is the right."""
        return None

    @route("/<string:token>.ics", None)
    def feed(self, token: str) -> Any:
        """The calendar, or "not found" for anything else."""
        if not 40 <= len(token) <= 64:
            raise NotFound(_l("This calendar address is not in force."))
        with system_scope("booking: calendar feed by token") as session:
            row = feeds.find_token(session, token)
            body = feeds.feed_of(session, row, at=clock.now()) if row is not None else None
            if row is not None:
                feeds.note_read(session, row, clock.today())
        if body is None:
            raise NotFound(_l("This calendar address is not in force."))
        return Response(body, content_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, max-age=300"})


TEXTS = {
    "book": _l("Book"), "new": _l("New booking"), "resource": _l("Resource"), "start": _l("Start"), "end": _l("End"), "firm": _l("Firm"),
    "memo": _l("Purpose"), "payer": _l("Paying project"), "itself": _l("found by itself"), "none": _l("The park itself"),
    "free": _l("Nothing speaks against it."), "price": _l("Price"), "no_price": _l("No price is set."),
    "override": _l("Reason to let rules pass"), "move": _l("Move booking"), "to": _l("Move to"),
    "moved": _l("Moved."), "booked": _l("Booked."), "approval": _l("Awaiting approval"), "asks": _l("A manager decides on it."),
    "more": _l("More fields"), "wait": _l("Join the waiting list"),
    "waiting": _l("You are in line; you will be told when the slot is free."), "link": _l("Calendar address"),
    "secret": _l("Copy it now: it is shown this once. Whoever has it can read the calendar; revoke it under Calendar addresses."),
    "day": _l("Day view"), "week": _l("Week view"), "month": _l("Month view"), "list": _l("Agenda view"), "close": _l("Close"),
    "copy": _l("Copy"),
}
PAGES = [CalendarPage, BoardPage, CheckApi, FeedPage]
