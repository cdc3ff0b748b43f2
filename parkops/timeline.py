"""What happened to a record, in the reader's words: changes, steps, comments, files, to-dos and approvals, newest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import inspect, select

from . import approval, comments, refs, todos, workflow
from .attachments import Attachment
from .clock import local
from .db.audit import AuditEntry
from .db.types import EnumText
from .i18n import _, _n
from .security import access
from .security.masking import mask

HIDDEN = "•••"
SHOWN_OPS = ("insert", "update", "delete")


@dataclass(frozen=True)
class Entry:
    """One thing that happened. kind: change|created|removed|move|comment|file|todo|approval. `lines`: details, one per
    line. `tone`: colour of the state reached. `obj`: the comment, file, to-do … behind it."""

    at: datetime
    who: str
    kind: str
    text: str
    lines: tuple[str, ...] = ()
    tone: str = "grey"
    obj: Any = None


def of(session: Any, owner: Any, limit: int = 100) -> list[Entry]:
    """The record's history for the actor; personal values are masked unless they may see them. Needs `read`."""
    resource, record_id = refs.ref(owner)
    access.require(session, resource, "read")
    found = [*_changes(session, owner, limit), *_moves(session, owner), *_beside(session, resource, record_id),
             *_approvals(session, owner)]
    shown = sorted(found, key=lambda e: (e.at, e.kind != "created"), reverse=True)[:limit]
    names = comments.full_names(session, {e.who for e in shown})
    return [replace(e, who=names.get(e.who, e.who)) for e in shown]


def _changes(session: Any, owner: Any, limit: int) -> list[Entry]:
    resource, record_id = refs.ref(owner)
    rows = session.execute(select(AuditEntry).where(
        AuditEntry.resource == resource, AuditEntry.record_id == record_id, AuditEntry.op.in_(SHOWN_OPS))
        .order_by(AuditEntry.id.desc()).limit(limit)).scalars().all()
    words = _Words(session, type(owner), [r.detail or {} for r in rows])
    out = []
    for row in rows:
        if row.op == "insert":
            out.append(Entry(row.at, row.user_name, "created", _("Created"), tone="blue"))
        elif row.op == "delete":
            out.append(Entry(row.at, row.user_name, "removed", _("Removed"), tone="red"))
        elif lines := words.lines(row.detail or {}):
            out.append(Entry(row.at, row.user_name, "change", _("Changed"), lines))
    return out


def describe(session: Any, model: Any, detail: dict) -> tuple[str, ...]:
    """An audit row's before and after in words: `Name: A → B`, labels for codes and references (audit screens)."""
    return _Words(session, model, [detail]).lines(detail)


class _Words:
    """Turns column names and stored values into what people read; references are looked up once for all rows."""

    def __init__(self, session: Any, model: Any, details: list[dict]):
        self.columns = dict(inspect(model).columns.items())
        self.unmask = access.may_unmask(session, model.__resource__)
        self.targets = self._targets(model)
        pairs = {(self.targets[k], int(v)) for d in details for k, change in d.items()
                 if k in self.targets and isinstance(change, list) for v in change if v is not None}
        self.labels = refs.labels(session, pairs)

    @staticmethod
    def _targets(model: Any) -> dict[str, str]:
        """column -> resource of the many-to-one relationship on it, or of the table its foreign key names."""
        out = {}
        for name, column in inspect(model).columns.items():
            for key in column.foreign_keys:
                out[name] = key.target_fullname.split(".")[0].replace("_", ".", 1).replace("ab.user", "core.user")
        for relation in inspect(model).relationships:
            local_columns = list(relation.local_columns)
            resource = getattr(relation.mapper.class_, "__resource__", None)
            if relation.direction.name == "MANYTOONE" and len(local_columns) == 1 and resource:
                out[inspect(model).get_property_by_column(local_columns[0]).key] = resource
        return out

    def lines(self, detail: dict) -> tuple[str, ...]:
        out = []
        for name, change in detail.items():
            column = self.columns.get(name)
            if column is None or not isinstance(change, list) or len(change) != 2:
                continue
            label = column.info.get("label") or name
            out.append(f"{label}: {self.value(name, column, change[0])} → {self.value(name, column, change[1])}")
        return tuple(out)

    def value(self, name: str, column: Any, raw: Any) -> str:
        if raw is None or raw == "":
            return "—"
        if column.info.get("personal") and not self.unmask:
            return str(mask(column.info["personal"], raw))
        if name in self.targets:
            return self.labels.get((self.targets[name], int(raw)), f"#{raw}")
        if isinstance(column.type, EnumText) and column.type.choices is not None:
            return str(column.type.choices.label(raw))
        return _plain(column.info.get("fmt"), raw)


def _plain(fmt: str | None, raw: Any) -> str:
    if isinstance(raw, bool):
        return _("Yes") if raw else _("No")
    if isinstance(raw, dict | list):
        return _n("%(n)s entry", "%(n)s entries", len(raw)) if raw else "—"
    try:
        if fmt == "money":
            return f"{Decimal(raw):,.2f}"
        if fmt == "percent":
            return f"{Decimal(raw) * 100:.1f} %"
        if fmt == "datetime":
            return f"{local(datetime.fromisoformat(raw)):%Y-%m-%d %H:%M}"
        if fmt == "date":
            return date.fromisoformat(raw).isoformat()
    except (InvalidOperation, ValueError, TypeError):
        return HIDDEN if raw == HIDDEN else str(raw)
    text = str(raw)
    return text if len(text) <= 120 else text[:117] + "…"


def _moves(session: Any, owner: Any) -> list[Entry]:
    flow = workflow.of(owner.__resource__)
    if flow is None:
        return []
    out = []
    for t in flow.history(session, owner):
        step = next((s for s in flow.steps if s.code == t.step), None)
        lines = [_("%(old)s → %(new)s on %(day)s", old=flow.choices.label(t.from_state), new=flow.choices.label(t.to_state),
                   day=t.on_date.isoformat())]
        if t.reason:
            lines.append(_("Reason: %(reason)s", reason=t.reason))
        out.append(Entry(t.at, t.user_name, "move", str(step.title) if step else t.step, tuple(lines),
                         flow.choices.tone(t.to_state), t))
    return out


def _beside(session: Any, resource: str, record_id: int) -> list[Entry]:
    """Comments, files and to-dos."""
    out = []
    for c in session.execute(select(comments.Comment).where(
            comments.Comment.resource == resource, comments.Comment.record_id == record_id)).scalars():
        out.append(Entry(c.at, c.user_name, "comment", c.text, obj=c, tone="blue"))
    for a in session.execute(select(Attachment).where(
            Attachment.resource == resource, Attachment.record_id == record_id)).scalars():
        said = _("File removed: %(name)s", name=a.filename) if a.is_removed else _("File: %(name)s", name=a.filename)
        out.append(Entry(a.created_at, a.uploaded_by, "file", said, obj=None if a.is_removed else a))
    asked = session.execute(select(todos.Todo).where(
        todos.Todo.resource == resource, todos.Todo.record_id == record_id)).scalars().all()
    names = comments.full_names(session, {t.assignee_name for t in asked})
    for t in asked:
        due = (_("due %(day)s", day=t.due_on.isoformat()),) if t.due_on else ()
        who = (_("for %(who)s", who=names.get(t.assignee_name, t.assignee_name)),) if t.assignee_name else ()
        out.append(Entry(t.created_at, t.created_by, "todo", _("To-do: %(title)s", title=t.title), who + due, "amber", t))
        if t.is_done and t.done_at:
            out.append(Entry(t.done_at, t.done_by or "", "todo", _("Done: %(title)s", title=t.title), (), "green", t))
    return out


def _approvals(session: Any, owner: Any) -> list[Entry]:
    out = []
    for a in approval.of(session, owner):
        kind = approval.KINDS.get(a.kind)
        title = str(kind.title) if kind else a.kind
        out.append(Entry(a.requested_at, a.requested_by, "approval", _("Approval asked for: %(title)s", title=title),
                         (a.reason,) if a.reason and a.state == "waiting" else (), "violet", a))
        for v in a.votes:
            said = _("Approved: %(title)s", title=title) if v.approve else _("Returned: %(title)s", title=title)
            out.append(Entry(v.voted_at, v.user_name, "approval", said, (v.reason,) if v.reason else (),
                             "green" if v.approve else "red", a))
    return out
