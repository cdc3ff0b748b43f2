"""The firm's own pages of this module: instruments to start and stop, what was used, and disputing it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import g, redirect, request
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from modules.tenants.services import portal_person
from parkops import clock
from parkops.errors import NotFound, Problem, RuleError
from parkops.i18n import _, _l
from parkops.security import portal
from parkops.security.portal import Area, Rows, Through
from parkops.web.portal.frame import Card, Link, PortalPage
from parkops.web.values import id_typed
from parkops.web.views import PK, route

from ..models.adjustment import EventAdjustment
from ..models.event import EVENT_KINDS, UsageEvent
from ..models.project import PayingProject
from ..models.registry import Instrument
from ..services import events, machine, portal_use, pricing, questions
from ..states import EVENT
from ..states_adjustment import ADJUSTMENT

HOME = "/portal/platforms/"
SHOWN, HOUR = 60, timedelta(hours=1)

PORTAL_AREAS = [
    Area("platforms", _l("Instruments and platforms"), ("owner", "finance", "staff"),
         ("platforms.event read add change", "platforms.adjustment read add", "platforms.project read"))
]
PORTAL_ROWS = [
    *(Rows(f"platforms.{name}", lambda cls, who: cls.park_id == who.park_id) for name in (
        "platform", "instrument", "service_item", "question")),
    Through("platforms.answer", "event_id", "platforms.event"),
]
PORTAL_LINKS = [Link("platforms", _l("Instruments and platforms"), HOME, "microscope", order=24)]


def running(session: Any) -> list[UsageEvent]:
    """What the firm uses now."""
    return list(session.scalars(select(UsageEvent).where(UsageEvent.state == "open", UsageEvent.kind == "usage").options(
        selectinload(UsageEvent.instrument), selectinload(UsageEvent.project)).order_by(UsageEvent.started_at)))


def _running_card(session: Any) -> dict[str, Any] | None:
    rows = running(session)
    return {"rows": rows, "local": clock.local} if rows else None


PORTAL_CARDS = [Card("platforms", "platforms/portal/running_card.html", _running_card, order=5)]


class PlatformsPortal(PortalPage):
    """`/portal/platforms/`: what runs, what may be started, what was used; `/7` starts an instrument; `/use/9` stops or disputes."""

    route_base = "/portal/platforms"
    area = "platforms"

    @route("/", None)
    def index(self) -> Any:
        """Running use first, then the instruments, then what was used."""
        with portal.acting(self.session):
            busy = set(self.session.scalars(select(UsageEvent.instrument_id).where(UsageEvent.state == "open", UsageEvent.kind == "usage")))
            rows = [(i.id, i.name, i.platform.name, i.place, i.id in busy) for i, _pays in self._usable()]
        used = list(self.session.scalars(select(UsageEvent).where(UsageEvent.state != "open").options(
            selectinload(UsageEvent.instrument), selectinload(UsageEvent.item)).order_by(
            UsageEvent.started_at.desc(), UsageEvent.id.desc()).limit(SHOWN)))
        return self.draw("platforms/portal/index.html", running=running(self.session), rows=rows, used=used, local=clock.local,
                         bills=portal_use.bills_of(self.session, used), states=EVENT.choices, kinds=EVENT_KINDS)

    def _me(self) -> int | None:
        return portal_person.person_of(self.session, g.user.id, self.firm_id)

    def _usable(self) -> list[tuple[Instrument, list[PayingProject]]]:
        return portal_use.usable(self.session, firm_id=self.firm_id, person_id=self._me(), on=clock.today())

    def _machine(self, pk: int) -> dict[str, Any]:
        """One instrument the firm may start, the projects with the price of an hour now; not found otherwise."""
        now = clock.now()
        with portal.acting(self.session):
            found = next(((i, pays) for i, pays in self._usable() if i.id == pk), None)
            if found is None:
                raise NotFound(_l("This instrument cannot be started by your firm. Ask the staff of the platform."))
            hour = {"instrument": found[0], "starts_at": now, "ends_at": now + HOUR}
            prices = [(p.id, str(p), machine.preview(self.session, project=p, **hour).amount) for p in found[1]]
            busy = events.running(self.session, pk) is not None
        return {"prices": prices, "busy": busy}

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        """The instrument, ready to start."""
        return self._form(pk)

    def _form(self, pk: int, refusal: Any = None) -> Any:
        return self.draw("platforms/portal/start.html", 422 if refusal is not None else 200, **self._machine(pk),
                         instrument=self.own(Instrument, pk), asked=questions.of_instrument(self.session, pk, "before"),
                         problems=self.said(refusal), typed=request.form)

    @route(f"/{PK}/start", None, methods=("POST",))
    def start(self, pk: int) -> Any:
        """Start for one of the firm's own projects (U-66), by the rules that hold for staff."""
        self._machine(pk)
        project_id = id_typed(request.form.get("project_id"))
        if project_id is not None:
            self.own(PayingProject, project_id)

        def work() -> tuple[str, Any]:
            event = events.start_usage(self.session, instrument_id=pk, project_id=project_id, at=clock.now(), person_id=self._me(),
                                       origin="user", answers=_answers())
            return f"{HOME}use/{event.id}", _("Started.")

        url, refusal = self.run_once(work, HOME)
        return redirect(url, 303) if refusal is None else self._form(pk, refusal)

    @route(f"/use/{PK}", None)
    def use(self, pk: int) -> Any:
        """One use: stop it while it runs, dispute it afterwards."""
        return self._use(pk)

    def _use(self, pk: int, refusal: Any = None) -> Any:
        event = self.own(UsageEvent, pk)
        runs = event.state == "open"
        with portal.acting(self.session):
            so_far = pricing.of_event(self.session, self.session.get(UsageEvent, pk), until=clock.now())
        event = self.own(UsageEvent, pk)
        mine = select(PayingProject).where(PayingProject.state == "active").order_by(PayingProject.id.desc())
        asked = select(EventAdjustment).where(EventAdjustment.event_id == pk).order_by(EventAdjustment.id.desc())
        return self.draw(
            "platforms/portal/use.html", 422 if refusal is not None else 200, event=event, runs=runs, so_far=so_far,
            asked=questions.of_instrument(self.session, event.instrument_id, "after") if runs else [],
            projects=list(self.session.scalars(mine)), requests=list(self.session.scalars(asked)), bills=portal_use.bills_of(
                self.session, [event]), problems=self.said(refusal), typed=request.form, local=clock.local, states=EVENT.choices,
            kinds=EVENT_KINDS, request_states=ADJUSTMENT.choices, disputable=event.state in ("done", "validated"))

    @route(f"/use/{PK}/stop", None, methods=("POST",))
    def stop(self, pk: int) -> Any:
        """Stop the firm's own use."""
        self.own(UsageEvent, pk)

        def work() -> tuple[str, Any]:
            events.stop_usage(self.session, self.session.get(UsageEvent, pk), at=clock.now(), answers=_answers())
            return HOME, _("Stopped. It will be charged after it was validated.")

        url, refusal = self.run_once(work, HOME)
        return redirect(url, 303) if refusal is None else self._use(pk, refusal)

    @route(f"/use/{PK}/dispute", None, methods=("POST",))
    def dispute(self, pk: int) -> Any:
        """Ask the staff for a change (U-67)."""
        self.own(UsageEvent, pk)
        form = request.form
        project_id = id_typed(form.get("project_id"))
        if project_id is not None:
            self.own(PayingProject, project_id)

        def work() -> tuple[str, Any]:
            portal_use.dispute(
                self.session, self.session.get(UsageEvent, pk), reason=(form.get("reason") or "")[:2000], start=_instant("start"),
                end=_instant("end"), quantity=_quantity(), project_id=project_id, waive=bool(form.get("waive")), on=clock.today())
            return f"{HOME}use/{pk}", _("The park has your request and answers it here.")

        url, refusal = self.run_once(work, HOME)
        return redirect(url, 303) if refusal is None else self._use(pk, refusal)


def _answers() -> dict[str, str]:
    return {k[2:]: v for k, v in request.form.items() if k.startswith("q_") and v.strip()}


def _instant(name: str) -> datetime | None:
    raw = (request.form.get(name) or "").strip()
    try:
        found = datetime.fromisoformat(raw).replace(tzinfo=clock.ZONE) if raw else None
    except ValueError:
        found = None
    if (raw and found is None) or (found is not None and not 2000 <= found.year <= 2200):
        raise RuleError([Problem("platforms.U-67", _l("Write the time as 2026-11-22 14:30."), name)])
    return found


def _quantity() -> Decimal | None:
    raw = (request.form.get("quantity") or "").strip()
    if raw and questions.number(raw) is None:
        raise RuleError([Problem("platforms.U-67", _l("Enter the quantity as a number from 0."), "quantity")])
    return questions.number(raw) if raw else None


PAGES = [PlatformsPortal]
