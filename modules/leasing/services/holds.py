"""Holds: keep a unit for a lead or firm until a day; the second waits in line. Rules S-18 to S-22."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from parkops import settings, todos
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.holds import Hold
from ..models.lease import Lease, LeaseUnit
from ..models.space import Unit
from ..states_space import HOLD
from . import units

RESOURCE = "leasing.hold"


def hold_unit(
    session: Any,
    *,
    unit_id: int,
    asked_on: date,
    expires_on: date | None = None,
    lead_id: int | None = None,
    firm_id: int | None = None,
    note: str | None = None,
) -> Hold:
    """Keep the unit from `asked_on` to `expires_on` (default: `leasing.hold_days` days). While another hold is in force, this one
    waits in line. S-18 for whom, S-19 length, S-20 the unit can be let at all."""
    access.require(session, RESOURCE, "add")
    unit = session.get(Unit, unit_id) if unit_id is not None else None
    problems = Problems()
    if unit is None:
        problems.add("record.no_such_record", _l("There is no such record in your parks."), "unit_id")
        problems.stop()
    lock_unit(session, unit.id)
    days = settings.get(session, "leasing.hold_days", unit.park_id)
    expires_on = expires_on or asked_on + timedelta(days=days)
    _for_whom(session, problems, lead_id, firm_id)
    _length(session, problems, unit.park_id, asked_on, expires_on)
    _can_be_held(session, problems, unit, asked_on, expires_on)
    _not_held_twice(session, problems, unit, lead_id, firm_id)
    problems.stop()
    free = session.scalar(select(Hold.id).where(Hold.unit_id == unit.id, Hold.state == "held").limit(1)) is None
    scope = scope_of(session)
    hold = Hold(
        park_id=unit.park_id, unit_id=unit.id, lead_id=lead_id, firm_id=firm_id,
        asked_on=asked_on,
        expires_on=expires_on,
        note=note,
        state="held" if free else "queued",
        held_on=asked_on if free else None,
        holder_id=scope.user_id,
        holder_name=scope.user_name,
    )
    session.add(hold)
    session.flush()
    return hold


def _not_held_twice(session: Any, problems: Problems, unit: Unit, lead_id: int | None, firm_id: int | None) -> None:
    """S-18: one hold of a unit for the same lead or firm."""
    same = Hold.lead_id == lead_id if lead_id is not None else Hold.firm_id == firm_id
    if session.scalar(select(Hold.id).where(Hold.unit_id == unit.id, Hold.state.in_(("held", "queued")), same).limit(1)) is not None:
        problems.add("leasing.S-18", _l("This unit is held for the same lead or firm already; extend that hold."), "unit_id")


def lock_unit(session: Any, unit_id: int) -> None:
    """Two clerks who hold one unit follow each other."""
    session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update())


def _for_whom(session: Any, problems: Problems, lead_id: int | None, firm_id: int | None) -> None:
    from modules.tenants.models.application import Lead
    from modules.tenants.models.firm import Firm

    if (lead_id is None) == (firm_id is None):
        problems.add("leasing.S-18", _l("Say for whom: choose a lead or a firm, not both."), "lead_id")
    for model, pk, name in ((Lead, lead_id, "lead_id"), (Firm, firm_id, "firm_id")):
        if pk is not None and session.get(model, pk) is None:
            problems.add("record.no_such_record", _l("There is no such record in your parks."), name)


def _length(session: Any, problems: Problems, park_id: int, first: date, last: date) -> None:
    longest = settings.get(session, "leasing.hold_days_max", park_id)
    if last < first:
        problems.add("leasing.S-19", _l("A hold cannot end before it begins."), "expires_on")
    elif (last - first).days > longest:
        problems.add("leasing.S-19", _l("A unit is held for at most %(n)s days; choose an earlier day.", n=longest), "expires_on")


def _can_be_held(session: Any, problems: Problems, unit: Unit, first: date, last: date) -> None:
    """S-20: it exists, is not promised, and a present lease ends soon enough."""
    state = session.scalar(select(units.state_on(first)).where(Unit.id == unit.id))
    if state is None:
        problems.add("leasing.S-20", _l("The unit does not exist on that day; choose one that came from it."), "unit_id")
    elif state == "reserved":
        problems.add("leasing.S-20", _l("A lease of this unit is approved already; it cannot be held."), "unit_id")
    elif state == "let":
        ahead = settings.get(session, "leasing.hold_ahead_days", unit.park_id)
        ends = session.scalar(select(func.upper(LeaseUnit.during)).where(LeaseUnit.unit_id == unit.id, LeaseUnit.during.contains(first)))
        if ends is None or ends > first + timedelta(days=ahead):
            problems.add("leasing.S-20", _l("The unit is let; it can be held once its lease ends within %(n)s days.", n=ahead), "unit_id")


def hold_by_form(
    session: Any,
    unit: Unit,
    *,
    asked_on: date,
    expires_on: date | None = None,
    lead_id: int | None = None,
    firm_id: int | None = None,
    note: str | None = None,
) -> tuple[str, str]:
    """The button on a unit and in the stacking plan."""
    hold = hold_unit(session, unit_id=unit.id, asked_on=asked_on, expires_on=expires_on, lead_id=lead_id, firm_id=firm_id, note=note)
    text = (
        _("Held until %(day)s.", day=hold.expires_on.isoformat())
        if hold.state == "held"
        else _("Another hold is in force; this one waits in line.")
    )
    return text, f"/leasing/hold/{hold.id}"


def why_not_hold(session: Any, unit: Unit) -> str | None:
    """Guard of the button."""
    return units.why_not_end(session, unit)


def extend_hold(session: Any, hold: Hold, *, expires_on: date, reason: str) -> Hold:
    """Once, with a reason, and not beyond twice the usual longest hold. S-21."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    why = why_not_extend(session, hold)
    if why:
        problems.add("leasing.S-21", why)
    if not (reason or "").strip():
        problems.add("leasing.S-21", _l("Give the reason of the extension."), "reason")
    longest = settings.get(session, "leasing.hold_days_max", hold.park_id)
    if expires_on <= hold.expires_on:
        problems.add("leasing.S-21", _l("The hold ends on %(day)s; choose a later day.", day=hold.expires_on.isoformat()), "expires_on")
    elif (expires_on - hold.expires_on).days > longest:
        problems.add("leasing.S-19", _l("A unit is held for at most %(n)s days; choose an earlier day.", n=longest), "expires_on")
    problems.stop()
    hold.expires_on, hold.extended, hold.extension_reason = expires_on, True, reason.strip()[:300]
    session.flush()
    return hold


def why_not_extend(session: Any, hold: Hold) -> str | None:
    """Guard of the button."""
    if hold.state not in ("held", "queued"):
        return _("This hold has ended.")
    if hold.extended:
        return _("This hold was extended once; release it or make the lease.")
    return None


def release_hold(session: Any, hold: Hold, *, on: date, reason: str) -> None:
    """Give the unit free; the next in line takes its turn."""
    _end(session, hold, "release", on, reason)


def expire_hold(session: Any, hold: Hold, *, on: date) -> None:
    """The last day has passed."""
    if hold.expires_on >= on:
        sentence = _l("It holds until %(day)s; release it to end it earlier.", day=hold.expires_on.isoformat())
        raise RuleError([Problem("leasing.S-19", sentence, "on")])
    _end(session, hold, "expire", on, None)


def use_hold(session: Any, hold: Hold, *, on: date) -> None:
    """The lease of the one it was held for is signed; whoever waits in line keeps waiting for the unit."""
    _end(session, hold, "use", on, None, turn=False)


def _end(session: Any, hold: Hold, step: str, on: date, reason: str | None, *, turn: bool = True) -> None:
    lock_unit(session, hold.unit_id)
    was_held = hold.state == "held"
    hold.ended_on, hold.end_reason = on, (reason or "").strip()[:300] or None
    HOLD.move(session, hold, step, on=on, reason=reason)
    if turn and was_held:
        follow(session, hold.unit_id, on)


def follow(session: Any, unit_id: int, on: date) -> Hold | None:
    """The first in line whose day has not passed takes its turn and its clerk is told."""
    following = session.scalar(
        select(Hold).where(Hold.unit_id == unit_id, Hold.state == "queued", Hold.expires_on >= on).order_by(Hold.asked_on, Hold.id).limit(1)
    )
    if following is not None:
        take_turn(session, following, on=on)
    return following


def take_turn(session: Any, hold: Hold, *, on: date) -> None:
    """S-22: only the first in line of a unit nobody holds."""
    lock_unit(session, hold.unit_id)
    why = why_not_turn(session, hold)
    if why:
        raise RuleError([Problem("leasing.S-22", why)])
    hold.held_on = on
    HOLD.move(session, hold, "take", on=on)
    _tell(session, hold, _l("Your hold on %(unit)s is in force until %(day)s."))


def why_not_turn(session: Any, hold: Hold) -> str | None:
    """Guard of the button."""
    other = session.scalar(
        select(Hold.id)
        .where(
            Hold.unit_id == hold.unit_id,
            Hold.id != hold.id,
            or_(
                Hold.state == "held",
                (Hold.state == "queued") & ((Hold.asked_on < hold.asked_on) | ((Hold.asked_on == hold.asked_on) & (Hold.id < hold.id))),
            ),
        )
        .limit(1)
    )
    return _("Somebody is before this hold in line.") if other is not None else None


def _tell(session: Any, hold: Hold, sentence: Any) -> None:
    if hold.holder_id is not None:
        todos.notify(session, hold.holder_id, sentence, {"unit": str(hold.unit), "day": hold.expires_on.isoformat()}, owner=hold)


def release_expired(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The nightly job: holds whose last day has passed end, their clerks are told, the next in line take their turn."""
    query = select(Hold).where(Hold.state.in_(("held", "queued")), Hold.expires_on < on).order_by(Hold.unit_id, Hold.asked_on, Hold.id)
    if park_id is not None:
        query = query.where(Hold.park_id == park_id)
    ended = list(session.scalars(query))
    for hold in sorted(ended, key=lambda h: h.state == "held"):  # those in line first, so that none of them takes a turn too late
        expire_hold(session, hold, on=on)
        _tell(session, hold, _l("Your hold on %(unit)s ended; its last day was %(day)s."))
    return {"expired": len(ended)}


def blocking(session: Any, unit_ids: list[int], on: date, firm_id: int | None = None) -> list[Hold]:
    """Holds in force on the day for somebody else than the firm (a lead that became the firm counts as the firm)."""
    from modules.tenants.models.application import Lead

    query = select(Hold).where(Hold.unit_id.in_(unit_ids), Hold.state == "held", Hold.expires_on >= on)
    if firm_id is not None:
        own = select(Lead.id).where(Lead.firm_id == firm_id) if hasattr(Lead, "firm_id") else select(Lead.id).where(Lead.id == -1)
        query = query.where(or_(Hold.firm_id.is_(None), Hold.firm_id != firm_id), or_(Hold.lead_id.is_(None), Hold.lead_id.not_in(own)))
    return list(session.scalars(query))


def check_holds(session: Any, unit_ids: list[int], *, on: date, firm_id: int) -> list[Problem]:
    """For the lease services: one problem per unit held for somebody else."""
    return [
        Problem(
            "leasing.S-20",
            _l(
                "%(unit)s is held for somebody else until %(day)s; release that hold first.", unit=str(h.unit), day=h.expires_on.isoformat()
            ),
            "units",
        )
        for h in blocking(session, unit_ids, on, firm_id)
    ]


def use_holds(session: Any, lease: Lease, *, on: date) -> int:
    """For the lease services, at signing: the firm's own holds on the lease's units become used."""
    ids = list(session.scalars(select(LeaseUnit.unit_id).where(LeaseUnit.lease_id == lease.id)))
    others = {h.id for h in blocking(session, ids, on, lease.firm_id)}
    mine = [h for h in session.scalars(select(Hold).where(Hold.unit_id.in_(ids), Hold.state == "held")) if h.id not in others]
    for hold in mine:
        use_hold(session, hold, on=on)
    return len(mine)
