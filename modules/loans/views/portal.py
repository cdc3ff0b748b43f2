"""The firm's own pages of this module: a check before applying for a start-up loan, and the firm's loan cases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import redirect, request
from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.errors import ParkOpsError
from parkops.i18n import _, _l
from parkops.rules import engine
from parkops.security import portal
from parkops.security.portal import Area, Open, Rows, Through
from parkops.web.portal.frame import Link, PortalPage
from parkops.web.values import amount_typed
from parkops.web.views import PK, route

from ..models.case import LoanCase
from ..models.paper import LoanPaper
from ..services import applicants, cases, schemes
from ..states import LOAN

PORTAL_AREAS = [Area("loans", _l("Start-up loans"), ("owner", "finance"), ("loans.case read add",))]
PORTAL_ROWS = [
    Through("loans.paper", "case_id", "loans.case"),
    Through("loans.stage", "case_id", "loans.case"),
    Through("loans.due", "case_id", "loans.case"),
    Open("loans.paper_kind"),
    Rows("loans.scheme", lambda cls, who: cls.park_id == who.park_id),
]
PORTAL_LINKS = [Link("loans", _l("Start-up loans"), "/portal/loans/", "building-bank", order=72)]


class LoansPortal(PortalPage):
    """`/portal/loans/`: own cases, the check, the application."""

    route_base = "/portal/loans"
    area = "loans"

    @route("/", None)
    def index(self) -> Any:
        rows = list(self.session.scalars(select(LoanCase).order_by(LoanCase.id.desc()).limit(60)))
        return self.draw("loans/portal/loans.html", rows=rows, states=LOAN.choices)

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        case = self.own(LoanCase, pk)
        papers = list(self.session.scalars(select(LoanPaper).where(LoanPaper.case_id == case.id).order_by(LoanPaper.id)))
        return self.draw("loans/portal/case.html", case=case, papers=papers, states=LOAN.choices)

    @route("/check", None, methods=("GET", "POST"))
    def check(self) -> Any:
        """GET with amount and term answers rule by rule and stores nothing; POST opens a case."""
        amount, term = amount_typed(request.values.get("amount")), _term(request.values.get("term"))
        if request.method == "GET" or request.form.get("look"):
            return self._form(amount, term)

        def work() -> tuple[str, Any]:
            case = cases.create_case(
                self.session,
                firm_id=self.firm_id,
                kind="firm",
                applied_on=clock.today(),
                amount_requested=amount or Decimal(0),
                term_months=term or 0,
                purpose=(request.form.get("purpose") or "").strip()[:200] or None,
            )
            return f"/portal/loans/{case.id}", _("The park has your application and calls you about the papers.")

        url, refusal = self.run_once(work, "/portal/loans/")
        return redirect(url, 303) if refusal is None else self._form(amount, term, self.said(refusal))

    def _form(self, amount: Decimal | None, term: int | None, problems: list[str] | None = None) -> Any:
        outcome, said = None, list(problems or [])
        if amount and term and not said:
            try:
                with portal.acting(self.session):
                    outcome = self._answer(amount, term)
            except ParkOpsError as e:
                said = [str(e)]
        return self.draw(
            "loans/portal/check.html",
            422 if problems else 200,
            amount=amount,
            term=term,
            outcome=outcome,
            problems=said,
            purpose=request.values.get("purpose", ""),
        )

    def _answer(self, amount: Decimal, term: int) -> engine.Outcome:
        firm, on = self.session.get(Firm, self.firm_id), clock.today()
        scheme = schemes.scheme_on(self.session, firm.park_id, on)
        return engine.evaluate(self.session, scheme.rule_of("firm"), applicants.of_firm(firm, amount=amount, term_months=term), on)


def _term(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


PAGES = [LoansPortal]
