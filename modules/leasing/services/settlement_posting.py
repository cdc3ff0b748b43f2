"""Posting a settlement through billing: what was on the sheet becomes bills, credits, offsets and refund requests. Rule C-63."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.charge import Charge
from parkops.i18n import _

from ..models.lease import Lease
from ..models.settlement import Settlement, SettlementLine
from . import collecting, corrections, lease_deposits
from . import settlement_lines as sheet

ITEMS = {"damages": "damages", "penalty": "damages", "late_fee": "late_fee", "reading": "electricity", "other": "damages"}
SOURCE = "leasing.settlement_line"


def post(session: Any, row: Settlement, on: date) -> None:
    """In order: charge, bill, credit, use credits and advances, set off deposits, ask for refunds of the rest."""
    lease = session.get(Lease, row.lease_id)
    _charge_dues(session, lease, on)
    _charge_lines(session, row, lease, on)
    _bill(session, lease, on)
    _use_credits(session, lease, on)
    _use_advances(session, lease, on)
    _deposits(session, row, lease, on)
    _refund(session, lease, on, row)


def _charge_dues(session: Any, lease: Lease, on: date) -> None:
    from modules.billing.services import charges

    dues = sheet.open_dues(session, lease)
    credits = [d for d in dues if d.kind.endswith("credit")]
    rows = collecting.demand_rows(session, lease.park_id, [d.id for d in dues if d not in credits])
    if rows:
        charges.add_charges(session, lease.park_id, rows)
    for lease_id in {d.lease_id for d in credits}:
        corrections.charge_credits(
            session,
            session.get(Lease, lease_id),
            [d for d in credits if d.lease_id == lease_id],
            on=on,
            reason=_("Lease %(number)s ended", number=str(lease)),
        )


def _charge_lines(session: Any, row: Settlement, lease: Lease, on: date) -> None:
    """Damages, readings, other amounts, penalty and late fees become charge lines, once (the key is the line)."""
    from modules.billing.services import charges

    codes = dict(session.execute(select(ChargeItem.code, ChargeItem.id)).all())
    rows = []
    for line in session.scalars(select(SettlementLine).where(SettlementLine.settlement_id == row.id).order_by(SettlementLine.id)):
        if not line.own and line.kind not in ("penalty", "late_fee"):
            continue
        penalty = line.kind in ("penalty", "late_fee")
        source, source_id = (SOURCE, line.id)
        key = f"{SOURCE}:{line.id}"
        if line.kind == "penalty":
            source, source_id = lease_deposits.SOURCE, lease.root_id or lease.id
        elif line.kind == "late_fee":  # the key of billing's own late fees: this month's run does not charge it again
            source, source_id, key = "billing.bill", line.source_id, f"late:{line.source_id}:{on:%Y-%m}"
        rows.append(
            {
                "key": key,
                "firm_id": lease.firm_id,
                "carrier_id": lease.carrier_id,
                "item_id": line.item_id or codes[ITEMS[line.kind]],
                "kind": "penalty" if penalty else "charge",
                "source": source,
                "source_id": source_id,
                "period_from": on,
                "period_to": on,
                "due_on": on,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "amount": line.amount,
                "memo": f"{line.title} {row.number}"[:300],
            }
        )
    if rows:
        charges.add_charges(session, row.park_id, rows)


def _bill(session: Any, lease: Lease, on: date) -> None:
    """All open lines on one bill; when they come to less than zero, on one credit note."""
    from modules.billing.services import bills, posting

    rows = sheet.open_charges(session, lease) + _own_charges(session, lease)
    ids = sorted({c.id for c in rows})
    if not ids:
        return
    if sum((c.gross for c in {c.id: c for c in rows}.values()), Decimal(0)) >= 0:
        bill = bills.make_bill(session, firm_id=lease.firm_id, charge_ids=ids, issued_on=on, due_on=on, memo=_("Move-out settlement"))
    else:
        bill = bills.make_credit(session, firm=lease.firm, charge_ids=ids, on=on, reason=_("Move-out settlement"))
    posting.post_bill(session, bill, on=on)


def _ours() -> Any:
    """Charges a settlement makes: its own lines, penalties and late fees."""
    return Charge.key.like(SOURCE + ":%") | Charge.key.like("late:%")


def _own_charges(session: Any, lease: Lease) -> list[Charge]:
    return list(session.scalars(select(Charge).where(Charge.firm_id == lease.firm_id, Charge.bill_id.is_(None), _ours())))


def _open(session: Any, lease: Lease, kind: str) -> list[Any]:
    """Open documents as the sheet counts them, and those this posting made."""
    from modules.billing.models.bill import Bill

    own = select(Charge.bill_id).where(_ours(), Charge.firm_id == lease.firm_id)
    found = {b.id: b for b in sheet.bills_of(session, lease, kind)}
    more = session.scalars(select(Bill).where(Bill.id.in_(own), Bill.kind == kind, Bill.state == "posted", Bill.settled != Bill.gross))
    found |= {b.id: b for b in more}
    return sorted(found.values(), key=lambda b: (b.due_on, b.id))


def _pairs(session: Any, lease: Lease, amount: Decimal) -> list[tuple[int, Decimal]]:
    """Open bills in order of their due days, for at most `amount`."""
    out, left = [], amount
    for bill in _open(session, lease, "bill"):
        use = min(left, bill.gross - bill.settled)
        if use > 0:
            out.append((bill.id, use))
            left -= use
    return out


def _use_credits(session: Any, lease: Lease, on: date) -> None:
    from modules.billing.services.allocations import apply_credit

    for credit in _open(session, lease, "credit"):
        if pairs := _pairs(session, lease, credit.settled - credit.gross):
            apply_credit(session, credit, pairs=pairs, on=on)


def _use_advances(session: Any, lease: Lease, on: date) -> None:
    from modules.billing.services.allocations import allocate

    if sheet.stays_elsewhere(session, lease):
        return
    for receipt in sheet.advances(session, lease):
        if pairs := _pairs(session, lease, receipt.amount - receipt.allocated):
            allocate(session, receipt, pairs=pairs, on=max(on, receipt.received_on))


def _deposits(session: Any, row: Settlement, lease: Lease, on: date) -> None:
    """C-65: pledged deposits first, then performance bonds, are set off; earnest money follows its remedy and is never mixed in."""
    from modules.billing.services import deposits

    order = {"pledge": 0, "performance": 1, "earnest": 2}
    for d in sorted(lease_deposits.deposits_of(session, lease), key=lambda d: (order[d.kind], d.id)):
        if d.held <= 0:
            continue
        if d.kind == "earnest" and lease.remedy == "forfeit":
            deposits.forfeit_deposit(session, d, on=on, reason=_("Lease %(number)s ended early by the firm", number=str(lease)))
        elif d.kind == "earnest" and lease.remedy == "double":
            deposits.return_double(
                session,
                d,
                on=on,
                reason=_("Lease %(number)s ended early by the park", number=str(lease)),
                bank_account_id=row.bank_account_id,
            )
        pairs = _pairs(session, lease, d.held) if d.held > 0 else []
        if pairs:
            deposits.offset_deposit(session, d, amount=sum((a for _b, a in pairs), Decimal(0)), on=on, pairs=pairs)
        if d.held > 0:
            deposits.refund_deposit(session, d, amount=d.held, on=on, reason=_("Settlement %(number)s", number=row.number))


def _refund(session: Any, lease: Lease, on: date, row: Settlement) -> None:
    """What is left of credits and advances is asked to be paid back."""
    from modules.billing.services.refunds import request_refund

    reason = _("Settlement %(number)s", number=row.number)
    for credit in _open(session, lease, "credit"):
        request_refund(session, credit=credit, amount=credit.settled - credit.gross, on=on, reason=reason)
    if not sheet.stays_elsewhere(session, lease):
        for receipt in sheet.advances(session, lease):
            request_refund(session, receipt=receipt, amount=receipt.amount - receipt.allocated, on=on, reason=reason)
