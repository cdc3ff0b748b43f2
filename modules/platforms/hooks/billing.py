"""What platforms answer when billing collects a month."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.billing.signals.collect import collect
from parkops.hooks import receiver

from ..services import collecting


@receiver(collect)
def platform_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Priced events of the month or before."""
    return collecting.demands(session, park_id, month)
