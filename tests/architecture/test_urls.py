"""Every address × every persona × the other park (G30, G32, G34, G41).

After a wanted change of routes or rights, renew the golden matrix and read its difference before committing:
    RENEW_ROLE_MATRIX=1 .venv/bin/python -m pytest tests/architecture/test_urls.py -k matrix"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from parkops.testing.plugin import PERSONAS
from tests.architecture import walk

MATRIX = Path(__file__).with_name("role_matrix.json")
PUBLIC = ("/login/", "/login/code/", "/favicon.ico", "/health", "/healthz", "/ready")
NOISY = ("core_session", "core_user_session", "core_audit", "core_login_attempt", "core_user_preference")  # activity marks and denials
METHODS = ("POST", "PUT", "PATCH", "DELETE")
PLAIN = {"Accept": "application/json"}  # where only the status counts, a refusal need not be drawn as a page


@pytest.fixture
def planted(app: Any, fresh_db: str) -> dict[str, dict[str, int]]:
    """A row in every park-scoped table of both parks."""
    ids, missed = walk.plant(fresh_db)
    share = len(missed) / max(1, len(walk.models()))
    assert share <= 0.1, f"too many tables without a planted row: {missed}"
    return ids


def token(client: Any) -> str:
    import re

    return re.search(r'name="csrf-token" content="([^"]+)"', client.get("/core/waiting/").get_data(as_text=True)
                     + client.get("/account/").get_data(as_text=True))[1]


def _seen(answer: Any) -> str:
    """The body as text; of a workbook or zip what its members hold."""
    import io
    import zipfile

    data = answer.get_data()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            data = b" ".join(packed.read(name) for name in packed.namelist())
    return data.decode("utf-8", "replace") + " " + str(answer.headers)


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_page_answers_and_shows_nothing_of_the_other_park(app, planted, login_as, persona):
    client = app.test_client()
    login_as(client, persona)
    wrong: list[str] = []
    for side in ("own", "foreign"):
        for rule, url, _view in walk.addresses(app, planted[side], "GET"):
            if side == "foreign" and "<int" not in rule:
                continue  # the same address as before
            answer = client.get(url)
            body = _seen(answer)
            if answer.status_code >= 500:
                wrong.append(f"{url} ({rule}) answers {answer.status_code}")
            if walk.FOREIGN in body:
                wrong.append(f"{url} shows the other park: …{body[max(0, body.index(walk.FOREIGN) - 80):][:160]}…")
            if walk.PHONE.search(body) or walk.ID_NUMBER.search(body):
                wrong.append(f"{url} shows an unmasked number")
    assert not wrong, "\n".join(wrong)


def test_control_a_session_without_confinement_would_show_it(app, planted, login_as, monkeypatch):
    """Control: with a scope of all parks the canary of the other park is found."""
    from dataclasses import replace

    from parkops.security import identity

    real = identity.Identity.scope
    monkeypatch.setattr(identity.Identity, "scope", lambda self, **k: replace(real(self, **k), parks=None))
    client = app.test_client()
    login_as(client, "operations_manager")
    found = (url for _rule, url, _view in walk.addresses(app, planted["foreign"], "GET")
             if url.startswith("/tenants/") and walk.FOREIGN in _seen(client.get(url)))
    assert next(found, None)


def test_writing_at_the_other_park_changes_nothing(app, fresh_db, planted, login_as):
    """Every POST, PUT and DELETE with the other park's ids: 4xx, no canary, not one row of it changed."""
    client = app.test_client()
    login_as(client, "operations_manager")
    mark = token(client)
    before = walk.fingerprint(fresh_db, NOISY, park="west")
    wrong = []
    for method in METHODS:
        for _rule, url, _view in walk.addresses(app, planted["foreign"], method):
            if url.startswith(("/logout", "/login", "/me/", "/account", "/api/v1/security", "/imports")):
                continue
            answer = client.open(url, method=method, json={"ids": list(planted["foreign"].values())[:5], "version": 1, "name": "x"},
                                 headers={"X-CSRFToken": mark})
            if answer.status_code >= 500 or walk.FOREIGN in _seen(answer):
                wrong.append(f"{method} {url}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert walk.fingerprint(fresh_db, NOISY, park="west") == before


def test_every_change_refuses_without_a_token(app, planted, login_as):
    """G41: 100 % of the state-changing routes."""
    client = app.test_client()
    login_as(client, "system_administrator")
    open_routes = []
    for method in METHODS:
        for rule, url, _view in walk.addresses(app, planted["own"], method):
            if rule == "/api/v1/security/login":  # reads no cookie and sets none
                continue
            answer = client.open(url, method=method, data={"x": "1"}, headers=PLAIN)
            if answer.status_code != 400:
                open_routes.append(f"{method} {url}: {answer.status_code}")
    assert not open_routes, "\n".join(open_routes)


def test_looking_changes_nothing(app, fresh_db, planted, login_as):
    """G41: every GET as administrator and auditor leaves every table as it was."""
    clients = []
    for persona in ("system_administrator", "auditor"):
        client = app.test_client()
        login_as(client, persona)
        clients.append(client)
    before = walk.fingerprint(fresh_db, NOISY)
    for client in clients:
        for _rule, url, _view in walk.addresses(app, planted["own"], "GET"):
            client.get(url)
    after = walk.fingerprint(fresh_db, NOISY)
    assert {t for t in after if after[t] != before.get(t)} == set()


def test_visitors_see_the_login_page_only(app, planted):
    visitor = app.test_client()
    wrong = []
    for rule, url, _view in walk.addresses(app, planted["own"], "GET"):
        answer = visitor.get(url)
        allowed = answer.status_code in (302, 303, 401, 403, 404, 405) or rule in PUBLIC
        if not allowed or walk.OWN in _seen(answer):
            wrong.append(f"{url}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def _matrix(app: Any, planted: Any, login_as: Any, monkeypatch: Any) -> dict[str, str]:
    """`METHOD rule` -> personas that are let in (anything but 403). Changes are tried on the other park's records, so that
    those who may get 404 and nothing happens. Pages are not drawn: who is let in is decided before (the page walk draws them)."""
    from parkops.web.views import Page

    out: dict[str, list[str]] = {}
    known = []
    for persona in PERSONAS:
        client = app.test_client()
        login_as(client, persona)
        known.append((persona, client, token(client)))
    monkeypatch.setattr(Page, "draw", lambda self, template, status=200, **values: ("", status))
    for persona, client, mark in known:
        for method in ("GET", *METHODS):
            side = "own" if method == "GET" else "foreign"
            for rule, url, _view in walk.addresses(app, planted[side], method):
                if url.startswith(("/logout", "/login", "/me/", "/account", "/api/v1/security", "/lang")):
                    continue
                answer = client.open(url, method=method, headers={"X-CSRFToken": mark, **PLAIN}, json={} if method != "GET" else None)
                letter = "".join(w[0] for w in persona.split("_"))
                out.setdefault(f"{method} {rule}".replace("int(max=9223372036854775807):", ""), [])
                if answer.status_code != 403:
                    out[f"{method} {rule}".replace("int(max=9223372036854775807):", "")].append(letter)
    return {k: " ".join(v) for k, v in sorted(out.items())}


def test_role_matrix(app, planted, login_as, monkeypatch):
    """G32: who is let in where; a difference must be read and accepted by renewing the file."""
    now = _matrix(app, planted, login_as, monkeypatch)
    if os.environ.get("RENEW_ROLE_MATRIX"):
        MATRIX.write_text(json.dumps(now, indent=0, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    golden = json.loads(MATRIX.read_text(encoding="utf-8"))
    added, gone = sorted(set(now) - set(golden)), sorted(set(golden) - set(now))
    changed = [f"{k}: {golden[k]!r} -> {now[k]!r}" for k in now if k in golden and golden[k] != now[k]]
    assert not (added or gone or changed), "\n".join(["new: " + k for k in added] + ["gone: " + k for k in gone] + changed)
