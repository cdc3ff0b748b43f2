"""What leases answer when other modules ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from modules.billing.calc_einvoice import LeaseBlock
from modules.billing.services.charges import Uncharged
from modules.billing.signals.collect import collect, lease_block, not_ready
from parkops.hooks import receiver

from ..services import collecting, premises, schedule, turnover


@receiver(collect)
def lease_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Instalments billed in the month or earlier."""
    return Uncharged(collecting.demands(park_id, month))


@receiver(not_ready)
def lease_not_ready(session: Any, park_id: int, month: date, **_more: Any) -> list[tuple[str, int, str, int]]:
    """Shares of turnover that nobody reported: only that line waits."""
    return [("leasing.lease", row["lease"].id, row["message"], 1) for row in turnover.missing(session, month, park_id)]


@receiver(lease_block)
def lease_premises(session: Any, park_id: int, source: str, source_ids: Sequence[int], **_more: Any) -> dict[int, LeaseBlock] | None:
    """Address, certificate and cross-city flag of the premises an instalment is for (domain.md 10.2)."""
    if source != schedule.SOURCE:
        return None
    return {i: LeaseBlock(**facts) for i, facts in premises.of_dues(session, source_ids).items()}
