"""Ageing by firm on any day with its drill, and the account of a firm on its page."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import Response, request
from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock, money
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.reports import xlsx
from parkops.security import access
from parkops.web import slots
from parkops.web.resource import Col, Fact, Tab
from parkops.web.values import day_typed
from parkops.web.views import PK, Page, commit, route

from ..models.deposit import DEPOSIT_KINDS, Deposit
from ..models.receipt import Receipt
from ..reports.ageing import document
from ..services import allocations, balances

SHOWN = 500
LINES = 12


class AgeingPage(Page):
    """`/billing/ageing/?on=2026-05-15`: every firm that owes something on that day, by days past due."""

    route_base = "/billing/ageing"
    resource = "billing.open_item"
    title = _l("Ageing")
    menu = ("receipts", 25)
    icon = "calendar-stats"

    @route("/")
    def index(self) -> Any:
        """The table; the largest arrears first."""
        on, text = day_typed(request.args.get("on")) or clock.today(), (request.args.get("text") or "").strip()
        found = balances.ageing(self.session, on, scope_of(self.session).park_id, with_advances=True)
        names = dict(self.session.execute(select(Firm.id, Firm.name).where(Firm.id.in_([f.firm_id for f in found.firms]))).tuples().all())
        rows = sorted((f for f in found.firms if text in names.get(f.firm_id, "")), key=lambda f: (-f.overdue, -f.total, f.firm_id))
        shown = balances.Ageing(on, found.limits, rows)
        return self.draw(
            "billing/ageing.html",
            on=on,
            text=text,
            ageing=shown,
            rows=rows[:SHOWN],
            more=len(rows) - SHOWN,
            names=names,
            sums=shown.sums(),
            credits=sum((f.credits for f in rows), money.ZERO),
            advance=sum((f.advance for f in rows), money.ZERO),
            may_export=access.may(self.session, self.resource, "export"),
        )

    @route(f"/firm/{PK}")
    def firm(self, pk: int) -> Any:
        """What is open of one firm on that day, bill by bill; `bucket` narrows it."""
        on, bucket = day_typed(request.args.get("on")) or clock.today(), request.args.get("bucket", "")
        firm = self.session.scalars(select(Firm).where(Firm.id == pk)).first()
        if firm is None:
            raise NotFound(_l("There is no such record in your parks."))
        days = balances.limits(self.session, firm.park_id)
        items = [
            (bill, left, _bucket((on - bill.due_on).days, days) if bill.kind == "bill" else -1)
            for bill, left in balances.open_items(self.session, on, firm_id=pk)
        ]
        if bucket.lstrip("-").isdigit():
            items = [i for i in items if i[2] == int(bucket)]
        return self.draw(
            "billing/ageing_firm.html",
            firm=firm,
            on=on,
            items=items,
            titles=balances.bucket_titles(days),
            total=sum((left for _b, left, _n in items), money.ZERO),
        )

    @route("/export", "export")
    def export(self) -> Any:
        """The whole table as a workbook."""
        on, park = day_typed(request.args.get("on")) or clock.today(), scope_of(self.session).park_id
        data = xlsx.write(document(self.session, on, park, at=clock.now(), made_by=scope_of(self.session).user_name))
        audit.event(self.session, "export", {"report": "ageing", "on": on.isoformat()}, resource=self.resource, park_id=park)
        commit()
        return Response(
            data,
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={"Content-Disposition": f"attachment; filename=ageing-{on.isoformat()}.xlsx"},
        )


def _bucket(late: int, days: tuple[int, ...]) -> int:
    return 0 if late <= 0 else next((i for i, d in enumerate(days, 1) if late <= d), len(days) + 1)


def account_tab(session: Any, firm: Firm) -> dict[str, Any]:
    """Balance, age strip, open bills, last receipts and deposits of a firm; nothing without the right."""
    if not access.may(session, "billing.open_item", "read"):
        return {"allowed": False}
    on = clock.today()
    found = balances.ageing(session, on, firm_id=firm.id)
    row = found.firms[0] if found.firms else balances.Aged(firm.id, [money.ZERO] * (len(found.limits) + 2))
    items = balances.open_items(session, on, firm_id=firm.id)
    last = session.scalars(
        select(Receipt).where(Receipt.firm_id == firm.id).order_by(Receipt.received_on.desc(), Receipt.id.desc()).limit(6)
    ).all()
    held = session.scalars(
        select(Deposit)
        .where(Deposit.firm_id == firm.id, (Deposit.held > 0) | (Deposit.closed_on.is_(None)))
        .order_by(Deposit.kind, Deposit.id)
    ).all()
    return {
        "allowed": True,
        "firm": firm,
        "on": on,
        "row": row,
        "titles": found.titles,
        "items": items[:LINES],
        "more": len(items) - LINES,
        "receipts": last,
        "deposits": held,
        "kinds": DEPOSIT_KINDS,
        "advance": allocations.advance_left(session, firm.id),
        "share": [_share(b, row.buckets) for b in row.buckets],
        "may_pay": access.may(session, "billing.receipt", "add"),
        "start": on.replace(day=1, month=1),
        "late": lambda due: max((on - due).days, 0),
    }


def _share(part: Decimal, parts: list[Decimal]) -> int:
    """Width of a piece of the age strip in percent, at least 1 when there is something."""
    total = sum(parts, Decimal(0))
    return 0 if not part or not total else max(int(part * 100 / total), 1)


def balance_column(model: Any, context: Any) -> Any:
    """SQL: what each firm of a list owes today."""
    return balances.balance_column(model)


def balance_fact(session: Any, firm: Firm) -> tuple[Any, str | None]:
    """What the firm owes today, red when part of it is overdue."""
    if not access.may(session, "billing.open_item", "read"):
        return "", None
    owed, late, advance = balances.balance_of(session, firm.id, clock.today())
    if late:
        return _("%(sum)s, overdue %(late)s", sum=f"{owed:,.2f}", late=f"{late:,.2f}"), "red"
    if not owed and advance:
        return _("%(sum)s in advance", sum=f"{advance:,.2f}"), "green"
    return f"{owed:,.2f}", None


def month_before(today: date) -> tuple[date, date]:
    """First and last day of the month before."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


PAGES = [AgeingPage]
slots.tab("tenants.firm", Tab("account", _l("Receivables account"), "billing/firm_account.html", account_tab, order=34))
slots.fact("tenants.firm", Fact(_l("Owes"), balance_fact))
slots.column(
    "tenants.firm",
    Col("balance", _l("Owes"), 120, hidden=True, total="sum", sql=balance_column, fmt="money", needs="billing.open_item"),
)
