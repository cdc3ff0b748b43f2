"""A real server with the demo park and a real Chromium. One server per run (the tests are one xdist group)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from parkops.testing.browser import ensure
from parkops.testing.plugin import _run_id

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"desktop": (1366, 768), "phone": (390, 844)}
ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync"]


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in str(item.fspath):
            item.add_marker(pytest.mark.browser)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def demo_env():
    """The environment of a demo park in a database of its own, thrown away afterwards. (The template of the other tests holds
    people with the same names as the demo's.)"""
    from parkops.db import embedded

    embedded.start()
    name = f"pk_b_{_run_id()}_{os.getpid()}".lower().replace("-", "_")
    embedded.create_database(name)
    env = {**os.environ, "_PARKOPS_TEST_DB": name, "PARKOPS_DEMO": "1", "PARKOPS_TRUSTED_HOSTS": "127.0.0.1"}
    for command in ("upgrade", "demo"):
        done = command_in(env, command)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    yield env
    embedded.drop_database(name)


def command_in(env, *words):
    """Run `parkops …` there."""
    return subprocess.run([sys.executable, "-m", "parkops.cli", *words], env=env, check=False, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="session")
def demo_server(request):
    """URL of the served demo. PARKOPS_BROWSER_URL names one that is served already, for writing tests; it is changed by them."""
    if given := os.environ.get("PARKOPS_BROWSER_URL"):
        yield given
        return
    env, port = request.getfixturevalue("demo_env"), free_port()
    server = subprocess.Popen([sys.executable, "-m", "parkops.cli", "serve", "--port", str(port), "--workers", "1"], env=env, cwd=ROOT,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _wait(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise AssertionError(f"the server stopped:\n{server.stdout.read().decode()[-2000:]}")
        try:
            urllib.request.urlopen(f"{url}/login/", timeout=2)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("the server did not answer within a minute")


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=ensure(), args=ARGS)
        yield browser
        browser.close()


class Watch:
    """What went wrong while a page was open: console errors, failed answers, requests to other hosts."""

    def __init__(self, page, base):
        self.base, self.problems = base, []
        page.on("console", lambda m: self.problems.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: self.problems.append(f"script: {e}"))
        page.on("request", self._request)
        page.on("response", lambda r: self.problems.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def _request(self, request):
        if not request.url.startswith((self.base, "data:", "blob:", "about:")):
            self.problems.append(f"external host: {request.url}")

    def clean(self):
        found, self.problems = self.problems, []
        assert found == []


@pytest.fixture(scope="session")
def _states():
    """Log-in cookies per user, so that a run logs in once for each."""
    return {}


def log_in(page, user):
    from parkops.demo import PASSWORD

    page.goto("/login/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector("#side")


def speak(page, lang):
    """Home in the person's language; it is stored with the user, so every page says which it wants."""
    page.goto("/")
    if page.get_attribute("html", "lang") != {"zh": "zh-CN", "en": "en"}[lang]:
        token = page.get_attribute("meta[name=csrf-token]", "content")
        page.request.post("/account/locale/", form={"csrf_token": token, "locale": lang, "next": "/"}, headers={"Referer": page.url})
        page.goto("/")


def ready(page):
    """Waits until every grid of the page shows its rows."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => [...document.querySelectorAll('.pk-grid')].every((g) => g.dataset.loaded)", timeout=15000)


def _seen(page, user) -> str:
    """What a failing test left on the screen, for its report."""
    try:
        return f"\n{user} was at {page.url}; {page.watch.problems}\n{page.inner_text('body')[:3000]}"
    except Exception as e:  # a page that no longer answers must not hide the failure itself
        return f"\n{user}: the page does not answer: {e}"


@pytest.fixture
def browse(chromium, demo_server, _states):
    """`with browse("clerk", size="phone", lang="en") as page:` a logged-in page; problems are asserted away at the end."""

    @contextmanager
    def open_page(user="clerk", size="desktop", lang="zh", *, check=True, **more):
        width, height = SIZES[size]
        context = chromium.new_context(viewport={"width": width, "height": height}, locale={"zh": "zh-CN", "en": "en-US"}[lang],
                                       is_mobile=size == "phone", has_touch=size == "phone", base_url=demo_server,
                                       storage_state=_states.get(user), **more)
        context.set_default_timeout(30000)
        page = context.new_page()
        page.watch = Watch(page, demo_server)
        if user:
            if user not in _states:
                log_in(page, user)
                _states[user] = context.storage_state()
            speak(page, lang)
        try:
            yield page
            if check:
                page.watch.clean()
        except Exception:
            print(_seen(page, user))
            raise
        finally:
            context.close()

    return open_page


@pytest.fixture
def shot(request):
    """Save a screenshot into the folder PARKOPS_SHOTS, when it is set."""

    def take(page, name):
        if os.environ.get("PARKOPS_SHOTS"):
            folder = Path(os.environ["PARKOPS_SHOTS"])
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(folder / f"{name}.png"))

    return take
