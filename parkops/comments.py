"""Comments on any record, with @mentions. A comment is never changed or removed; a mistake is corrected by the next one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, select
from sqlalchemy.orm import Mapped

from . import refs
from .clock import now
from .db.append_only import protect
from .db.base import Record, field
from .db.park_optional import ParkOptional, owner_park
from .db.session import scope_of
from .db.types import Json, UTCDateTime
from .errors import NotAllowed, Problems
from .i18n import _l
from .models import UserPark
from .security import access

LONGEST = 4000
MACHINES = {"system": _l("System"), "scheduler": _l("Scheduler")}  # names that rows keep where nobody pressed a button
MENTION = re.compile(r"(?<![\w.])@([\w.\-]{2,64})")


class Comment(ParkOptional, Record):
    """A sentence beside a record."""

    __tablename__ = "core_comment"
    __table_args__ = (Index("ix_core_comment_record", "resource", "record_id", "id"),)
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    text: Mapped[str] = field(Text, _l("Comment"))
    user_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"))
    at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    mentions: Mapped[list] = field(Json, _l("Mentioned"))

    def __str__(self) -> str:
        return self.text[:80]


protect(Comment)


def may_write(session: Any, resource: str) -> bool:
    """Who works on a record may write beside it; who only reads it may not."""
    return any(access.may(session, resource, word) for word in ("add", "change", "act"))


def add(session: Any, owner: Any, text: str) -> Comment:
    """Write a comment; everybody mentioned with @username who works in that park is told."""
    resource, record_id = refs.ref(owner)
    access.require(session, resource, "read")
    if not may_write(session, resource):
        raise NotAllowed(_l("You may read this record but not write beside it."))
    text = text.replace("\x00", "").strip()
    problems = Problems()
    if not text:
        problems.add("comment.empty", _l("Write a comment first."), "text")
    if len(text) > LONGEST:
        problems.add("comment.long", _l("Shorten the comment to %(n)s characters.", n=LONGEST), "text")
    problems.stop()
    scope, park = scope_of(session), owner_park(session, owner)
    told = _mentioned(session, text, park)
    row = Comment(resource=resource, record_id=record_id, park_id=park, text=text, user_id=scope.user_id,
                  user_name=scope.user_name, at=now(), mentions=[u.username for u in told])
    session.add(row)
    session.flush()
    _tell(session, owner, told)
    return row


def _mentioned(session: Any, text: str, park: int | None) -> list[Any]:
    """Active users named in the text who may see that park; others are not told, and nobody learns of them."""
    from .security.models import UserProfile

    names = {n.rstrip(".-").lower() for n in MENTION.findall(text)}
    if not names:
        return []
    staff = (UserProfile.active, ~UserProfile.is_portal)
    found = session.execute(select(UserProfile.id, UserProfile.username).where(UserProfile.username.in_(names), *staff)).all()
    if park is None or not found:
        return list(found)
    inside = set(session.execute(select(UserPark.user_id).where(
        UserPark.park_id == park, UserPark.user_id.in_([u.id for u in found]))).scalars())
    return [u for u in found if u.id in inside or _all_parks(session, u.id)]


def _all_parks(session: Any, user_id: int) -> bool:
    from .security.models import UserProfile

    return bool(session.execute(select(UserProfile.all_parks).where(UserProfile.user_id == user_id)).scalar())


def _tell(session: Any, owner: Any, users: list[Any]) -> None:
    from .todos import notify

    scope = scope_of(session)
    who = full_names(session, [scope.user_name]).get(scope.user_name, scope.user_name) if users else ""
    for user in users:
        if user.id != scope.user_id:
            notify(session, user.id, _l("%(who)s mentioned you: %(record)s"),
                   {"who": who, "record": str(owner)}, owner=owner, kind="core.mention")


def full_names(session: Any, usernames: Iterable[str]) -> dict[str, str]:
    """user name -> full name, where there is such a user, or what the machine is called; rows keep the user name."""
    from .security.models import UserProfile

    wanted = {n for n in usernames if n}
    if not wanted:
        return {}
    found = session.execute(select(UserProfile.username, UserProfile.name).where(UserProfile.username.in_(wanted)))
    return {name: str(MACHINES[name]) for name in wanted & MACHINES.keys()} | {username: name for username, name in found if name}


def of(session: Any, owner: Any) -> list[Comment]:
    """Comments beside a record, oldest first."""
    resource, record_id = refs.ref(owner)
    access.require(session, resource, "read")
    return list(session.execute(select(Comment).where(
        Comment.resource == resource, Comment.record_id == record_id).order_by(Comment.id)).scalars())
