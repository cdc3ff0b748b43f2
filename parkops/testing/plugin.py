"""pytest fixtures on a real PostgreSQL: one template database per run, cloned per worker, brought back (restore.py) after a commit.

`db` (clean database), `session` (system scope, rolled back), `park`, `park2`, `as_role(role)`, `app`, `client`,
`login_as(client, role)`, `query_count`, `fresh_db` (for tests whose other processes write)."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .prepared import begin_with, prepared, said_of  # noqa: F401 - two of them are fixtures

PASSWORD = "Parkops-test-1"
PERSONAS = ("operations_clerk", "operations_manager", "finance", "leadership", "system_administrator", "auditor")
TOGETHER = ("tests/browser/", "tests/kernel/test_kpi_every.py")
_state: dict[str, Any] = {"dirty": True, "kept": {}}  # kept: database -> what its template holds


def pytest_configure(config: Any) -> None:
    """An own data folder for the test server unless one is given; never the developer's `var`."""
    if "PARKOPS_DATA_DIR" not in os.environ:
        folder = Path(tempfile.gettempdir()) / f"parkops-test-{os.getuid()}"
        folder.mkdir(mode=0o755, exist_ok=True)
        os.environ["PARKOPS_DATA_DIR"] = str(folder)
    os.environ.setdefault("PARKOPS_TESTING", "1")
    os.environ.setdefault("PARKOPS_SWAGGER", "1")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: Any) -> None:
    """No garbage collection while other plugins import late: before 3.11.9 it can break `ast.parse` (CPython gh-106905)."""
    import gc

    gc.collect()
    gc.disable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """Each test goes to whoever is free; the browser's stay together on one worker, so that there is one demo park and one server,
    and so do those of a file that keeps one database open throughout.
    (xdist 3.8 puts `xdist_group` into a name that pytest 9.2 no longer reads, so groups do not hold.)"""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((t for t in TOGETHER if nodeid.startswith(t)), nodeid)

    return Together(config, log)


def _run_id() -> str:
    return (os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()))[:12]


def _admin(sql: str) -> None:
    """Run a statement as the server's superuser on one kept connection (a `psql` per clone costs more than the clone)."""
    import psycopg

    from parkops.db import embedded

    if _state.get("admin") is None or _state["admin"].closed:
        _state["admin"] = psycopg.connect(host=str(embedded.socket_dir()), user="postgres", dbname="postgres", autocommit=True)
    _state["admin"].execute(sql)


def _clone(name: str, template: str) -> None:
    from parkops.db import embedded

    _admin(f"drop database if exists {name} with (force)")
    _admin(f"create database {name} owner {embedded.OWNER} template {template}")


def _again(name: str, template: str) -> None:
    """The worker's database as the template left it: what was written undone, or where that cannot be, a new clone."""
    from parkops.db import embedded
    from parkops.testing.restore import Kept

    kept = _state["kept"].get(name)
    if kept is None or not kept.restore():
        _clone(name, template)
        _state["kept"][name] = Kept(str(embedded.socket_dir()), name)


def _worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def _template() -> Iterator[str]:
    """The migrated template with two parks and one user per persona, built once per run by whoever comes first."""
    from parkops.config import config
    from parkops.db import embedded
    from parkops.registry import discover, registry

    registry().load(list(discover()))
    embedded.start()
    name = f"pk_t_{_run_id()}".lower().replace("-", "_")
    with open(config().data_dir / "test-template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = embedded._psql("postgres", f"select count(*) from pg_database where datname = '{name}'").strip()
        if have != "1":
            _drop_old(embedded)
            embedded.create_database(name)
            _in_database(name, _build)
    yield name


def _drop_old(embedded: Any) -> None:
    """Databases of earlier runs that nobody uses any more."""
    names = embedded._psql("postgres", "select datname from pg_database where datname like 'pk\\_%' and datname not in"
                           " (select distinct datname from pg_stat_activity where datname is not null)").split()
    for old in names:
        if old.split("_")[2:3] != [_run_id()]:
            try:
                embedded.drop_database(old)
                said_of(old).unlink(missing_ok=True)
            except Exception:  # another run took it meanwhile
                continue


def _in_database(name: str, work: Callable[[], None]) -> None:
    from parkops.db import session

    os.environ["_PARKOPS_TEST_DB"] = name
    session.dispose()
    try:
        work()
    finally:
        session.dispose()


def _build() -> None:
    """Schema, reference data, permissions, two parks, a user per persona."""
    from parkops import upgrade

    upgrade.run(quiet=True)
    from parkops.db.session import system_scope
    from parkops.models import Park

    with system_scope("test template") as s:
        for code, title in (("east", "东园"), ("west", "西园")):
            s.add(Park(code=code, name=title))
    _users()


def _users() -> None:
    from sqlalchemy import select
    from werkzeug.security import generate_password_hash

    from parkops.db.session import system_scope
    from parkops.models import Park, UserPark
    from parkops.security.models import UserProfile

    with system_scope("test template") as s:
        from flask_appbuilder.security.sqla.models import Role, User

        parks = list(s.scalars(select(Park).order_by(Park.id)))
        roles = {r.name: r for r in s.scalars(select(Role))}
        hashed = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
        for park, suffix in zip(parks, ("", "_west"), strict=True):
            for code in PERSONAS:
                user = User(first_name=code, last_name="", username=code + suffix, email=f"{code}{suffix}@example.org", active=True,
                            password=hashed, created_on=datetime.now(UTC).replace(tzinfo=None),
                            changed_on=datetime.now(UTC).replace(tzinfo=None))
                user.roles = [roles[code]] if code in roles else []
                s.add(user)
                s.flush()
                s.add(UserPark(user_id=user.id, park_id=park.id))
                s.add(UserProfile(user_id=user.id, locale="zh", must_change_password=False, password_changed_at=datetime.now(UTC),
                                  current_park_id=park.id))


@pytest.fixture(scope="session")
def _worker_db(_template: str) -> Iterator[str]:
    from parkops.db import embedded, session

    name = f"pk_w_{_run_id()}_{_worker()}".lower().replace("-", "_")
    os.environ["_PARKOPS_TEST_DB"] = name
    _watch_writes()
    yield name
    session.dispose()
    for own in {name, *_state["kept"]}:
        embedded.drop_database(own)


def _watch_writes() -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    reads = ("select", "show", "set ", "savepoint", "release", "rollback", "explain", "with")

    @event.listens_for(Engine, "before_cursor_execute")
    def wrote(conn: Any, cursor: Any, statement: str, *args: Any) -> None:
        text = statement.lstrip().lower()
        if not text.startswith(reads) or (text.startswith("with") and ("insert" in text or "update" in text or "delete" in text)):
            conn.info["wrote"] = True
        elif "nextval" in text or "for update" in text or "pg_notify" in text:
            conn.info["wrote"] = True

    @event.listens_for(Engine, "commit")
    def committed(conn: Any) -> None:
        if conn.info.pop("wrote", False):
            _state["dirty"] = True


@pytest.fixture
def db(_template: str, _worker_db: str) -> str:
    """A database as the template left it. Its name is returned."""
    from parkops.db import session

    if _state["dirty"]:
        session.dispose()
        _again(_worker_db, _template)
        _state["dirty"] = False
    return _worker_db


@pytest.fixture
def fresh_db(db: str) -> Iterator[str]:
    """Like `db`, and thrown away afterwards: for tests that write from other processes or raw connections."""
    yield db
    _state["dirty"] = True


@pytest.fixture
def session(db: str) -> Iterator[Any]:
    """A session with the system scope, current park `east`; rolled back at the end."""
    from parkops.db.session import Scope, new_session

    s = new_session(Scope(parks=None, system=True, park_id=_park_id("east"), via="system", user_name="test", reason="test"))
    try:
        yield s
    finally:
        s.rollback()
        s.close()


def _park_id(code: str) -> int:
    from sqlalchemy import text

    from parkops.db.session import engine

    with engine().connect() as c:
        return c.execute(text("select id from core_park where code = :c"), {"c": code}).scalar_one()


@pytest.fixture
def park(session: Any) -> Any:
    from sqlalchemy import select

    from parkops.models import Park

    return session.scalars(select(Park).where(Park.code == "east")).one()


@pytest.fixture
def park2(session: Any) -> Any:
    from sqlalchemy import select

    from parkops.models import Park

    return session.scalars(select(Park).where(Park.code == "west")).one()


@pytest.fixture
def as_role(db: str) -> Callable[..., Any]:
    """`with as_role("finance") as s:` a session of that persona in `east` (or `park="west"`), rolled back unless committed."""
    from parkops.db.session import Scope, new_session

    @contextmanager
    def open_as(role: str, park: str = "east", user: str | None = None) -> Iterator[Any]:
        from sqlalchemy import text

        from parkops.db.session import engine
        from parkops.security.catalogue import role_rights

        with engine().connect() as c:
            uid = c.execute(text("select id from ab_user where username = :n"),
                            {"n": user or role + ("" if park == "east" else "_west")}).scalar()
            pid = c.execute(text("select id from core_park where code = :c"), {"c": park}).scalar_one()
        scope = Scope(user_id=uid, user_name=user or role, roles=frozenset({role}), rights=role_rights(frozenset({role})),
                      parks=frozenset({pid}), park_id=pid, via="screen")
        s = new_session(scope)
        try:
            yield s
        finally:
            s.rollback()
            s.close()

    return open_as


@pytest.fixture(scope="session")
def _app(_template: str, _worker_db: str) -> Any:
    from parkops.app import create_app

    _again(_worker_db, _template)
    _state["dirty"] = False
    app = create_app()
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def app(_app: Any, db: str) -> Any:
    return _app


@pytest.fixture
def client(app: Any) -> Any:
    return app.test_client()


@pytest.fixture
def login_as() -> Callable[..., Any]:
    """`login_as(client, "finance")` logs in through the real form; returns the response."""

    def log_in(client: Any, role: str, password: str = PASSWORD) -> Any:
        import re

        page = client.get("/login/").get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        return client.post("/login/", data={"username": role, "password": password, "csrf_token": token[1] if token else ""})

    return log_in


@pytest.fixture
def query_count() -> Callable[[], Any]:
    """`with query_count() as q: …; q.count, q.statements`."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    class Count:
        def __init__(self) -> None:
            self.statements: list[str] = []

        @property
        def count(self) -> int:
            return len(self.statements)

    @contextmanager
    def counting() -> Iterator[Count]:
        seen = Count()

        def on(conn: Any, cursor: Any, statement: str, *args: Any) -> None:
            seen.statements.append(statement)

        event.listen(Engine, "before_cursor_execute", on)
        try:
            yield seen
        finally:
            event.remove(Engine, "before_cursor_execute", on)

    return counting
