"""Roles a site makes for itself, beside the personas: a name and rows of rights. Personas are code and cannot be edited."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, select, text

from .. import clock
from ..db import audit
from ..db.session import scope_of
from ..errors import NotFound, Problems
from ..i18n import _l
from . import catalogue, sessions
from .access import require
from .models import Role, User, UserProfile, assoc_user_role
from .roles import PERSONAS, WORDS

NAME = re.compile(r"\w[\w .·-]{1,58}\w")
RESOURCE = "core.role"


def rights_of(session: Any, name: str) -> frozenset[tuple[str, str]]:
    """(resource, word) pairs of a role: a persona's from the code, a site role's from the database."""
    if name in PERSONAS:
        return catalogue.role_rights(frozenset({name}))
    rows = session.connection().execute(text(
        "select v.name as resource, m.name as permission from ab_role r join ab_permission_view_role x on x.role_id = r.id"
        " join ab_permission_view pv on pv.id = x.permission_view_id join ab_permission m on m.id = pv.permission_id"
        " join ab_view_menu v on v.id = pv.view_menu_id where r.name = :n"), {"n": name})
    return frozenset((r.resource, r.permission.removeprefix("can_")) for r in rows)


def members(session: Any) -> dict[str, int]:
    """How many active users hold each role."""
    rows = session.execute(select(Role.name, func.count(User.id)).join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
                           .join(User, User.id == assoc_user_role.c.user_id).where(User.active.is_(True)).group_by(Role.name))
    return dict(rows.tuples().all())


def site_role(session: Any, name: str) -> Role:
    """The site role; personas and unknown names raise NotFound."""
    found = session.scalars(select(Role).where(Role.name == name, Role.name.not_in(PERSONAS))).one_or_none()
    if found is None:
        raise NotFound(_l("There is no such role, or it belongs to the product and cannot be changed."))
    return found


def create_role(session: Any, *, name: str, rights: Iterable[tuple[str, str]] = ()) -> Role:
    """A new role with the given rights."""
    require(session, RESOURCE, "add")
    name, problems = (name or "").strip(), Problems()
    if not NAME.fullmatch(name):
        problems.add("core.role_name", _l("Use 3 to 60 letters, digits, spaces, dots or dashes."), "name")
    elif session.scalar(select(Role.id).where(func.lower(Role.name) == name.lower())) is not None:
        problems.add("core.role_taken", _l("There is a role of this name already."), "name")
    pairs = _checked(session, rights, problems)
    problems.stop()
    role = Role(name=name)
    session.add(role)
    session.flush()
    _write(session, role, frozenset(), pairs)
    return role


def change_rights(session: Any, role: Role, *, rights: Iterable[tuple[str, str]]) -> None:
    """Replace a site role's rights; its holders log in again."""
    require(session, RESOURCE, "change")
    problems = Problems()
    pairs = _checked(session, rights, problems)
    held = session.scalar(select(func.count()).select_from(assoc_user_role).where(
        assoc_user_role.c.role_id == role.id, assoc_user_role.c.user_id == scope_of(session).user_id))
    if held:
        problems.add("core.own_rights", _l("You hold this role; another administrator changes it."))
    problems.stop()
    _write(session, role, rights_of(session, role.name), pairs)


def remove_role(session: Any, role: Role) -> None:
    """Remove a site role nobody holds."""
    require(session, RESOURCE, "remove")
    problems = Problems()
    if session.scalar(select(func.count()).select_from(assoc_user_role).where(assoc_user_role.c.role_id == role.id)):
        problems.add("core.role_held", _l("Take this role from its users first; then it can be removed."))
    problems.stop()
    audit.event(session, "delete", {"rights": _plain(rights_of(session, role.name))}, resource=RESOURCE, record_id=role.id, label=role.name)
    session.execute(delete(Role).where(Role.id == role.id))


def _checked(session: Any, rights: Iterable[tuple[str, str]], problems: Problems) -> frozenset[tuple[str, str]]:
    """Known rights only, and none the actor lacks (no raising oneself by a new role)."""
    pairs, known, scope = frozenset(rights), set(catalogue.resource_names()), scope_of(session)
    if any(resource not in known or word not in WORDS for resource, word in pairs):
        problems.add("core.right_unknown", _l("Choose rights from the table."))
    elif not scope.system and any(word == "unmask" and (resource, word) not in scope.rights for resource, word in pairs):
        problems.add("core.right_unmask", _l("Only somebody who may see personal data in the clear can give that right."))
    return pairs


def _plain(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return sorted(f"{r}:{w}" for r, w in pairs)


def _write(session: Any, role: Role, old: frozenset[tuple[str, str]], new: frozenset[tuple[str, str]]) -> None:
    if old == new:
        return
    c = session.connection()
    gone, come = old - new, new - old
    sql = ("delete from ab_permission_view_role x using ab_permission_view pv, ab_permission m, ab_view_menu v"
           " where x.role_id = :role and pv.id = x.permission_view_id and m.id = pv.permission_id and v.id = pv.view_menu_id"
           " and v.name || ':' || substr(m.name, 5) = any(:pairs)")
    c.execute(text(sql), {"role": role.id, "pairs": _plain(gone)})
    sql = ("insert into ab_permission_view_role (id, permission_view_id, role_id)"
           " select nextval('ab_permission_view_role_id_seq'), pv.id, :role from ab_permission_view pv"
           " join ab_permission m on m.id = pv.permission_id join ab_view_menu v on v.id = pv.view_menu_id"
           " where v.name || ':' || substr(m.name, 5) = any(:pairs)")
    c.execute(text(sql), {"role": role.id, "pairs": _plain(come)})
    audit.event(session, "rights", {"added": _plain(come), "removed": _plain(gone)}, resource=RESOURCE, record_id=role.id, label=role.name)
    for profile in session.scalars(select(UserProfile).join(assoc_user_role, assoc_user_role.c.user_id == UserProfile.user_id)
                                   .where(assoc_user_role.c.role_id == role.id)).unique():
        profile.epoch += 1
        sessions.end_rows(c, profile.user_id, now=clock.now(), why="rights")
    session.flush()
