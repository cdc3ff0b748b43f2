"""The embedded server, roles, and what start-up refuses."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import text

from parkops.db import embedded, session
from parkops.errors import Refused


def test_the_app_role_owns_nothing_and_bypasses_nothing(db):
    with session.engine().connect() as c:
        assert c.execute(text("select current_user")).scalar() == embedded.APP
        owned = c.execute(text("select count(*) from pg_class where relowner = current_user::regrole")).scalar()
        assert owned == 0
    session.refuse_unsafe(session.engine())


def test_a_superuser_is_refused(db):
    engine = session.make_engine(embedded.admin_url())
    with pytest.raises(Refused, match="superuser"):
        session.refuse_unsafe(engine)
    engine.dispose()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_writes_is_refused(db, name):
    class Fake:
        """A connection whose server answers as an unsafe one would."""

        def connect(self):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *a):
            return None

        def execute(self, statement):
            return type("R", (), {"scalar": lambda s: "off" if name in str(statement) else "on"})()

    with pytest.raises(Refused, match=f"{name}=off"):
        session.refuse_unsafe(Fake())


def test_a_pid_file_left_by_a_crash_is_not_believed(db, tmp_path, monkeypatch):
    """The number in it belongs to a living process (ours), but no server answers."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(embedded, "data_dir", lambda: tmp_path)
    monkeypatch.setattr(embedded, "socket_dir", lambda: tmp_path)
    assert not embedded.is_running()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / ".s.PGSQL.5432"))
    left.close()  # the socket's file stays, nobody listens
    assert not embedded.is_running()


def test_two_processes_start_one_server():
    """Both need the server at once on a new folder; one creates it, both reach it, one postmaster runs."""
    code = "from parkops.db import embedded; embedded.start(); print(open(embedded.data_dir() / 'postmaster.pid').readline().strip())"
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        env = {"PATH": "/usr/bin:/bin", "PARKOPS_DATA_DIR": folder, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        started = [subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        pids = [p.communicate(timeout=90)[0].strip() for p in started]
        try:
            assert pids[0] and pids[0] == pids[1]
        finally:
            subprocess.run([sys.executable, "-m", "parkops.cli", "db", "stop"], env=env, check=True, capture_output=True)
