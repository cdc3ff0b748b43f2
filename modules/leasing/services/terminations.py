"""The end of a lease: handed back on its last day, or terminated early. The units stay taken until the exit checklist is done.

Rules C-40 (notice), C-41 (earnest money or penalty, never both: 588), C-24 (prepaid rent is credited), C-42 (release)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from parkops import settings
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.lease import Lease, LeaseUnit
from ..states import LEASE, REMEDIES
from . import schedule

DAY = timedelta(days=1)


def end_lease(session: Any, lease: Lease, *, on: date) -> Lease:
    """Handed back at the end. `on` is the last day of use; a lease with an end is not handed back before it (that is terminating)."""
    problems = Problems()
    if on < lease.starts_on:
        problems.add("leasing.C-40", _l("The lease had not begun on that day."), "on")
    elif lease.ends_on is not None and on < lease.ends_on:
        problems.add(
            "leasing.C-40", _l("The lease lasts until %(day)s. To end it earlier, terminate it.", day=lease.ends_on.isoformat()), "on"
        )
    elif lease.state == "running" and lease.ends_on is not None and on > lease.ends_on:
        problems.add("leasing.C-40", _l("The firm stayed beyond the end: let the lease hold over first."), "on")
    problems.stop()
    return _finish(session, lease, "end", on, None)


def terminate_lease(
    session: Any, lease: Lease, *, on: date, remedy: str, reason: str, notice_on: date | None = None, penalty_amount: Decimal | None = None
) -> Lease:
    """Ends early; `on` is the last day of use. The remedy follows in the settlement."""
    problems = Problems()
    if on < lease.starts_on or (lease.ends_on is not None and lease.state == "running" and on >= lease.ends_on):
        problems.add("leasing.C-40", _l("To end early, choose a day before the last day of the lease."), "on")
    _check_notice(session, lease, on, remedy, notice_on, problems)
    _check_remedy(session, lease, remedy, penalty_amount, problems)
    problems.stop()
    lease.remedy, lease.penalty_amount, lease.notice_on = remedy, penalty_amount, notice_on
    return _finish(session, lease, "terminate", on, reason)


def _check_notice(session: Any, lease: Lease, on: date, remedy: str, notice_on: date | None, problems: Problems) -> None:
    """C-40: without agreement a notice (or demand of payment, 722) was given in good time."""
    if remedy == "agreed":
        return
    days = settings.get(session, "leasing.notice_days", park_id=lease.park_id)
    if notice_on is None:
        problems.add("leasing.C-40", _l("Enter when the notice or demand of payment was given (Civil Code 722, 730)."), "notice_on")
    elif notice_on + timedelta(days=days) > on:
        problems.add(
            "leasing.C-40",
            _l(
                "Between notice and end lie at least %(n)s days; the earliest day is %(day)s.",
                n=days,
                day=(notice_on + timedelta(days=days)).isoformat(),
            ),
            "on",
        )


def _check_remedy(session: Any, lease: Lease, remedy: str, penalty: Decimal | None, problems: Problems) -> None:
    """C-41: one remedy; earnest money only where some was agreed."""
    from .lease_deposits import deposits_of

    if remedy not in REMEDIES:
        problems.add("leasing.C-41", _l("Choose one of the remedies."), "remedy")
    if (remedy == "penalty") != (penalty is not None and penalty > 0):
        problems.add(
            "leasing.C-41",
            _l(
                "A penalty has an amount; with another remedy leave it empty: earnest money and penalty are never both"
                " claimed (Civil Code 588)."
            ),
            "penalty_amount",
        )
    if remedy in ("forfeit", "double") and not any(d.kind == "earnest" and d.held > 0 for d in deposits_of(session, lease)):
        problems.add("leasing.C-41", _l("No earnest money is held for this lease; choose another remedy."), "remedy")


def _finish(session: Any, lease: Lease, step: str, on: date, reason: str | None) -> Lease:
    from . import settlements

    lease.ended_on = on
    LEASE.move(session, lease, step, on=on, reason=reason)
    keep_units(session, lease)
    schedule.cut_dues(session, lease, on)
    settlements.open_settlement(session, lease, on=on)
    return lease


def keep_units(session: Any, lease: Lease) -> None:
    """C-42: until the checklist is done the units stay taken, at most to the day before the next signed lease begins."""
    for row in session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id).order_by(LeaseUnit.unit_id)):
        following = session.scalar(
            select(func.min(func.lower(LeaseUnit.during))).where(
                LeaseUnit.unit_id == row.unit_id, LeaseUnit.id != row.id, func.lower(LeaseUnit.during) > lease.starts_on
            )
        )
        row.during = Range(lease.starts_on, following)
    session.flush()


def release_units(session: Any, lease: Lease, *, on: date) -> None:
    """The units are free from the day after `on`."""
    for row in session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id).order_by(LeaseUnit.unit_id)):
        upper = on + DAY if row.during is None or row.during.upper is None else min(on + DAY, row.during.upper)
        row.during = Range(lease.starts_on, upper)
    session.flush()
