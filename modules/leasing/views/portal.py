"""The firm's own pages of this module: its leases, and applying for rent relief with the rules' answer before."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.i18n import _l, i18n_text
from parkops.security import portal
from parkops.security.portal import Area, Rows, Through
from parkops.web.portal.frame import Link, PortalPage
from parkops.web.views import PK, route

from ..models.lease import Lease
from ..models.relief import ReliefScheme
from ..models.relief_case import METHODS, ReliefApplication
from ..services import relief_cases, relief_queries, relief_rules
from ..services.relief_queries import ReliefCase
from ..states import LEASE
from ..states_relief import RELIEF

ROLES = ("owner", "finance")

PORTAL_AREAS = [
    Area("leases", _l("Leases"), ROLES, ("leasing.lease read",)),
    Area("relief", _l("Rent relief"), ROLES, ("leasing.relief_application read add change act", "leasing.relief_scheme read")),
]
PORTAL_ROWS = [
    Rows("leasing.lease", lambda cls, who: (cls.firm_id == who.firm_id) & (cls.state != "draft")),
    Rows("leasing.relief_scheme", lambda cls, who: (cls.park_id == who.park_id) & (cls.state == "open")),
    Through("leasing.relief_month", "application_id", "leasing.relief_application"),
    Through("leasing.relief_paper", "application_id", "leasing.relief_application"),
]
PORTAL_LINKS = [
    Link("leases", _l("Leases"), "/portal/leases/", "file-text", order=30),
    Link("relief", _l("Rent relief"), "/portal/relief/", "discount-2", order=70),
]


class LeasesPortal(PortalPage):
    """`/portal/leases/`: what the firm rents, until when."""

    route_base = "/portal/leases"
    area = "leases"

    @route("/", None)
    def index(self) -> Any:
        rows = list(self.session.scalars(select(Lease).order_by(Lease.starts_on.desc(), Lease.id.desc()).limit(60)))
        return self.draw("leasing/portal/leases.html", rows=rows, states=LEASE.choices)


class ReliefPortal(PortalPage):
    """`/portal/relief/`: schemes that take applications, what each would give and why, own applications."""

    route_base = "/portal/relief"
    area = "relief"

    @route("/", None)
    def index(self) -> Any:
        schemes = relief_queries.taking_applications(self.session, on=clock.today())
        rows = list(self.session.scalars(select(ReliefApplication).order_by(ReliefApplication.id.desc()).limit(60)))
        return self.draw("leasing/portal/relief.html", schemes=schemes, rows=rows, states=RELIEF.choices, text=i18n_text)

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        """One scheme: the rules' answer for each lease of the firm, nothing is stored."""
        return self._scheme(pk)

    def _scheme(self, pk: int, problems: list[str] | None = None) -> Any:
        scheme = self.own(ReliefScheme, pk)
        with portal.acting(self.session):
            answers = self._answers(pk)
        return self.draw(
            "leasing/portal/scheme.html",
            422 if problems else 200,
            scheme=scheme,
            answers=answers,
            text=i18n_text,
            problems=problems or [],
            methods=_methods(scheme),
            applied=self._applied(pk),
        )

    def _answers(self, pk: int) -> list[dict[str, Any]]:
        scheme, on = self.session.get(ReliefScheme, pk), clock.today()
        cases = [
            ReliefCase(lease, scheme) for lease in relief_queries.candidates(self.session, scheme, on=on) if lease.firm_id == self.firm_id
        ]
        found = relief_rules.assess(self.session, cases, on=on)
        return [
            {"lease": str(c.lease), "outcome": found[c.id].outcome, "months": len(found[c.id].grants), "amount": found[c.id].amount}
            for c in cases
        ]

    def _applied(self, pk: int) -> list[ReliefApplication]:
        return list(self.session.scalars(select(ReliefApplication).where(ReliefApplication.scheme_id == pk)))

    @route(f"/{PK}/apply", None, methods=("POST",))
    def apply(self, pk: int) -> Any:
        """An application for each lease it is open for; the park examines it."""
        self.own(ReliefScheme, pk)

        def work() -> tuple[str, Any]:
            thanks = relief_cases.apply_for_firm(
                self.session,
                self.session.get(Firm, self.firm_id),
                scheme_id=pk,
                applied_on=clock.today(),
                method=request.form.get("method", "exempt"),
            )
            return "/portal/relief/", thanks

        url, refusal = self.run_once(work, "/portal/relief/")
        return redirect(url, 303) if refusal is None else self._scheme(pk, self.said(refusal))


def _methods(scheme: ReliefScheme) -> list[tuple[str, Any]]:
    """The ways this scheme allows."""
    allowed = {"exempt": scheme.exempts, "deduct": scheme.deducts, "refund": scheme.refunds}
    return [(code, METHODS.label(code)) for code in METHODS if allowed.get(code, True)]


PAGES = [LeasesPortal, ReliefPortal]
