"""The derived lines of a settlement: everything billing knows of the firm for this lease, with its source. Rule C-60."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.models.receipt import Receipt
from parkops.db.types import Money
from parkops.i18n import _
from parkops.money import round_fen

from ..models.lease import Lease, LeaseDue
from ..models.settlement import Settlement
from . import lease_deposits
from .law import OCCUPYING
from .schedule import SOURCE

ZERO = Decimal(0)


def lineage_ids(lease: Lease) -> Any:
    """SELECT of the ids of all versions with this tenant."""
    root = lease.root_id or lease.id
    return select(Lease.id).where((Lease.root_id == root) | (Lease.id == root), Lease.firm_id == lease.firm_id)


def due_ids(lease: Lease) -> Any:
    """SELECT of the due rows of the lineage."""
    return select(LeaseDue.id).where(LeaseDue.lease_id.in_(lineage_ids(lease)))


def stays_elsewhere(session: Any, lease: Lease) -> bool:
    """Does the firm rent other units? Then only what belongs to this lease is settled here."""
    return (
        session.scalar(
            select(Lease.id).where(Lease.firm_id == lease.firm_id, Lease.state.in_(OCCUPYING), Lease.id.not_in(lineage_ids(lease))).limit(1)
        )
        is not None
    )


def bills_of(session: Any, lease: Lease, kind: str) -> list[Bill]:
    """Open bills (or credit notes) of the firm; of this lease only while it rents elsewhere."""
    query = select(Bill).where(Bill.firm_id == lease.firm_id, Bill.kind == kind, Bill.state == "posted", Bill.settled != Bill.gross)
    if stays_elsewhere(session, lease):
        query = query.where(Bill.id.in_(select(Charge.bill_id).where(Charge.source == SOURCE, Charge.source_id.in_(due_ids(lease)))))
    return list(session.scalars(query.order_by(Bill.due_on, Bill.id)))


def open_charges(session: Any, lease: Lease) -> list[Charge]:
    """Charge lines that wait for a bill."""
    query = select(Charge).where(Charge.firm_id == lease.firm_id, Charge.bill_id.is_(None))
    if stays_elsewhere(session, lease):
        query = query.where(Charge.source == SOURCE, Charge.source_id.in_(due_ids(lease)))
    return list(session.scalars(query.order_by(Charge.period_from, Charge.id)))


def open_dues(session: Any, lease: Lease) -> list[LeaseDue]:
    """Due rows of the lineage nobody charged yet; what remains after the end was cut off."""
    taken = select(Charge.id).where(Charge.source == SOURCE, Charge.source_id == LeaseDue.id).exists()
    return list(
        session.scalars(
            select(LeaseDue)
            .where(LeaseDue.lease_id.in_(lineage_ids(lease)), LeaseDue.amount != 0, ~taken)
            .order_by(LeaseDue.period_from, LeaseDue.id)
        )
    )


def derived(session: Any, row: Settlement, on: date) -> list[dict[str, Any]]:
    """All lines but the ones entered by hand."""
    lease = session.get(Lease, row.lease_id)
    out = _owed(session, lease) + _late_fees(session, lease, on) + _given_back(session, lease)
    if lease.remedy == "penalty" and lease.penalty_amount:
        out.append(
            _line(
                "penalty",
                _("Penalty for ending early"),
                lease.penalty_amount,
                "leasing.lease",
                lease.id,
                _("Agreed on ending the lease (Civil Code 585)"),
            )
        )
    return out


def _line(kind: str, title: str, amount: Decimal, source: str, source_id: int, explain: str) -> dict[str, Any]:
    return {"kind": kind, "title": title[:200], "amount": amount, "source": source, "source_id": source_id, "explain": explain[:300]}


def _owed(session: Any, lease: Lease) -> list[dict[str, Any]]:
    out = [
        _line(
            "arrears",
            _("Bill %(number)s", number=b.number),
            b.gross - b.settled,
            "billing.bill",
            b.id,
            _("%(gross)s billed, %(settled)s settled, due %(day)s", gross=b.gross, settled=b.settled, day=b.due_on),
        )
        for b in bills_of(session, lease, "bill")
    ]
    out += [
        _line(
            "unbilled" if c.gross > 0 else "prepaid", c.memo or c.key, c.gross, "billing.charge", c.id, f"{c.period_from} – {c.period_to}"
        )
        for c in open_charges(session, lease)
        if c.gross
    ]
    for d in open_dues(session, lease):
        if d.kind in ("subsidy", "subsidy_credit"):
            continue  # an amount outside VAT; it reduces the bill with its rent line, which is listed with it
        amount = _with_vat(session, lease, d)
        out.append(
            _line(
                "unbilled" if amount > 0 else "prepaid", f"{d.line} {d.period_from} – {d.period_to}", amount, SOURCE, d.id, d.explain or ""
            )
        )
    for d in (d for d in open_dues(session, lease) if d.kind in ("subsidy", "subsidy_credit")):
        out.append(
            _line(
                "unbilled" if d.amount > 0 else "prepaid",
                _("Third-party subsidy %(from)s", **{"from": d.period_from}),
                d.amount,
                SOURCE,
                d.id,
                "",
            )
        )
    return out


def _with_vat(session: Any, lease: Lease, due: LeaseDue) -> Decimal:
    """What the charge will come to: prices without VAT get it added by billing's own rule (asked without writing)."""
    if lease.tax_included:
        return due.amount
    from modules.billing.services import charges

    from . import collecting

    rows = [r for r in collecting.demand_rows(session, lease.park_id, [due.id]) if r["firm_id"] == lease.firm_id]
    found = charges.lines(session, lease.park_id, rows).subquery()
    return session.scalar(select(func.sum(found.c.gross))) or due.amount


def _late_fees(session: Any, lease: Lease, on: date) -> list[dict[str, Any]]:
    """Agreed rate × days overdue × open amount, up to the day of the sheet; the bills' own late fees are not charged again."""
    if not lease.late_fee_rate:
        return []
    out = []
    for b in bills_of(session, lease, "bill"):
        days = (on - b.due_on).days
        if days <= 0:
            continue
        fee = round_fen((b.gross - b.settled) * lease.late_fee_rate * days) - fees_charged(session, b)
        if fee > 0:
            out.append(
                _line(
                    "late_fee",
                    _("Late fee on bill %(number)s", number=b.number),
                    fee,
                    "billing.bill",
                    b.id,
                    _(
                        "%(open)s × %(rate)s %% × %(days)s days",
                        open=b.gross - b.settled,
                        days=days,
                        rate=f"{(lease.late_fee_rate * 100).normalize():f}",
                    ),
                )
            )
    return out


def fees_charged(session: Any, bill: Bill) -> Decimal:
    """Late fees billing charged on this bill already (waivers taken off)."""
    query = select(type_coerce(func.coalesce(func.sum(Charge.gross), 0), Money)).where(
        Charge.kind.in_(("penalty", "waiver")), Charge.source == "billing.bill", Charge.source_id == bill.id
    )
    return session.scalar(query) or ZERO


def _given_back(session: Any, lease: Lease) -> list[dict[str, Any]]:
    out = [
        _line("prepaid", _("Credit note %(number)s", number=b.number), b.gross - b.settled, "billing.bill", b.id, b.memo or "")
        for b in bills_of(session, lease, "credit")
    ]
    if not stays_elsewhere(session, lease):
        out += [
            _line(
                "advance",
                _("Receipt %(number)s", number=r.number),
                r.allocated - r.amount,
                "billing.receipt",
                r.id,
                _("received on %(day)s, not used", day=r.received_on),
            )
            for r in advances(session, lease)
        ]
    for d in lease_deposits.deposits_of(session, lease):
        if d.held > 0:
            amount, explain = deposit_part(lease, d)
            if amount:
                out.append(_line(d.kind, _("Deposit %(number)s", number=d.number), -amount, "billing.deposit", d.id, explain))
    return out


def advances(session: Any, lease: Lease) -> list[Receipt]:
    """Receipts of the firm that settle nothing yet."""
    return list(
        session.scalars(
            select(Receipt)
            .where(Receipt.firm_id == lease.firm_id, Receipt.amount > 0, Receipt.allocated < Receipt.amount)
            .order_by(Receipt.received_on, Receipt.id)
        )
    )


def deposit_part(lease: Lease, deposit: Any) -> tuple[Decimal, str]:
    """What of a deposit goes back to the firm: all; of earnest money by the remedy (Civil Code 587)."""
    if deposit.kind != "earnest":
        return deposit.held, _("held %(held)s", held=deposit.held)
    from modules.billing.services.deposits import effective

    if lease.remedy == "forfeit":
        return deposit.held - effective(deposit), _("forfeited: %(amount)s", amount=effective(deposit))
    if lease.remedy == "double":
        return deposit.held + effective(deposit), _("returned double")
    return deposit.held, _("held %(held)s", held=deposit.held)
