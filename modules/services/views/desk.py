"""The hall's working pages: taking a number, the clerk's window, the wall, the checklist, the board."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.clock import Period
from parkops.errors import NotFound, ParkOpsError, Refused
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.web.editing import attempt
from parkops.web.values import BadValue, id_typed
from parkops.web.views import PK, Page, route

from ..models.hall import HallWindow, ServiceHall
from ..models.item import ITEM_CLASSES
from ..services import board, cases, queue


def said(refusal: ParkOpsError) -> str:
    """A refusal as one text."""
    found = getattr(refusal, "problems", None)
    return " ".join(str(p.message) for p in found) if found else str(refusal)


def asked(name: str) -> int | None:
    """A record number of the address."""
    try:
        return id_typed(request.values.get(name))
    except BadValue:
        raise NotFound(_l("There is no such record in your parks.")) from None


class HallPage(Page):
    """What the pages share: the halls in use and the one asked for."""

    resource = "services.ticket"

    def halls(self) -> list[ServiceHall]:
        return list(self.session.scalars(select(ServiceHall).where(ServiceHall.active.is_(True)).order_by(ServiceHall.code)))

    def chosen(self, halls: list[ServiceHall]) -> ServiceHall | None:
        pk = asked("hall")
        return next((h for h in halls if h.id == pk), None) if pk is not None else next(iter(halls), None)


class HallTicketPage(HallPage):
    """`/services/take/`: the ticket machine, and the guide's tablet."""

    route_base = "/services/take"
    title = _l("Take a number")
    menu = ("hall", 5)
    menu_word = "add"
    icon = "ticket"

    @route("/", "add", methods=("GET", "POST"))
    def index(self) -> Any:
        """One button a class; the number is shown large."""
        halls = self.halls()
        hall, ticket, wrong = self.chosen(halls), None, None
        if request.method == "POST" and hall is not None:
            ticket, refusal = attempt(
                self.session, lambda: queue.take_ticket(self.session, hall_id=hall.id, item_class=request.form.get("item_class", ""))
            )
            wrong = said(refusal) if refusal is not None else None
        before = queue.ahead(self.session, ticket) if ticket is not None else None
        return self.draw(
            "services/take.html",
            422 if wrong else 200,
            title=self.title,
            halls=halls,
            hall=hall,
            classes=ITEM_CLASSES,
            ticket=ticket,
            before=before,
            said=wrong,
        )


class HallWindowPage(HallPage):
    """`/services/desk/?window=3`: call, serve, finish; open the case of the number."""

    route_base = "/services/desk"
    title = _l("At the window")
    menu = ("hall", 10)
    menu_word = "act"
    icon = "speakerphone"

    def windows(self) -> list[HallWindow]:
        return list(
            self.session.scalars(select(HallWindow).where(HallWindow.active.is_(True)).order_by(HallWindow.hall_id, HallWindow.code))
        )

    @route("/", "read")
    def index(self) -> Any:
        """The number at the window, who waits."""
        windows, pk, now = self.windows(), asked("window"), clock.now()
        window = next((w for w in windows if w.id == pk), None) if pk is not None else next(iter(windows), None)
        here = queue.at_window(self.session, window, clock.local(now).date()) if window is not None else None
        screen = queue.screen(self.session, window.hall, at=now) if window is not None else None
        case = cases.of_ticket(self.session, here) if here is not None else None
        waiting = queue.waiting(self.session, window, at=now) if window is not None else []
        return self.draw(
            "services/desk.html",
            title=self.title,
            windows=windows,
            window=window,
            here=here,
            screen=screen,
            case=case,
            classes=ITEM_CLASSES,
            only=[ITEM_CLASSES.label(c) for c in window.classes] if window is not None else [],
            now=now,
            waiting=waiting,
        )

    @route("/do", "act", methods=("POST",))
    def do(self) -> Any:
        """One of the buttons; the page comes back."""
        pk, what = asked("window"), request.form.get("what", "")
        window = load(self.session, "services.window", pk) if pk is not None else None
        if window is None:
            raise NotFound(_l("There is no such record in your parks."))

        def work() -> str | None:
            if what == "call":
                found = queue.call_next(self.session, window)
                return None if found is not None else _("Nobody waits for this window.")
            here = queue.at_window(self.session, window, clock.today())
            steps = {"recall": queue.recall, "serve": queue.serve_ticket, "finish": queue.finish_ticket, "miss": queue.miss_ticket}
            if here is None or what not in steps:
                raise Refused(_l("Nobody is at this window now; look again."))
            return steps[what](self.session, here)

        text, refusal = attempt(self.session, work)
        if refusal is not None or text:
            flash(said(refusal) if refusal is not None else text, "danger" if refusal is not None else "info")
        return redirect(f"/services/desk/?window={pk}", 303)


class HallWallPage(HallPage):
    """`/services/wall/?hall=1`: for the screen on the wall; numbers and windows only. It renews itself every five seconds."""

    route_base = "/services/wall"
    title = _l("Wall screen")
    menu = ("hall", 15)
    icon = "device-tv"

    @route("/", "read")
    def index(self) -> Any:
        """The page, or the part that changes (`?part=1`)."""
        halls = self.halls()
        hall = self.chosen(halls)
        screen = queue.screen(self.session, hall, at=clock.now()) if hall is not None else None
        template = "services/wall_part.html" if request.args.get("part") else "services/wall.html"
        return self.draw(template, title=self.title, hall=hall, halls=halls, screen=screen, now=clock.local(clock.now()))


class HallChecklistPage(Page):
    """`/services/checklist/7` (POST): which papers are there."""

    route_base = "/services/checklist"
    resource = "services.case"

    @route(f"/{PK}", "change", methods=("POST",))
    def index(self, pk: int) -> Any:
        """Stores what was ticked."""
        case = load(self.session, "services.case", pk)
        have = [int(x) for x in request.form.getlist("have") if x.isascii() and x.isdigit() and len(x) <= 18]
        _rows, refusal = attempt(self.session, lambda: cases.check_materials(self.session, case, have=have, on=clock.today()))
        if refusal is not None:
            flash(said(refusal), "danger")
        return redirect(f"/services/case/{pk}?tab=checklist", 303)


class HallBoardPage(HallPage):
    """`/services/board/?period=2026-11&hall=1`: the hall's figures (Kunming's board)."""

    route_base = "/services/board"
    resource = "services.case"
    title = _l("Hall board")
    menu = ("hall", 1)
    icon = "chart-bar"

    @route("/", "read")
    def index(self) -> Any:
        """Month, quarter or year; one hall or all of the park."""
        halls = self.halls()
        pk = asked("hall")
        period = period_asked()
        found = board.show_board(self.session, start=period.start, end=period.end, hall_id=pk if any(h.id == pk for h in halls) else None)
        top = max((n for _day, n in found.by_day if n), default=0)
        return self.draw(
            "services/board.html",
            title=self.title,
            halls=halls,
            hall=pk,
            period=period,
            board=found,
            top=top,
            previous=period.previous().key,
        )


def period_asked() -> Period:
    """The month, quarter or year of the address; this month when none is named."""
    text = request.args.get("period")
    if not text:
        return Period.month(clock.today())
    try:
        return Period.parse(text)
    except (ValueError, ParkOpsError):
        raise Refused(_l("Enter a period such as 2026-11, 2026Q4 or 2026.")) from None


PAGES = [HallTicketPage, HallWindowPage, HallWallPage, HallChecklistPage, HallBoardPage]
