"""Engine and sessions. The kernel owns both; a session has a scope for life; one service call = one transaction.

Not here: what a scope may see (`scope.py`), what is recorded (`audit.py`)."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from ..config import config
from ..errors import Refused

log = logging.getLogger(__name__)
RETRYABLE = {"40001", "40P01"}


@dataclass(frozen=True)
class Scope:
    """Who acts, where, how. `parks=None` means all parks; `system=True` means all rights."""

    user_id: int | None = None
    user_name: str = "system"
    roles: frozenset[str] = frozenset()
    rights: frozenset[tuple[str, str]] = frozenset()
    parks: frozenset[int] | None = frozenset()
    park_id: int | None = None  # the park new records go to
    via: str = "system"  # screen | api | job | import | cli | system
    system: bool = False
    reason: str = ""
    locale: str = "zh"
    address: str = ""
    firm_id: int | None = None  # a firm's own user in the portal: the fence of `security.portal` stands
    portal_role: str = ""
    action_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def sees(self, park_id: int | None) -> bool:
        return self.parks is None or park_id in self.parks


class ParkSession(Session):
    """A session that remembers its scope; see `scope.py` and `audit.py` for the listeners on it. `walls` look at every
    statement before it is recognised as an ORM statement or not (`walls.py`)."""

    walls: ClassVar[list[Callable[[Any], Any]]] = []

    def _walled(self, statement: Any, options: Any) -> Any:
        if options and options.get("parkops_unscoped"):
            return statement
        for wall in self.walls:
            statement = wall(statement)
        return statement

    def execute(self, statement: Any, params: Any = None, **kwargs: Any) -> Any:
        return super().execute(self._walled(statement, kwargs.get("execution_options")), params, **kwargs)

    def scalar(self, statement: Any, params: Any = None, **kwargs: Any) -> Any:
        return super().scalar(self._walled(statement, kwargs.get("execution_options")), params, **kwargs)

    def scalars(self, statement: Any, params: Any = None, **kwargs: Any) -> Any:
        return super().scalars(self._walled(statement, kwargs.get("execution_options")), params, **kwargs)


_engines: dict[tuple[str, bool], Engine] = {}
factory = sessionmaker(class_=ParkSession, expire_on_commit=False, autoflush=True)


def make_engine(url: str, *, batch: bool = False) -> Engine:
    """An engine with pre-ping and time-outs. `batch=True` turns prepared statements off (mass work). It keeps 2,000 compiled
    statements (up to some 100 KB each): with SQLAlchemy's 500 a walk over all our pages compiled nearly everything twice."""
    connect_args: dict[str, Any] = {
        "application_name": "parkops",
        "options": "-c statement_timeout=120000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=300000"
        " -c timezone=UTC",
    }
    if batch:
        connect_args["prepare_threshold"] = None
        connect_args["options"] = "-c lock_timeout=10000 -c timezone=UTC"
    engine = create_engine(url, pool_pre_ping=True, pool_size=config().pool_size, max_overflow=10, pool_recycle=1800, query_cache_size=2000,
                           connect_args=connect_args, future=True)
    return engine


def engine(*, owner: bool = False) -> Engine:
    """The process's engine; starts the embedded server on first need. `owner=True` is the migrating role."""
    from . import embedded

    url = embedded.owner_url() if owner else embedded.app_url()
    key = (url, owner)
    if key not in _engines:
        _engines[key] = make_engine(url, batch=owner)
    if not owner and factory.kw.get("bind") is not _engines[key]:
        factory.configure(bind=_engines[key])
    return _engines[key]


def dispose() -> None:
    """Close every pool (tests, forks). The engines stay: what they have compiled holds for the next connections too."""
    for e in _engines.values():
        e.dispose()


def refuse_unsafe(bind: Engine) -> None:
    """Start-up refuses a server that may lose acknowledged writes, and an app role that could bypass our guards."""
    with bind.connect() as c:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            if c.execute(text(f"show {name}")).scalar() == "off":
                raise Refused(f"PostgreSQL runs with {name}=off and may lose acknowledged work; switch it on and start again")
        row = c.execute(text("select rolsuper, rolbypassrls from pg_roles where rolname = current_user")).one()
        if row.rolsuper or row.rolbypassrls:
            raise Refused("the application's database role is a superuser or bypasses row security; give it a plain role")


@lru_cache(maxsize=1)
def _guards() -> None:
    """Attach the scope and audit listeners: a session without them must not exist, whatever was imported before."""
    from ..security import portal  # noqa: F401
    from . import audit, park_optional, scope, walls  # noqa: F401


def new_session(scope: Scope | None) -> ParkSession:
    """A bare session; the caller commits and closes. Prefer the context managers below."""
    engine()
    _guards()
    s = factory()
    if scope is not None:
        s.info["scope"] = scope
    return s


def scope_of(session: Any) -> Scope:
    """The session's scope; raises when there is none (default deny)."""
    scope = session.info.get("scope")
    if scope is None:
        raise Refused("this session has no scope; open it with session_scope() or system_scope()")
    return scope


@contextmanager
def session_scope(scope: Scope) -> Iterator[ParkSession]:
    """One transaction: commits at the end, rolls back on any error."""
    s = new_session(scope)
    try:
        yield s
        s.commit()
    except BaseException:
        s.rollback()
        raise
    finally:
        s.close()


@contextmanager
def system_scope(reason: str, parks: frozenset[int] | set[int] | None = None, *, via: str = "system",
                 park_id: int | None = None) -> Iterator[ParkSession]:
    """All rights, all parks (or the given). The only way around the scope; a test lists the callers."""
    scope = Scope(parks=None if parks is None else frozenset(parks), system=True, reason=reason, via=via, park_id=park_id)
    with session_scope(scope) as s:
        yield s


def in_retry(work: Callable[..., Any], *args: Any, attempts: int = 5, **kwargs: Any) -> Any:
    """Run `work` (a whole transaction without outside effects) again after serialisation failures and deadlocks."""
    for attempt in range(1, attempts + 1):
        try:
            return work(*args, **kwargs)
        except DBAPIError as e:
            state = getattr(e.orig, "sqlstate", None)
            if state not in RETRYABLE or attempt == attempts:
                raise
            log.info("retrying after %s, attempt %s", state, attempt)
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise AssertionError("unreachable")


@contextmanager
def unprepared(session: Session) -> Iterator[None]:
    """Mass work: plan every statement for its values. A plan prepared while a table was empty, or for unknown lists of keys,
    made an import of 100,000 rows take minutes (the driver prepares a statement after five executions)."""
    driver: Any = session.connection().connection.driver_connection
    before, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = before


def with_park(session: Session, park_id: int) -> None:
    """Narrow a fresh session to one park for new records (used once, before any query)."""
    if "used" in session.info:
        raise Refused("the scope is fixed for a session's life")
    session.info["scope"] = replace(scope_of(session), park_id=park_id)


@event.listens_for(ParkSession, "after_begin")
def _mark_used(session: Session, transaction: Any, connection: Any) -> None:
    session.info["used"] = True
