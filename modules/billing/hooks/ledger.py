"""What stands against locking a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import func, select

from parkops.clock import add_months
from parkops.errors import Problem
from parkops.hooks import receiver
from parkops.i18n import _l

from ..models.bill import Bill
from ..models.ledger_manual import ManualEntry
from ..models.receipt import Receipt
from ..signals.closing import closing


@receiver(closing)
def unfinished(session: Any, park_id: int, month: date, **_kw: Any) -> Iterator[Problem]:
    """Manual entries and bills that are still drafts, and money nobody has been found for (G-08)."""
    end = add_months(month, 1)
    drafts = session.scalar(select(func.count()).select_from(ManualEntry).where(
        ManualEntry.park_id == park_id, ManualEntry.state.in_(("draft", "waiting")), ManualEntry.entry_date < end))
    if drafts:
        yield Problem("billing.G-08", _l("Manual entries not posted: %(n)s. Post or drop them first.", n=drafts))
    bills = session.scalar(select(func.count()).select_from(Bill).where(
        Bill.park_id == park_id, Bill.state == "draft", Bill.issued_on < end))
    if bills:
        yield Problem("billing.G-08", _l("Draft bills dated in or before this month: %(n)s. Post or delete them first.", n=bills))
    unknown = session.scalar(select(func.count()).select_from(Receipt).where(
        Receipt.park_id == park_id, Receipt.firm_id.is_(None), Receipt.allocated != Receipt.amount, Receipt.received_on < end))
    if unknown:
        yield Problem("billing.G-08", _l("Receipts without a firm: %(n)s. Find out who paid, or refund them.", n=unknown))
