"""Who sends this request: one SQL statement answers user, profile, session, roles, site rights and parks.

Knows nothing of Flask. `find` is called once per request by the security manager; the rest is pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from ..db.reads import ONLY_READS
from ..db.session import Scope
from .catalogue import role_rights
from .roles import PERSONAS

IDLE = timedelta(minutes=30)  # GB/T 22239-2019 8.1.4.1: end idle sessions; figure G37
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(seconds=60)

FIND = text("""
select s.id as session_id, s.kind, s.last_seen_at, s.expires_at, s.epoch as session_epoch,
       u.id as user_id, u.username, u.email, u.active,
       p.name, p.locale, p.home_role, p.all_parks, p.current_park_id, p.epoch, p.must_change_password,
       p.password_changed_at, p.totp_enabled, p.is_demo, p.is_portal, p.preferences,
       array(select r.name from ab_user_role ur join ab_role r on r.id = ur.role_id
              where ur.user_id = u.id order by r.name) as roles,
       case when exists (select 1 from ab_user_role ur join ab_role r on r.id = ur.role_id
                          where ur.user_id = u.id and r.name <> all(:personas))
            then array(select distinct v.name || '|' || m.name
               from ab_user_role ur join ab_role r on r.id = ur.role_id
               join ab_permission_view_role pr on pr.role_id = r.id
               join ab_permission_view pv on pv.id = pr.permission_view_id
               join ab_permission m on m.id = pv.permission_id
               join ab_view_menu v on v.id = pv.view_menu_id
              where ur.user_id = u.id and r.name <> all(:personas)) else array[]::text[] end as site_rights,
       array(select k.id from core_park k
              where k.is_active and (p.all_parks or exists (
                select 1 from core_user_park up where up.park_id = k.id and up.user_id = u.id))
              order by k.id) as parks
  from core_session s
  join core_user p on p.id = s.user_id
  join ab_user u on u.id = p.user_id
 where s.token_hash = :token_hash and s.ended_at is null
""").execution_options(**ONLY_READS)

TOUCH = text("update core_session set last_seen_at = :now where id = :id and ended_at is null and last_seen_at < :now")
END = text("update core_session set ended_at = :now, ended_why = :why where id = :id and ended_at is null")


def token_hash(token: str) -> str:
    """What is stored of a session's secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Identity:
    """A signed-in user. Stands in for FAB's and Flask-Login's user object, so that no ORM user is loaded per request."""

    id: int
    username: str
    name: str
    email: str
    session_id: int
    kind: str
    roles: tuple[str, ...]
    rights: frozenset[tuple[str, str]]
    parks: tuple[int, ...]
    all_parks: bool
    park_id: int | None
    locale: str
    home_role: str | None
    must_change_password: bool
    password_changed_at: datetime | None
    totp_enabled: bool
    is_demo: bool
    last_seen_at: datetime
    firm_id: int | None = None  # only for a firm's own user
    portal_role: str = ""
    preferences: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def is_portal(self) -> bool:
        """A firm's user: sees the portal and nothing else."""
        return self.firm_id is not None

    def get_id(self) -> str:
        return str(self.id)

    def get_full_name(self) -> str:
        return self.name

    @property
    def first_name(self) -> str:
        return self.name

    def may(self, resource: str, word: str) -> bool:
        return (resource, word) in self.rights

    def scope(self, *, via: str, address: str, locale: str | None = None) -> Scope:
        """The scope of this request's session."""
        return Scope(user_id=self.id, user_name=self.username, roles=frozenset(self.roles), rights=self.rights,
                     parks=None if self.all_parks else frozenset(self.parks), park_id=self.park_id, via=via,
                     locale=locale or self.locale, address=address, firm_id=self.firm_id, portal_role=self.portal_role)


def site_rights(pairs: list[str]) -> frozenset[tuple[str, str]]:
    """`tenants.firm|can_read` -> ("tenants.firm", "read"), compared exactly, never as a pattern."""
    out = set()
    for pair in pairs:
        resource, _bar, permission = pair.partition("|")
        if permission.startswith("can_"):
            out.add((resource, permission[4:]))
    return frozenset(out)


def why_ended(row: Any, now: datetime) -> str | None:
    """Why a session row no longer counts, or None: absolute and idle time, epoch, deactivation (G37)."""
    if not row.active:
        return "deactivated"
    if row.session_epoch != row.epoch:
        return "rights"
    if row.expires_at <= now:
        return "expired"
    if row.kind == "screen" and now - row.last_seen_at > IDLE:
        return "idle"
    return None


def _current_park(row: Any) -> int | None:
    if row.current_park_id in row.parks:
        return row.current_park_id
    return row.parks[0] if row.parks else None


def make(row: Any) -> Identity:
    """The Identity of a found row."""
    personas = frozenset(r for r in row.roles if r in PERSONAS)
    rights = role_rights(personas)
    if row.site_rights:
        rights |= site_rights(row.site_rights)
    return Identity(
        id=row.user_id, username=row.username, name=row.name or row.username, email=row.email, session_id=row.session_id,
        kind=row.kind, roles=tuple(row.roles), rights=rights, parks=tuple(row.parks), all_parks=row.all_parks,
        park_id=_current_park(row), locale=row.locale, home_role=row.home_role,
        must_change_password=row.must_change_password, password_changed_at=row.password_changed_at,
        totp_enabled=row.totp_enabled, is_demo=row.is_demo, last_seen_at=row.last_seen_at,
        preferences=dict(row.preferences or {}))


Account = tuple[int, int, str]  # firm, park, portal role
_source: list[Callable[[Any, int], Account | None]] = []


def portal_accounts(fn: Callable[[Any, int], Account | None]) -> Callable[[Any, int], Account | None]:
    """Decorator: `fn(connection, user_id)` answers (firm, park, portal role) of an active portal account, else None. One
    module keeps the accounts; without it no firm's user gets in."""
    _source[:] = [fn]
    return fn


def make_portal(connection: Any, row: Any) -> Identity | None:
    """The Identity of a firm's user: rights of the portal role, the firm's park, and no staff role whatever is stored."""
    from . import portal

    account = _source[0](connection, row.user_id) if _source else None
    if account is None:
        return None
    firm_id, park_id, role = account
    return Identity(
        id=row.user_id, username=row.username, name=row.name or row.username, email=row.email, session_id=row.session_id,
        kind=row.kind, roles=(), rights=portal.rights_of(role), parks=(park_id,), all_parks=False, park_id=park_id,
        locale=row.locale, home_role=None, must_change_password=row.must_change_password,
        password_changed_at=row.password_changed_at, totp_enabled=row.totp_enabled, is_demo=row.is_demo,
        last_seen_at=row.last_seen_at, firm_id=firm_id, portal_role=role, preferences=dict(row.preferences or {}))


def find(connection: Any, token: str, now: datetime) -> tuple[Identity | None, Any, str | None]:
    """(identity, row, why it ended). One statement. `connection` is a plain connection: no ORM, so no recursion into
    the scope listeners."""
    row = connection.execute(FIND, {"token_hash": token_hash(token), "personas": list(PERSONAS)}).one_or_none()
    if row is None:
        return None, None, None
    why = why_ended(row, now)
    if why is None and row.is_portal:
        found = make_portal(connection, row) if row.kind == "screen" else None
        return (found, row, None if found is not None else "rights")
    return (None, row, why) if why else (make(row), row, None)
