"""Statements of account: the list of those sent, and the page of one firm over any days."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request
from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.security import access
from parkops.web import idempotency
from parkops.web.editing import as_rule_error, attempt
from parkops.web.resource import Action, Col, Filter, Input, Resource, Section, Titles, View
from parkops.web.values import day_typed
from parkops.web.views import PK, Page, route

from ..models.statement import AccountStatement
from ..reports.statement import TITLES
from ..services import statements
from .balances import month_before

S = "modules.billing.services.statements"
WHO = Input("answered_by", "text", _l("Signed by"), required=True, max_length=120)
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
MONEY = ("opening", "charges", "adjustments", "relief", "penalty", "paid", "closing")

RESOURCES = [
    Resource(
        "billing.statement",
        AccountStatement,
        Titles(_l("Statements of account"), _l("Statement of account")),
        icon="file-description",
        columns=(
            Col("firm_id", important=True, link=True, width=240),
            Col("starts_on", width=105),
            Col("ends_on", width=105, important=True),
            *(Col(n, width=110, total="sum", important=n == "closing") for n in MONEY),
            Col("state", width=130),
            Col("issued_on", width=105),
            Col("answered_on", hidden=True),
            Col("answered_by", hidden=True),
        ),
        sections=(
            Section(_l("Statement of account"), ("firm_id", "starts_on", "ends_on", *MONEY)),
            Section(_l("Confirmation"), ("issued_on", "issued_by", "state", "answered_on", "answered_by", "answer")),
        ),
        load=("firm",),
        views=(
            View("issued", _l("Not signed back"), (Filter("state", "eq", "issued"),), sort="issued_on"),
            View("disputed", _l("Disputed"), (Filter("state", "eq", "disputed"),), sort="answered_on"),
            View("all", _l("All"), (), sort="-ends_on"),
        ),
        actions=(
            Action(
                "confirm",
                _l("Confirmed by the firm"),
                f"{S}:confirm_statement",
                (ON, WHO, Input("answer", "longtext", _l("Remarks"))),
                word="change",
                primary=True,
                guard=f"{S}:why_not_answer",
            ),
            Action(
                "dispute",
                _l("Disputed by the firm"),
                f"{S}:dispute_statement",
                (ON, WHO, Input("answer", "longtext", _l("What the firm says"), required=True)),
                word="change",
                guard=f"{S}:why_not_answer",
            ),
        ),
        search=("firm.name",),
        menu=("receipts", 30),
        sort="-id",
        report="account-statement",
    ),
]


class StatementPage(Page):
    """`/billing/firm-account/`: statements of all firms at once; `/billing/firm-account/<firm>`: one firm over any days."""

    route_base = "/billing/firm-account"
    resource = "billing.statement"
    title = _l("Make statements")
    menu = ("receipts", 28)
    icon = "files"
    menu_word = "add"

    @route("/", "add")
    def index(self) -> Any:
        """Ask for the days and list what each firm's statement would say."""
        start, end = self._days()
        found = statements.statements(self.session, start, end) if start <= end else {}
        names = dict(self.session.execute(select(Firm.id, Firm.name).where(Firm.id.in_(list(found)))).tuples().all())
        rows = sorted((s for i, s in found.items() if i in names), key=lambda s: (-s.closing, s.firm_id))
        return self.draw(
            "billing/statements.html",
            start=start,
            end=end,
            rows=rows[:500],
            more=len(rows) - 500,
            names=names,
            titles=TITLES,
            terms=statements.TERMS,
            once=idempotency.new_key(),
            wrong=[s for s in rows if s.difference],
        )

    @route("/issue", "add", methods=("POST",))
    def issue(self) -> Any:
        """Keep the statements of all firms as sent today."""
        start, end = self._days()
        park, typed = scope_of(self.session).park_id, {"start": start.isoformat(), "end": end.isoformat()}
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, typed, needed=True)
        if claimed.answer is None:
            done, refusal = attempt(self.session, lambda: self._issue(park, start, end, claimed))
            flash(str(as_rule_error(refusal)) if refusal is not None else done, "danger" if refusal is not None else "success")
        else:
            self.session.rollback()
        return redirect("/billing/statement/?view=issued", 303)

    def _issue(self, park: int | None, start: date, end: date, claimed: Any) -> str:
        done = statements.issue_all(self.session, park_id=park, starts_on=start, ends_on=end, on=clock.today())
        idempotency.keep(self.session, claimed, {"done": True})
        return done

    @route(f"/{PK}")
    def firm(self, pk: int) -> Any:
        """One firm over any days."""
        start, end = self._days()
        firm = self.session.scalars(select(Firm).where(Firm.id == pk)).first()
        if firm is None:
            raise NotFound(_l("There is no such record in your parks."))
        found = statements.statement(self.session, firm, start, max(start, end))
        return self.draw(
            "billing/account.html",
            firm=firm,
            statement=found,
            titles=TITLES,
            terms=statements.TERMS,
            once=idempotency.new_key(),
            may_issue=access.may(self.session, self.resource, "add"),
        )

    @route(f"/{PK}/issue", "add", methods=("POST",))
    def issue_one(self, pk: int) -> Any:
        """Keep this firm's statement as sent today."""
        start, end = self._days()
        claimed = idempotency.claim(
            self.session, request.form.get("_once"), request.path, {"start": str(start), "end": str(end)}, needed=True
        )
        if claimed.answer is not None:
            self.session.rollback()
            return redirect(str(claimed.answer["url"]), 303)
        row, refusal = attempt(self.session, lambda: self._keep(pk, start, end, claimed))
        if refusal is not None:
            flash(str(as_rule_error(refusal)), "danger")
            return redirect(f"/billing/firm-account/{pk}?start={start}&end={end}", 303)
        return redirect(f"/billing/statement/{row.id}", 303)

    def _keep(self, pk: int, start: date, end: date, claimed: Any) -> AccountStatement:
        row = statements.issue_statement(self.session, firm_id=pk, starts_on=start, ends_on=end, on=clock.today())
        idempotency.keep(self.session, claimed, {"url": f"/billing/statement/{row.id}"})
        return row

    def _days(self) -> tuple[date, date]:
        first, last = month_before(clock.today())
        return day_typed(request.values.get("start")) or first, day_typed(request.values.get("end")) or last


PAGES = [StatementPage]
