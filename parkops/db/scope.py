"""Park scope, enforced in the session, default deny. Views and services never filter by park.

Reads: `do_orm_execute` attaches a criterion to every ParkScoped entity, relationship loads included (a fresh object must
not lazily load another park's row). Writes: `before_flush` compares park_id of each object, and of everything its
foreign keys point to, with the scope. Core table selects and `text()` are not confined and are banned outside
`parkops/` by a test."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import event, inspect, or_
from sqlalchemy import select as sa_select
from sqlalchemy.orm import Session, with_loader_criteria

from ..errors import NotFound, Refused
from ..i18n import _l
from .base import ParkScoped
from .park_optional import ParkMarked
from .session import ParkSession, scope_of

NOWHERE = -1


@event.listens_for(ParkSession, "do_orm_execute")
def confine(state: Any) -> None:
    """Confine every ORM statement to the scope's parks; raise when a scoped entity is asked for without a scope."""
    if state.is_column_load or state.execution_options.get("parkops_unscoped"):
        return
    scope = state.session.info.get("scope")
    if scope is None:
        if any(issubclass(m.class_, ParkScoped | ParkMarked) for m in state.all_mappers):
            raise Refused("a park-scoped query ran in a session without a scope")
        return
    if scope.parks is None:
        return
    state.statement = state.statement.options(*criteria(scope.parks))


@lru_cache(maxsize=256)
def criteria(allowed: frozenset[int]) -> tuple[Any, Any]:
    """The two criteria of a set of parks, made once: of `ParkScoped` and, for what belongs to a park or to nobody, of `ParkMarked`.
    One park is asked for by `=`: SQLAlchemy writes a list out anew for each execution."""
    parks = tuple(allowed) or (NOWHERE,)
    one = parks[0]
    if len(parks) == 1:
        return (_limit(ParkScoped, lambda cls: cls.park_id == one),
                _limit(ParkMarked, lambda cls: or_(cls.park_id.is_(None), cls.park_id == one)))
    return (_limit(ParkScoped, lambda cls: cls.park_id.in_(parks)),
            _limit(ParkMarked, lambda cls: or_(cls.park_id.is_(None), cls.park_id.in_(parks))))


def _limit(kind: Any, criterion: Any) -> Any:
    return with_loader_criteria(kind, criterion, include_aliases=True, track_closure_variables=True)


def _foreign(session: Session, obj: Any, park_id: int | None) -> str | None:
    """The name of a foreign key of `obj` that points into another park, or None."""
    mapper = inspect(obj).mapper
    for relation in mapper.relationships:
        if relation.direction.name != "MANYTOONE" or not issubclass(relation.mapper.class_, ParkScoped):
            continue
        columns = list(relation.local_columns)
        if len(columns) != 1:
            continue
        key = mapper.get_property_by_column(columns[0]).key
        value = obj.__dict__.get(key)
        loaded = obj.__dict__.get(relation.key)
        if loaded is not None:
            if loaded.park_id is not None and loaded.park_id != park_id:
                return key
            continue
        history = inspect(obj).attrs[key].history
        if value is None or not history.added:
            continue
        target = relation.mapper.class_
        known = session.identity_map.get(relation.mapper.identity_key_from_primary_key((value,)))
        found = known.__dict__.get("park_id") if known is not None else None
        if found is None:
            found = session.execute(
                sa_select(target.park_id).where(target.id == value), execution_options={"parkops_unscoped": True}
            ).scalar()
        if found is not None and found != park_id:
            return key
    return None


@event.listens_for(ParkSession, "before_flush")
def guard(session: Session, context: Any, instances: Any) -> None:
    """Refuse to write into, move between, or point across parks outside the scope."""
    changed = [o for o in (*session.new, *session.dirty, *session.deleted) if isinstance(o, ParkScoped)]
    if not changed:
        return
    scope = scope_of(session)
    with session.no_autoflush:
        for obj in changed:
            if obj in session.dirty and not session.is_modified(obj):
                continue
            if obj.park_id is None and obj in session.new:
                obj.park_id = _inherit(obj) or scope.park_id
            if obj.park_id is None:
                raise Refused(_l("Choose a park first: this record needs one."))
            old = inspect(obj).attrs.park_id.history.deleted if obj not in session.new else ()
            if not scope.sees(obj.park_id) or any(not scope.sees(p) for p in old):
                raise NotFound(_l("There is no such record in your parks."))
            if old and old[0] != obj.park_id:
                raise Refused(_l("A record cannot be moved to another park."))
            if obj not in session.deleted and _foreign(session, obj, obj.park_id):
                raise NotFound(_l("There is no such record in your parks."))


def _inherit(obj: Any) -> int | None:
    """The park of a loaded parent (a child belongs to its parent's park)."""
    for relation in inspect(obj).mapper.relationships:
        if relation.direction.name == "MANYTOONE":
            parent = obj.__dict__.get(relation.key)
            if isinstance(parent, ParkScoped) and parent.park_id is not None:
                return parent.park_id
    return None
