"""Demo, last part: what waits on the desks today: drafts, approvals, signatures, holds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.application import Lead
from modules.tenants.models.firm import Firm
from parkops.clock import add_months
from parkops.demo import Context

from . import demo_data as data
from .models.lease import Lease
from .models.space import Unit
from .services import holds, leases, renewals, units

DAY = timedelta(days=1)


def build(context: Context, stays: list[data.Tenancy], unit_ids: dict[tuple[str, str], int], today: date) -> None:
    """A lease in each step before signature, renewals to prepare, two units held."""
    with context.scope("operations_clerk") as s:
        free = _vacant(s, today)
        firms = list(s.scalars(select(Firm.id).where(Firm.state == "incubating").order_by(Firm.id.desc()).limit(4)))
        made = [_draft(s, firm, free.pop(), today) for firm in firms if free]
        for lease in made[1:]:
            leases.submit_lease(s, lease, on=today)
        ids = [lease.id for lease in made]
        _hold(s, free, today)
        _renewals(s, today)
    with context.scope("operations_manager") as s:
        for lease_id in ids[2:]:
            leases.approve_lease(s, s.get(Lease, lease_id), on=today)


def _vacant(session: Any, today: date) -> list[int]:
    """Ids of vacant office units, smallest last."""
    states = units.unit_states(session, today)
    rows = session.scalars(select(Unit).where(Unit.kind == "office").order_by(Unit.lettable_area.desc(), Unit.id.desc()))
    return [u.id for u in rows if states.get(u.id) == "vacant"]


def _draft(session: Any, firm_id: int, unit_id: int, today: date) -> Lease:
    starts = add_months(today.replace(day=1), 1)
    return leases.create_lease(
        session, firm_id=firm_id, starts_on=starts, ends_on=add_months(starts, 24) - DAY, units=[unit_id], due_day=5, purpose="研发办公",
        lines=[{"item": "rent", "basis": "sqm_month", "price": Decimal(25), "cycle_months": 3, "steps": [(add_months(starts, 12), Decimal(27))]},
               {"item": "property_fee", "basis": "sqm_month", "price": Decimal(3), "cycle_months": 3}], deposit_amount=Decimal(5000))


def _hold(session: Any, free: list[int], today: date) -> None:
    leads = session.scalars(select(Lead).where(Lead.state.in_(("negotiating", "visited", "contacted"))).order_by(Lead.id.desc()).limit(2)).all()
    for lead, unit_id in zip(leads, free[::-1], strict=False):
        holds.hold_unit(session, unit_id=unit_id, lead_id=lead.id, asked_on=today, expires_on=today + timedelta(days=10))


def _renewals(session: Any, today: date) -> None:
    """One renewal is drafted for a contract that ends within two months."""
    lease = session.scalars(select(Lease).where(Lease.state == "running", Lease.ends_on > today, Lease.ends_on <= add_months(today, 3))
                            .order_by(Lease.ends_on, Lease.id).limit(1)).first()
    if lease is not None:
        renewals.make_renewal(session, lease, months=24)
