"""Trial balance (科目余额表) and the ledger of one account (明细账)."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import select

from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.models import Park
from parkops.refs import load
from parkops.security import access
from parkops.web.admin.kpis import periods_around, place_of
from parkops.web.views import Page, route

from ..models.catalogue import ACCOUNT_KINDS
from ..services import ledger_balance as books

PAGE = 500


def _parks(session: Any) -> list[tuple[int, str]]:
    scope = scope_of(session)
    return [(p.id, p.name) for p in session.scalars(select(Park).order_by(Park.name)) if scope.sees(p.id)]


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotFound(_l("There is no such record in your parks."))
    return int(text)


def _place(session: Any) -> Any:
    """Period and park of the address; this month when left out."""
    values = request.args.to_dict()
    values.setdefault("period", clock.Period.month(clock.today()).key)
    return place_of(session, values)


class TrialBalancePage(Page):
    """`/billing/trial_balance/`: opening, movement and closing of every account, with the way down to the entries."""

    route_base = "/billing/trial_balance"
    resource = "billing.ledger_entry"
    title = _l("Trial balance")
    menu = ("ledger", 10)
    menu_word = "read"
    icon = "scale"

    @route("/", "read")
    def index(self) -> Any:
        """Accounts grouped by kind, totals that tie."""
        place = _place(self.session)
        without = request.args.get("closing") == "0"
        rows = books.trial_balance(self.session, place.period.start, place.period.end, park_id=place.park_id, closing_entries=not without)
        groups = [(label, [r for r in rows if r.account.kind == kind]) for kind, label in ACCOUNT_KINDS.items()]
        return self.draw(
            "billing/trial_balance.html", place=place, around=periods_around(place.period), parks=_parks(self.session),
            groups=[g for g in groups if g[1]], totals=books.totals(rows), without=without,
            may_export=access.may(self.session, self.resource, "export"))


class AccountLedgerPage(Page):
    """`/billing/account_ledger/<account>`: the lines of an account with the running balance; one firm's with ?firm=."""

    route_base = "/billing/account_ledger"
    resource = "billing.ledger_line"
    title = _l("Account ledger")

    @route("/<int(max=9223372036854775807):pk>", "read")
    def show(self, pk: int) -> Any:
        """A page of at most 500 lines."""
        place, firm_id = _place(self.session), _number("firm")
        account = load(self.session, "billing.account", pk)
        firm = load(self.session, "tenants.firm", firm_id) if firm_id is not None else None
        offset = PAGE * (_number("page") or 0)
        opening, steps, count = books.account_ledger(
            self.session, account.id, place.period.start, place.period.end, park_id=place.park_id, firm_id=firm_id, limit=PAGE,
            offset=offset)
        closing = opening + sum((s.debit - s.credit for s in steps), books.ZERO) if count <= PAGE else None
        return self.draw(
            "billing/account_ledger.html", place=place, around=periods_around(place.period), parks=_parks(self.session), account=account,
            firm=firm, opening=opening, steps=steps, count=count, offset=offset, page_size=PAGE, closing=closing)


PAGES = [TrialBalancePage, AccountLedgerPage]
