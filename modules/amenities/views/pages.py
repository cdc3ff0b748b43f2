"""Pages that are no list: load of the dining places, merchants of the food streets, the check-in desk, answering a survey."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.errors import NotFound, ParkOpsError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.web import idempotency
from parkops.web.editing import attempt
from parkops.web.values import day_typed, id_typed
from parkops.web.views import PK, Page, route

from .. import calc_meals as calc
from ..models.facility import AmenityFacility
from ..services import events, merchants, surveys, till


class LoadPage(Page):
    """`/amenities/load/?day=2026-11-27&place=1`: meals by hour against the seats."""

    route_base = "/amenities/load"
    resource = "amenities.meal_use"
    title = _l("Load of the dining places")
    menu = ("meals", 5)
    icon = "chart-bar"

    @route("/")
    def index(self) -> Any:
        """The chosen day."""
        from parkops import settings

        places = list(self.session.scalars(select(AmenityFacility).where(AmenityFacility.kind == "canteen").order_by(AmenityFacility.code)))
        place = id_typed(request.args.get("place"))
        chosen = next((p for p in places if p.id == place), places[0] if places else None)
        day = day_typed(request.args.get("day")) or clock.today()
        found = till.arrivals(self.session, facility_id=chosen.id, day=day) if chosen else {}
        stay = settings.get(self.session, "amenities.stay_minutes", chosen.park_id if chosen else None)
        seated, hours = calc.seated(found, stay), calc.by_hour(found)
        peaks = [max(seated[h * 12 : h * 12 + 12]) for h in range(24)]
        labels = (_("Meals"), _("Seated at once"))
        return self.draw(
            "amenities/load.html",
            places=places,
            chosen=chosen,
            day=day,
            total=sum(hours),
            peak=max(peaks),
            stay=stay,
            svg=calc.chart(hours, peaks, chosen.seats if chosen else None, str(self.title), labels),
            hours=hours,
            peaks=peaks,
        )


class MerchantPage(Page):
    """`/amenities/merchants/`: who trades in the food streets and what turnover they declared. Empty without leasing."""

    route_base = "/amenities/merchants"
    resource = "amenities.facility"
    title = _l("Merchants of the food streets")
    menu = ("setup", 40)
    icon = "building-store"

    @route("/")
    def index(self) -> Any:
        """Leases with a share of turnover, by place."""
        on = clock.today()
        return self.draw(
            "amenities/merchants.html", found=merchants.of_places(self.session, on=on), on=on, months=merchants.last_months(on)
        )


class DoorPage(Page):
    """`/amenities/door/7`: scan or type a code; the answer is large enough to read across the table."""

    route_base = "/amenities/door"
    resource = "amenities.registration"

    @route(f"/{PK}", "change", methods=("GET", "POST"))
    def index(self, pk: int) -> Any:
        """The desk of one event."""
        event, said, good = load(self.session, "amenities.event", pk), None, False
        if request.method == "POST":
            code = request.form.get("code", "")

            def work() -> str:
                row = events.find_code(self.session, code)
                if row.event_id != pk:
                    raise NotFound(_l("This code is for another event."))
                events.check_in(self.session, row)
                return _("Checked in: %(name)s, %(firm)s", name=str(row), firm=str(row.firm or "—"))

            answer, refusal = attempt(self.session, work)
            said, good = (answer, True) if refusal is None else (_sentence(refusal), False)
            event = load(self.session, "amenities.event", pk)
        return self.draw("amenities/door.html", event=event, said=said, good=good, rows=events.by_firm(self.session, event))


class AnswerPage(Page):
    """`/amenities/answer/3`: answer a survey (the tenant portal uses the same service)."""

    route_base = "/amenities/answer"
    resource = "amenities.survey_sheet"

    @route(f"/{PK}", "add", methods=("GET", "POST"))
    def index(self, pk: int) -> Any:
        """Questions, and a thank-you."""
        survey, said = load(self.session, "amenities.survey", pk), None
        if request.method == "POST":
            given = {q.id: request.form.get(f"q{q.id}") for q in surveys.questions_of(self.session, survey)}
            claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, dict(request.form))

            def work() -> dict[str, Any]:
                surveys.answer(self.session, survey, person=request.form.get("person", ""), answers=given, on=clock.today())
                idempotency.keep(self.session, claimed, {"done": True})
                return {"done": True}

            if claimed.answer is not None:
                self.session.rollback()
                return redirect(f"/amenities/survey/{pk}")
            _answer, refusal = attempt(self.session, work)
            if refusal is None:
                return redirect(f"/amenities/survey/{pk}")
            said, survey = _sentence(refusal), load(self.session, "amenities.survey", pk)
        return self.draw(
            "amenities/answer.html",
            survey=survey,
            questions=surveys.questions_of(self.session, survey),
            said=said,
            given=request.form,
            once=idempotency.new_key(),
            choices_of=surveys.choices_of,
        )


def _sentence(refusal: ParkOpsError) -> str:
    found = getattr(refusal, "problems", None)
    return " ".join(str(p.message) for p in found) if found else str(refusal)


PAGES = [LoadPage, MerchantPage, DoorPage, AnswerPage]
