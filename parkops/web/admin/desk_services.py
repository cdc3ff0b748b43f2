"""What the buttons of to-dos and approvals call: the kernel's services in the shape resources need."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import inspect as sa_inspect
from sqlalchemy import select

from ... import approval, refs, todos
from ...db.session import scope_of
from ...errors import NotFound, Refused
from ...i18n import _, _l
from ...security import access
from .. import show
from ..compile import resolve_field
from ..resource import Input


def add_todo(session: Any, *, title: str, due_on: date | None = None, assignee_id: int | None = None) -> Any:
    """A to-do of its own, beside no record."""
    return todos.add(session, None, title, due_on, assignee_id)


def finish_todo(session: Any, todo: Any) -> str:
    todos.done(session, todo)
    return _("Done: %(action)s", action=todo.title)


def finish_todos(session: Any, found: list[Any]) -> str:
    """Tick many off; one that belongs to a colleague stops all."""
    for todo in found:
        todos.done(session, todo)
    return _("Done for %(n)s records.", n=len(found))


def why_not_finish(session: Any, todo: Any) -> Any:
    return _l("This to-do is done.") if todo.is_done else None


def approve(session: Any, request: Any, *, reason: str | None = None) -> str:
    """Vote for it; the last needed vote carries it out."""
    approval.vote(session, request, True, reason)
    return _("Approved.") if request.state == "approved" else _("Your approval is recorded; more are needed.")


def send_back(session: Any, request: Any, *, reason: str) -> str:
    approval.vote(session, request, False, reason)
    return _("Returned to the person who asked.")


def withdraw(session: Any, request: Any, *, reason: str) -> str:
    approval.withdraw(session, request, reason)
    return _("Withdrawn.")


def why_not_vote(session: Any, request: Any) -> Any:
    """Why the actor cannot vote on it, in one sentence."""
    kind = approval.KINDS.get(request.kind)
    if kind is None or not access.may(session, kind.resource, kind.word):
        return _l("Your role does not decide requests of this kind.")
    problem = approval.why_not(session, request)
    return problem.message if problem is not None else None


def why_not_withdraw(session: Any, request: Any) -> Any:
    if request.state != "waiting":
        return _l("This request has already been decided.")
    mine = scope_of(session).user_id == request.requested_by_id
    return None if mine else _l("Only the person who asked can withdraw the request.")


def request_data(session: Any, request: Any) -> dict[str, Any]:
    """What the approval page shows: the record, what is asked for against what is, the rule card, who has signed."""
    try:
        owner = refs.load(session, request.resource, request.record_id)
    except (NotFound, Refused):
        owner = None
    readable = owner is not None and access.may(session, request.resource, "read")
    kind = approval.KINDS.get(request.kind)
    return {
        "kind": kind.title if kind is not None else request.kind, "owner": str(owner) if readable else None,
        "owner_url": refs.url(request.resource, request.record_id) if readable else None,
        "lines": [_line(session, owner, k, v) for k, v in (request.payload or {}).items()] if readable else [],
        "amount": show.shown("money", request.amount), "decision": latest_decision(session, request) if readable else None,
        "earlier": [a for a in approval.of(session, owner) if a.id != request.id][:10] if readable else [],
    }


def _line(session: Any, owner: Any, key: str, value: Any) -> tuple[Any, str, str]:
    """(label, now, asked) of one entry of the request."""
    if owner is None or key not in sa_inspect(type(owner)).column_attrs:
        return _foreign(owner, key, value)
    field = resolve_field(type(owner), Input(key), request_where(owner))
    if field.personal:
        return field.label, show.masked_text(field, getattr(owner, key)), show.masked_text(field, value)
    return field.label, show.field_text(field, getattr(owner, key), session, owner), _asked(session, field, value)


def _foreign(owner: Any, key: str, value: Any) -> tuple[Any, str, str]:
    """An entry about a record this one points to: its label and present value are that record's."""
    if owner is None:
        return key, show.EMPTY, show.shown("text", value)
    for relation in sa_inspect(type(owner)).relationships:
        if relation.direction.name != "MANYTOONE":
            continue
        if relation.key == key:
            return next(iter(relation.local_columns)).info.get("label", key), show.EMPTY, show.shown("text", value)
        target = getattr(owner, relation.key)
        columns = sa_inspect(relation.mapper.class_).column_attrs
        if target is not None and key in columns and not columns[key].columns[0].info.get("personal"):
            info = columns[key].columns[0].info
            return info.get("label", key), show.shown(info.get("fmt") or "text", getattr(target, key)), show.shown("text", value)
    return key, show.EMPTY, show.shown("text", value)


def _asked(session: Any, field: Any, value: Any) -> str:
    from .. import values

    try:
        return show.field_text(field, values.parse(field, value, session, form=False), session)
    except values.BadValue:
        return show.shown("text", value)


def request_where(owner: Any) -> str:
    return f"approval of {type(owner).__name__}"


def latest_decision(session: Any, request: Any) -> Any:
    """The last stored decision of the rules engine about the record."""
    from ...rules.models import Decision

    mine = select(Decision).where(Decision.resource == request.resource, Decision.record_id == request.record_id)
    return session.execute(mine.order_by(Decision.id.desc()).limit(1)).scalars().first()
