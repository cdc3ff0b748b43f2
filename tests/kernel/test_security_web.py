"""Headers on every answer (G40), CSRF on every change (G41), hosts and redirects (G42), cookies, cached files."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from security_tools import PASSWORD, api_login, bearer, form_login, token

from parkops.config import Config, read
from parkops.errors import Refused
from parkops.registry import registry
from parkops.security import headers, setup
from parkops.security.redirects import local_path
from parkops.security.settings import check_secret, flask_settings

NEEDED = {
    "Content-Security-Policy": ("script-src 'self' 'nonce-", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
                                "form-action 'self'", "style-src 'self'", "style-src-attr 'unsafe-inline'", "img-src 'self' data: blob:",
                                "connect-src 'self'"),
    "X-Content-Type-Options": ("nosniff",), "Referrer-Policy": ("same-origin",), "Permissions-Policy": ("camera=()",),
}


def missing(response: Any, *, static: bool = False) -> list[str]:
    """Which headers an answer lacks."""
    out = [f"{k}: {part}" for k, parts in NEEDED.items() for part in parts if part not in response.headers.get(k, "")]
    if "unsafe-inline" in response.headers.get("Content-Security-Policy", "").split("style-src-attr")[0]:
        out.append("unsafe-inline")
    if not static and response.headers.get("Cache-Control") != "no-store":
        out.append("no-store")
    return out


def _fill(rule: Any) -> str:
    return re.sub(r"<[^>]*>", "1", rule.rule)


def _rules(app: Any, methods: set[str]) -> list[tuple[str, str, str]]:
    return [(m, _fill(r), r.endpoint) for r in app.url_map.iter_rules() for m in sorted(r.methods & methods)]


def test_every_answer_carries_the_headers(app, fresh_db):
    """Every URL as a visitor, the kernel's own as an administrator, with errors 400, 401, 403, 404, 405, 413 among them.
    (The walk over every page in tests/architecture looks at the modules' pages as administrator and auditor.)"""
    visitor, admin = app.test_client(), app.test_client()
    form_login(admin, "system_administrator")
    seen, modules = set(), tuple(f"{start}/{name}/" for start in ("", "/api/v1") for name in registry().manifests)
    for client in (visitor, admin):
        for _method, path, endpoint in _rules(app, {"GET"}):
            if client is admin and path.startswith(modules):
                continue
            answer = client.get(path)
            assert not missing(answer, static=endpoint.endswith("static")), (path, missing(answer))
            seen.add(answer.status_code)
    more = [admin.get("/no/such/page"), admin.put("/login/"), admin.post("/account/locale/"), visitor.get("/api/v1/core/todo/"),
            visitor.get("/", headers={"Host": "evil.example"}),
            admin.post("/account/locale/", data=b"x" * (21 * 1024 * 1024), headers={"X-CSRFToken": token(admin, "/account/")})]
    assert not [missing(a) for a in more if missing(a)]
    seen |= {a.status_code for a in more}
    assert {200, 400, 401, 403, 404, 405, 413} <= seen, seen


def test_control_a_plain_flask_app_fails_the_check():
    plain = Flask("plain")
    assert len(missing(plain.test_client().get("/"))) > 8


def test_errors_inside_a_view_carry_the_headers(app, fresh_db, monkeypatch):
    from parkops.web import security_pages

    def broken(*_a: Any, **_k: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(security_pages.users, "current_profile", broken)
    client = app.test_client()
    form_login(client, "finance")
    answer = client.get("/account/")
    assert answer.status_code == 500 and not missing(answer)
    assert "ZeroDivisionError" not in answer.get_data(as_text=True)


def test_nonce_differs_and_scripts_carry_it_or_a_local_address(app, fresh_db):
    client = app.test_client()
    form_login(client, "system_administrator")
    nonces = set()
    for path in ("/login/", "/account/", "/account/password/", "/account/two-step/", "/core/role/", "/core/role/new/"):
        answer = client.get(path, follow_redirects=True)
        html = answer.get_data(as_text=True)
        assert answer.status_code == 200, path
        nonces.add(re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[1])
        for tag in re.findall(r"<script\b[^>]*>", html):
            assert "nonce=" in tag or 'src="/' in tag or 'type="application/json"' in tag, (path, tag)
        assert not re.search(r"<[^>]+\son\w+\s*=", html), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html), path
    assert len(nonces) == 6


def test_login_page_and_account_in_both_languages(app, fresh_db):
    for language in ("zh-CN", "en"):
        assert app.test_client().get("/login/", headers={"Accept-Language": language}).status_code == 200
    client = app.test_client()
    form_login(client, "finance")
    client.post("/account/locale/", data={"locale": "en", "csrf_token": token(client, "/account/")})
    assert 'lang="en"' in client.get("/account/").get_data(as_text=True)


def test_cookie_flags(app, fresh_db):
    client = app.test_client()
    answer = form_login(client, "finance")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
    tls = flask_settings(read({"PARKOPS_HTTPS": "1", "PARKOPS_SECRET_KEY": "k3X9" * 12 + "abcdefgh", "PARKOPS_JWT_SECRET_KEY": "j7Y1" * 12 + "mnopqrst"}))
    assert tls["SESSION_COOKIE_SECURE"] is True and tls["SESSION_COOKIE_NAME"] == "__Host-session"


def test_hsts_only_on_tls(app, fresh_db):
    client = app.test_client()
    assert "Strict-Transport-Security" not in client.get("/login/").headers
    before = app.config["PARKOPS"]
    app.config["PARKOPS"] = Config(https=True)
    try:
        assert "max-age=31536000" in client.get("/login/").headers["Strict-Transport-Security"]
    finally:
        app.config["PARKOPS"] = before


def test_static_files_may_be_cached(app, db):
    answer = app.test_client().get("/static/parkops/parkops.css")
    assert answer.status_code == 200 and "no-store" not in answer.headers.get("Cache-Control", "") and not missing(answer, static=True)


# --- CSRF -----------------------------------------------------------------------------------------------------------------

CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
OPEN = {"ParkSecurityApi.login"}  # reads no cookie and sets none


def test_every_change_without_a_token_is_refused(app, fresh_db):
    client = app.test_client()
    form_login(client, "system_administrator")
    rules = [r for r in _rules(app, CHANGES) if r[2] not in OPEN]
    plain = {"Accept": "application/json"}  # a refusal need not be drawn as a page each time
    wrong = [(m, p, s) for m, p, _e in rules if (s := client.open(p, method=m, data={"x": "1"}, headers=plain).status_code) != 400]
    assert len(rules) > 30 and not wrong, wrong
    assert client.get("/account/").status_code == 200, "still logged in"


def test_control_without_the_check_the_same_post_passes(app, fresh_db, monkeypatch):
    client = app.test_client()
    form_login(client, "finance")
    assert client.post("/account/locale/", data={"locale": "en"}).status_code == 400
    monkeypatch.setitem(app.config, "WTF_CSRF_METHODS", set())
    assert client.post("/account/locale/", data={"locale": "en"}).status_code == 302


def test_a_token_of_another_session_is_refused(app, fresh_db):
    mine, theirs = app.test_client(), app.test_client()
    form_login(mine, "finance"), form_login(theirs, "operations_clerk")
    stolen = token(theirs, "/account/")
    assert mine.post("/account/locale/", data={"locale": "en", "csrf_token": stolen}).status_code == 400


def test_bearer_calls_need_no_token_and_ignore_the_cookie(app, fresh_db):
    client = app.test_client()
    form_login(client, "system_administrator")
    head = bearer(app.test_client(), "auditor")
    answer = client.post("/api/v1/core/todo/", json={"title": "x"}, headers=head)
    assert answer.status_code == 403, "the token's rights count, not the cookie's"
    assert client.post("/api/v1/core/todo/", json={"title": "x"}, headers={"Authorization": "Bearer x.y.z"}).status_code == 401


def test_the_refusal_says_what_to_do_and_keeps_what_was_typed(app, fresh_db):
    client = app.test_client()
    form_login(client, "system_administrator")
    typed = {"name": "A <b>long</b> text", "password": "Secret-Text-99"}
    foreign = client.post("/core/role/new/", data=typed, headers={"Sec-Fetch-Site": "cross-site"}).get_data(as_text=True)
    own = client.post("/core/role/new/", data=typed, headers={"Sec-Fetch-Site": "same-origin"})
    html = own.get_data(as_text=True)
    assert own.status_code == 400 and "A &lt;b&gt;long&lt;/b&gt; text" in html and "Secret-Text-99" not in html
    assert 'action="/core/role/new/"' in html and 'action="/core/role/new/"' not in foreign, "no one-click resend for a foreign site"


# --- hosts and redirects ---------------------------------------------------------------------------------------------------

OFF_SITE = [
    "https://evil.example/", "http://evil.example", "//evil.example", "///evil.example", "////evil.example/%2e%2e", "\\\\evil.example",
    "/\\evil.example", "/\\/evil.example", "\t//evil.example", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", " //evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "https:evil.example", "http:///evil.example", "//evil.example\\@localhost",
    "//localhost@evil.example", "/%09/evil.example", "/%5cevil.example", "/%2f%2fevil.example", "/..//evil.example", "/.//evil.example",
    "/;@evil.example", "//\u3002evil.example", "/\u2028/evil.example", "\x00//evil.example", "https://localhost.evil.example", "//[::1]@evil.example",
    "https://localhost@evil.example/", "/\x0b/evil.example", "evil.example", "?next=//evil.example", "#//evil.example", "http://[",
]


def _off_site(location: str) -> bool:
    """How a browser reads it: tabs and line breaks vanish, back-slashes are slashes."""
    seen = re.sub(r"[\t\r\n]", "", location).strip("\x00\x0b ").replace("\\", "/")
    if seen.startswith("//"):
        return True
    parts = urlsplit(seen)
    return bool(parts.scheme and parts.netloc != "localhost") or bool(parts.netloc and parts.netloc != "localhost")


@pytest.mark.parametrize("vector", OFF_SITE)
def test_off_site_targets_become_the_home_page(vector):
    assert local_path(vector) == "/"


def test_no_redirect_leaves_the_site(app, fresh_db):
    """Every vector on every page that takes `next`: log-in form, log-in page when signed in, language."""
    client = app.test_client()
    for vector in OFF_SITE:
        answer = form_login(client, "finance", next=vector)
        assert answer.status_code == 302 and answer.headers["Location"] == "/", vector
        assert not _off_site(client.get("/login/", query_string={"next": vector}).headers["Location"]), vector
        secret = token(client, "/account/password/")
        answer = client.post("/account/locale/", data={"next": vector, "csrf_token": secret})
        assert not _off_site(answer.headers["Location"]), vector
        client.post("/logout/", data={"csrf_token": secret})


def test_control_a_trusting_redirect_leaves_the_site():
    assert sum(_off_site(v) for v in OFF_SITE if v != "http://[") >= 12


@pytest.mark.parametrize("path", ["/tenants/firm/?on=2022-10-31", "/", "/core/user/3", "/a/b?x=%2F%2Fy&z=1#k"])
def test_local_targets_are_kept(path):
    assert local_path(path) == path


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_spoofed_hosts_are_refused(app, db, host):
    answer = app.test_client().get("/login/?next=https://evil.example/x", headers={"Host": host})
    assert answer.status_code == 400 and "evil.example" not in answer.get_data(as_text=True)


def test_forwarded_headers_count_only_behind_a_proxy(app, fresh_db):
    client = app.test_client()
    client.post("/api/v1/security/login", json={"username": "finance", "password": PASSWORD},
                headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})
    from sqlalchemy import text

    from parkops.db.session import engine

    with engine().connect() as c:
        assert c.execute(text("select address from core_session")).scalar() == "127.0.0.1"
    inner = Flask("behind")
    inner.config.update(flask_settings(Config(proxy_hops=1, data_dir=app.config["PARKOPS"].data_dir)))
    setup.init(inner)
    assert type(inner.wsgi_app).__name__ == "ProxyFix" and inner.wsgi_app.x_for == 1


@pytest.mark.parametrize("key", ["short", "a" * 40, "changeme" * 1, "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET", "1212121212121212121212121212121212",
                                 "This_is_a_secret_key_of_at_least_32_characters"])
def test_weak_and_known_keys_are_refused(key):
    with pytest.raises(Refused):
        check_secret("secret_key", key)


def test_hardening_table(app, db):
    """Every row of the hardening table, as the running app has it."""
    want = {
        "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax", "FAB_ALLOW_GET_UNSAFE_MUTATIONS": False,
        "WTF_CSRF_TIME_LIMIT": None, "AUTH_RATE_LIMITED": True, "RATELIMIT_ENABLED": True, "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
        "AUTH_USER_REGISTRATION": False, "AUTH_API_LOGIN_ALLOW_MULTIPLE_PROVIDERS": False, "FAB_ADD_SECURITY_API": False,
        "FAB_API_KEY_ENABLED": False, "FAB_ADD_SECURITY_PERMISSION_VIEW": False, "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False, "FAB_API_MAX_PAGE_SIZE": 100, "FAB_API_SHOW_STACKTRACE": False,
        "FAB_UPDATE_PERMS": False, "FAB_CREATE_DB": False, "FAB_SECURITY_SIGNALS_ENABLED": True, "MAX_CONTENT_LENGTH": 20 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 500_000, "MAX_FORM_PARTS": 1000, "JWT_TOKEN_LOCATION": ["headers"],
    }
    assert {k: app.config[k] for k in want} == want
    assert app.config["TRUSTED_HOSTS"] and app.config["SECRET_KEY"] != app.config["JWT_SECRET_KEY"] and len(app.config["SECRET_KEY"]) >= 32
    assert flask_settings(Config(data_dir=app.config["PARKOPS"].data_dir))["FAB_API_SWAGGER_UI"] is False
    assert "csrf" in app.extensions and headers.HSTS.startswith("max-age=31536000")


def test_locked_message_needs_no_cookie(app, fresh_db):
    """An API answer never sets a session for a visitor."""
    assert "Set-Cookie" not in api_login(app.test_client(), "finance").headers
