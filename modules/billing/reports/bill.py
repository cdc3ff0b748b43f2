"""The bill as it is sent: firm, lines with period and VAT, sum in figures and capitals, what was paid, and the account to pay to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..calc_words import capitals
from ..models.bill import BILL_KINDS, Bill
from ..models.charge import TREATMENTS, Charge
from ..models.receipt import Allocation, BankAccount


def bill_sheet(session: Any, request: Request) -> Document:
    """The document of one bill or credit note; a draft says so."""
    bill = session.scalars(select(Bill).where(Bill.id == request.record_id)).first()
    if bill is None:
        raise NotFound(_l("There is no such record in your parks."))
    park = session.get(Park, bill.park_id)
    title = f"{BILL_KINDS.label(bill.kind)} {bill.number or _('Draft')}"
    sections = (_head(bill), _lines(session, bill), _sums(bill), *_paid(session, bill), *_pay_to(session, bill))
    return Document(title, f"{(park.company or park.name)} · {bill.month:%Y-%m}", sections, request.at, request.made_by)


def _head(bill: Bill) -> Section:
    firm = bill.firm
    facts = [
        (_l("Firm"), firm.name, "text"),
        (_l("Unified social credit code"), firm.credit_code, "text"),
        (_l("Address"), firm.address, "text"),
        (_l("Bill date"), bill.issued_on, "date"),
        (_l("Due on"), bill.due_on if bill.kind == "bill" else None, "date"),
    ]
    if bill.reverses_id is not None:
        facts.append((_l("Credits bill"), bill.reverses.number, "text"))
    return Section(_l("Bill to"), text=(bill.memo,) if bill.memo else (), facts=tuple(facts))


def _lines(session: Any, bill: Bill) -> Section:
    rows = session.scalars(select(Charge).where(Charge.bill_id == bill.id).order_by(Charge.period_from, Charge.id)).all()
    table = Table(
        (
            Column(_l("Charged for"), width=2.2),
            Column(_l("Period"), width=1.6),
            Column(_l("Quantity"), "decimal", 0.8),
            Column(_l("Unit price"), "decimal", 0.9),
            Column(_l("VAT rate"), width=0.7, right=True),
            Column(_l("Net"), "money"),
            Column(_l("VAT"), "money", 0.9),
            Column(_l("Gross"), "money"),
        ),
        [
            [
                line.memo or line.item.name,
                f"{line.period_from} – {line.period_to}",
                line.quantity,
                line.unit_price,
                _rate(line),
                line.net,
                line.vat,
                line.gross,
            ]
            for line in rows
        ],
        [_("Total"), "", None, None, "", bill.net, bill.vat, bill.gross],
    )
    return Section(_l("Bill lines"), table=table)


def _rate(line: Charge) -> str:
    return f"{(line.vat_rate * 100).normalize():f} %" if line.vat_rate is not None else str(TREATMENTS.label(line.treatment))


def _sums(bill: Bill) -> Section:
    return Section(
        _l("Amount"),
        facts=(
            (_l("Gross"), bill.gross, "money"),
            (_l("In capitals"), capitals(bill.gross), "text"),
            (_l("Settled"), bill.settled, "money"),
            (_l("Open amount"), bill.gross - bill.settled, "money"),
        ),
    )


def _paid(session: Any, bill: Bill) -> tuple[Section, ...]:
    """Allocations that stand, when there are any."""
    undone = select(Allocation.undoes_id).where(Allocation.undoes_id.is_not(None))
    rows = session.execute(
        select(Allocation.on_date, func.sum(Allocation.amount))
        .where(Allocation.bill_id == bill.id, Allocation.amount > 0, Allocation.id.not_in(undone))
        .group_by(Allocation.on_date)
        .order_by(Allocation.on_date)
    ).all()
    if not rows:
        return ()
    return (Section(_l("Payments"), table=Table((Column(_l("Date"), "date"), Column(_l("Amount"), "money")), [list(r) for r in rows])),)


def _pay_to(session: Any, bill: Bill) -> tuple[Section, ...]:
    if bill.kind != "bill":
        return ()
    found = session.scalars(
        select(BankAccount).where(BankAccount.park_id == bill.park_id, BankAccount.active.is_(True)).order_by(BankAccount.id)
    ).all()
    return (
        Section(
            _l("Please pay to"),
            facts=tuple((a.name, f"{a.bank} {a.number}", "text") for a in found) or ((_l("Bank account"), None, "text"),),
            note=_("State the bill's number %(number)s with your payment.", number=bill.number or "—"),
        ),
    )


REPORTS = [
    Report(
        "bill",
        _l("Bill"),
        bill_sheet,
        "billing.bill",
        word="read",
        formats=("pdf", "html", "json"),
        needs=("record",),
        explain=_l("The bill as it is sent to the firm, with the amount in capitals."),
    ),
]
