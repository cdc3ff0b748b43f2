"""What amenities answer when billing collects a month."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.billing.signals.collect import collect
from parkops import clock
from parkops.hooks import receiver

from ..services import care, health, hotel_days, housing_contracts, meal_month, statements, venues


@receiver(collect)
def housing_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Rent of apartments."""
    return housing_contracts.demands(park_id, month)


@receiver(collect)
def meal_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Firms' part of meals of months that are over."""
    return meal_month.demands(session, park_id, month, clock.today())


@receiver(collect)
def share_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """The park's share of operators' turnover."""
    return statements.demands(session, park_id, month)


@receiver(collect)
def hotel_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Stays that firms pay."""
    return hotel_days.demands(session, park_id, month)


@receiver(collect)
def care_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Monthly fees of classes."""
    return care.demands(session, park_id, month)


@receiver(collect)
def health_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Health orders by attendance."""
    return health.demands(session, park_id, month)


@receiver(collect)
def venue_demands(session: Any, park_id: int, month: date, **_more: Any) -> Any:
    """Hours of venues that rights do not pay."""
    return venues.demands(session, park_id, month, clock.today()) or None
