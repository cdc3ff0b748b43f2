"""Electronic invoices of posted bills: what they would hold, asking for them, recording the numbers that come back.

Rules B-30 to B-35 of the README; the pure side is `calc_einvoice.py`, the workbook `einvoice_export.py`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.clock import now
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_einvoice as calc
from ..models.bill import Bill
from ..models.catalogue import ChargeItem
from ..models.charge import Charge
from ..models.einvoice import EInvoice
from ..models.receipt import BankAccount
from ..signals.collect import lease_block

RESOURCE = "billing.einvoice"
WHAT = {
    "buyer": _l("the firm's name (at most 100 characters)"),
    "buyer_code": _l("the firm's unified social credit code"),
    "lines": _l("lines to be invoiced"),
    "tax_code": _l("the tax classification code of a charge item"),
    "negative": _l("a line that is not below zero (a reduction is larger than what it reduces)"),
    "red_number": _l("the number of the invoice it takes back"),
    "lease_address": _l("the address of the leased premises (region and street)"),
    "lease_address_long": _l("an address of at most 120 characters"),
    "lease_period": _l("the lease period"),
    "area_unit": _l("a valid unit of area"),
    "plates": _l("valid licence plates"),
}


def invoices_of(session: Any, bill: Bill) -> list[calc.Invoice]:
    """The invoices a bill comes to: lines of leased real estate apart from the rest; lines outside VAT are not invoiced."""
    rows = session.execute(
        select(Charge, ChargeItem)
        .join(ChargeItem, ChargeItem.id == Charge.item_id)
        .where(Charge.bill_id == bill.id, Charge.treatment != "outside")
        .order_by(Charge.id)
    ).all()
    blocks = _blocks(session, bill.park_id, [c for c, item in rows if item.supply == "real_estate_lease"])
    out = []
    for block in ("06", "00"):
        mine = [(c, item) for c, item in rows if (item.supply == "real_estate_lease") == (block == "06")]
        if mine:
            out.append(_invoice(session, bill, block, mine, blocks))
    return out


def _blocks(session: Any, park_id: int, lines: Sequence[Charge]) -> dict[tuple[str, int], calc.LeaseBlock]:
    """What leasing knows of the premises, by source of the line."""
    by_source: dict[str, set[int]] = {}
    for line in lines:
        by_source.setdefault(line.source, set()).add(line.source_id)
    found = {}
    for source, ids in by_source.items():
        for answer in lease_block.send(session, park_id=park_id, source=source, source_ids=sorted(ids)):
            found.update({(source, i): b for i, b in (answer or {}).items()})
    return found


def _invoice(
    session: Any, bill: Bill, block: str, rows: list[tuple[Charge, ChargeItem]], blocks: dict[Any, calc.LeaseBlock]
) -> calc.Invoice:
    lines = [
        calc.Line(
            c.memo or item.name,
            item.tax_code,
            c.gross,
            None if c.treatment == "exempt" else c.vat_rate,
            item.unit if c.quantity else None,
            c.quantity,
            c.unit_price if c.quantity and c.unit_price else None,
        )
        for c, item in rows
    ]
    bank = session.scalars(
        select(BankAccount).where(BankAccount.park_id == bill.park_id, BankAccount.active.is_(True)).order_by(BankAccount.id).limit(1)
    ).first()
    firm = bill.firm
    lease = next((blocks[c.source, c.source_id] for c, _i in rows if (c.source, c.source_id) in blocks), None)
    return calc.Invoice(
        f"{bill.number or 'DRAFT'}-{block}",
        firm.name,
        firm.credit_code,
        calc.discounted(lines) if bill.kind == "bill" else lines,
        block,
        firm.address,
        firm.phone,
        firm.bank_name,
        firm.bank_account,
        seller_bank=bank.bank if bank else None,
        seller_account=bank.number if bank else None,
        note=_("Bill %(number)s", number=bill.number or ""),
        person=firm.registration_type is None and firm.credit_code is None and firm.state == "team",
        lease=lease if block == "06" else None,
        lease_from=min(c.period_from for c, _i in rows),
        lease_to=max(c.period_to for c, _i in rows),
    )


def missing(session: Any, bill: Bill) -> list[str]:
    """Sentences about what keeps a bill from being invoiced (B-31)."""
    found = [code for invoice in invoices_of(session, bill) for code in calc.problems(invoice)]
    return [_("Bill %(number)s lacks %(what)s.", number=bill.number or bill.id, what=WHAT[code]) for code in dict.fromkeys(found)]


def request_invoices(session: Any, objs: Sequence[Bill], *, on: date) -> str:
    """Ask for the invoices of posted bills (B-30). Everything missing is named first; a bill asked for before is left out."""
    access.require(session, RESOURCE, "add")
    problems, wanted = Problems(), []
    asked = set(session.scalars(select(EInvoice.bill_id).where(EInvoice.bill_id.in_([b.id for b in objs]), EInvoice.state != "cancelled")))
    for bill in objs:
        if bill.state != "posted" or bill.kind != "bill":
            problems.add("billing.B-30", _l("%(bill)s is no posted bill.", bill=bill))
        elif bill.id not in asked:
            wanted += [(bill, i) for i in invoices_of(session, bill)]
            for sentence in missing(session, bill):
                problems.add("billing.B-31", sentence)
    problems.stop()
    for bill, invoice in wanted:
        session.add(_row(session, bill, invoice, on))
    session.flush()
    return _("%(n)s invoices were requested.", n=len(wanted))


def _row(session: Any, bill: Bill, i: calc.Invoice, on: date, **values: Any) -> EInvoice:
    gross = sum((line.amount - line.discount for line in i.lines), Decimal(0))
    vat = _vat(session, bill, i.block)
    data = {"basic": list(calc.basic_row(i)), "detail": [list(r) for r in calc.detail_rows(i)], "special": list(calc.special_row(i) or ())}
    return EInvoice(
        park_id=bill.park_id,
        serial=i.serial,
        bill_id=bill.id,
        firm_id=bill.firm_id,
        block=i.block,
        gross=gross,
        vat=vat,
        requested_on=on,
        requested_by=scope_of(session).user_name,
        data=data,
        **values,
    )


def _vat(session: Any, bill: Bill, block: str) -> Decimal:
    """VAT of the bill's lines of a block."""
    lease = ChargeItem.supply == "real_estate_lease"
    rows = session.scalars(
        select(Charge.vat)
        .join(ChargeItem, ChargeItem.id == Charge.item_id)
        .where(Charge.bill_id == bill.id, Charge.treatment != "outside", lease if block == "06" else ~lease)
    )
    return sum(rows, Decimal(0))


def request_red(session: Any, credit: Bill, *, on: date, reason: str) -> list[EInvoice]:
    """Ask for the red-letter invoices of a posted credit note; each takes back the blue invoice of its bill (B-34)."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    if credit.kind != "credit" or credit.state != "posted" or credit.reverses_id is None:
        problems.add("billing.B-34", _l("Choose a posted credit note that corrects a bill."))
    problems.stop()
    issued = {
        e.block: e
        for e in session.scalars(
            select(EInvoice).where(EInvoice.bill_id == credit.reverses_id, EInvoice.kind == "blue", EInvoice.state == "issued")
        )
    }
    out = []
    for i in invoices_of(session, credit):
        blue = issued.get(i.block)
        if blue is None:
            continue
        red = calc.Invoice(**{**i.__dict__, "red_number": blue.number, "red_reason": reason})
        for code in calc.problems(red):
            problems.add("billing.B-31", _l("Bill %(number)s lacks %(what)s.", number=credit.number, what=WHAT[code]))
        out.append(_row(session, credit, red, on, kind="red", red_of_id=blue.id, reason=reason))
    if not out:
        problems.add("billing.B-34", _l("The bill has no issued invoice; nothing is to be taken back."))
    problems.stop()
    session.add_all(out)
    session.flush()
    return out


def record_number(session: Any, row: EInvoice, *, number: str, issued_on: date) -> EInvoice:
    """Enter the number the tax office returned (B-33)."""
    access.require(session, RESOURCE, "change")
    number, problems = re.sub(r"\s", "", number or ""), Problems()
    if row.state != "requested":
        problems.add("billing.B-33", _l("This invoice has its number already, or its request was cancelled."))
    if not re.fullmatch(r"\d{20}", number):
        problems.add("billing.B-33", _l("An invoice number has 20 digits."), "number")
    elif session.scalar(select(EInvoice.id).where(EInvoice.park_id == row.park_id, EInvoice.number == number)):
        problems.add("billing.B-33", _l("This number was recorded for another invoice."), "number")
    if issued_on < row.requested_on:
        problems.add(
            "billing.B-33",
            _l("It was requested on %(day)s; it cannot have been issued earlier.", day=row.requested_on.isoformat()),
            "issued_on",
        )
    problems.stop()
    row.number, row.issued_on, row.state, row.recorded_at = number, issued_on, "issued", now()
    session.flush()
    return row


def cancel_request(session: Any, row: EInvoice, *, reason: str) -> EInvoice:
    """Take a request back before its number came; the bill can be asked for again."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if row.state != "requested":
        problems.add("billing.B-33", _l("Only a request without a number is cancelled; an issued invoice needs a red letter."))
    problems.stop()
    row.state, row.reason = "cancelled", reason
    row.serial = f"{row.serial}~{row.id}"
    session.flush()
    return row
