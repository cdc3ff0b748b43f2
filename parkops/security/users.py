"""Users: creating, changing, passwords, roles, parks, locking, ending sessions. Every change that takes rights away or
changes a secret ends the user's sessions at the next request (G37). Services flush; the caller commits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from .. import clock
from ..config import config
from ..db import audit
from ..db.session import scope_of
from ..errors import NotAllowed, NotFound, Problems, RuleError
from ..i18n import _l
from ..models import Park, UserPark
from . import lockout, passwords, sessions, totp, user_rules
from .access import require
from .models import LOCALES, PasswordHistory, Role, User, UserProfile, UserSession
from .roles import PERSONAS
from .user_rules import ADMIN, KEEP

RESOURCE = "core.user"


def profile_of(session: Any, user_id: int) -> UserProfile:
    """The profile; raises NotFound."""
    found = session.get(UserProfile, user_id)
    if found is None:
        raise NotFound(_l("There is no such user."))
    return found


def current_profile(session: Any) -> UserProfile:
    """The actor's own profile; raises NotAllowed for the system and for visitors."""
    scope = scope_of(session)
    if scope.user_id is None:
        raise NotAllowed(_l("Please log in first."))
    return profile_of(session, scope.user_id)


def create_user(session: Any, *, username: str, name: str, email: str, password: str, role_codes: Iterable[str] = (),
                park_ids: Iterable[Any] = (), all_parks: bool = False, locale: str = "zh", phone: str | None = None) -> UserProfile:
    """A new user who must change the given password at the first log-in. Raises RuleError with every problem."""
    require(session, RESOURCE, "add")
    username, email, problems = (username or "").strip(), (email or "").strip(), Problems()
    user_rules.check_person(session, problems, username=username, name=name, email=email, locale=locale)
    problems.extend(passwords.problems(password or "", profile=config().security_profile, username=username, name=name or ""))
    roles, parks = user_rules.find_roles(session, role_codes, problems), user_rules.find_parks(session, park_ids, problems)
    user_rules.grantable(session, problems, parks, all_parks)
    problems.stop()
    profile = _insert(session, username, name.strip(), email, passwords.hashed(password), locale=locale, phone=phone,
                      all_parks=bool(all_parks))
    _apply_roles(session, profile, roles)
    _apply_parks(session, profile, parks)
    return profile


def _insert(session: Any, username: str, name: str, email: str, hashed: str, **more: Any) -> UserProfile:
    stamp = clock.now().replace(tzinfo=None)
    user = User(username=username, first_name=name, last_name="", email=email, active=True, password=hashed,
                created_on=stamp, changed_on=stamp)
    session.add(user)
    session.flush()
    profile = UserProfile(user_id=user.id, user=user, name=name, password_changed_at=clock.now(), **more)
    session.add(profile)
    session.add(PasswordHistory(user_id=user.id, password=hashed, changed_at=clock.now()))
    session.flush()
    return profile


def change_user(session: Any, profile: UserProfile, *, username: Any = KEEP, name: Any = KEEP, email: Any = KEEP,
                role_codes: Any = KEEP, park_ids: Any = KEEP, all_parks: Any = KEEP, locale: Any = KEEP, phone: Any = KEEP,
                password: Any = KEEP) -> UserProfile:
    """Change what is given. New roles or parks end the user's sessions. Raises RuleError with every problem."""
    require(session, RESOURCE, "change")
    user_rules.reachable(session, profile)
    problems = Problems()
    user_rules.check_person(session, problems, username=username, name=name, email=email, locale=locale, but=profile.user_id)
    roles = KEEP if role_codes is KEEP else user_rules.find_roles(session, role_codes, problems)
    parks = KEEP if park_ids is KEEP else user_rules.find_parks(session, park_ids, problems)
    user_rules.grantable(session, problems, parks, all_parks if all_parks != profile.all_parks else KEEP, profile.park_ids)
    user_rules.own_rights(session, profile, problems, roles, parks, all_parks)
    if roles is not KEEP and ADMIN not in {r.name for r in roles}:
        user_rules.last_admin(session, profile, problems)
    problems.stop()
    _set_person(profile, username=username, name=name, email=email, locale=locale, phone=phone)
    if roles is not KEEP:
        _apply_roles(session, profile, roles)
    if parks is not KEEP:
        _apply_parks(session, profile, parks)
    if all_parks is not KEEP and bool(all_parks) != profile.all_parks:
        profile.all_parks = bool(all_parks)
        _end(session, profile, "rights")
    if password not in (KEEP, None, ""):
        reset_password(session, profile, password=password)
    session.flush()
    return profile


def _set_person(profile: UserProfile, *, username: Any, name: Any, email: Any, locale: Any, phone: Any) -> None:
    for attr, value in (("username", username), ("email", email)):
        if value is not KEEP and getattr(profile.user, attr) != value.strip():
            setattr(profile.user, attr, value.strip())
            setattr(profile, attr, value.strip())
    if name is not KEEP:
        profile.name = profile.user.first_name = name.strip()
    if locale is not KEEP:
        profile.locale = locale
    if phone is not KEEP:
        profile.phone = (phone or "").strip() or None
    profile.user.changed_on = clock.now().replace(tzinfo=None)


def _apply_roles(session: Any, profile: UserProfile, roles: list[Role]) -> None:
    old, new = set(profile.role_codes), {r.name for r in roles}
    if old == new:
        return
    profile.user.roles = list(roles)
    if profile.home_role not in new:
        profile.home_role = None
    audit.event(session, "roles", {"roles": [sorted(old), sorted(new)]}, resource=RESOURCE, record_id=profile.id, label=profile.name)
    _end(session, profile, "rights")


def _apply_parks(session: Any, profile: UserProfile, parks: set[int]) -> None:
    old = set(profile.park_ids)
    if old == parks:
        return
    session.execute(delete(UserPark).where(UserPark.user_id == profile.user_id, UserPark.park_id.in_(old - parks)))
    session.add_all(UserPark(user_id=profile.user_id, park_id=p) for p in sorted(parks - old))
    if profile.current_park_id not in parks and not profile.all_parks:
        profile.current_park_id = min(parks, default=None)
    audit.event(session, "parks", {"parks": [sorted(old), sorted(parks)]}, resource=RESOURCE, record_id=profile.id, label=profile.name)
    _end(session, profile, "rights")


def _end(session: Any, profile: UserProfile, why: str) -> int:
    """No session opened before now is believed any more."""
    profile.epoch = (profile.epoch or 0) + 1
    session.flush()
    return sessions.end_rows(session.connection(), profile.user_id, now=clock.now(), why=why)


def set_roles(session: Any, profile: UserProfile, *, role_codes: Iterable[str]) -> UserProfile:
    """Replace a user's roles."""
    return change_user(session, profile, role_codes=role_codes)


def set_parks(session: Any, profile: UserProfile, *, park_ids: Iterable[Any], all_parks: bool = False) -> UserProfile:
    """Replace the parks a user may work in."""
    return change_user(session, profile, park_ids=park_ids, all_parks=all_parks)


def _former(session: Any, profile: UserProfile) -> tuple[str, ...]:
    old = session.scalars(select(PasswordHistory.password).where(PasswordHistory.user_id == profile.user_id)
                          .order_by(PasswordHistory.changed_at.desc(), PasswordHistory.id.desc()).limit(passwords.KEPT))
    return tuple(dict.fromkeys([*([profile.user.password] if profile.user.password else []), *old]))


def _store_password(session: Any, profile: UserProfile, new: str, *, must_change: bool) -> None:
    profile.user.password = passwords.hashed(new)
    profile.must_change_password = must_change
    profile.password_changed_at = clock.now()
    session.add(PasswordHistory(user_id=profile.user_id, password=profile.user.password, changed_at=clock.now()))
    audit.event(session, "password", {"must_change": must_change}, resource=RESOURCE, record_id=profile.id, label=profile.name)
    _end(session, profile, "password")


def set_password(session: Any, *, current: str, new: str, now: datetime) -> UserProfile:
    """The actor changes the own password; the present one is asked and wrong answers count towards the lock-out.
    Ends every session, this one too: the caller opens a new one after the commit."""
    profile, problems = current_profile(session), Problems()
    if lockout.reserve(profile.username, now=now) is None:
        problems.add("core.locked", _l("Too many wrong passwords. Wait 30 minutes or ask a system administrator."), "current")
        problems.stop()
    if not passwords.matches(profile.user.password, current or ""):
        problems.add("core.password_wrong", _l("This is not your present password."), "current")
    else:
        lockout.give_back(profile.username)
        problems.extend(passwords.problems(
            new or "", profile=config().security_profile, username=profile.username, name=profile.name,
            former=_former(session, profile), field="new"))
    problems.stop()
    lockout.clear(profile.username, session.connection())
    _store_password(session, profile, new, must_change=False)
    return profile


def reset_password(session: Any, profile: UserProfile, *, password: str) -> Any:
    """An administrator gives a new password; the user must change it at the next log-in."""
    require(session, RESOURCE, "change")
    user_rules.reachable(session, profile)
    found = passwords.problems(password or "", profile=config().security_profile, username=profile.username, name=profile.name,
                               former=_former(session, profile))
    if found:
        raise RuleError(found)
    _store_password(session, profile, password, must_change=True)
    lockout.clear(profile.username, session.connection())
    return _l("The password was set. %(name)s must change it at the next log-in.", name=profile.name)


def deactivate_user(session: Any, profile: UserProfile) -> Any:
    """The user can no longer log in; sessions end; what the user did stays."""
    require(session, RESOURCE, "change")
    user_rules.reachable(session, profile)
    problems = Problems()
    if scope_of(session).user_id == profile.user_id:
        problems.add("core.own_account", _l("You cannot deactivate yourself; ask another administrator."))
    user_rules.last_admin(session, profile, problems)
    problems.stop()
    if profile.active:
        profile.active = profile.user.active = False
        audit.event(session, "deactivate", None, resource=RESOURCE, record_id=profile.id, label=profile.name)
        _end(session, profile, "deactivated")
    return _l("%(name)s can no longer log in.", name=profile.name)


def activate_user(session: Any, profile: UserProfile) -> Any:
    """The user may log in again."""
    require(session, RESOURCE, "change")
    user_rules.reachable(session, profile)
    if not profile.active:
        profile.active = profile.user.active = True
        audit.event(session, "activate", None, resource=RESOURCE, record_id=profile.id, label=profile.name)
        session.flush()
    return _l("%(name)s can log in again.", name=profile.name)


def unlock_user(session: Any, profile: UserProfile) -> Any:
    """Forget the failed log-ins of a user."""
    require(session, RESOURCE, "change")
    user_rules.reachable(session, profile)
    lockout.clear(profile.username, session.connection())
    audit.event(session, "unlock", None, resource=RESOURCE, record_id=profile.id, label=profile.name)
    return _l("%(name)s can try to log in again.", name=profile.name)


def end_sessions(session: Any, profile: UserProfile) -> Any:
    """End every session of a user, in browsers and interfaces."""
    require(session, RESOURCE, "change")
    user_rules.reachable(session, profile)
    count = _end(session, profile, "killed")
    audit.event(session, "end sessions", {"count": count}, resource=RESOURCE, record_id=profile.id, label=profile.name)
    return _l("%(n)s sessions ended.", n=count)


def end_chosen(session: Any, objs: list[UserSession]) -> Any:
    """End chosen sessions (administrators); their owners are asked to log in at the next request."""
    require(session, "core.session", "act")
    now, count = clock.now(), 0
    for item in objs:
        if item.ended_at is None:
            item.ended_at, item.ended_why, count = now, "killed", count + 1
    audit.event(session, "end sessions", {"ids": [o.id for o in objs][:200]}, resource="core.session")
    session.flush()
    return _l("%(n)s sessions ended.", n=count)


def end_one(session: Any, obj: UserSession) -> Any:
    """End one session (button on its page)."""
    return end_chosen(session, [obj])


def reset_totp(session: Any, profile: UserProfile) -> Any:
    """Switch a user's two-step log-in off (lost phone)."""
    require(session, RESOURCE, "change")
    user_rules.reachable(session, profile)
    profile.totp_enabled, profile.totp_secret, profile.totp_last_step = False, None, None
    audit.event(session, "two-step off", None, resource=RESOURCE, record_id=profile.id, label=profile.name)
    _end(session, profile, "rights")
    return _l("Two-step log-in is off for %(name)s.", name=profile.name)


def enable_totp(session: Any, *, secret: str, code: str, now: datetime) -> UserProfile:
    """The actor switches the own two-step log-in on by proving the app works."""
    profile = current_profile(session)
    step = totp.step_of(secret, code or "", now)
    if step is None:
        problems = Problems()
        problems.add("core.code_wrong", _l("The code does not fit. Check the clock of your phone and enter the newest code."), "code")
        problems.stop()
    profile.totp_secret, profile.totp_enabled, profile.totp_last_step = secret, True, step
    audit.event(session, "two-step on", None, resource=RESOURCE, record_id=profile.id, label=profile.name)
    session.flush()
    return profile


def disable_own_totp(session: Any) -> UserProfile:
    """The actor switches the own two-step log-in off; the caller has asked for password and code."""
    profile = current_profile(session)
    profile.totp_enabled, profile.totp_secret = False, None
    audit.event(session, "two-step off", None, resource=RESOURCE, record_id=profile.id, label=profile.name)
    session.flush()
    return profile


def set_locale(session: Any, locale: str) -> None:
    """The actor's language."""
    if locale in LOCALES:
        current_profile(session).locale = locale
        session.flush()


def switch_park(session: Any, park_id: int) -> None:
    """The actor's current park; raises NotFound when it is not one of theirs."""
    if not scope_of(session).sees(park_id) or session.get(Park, park_id) is None:
        raise NotFound(_l("There is no such park among yours."))
    current_profile(session).current_park_id = park_id
    session.flush()


def ensure_demo_user(session: Any, *, username: str, role: str, full_name: str, park_id: int, password: str) -> int:
    """The demo's user of a persona; idempotent. Returns the user id. Only for `parkops demo`."""
    require(session, RESOURCE, "add")
    user = session.scalars(select(User).where(User.username == username)).one_or_none()
    if user is None:
        profile = _insert(session, username, full_name, f"{username}@demo.invalid", passwords.hashed(password), is_demo=True,
                          must_change_password=False, current_park_id=park_id, home_role=role)
        profile.user.roles = list(session.scalars(select(Role).where(Role.name == role)))
        session.add(UserPark(user_id=profile.user_id, park_id=park_id))
        session.flush()
        return profile.user_id
    return user.id


def role_choices(session: Any) -> list[tuple[str, Any]]:
    """(code, title) of every role a user may get: personas first, then site roles."""
    from .roles import ROLES

    site = session.scalars(select(Role.name).where(Role.name.not_in(PERSONAS)).order_by(Role.name))
    return [*((r.code, r.title) for r in ROLES), *((n, n) for n in site)]


def park_choices(session: Any) -> list[tuple[str, Any]]:
    """(id, name) of the parks."""
    return [(str(p.id), p.name) for p in session.scalars(select(Park).where(Park.is_active).order_by(Park.id))]
