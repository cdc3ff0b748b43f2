"""The firm's own pages of this module: what is owed, bills with their lines and PDF, how to pay, receipts."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

from flask import g, send_file
from sqlalchemy import BigInteger, func, select, type_coerce

from parkops import clock, money
from parkops.i18n import _, _l
from parkops.reports import registry as reports
from parkops.security import portal
from parkops.security.portal import Area, Open, Rows, Through
from parkops.web.portal.frame import Card, Link, PortalPage
from parkops.web.views import PK, commit, route

from ..models.bill import Bill
from ..models.catalogue import ChargeItem
from ..models.charge import Charge
from ..models.receipt import BankAccount, Receipt

ROLES = ("owner", "finance")
IN_REFERENCE = 6  # numbers that fit into the line a bank gives

PORTAL_AREAS = [Area("bills", _l("Bills"), ROLES, ("billing.bill read", "billing.receipt read export", "billing.charge read"))]
PORTAL_ROWS = [
    Rows("billing.bill", lambda cls, who: (cls.firm_id == who.firm_id) & (cls.state != "draft")),
    Rows(
        "billing.charge",
        lambda cls, who: (
            (cls.firm_id == who.firm_id) & cls.bill_id.in_(select(Bill.id).where(Bill.firm_id == who.firm_id, Bill.state != "draft"))
        ),
    ),
    Through("billing.allocation", "bill_id", "billing.bill"),
    Rows("billing.bank_account", lambda cls, who: (cls.park_id == who.park_id) & cls.active),
    Open("billing.charge_item"),
]
PORTAL_LINKS = [
    Link("bills", _l("Bills"), "/portal/bills/", "receipt-2", order=10, bottom=True),
    Link("bills", _l("Receipts"), "/portal/receipts/", "cash", order=15),
]


def open_bills(session: Any) -> list[Bill]:
    """Bills with something left to pay, the oldest due first."""
    return list(
        session.scalars(
            select(Bill).where(Bill.state == "posted", Bill.kind == "bill", Bill.settled < Bill.gross).order_by(Bill.due_on, Bill.id)
        )
    )


def balance(session: Any, on: Any) -> tuple[Decimal, Decimal]:
    """(owed, of it overdue) in yuan: open bills less unused credit notes."""
    left = type_coerce(Bill.gross, BigInteger) - type_coerce(Bill.settled, BigInteger)
    owed, overdue = session.execute(
        select(func.sum(left), func.sum(left).filter(Bill.due_on < on, Bill.kind == "bill")).where(Bill.state == "posted")
    ).one()
    return money.yuan(owed or 0), money.yuan(overdue or 0)


def _balance_card(session: Any) -> dict[str, Any]:
    owed, overdue = balance(session, clock.today())
    rows = open_bills(session)
    return {"owed": owed, "overdue": overdue, "next": rows[0] if rows else None, "count": len(rows)}


PORTAL_CARDS = [Card("bills", "billing/portal/balance_card.html", _balance_card, order=10)]


def _pdf(page: PortalPage, name: str, record_id: int, file: str) -> Any:
    """The report the staff sends, drawn for the firm. The record was found within the fence before."""
    with portal.acting(page.session):
        data = reports.make(
            page.session,
            name,
            reports.Request(
                park_id=g.user.park_id, period=None, today=clock.today(), at=clock.now(), record_id=record_id, made_by=g.user.name
            ),
            "pdf",
        )
    commit()  # the trail keeps who drew it
    return send_file(BytesIO(data), mimetype="application/pdf", as_attachment=True, download_name=file)


def reference_of(rows: list[Bill]) -> str:
    """What the transfer names: the bills' numbers, or when they are too many for its line the oldest and how many more."""
    numbers = [b.number or "" for b in rows]
    if len(numbers) <= IN_REFERENCE:
        return _("Bill %(numbers)s", numbers=" ".join(numbers))
    return _("Bill %(numbers)s and %(n)s more", numbers=" ".join(numbers[: IN_REFERENCE - 1]), n=len(numbers) - IN_REFERENCE + 1)


class BillsPortal(PortalPage):
    """`/portal/bills/`: the bills, one bill, its PDF, and where to pay."""

    route_base = "/portal/bills"
    area = "bills"

    @route("/", None)
    def index(self) -> Any:
        """What is open first, then the newest."""
        owed, overdue = balance(self.session, clock.today())
        done = list(
            self.session.scalars(select(Bill).where(Bill.state != "draft").order_by(Bill.issued_on.desc(), Bill.id.desc()).limit(60))
        )
        waiting = open_bills(self.session)
        return self.draw(
            "billing/portal/bills.html",
            owed=owed,
            overdue=overdue,
            waiting=waiting,
            today=clock.today(),
            done=[b for b in done if b.id not in {w.id for w in waiting}],
        )

    @route("/pay", None)
    def pay(self) -> Any:
        """Where to pay everything that is open."""
        rows = open_bills(self.session)
        return self._pay(rows, sum((b.gross - b.settled for b in rows), Decimal(0)))

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        bill = self.own(Bill, pk)
        lines = list(
            self.session.execute(
                select(Charge, ChargeItem)
                .join(ChargeItem, ChargeItem.id == Charge.item_id)
                .where(Charge.bill_id == bill.id)
                .order_by(Charge.period_from, Charge.id)
            )
        )
        return self.draw("billing/portal/bill.html", bill=bill, lines=lines, left=bill.gross - bill.settled, today=clock.today())

    @route(f"/{PK}/pay", None)
    def pay_one(self, pk: int) -> Any:
        bill = self.own(Bill, pk)
        return self._pay([bill], bill.gross - bill.settled)

    @route(f"/{PK}/pdf", None)
    def pdf(self, pk: int) -> Any:
        bill = self.own(Bill, pk)
        return _pdf(self, "bill", bill.id, f"{bill.number}.pdf")

    def _pay(self, rows: list[Bill], amount: Decimal) -> Any:
        accounts = list(self.session.scalars(select(BankAccount).order_by(BankAccount.id)))
        return self.draw(
            "billing/portal/pay.html",
            rows=rows,
            amount=amount,
            accounts=accounts,
            reference=reference_of(rows),
        )


class ReceiptsPortal(PortalPage):
    """`/portal/receipts/`: what was paid."""

    route_base = "/portal/receipts"
    area = "bills"

    @route("/", None)
    def index(self) -> Any:
        rows = list(self.session.scalars(select(Receipt).order_by(Receipt.received_on.desc(), Receipt.id.desc()).limit(100)))
        return self.draw("billing/portal/receipts.html", rows=rows)

    @route(f"/{PK}/pdf", None)
    def pdf(self, pk: int) -> Any:
        receipt = self.own(Receipt, pk)
        return _pdf(self, "receipt-slip", receipt.id, f"{receipt.number}.pdf")


PAGES = [BillsPortal, ReceiptsPortal]
