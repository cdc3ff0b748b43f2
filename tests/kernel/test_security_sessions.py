"""Sessions end when they must (G37): old cookies and tokens are refused at the very next request."""

from __future__ import annotations

from datetime import timedelta

import pytest
from security_tools import PASSWORD, alive, alive_token, api_login, bearer, form_login, token
from sqlalchemy import select, text

from parkops import clock
from parkops.db.session import engine, system_scope
from parkops.security import identity, sessions, site_roles, users
from parkops.security.models import UserSession

NEW = "Quiet-Lake-4711"


def _profile(s, name="finance"):
    with engine().connect() as c:
        return users.profile_of(s, c.execute(text("select id from ab_user where username = :n"), {"n": name}).scalar_one())


def _admin(work):
    with system_scope("test") as s:
        work(s, _profile(s))


def _end_chosen(s, profile):
    users.end_chosen(s, list(s.scalars(select(UserSession).where(UserSession.user_id == profile.id)).unique()))


def _site_role(s, profile):
    role = site_roles.create_role(s, name="Reading room", rights=[("core.park", "read")])
    s.connection().execute(text("insert into ab_user_role (id, user_id, role_id) values (nextval('ab_user_role_id_seq'), :u, :r)"),
                           {"u": profile.id, "r": role.id})
    site_roles.change_rights(s, role, rights=[("core.park", "read"), ("core.kpi", "read")])


ENDINGS = {
    "password reset": lambda s, p: users.reset_password(s, p, password=NEW),
    "roles": lambda s, p: users.set_roles(s, p, role_codes=["leadership"]),
    "parks": lambda s, p: users.set_parks(s, p, park_ids=[]),
    "deactivation": users.deactivate_user,
    "kill all": users.end_sessions,
    "kill chosen": _end_chosen,
    "two-step reset": users.reset_totp,
    "rights of a site role": _site_role,
}


@pytest.mark.parametrize("how", ENDINGS)
def test_cookie_and_token_are_refused_at_the_next_request(app, fresh_db, how):
    client, other = app.test_client(), app.test_client()
    form_login(client, "finance")
    head = bearer(other, "finance")
    assert alive(client) and alive_token(other, head)
    _admin(ENDINGS[how])
    assert not alive(client) and not alive_token(other, head)


@pytest.mark.parametrize("how", ["kill all", "roles"])
def test_control_without_epoch_and_rows_the_old_cookie_lives(app, fresh_db, monkeypatch, how):
    monkeypatch.setattr(identity, "why_ended", lambda row, now: None)
    monkeypatch.setattr(sessions, "end_rows", lambda *a, **k: 0)
    client, other = app.test_client(), app.test_client()
    form_login(client, "finance")
    head = bearer(other, "finance")
    _admin(ENDINGS[how])
    assert alive(client) and alive_token(other, head)


def test_logout_ends_the_copied_cookie_too(app, fresh_db):
    client, thief = app.test_client(), app.test_client()
    form_login(client, "finance")
    cookie = client.get_cookie("session")
    thief.set_cookie("session", cookie.value)
    assert alive(thief)
    assert client.get("/logout/").status_code == 405, "GET does not log out"
    assert client.post("/logout/", data={"csrf_token": token(client, "/account/")}).status_code == 302
    assert not alive(thief) and not alive(client)


def test_api_logout_ends_token_and_refresh(app, fresh_db):
    client = app.test_client()
    got = api_login(client, "finance", refresh=True).get_json()
    head, refresh = ({"Authorization": f"Bearer {got[k]}"} for k in ("access_token", "refresh_token"))
    again = client.post("/api/v1/security/refresh", headers=refresh)
    assert again.status_code == 200
    assert client.post("/api/v1/security/refresh", headers=head).status_code == 401, "an access token does not refresh"
    assert client.get("/api/v1/core/todo/_info", headers=refresh).status_code == 401, "a refresh token opens nothing"
    assert client.post("/api/v1/security/logout", headers=head).status_code == 200
    assert not alive_token(client, head)
    assert client.post("/api/v1/security/refresh", headers=refresh).status_code == 401


def test_own_password_change_keeps_only_this_session(app, fresh_db):
    here, there, api = app.test_client(), app.test_client(), app.test_client()
    form_login(here, "finance"), form_login(there, "finance")
    head = bearer(api, "finance")
    old = here.get_cookie("session").value
    answer = here.post("/account/password/", data={
        "current": PASSWORD, "new": NEW, "again": NEW, "csrf_token": token(here, "/account/password/")})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    assert alive(here) and not alive(there) and not alive_token(api, head)
    thief = app.test_client()
    thief.set_cookie("session", old)
    assert not alive(thief)
    assert form_login(app.test_client(), "finance").status_code == 401
    assert form_login(app.test_client(), "finance", NEW).status_code == 302


@pytest.mark.parametrize(("column", "ago"), [("last_seen_at", timedelta(minutes=31)), ("expires_at", timedelta(seconds=1))])
def test_idle_and_absolute_time(app, fresh_db, column, ago):
    client = app.test_client()
    form_login(client, "finance")
    with engine().begin() as c:
        c.execute(text(f"update core_session set {column} = :t"), {"t": clock.now() - ago})
    assert not alive(client)
    with engine().connect() as c:
        assert c.execute(text("select ended_why from core_session")).scalar() == ("idle" if column == "last_seen_at" else "expired")
    page = client.get("/login/").get_data(as_text=True)
    assert "alert-warning" in page, "the log-in page says why"


def test_limits_are_30_minutes_and_12_hours(app, fresh_db):
    assert timedelta(minutes=30) == identity.IDLE and timedelta(hours=12) == identity.ABSOLUTE
    form_login(app.test_client(), "finance")
    with engine().connect() as c:
        assert c.execute(text("select expires_at - started_at from core_session")).scalar() == timedelta(hours=12)
    assert app.config["JWT_REFRESH_TOKEN_EXPIRES"] <= timedelta(hours=12)


def test_log_in_changes_the_cookie_and_the_secret_is_not_stored(app, fresh_db):
    client = app.test_client()
    client.get("/login/")
    with client.session_transaction() as before:
        csrf = before.get("csrf_token")
    form_login(client, "finance")
    with client.session_transaction() as after:
        assert after.get("csrf_token") != csrf
        secret = after["sid"]
    with engine().connect() as c:
        assert c.execute(text("select token_hash from core_session")).scalar() == identity.token_hash(secret) != secret


def test_forged_cookies_sign_nobody_in(app, fresh_db):
    client = app.test_client()
    for values in ({"_user_id": "1"}, {"sid": "x"}, {"sid": 5}, {"sid": ""}, {"sid": ["a"]}, {"sid": "\ud800"}):
        with client.session_transaction() as s:
            s.clear()
            s.update(values)
        assert not alive(client)


def test_a_cookie_token_does_not_work_as_bearer_nor_the_reverse(app, fresh_db):
    """A session made for one door does not open the other."""
    from flask_jwt_extended import create_access_token

    client = app.test_client()
    form_login(client, "finance")
    with client.session_transaction() as s:
        sid = s["sid"]
    with engine().connect() as c:
        uid = c.execute(text("select id from ab_user where username = 'finance'")).scalar_one()
    with app.app_context():
        made = create_access_token(identity=str(uid), additional_claims={"sid": sid})
    assert not alive_token(app.test_client(), {"Authorization": f"Bearer {made}"})
    own = sessions.open_session(uid, now=clock.now(), address="", agent="", kind="api")
    with client.session_transaction() as s:
        s["sid"] = own
    assert not alive(client)


def test_authentication_costs_one_statement(app, fresh_db, query_count):
    client = app.test_client()
    form_login(client, "finance")
    with query_count() as q:
        client.get("/api/v1/nothing/here")  # 404: nothing but authentication runs
    assert q.count == 1, q.statements
    head = bearer(app.test_client(), "finance")
    with query_count() as q:
        app.test_client().get("/api/v1/nothing/here", headers=head)
    assert q.count == 1, q.statements


def test_must_change_password_comes_before_everything(app, fresh_db):
    with engine().begin() as c:
        c.execute(text("update core_user set must_change_password = true where username = 'finance'"))
    client = app.test_client()
    form_login(client, "finance")
    for path in ("/", "/account/", "/core/park/"):
        assert client.get(path).headers.get("Location") == "/account/password/"
    assert client.get("/account/password/").status_code == 200
    head = bearer(app.test_client(), "finance")
    assert app.test_client().get("/api/v1/core/todo/", headers=head).status_code == 403


def test_old_password_must_be_changed_after_90_days(app, fresh_db):
    with engine().begin() as c:
        c.execute(text("update core_user set password_changed_at = now() - interval '91 days' where username = 'finance'"))
    client = app.test_client()
    form_login(client, "finance")
    assert client.get("/account/").headers.get("Location") == "/account/password/"


def test_two_step_is_forced_where_the_installation_says_so(app, fresh_db):
    from dataclasses import replace

    finance, clerk = app.test_client(), app.test_client()
    form_login(finance, "finance"), form_login(clerk, "operations_clerk")
    assert alive(finance)
    before = app.config["PARKOPS"]
    app.config["PARKOPS"] = replace(before, require_totp=True)
    try:
        assert finance.get("/account/").headers["Location"] == "/account/two-step/"
        assert finance.get("/account/two-step/").status_code == 200
        assert alive(clerk), "only administrators and finance"
    finally:
        app.config["PARKOPS"] = before


def test_foreign_sessions_cannot_be_ended(app, fresh_db):
    client, victim = app.test_client(), app.test_client()
    form_login(victim, "finance"), form_login(client, "operations_clerk")
    with engine().connect() as c:
        sid = c.execute(text("select s.id from core_session s join ab_user u on u.id = s.user_id where u.username = 'finance'")).scalar()
    client.post(f"/account/sessions/{sid}/end/", data={"csrf_token": token(client, "/account/")})
    assert alive(victim)
