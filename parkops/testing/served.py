"""A served installation for benchmarks: the real `parkops serve` on a local socket, and a logged-in client that keeps its
connection. Nothing of the WSGI stack is skipped, so a figure is what a user's browser waits for."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def served(workers: int = 1) -> Iterator[int]:
    """The port of a server that answers. It uses this process's environment and is stopped at the end."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "parkops.cli", "serve", "--port", str(port), "--workers", str(workers)],
                             stdout=subprocess.DEVNULL)
    try:
        _wait(port, child)
        yield port
    finally:
        child.terminate()
        child.wait(30)


def children(pid: int) -> list[int]:
    """The processes a process has started and that still run (Linux)."""
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait(port: int, child: subprocess.Popen, seconds: float = 60) -> None:
    """Until the log-in page comes."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.poll() is not None:
            raise SystemExit(f"the server stopped with {child.returncode}")
        try:
            if Browser(port).get("/login/")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not answer")


class Browser:
    """One person at one kept connection, with cookies."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.cookies: SimpleCookie = SimpleCookie()

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
        """(status, body) of one request; the connection is opened again when the server has closed it."""
        headers["Cookie"] = "; ".join(f"{m.key}={m.value}" for m in self.cookies.values())
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self.cookies.load(line)
        return answer.status, answer.read()

    def get(self, path: str) -> tuple[int, bytes]:
        return self.ask("GET", path)

    def log_in(self, username: str, password: str) -> None:
        """Through the real form; stops when it is refused."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get("/login/")[1].decode())
        form = urlencode({"username": username, "password": password, "csrf_token": found[1] if found else ""})
        status, _page = self.ask("POST", "/login/", form, **{"Content-Type": "application/x-www-form-urlencoded"})
        if status != 302:
            raise SystemExit(f"log-in answered {status}")
