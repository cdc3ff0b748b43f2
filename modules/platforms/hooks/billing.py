"""What platforms answer when billing collects a month."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.billing.signals.bills import bill_reversed
from modules.billing.signals.collect import collect, not_ready
from parkops.hooks import receiver

from ..services import collecting, reversed_bills, voucher_charges, voucher_uses


@receiver(collect)
def platform_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Priced events of the month or before."""
    return collecting.demands(session, park_id, month)


@receiver(collect)
def voucher_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Agreed uses of innovation vouchers come off the bill."""
    return voucher_charges.demands(session, park_id, month) or None


@receiver(not_ready)
def vouchers_waiting(session: Any, park_id: int, month: date, **_more: Any) -> list[tuple[str, int, str, int]]:
    """Voucher uses nobody has agreed to yet: the bill would be without them."""
    return voucher_uses.not_agreed(session, park_id, month)


@receiver(bill_reversed)
def events_free(session: Any, bill: Any, **_more: Any) -> None:
    """A bill taken back wholly frees its events for a new run."""
    reversed_bills.free(session, bill)
