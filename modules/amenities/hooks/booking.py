"""What amenities answer when a venue is booked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from modules.booking.signals.booking import booking_price
from parkops.hooks import receiver

from ..services import venues


@receiver(booking_price)
def venue_price(
    session: Any, resource: Any, starts_at: datetime, ends_at: datetime, firm_id: int | None = None, **_more: Any
) -> list[dict[str, Any]]:
    """Price of a venue by the hour."""
    return venues.price_lines(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id)
