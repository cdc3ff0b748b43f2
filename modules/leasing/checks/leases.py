"""Tie-outs of leases for `parkops check`: nothing is let twice, charges are the schedule, the schedule is the total."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from modules.billing.models.charge import Charge
from parkops.checks import Check
from parkops.i18n import _l

from ..models.lease import Lease, LeaseDue, LeaseUnit
from ..services.law import OCCUPYING
from ..services.schedule import SOURCE


def units_let_once(session: Any) -> list[str]:
    """Two leases never hold a unit on the same day."""
    a, b = LeaseUnit, aliased(LeaseUnit)
    rows = session.execute(
        select(a.unit_id, a.lease_id, b.lease_id).join(b, (b.unit_id == a.unit_id) & (b.id > a.id)).where(a.during.op("&&")(b.during))
    )
    return [f"unit {u}: leases {x} and {y} overlap" for u, x, y in rows]


def occupying_leases_have_units(session: Any) -> list[str]:
    """A running lease holds its units (a renewal that begins later too)."""
    bare = ~select(LeaseUnit.id).where(LeaseUnit.lease_id == Lease.id, LeaseUnit.during.is_not(None)).exists()
    return [
        f"lease {n} runs without occupied units"
        for n in session.scalars(
            select(Lease.number).where(
                Lease.state.in_(OCCUPYING), bare, select(LeaseUnit.id).where(LeaseUnit.lease_id == Lease.id).exists()
            )
        )
    ]


def charges_are_dues(session: Any) -> list[str]:
    """What was charged for an instalment is its amount (prices with VAT; parts of a split line added up; the funder's line apart)."""
    charged = (
        select(Charge.source_id.label("due"), func.sum(Charge.gross).label("gross"), func.sum(Charge.net).label("net"))
        .where(Charge.source == SOURCE, Charge.key.not_like("%:funder%"))
        .group_by(Charge.source_id)
        .subquery()
    )
    query = (
        select(LeaseDue.id, LeaseDue.amount, charged.c.gross)
        .join(charged, charged.c.due == LeaseDue.id)
        .join(Lease, Lease.id == LeaseDue.lease_id)
        .where(LeaseDue.amount != func.coalesce(charged.c.gross, 0), Lease.tax_included)
    )
    return [f"instalment {i}: {a} scheduled, {g} charged" for i, a, g in session.execute(query)]


def schedule_is_total(session: Any) -> list[str]:
    """A definite running lease without share of turnover or index comes to the total that was approved."""
    found = select(LeaseDue.lease_id.label("lease"), func.sum(LeaseDue.amount).label("amount")).group_by(LeaseDue.lease_id).subquery()
    query = (
        select(Lease.number, Lease.total_amount, found.c.amount)
        .join(found, found.c.lease == Lease.id)
        .where(
            Lease.state == "running",
            Lease.ends_on.is_not(None),
            Lease.total_amount.is_not(None),
            Lease.taken_over_on.is_(None),
            found.c.amount < Lease.total_amount,
        )
    )
    return [f"lease {n}: {t} approved, {a} scheduled" for n, t, a in session.execute(query)]


CHECKS = [
    Check("leasing.units_let_once", _l("No unit is let twice on a day"), units_let_once),
    Check("leasing.leases_hold_units", _l("Running leases hold their units"), occupying_leases_have_units),
    Check("leasing.charges_are_dues", _l("Charges of leases are the instalments of their schedules"), charges_are_dues),
    Check("leasing.schedule_is_total", _l("Schedules come to the totals that were approved"), schedule_is_total),
]
