"""A later version of a lease: a draft with the same units, lines, steps, reductions and lineage. Nothing is lost on the way (C-30).

What lies before the new version's first day is worked into it: the price in force, the rest of rent-free times and reductions,
the next increase on its old day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import sequences
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l

from .. import calc_schedule
from ..models.lease import Lease, LeaseLine, LeaseUnit
from ..models.lease_terms import LeaseDiscount, LeaseIndexation, LeaseRentFree, LeaseStep, LeaseSubsidy
from . import law
from .schedule import lines_of

DAY = timedelta(days=1)
COPIED = (
    "carrier_id",
    "proration",
    "tax_included",
    "due_day",
    "late_fee_rate",
    "deposit_amount",
    "performance_amount",
    "earnest_amount",
    "sublet_allowed",
    "sublet",
    "purpose",
    "note",
)
LINE = ("item_id", "unit_id", "basis", "turnover_rate", "minimum", "cycle_months", "timing", "memo")


def open_draft_of(session: Any, lease: Lease) -> Lease | None:
    """A later version that is not signed yet."""
    return session.scalars(
        select(Lease).where(Lease.previous_id == lease.id, Lease.state.in_(("draft", "submitted", "approved"))).limit(1)
    ).first()


def why_not_version(session: Any, lease: Lease) -> str | None:
    """A running lease without a later version may get one."""
    if lease.state not in law.OCCUPYING:
        return _("Only a running lease gets a later version.")
    found = session.scalars(select(Lease).where(Lease.previous_id == lease.id, Lease.state != "cancelled").limit(1)).first()
    return _("There is a later version already: %(number)s.", number=str(found)) if found is not None else None


def make_version(
    session: Any, lease: Lease, *, origin: str, starts_on: date, ends_on: date | None, firm_id: int | None = None, own_number: bool = False
) -> Lease:
    """The draft of a later version. own_number: a new contract number (renewal, transfer); otherwise the next revision."""
    from .leases import _draft

    if why := why_not_version(session, lease):
        raise RuleError([Problem("leasing.C-30", why)])
    values = {name: getattr(lease, name) for name in COPIED}
    if own_number:
        values["number"] = sequences.next_number(session, "leasing.lease", lease.park_id, starts_on)
    else:
        values |= {
            "number": lease.number,
            "revision": 1
            + session.scalar(select(func.max(Lease.revision)).where(Lease.park_id == lease.park_id, Lease.number == lease.number)),
        }
    if (values["earnest_amount"] or 0) and origin in ("renewal", "transfer"):
        values["earnest_amount"] = None  # earnest money belongs to the contract it was given for
    new = _draft(
        session,
        {
            **values,
            "park_id": lease.park_id,
            "firm_id": firm_id or lease.firm_id,
            "origin": origin,
            "previous_id": lease.id,
            "root_id": lease.root_id or lease.id,
            "starts_on": starts_on,
            "ends_on": ends_on,
        },
    )
    _copy_units(session, lease, new)
    _copy_lines(session, lease, new)
    session.flush()
    return new


def _copy_units(session: Any, lease: Lease, new: Lease) -> None:
    for row in session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id).order_by(LeaseUnit.id)):
        session.add(LeaseUnit(park_id=new.park_id, lease_id=new.id, unit_id=row.unit_id, area=row.area))
    session.flush()


def _copy_lines(session: Any, lease: Lease, new: Lease) -> None:
    calculated = {line.key: line for line in lines_of(session, [lease.id])[lease.id]}
    renewal, pairs = new.origin == "renewal", {}
    for old in session.scalars(select(LeaseLine).where(LeaseLine.lease_id == lease.id).order_by(LeaseLine.id)):
        last = old.ends_on if old.ends_on is not None and old.ends_on != lease.ends_on else None
        if last is not None and last < new.starts_on:
            if not renewal or last < (lease.ends_on or last):
                continue
        line = LeaseLine(
            park_id=new.park_id,
            lease_id=new.id,
            price=price_on(lease, calculated[old.id], new.starts_on),
            starts_on=old.starts_on if old.starts_on and old.starts_on > new.starts_on else None,
            ends_on=None if renewal else last,
            **{n: getattr(old, n) for n in LINE},
        )
        session.add(line)
        pairs[old] = line
    session.flush()
    for old, line in pairs.items():
        _copy_terms(session, lease, old, new, line)
    for free in session.scalars(select(LeaseRentFree).where(LeaseRentFree.lease_id == lease.id, LeaseRentFree.ends_on >= new.starts_on)):
        line = next((n for o, n in pairs.items() if o.id == free.line_id), None)
        if free.line_id is None or line is not None:
            session.add(
                LeaseRentFree(
                    park_id=new.park_id,
                    lease_id=new.id,
                    line_id=line.id if line else None,
                    starts_on=max(free.starts_on, new.starts_on),
                    ends_on=free.ends_on,
                    reason=free.reason,
                )
            )


def price_on(lease: Lease, line: calc_schedule.Line, day: date) -> Decimal:
    """The price in force on a day: steps and increases worked in."""
    first = max(lease.starts_on, line.starts_on or lease.starts_on)
    known = [p for d, p in calc_schedule.prices(line, min(first, day), max(first, day)) if d <= day and p is not None]
    return known[-1] if known else line.price


def _copy_terms(session: Any, lease: Lease, old: LeaseLine, new: Lease, line: LeaseLine) -> None:
    for step in session.scalars(select(LeaseStep).where(LeaseStep.line_id == old.id, LeaseStep.starts_on > new.starts_on)):
        session.add(LeaseStep(park_id=new.park_id, line_id=line.id, starts_on=step.starts_on, price=step.price))
    for model, extra in ((LeaseDiscount, ("reason",)), (LeaseSubsidy, ("funder_id", "doc_no"))):
        for row in session.scalars(select(model).where(model.line_id == old.id, model.ends_on >= new.starts_on)):
            session.add(
                model(
                    park_id=new.park_id,
                    line_id=line.id,
                    starts_on=max(row.starts_on, new.starts_on),
                    ends_on=row.ends_on,
                    percent=row.percent,
                    amount=row.amount,
                    area_cap=row.area_cap,
                    **{n: getattr(row, n) for n in extra},
                )
            )
    found = session.scalars(select(LeaseIndexation).where(LeaseIndexation.line_id == old.id)).one_or_none()
    if found is not None:
        session.add(
            LeaseIndexation(
                park_id=new.park_id,
                line_id=line.id,
                every_months=found.every_months,
                rate=found.rate,
                index_code=found.index_code,
                first_on=next_increase(lease, old, found, new.starts_on),
            )
        )


def next_increase(lease: Lease, line: LeaseLine, found: LeaseIndexation, day: date) -> date:
    """The first increase after `day` in the old line's rhythm."""
    from parkops.clock import add_months

    first = found.first_on or add_months(max(lease.starts_on, line.starts_on or lease.starts_on), found.every_months)
    n = 0
    while (due := add_months(first, n * found.every_months)) <= day:
        n += 1
    return due


def lineage(session: Any, lease: Lease) -> list[Lease]:
    """All versions from the first on, oldest first."""
    root = lease.root_id or lease.id
    return list(session.scalars(select(Lease).where((Lease.root_id == root) | (Lease.id == root)).order_by(Lease.starts_on, Lease.id)))


def refuse_day(lease: Lease, starts_on: date) -> None:
    """C-31: a change begins after the first day of the version it changes and not after its last."""
    if starts_on <= lease.starts_on or (lease.state == "running" and lease.ends_on is not None and starts_on > lease.ends_on):
        raise RuleError([Problem("leasing.C-31", _l("Choose a day after the lease began and not after its last day."), "starts_on")])
