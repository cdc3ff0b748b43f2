"""Slips to hand out: for money received (收据) and for a deposit received (押金收据), amounts in Chinese capitals too."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops import money
from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..calc_words import capitals
from ..models.deposit import DEPOSIT_KINDS, Deposit, DepositMove
from ..models.receipt import RECEIPT_KINDS, Receipt
from ..services.allocations import standing

SIGN = (_l("Seal of the receiver"), _l("Received by"), _l("Paid by"))


def _found(session: Any, model: Any, request: Request) -> Any:
    row = session.scalars(select(model).where(model.id == request.record_id)).first()
    if row is None:
        raise NotFound(_l("There is no such record in your parks."))
    return row


def _signatures() -> Section:
    return Section(_l("Signatures"), facts=tuple((label, " " * 20, "text") for label in SIGN))


def receipt_slip(session: Any, request: Request) -> Document:
    """One receipt with what it settled."""
    row = _found(session, Receipt, request)
    park = session.get(Park, row.park_id)
    facts = (
        (_l("Number"), row.number, "text"),
        (_l("Received on"), row.received_on, "date"),
        (_l("Received from"), row.payer or (row.firm.name if row.firm else None), "text"),
        (_l("Firm"), row.firm.name if row.firm else None, "text"),
        (_l("Way"), str(RECEIPT_KINDS.label(row.kind)), "text"),
        (_l("Amount"), row.amount, "money"),
        (_l("Amount in words"), capitals(row.amount), "text"),
        (_l("Reference"), row.reference, "text"),
    )
    rows = [[a.bill.number, f"{a.bill.month:%Y-%m}", a.on_date, a.amount] for a in standing(session, receipt_id=row.id)]
    table = (
        Table(
            (Column(_l("Bill"), width=2), Column(_l("Month")), Column(_l("Date"), "date"), Column(_l("Amount"), "money")),
            rows,
            [_("Total"), None, None, sum((r[3] for r in rows), money.ZERO)],
        )
        if rows
        else None
    )
    left = row.amount - row.allocated
    advance = ((_l("Advance"), left, "money"),) if rows and left > 0 else ()
    settles = Section(_l("Settles"), facts=advance, table=table, text=() if rows else (_("An advance: no bill is settled yet."),))
    return Document(
        _("Receipt slip"),
        f"{park.name} · {row.number}",
        (Section(_l("Money received"), facts=facts), settles, _signatures()),
        request.at,
        request.made_by,
    )


def deposit_slip(session: Any, request: Request) -> Document:
    """One deposit: what was agreed, what is held, each movement. A deposit is no income; no invoice is issued for it."""
    row = _found(session, Deposit, request)
    park = session.get(Park, row.park_id)
    moves = session.scalars(select(DepositMove).where(DepositMove.deposit_id == row.id).order_by(DepositMove.id)).all()
    facts = (
        (_l("Number"), row.number, "text"),
        (_l("Firm"), row.firm.name, "text"),
        (_l("Kind"), str(DEPOSIT_KINDS.label(row.kind)), "text"),
        (_l("Agreed amount"), row.agreed, "money"),
        (_l("Amount held"), row.held, "money"),
        (_l("Held, in words"), capitals(row.held), "text"),
    )
    choices = DepositMove.__table__.c.kind.type.choices
    table = Table(
        (Column(_l("Date"), "date"), Column(_l("Movement"), width=2), Column(_l("Amount"), "money")),
        [[m.on_date, str(choices.label(m.kind)), m.amount] for m in moves],
        [_("Amount held"), None, row.held],
    )
    return Document(
        _("Deposit receipt"),
        f"{park.name} · {row.number}",
        (
            Section(
                _l("Deposit"),
                facts=facts,
                note=_l("A deposit is kept for the firm; it is no payment for a service and no invoice is issued for it."),
            ),
            Section(_l("Movements"), table=table),
            _signatures(),
        ),
        request.at,
        request.made_by,
    )


REPORTS = [
    Report(
        "receipt-slip",
        _l("Receipt slip"),
        receipt_slip,
        resource="billing.receipt",
        word="read",
        needs=("record",),
        formats=("pdf", "html"),
    ),
    Report(
        "deposit-slip",
        _l("Deposit receipt"),
        deposit_slip,
        resource="billing.deposit",
        word="read",
        needs=("record",),
        formats=("pdf", "html"),
    ),
]
