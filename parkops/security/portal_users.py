"""Log-ins of firms' own people: made when an invitation is taken up, ended when the firm or the staff withdraw them.

Whose firm an account belongs to is kept by the module that declares itself the source (`identity.portal_accounts`)."""

from __future__ import annotations

from typing import Any

from .. import clock
from ..config import config
from ..db import audit
from ..errors import Problems
from . import passwords, user_rules, users
from .models import UserProfile


def check(session: Any, problems: Problems, *, email: str, name: str, password: str) -> None:
    """What must hold before a firm's user is made: a free e-mail address, a name, a password by the rules of the staff's."""
    user_rules.check_person(session, problems, username=email, name=name, email=email)
    problems.extend(passwords.problems(password or "", profile=config().security_profile, username=email, name=name or ""))


def create_portal_user(
    session: Any, *, email: str, name: str, password: str, locale: str = "zh", is_demo: bool = False, username: str | None = None
) -> UserProfile:
    """A firm's user, who logs in with the e-mail address. The password was chosen by the person: nothing to change at first
    log-in. The caller has checked (`check`) and stands in a system scope: the invitation was the right."""
    profile = users._insert(
        session,
        username or email,
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
