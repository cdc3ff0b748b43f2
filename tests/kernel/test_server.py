"""The web server: idle connections of browsers do not keep others waiting."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager

import pytest

SERVE = """
import sys
from parkops.server import Server, options

class Hello(Server):
    def load(self):
        def app(environ, answer):
            answer("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
            return [b"ok"]
        return app

how = options("127.0.0.1", int(sys.argv[1]), 1)
if len(sys.argv) > 2:
    how["worker_class"] = sys.argv[2]
Hello(how).run()
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def served(*more):
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", SERVE, str(port), *more])
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read() == b"ok"
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, "the server did not start"
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def ask_beside_idle(port: int, idle: int, timeout: float) -> bytes:
    with ExitStack() as held:
        for _ in range(idle):
            held.enter_context(socket.create_connection(("127.0.0.1", port)))
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=timeout).read()


def test_connections_opened_ahead_hold_no_thread():
    """Forty unused connections would hold four threads for fifty seconds if each waited for its first byte."""
    with served() as port:
        assert ask_beside_idle(port, 40, 20) == b"ok"


def test_control_a_thread_that_waits_for_the_first_byte_keeps_others_waiting():
    with served("gthread") as port, pytest.raises((TimeoutError, urllib.error.URLError)):
        ask_beside_idle(port, 40, 3)


def test_a_kept_connection_answers_again_after_a_body_nobody_read():
    """The next request on the same connection is answered, also when the form before it was not read by the page."""
    with served() as port:
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for _turn in range(20):
            c.request("POST", "/", body=b"x" * 200, headers={"Content-Type": "application/octet-stream"})
            answer = c.getresponse()
            assert answer.read() == b"ok" and answer.status == 200
            c.request("GET", "/")
            assert c.getresponse().read() == b"ok"
