"""The nightly tie-out: every rule of `tieout_rules`, one open row and one to-do per difference, closed by itself when it ties."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import select, update

from parkops import refs, todos
from parkops.clock import now
from parkops.db.session import scope_of
from parkops.errors import NotFound, Refused
from parkops.i18n import _
from parkops.models import Park, UserPark
from parkops.security import access
from parkops.security.models import UserProfile

from ..models.tieout import TIES, TieDifference, TieRun
from . import tieout_rules as rules


def find(session: Any, *, on: date, park_id: int | None = None, kinds: tuple[str, ...] = ()) -> list[rules.Found]:
    """Every difference now; one per key."""
    session.flush()
    out: dict[tuple[int, str], rules.Found] = {}
    for kind, rule in rules.RULES.items():
        if not kinds or kind in kinds:
            out |= {(f.park_id, f.key): f for f in rule(session, on, park_id)}
    return list(out.values())


def run_tieout(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Job and button: compare, open what is new, close what ties again; returns counts. Running twice changes nothing."""
    access.require(session, "leasing.tie_run", "act")
    parks = [park_id] if park_id is not None else list(session.scalars(select(Park.id).where(Park.is_active)))
    counts = {"found": 0, "opened": 0, "closed": 0}
    for park in parks:
        for name, n in _run_park(session, park, on).items():
            counts[name] += n
    return counts


def _run_park(session: Any, park_id: int, on: date) -> dict[str, int]:
    found = {f.key: f for f in find(session, on=on, park_id=park_id)}
    d = TieDifference
    open_ = {row.key: row for row in session.scalars(select(d).where(d.park_id == park_id, d.closed_on.is_(None)))}
    people = {role: _assignee(session, role, park_id) for role in {rules.ROLE.get(f.kind, "finance") for f in found.values()}}
    new = [f for key, f in found.items() if key not in open_]
    for f in new:
        row = d(park_id=park_id, kind=f.kind, key=f.key, resource=f.resource, record_id=f.record_id, label=f.label[:200], msgid=f.msgid,
                values=f.values, found_on=on, seen_on=on)
        session.add(row)
        session.flush()
        row.todo_id = _todo(session, f, people[rules.ROLE.get(f.kind, "finance")], on)
    for key, row in open_.items():
        if key in found:
            row.values, row.msgid, row.seen_on = found[key].values, found[key].msgid, on
    gone = [row for key, row in open_.items() if key not in found]
    _close(session, gone, on)
    counts = {"found": len(found), "opened": len(new), "closed": len(gone)}
    session.add(TieRun(park_id=park_id, on_date=on, ran_at=now(), **counts, counts=dict(Counter(f.kind for f in found.values()))))
    session.flush()
    return counts


def _assignee(session: Any, role: str, park_id: int) -> int | None:
    """The first active user of a role in the park."""
    tables = UserProfile.metadata.tables
    held, roles = tables["ab_user_role"], tables["ab_role"]
    having = select(held.c.user_id).join(roles, roles.c.id == held.c.role_id).where(roles.c.name == role)
    return session.scalars(select(UserProfile.id).join(UserPark, UserPark.user_id == UserProfile.id).where(
        UserProfile.id.in_(having), UserProfile.active, UserPark.park_id == park_id).order_by(UserProfile.id).limit(1)).one_or_none()


def _todo(session: Any, f: rules.Found, person: int | None, on: date) -> int:
    try:
        owner = refs.load(session, f.resource, f.record_id)
    except (NotFound, Refused):
        owner = None
    title = f"{TIES.label(f.kind)}: {f.label} · {_(f.msgid, **f.values)}"[:300]
    return todos.add(session, owner, title, on, person, key=f"leasing.tie:{f.park_id}:{f.key}").id


def _close(session: Any, rows: list[TieDifference], on: date) -> None:
    """It ties again: the row and its to-do are done."""
    for row in rows:
        row.closed_on = max(on, row.found_on)
    ids = [row.todo_id for row in rows if row.todo_id is not None]
    if ids:
        session.execute(update(todos.Todo).where(todos.Todo.id.in_(ids), ~todos.Todo.is_done).values(
            is_done=True, done_at=now(), done_by=scope_of(session).user_name or "tie-out").execution_options(synchronize_session="fetch"))
    session.flush()


def last_run(session: Any, park_id: int | None) -> TieRun | None:
    """The newest run of a park."""
    query = select(TieRun).order_by(TieRun.ran_at.desc(), TieRun.id.desc()).limit(1)
    return session.scalars(query.where(TieRun.park_id == park_id) if park_id else query).one_or_none()
