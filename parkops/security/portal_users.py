"""Log-ins of firms' own people: made when an invitation is taken up, ended when the firm or the staff withdraw them.

Whose firm an account belongs to is kept by the module that declares itself the source (`identity.portal_accounts`)."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import func, select

from .. import clock
from ..config import config
from ..db import audit
from ..errors import Problems
from . import lockout, passwords, user_rules, users
from .models import User, UserProfile

NAME_MAX = 64  # of FAB's column


def find(session: Any, email: str) -> UserProfile | None:
    """The firm's user (of whichever firm, active or not) who has this e-mail address."""
    query = select(UserProfile).join(User, User.id == UserProfile.user_id)
    return session.scalars(query.where(func.lower(User.email) == (email or "").strip().lower(), UserProfile.is_portal)).unique().first()


def check(session: Any, problems: Problems, *, email: str, name: str, known: UserProfile | None = None) -> None:
    """What must hold before somebody becomes a firm's user: a name, and an e-mail address no other user has, nor uses as a name.
    `known`: who has the address already and may have it again."""
    but = known.user_id if known is not None else None
    user_rules.check_person(session, problems, name=name, email=email, but=but)
    user_rules.check_free_name(session, problems, email, field="email", but=but)


def check_password(
    session: Any, problems: Problems, *, email: str, name: str, password: str, known: UserProfile | None = None
) -> None:
    """A password by the rules of the staff's; none of the former ones of who had a log-in before."""
    former = users._former(session, known) if known is not None else ()
    problems.extend(
        passwords.problems(password or "", profile=config().security_profile, username=email, name=name or "", former=former)
    )


def name_for(email: str) -> str:
    """The user name: the address itself, or something short in its place where it is too long for one."""
    return email if len(email) <= NAME_MAX else "portal-" + hashlib.sha256(email.lower().encode()).hexdigest()[:32]


def create_portal_user(
    session: Any, *, email: str, name: str, password: str, locale: str = "zh", is_demo: bool = False, username: str | None = None
) -> UserProfile:
    """A firm's user, who logs in with the e-mail address. The password was chosen by the person: nothing to change at first
    log-in. The caller has checked (`check`) and stands in a system scope: the invitation was the right."""
    profile = users._insert(
        session,
        username or name_for(email),
        name.strip(),
        email,
        passwords.hashed(password),
        locale=locale,
        is_portal=True,
        is_demo=is_demo,
        must_change_password=False,
    )
    audit.event(session, "portal user", None, resource="core.user", record_id=profile.id, label=profile.name)
    return profile


def restore_portal_user(session: Any, profile: UserProfile, *, name: str, password: str) -> UserProfile:
    """Give a log-in back to its person with a new password; every session opened before ends. The caller has checked."""
    profile.name = profile.user.first_name = name.strip()
    profile.active = profile.user.active = True
    users._store_password(session, profile, password, must_change=False)
    lockout.clear(profile.username, session.connection())
    audit.event(session, "activate", None, resource="core.user", record_id=profile.id, label=profile.name)
    return profile


def end_portal_user(session: Any, profile: UserProfile) -> None:
    """The person can no longer log in; open sessions end at the next request. What the person did stays."""
    profile.active = profile.user.active = False
    audit.event(session, "deactivate", None, resource="core.user", record_id=profile.id, label=profile.name)
    users._end(session, profile, "deactivated")


def rights_changed(session: Any, profile: UserProfile) -> None:
    """The account's role changed: sessions opened under the old one end."""
    users._end(session, profile, "rights")


def last_seen(profile: UserProfile) -> str:
    """The last log-in in local time, empty when there was none."""
    return f"{clock.local(profile.last_seen_at):%Y-%m-%d %H:%M}" if profile.last_seen_at else ""
