"""The firm's own pages for apartments: applying for one of its people, the rules' answer, the place in the queue."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request
from sqlalchemy import select

from modules.tenants.models.person import FirmPerson, Person
from parkops import clock
from parkops.i18n import _l
from parkops.security import portal
from parkops.security.portal import Area, Rows
from parkops.web.portal.frame import Link, PortalPage
from parkops.web.values import day_typed, id_typed
from parkops.web.views import PK, route

from ..models.facility import HOUSING, AmenityFacility
from ..models.housing import LAYOUTS, TALENT_LEVELS, HousingApplication
from ..services import housing_queue
from ..states import HOUSING_APPLICATION

PORTAL_AREAS = [Area("housing", _l("Apartments"), ("owner", "finance"), ("amenities.housing_application read add change act",))]
PORTAL_ROWS = [Rows("tenants.person", lambda cls, who: cls.id.in_(select(FirmPerson.person_id).where(FirmPerson.firm_id == who.firm_id)))]
PORTAL_LINKS = [Link("housing", _l("Apartments"), "/portal/housing/", "home-2", order=74)]
NUMBERS = ("months", "insured_months")


class HousingPortal(PortalPage):
    """`/portal/housing/`: own applications, a new one, and what the rules say to it."""

    route_base = "/portal/housing"
    area = "housing"

    @route("/", None)
    def index(self) -> Any:
        rows = list(self.session.scalars(select(HousingApplication).order_by(HousingApplication.id.desc()).limit(60)))
        return self.draw("amenities/portal/housing.html", rows=rows, states=HOUSING_APPLICATION.choices)

    @route("/new", None, methods=("GET", "POST"))
    def new(self) -> Any:
        errors: dict[str, str] = {}
        if request.method == "POST":
            url, refusal = self.run_once(self._create, "/portal/housing/")
            if refusal is None:
                return redirect(url, 303)
            errors = {p.field or "": str(p) for p in getattr(refusal, "problems", ())} or {"": str(refusal)}
        people = list(
            self.session.scalars(
                select(Person)
                .join(FirmPerson, FirmPerson.person_id == Person.id)
                .where(FirmPerson.until.is_(None))
                .order_by(Person.name)
                .distinct()
            )
        )
        places = list(self.session.scalars(select(AmenityFacility).where(AmenityFacility.kind.in_(HOUSING)).order_by(AmenityFacility.code)))
        return self.draw(
            "amenities/portal/housing_new.html",
            422 if errors else 200,
            people=people,
            places=places,
            errors=errors,
            typed=request.form,
            layouts=[(c, LAYOUTS.label(c)) for c in LAYOUTS],
            levels=[(c, TALENT_LEVELS.label(c)) for c in TALENT_LEVELS],
        )

    def _create(self) -> tuple[str, Any]:
        form = request.form
        with_person = portal.owned(
            self.session,
            FirmPerson,
            self.session.scalar(
                select(FirmPerson.id).where(
                    FirmPerson.person_id == (id_typed(form.get("person_id")) or 0), FirmPerson.firm_id == self.firm_id
                )
            ),
        )
        given: dict[str, Any] = {
            n: int(form[n]) if (form.get(n) or "").isascii() and (form.get(n) or "").isdigit() else None for n in NUMBERS
        }
        given["employed_since"] = day_typed(form.get("employed_since"))
        given["owns_home"] = {"yes": True, "no": False}.get(form.get("owns_home", ""))
        given["months"] = given["months"] or 12
        row = housing_queue.create_application(
            self.session,
            person_id=with_person.person_id,
            firm_id=self.firm_id,
            facility_id=id_typed(form.get("facility_id")) or 0,
            layout=form.get("layout", ""),
            talent_level=form.get("talent_level") or "none",
            applied_on=clock.today(),
            **{k: v for k, v in given.items() if v is not None},
        )
        return f"/portal/housing/{row.id}", ""

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        """An application with the rules' answer of today, and its place while it waits."""
        row = self.own(HousingApplication, pk)
        outcome, place = self._look(pk, clock.today())
        return self.draw(
            "amenities/portal/housing_show.html",
            row=self.own(HousingApplication, row.id),
            outcome=outcome,
            place=place,
            states=HOUSING_APPLICATION.choices,
            layouts=LAYOUTS,
        )

    def _look(self, pk: int, on: date) -> tuple[Any, int | None]:
        with portal.acting(self.session):
            row = self.session.get(HousingApplication, pk)
            outcome = housing_queue.examine(self.session, row, on=on) if row.state == "draft" else None
            return outcome, housing_queue.place_in_queue(self.session, row)

    @route(f"/{PK}/queue", None, methods=("POST",))
    def queue(self, pk: int) -> Any:
        """Into the queue, when every condition is met."""
        self.own(HousingApplication, pk)
        said, refusal = self.run(
            lambda: housing_queue.queue_application(self.session, self.session.get(HousingApplication, pk), on=clock.today())
        )
        flash(str(refusal) if refusal is not None else said, "danger" if refusal is not None else "info")
        return redirect(f"/portal/housing/{pk}", 303)


PAGES = [HousingPortal]
