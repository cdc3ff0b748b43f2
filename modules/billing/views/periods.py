"""The months of the books: what each waits for, the locks, exceptions."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request

from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import Refused
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.security import access
from parkops.web import idempotency
from parkops.web.editing import attempt
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View
from parkops.web.views import Page, route

from ..models.ledger import BookPeriod, PeriodException
from ..services import ledger_manual, periods

P = "modules.billing.services.periods"
REASON = Input("reason", "longtext", _l("Reason"), required=True)
SHOWN = 36  # months on the page

RESOURCES = [
    Resource(
        "billing.book_period",
        BookPeriod,
        Titles(_l("Locks of months"), _l("Lock of a month")),
        columns=(Col("month", width=100, important=True, link=True), Col("state", width=120, important=True),
                 Col("locked_by", width=140, important=True), Col("locked_at", width=160)),
        sections=(Section(_l("Lock of a month"), ("month", "state", "locked_by", "locked_at")),),
        actions=(
            Action("reopen", _l("Ask to open it again"), f"{P}:request_reopen", inputs=(REASON,), word="change", danger=True,
                   guard=f"{P}:why_not_reopen", help=_l("A second person decides.")),
        ),
        tabs=(Related("exceptions", _l("Exceptions"), "billing.period_exception", "period_id"),),
        sort="-month",
        icon="calendar-cog",
    ),
    Resource(
        "billing.period_exception",
        PeriodException,
        Titles(_l("Exceptions to soft locks"), _l("Exception to a soft lock"), _l("Ask for an exception")),
        columns=(Col("period.month", _l("Month"), 100, True, fmt="month", link=True), Col("user_name", width=140, important=True),
                 Col("reason", width=320), Col("approved_at", width=160), Col("expires_at", width=160, important=True),
                 Col("period_id", hidden=True)),
        sections=(Section(_l("Exception to a soft lock"), ("period_id", "reason")),),
        create="modules.billing.services.period_exceptions:request_exception",
        views=(View("waiting", _l("Waiting for a second person"), (Filter("approved_at", "empty"),), "-id"),),
        load=("period",),
        parent=("period_id", "billing.book_period"),
        sort="-id",
        menu=("ledger", 55),
        icon="lock-open",
    ),
]


class PeriodsPage(Page):
    """`/billing/periods/`: every month, what stands against locking the next one, and the year-end entry."""

    route_base = "/billing/periods"
    resource = "billing.book_period"
    title = _l("Periods")
    menu = ("ledger", 50)
    menu_word = "read"
    icon = "calendar-check"

    @route("/", "read")
    def index(self) -> Any:
        """The list of months, newest first."""
        return self._draw()

    @route("/lock", "act", methods=("POST",))
    def lock(self) -> Any:
        """Lock a month: soft, or for good."""
        month, hard = self._month(), request.form.get("hard") == "1"

        def work() -> None:
            claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, request.form.to_dict(), needed=True)
            if claimed.answer is None:
                periods.lock_month(self.session, month=month, hard=hard)
                idempotency.keep(self.session, claimed, {"month": month.isoformat()})

        return self._answer(work, _("%(month)s is locked.", month=f"{month:%Y-%m}"))

    @route("/year-end", "add", methods=("POST",), resource="billing.manual_entry")
    def year_end(self) -> Any:
        """Prepare the closing entry of a year."""
        year = self._month().year
        made, refusal = attempt(self.session, lambda: ledger_manual.prepare_closing(self.session, year=year))
        return redirect(f"/billing/manual_entry/{made.id}", 303) if refusal is None else self._draw(str(refusal))

    def _month(self) -> date:
        try:
            return clock.Period.parse(request.form.get("month", "")).start
        except (ValueError, OverflowError):
            raise Refused(_l("Choose a period, such as 2022-06, 2022Q2 or 2022.")) from None

    def _answer(self, work: Any, done: str) -> Any:
        _result, refusal = attempt(self.session, work)
        if refusal is None:
            flash(done, "success")
            return redirect("/billing/periods/", 303)
        return self._draw(str(refusal))

    def _draw(self, refusal: str | None = None) -> Any:
        park = self.session.get(Park, scope_of(self.session).park_id)
        if park is None:
            raise Refused(_l("Choose a park first."))
        today = clock.today()
        months = periods.list_months(self.session, park.id, until=today)
        opened = [m for m in months if m.state == "open"]
        soft = [m for m in months if m.state == "soft"]
        following = opened[-1] if opened and opened[-1].month < today.replace(day=1) else None
        return self.draw(
            "billing/periods.html", 422 if refusal else 200, park=park, months=months[:SHOWN], refusal=refusal, following=following,
            reasons=periods.blockers(self.session, park.id, following.month) if following else [], soft=soft[-1] if soft else None,
            soft_reasons=periods.blockers(self.session, park.id, soft[-1].month, hard=True) if soft else [],
            may_act=access.may(self.session, self.resource, "act"), may_add=access.may(self.session, "billing.manual_entry", "add"),
            may_ask=access.may(self.session, "billing.period_exception", "add"), once=idempotency.new_key(), year=today.year - 1)


PAGES = [PeriodsPage]
