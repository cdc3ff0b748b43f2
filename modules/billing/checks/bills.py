"""What must tie around bills: lines and bills, bills and entries, receivables and the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, or_, select

from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.bill import Bill
from ..models.charge import Charge
from ..models.ledger import LedgerEntry


def _lines(session: Any) -> list[str]:
    """Every bill is the sum of its lines."""
    total = (
        select(Charge.bill_id, func.sum(Charge.gross).label("gross"), func.sum(Charge.vat).label("vat"))
        .where(Charge.bill_id.is_not(None))
        .group_by(Charge.bill_id)
        .subquery()
    )
    rows = session.execute(
        select(Bill.id, Bill.number)
        .outerjoin(total, total.c.bill_id == Bill.id)
        .where(or_(total.c.bill_id.is_(None), total.c.gross != Bill.gross, total.c.vat != Bill.vat))
        .order_by(Bill.id)
        .limit(100)
    )
    return [_("Bill %(number)s differs from the sum of its lines.", number=number or i) for i, number in rows]


def _entries(session: Any) -> list[str]:
    """Every posted bill has the entry of its own, over at least its amount."""
    rows = session.execute(
        select(Bill.number)
        .outerjoin(LedgerEntry, LedgerEntry.id == Bill.entry_id)
        .where(
            Bill.state != "draft",
            or_(
                LedgerEntry.id.is_(None),
                LedgerEntry.source != "billing.bill",
                LedgerEntry.source_id != Bill.id,
                LedgerEntry.total < func.abs(Bill.gross),
            ),
        )
        .order_by(Bill.id)
        .limit(100)
    )
    return [_("Bill %(number)s has no ledger entry of its own.", number=number) for (number,) in rows]


def _reversed(session: Any) -> list[str]:
    """A reversed bill is settled to the fen."""
    rows = session.execute(select(Bill.number).where(Bill.state == "reversed", Bill.settled != Bill.gross).limit(100))
    return [_("Reversed bill %(number)s is not settled by its credit notes.", number=number) for (number,) in rows]


CHECKS = [
    Check("billing.bill_lines", _l("Bills are the sum of their lines"), _lines),
    Check("billing.bill_entries", _l("Every posted bill has its entry"), _entries),
    Check("billing.bill_reversed", _l("Reversed bills are settled"), _reversed),
]
