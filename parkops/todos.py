"""To-dos on any record (or free), and notices: what the bell counts.

A to-do has one assignee and a day; a notice tells a person once that something happened and is read or not. A to-do a machine made
(it has a `key`) is ticked off when its record comes to the end of its workflow, or by `close` where the work is done earlier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, Index, Integer, String, Text, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.util import identity_key

from . import refs, workflow
from .clock import now
from .db import audit
from .db.base import Record, field
from .db.park_optional import ParkOptional, owner_park
from .db.session import scope_of
from .db.types import Json, UTCDateTime
from .errors import NotAllowed, Problem, Problems, RuleError
from .hooks import receiver
from .i18n import Lazy, _, _l
from .security import access


class Todo(ParkOptional, Record):
    """Something a person shall do, on a record or on its own. `key` makes a machine's to-do unique (no second reminder)."""

    __tablename__ = "core_todo"
    __table_args__ = (
        Index("ix_core_todo_record", "resource", "record_id"),
        Index("ix_core_todo_open", "assignee_id", "due_on", postgresql_where=text("NOT is_done")),
        Index("uq_core_todo_key", "key", unique=True, postgresql_where=text("key IS NOT NULL AND NOT is_done")),
    )
    title: Mapped[str] = field(String(300), _l("To-do"))
    resource: Mapped[str | None] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    record_label: Mapped[str | None] = field(String(200), _l("Record"))
    due_on: Mapped[date | None] = field(Date, _l("Due"))
    assignee_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), nullable=True, info={"label": _l("Assignee id"), "fmt": "int"})
    assignee_name: Mapped[str | None] = field(String(80), _l("Assignee"))
    is_done: Mapped[bool] = field(Boolean, _l("Done"), default=False, server_default="false")
    done_at: Mapped[datetime | None] = field(UTCDateTime, _l("Done at"))
    done_by: Mapped[str | None] = field(String(80), _l("Done by"))
    created_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    created_by: Mapped[str] = field(String(80), _l("Created by"))
    key: Mapped[str | None] = field(String(200), _l("Key"))

    def __str__(self) -> str:
        return self.title

    @property
    def url(self) -> str | None:
        return refs.url(self.resource, self.record_id) if self.resource else None


class Notice(ParkOptional, Record):
    """A person is told something once. The text is kept as msgid and values and read in the reader's language."""

    __tablename__ = "core_notice"
    __table_args__ = (Index("ix_core_notice_unread", "user_id", "id", postgresql_where=text("read_at IS NULL")),)
    __audited__ = False
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    msgid: Mapped[str] = field(Text, _l("Text"))
    values: Mapped[dict] = field(Json, _l("Values"))
    resource: Mapped[str | None] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    told_at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    read_at: Mapped[datetime | None] = field(UTCDateTime, _l("Read at"))

    @property
    def text(self) -> str:
        return _(self.msgid, **self.values)

    @property
    def url(self) -> str | None:
        return refs.url(self.resource, self.record_id) if self.resource else None

    def __str__(self) -> str:
        return self.text


def _user(session: Any, user_id: int) -> Any:
    from .security.models import UserProfile

    found = session.execute(
        select(UserProfile.id, UserProfile.username, UserProfile.active, UserProfile.is_portal).where(UserProfile.id == user_id)).first()
    if found is None or not found.active or found.is_portal:
        raise RuleError([Problem("todo.assignee", _l("Choose an active user."), "assignee_id")])
    return found


def add(session: Any, owner: Any, title: str, due_on: date | None = None, assignee_id: int | None = None, *,
        key: str | None = None) -> Todo:
    """A to-do beside `owner` (None: free, in the current park), for `assignee_id` (default: oneself).

    With `key`, an open to-do of that key is returned instead of a second one."""
    access.require(session, "core.todo", "add")
    title = title.replace("\x00", "").strip()
    problems = Problems()
    if not title:
        problems.add("todo.title", _l("Write what is to be done."), "title")
    if len(title) > 300:
        problems.add("todo.title_long", _l("Shorten the text to 300 characters."), "title")
    problems.stop()
    if key and (have := session.execute(select(Todo).where(Todo.key == key, ~Todo.is_done)).scalar_one_or_none()):
        return have
    scope = scope_of(session)
    wanted = assignee_id or (scope.user_id if scope.firm_id is None else None)  # firms' users leave to-dos for the staff, not themselves
    assignee = _user(session, wanted) if wanted else None
    resource, record_id = refs.ref(owner) if owner is not None else (None, None)
    row = Todo(
        title=title, resource=resource, record_id=record_id, record_label=str(owner)[:200] if owner is not None else None,
        park_id=owner_park(session, owner) if owner is not None else scope.park_id, due_on=due_on, key=key,
        assignee_id=assignee.id if assignee else None, assignee_name=assignee.username if assignee else None,
        created_by_id=scope.user_id, created_by=scope.user_name, is_done=False, created_at=now())
    session.add(row)
    session.flush()
    if assignee is not None and assignee.id != scope.user_id:
        notify(session, assignee.id, _l("New to-do: %(title)s"), {"title": title}, owner=owner, kind="core.todo")
    return row


def done(session: Any, todo: Todo) -> Todo:
    """Tick it off: the assignee, the creator, or anybody when nobody is assigned. Twice changes nothing."""
    access.require(session, "core.todo", "act")
    scope = scope_of(session)
    if not scope.system and todo.assignee_id is not None and scope.user_id not in (todo.assignee_id, todo.created_by_id):
        raise NotAllowed(_l("This to-do belongs to a colleague. Ask for it to be reassigned."))
    if not todo.is_done:
        todo.is_done, todo.done_at, todo.done_by = True, now(), scope.user_name
        session.flush()
    return todo


def close(session: Any, owner: Any = None, *, keys: Iterable[str] = ()) -> int:
    """What machines asked for is done: their open to-dos beside `owner`, or those of `keys`, are ticked off, whoever they belong to.

    It follows from a step somebody was allowed to take (in the portal perhaps, where no to-do is read), so it asks for no right.
    Returns how many."""
    t, keys = Todo.__table__, list(keys)
    if owner is not None:
        resource, record_id = refs.ref(owner)
        which = (t.c.resource == resource) & (t.c.record_id == record_id) & t.c.key.is_not(None)
    elif keys:
        which = t.c.key.in_(keys)
    else:
        return 0
    session.flush()
    done = session.connection().execute(
        update(t).where(which, ~t.c.is_done)
        .values(is_done=True, done_at=now(), done_by=scope_of(session).user_name[:80], version=t.c.version + 1)
        .returning(t.c.id, t.c.title, t.c.park_id)).all()
    for row in done:
        if (known := session.identity_map.get(identity_key(Todo, row.id))) is not None:
            session.expire(known)
        audit.event(session, "update", {"is_done": [False, True]}, resource="core.todo", record_id=row.id, label=row.title,
                    park_id=row.park_id)
    return len(done)


@receiver(workflow.moved)
def close_at_the_end(session: Any, resource: str, obj: Any, new: str, **_more: Any) -> None:
    """A record that came to its end asks nobody for anything."""
    if workflow.WORKFLOWS[resource].state(new).final:
        close(session, obj)


def change(session: Any, todo: Todo, *, title: str | None = None, due_on: date | None = None,
           assignee_id: int | None = None) -> Todo:
    """Change text, day or assignee of an open to-do; a new assignee is told."""
    access.require(session, "core.todo", "change")
    if todo.is_done:
        raise RuleError([Problem("todo.done", _l("This to-do is done and stays as it was."))])
    todo.title, todo.due_on = title or todo.title, due_on
    if assignee_id and assignee_id != todo.assignee_id:
        user = _user(session, assignee_id)
        todo.assignee_id, todo.assignee_name = user.id, user.username
        notify(session, user.id, _l("New to-do: %(title)s"), {"title": todo.title}, ref=(todo.resource, todo.record_id),
               park_id=todo.park_id, kind="core.todo")
    session.flush()
    return todo


def of(session: Any, owner: Any) -> list[Todo]:
    """To-dos beside a record: open ones first, by day."""
    resource, record_id = refs.ref(owner)
    return list(session.execute(select(Todo).where(Todo.resource == resource, Todo.record_id == record_id)
                                .order_by(Todo.is_done, Todo.due_on.nulls_last(), Todo.id)).scalars())


def mine(session: Any, limit: int = 50) -> list[Todo]:
    """The actor's open to-dos by day."""
    return list(session.execute(select(Todo).where(Todo.assignee_id == scope_of(session).user_id, ~Todo.is_done)
                                .order_by(Todo.due_on.nulls_last(), Todo.id).limit(limit)).scalars())


def count_mine(session: Any) -> int:
    """How many open to-dos the actor has."""
    return session.scalar(select(func.count()).select_from(Todo).where(Todo.assignee_id == scope_of(session).user_id, ~Todo.is_done)) or 0


def notify(session: Any, user_id: int, text: Lazy, values: dict | None = None, *, owner: Any = None,
           ref: tuple[str | None, int | None] | None = None, park_id: int | None = None, kind: str = "core.general") -> Notice:
    """Tell a user something: the bell, and the channels the user wants for this kind (`parkops.notify`). `text` is a lazy msgid;
    `values` its placeholders."""
    from .notify.sending import fan_out

    resource, record_id = refs.ref(owner) if owner is not None else (ref or (None, None))
    row = Notice(user_id=user_id, msgid=text.msgid, values={**text.values, **(values or {})}, resource=resource,
                 record_id=record_id, told_at=now(), park_id=owner_park(session, owner) if owner is not None else park_id)
    session.add(row)
    session.flush()
    fan_out(session, row, kind)
    return row


def notices(session: Any, limit: int = 30) -> list[Notice]:
    """The actor's latest notices, unread first."""
    return list(session.execute(select(Notice).where(Notice.user_id == scope_of(session).user_id)
                                .order_by(Notice.read_at.is_not(None), Notice.id.desc()).limit(limit)).scalars())


def read_notices(session: Any) -> int:
    """Mark the actor's notices as read; returns how many."""
    result = session.execute(update(Notice).where(Notice.user_id == scope_of(session).user_id, Notice.read_at.is_(None))
                             .values(read_at=now()).execution_options(synchronize_session=False))
    return result.rowcount


@dataclass(frozen=True)
class Bell:
    todos: int
    notices: int
    approvals: int

    @property
    def total(self) -> int:
        return self.todos + self.notices + self.approvals


def bell(session: Any, on: date) -> Bell:
    """What the bell counts: to-dos due (or without a day), unread notices, approvals waiting for the actor."""
    from . import approval

    user = scope_of(session).user_id
    due = select(func.count()).select_from(Todo).where(
        Todo.assignee_id == user, ~Todo.is_done, (Todo.due_on.is_(None)) | (Todo.due_on <= on)).scalar_subquery()
    unread = select(func.count()).select_from(Notice).where(Notice.user_id == user, Notice.read_at.is_(None)).scalar_subquery()
    todos, told = session.execute(select(due, unread)).one()
    return Bell(todos, told, len(approval.waiting(session, on)))
