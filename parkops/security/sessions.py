"""Server-side sessions: opening, ending, and the one place where a log-in is decided (form and API alike).

`log_in` runs its own short transactions: a failed try must stay counted whatever the caller does."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from ..db import audit
from ..db.session import engine, system_scope
from . import lockout, passwords, totp
from .identity import ABSOLUTE, token_hash

FIND_USER = text("""
select u.id, u.username, u.password, u.active, p.epoch, p.totp_enabled, p.totp_secret, p.name, p.is_portal
  from ab_user u join core_user p on p.user_id = u.id
 where lower(u.username) = lower(:name) or (position('@' in :name) > 0 and lower(u.email) = lower(:name))
 order by (lower(u.username) = lower(:name)) desc limit 1
""")


@dataclass(frozen=True)
class LoggedIn:
    """The result of a try. outcome: ok | wrong | locked | code (a one-time code is wanted or was wrong)."""

    outcome: str
    user_id: int | None = None
    username: str = ""
    epoch: int = 0


def clean(name: str, limit: int = 80) -> str:
    """A user name fit for one line of a log: no control characters, at most 80 (CVE-2021-42250)."""
    return "".join(c if c.isprintable() else "�" for c in name)[:limit]


def _note(kind: str, name: str, *, result: str, address: str, via: str, user_id: int | None = None, detail: dict | None = None) -> None:
    with system_scope("log-in record") as s:
        audit.event(s, kind, detail, resource="core.session", result=result, user_id=user_id, user_name=clean(name) or "-",
                    address=address[:64] or None, via=via)


def log_in(name: str, password: str, code: str | None = None, *, now: datetime, address: str = "", via: str = "screen",
           code_only_for: int | None = None, space: str = "staff") -> LoggedIn:
    """Check a user name and password (and one-time code when the user has one).

    The same work is done for unknown, inactive and existing users. `code_only_for`: the password was right a moment ago
    for this user id; only the code is checked. `space`: staff and portal are two log-in spaces; who belongs to the other one
    is unknown here."""
    with engine().begin() as c:
        row = c.execute(FIND_USER, {"name": name.strip()}).one_or_none() if passwords.is_text(name) else None
    account = row.username if row is not None else name  # user name and e-mail share one count
    if lockout.reserve(account, now=now, address=address) is None:
        _note("login", name, result="locked", address=address, via=via)
        return LoggedIn("locked")
    if code_only_for is None:
        right = passwords.matches(row.password if row is not None else None, password)
    else:
        right = row is not None and row.id == code_only_for
    if row is None or not right or not row.active or row.is_portal != (space == "portal"):
        _note("login", name, result="refused", address=address, via=via, user_id=row.id if row is not None else None)
        return LoggedIn("wrong")
    if row.totp_enabled and not _code_ok(row, code, now):
        if code:
            _note("login", name, result="wrong code", address=address, via=via, user_id=row.id)
        else:
            lockout.give_back(account)
        return LoggedIn("code", row.id, row.username, row.epoch)
    lockout.clear(account)
    return LoggedIn("ok", row.id, row.username, row.epoch)


def _code_ok(row: Any, code: str | None, now: datetime) -> bool:
    if not code:
        return False
    with engine().begin() as c:
        return totp.check(c, row.id, row.totp_secret, code, now)


def open_session(user_id: int, *, now: datetime, address: str, agent: str, kind: str = "screen", username: str = "") -> str:
    """Start a session; returns its secret, which only the client keeps."""
    token = secrets.token_urlsafe(32)
    with engine().begin() as c:
        epoch = c.execute(text("update core_user set last_seen_at = :now where id = :id returning epoch"),
                          {"id": user_id, "now": now}).scalar_one()
        c.execute(text("""insert into core_session (user_id, token_hash, kind, epoch, started_at, last_seen_at, expires_at, address, agent)
                          values (:u, :h, :kind, :epoch, :now, :now, :until, :address, :agent)"""),
                  {"u": user_id, "h": token_hash(token), "kind": kind, "epoch": epoch, "now": now, "until": now + ABSOLUTE,
                   "address": address[:64], "agent": clean(agent, 200)})
        c.execute(text("update ab_user set last_login = :now, login_count = coalesce(login_count, 0) + 1, fail_login_count = 0"
                       " where id = :id"), {"id": user_id, "now": now.replace(tzinfo=None)})
    _note("login", username or str(user_id), result="done", address=address, via="api" if kind == "api" else "screen",
          user_id=user_id, detail={"kind": kind})
    return token


def end_session(token: str, *, now: datetime, why: str = "logout") -> None:
    """End the session of a cookie or token; nothing happens when it has ended already."""
    with engine().begin() as c:
        c.execute(text("update core_session set ended_at = :now, ended_why = :why where token_hash = :h and ended_at is null"),
                  {"h": token_hash(token), "now": now, "why": why})


def end_rows(connection: Any, user_id: int, *, now: datetime, why: str) -> int:
    """Close a user's open sessions; the caller also moves the profile's epoch and commits. Returns how many ended."""
    return connection.execute(
        text("update core_session set ended_at = :now, ended_why = :why where user_id = :id and ended_at is null"),
        {"id": user_id, "now": now, "why": why}).rowcount


def end_own(connection: Any, user_id: int, session_id: int, *, now: datetime) -> int:
    """End one session of this user; 0 when it is not theirs or has ended."""
    return connection.execute(text("update core_session set ended_at = :now, ended_why = 'self' where id = :id and user_id = :u"
                                   " and ended_at is null"), {"id": session_id, "u": user_id, "now": now}).rowcount


def forget_old(connection: Any, now: datetime) -> int:
    """Close sessions past their time (nightly job); the rows stay as a record of who was logged in."""
    return connection.execute(text("update core_session set ended_at = expires_at, ended_why = 'expired'"
                                   " where ended_at is null and expires_at <= :now"), {"now": now}).rowcount
