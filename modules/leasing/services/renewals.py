"""Renewing a lease: lineage, units and lines stay together. Rule C-30, first refusal of the tenant (Civil Code 734)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.clock import add_months
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l

from ..models.lease import Lease, LeaseLine
from . import versions

DAY = timedelta(days=1)


def renew_lease(session: Any, lease: Lease, *, months: int, price: Decimal | None = None, on: date | None = None) -> tuple[str, str]:
    """The draft of the renewal, from the day after the last day. price: the new price of the first line."""
    new = make_renewal(session, lease, months=months, price=price, on=on)
    return _("Renewal %(number)s prepared. Check it, then submit it.", number=new.number), f"/leasing/lease/{new.id}"


def make_renewal(session: Any, lease: Lease, *, months: int, price: Decimal | None = None, on: date | None = None) -> Lease:
    """As `renew_lease`, giving the draft. A lease that holds over is renewed from `on`."""
    starts_on = on if lease.ends_on is None or lease.state == "holding_over" else lease.ends_on + DAY
    if starts_on is None:
        raise RuleError([Problem("leasing.C-32", _l("Say from which day an indefinite lease is renewed."), "on")])
    if months is None or not 1 <= months <= 240:
        raise RuleError(
            [Problem("leasing.C-01", _l("A lease lasts at most 240 months (Civil Code 705); choose an earlier end."), "months")]
        )
    new = versions.make_version(
        session,
        lease,
        origin="renewal" if lease.state == "running" and lease.ends_on else "amendment",
        starts_on=starts_on,
        ends_on=add_months(starts_on, months) - DAY,
        own_number=True,
    )
    if price is not None:
        line = session.scalars(select(LeaseLine).where(LeaseLine.lease_id == new.id).order_by(LeaseLine.id).limit(1)).one()
        line.price = price
    session.flush()
    return new
