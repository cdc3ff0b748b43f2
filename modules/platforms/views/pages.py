"""Special pages: at the machine (phone), the month run with its dry run, the public price list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, request
from sqlalchemy import select

from modules.booking.models.resource import WEEKDAYS
from parkops import clock, settings
from parkops.db.session import system_scope
from parkops.errors import NotFound, Refused
from parkops.i18n import _, _l, i18n_text
from parkops.models import Park
from parkops.refs import load, url
from parkops.security import access
from parkops.web import idempotency
from parkops.web.editing import attempt
from parkops.web.values import id_typed, month_typed
from parkops.web.views import PK, Page, route

from ..models.event import EVENT_KINDS, UsageEvent
from ..models.project import CUSTOMER_CLASSES, PayingProject
from ..models.rate import RATE_BASES
from ..models.registry import INSTRUMENT_STATES, Instrument
from ..models.run import MonthRun
from ..services import events, machine, month_runs, price_list, pricing, projects, questions

MOST = 200


class MachinePage(Page):
    """`/platforms/machine/`: every instrument with what runs; one instrument to start and stop, made for a phone."""

    route_base = "/platforms/machine"
    resource = "platforms.event"
    title = _l("At the machine")
    menu = ("use", 10)
    icon = "player-play"

    @route("/")
    def index(self) -> Any:
        """All instruments in use."""
        rows = self.session.scalars(select(Instrument).where(Instrument.state != "retired").order_by(Instrument.code)).all()
        running = {e.instrument_id: e for e in self.session.scalars(
            select(UsageEvent).where(UsageEvent.state == "open", UsageEvent.kind == "usage"))}
        return self.draw("platforms/machines.html", rows=rows, running=running, states=INSTRUMENT_STATES, local=clock.local,
                         now=clock.now())

    @route(f"/{PK}")
    def show(self, pk: int) -> Any:
        """Start or stop, with the questions and the price."""
        return self._draw(pk, {})

    @route(f"/{PK}/start", "add", methods=("POST",))
    def start(self, pk: int) -> Any:
        """Start for the chosen project; refused with one sentence when it does not hold."""
        return self._do(pk, lambda typed: events.start_usage(
            self.session, instrument_id=pk, project_id=id_typed(typed.get("project_id")), at=clock.now(),
            person_id=id_typed(typed.get("person_id")), origin="staff", answers=_answers(typed),
            memo=typed.get("memo") or None), _("Started."))

    @route(f"/{PK}/stop", "change", methods=("POST",))
    def stop(self, pk: int) -> Any:
        """Stop what runs."""
        def work(typed: dict[str, str]) -> Any:
            running = events.running(self.session, pk)
            if running is None:
                raise Refused(_l("Nothing is running here any more."))
            return events.stop_usage(self.session, running, at=clock.now(), answers=_answers(typed))

        return self._do(pk, work, _("Stopped. It will be charged after it was validated."))

    def _do(self, pk: int, work: Any, said: str) -> Any:
        typed = {k: v for k, v in request.form.items() if k not in ("csrf_token", "_once")}
        load(self.session, "platforms.instrument", pk)
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, typed, needed=True)
        if claimed.answer is not None:
            self.session.rollback()
            return redirect(f"/platforms/machine/{pk}", 303)

        def once() -> Any:
            found = work(typed)
            idempotency.keep(self.session, claimed, {"id": found.id})
            return found

        _event, refusal = attempt(self.session, once)
        if refusal is not None:
            return self._draw(pk, typed, refusal)
        flash(said, "success")
        return redirect(f"/platforms/machine/{pk}", 303)

    def _draw(self, pk: int, typed: dict[str, str], refusal: Any = None) -> Any:
        instrument = load(self.session, "platforms.instrument", pk)
        running, now = events.running(self.session, pk), clock.now()
        asked = questions.of_instrument(self.session, pk, "after" if running else "before")
        rows = [] if running else self.session.scalars(
            select(PayingProject).where(PayingProject.state == "active").order_by(PayingProject.number.desc()).limit(MOST)).all()
        asked_for = {"kind": "usage", "on": clock.today(), "platform_id": instrument.platform_id}
        usable = [p for p in rows if not projects.objections(self.session, p, **asked_for)]
        so_far = pricing.of_event(self.session, running, until=now) if running else None
        recent = self.session.scalars(select(UsageEvent).where(UsageEvent.instrument_id == pk, UsageEvent.state != "open")
                                      .order_by(UsageEvent.started_at.desc()).limit(5)).all()
        prices = [] if running else [(p, machine.preview(self.session, instrument=instrument, project=p, starts_at=now,
                                                         ends_at=now + timedelta(hours=1)).amount) for p in usable]
        people = [] if running else machine.trained_people(self.session, instrument, clock.today())
        return self.draw("platforms/machine.html", 422 if refusal is not None else 200, instrument=instrument, running=running, asked=asked,
                         prices=prices, people=people, typed=typed, refusal=refusal, so_far=so_far, now=now, local=clock.local,
                         recent=recent, states=UsageEvent.__table__.c.state.type.choices, once=idempotency.new_key())


def _answers(typed: dict[str, str]) -> dict[str, str]:
    return {k[2:]: v for k, v in typed.items() if k.startswith("q_") and v.strip()}


class MonthRunPage(Page):
    """`/platforms/run/?month=2026-03`: the dry run of a month, and the button that prices it."""

    route_base = "/platforms/run"
    resource = "platforms.month_run"
    title = _l("Price a month")
    menu = ("use", 50)
    icon = "calendar-dollar"

    @route("/")
    def index(self) -> Any:
        """What pricing the month would do now; nothing is written."""
        month = month_typed(request.args.get("month")) or clock.add_months(clock.today(), -1).replace(day=1)
        found = month_runs.dry_run(self.session, month=month)
        self.session.rollback()
        last = self.session.scalars(select(MonthRun).order_by(MonthRun.month.desc(), MonthRun.id.desc()).limit(12)).all()
        live = next((r for r in last if r.month == month and r.state == "priced"), None)
        return self.draw("platforms/month_run.html", month=month, found=found, last=last, live=live, url=url, once=idempotency.new_key(),
                         may_price=access.may(self.session, self.resource, "add"))

    @route("/price", "add", methods=("POST",))
    def price(self) -> Any:
        """Price what waits in the month."""
        month = month_typed(request.form.get("month"))
        if month is None:
            raise Refused(_l("Choose a month."))
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, {"month": month.isoformat()}, needed=True)
        if claimed.answer is not None:
            self.session.rollback()
            return redirect(f"/platforms/run/?month={month:%Y-%m}", 303)

        def work() -> MonthRun:
            run = month_runs.price_month(self.session, month=month)
            idempotency.keep(self.session, claimed, {"id": run.id})
            return run

        run, refusal = attempt(self.session, work)
        if refusal is None:
            flash(_("%(month)s is priced: %(n)s events, %(sum)s yuan. Billing's run collects them.", month=f"{month:%Y-%m}", n=run.events,
                    sum=f"{run.net:,.2f}"), "success")
        else:
            flash(str(refusal), "danger")
        return redirect(f"/platforms/run/?month={month:%Y-%m}", 303)


class PriceListPage(Page):
    """`/platforms/prices/<park>`: the price list, read without a log-in where the park publishes it; it shows nothing but rates."""

    route_base = "/platforms/prices"
    resource = "platforms.rate"

    def refuse(self, word: str | None, resource: str | None) -> Any:
        """Prices are public (U-19)."""
        return None

    @route("/<string(maxlength=40):code>", None)
    def show(self, code: str) -> Any:
        """Rates that hold today and coming ones."""
        with system_scope("platforms: public price list") as session:
            park = session.scalars(select(Park).where(Park.code == code)).one_or_none()
            if park is None or not settings.get(session, "platforms.public_prices", park.id):
                raise NotFound(_l("This park publishes no price list."))
            rows = price_list.of_park(session, park.id, clock.today())
            groups: dict[str, list[price_list.Priced]] = {}
            for row in rows:
                groups.setdefault(row.platform, []).append(row)
            return self.draw("platforms/prices.html", park=park, park_name=i18n_text(park, "name"), groups=groups, today=clock.today(),
                             kinds=EVENT_KINDS, classes=CUSTOMER_CLASSES, bases=RATE_BASES, days=_days)


def _days(weekdays: str) -> str:
    """`12345` as the names of the days; a run of three or more as first and last."""
    names = [str(WEEKDAYS.label(d)) for d in weekdays]
    run = len(weekdays) > 2 and int(weekdays[-1]) - int(weekdays[0]) == len(weekdays) - 1
    return f"{names[0]}–{names[-1]}" if run else ", ".join(names)


PAGES = [MachinePage, MonthRunPage, PriceListPage]
