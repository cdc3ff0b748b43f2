"""Who occupies units: leases that run, and those that ended but are not handed back yet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..models.lease import Lease
from ..models.settlement import Settlement
from .law import OCCUPYING


def code_of(lease: Lease) -> str:
    """The line of a lease in its firm's move-out case."""
    return f"leasing.lease:{lease.root_id or lease.id}"


def leases_of(session: Any, firm_id: int) -> list[Lease]:
    """Leases of a firm whose units are not free yet."""
    waiting = (
        select(Settlement.id)
        .where(Settlement.lease_id == Lease.id, Settlement.state != "cancelled", Settlement.released_on.is_(None))
        .exists()
    )
    return list(
        session.scalars(
            select(Lease)
            .where(Lease.firm_id == firm_id, Lease.state.in_(OCCUPYING) | (Lease.state.in_(("ended", "terminated")) & waiting))
            .order_by(Lease.id)
        )
    )
