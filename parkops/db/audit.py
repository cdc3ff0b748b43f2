"""The audit trail: one row per changed record and flush, written in the same transaction, append-only by trigger.

`action_id` groups what one service call did. Mass work (Core, COPY, INSERT…SELECT) does not pass the unit of work and
says so itself with `bulk()`; things that change no row (log-in, denial, export, unmask) use `event()`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, String, Text, bindparam, insert, inspect, literal_column, select
from sqlalchemy import event as sa_event
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..clock import now
from ..i18n import _l
from .base import Model, ParkScoped, Record, field
from .park_optional import ParkMarked
from .session import ParkSession
from .types import Json, UTCDateTime

SKIP = {"version", "created_at"}
HIDDEN = {"password", "totp_secret", "secret", "token_hash"}


class AuditEntry(ParkMarked, Model):
    """Who did what to which record, when, from where, with which values. Never updated, never deleted (trigger)."""

    __tablename__ = "core_audit"
    __table_args__ = (
        Index("ix_core_audit_record", "resource", "record_id", "id"),
        Index("ix_core_audit_actor", "user_id", "at"),
        Index("ix_core_audit_at", "at"),
        Index("ix_core_audit_park", "park_id", "at"),
    )
    __resource__ = "core.audit"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = field(UTCDateTime, _l("Time"), nullable=False)
    user_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"), nullable=False)
    via: Mapped[str] = field(String(20), _l("Via"), nullable=False)
    address: Mapped[str | None] = field(String(64), _l("Address"))
    action_id: Mapped[str] = field(String(32), _l("Action"), nullable=False)
    park_id: Mapped[int | None] = field(BigInteger, _l("Park"))
    resource: Mapped[str] = field(String(80), _l("Kind of record"), nullable=False)
    record_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    label: Mapped[str | None] = field(String(200), _l("Label"))
    op: Mapped[str] = field(String(20), _l("Operation"), nullable=False)
    result: Mapped[str] = field(String(20), _l("Result"), nullable=False, default="done")
    detail: Mapped[dict | None] = field(Json, _l("Before and after"))
    note: Mapped[str | None] = field(Text, _l("Note"))

    def __str__(self) -> str:
        return f"{self.label or self.resource} · {self.user_name}"


_ADD = insert(AuditEntry.__table__)  # one statement object for all calls: its cache key is worked out once
WHO = ("at", "user_id", "user_name", "via", "address", "action_id", "note")


def hidden(attr: Any) -> bool:
    """Values the trail never repeats: secrets, and what is sealed at rest."""
    return attr.key in HIDDEN or bool(getattr(attr.columns[0].type, "sealed", False))


def plain(value: Any) -> Any:
    """A JSON-safe form that keeps exact numbers as text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | float | bool | list | dict) or value is None:
        return value
    return str(value)


def _row(session: Session, **values: Any) -> dict[str, Any]:
    scope = session.info.get("scope")
    row = {
        "at": now(), "user_id": scope.user_id if scope else None, "user_name": scope.user_name if scope else "anonymous",
        "via": scope.via if scope else "screen", "address": (scope.address or None) if scope else None,
        "action_id": scope.action_id if scope else "-", "park_id": None, "record_id": None, "label": None,
        "result": "done", "detail": None, "note": scope.reason or None if scope else None,
    }
    row.update(values)
    if row["label"]:
        row["label"] = str(row["label"])[:200]
    return row


def _changes(obj: Any, op: str) -> dict[str, list[Any]]:
    state, diff = inspect(obj), {}
    for attr in state.mapper.column_attrs:
        key = attr.key
        if key in SKIP or (key == "id" and op != "delete"):
            continue
        if op == "insert":
            value = obj.__dict__.get(key)
            if value is not None:
                diff[key] = [None, "•••" if hidden(attr) else plain(value)]
        elif op == "delete":
            value = obj.__dict__.get(key)
            if value is not None:
                diff[key] = ["•••" if hidden(attr) else plain(value), None]
        else:
            history = state.attrs[key].history
            if history.has_changes():
                old = history.deleted[0] if history.deleted else None
                new = history.added[0] if history.added else None
                if plain(old) != plain(new):
                    diff[key] = ["•••", "•••"] if hidden(attr) else [plain(old), plain(new)]
    return diff


def _complete(session: Session, obj: Any, diff: dict[str, list[Any]]) -> None:
    """Look up the old values of columns that were set while expired (the unit of work never knew them)."""
    state = inspect(obj)
    mapper = state.mapper
    unseen = [k for k in diff if not hidden(mapper.column_attrs[k]) and not state.attrs[k].history.deleted]
    if not unseen or state.identity is None:
        return
    columns = [mapper.column_attrs[k].columns[0] for k in unseen]
    row = session.connection().execute(select(*columns).where(mapper.local_table.c.id == state.identity[0])).one_or_none()
    for key, old in zip(unseen, row or (), strict=False):
        diff[key][0] = plain(old)
        if diff[key][0] == diff[key][1]:
            del diff[key]


@sa_event.listens_for(ParkSession, "before_flush")
def collect(session: Session, context: Any, instances: Any) -> None:
    """Take the differences while the old values are still known."""
    found: list[tuple[Any, str, dict]] = []
    for op, objects in (("insert", session.new), ("update", session.dirty), ("delete", session.deleted)):
        for obj in objects:
            if not isinstance(obj, Record) or getattr(obj, "__audited__", True) is False:
                continue
            if op == "update" and not session.is_modified(obj):
                continue
            diff = {} if op == "insert" else _changes(obj, op)
            if op == "update":
                _complete(session, obj, diff)
            found.append((obj, op, diff))
    session.info.setdefault("audit_pending", []).extend(found)


@sa_event.listens_for(ParkSession, "after_flush")
def write(session: Session, context: Any) -> None:
    """One multi-row insert for the whole flush."""
    rows = []
    for obj, op, diff in session.info.pop("audit_pending", []):
        diff = _changes(obj, op) if op == "insert" else diff
        if op == "update":  # a reference set through its relationship reaches the column only while flushing
            keys = {c.key for c in inspect(obj).mapper.column_attrs if c.columns[0].foreign_keys} - set(diff)
            diff |= {k: v for k, v in _changes(obj, op).items() if k in keys}
        if op == "update" and not diff:
            continue
        rows.append(_row(session, resource=obj.__resource__, record_id=obj.__dict__.get("id"), op=op,
                         park_id=obj.__dict__.get("park_id"), label=_label(obj), detail=diff))
    if rows:
        session.connection().execute(_ADD, rows)


def _label(obj: Any) -> str | None:
    try:
        return str(obj)
    except Exception:  # a label must never stop a write; the id is recorded anyway
        return None


def bulk(session: Session, model: Any, op: str, count: int, detail: dict | None = None, park_id: int | None = None) -> None:
    """The one row of a set-based run: how many records of which model, and why."""
    resource = model if isinstance(model, str) else model.__resource__
    session.connection().execute(_ADD, [_row(
        session, resource=resource, op=op, park_id=park_id, detail={"count": count, **(detail or {})})])


def event(session: Session, kind: str, detail: dict | None = None, *, resource: str = "core.event", record_id: int | None = None,
          result: str = "done", label: str | None = None, park_id: int | None = None, **who: Any) -> None:
    """Something worth keeping that changes no row: log-in, denial, export, unmask, configuration."""
    session.connection().execute(_ADD, [_row(
        session, resource=resource, record_id=record_id, op=kind, result=result, label=label, detail=detail, park_id=park_id,
        **who)])


def part(source: Any, **columns: Any) -> Any:
    """An INSERT into the trail that stands as a part (CTE) of a bigger statement: a row for each row of `source`. `columns` are
    expressions (`resource`, `op`, `record_id` …); who acted comes with the parameters of `who`."""
    table = AuditEntry.__table__
    values = {**{f: bindparam(f"a_{f}", type_=table.c[f].type) for f in WHO}, "result": literal_column("'done'"), **columns}
    rows = select(*(v.label(f) for f, v in values.items())).select_from(source)
    return insert(table).from_select(list(values), rows, include_defaults=False).returning(table.c.id)


def who(session: Session) -> dict[str, Any]:
    """The parameters of `part`: who acts, when, from where."""
    row = _row(session, label=None)
    return {f"a_{f}": row[f] for f in WHO}


__all__ = ["AuditEntry", "ParkScoped", "bulk", "event", "part", "who"]
