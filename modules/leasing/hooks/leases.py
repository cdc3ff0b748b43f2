"""What leases answer when other modules ask."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.billing.signals.collect import collect
from parkops.hooks import receiver

from ..services import collecting


@receiver(collect)
def lease_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Instalments billed in the month or earlier."""
    return collecting.demands(park_id, month)
