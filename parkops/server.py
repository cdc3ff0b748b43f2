"""Serving: gunicorn with our app, and the scheduler beside it when asked. Ctrl-C stops both."""

from __future__ import annotations

import errno
import selectors
import subprocess
import sys
import time
from functools import partial
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers import gthread

from . import demo
from .config import config


class PatientWorker(gthread.ThreadWorker):
    """Browsers open connections ahead and leave them unused. gunicorn gives each a thread that waits five seconds for the first
    byte, so a dozen idle connections stopped every page for ten seconds. Here they wait in the poller and take no thread."""

    WAIT = 15.0  # seconds an unused connection is kept

    def accept(self, listener: Any) -> None:
        """A new connection: a thread takes it once there is something to read."""
        try:
            client, address = listener.accept()
        except OSError as e:
            if e.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            raise
        self.nr_conns += 1
        conn = gthread.TConn(self.cfg, client, address, listener.getsockname())
        client.setblocking(False)
        conn.timeout = time.monotonic() + self.WAIT
        self.pending_conns.append(conn)
        self.poller.register(client, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))


def worker_app() -> Any:
    """The application, built once per process. A garbage collection over it would stop a request for a tenth of a second."""
    from .registry import resting_collector

    with resting_collector():
        from .app import create_app

        return create_app()


class Server(BaseApplication):
    """gunicorn configured in Python. The application is built once, before the workers are forked: a worker that is started, or
    started again after it died, serves at once and shares the memory. No connection to the database outlives the building."""

    def __init__(self, options: dict[str, Any]):
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        from .db import session

        app = worker_app()
        session.dispose()
        return app


def _announce(host: str, port: int) -> None:
    """Where it is and, in the demo, who can log in."""
    print(f"ParkOps: http://{host}:{port}", flush=True)
    if config().demo:
        for user, role, full in demo.PERSONAS:
            print(f"  {user:<8} {demo.PASSWORD}   {full} ({role})", flush=True)


def options(host: str, port: int, workers: int) -> dict[str, Any]:
    """How gunicorn serves."""
    return {"bind": f"{host}:{port}", "workers": workers, "threads": 4, "worker_class": PatientWorker, "preload_app": True, "timeout": 120,
            "graceful_timeout": 20, "accesslog": None, "errorlog": "-", "loglevel": "warning", "control_socket_disable": True,
            "forwarded_allow_ips": "", "proc_name": "parkops"}


def run(*, host: str, port: int, workers: int, with_scheduler: bool = False) -> None:
    """Serve until stopped."""
    from .db import session

    session.engine()
    session.dispose()
    _announce(host, port)
    child = subprocess.Popen([sys.executable, "-m", "scheduler"]) if with_scheduler else None
    try:
        Server(options(host, port, workers)).run()
    finally:
        if child is not None:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
