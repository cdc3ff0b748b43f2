"""What must hold before a user is created or changed: form of names, known roles and parks, nobody changes the own rights,
the last administrator stays, and nobody gives away parks they do not have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from ..db.session import scope_of
from ..errors import NotFound, Problems
from ..i18n import _l
from ..models import Park
from .models import LOCALES, Role, User, UserProfile

KEEP: Any = object()  # "leave as it is"
ADMIN = "system_administrator"
USERNAME = re.compile(r"[\w][\w.@-]{1,63}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def _taken(session: Any, column: Any, value: str, but: int | None) -> bool:
    query = select(User.id).where(func.lower(column) == value.lower())
    return session.scalar(query.where(User.id != but) if but else query) is not None


def check_person(session: Any, problems: Problems, *, username: Any = KEEP, name: Any = KEEP, email: Any = KEEP,
                  locale: Any = KEEP, but: int | None = None) -> None:
    if username is not KEEP:
        if not USERNAME.fullmatch(username or ""):
            problems.add("core.username_form", _l("Use 2 to 64 letters, digits, dots, dashes or underscores."), "username")
        elif _taken(session, User.username, username, but):
            problems.add("core.username_taken", _l("Another user has this user name; choose a different one."), "username")
    if name is not KEEP and not 1 <= len((name or "").strip()) <= 64:
        problems.add("core.name_missing", _l("Enter a name of at most 64 characters."), "name")
    if email is not KEEP:
        if not EMAIL.fullmatch(email or "") or len(email) > 300:
            problems.add("core.email_form", _l("Enter an e-mail address such as name@example.org."), "email")
        elif _taken(session, User.email, email, but):
            problems.add("core.email_taken", _l("Another user has this e-mail address."), "email")
    if locale is not KEEP and locale not in LOCALES:
        problems.add("core.locale", _l("Choose one of the languages offered."), "locale")


def check_free_name(session: Any, problems: Problems, username: str, *, field: str, but: int | None = None) -> None:
    """A firm's user has the e-mail address as name: no form to keep, but nobody else may have it."""
    if _taken(session, User.username, (username or "").strip(), but) and not any(p.field == field for p in problems.found):
        problems.add("core.email_taken", _l("Another user has this e-mail address."), field)


def find_roles(session: Any, codes: Iterable[str], problems: Problems) -> list[Role]:
    wanted = set(codes or ())
    found = list(session.scalars(select(Role).where(Role.name.in_(wanted)))) if wanted else []
    if len(found) != len(wanted):
        problems.add("core.role_unknown", _l("Choose roles from the list."), "role_codes")
    return found


def find_parks(session: Any, ids: Iterable[Any], problems: Problems) -> set[int]:
    try:
        wanted = {int(i) for i in ids or ()}
    except (TypeError, ValueError):
        wanted = {-1}
    found = set(session.scalars(select(Park.id).where(Park.id.in_(wanted)))) if wanted else set()
    if found != wanted:
        problems.add("core.park_unknown", _l("Choose parks from the list."), "park_ids")
    return found


def own_rights(session: Any, profile: UserProfile, problems: Problems, roles: Any, parks: Any, all_parks: Any) -> None:
    if scope_of(session).user_id != profile.user_id:
        return
    changed = (roles is not KEEP and {r.name for r in roles} != set(profile.role_codes)) or (
        parks is not KEEP and parks != set(profile.park_ids)) or (all_parks is not KEEP and bool(all_parks) != profile.all_parks)
    if changed:
        problems.add("core.own_rights", _l("Your own roles and parks are changed by another administrator."), "role_codes")


def last_admin(session: Any, profile: UserProfile, problems: Problems) -> None:
    """The last active system administrator stays."""
    if ADMIN not in profile.role_codes or not profile.active:
        return
    others = session.scalar(select(func.count()).select_from(User).join(User.roles).where(
        Role.name == ADMIN, User.active.is_(True), User.id != profile.user_id))
    if not others:
        problems.add("core.last_admin", _l("Give another user the system administrator role first; one must remain."), "role_codes")


def grantable(session: Any, problems: Problems, parks: Any, all_parks: Any, present: Iterable[int] = ()) -> None:
    """An administrator of some parks gives rights in those only."""
    mine = scope_of(session).parks
    if mine is None:
        return
    if all_parks not in (KEEP, None, False) or (parks is not KEEP and parks - mine - set(present)):
        problems.add("core.park_foreign", _l("Give rights only in parks you work in yourself."), "park_ids")


def reachable(session: Any, profile: UserProfile) -> None:
    """An administrator of some parks changes users who work there (or nowhere yet); others are not found."""
    mine = scope_of(session).parks
    theirs = set(profile.park_ids)
    if mine is not None and (profile.all_parks or (theirs and not theirs & mine)):
        raise NotFound(_l("There is no such user in your parks."))
