"""Lock-out: five failed log-ins within 15 minutes lock a user name for 30 minutes, on the form and on the API, for every
worker and over restarts (GB/T 22239-2019 8.1.4.1 b; figure G36).

A try is *reserved before* the password is looked at, by one statement on one row, so that a thousand simultaneous tries
from a hundred addresses cost five password checks. Success gives the reservation back. Each call is its own transaction:
a failed log-in must stay counted."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from ..db.session import engine

FAILS = 5
WINDOW = timedelta(minutes=15)
LOCKED = timedelta(minutes=30)

RESERVE = text("""
insert into core_login_attempt as a (name_hash, fails, window_start, locked_until, address)
values (:h, 1, :now, null, :address)
on conflict (name_hash) do update set
  fails = case when a.locked_until is not null or a.window_start < :window then 1 else a.fails + 1 end,
  window_start = case when a.locked_until is not null or a.window_start < :window then :now else a.window_start end,
  locked_until = case when a.locked_until is null and a.window_start >= :window and a.fails + 1 >= :fails
                      then cast(:until as timestamptz) end,
  address = :address, version = a.version + 1
where a.locked_until is null or a.locked_until <= :now
returning a.fails
""")


def name_hash(name: str) -> str:
    """User names compare without case and width; the hash hides passwords typed into the wrong field."""
    plain = unicodedata.normalize("NFKC", name).strip().casefold()
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def reserve(name: str, *, now: datetime, address: str = "") -> int | None:
    """Count a try. Its number within the window (1 to 5), or None when the name is locked: then do not look at the
    password at all."""
    with engine().begin() as c:
        return c.execute(RESERVE, {
            "h": name_hash(name), "now": now, "window": now - WINDOW, "until": now + LOCKED, "fails": FAILS,
            "address": address[:64]}).scalar_one_or_none()


def give_back(name: str) -> None:
    """Undo one reservation: the password was right, but a one-time code is still to come. Earlier failures stay counted,
    so that a known password does not buy unlimited codes."""
    with engine().begin() as c:
        c.execute(text("update core_login_attempt set fails = greatest(fails - 1, 0), locked_until = null, version = version + 1"
                       " where name_hash = :h"), {"h": name_hash(name)})


def clear(name: str, connection: Any = None) -> None:
    """A successful log-in, or an administrator, forgets the failed ones."""
    sql, values = text("delete from core_login_attempt where name_hash = :h"), {"h": name_hash(name)}
    if connection is not None:
        connection.execute(sql, values)
        return
    with engine().begin() as c:
        c.execute(sql, values)


def locked(names: list[str], connection: Any, now: datetime) -> dict[str, datetime]:
    """Which of these user names are locked, and until when."""
    hashes = {name_hash(n): n for n in names}
    rows = connection.execute(text("select name_hash, locked_until from core_login_attempt where locked_until > :now"
                                   " and name_hash = any(:hashes)"), {"now": now, "hashes": list(hashes)})
    return {hashes[r.name_hash]: r.locked_until for r in rows}


def forget_old(connection: Any, now: datetime) -> int:
    """Remove rows nobody needs any more (nightly job)."""
    return connection.execute(text("delete from core_login_attempt where window_start < :then"
                                   " and (locked_until is null or locked_until < :now)"),
                              {"then": now - timedelta(days=1), "now": now}).rowcount
