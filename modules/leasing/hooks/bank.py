"""What leases tell the matching of bank lines and the late fees: their numbers, and the rate they agree per day."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.billing.models.charge import Charge
from modules.billing.signals.bank import late_fee_terms, payer_references
from parkops.hooks import receiver

from ..models.lease import Lease, LeaseDue
from ..services.schedule import SOURCE


@receiver(payer_references)
def lease_numbers(session: Any, park_id: int, **_more: Any) -> list[tuple[str, int]]:
    """Numbers of the park's leases, ended ones too: arrears are paid late."""
    rows = session.execute(select(Lease.number, Lease.firm_id).where(Lease.park_id == park_id, Lease.number.is_not(None)))
    return [(number, firm) for number, firm in rows]


@receiver(late_fee_terms)
def lease_rates(session: Any, bill_ids: Sequence[int], **_more: Any) -> dict[int, Decimal]:
    """The rate agreed by the lease a bill's lines come from; of several leases on one bill the lowest."""
    rows = session.execute(
        select(Charge.bill_id, func.min(Lease.late_fee_rate))
        .select_from(Charge)
        .join(LeaseDue, LeaseDue.id == Charge.source_id)
        .join(Lease, Lease.id == LeaseDue.lease_id)
        .where(Charge.source == SOURCE, Charge.bill_id.in_(list(bill_ids)), Lease.late_fee_rate.is_not(None))
        .group_by(Charge.bill_id)
    )
    return {bill: Decimal(rate) for bill, rate in rows}
