"""What meters and shared costs answer to the monthly run."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.billing.signals.collect import collect
from parkops.hooks import receiver

from ..services import utility_charges


@receiver(collect)
def meter_usage(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Usage of tenants' meters read up to the end of the month; readings without a price are named by `parkops check`."""
    return utility_charges.meter_demands(session, park_id, month)[0] or None


@receiver(collect)
def shared_costs(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Lines of confirmed shared-cost sheets."""
    return utility_charges.share_demands(session, park_id, month)
