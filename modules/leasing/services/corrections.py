"""Credits for what was charged for days after a lease (version) ended: corrections by charges, never by editing. Rule C-24."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge

from ..models.lease import Lease, LeaseDue
from . import collecting
from .schedule import SOURCE

BASE_KIND = {"credit": "charge", "discount_credit": "discount", "subsidy_credit": "subsidy"}


def charge_credits(session: Any, lease: Lease, credits: Sequence[LeaseDue], *, on: date, reason: str) -> int:
    """Credit notes for what stands on posted bills; where the charge still waits for its bill, a correcting line beside it."""
    from modules.billing.services import charges
    from modules.billing.services import credits as notes

    posted: dict[int, list[dict[str, Any]]] = defaultdict(list)
    waiting: list[dict[str, Any]] = []
    for row in collecting.demand_rows(session, lease.park_id, [c.id for c in credits]):
        original = _original(session, row["source_id"], row["firm_id"])
        row["corrects_id"] = original.id if original is not None else None
        if original is not None and _is_posted(session, original):
            posted[row["firm_id"]].append(row)
        else:
            waiting.append(row)
    if waiting:
        charges.add_charges(session, lease.park_id, waiting)
    for firm_id, rows in posted.items():
        notes.credit_charges(session, firm_id=firm_id, demands=rows, on=on, reason=reason)
    return len(credits)


def _original(session: Any, credit_id: int, firm_id: int) -> Charge | None:
    """The charge a credit row takes back: same line and kind, the period that holds its first day."""
    credit = session.get(LeaseDue, credit_id)
    base = select(LeaseDue.id).where(
        LeaseDue.line_id == credit.line_id,
        LeaseDue.kind == BASE_KIND[credit.kind],
        LeaseDue.period_from <= credit.period_from,
        LeaseDue.period_to >= credit.period_to,
    )
    return session.scalars(
        select(Charge)
        .where(Charge.source == SOURCE, Charge.source_id.in_(base), Charge.firm_id == firm_id)
        .order_by(Charge.period_from.desc())
        .limit(1)
    ).first()


def _is_posted(session: Any, charge: Charge) -> bool:
    return charge.bill_id is not None and session.scalar(select(Bill.state).where(Bill.id == charge.bill_id)) != "draft"
