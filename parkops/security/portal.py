"""The portal's fence: what a firm's user may read and write, decided in the session, default deny.

A portal session has a scope with `firm_id`. While the fence stands, every ORM statement gets a criterion on every mapped
class: rows of the firm where the class has a `firm_id`, what a module declared for the others, and nothing at all for the
rest; naming such a class at the top of a statement is refused in one sentence, so that a forgotten declaration is noticed.

    PORTAL_ROWS = [Own("billing.charge"), Through("billing.allocation", "bill_id", "billing.bill"), Open("booking.resource"),
                   Rows("core.attachment", lambda cls, who: cls.id.in_(...))]          # in a module's views/portal*.py

`acting(session)` opens the reading side for one call of a module's service, which must see more than the firm does (a price
list, another firm's booking of the same room). The writing side never opens: what is written with a `firm_id` is the firm's,
record by record and in bulk. Core statements on tables (`Model.__table__`, SQL text) are not seen by the fence: a service that
uses them names the firm itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, event, false, inspect, or_, select, true
from sqlalchemy.orm import with_loader_criteria

from ..db.base import Model
from ..db.session import ParkSession, Scope, scope_of
from ..db.types import Choices
from ..errors import NotFound, Refused
from ..i18n import _l
from ..registry import registry

ROLES = Choices(
    "portal_role", ("owner", _l("Head of the firm")), ("finance", _l("Money matters of the firm")), ("staff", _l("Member of the firm"))
)
OPEN = "portal_open"  # in session.info while a service acts
KEPT = 200


@dataclass(frozen=True)
class Who:
    """Whose session it is."""

    user_id: int
    firm_id: int
    park_id: int | None
    role: str


@dataclass(frozen=True)
class Own:
    """Rows that carry the firm in a column."""

    resource: str
    column: str = "firm_id"

    def criterion(self, cls: Any, who: Who) -> Any:
        return getattr(cls, self.column) == who.firm_id


@dataclass(frozen=True)
class Through:
    """Rows that belong to a parent which is itself declared (or carries the firm)."""

    resource: str
    column: str
    parent: str

    def criterion(self, cls: Any, who: Who) -> Any:
        model = _models()[self.parent]
        return getattr(cls, self.column).in_(select(model.id).where(_criterion(model, who)))


@dataclass(frozen=True)
class Open:
    """Rows every firm of the park may see: price lists, rooms, rules."""

    resource: str

    def criterion(self, cls: Any, who: Who) -> Any:
        return true()


@dataclass(frozen=True)
class Rows:
    """Rows by a condition of one's own: `where(cls, who)`."""

    resource: str
    where: Callable[[Any, Who], Any]

    def criterion(self, cls: Any, who: Who) -> Any:
        return self.where(cls, who)


@dataclass(frozen=True)
class Area:
    """A part of the portal: who of the firm may enter, and which rights the services behind it ask for."""

    code: str
    title: Any
    roles: tuple[str, ...]
    rights: tuple[str, ...] = ()  # "billing.bill read", "booking.booking read add act"


KERNEL_ROWS: tuple[Any, ...] = (
    Rows("core.park", lambda cls, who: cls.id == who.park_id),
    Rows("core.user", lambda cls, who: cls.id == who.user_id),
    Rows("core.session", lambda cls, who: cls.user_id == who.user_id),
    Rows("core.notice", lambda cls, who: cls.user_id == who.user_id),
    Rows("core.notify_address", lambda cls, who: cls.user_id == who.user_id),
    Rows("core.notify_preference", lambda cls, who: cls.user_id == who.user_id),
    *(Open(f"core.{name}") for name in ("setting", "rule", "rule_set", "parameter")),
)
KERNEL_AREAS: tuple[Area, ...] = (Area("home", _l("Home"), tuple(ROLES)),)


def _of(scope: Scope | None) -> Who | None:
    if scope is None or scope.firm_id is None or scope.user_id is None:
        return None
    return Who(scope.user_id, scope.firm_id, scope.park_id, scope.portal_role)


# ---- what modules declare ----------------------------------------------------------------------------------------------


def declared() -> dict[str, list[Any]]:
    """resource -> its rules, of the kernel and of every loaded module."""
    out: dict[str, list[Any]] = defaultdict(list)
    for row in (*KERNEL_ROWS, *(registry().collect("views", "PORTAL_ROWS") if registry().screens else ())):
        out[row.resource].append(row)
    return out


def areas() -> dict[str, Area]:
    """The parts of the portal by code; the parts several modules add to are one, with the rights of all."""
    out: dict[str, Area] = {}
    for area in (*KERNEL_AREAS, *(registry().collect("views", "PORTAL_AREAS") if registry().screens else ())):
        have = out.get(area.code)
        if have is not None and have.roles != area.roles:
            raise Refused(f"the portal's part {area.code!r} is declared twice for other roles")
        out[area.code] = area if have is None else Area(area.code, have.title, have.roles, (*have.rights, *area.rights))
    return out


@lru_cache(maxsize=16)
def _rights(role: str, _loaded: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (line.split()[0], word) for area in areas().values() if role in area.roles for line in area.rights for word in line.split()[1:]
    )


def rights_of(role: str) -> frozenset[tuple[str, str]]:
    """What services let a user of this portal role do (within the fence)."""
    return _rights(role, (str(registry().screens), *registry().manifests))


def may_enter(role: str, code: str) -> bool:
    """Whether a portal role may enter a part of the portal."""
    area = areas().get(code)
    return area is not None and role in area.roles


# ---- reading ------------------------------------------------------------------------------------------------------------

_kept: dict[str, Any] = {"loaded": None}


def _state() -> dict[str, Any]:
    """Models, rules and prepared options, made anew when more modules or classes are loaded."""
    loaded = (registry().screens, *registry().manifests, sum(1 for _m in Model.registry.mappers))
    if _kept["loaded"] != loaded:
        models = {m.class_.__resource__: m.class_ for m in Model.registry.mappers if getattr(m.class_, "__resource__", None)}
        _kept.update(loaded=loaded, models=models, rules=declared(), options={})
    return _kept


def _models() -> dict[str, Any]:
    return _state()["models"]


def _rule(cls: Any) -> list[Any]:
    rules = _state()["rules"].get(getattr(cls, "__resource__", None) or "", [])
    if not rules and "firm_id" in inspect(cls).columns:
        return [Own(cls.__resource__)]
    return rules


def _criterion(cls: Any, who: Who) -> Any:
    rules = _rule(cls)
    if getattr(cls, "__tablename__", "") == "ab_user":
        profile = _models()["core.user"]
        return cls.id.in_(select(profile.id).where(_criterion(profile, who)))
    return or_(*(r.criterion(cls, who) for r in rules)) if rules else false()


def known(cls: Any) -> bool:
    """Whether a portal session may see any row of this class."""
    return bool(_rule(cls)) or getattr(cls, "__tablename__", "") == "ab_user"


def _options(who: Who) -> list[Any]:
    kept = _state()["options"]
    if who not in kept:
        if len(kept) >= KEPT:
            kept.clear()
        kept[who] = [_limit(m.class_, _criterion(m.class_, who)) for m in Model.registry.mappers]
    return kept[who]


def _limit(cls: Any, criterion: Any) -> Any:
    """Not handed on to lazy loads: each of them passes `confine` itself, by what holds when it runs."""
    return with_loader_criteria(cls, criterion, include_aliases=True, propagate_to_loaders=False)


@event.listens_for(ParkSession, "do_orm_execute")
def confine(state: Any) -> None:
    """Confine every ORM statement of a portal session to the firm's rows; refuse classes nobody declared."""
    who = _of(state.session.info.get("scope"))
    if who is None or state.is_column_load or state.execution_options.get("parkops_unscoped"):
        return
    if state.session.info.get(OPEN):
        if state.is_update or state.is_delete:
            found = [_limit(m.class_, c) for m in state.all_mappers if (c := _own_only(m.class_, who)) is not None]
            state.statement = state.statement.options(*found)
        return
    if not state.is_relationship_load:
        for mapper in state.all_mappers:
            if not known(mapper.class_):
                raise Refused(f"{mapper.class_.__name__} is not declared for the portal; see parkops.security.portal")
    state.statement = state.statement.options(*_options(who))


@contextmanager
def acting(session: Any) -> Iterator[None]:
    """Let a module's service read what it needs for one call in the firm's name. What it loaded is forgotten at the end, so
    that nothing of it is shown by accident; the ids it returns are read again within the fence."""
    if _of(scope_of(session)) is None or session.info.get(OPEN):
        yield
        return
    session.info[OPEN] = True
    try:
        yield
        session.flush()
    finally:
        session.info.pop(OPEN, None)
        session.expunge_all()


def owned(session: Any, model: Any, record_id: int | None) -> Any:
    """The firm's own record, NotFound for every other: how a page turns a number of its address into a record."""
    found = None if record_id is None else session.scalars(select(model).where(model.id == record_id)).unique().one_or_none()
    if found is None:
        raise NotFound(_l("There is no such record of your firm."))
    return found


# ---- writing -------------------------------------------------------------------------------------------------------------


@event.listens_for(ParkSession, "before_flush")
def guard(session: Any, context: Any, instances: Any) -> None:
    """What is written with a firm is the firm's own; outside a service only the person's own marks are written."""
    who = _of(session.info.get("scope"))
    if who is None:
        return
    with session.no_autoflush:
        for obj in (*session.new, *session.dirty, *session.deleted):
            if obj in session.dirty and not session.is_modified(obj):
                continue
            if not _writable(session, obj, who):
                raise NotFound(_l("There is no such record of your firm."))


def _writable(session: Any, obj: Any, who: Who) -> bool:
    rules = _rule(type(obj))
    columns = {r.column for r in rules if isinstance(r, Own)}
    if columns or "firm_id" in inspect(type(obj)).columns:
        return all(_is_own(obj, name, who) for name in columns or {"firm_id"})
    parents = [r for r in rules if isinstance(r, Through)]
    if parents:
        return any(_of_own_parent(session, obj, rule, who) for rule in parents)
    if session.info.get(OPEN):
        return True  # what a service keeps beside: history, numbers, to-dos of the staff
    return getattr(obj, "user_id", None) == who.user_id


def _own_only(cls: Any, who: Who) -> Any:
    """What a bulk change may reach while a service acts: the same rows `_writable` lets be written one by one; None for all."""
    rules = _rule(cls)
    columns = {r.column for r in rules if isinstance(r, Own)}
    if columns or "firm_id" in inspect(cls).columns:
        return and_(*(getattr(cls, name) == who.firm_id for name in columns or {"firm_id"}))
    parents = [r.criterion(cls, who) for r in rules if isinstance(r, Through)]
    return or_(*parents) if parents else None


def _is_own(obj: Any, name: str, who: Who) -> bool:
    history = inspect(obj).attrs[name].history
    return all(
        value in (None, who.firm_id) for value in (*(history.added or ()), *(history.deleted or ()), *(history.unchanged or ()))
    ) and (getattr(obj, name) == who.firm_id or _related(obj, name) == who.firm_id)


def _related(obj: Any, name: str) -> int | None:
    """The firm of an object set through its relationship, whose column is filled only while flushing."""
    for relation in inspect(type(obj)).relationships:
        if relation.direction.name == "MANYTOONE" and {c.key for c in relation.local_columns} == {name}:
            found = obj.__dict__.get(relation.key)
            return getattr(found, "id", None)
    return None


def _of_own_parent(session: Any, obj: Any, rule: Through, who: Who) -> bool:
    model, parent_id = _models()[rule.parent], getattr(obj, rule.column)
    for new in session.new:
        if isinstance(new, model) and any(getattr(obj, r.key, None) is new for r in inspect(type(obj)).relationships):
            return _writable(session, new, who)
    if parent_id is None:
        loaded = [obj.__dict__.get(r.key) for r in inspect(type(obj)).relationships if {c.key for c in r.local_columns} == {rule.column}]
        parent_id = next((getattr(p, "id", None) for p in loaded if p is not None), None)
    if parent_id is None:
        return False
    query = select(model.id).where(model.id == parent_id, _criterion(model, who))
    return session.execute(query, execution_options={"parkops_unscoped": True}).first() is not None
