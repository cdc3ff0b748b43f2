"""The firm's own pages of the hall: items offered online, cases with their limits and papers, rating, demands and complaints."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l
from parkops.security.portal import Area, Rows, Through
from parkops.web.portal.frame import Card, Link, PortalPage
from parkops.web.values import id_typed
from parkops.web.views import PK, route

from ..models.case import CaseMaterial, CaseNotice, ServiceCase
from ..models.demand import DEMAND_KINDS, ServiceDemand
from ..models.hall import ServiceHall
from ..models.item import HallItem, ItemMaterial
from ..services import cases, demands, ratings
from ..states import CASE
from ..states_quality import DEMAND

EVERYBODY = ("owner", "finance", "staff")
OPEN = ("received", "supplement", "accepted", "transferred")

PORTAL_AREAS = [
    Area("cases", _l("Service hall"), EVERYBODY, ("services.case read add change", "services.rating add", "services.demand read add")),
]
PORTAL_ROWS = [
    Rows("services.hall", lambda cls, who: (cls.park_id == who.park_id) & cls.active),
    Rows("services.item", lambda cls, who: (cls.park_id == who.park_id) & cls.active),
    Rows("services.item_material", lambda cls, who: cls.park_id == who.park_id),
    Through("services.case_material", "case_id", "services.case"),
    Through("services.case_notice", "case_id", "services.case"),
    Through("services.rating", "case_id", "services.case"),
]
PORTAL_LINKS = [
    Link("cases", _l("Service hall"), "/portal/cases/", "building-community", order=25, bottom=True),
    Link("cases", _l("Demands and complaints"), "/portal/demands/", "message-report", order=45),
]


def _cases_card(session: Any) -> dict[str, Any] | None:
    rows = list(session.scalars(select(ServiceCase).where(ServiceCase.state.in_(OPEN)).order_by(ServiceCase.promised_due).limit(3)))
    return {"rows": rows, "states": CASE.choices} if rows else None


PORTAL_CARDS = [Card("cases", "services/portal/cases_card.html", _cases_card, order=35)]


class CasesPortal(PortalPage):
    """`/portal/cases/`: own cases; `/portal/cases/new/7`: an item offered online, read and asked for."""

    route_base = "/portal/cases"
    area = "cases"

    @route("/", None)
    def index(self) -> Any:
        rows = list(self.session.scalars(select(ServiceCase).order_by(ServiceCase.received_at.desc(), ServiceCase.id.desc()).limit(60)))
        return self.draw("services/portal/cases.html", rows=rows, states=CASE.choices, open=OPEN, today=clock.today())

    @route("/new", None)
    def choose(self) -> Any:
        items = list(self.session.scalars(select(HallItem).where(HallItem.online).order_by(HallItem.item_class, HallItem.code)))
        return self.draw("services/portal/items.html", items=items)

    @route(f"/new/{PK}", None, methods=("GET", "POST"))
    def new(self, pk: int) -> Any:
        """The item with its papers and limits; POST asks for it once."""
        item = self.own(HallItem, pk)
        if request.method == "GET":
            return self._form(item)
        url, refusal = self.run_once(lambda: self._create(pk), "/portal/cases/")
        return redirect(url, 303) if refusal is None else self._form(self.own(HallItem, pk), self.said(refusal, ServiceCase))

    def _create(self, pk: int) -> tuple[str, Any]:
        """Asked for by the firm: no officer yet; the first one who acts on it is the first asked."""
        item = self.session.get(HallItem, pk)
        hall_id = item.hall_id or self.session.scalar(
            select(ServiceHall.id).where(ServiceHall.park_id == g.user.park_id, ServiceHall.active).order_by(ServiceHall.id).limit(1)
        )
        if hall_id is None:
            raise RuleError([Problem("services.SV-21", _l("No hall of the park serves this item online."))])
        case = cases.create_case(
            self.session,
            hall_id=hall_id,
            item_id=pk,
            channel="online",
            firm_id=self.firm_id,
            contact=g.user.name[:80],
            phone=(request.form.get("phone") or "").strip()[:40] or None,
            note=(request.form.get("note") or "").strip()[:1000] or None,
        )
        return f"/portal/cases/{case.id}", _("The hall has your request.")

    def _form(self, item: HallItem, problems: list[str] | None = None) -> Any:
        papers = list(self.session.scalars(select(ItemMaterial).where(ItemMaterial.item_id == item.id).order_by(ItemMaterial.position)))
        return self.draw(
            "services/portal/item.html",
            422 if problems else 200,
            item=item,
            papers=papers,
            problems=problems or [],
            typed=request.form,
        )

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        case = self.own(ServiceCase, pk)
        papers = list(self.session.scalars(select(CaseMaterial).where(CaseMaterial.case_id == case.id).order_by(CaseMaterial.position)))
        notice = self.session.scalars(select(CaseNotice).where(CaseNotice.case_id == case.id)).one_or_none()
        return self.draw(
            "services/portal/case.html",
            case=case,
            papers=papers,
            notice=notice,
            states=CASE.choices,
            ratable=case.stars is None and case.state in ratings.RATABLE,
            today=clock.today(),
        )

    @route(f"/{PK}/rate", None, methods=("POST",))
    def rate(self, pk: int) -> Any:
        """One rating a case."""
        self.own(ServiceCase, pk)
        stars = id_typed(request.form.get("stars")) or 0
        _done, refusal = self.run(
            lambda: (
                ratings.rate_case(
                    self.session,
                    self.session.get(ServiceCase, pk),
                    stars=stars,
                    remark=(request.form.get("remark") or "").strip()[:500] or None,
                    rated_by="link",
                ).id
            )
        )
        flash(
            "；".join(self.said(refusal)) if refusal is not None else _("Thank you for your rating."),
            "danger" if refusal is not None else "success",
        )
        return redirect(f"/portal/cases/{pk}", 303)


class DemandsPortal(PortalPage):
    """`/portal/demands/`: what the firm wants or complains about, and what was answered."""

    route_base = "/portal/demands"
    area = "cases"

    @route("/", None, methods=("GET", "POST"))
    def index(self) -> Any:
        problems: list[str] = []
        if request.method == "POST":
            form = request.form
            url, refusal = self.run_once(lambda: self._create(form), "/portal/demands/")
            if refusal is None:
                return redirect(url, 303)
            problems = self.said(refusal)
        rows = list(self.session.scalars(select(ServiceDemand).order_by(ServiceDemand.id.desc()).limit(60)))
        return self.draw(
            "services/portal/demands.html",
            422 if problems else 200,
            rows=rows,
            states=DEMAND.choices,
            problems=problems,
            kinds=[(c, DEMAND_KINDS.label(c)) for c in DEMAND_KINDS],
            typed=request.form,
        )

    def _create(self, form: Any) -> tuple[str, Any]:
        demands.create_demand(
            self.session,
            kind=form.get("kind", ""),
            title=(form.get("title") or "").strip()[:200],
            text=(form.get("text") or "").strip()[:4000] or None,
            firm_id=self.firm_id,
            applicant=g.user.name[:120],
            phone=(form.get("phone") or "").strip()[:40] or None,
            channel="online",
        )
        return "/portal/demands/", _("The park has your request and answers by the promised day.")


PAGES = [CasesPortal, DemandsPortal]
