"""Facts about a firm's leases for the rule sets of entry, exit and relief."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select, type_coerce

from parkops.db.types import Area
from parkops.i18n import _, _l
from parkops.rules.facts import Fact, provider

from ..models.lease import Lease, LeaseUnit


@provider("tenants.firm", "leased_area", title=_l("Area let to the firm"))
def leased_area(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """㎡ under signed leases on the day; no lease is 0 only because units are recorded, not typed."""
    query = (
        select(Lease.firm_id, type_coerce(func.sum(LeaseUnit.area), Area), func.array_agg(func.distinct(Lease.id)))
        .join(LeaseUnit, LeaseUnit.lease_id == Lease.id)
        .where(Lease.firm_id.in_([s.id for s in subjects]), LeaseUnit.during.contains(on))
        .group_by(Lease.firm_id)
    )
    found = {firm: (area, ids) for firm, area, ids in session.execute(query)}
    out = {}
    for s in subjects:
        area, ids = found.get(s.id, (0, []))
        out[s.id] = Fact(area, source=_("signed leases"), records=[("leasing.lease", i) for i in ids])
    return out
