"""Serving: gunicorn with our app, and the scheduler beside it when asked. Ctrl-C stops both."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers import gthread

from . import demo
from .config import config

# Browsers open connections ahead and leave them unused. A thread that waits for the first byte of such a connection (gunicorn
# waits five seconds) answers nobody: a dozen idle connections stopped every page for ten seconds. They wait in the poller instead.
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.0


def worker_app() -> Any:
    """The application of one worker. The cyclic garbage collector rests while it is built and never looks at what was built
    then (it lives as long as the worker): a full collection over it would stop a request for a tenth of a second."""
    from .app import create_app

    gc.disable()
    try:
        return create_app()
    finally:
        gc.freeze()
        gc.enable()


class Server(BaseApplication):
    """gunicorn configured in Python; each worker builds the app itself, so no connection is shared over a fork."""

    def __init__(self, options: dict[str, Any]):
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        return worker_app()


def _announce(host: str, port: int) -> None:
    """Where it is and, in the demo, who can log in."""
    print(f"ParkOps: http://{host}:{port}", flush=True)
    if config().demo:
        for user, role, full in demo.PERSONAS:
            print(f"  {user:<8} {demo.PASSWORD}   {full} ({role})", flush=True)


def options(host: str, port: int, workers: int) -> dict[str, Any]:
    """How gunicorn serves."""
    return {"bind": f"{host}:{port}", "workers": workers, "threads": 4, "worker_class": "gthread", "timeout": 120, "keepalive": 15,
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
