"""What must tie in space and meters."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, or_, select

from parkops.checks import Check
from parkops.clock import today
from parkops.i18n import _, _l
from parkops.models import Park

from ..models.holds import Hold
from ..models.lease import LeaseUnit
from ..models.meters import Meter, ShareLine, ShareSheet
from ..models.space import Unit, UnitChange, UnitLineage
from ..services import utility_charges


def _areas_through_changes(session: Any) -> list[str]:
    """Children of a split or merger have the parents' area and the recorded difference."""
    found = []
    for change in session.scalars(select(UnitChange)):
        lines = session.scalars(select(UnitLineage).where(UnitLineage.change_id == change.id)).all()
        old = {line.parent_id: line.parent.lettable_area for line in lines}
        new = {line.child_id: line.child.lettable_area for line in lines}
        if sum(new.values()) - sum(old.values()) != change.difference:
            found.append(_("%(change)s: the areas do not tie.", change=str(change)))
    return found


def _lets_outside_units(session: Any) -> list[str]:
    """No lease occupies a unit on days on which it does not exist."""
    rows = session.execute(
        select(Unit.code, LeaseUnit.during)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .where(LeaseUnit.during.is_not(None), ~Unit.during.op("@>")(LeaseUnit.during))
    )
    return [
        _("%(unit)s is let on days on which it does not exist (%(days)s).", unit=code, days=f"{d.lower} – {d.upper}") for code, d in rows
    ]


def _holds_over_time(session: Any) -> list[str]:
    """No hold stays in force after its last day (the nightly job ends it)."""
    rows = session.execute(
        select(Unit.code, Hold.expires_on).join(Hold, Hold.unit_id == Unit.id).where(Hold.state == "held", Hold.expires_on < today())
    )
    return [_("%(unit)s is still held although the hold ended on %(day)s.", unit=code, day=str(day)) for code, day in rows]


def _sheets(session: Any) -> list[str]:
    """Lines of a shared-cost sheet sum to it."""
    sums = (
        select(ShareLine.sheet_id, func.sum(ShareLine.quantity).label("q"), func.sum(ShareLine.amount).label("a"))
        .group_by(ShareLine.sheet_id)
        .subquery()
    )
    rows = session.scalars(
        select(ShareSheet)
        .join(sums, sums.c.sheet_id == ShareSheet.id, isouter=True)
        .where(ShareSheet.state != "discarded", or_(sums.c.q.is_(None), sums.c.q != ShareSheet.difference, sums.c.a != ShareSheet.amount))
    )
    return [_("%(sheet)s: the lines do not add up to the sheet.", sheet=str(row)) for row in rows]


def _meters_of_ended_units(session: Any) -> list[str]:
    """Meters in use hang on units that exist."""
    rows = session.execute(select(Meter.code, Unit.code).join(Unit, Unit.id == Meter.unit_id).where(Meter.active, Unit.ends_on < today()))
    return [
        _("Meter %(meter)s hangs on %(unit)s, which has ended; take it out of use or record it for the new unit.", meter=m, unit=u)
        for m, u in rows
    ]


def _without_price(session: Any) -> list[str]:
    """Every reading of a tenant's meter has a price."""
    found = []
    for park_id in session.scalars(select(Park.id)):
        stuck = utility_charges.meter_demands(session, park_id, today())[1]
        found += [f"{s.label}: {s.why}" for s in stuck]
    return found


CHECKS = [
    Check("leasing.areas", _l("Areas tie through splits and mergers"), _areas_through_changes),
    Check("leasing.lets_in_units", _l("Leases lie within the days of their units"), _lets_outside_units),
    Check("leasing.holds", _l("No hold outlives its last day"), _holds_over_time),
    Check("leasing.share_sheets", _l("Shared-cost lines sum to their sheet"), _sheets),
    Check("leasing.meters_on_units", _l("Meters in use hang on existing units"), _meters_of_ended_units),
    Check("leasing.readings_priced", _l("Readings of tenants have a price"), _without_price),
]
