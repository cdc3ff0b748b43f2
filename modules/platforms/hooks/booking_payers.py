"""Which paying projects a firm may choose when it books an instrument."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.booking.signals.booking import booking_payers
from parkops.hooks import receiver

from ..models.project import PayingProject
from ..services.machine import PAYER, instrument_of


@receiver(booking_payers)
def projects_of_firm(session: Any, resource: Any, firm_id: int, **_more: Any) -> list[dict[str, Any]]:
    """Open projects of the firm, for instruments only."""
    if instrument_of(session, resource.id) is None:
        return []
    rows = session.scalars(select(PayingProject).where(PayingProject.firm_id == firm_id, PayingProject.state == "active")
                           .order_by(PayingProject.id).limit(50))
    return [{"source": PAYER, "id": row.id, "label": str(row)} for row in rows]
