"""Every address × every persona × the other park (G30, G32, G34, G41).

After a wanted change of routes or rights, renew the golden matrix and read its difference before committing:
    RENEW_ROLE_MATRIX=1 .venv/bin/python -m pytest tests/architecture/test_urls.py -k "matrix or every_page"
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from test_security_web import missing

from parkops.testing.plugin import PERSONAS
from tests.architecture import matrix, walk

PUBLIC = ("/portal/login/", "/portal/manifest.webmanifest", "/login/", "/login/code/", "/favicon.ico", "/health", "/healthz", "/ready")
NOISY = ("core_session", "core_user_session", "core_audit", "core_login_attempt", "core_user_preference",
         "services_licence_lookup")  # activity marks, denials, and who scanned a licence code
OPEN = ("/logout", "/portal/logout", "/login", "/me/", "/account", "/api/v1/security", "/lang")  # everybody's own business
LOOKERS = ("system_administrator", "auditor")  # they see every page
METHODS = ("POST", "PUT", "PATCH", "DELETE")
PLAIN = {"Accept": "application/json"}  # where only the status counts, a refusal need not be drawn as a page


@pytest.fixture
def walk_db(app: Any, prepared: Any, begin_with: Any) -> str:
    """The database with a row in every park-scoped table of both parks."""
    return begin_with(prepared("planted", walk.plant)[0])


@pytest.fixture
def unrecorded(monkeypatch: Any) -> None:
    """Thousands of refusals leave no entry in the trail, which is a third of what each costs (that they do: tests/kernel/test_security_sync.py)."""
    from parkops.security import setup

    monkeypatch.setattr(setup, "record_denial", lambda: None)


@pytest.fixture
def planted(prepared: Any, walk_db: str) -> dict[str, dict[str, int]]:
    """The ids of its rows."""
    _name, (ids, missed) = prepared("planted", walk.plant)
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
def test_every_page_answers_and_shows_nothing_of_the_other_park(app, walk_db, planted, login_as, unrecorded, persona):
    """G30, G34; also who may look where (G32, the golden matrix) and that looking changes no table (G41).

    A refusal is drawn as a page for every twentieth address only: it is the same page each time."""
    client = app.test_client()
    login_as(client, persona)
    before = walk.fingerprint(walk_db, NOISY) if persona in LOOKERS else {}
    wrong: list[str] = []
    reached: dict[str, bool] = {}
    drawn = itertools.cycle((True, *(False,) * 19))
    for side in ("own", "foreign"):
        for rule, url, _view in walk.addresses(app, planted[side], "GET"):
            if side == "foreign" and "<int" not in rule:
                continue  # the same address as before
            answer = client.get(url, headers=PLAIN)
            if answer.status_code >= 400 and next(drawn):
                answer = client.get(url)
            body = _seen(answer)
            if side == "own" and not url.startswith(OPEN):
                reached[f"GET {rule}"] = answer.status_code != 403
            if lacking := missing(answer) if before and side == "own" and not url.startswith("/static") else []:
                wrong.append(f"{url} lacks {lacking}")
            if answer.status_code >= 500:
                wrong.append(f"{url} ({rule}) answers {answer.status_code}")
            if walk.FOREIGN in body:
                wrong.append(f"{url} shows the other park: …{body[max(0, body.index(walk.FOREIGN) - 80):][:160]}…")
            if walk.unmasked(body):
                wrong.append(f"{url} shows an unmasked number")
    if before:
        after = walk.fingerprint(walk_db, NOISY)
        wrong += [f"looking changed {t}" for t in after if after[t] != before.get(t)]
    wrong += matrix.differences(persona, reached, ("GET",))
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


def test_writing_at_the_other_park_changes_nothing(app, walk_db, planted, login_as):
    """Every POST, PUT and DELETE with the other park's ids: 4xx, no canary, not one row of it changed."""
    client = app.test_client()
    login_as(client, "operations_manager")
    mark = token(client)
    before = walk.fingerprint(walk_db, NOISY, park="west")
    wrong = []
    for method in METHODS:
        for _rule, url, _view in walk.addresses(app, planted["foreign"], method):
            if url.startswith((*OPEN, "/imports")):
                continue
            answer = client.open(url, method=method, json={"ids": list(planted["foreign"].values())[:5], "version": 1, "name": "x"},
                                 headers={"X-CSRFToken": mark})
            if answer.status_code >= 500 or walk.FOREIGN in _seen(answer):
                wrong.append(f"{method} {url}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert walk.fingerprint(walk_db, NOISY, park="west") == before


def test_every_change_refuses_a_wrong_token(app, planted, login_as):
    """G41: 100 % of the state-changing routes, at records that are there. (Without any token: tests/kernel/test_security_web.py.)"""
    client = app.test_client()
    login_as(client, "system_administrator")
    open_routes = []
    for method in METHODS:
        for rule, url, _view in walk.addresses(app, planted["own"], method):
            if rule == "/api/v1/security/login":  # reads no cookie and sets none
                continue
            answer = client.open(url, method=method, json={"x": 1}, headers={"X-CSRFToken": "bad", **PLAIN})
            if answer.status_code != 400:
                open_routes.append(f"{method} {url}: {answer.status_code}")
    assert not open_routes, "\n".join(open_routes)


def test_visitors_see_the_login_page_only(app, planted):
    visitor = app.test_client()
    wrong = []
    for rule, url, _view in walk.addresses(app, planted["own"], "GET"):
        answer = visitor.get(url)
        allowed = answer.status_code in (302, 303, 401, 403, 404, 405) or rule in PUBLIC
        if not allowed or walk.OWN in _seen(answer):
            wrong.append(f"{url}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("persona", PERSONAS)
def test_role_matrix_of_changes(app, planted, login_as, unrecorded, persona):
    """G32: who may change where. Changes are tried on the other park's records, so that those who may get 404 and nothing
    happens; who is let in is decided before."""
    client = app.test_client()
    login_as(client, persona)
    mark = token(client)
    reached = {}
    for method in METHODS:
        for rule, url, _view in walk.addresses(app, planted["foreign"], method):
            if url.startswith(OPEN):
                continue
            answer = client.open(url, method=method, headers={"X-CSRFToken": mark, **PLAIN}, json={})
            reached[f"{method} {rule}"] = answer.status_code != 403
    assert not (wrong := matrix.differences(persona, reached, METHODS)), "\n".join(wrong)


def test_control_a_lost_right_is_a_difference():
    golden = matrix.read()
    rule = next(k for k, letters in golden.items() if k.startswith("PUT ") and "oc" in letters.split())
    reached = {k: "oc" in letters.split() for k, letters in golden.items() if k.startswith("PUT ")}
    assert matrix.differences("operations_clerk", reached, ("PUT",), renew=False) == []
    assert matrix.differences("operations_clerk", reached | {rule: False}, ("PUT",), renew=False) == [f"{rule}: operations_clerk is refused now"]
    assert matrix.differences("operations_clerk", {k: v for k, v in reached.items() if k != rule}, ("PUT",), renew=False) == [f"gone: {rule}"]


def test_control_an_unmasked_number_is_noticed():
    assert walk.unmasked(f"tel {walk.PERSONAL['phone']},") and walk.unmasked(f"id {walk.PERSONAL['id_number']}<")
    assert not walk.unmasked("139****5678, 37**************34, 20.13912345678, 99912345678901")
