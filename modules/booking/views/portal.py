"""The firm's own pages of this module: rooms and equipment to book with the price before, own bookings, cancelling."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from flask import flash, g, redirect, request
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from modules.tenants.services import portal_person
from parkops import clock
from parkops.errors import Problem, Refused, RuleError
from parkops.i18n import _, _l, i18n_text
from parkops.security import portal
from parkops.security.portal import Area, Open, Rows
from parkops.web.portal.frame import Card, Link, PortalPage
from parkops.web.values import day_typed
from parkops.web.views import PK, route

from ..models.booking import LIVE, Booking
from ..models.resource import BookableResource
from ..services import bookings, calendar, policy
from ..states import BOOKING

PORTAL_AREAS = [
    Area("bookings", _l("Bookings"), ("owner", "finance", "staff"), ("booking.booking read add change", "booking.waiting read"))
]
PORTAL_ROWS = [
    Rows("booking.resource", lambda cls, who: (cls.park_id == who.park_id) & cls.active),
    *(Open(f"booking.{name}") for name in ("group", "opening", "attribute")),
]
PORTAL_LINKS = [Link("bookings", _l("Bookings"), "/portal/bookings/", "calendar-event", order=20, bottom=True)]


def coming(session: Any, at: datetime, limit: int = 30) -> list[Booking]:
    """The firm's bookings that are not over, the next first."""
    return list(
        session.scalars(
            select(Booking)
            .options(selectinload(Booking.resource))
            .where(Booking.state.in_(LIVE), Booking.ends_at > at)
            .order_by(Booking.starts_at)
            .limit(limit)
        )
    )


def _next_card(session: Any) -> dict[str, Any]:
    rows = coming(session, clock.now(), 1)
    return {"row": rows[0] if rows else None, "local": clock.local}


PORTAL_CARDS = [Card("bookings", "booking/portal/next_card.html", _next_card, order=20)]


def _instant(day: date, text: str | None) -> datetime:
    try:
        return datetime.combine(day, time.fromisoformat((text or "")[:5]), tzinfo=clock.ZONE)
    except ValueError:
        raise Refused(_l("Choose the time as hours and minutes, such as 14:30.")) from None


class BookingsPortal(PortalPage):
    """`/portal/bookings/`: own bookings; `/portal/bookings/new/7`: a room's day, the price, the booking."""

    route_base = "/portal/bookings"
    area = "bookings"

    @route("/", None)
    def index(self) -> Any:
        at = clock.now()
        over = select(Booking).options(selectinload(Booking.resource)).where(Booking.ends_at <= at)
        past = list(self.session.scalars(over.order_by(Booking.starts_at.desc()).limit(20)))
        return self.draw(
            "booking/portal/bookings.html", coming=coming(self.session, at), past=past, local=clock.local, states=BOOKING.choices
        )

    @route("/new", None)
    def choose(self) -> Any:
        """What can be booked, by group."""
        return self.draw("booking/portal/choose.html", groups=calendar.groups_of(self.session), text=i18n_text)

    @route(f"/new/{PK}", None, methods=("GET", "POST"))
    def new(self, pk: int) -> Any:
        """The day of a room with the times taken, and by `look` the price; POST books once however often it is sent."""
        resource = self.own(BookableResource, pk)
        day = day_typed(request.values.get("day")) or clock.today()
        asked = bool(request.values.get("starts") and request.values.get("ends"))
        if request.method == "GET" or request.form.get("look"):
            try:
                return self._form(pk, day, self._preview(pk, day) if asked else None)
            except (Refused, RuleError) as refusal:  # what was typed stays in the form
                return self._form(pk, day, None, refusal)
        name = i18n_text(resource, "name")
        url, refusal = self.run_once(lambda: self._book(pk, day, name), "/portal/bookings/")
        return redirect(url, 303) if refusal is None else self._form(pk, day, None, refusal)

    def _book(self, pk: int, day: date, name: str) -> tuple[str, Any]:
        people = (request.form.get("people") or "").strip()
        resource = bookings.resource_of(self.session, pk)
        row = bookings.book(
            self.session,
            resource=resource,
            starts_at=_instant(day, request.form.get("starts")),
            ends_at=_instant(day, request.form.get("ends")),
            firm_id=self.firm_id,
            contact_id=self._me(),
            payer=self._payer(resource, day),
            people=int(people) if people.isascii() and people.isdigit() and len(people) < 5 else None,
            memo=request.form.get("memo"),
        )
        thanks = _("Booked: %(name)s", name=name) if row.state == "confirmed" else _("Asked for; the park confirms it.")
        return "/portal/bookings/", thanks

    def _me(self) -> int | None:
        """The firm's person who books: whose calendar the booking is in."""
        return portal_person.person_of(self.session, g.user.id, self.firm_id)

    def _payers(self, resource: BookableResource, day: date) -> list[tuple[str, str]]:
        """What the firm may let pay for the resource on the day: code and label."""
        rows = calendar.payers_of(self.session, resource=resource, firm_id=self.firm_id, on=day)
        return [(row["payer"], row["label"]) for row in rows]

    def _payer(self, resource: BookableResource, day: date) -> tuple[str, int] | None:
        """The payer chosen in the form (K-41): one of those offered, nothing else."""
        typed = (request.values.get("payer") or "").strip()
        if typed and typed not in dict(self._payers(resource, day)):
            sentence = _l("Choose one of your firm's projects that hold for this resource on this day.")
            raise RuleError([Problem("booking.K-41", sentence, "payer")])
        return bookings.payer_of(typed)

    def _preview(self, pk: int, day: date) -> dict[str, Any]:
        """Price and objections; computed with everything the rules look at, told as sums and sentences only."""
        starts, ends = _instant(day, request.values.get("starts")), _instant(day, request.values.get("ends"))

        def look() -> dict[str, Any]:
            resource = bookings.resource_of(self.session, pk)
            asked = {"resource": resource, "starts_at": starts, "ends_at": ends, "firm_id": self.firm_id}
            asked["payer"] = self._payer(resource, day)
            found = policy.problems(self.session, contact_id=self._me(), **asked)
            lines, total = calendar.price_of(self.session, **asked)
            return {
                "problems": [str(f.said) for f in found],
                "total": total,
                "lines": [(str(line["text"]), Decimal(line["amount"])) for line in lines],
            }

        return self._looked(look)

    def _looked(self, look: Any) -> Any:
        """A look with the reading side open: nothing is kept of it."""
        with portal.acting(self.session):
            return look()

    def _form(self, pk: int, day: date, preview: Any, refusal: Any = None) -> Any:
        start = datetime.combine(day, time(0), tzinfo=clock.ZONE)

        def look() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
            resource = bookings.resource_of(self.session, pk)
            rows = calendar.bookings_between(self.session, [resource], start, start + timedelta(days=1))
            times = [(f"{clock.local(b.starts_at):%H:%M}", f"{clock.local(b.ends_at):%H:%M}") for b in rows]
            return times, self._payers(resource, day)

        taken, payers = self._looked(look)
        return self.draw(
            "booking/portal/new.html",
            422 if refusal is not None else 200,
            resource=self.own(BookableResource, pk),
            day=day,
            today=clock.today(),
            taken=taken,
            payers=payers,
            preview=preview,
            problems=self.said(refusal),
            text=i18n_text,
            typed={k: request.values.get(k, "") for k in ("starts", "ends", "people", "memo", "payer")},
        )

    @route(f"/{PK}/cancel", None, methods=("POST",))
    def cancel(self, pk: int) -> Any:
        """Free until the room's limit, late after it."""
        self.own(Booking, pk)

        def work() -> None:
            bookings.cancel(self.session, self.session.get(Booking, pk), reason=(request.form.get("reason") or "")[:300] or None)

        _done, refusal = self.run(work)
        flash(str(refusal) if refusal is not None else _("The booking is cancelled."), "danger" if refusal is not None else "success")
        return redirect("/portal/bookings/", 303)


PAGES = [BookingsPortal]
