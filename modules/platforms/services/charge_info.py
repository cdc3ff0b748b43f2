"""An event as programs read it: times, price, and where it stands on a bill."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from parkops.security import access

from ..models.event import UsageEvent
from . import pricing


def of_event(session: Any, event: UsageEvent) -> dict[str, Any]:
    """Amounts are yuan as text; `estimate` while no run has priced the event; `charge` once a bill has its line."""
    access.require(session, "platforms.event", "read")
    line = session.scalars(select(Charge).where(Charge.park_id == event.park_id, Charge.key == event.charge_key)).one_or_none()
    bill = session.get(Bill, line.bill_id) if line is not None and line.bill_id else None
    priced = event.run_id is not None
    guess = None if priced else pricing.of_event(session, event)
    return {
        "id": event.id, "state": event.state, "kind": event.kind, "project_id": event.project_id, "instrument_id": event.instrument_id,
        "started_at": event.started_at.isoformat(), "ended_at": event.ended_at.isoformat() if event.ended_at else None,
        "minutes": event.minutes, "priced": priced, "estimate": None if guess is None else str(guess),
        **{n: str(getattr(event, n)) if priced else None for n in ("gross", "discount", "entitled", "waived", "net")},
        "charge": None if line is None else {"id": line.id, "net": str(line.net), "vat": str(line.vat), "gross": str(line.gross),
                                             "bill": bill.number if bill else None, "bill_state": bill.state if bill else None},
    }
