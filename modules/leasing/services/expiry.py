"""What happens around the end of a lease: the ladder of reminders, renewals that take over, holding over, the rolling schedule.

Rules C-50 to C-53."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import aliased

from modules.tenants.models.firm import Firm
from parkops import settings, todos
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l

from ..models.lease import Lease, LeaseUnit
from ..models.settlement import Settlement
from ..states import LEASE
from . import law, leases, schedule

DAY = timedelta(days=1)


def renewed() -> Any:
    """SQL: the lease has a later version that is not cancelled (it leaves the ladder)."""
    later = aliased(Lease)
    return select(later.id).where(later.previous_id == Lease.id, later.state != "cancelled").exists()


def rungs(session: Any, park_id: int | None) -> list[int]:
    """Days before the end, narrowest first."""
    return sorted(int(x) for x in settings.get(session, "leasing.expiry_days", park_id=park_id))


def rung_of(days: list[int], left: int) -> int | None:
    """The narrowest rung that the days left have reached."""
    return next((d for d in days if left <= d), None) if left >= 0 else None


def remind_expiring(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """C-50, job: one to-do per lease and rung (120/90/60/30 days), once each; renewed leases have left the ladder."""
    days, wanted = rungs(session, park_id), {}
    query = (
        select(Lease, Firm.name)
        .join(Firm, Firm.id == Lease.firm_id)
        .where(Lease.state == "running", Lease.ends_on.between(on, on + timedelta(days=days[-1])), ~renewed())
    )
    query = query if park_id is None else query.where(Lease.park_id == park_id)
    for lease, firm in session.execute(query.order_by(Lease.ends_on, Lease.id)):
        rung = rung_of(days, (lease.ends_on - on).days)
        wanted[f"leasing.expiry:{lease.id}:{lease.ends_on}:{rung}"] = (lease, firm)
    known = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.in_(list(wanted)))))
    for key, (lease, firm) in wanted.items():
        if key not in known:
            todos.add(
                session,
                lease,
                _(
                    "%(firm)s: lease %(number)s ends on %(day)s. Renew it or plan the hand-back; the firm has the first refusal"
                    " (Civil Code 734).",
                    firm=firm,
                    number=str(lease),
                    day=lease.ends_on,
                ),
                due_on=lease.ends_on,
                key=key,
            )
    return {"made": len(wanted) - len(known & set(wanted))}


def over(on: date, park_id: int | None) -> Any:
    """Running leases whose last day has passed and that have no settlement."""
    settled = select(Settlement.id).where(Settlement.lease_id == Lease.id, Settlement.state != "cancelled").exists()
    query = select(Lease).where(Lease.state == "running", Lease.ends_on < on, ~settled).order_by(Lease.id)
    return query if park_id is None else query.where(Lease.park_id == park_id)


def hold_over(session: Any, lease: Lease, *, on: date, reason: str) -> Lease:
    """C-52: the firm stays and the park does not object: indefinite from now on (734), the last prices month by month."""
    if lease.ends_on is None or lease.ends_on >= on:
        raise RuleError([Problem("leasing.C-52", _l("A lease holds over only after its last day."), "on")])
    rows = list(session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id).order_by(LeaseUnit.unit_id)))
    if let := _let_after(session, lease, rows):
        raise RuleError(
            [Problem("leasing.C-52", _l("%(unit)s is let to another firm afterwards; the firm has to hand it back.", unit=let))]
        )
    LEASE.move(session, lease, "hold_over", on=on, reason=reason)
    for row in rows:
        row.during = Range(lease.starts_on, None)
    session.flush()
    schedule.write_dues(session, lease, on)
    return lease


def _let_after(session: Any, lease: Lease, rows: list[LeaseUnit]) -> str | None:
    other = aliased(LeaseUnit)
    unit_id = session.scalar(
        select(other.unit_id)
        .where(
            other.unit_id.in_([r.unit_id for r in rows]),
            other.lease_id != lease.id,
            func.upper_inf(other.during) | (func.upper(other.during) > lease.ends_on + DAY),
        )
        .limit(1)
    )
    return next((str(r.unit) for r in rows if r.unit_id == unit_id), None)


def pass_ends(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """C-51, C-52, job: the day after its last day a renewed lease is replaced by its renewal; another one holds over. Where the
    unit is let to the next firm, nothing is assumed: a to-do asks for the hand-back."""
    out = {"replaced": 0, "held_over": 0, "asked": 0}
    for lease in session.scalars(over(on, park_id)).all():
        if leases.successor_of(session, lease) is not None:
            leases.replace_lease(session, lease, on=lease.ends_on)
            out["replaced"] += 1
            continue
        try:
            with session.begin_nested():
                hold_over(session, lease, on=on, reason=_("The last day passed and the firm stayed (Civil Code 734)"))
            out["held_over"] += 1
        except RuleError:
            todos.add(
                session,
                lease,
                _("Lease %(number)s is over and its unit is let to the next firm: arrange the hand-back.", number=str(lease)),
                due_on=on,
                key=f"leasing.hand_back:{lease.id}",
            )
            out["asked"] += 1
    return out


def roll_schedules(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """C-53, job: leases without end always have their due rows written ahead."""
    months = settings.get(session, "leasing.indefinite_months", park_id=park_id)
    ahead = on + timedelta(days=28 * max(1, months - 1))
    query = (
        select(Lease)
        .where(
            Lease.state.in_(law.OCCUPYING),
            or_(Lease.ends_on.is_(None), Lease.state == "holding_over"),
            or_(Lease.due_until.is_(None), Lease.due_until < ahead),
        )
        .order_by(Lease.id)
    )
    query = query if park_id is None else query.where(Lease.park_id == park_id)
    return {"written": schedule.write_many(session, list(session.scalars(query)), on)}
