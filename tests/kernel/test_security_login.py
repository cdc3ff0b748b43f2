"""Log-in: lock-out for form and API (G36), the same answer for everybody (G38, G39), one-time codes that work once."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pyotp
import pytest
from security_tools import PASSWORD, api_login, form_login, token
from sqlalchemy import text

from parkops import clock
from parkops.db.session import engine
from parkops.security import lockout, passwords, sessions, totp, users


@pytest.fixture
def counted(monkeypatch):
    """Counts how often a password is really looked at."""
    lock, count = threading.Lock(), SimpleNamespace(n=0)
    real = passwords.matches

    def matches(stored, password):
        with lock:
            count.n += 1
        return real(stored, password)

    monkeypatch.setattr(passwords, "matches", matches)
    return count


def _attack(app, name: str, tries: int) -> list[int]:
    """`tries` wrong log-ins from a hundred addresses, half by form and half by API, four at a time."""

    def some(part: int) -> list[int]:
        client, out = app.test_client(), []
        secret = token(client)
        for i in range(part, tries, 4):
            address = f"10.0.{i % 100}.7"
            if i % 2:
                out.append(api_login(client, name, f"Wrong-guess-{i}", address).status_code)
            else:
                out.append(client.post("/login/", data={"username": name, "password": f"Wrong-guess-{i}", "csrf_token": secret},
                                       environ_base={"REMOTE_ADDR": address}).status_code)
        return out

    with ThreadPoolExecutor(4) as pool:
        return [code for codes in pool.map(some, range(4)) for code in codes]


def test_thousand_tries_cost_five_password_checks(app, fresh_db, counted, monkeypatch):
    monkeypatch.setattr(sessions, "_note", lambda *a, **k: None)  # the record of each try is tested below; here speed counts
    codes = _attack(app, "finance", 1000)
    assert counted.n <= lockout.FAILS
    assert codes.count(429) == 1000 - counted.n and set(codes) <= {401, 429}


def test_control_without_reservation_every_password_is_checked(app, fresh_db, counted, monkeypatch):
    monkeypatch.setattr(lockout, "reserve", lambda *a, **k: 1)
    _attack(app, "finance", 24)
    assert counted.n == 24


def test_locked_name_refuses_the_right_password_until_unlocked(app, fresh_db, as_role):
    client = app.test_client()
    for _ in range(lockout.FAILS):
        assert form_login(client, "finance", "Wrong-guess-1").status_code == 401
    assert form_login(client, "finance").status_code == 429
    assert api_login(client, "finance").status_code == 429
    assert api_login(client, "finance@example.org").status_code == 429, "the e-mail counts on the same line"
    with as_role("system_administrator") as s:
        users.unlock_user(s, users.profile_of(s, _id("finance")))
        s.commit()
    assert form_login(client, "finance").status_code == 302


def test_lock_lasts_30_minutes_and_lives_in_the_database(app, fresh_db):
    """Kept over restart: the decision uses nothing but the table."""
    now = clock.now()
    for _ in range(lockout.FAILS):
        assert lockout.reserve("who", now=now) is not None
    assert lockout.reserve("who", now=now) is None
    assert lockout.reserve("WHO ", now=now + timedelta(minutes=29)) is None
    assert lockout.reserve("who", now=now + timedelta(minutes=30, seconds=1)) == 1


def test_failures_outside_the_window_do_not_add_up(db, fresh_db):
    now = clock.now()
    for i in range(12):
        assert lockout.reserve("slow", now=now + timedelta(minutes=4 * i)) is not None


def test_same_answer_for_unknown_wrong_and_deactivated(app, fresh_db, as_role):
    with as_role("system_administrator") as s:
        users.deactivate_user(s, users.profile_of(s, _id("auditor")))
        s.commit()
    client, answers = app.test_client(), []
    for name, password in (("nobody-here", PASSWORD), ("finance", "Wrong-guess-1"), ("auditor", PASSWORD)):
        page, api = form_login(client, name, password), api_login(client, name, password)
        body = page.get_data(as_text=True).replace(name, "NAME")
        answers.append((page.status_code, api.status_code, api.get_json()["message"], "NAME" in body, len(body) // 200))
    assert answers[0] == answers[1] == answers[2]


def test_time_tells_nothing_about_a_name(app, fresh_db, monkeypatch):
    """G39: the medians for an existing and a missing name differ by less than 10 ms or stay within noise."""
    monkeypatch.setattr(lockout, "reserve", lambda *a, **k: 1)
    monkeypatch.setattr(passwords, "METHOD", "scrypt:1024:8:1")  # the test users' hashes are that cheap too
    passwords.fake_hash.cache_clear()
    try:
        taken: dict[str, list[float]] = {"finance": [], "nobody-here": []}
        for _ in range(60):
            for name in taken:
                start = time.perf_counter()
                sessions.log_in(name, "Wrong-guess-1", now=clock.now())
                taken[name].append(time.perf_counter() - start)
    finally:
        passwords.fake_hash.cache_clear()
    difference = abs(statistics.median(taken["finance"]) - statistics.median(taken["nobody-here"]))
    assert difference <= max(0.010, statistics.pstdev(taken["finance"]))


def test_line_breaks_in_a_name_stay_one_entry(app, fresh_db):
    client = app.test_client()
    api_login(client, "evil\r\n2026-01-01 admin logged in", "Wrong-guess-1")
    with engine().connect() as c:
        row = c.execute(text("select user_name, op, result, address from core_audit order by id desc limit 1")).one()
    assert "\n" not in row.user_name and "\r" not in row.user_name
    assert (row.op, row.result, row.address) == ("login", "refused", "127.0.0.1")


@pytest.mark.parametrize("body", [None, [], "x", {}, {"username": 1, "password": 2}, {"username": "a" * 400, "password": "b"},
                                  {"username": "a", "password": "b", "provider": "ldap"}, {"username": "a\x00", "password": "b\x00"},
                                  {"username": "\ud800", "password": "b"}])
def test_hostile_bodies_are_refused_not_crashed(app, db, body):
    answer = app.test_client().post("/api/v1/security/login", json=body)
    assert answer.status_code in (400, 401), answer.get_data(as_text=True)


def _id(name: str) -> int:
    with engine().connect() as c:
        return c.execute(text("select id from ab_user where username = :n"), {"n": name}).scalar_one()


@pytest.fixture
def with_totp(app, fresh_db, as_role):
    """The finance user with two-step log-in; returns the secret."""
    secret = totp.new_secret()
    with as_role("finance") as s:
        users.enable_totp(s, secret=secret, code=pyotp.TOTP(secret).at(int(time.time()) - 90), now=clock.now() - timedelta(seconds=90))
        s.commit()
    return secret


def test_a_code_works_once(app, with_totp):
    client = app.test_client()
    code = pyotp.TOTP(with_totp).now()
    assert form_login(client, "finance").headers["Location"] == "/login/code/"
    assert client.get("/account/").status_code == 302, "the password alone does not sign in"
    assert client.post("/login/code/", data={"code": code, "csrf_token": token(client, "/login/code/")}).status_code == 302
    assert client.get("/account/").status_code == 200
    other = app.test_client()
    assert api_login(other, "finance", code=code).status_code == 401, "the same code again"
    assert api_login(other, "finance").get_json()["code_required"] is True


def test_a_code_is_taken_once_by_simultaneous_requests(app, with_totp):
    code = pyotp.TOTP(with_totp).now()

    def use(_: int) -> int:
        return api_login(app.test_client(), "finance", code=code).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))).count(200) == 1


def test_control_without_the_step_check_the_code_works_twice(app, with_totp, monkeypatch):
    monkeypatch.setattr(totp, "check", lambda c, uid, secret, code, now: totp.step_of(secret, code, now) is not None)
    code = pyotp.TOTP(with_totp).now()
    assert [api_login(app.test_client(), "finance", code=code).status_code for _ in range(2)] == [200, 200]


def test_a_known_password_does_not_buy_unlimited_codes(app, with_totp):
    """Asking again with the password alone gives back one try, not the failed codes."""
    client, codes = app.test_client(), []
    for i in range(12):
        codes.append(api_login(client, "finance", code=f"{i:06d}").status_code)
        codes.append(api_login(client, "finance").status_code)
    assert codes[-1] == 429
    assert sum(1 for c in codes if c == 401) <= 2 * lockout.FAILS


def test_rate_limit_stops_one_address(app, fresh_db):
    app.config["AUTH_RATE_LIMIT"], before = "5 per minute", app.config["AUTH_RATE_LIMIT"]
    try:
        client = app.test_client()
        codes = [api_login(client, f"name-{i}", "Wrong-guess-1", "203.0.113.9").status_code for i in range(7)]
    finally:
        app.config["AUTH_RATE_LIMIT"] = before
    assert codes[:5] == [401] * 5 and codes[5:] == [429] * 2
