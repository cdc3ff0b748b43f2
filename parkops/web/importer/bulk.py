"""Set-based reading and writing of one chunk: look up by key, insert, update. Two statements a chunk, whatever its size.

Rows travel as one JSON document and are typed by `json_to_recordset`; every value passes the column's own bind processor
first, so that money arrives as fen and a date as a date. Runs on the session's connection, inside its transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Computed, select, text, tuple_
from sqlalchemy.dialects import postgresql

from ...importing import ImportKind

DIALECT = postgresql.dialect()


class Target:
    """The model's table as the engine writes it. All identifiers come from the model, none from the file."""

    def __init__(self, kind: ImportKind):
        self.kind, self.model = kind, kind.model_class()
        self.table = self.model.__table__
        self.key = kind.key
        names = dict.fromkeys([*kind.key, *(c for f in kind.fields for c in f.columns), *kind.defaults])
        self.columns = [n for n in names if n in self.table.c]
        self.defaulted = [c.name for c in self.table.columns if c.default is not None and c.name not in names
                          and not isinstance(c.server_default, Computed) and c.name != "version"]
        types = {c.name: c.type for c in self.table.columns}
        self.binders = {n: t.bind_processor(DIALECT) for n, t in types.items()}
        self.sql_types = {n: t.compile(DIALECT) for n, t in types.items()}
        self.limits = {n: t.length for n, t in types.items() if getattr(t, "length", None)}

    def bound(self, row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """The row as the database gets it."""
        out = {}
        for name in names:
            value, binder = row.get(name), self.binders.get(name)
            if isinstance(value, date | datetime):
                out[name] = value.isoformat()
            else:
                out[name] = binder(value) if binder is not None and value is not None else value
        return out

    def record(self, names: Sequence[str]) -> str:
        return ", ".join(f"{n} {self.sql_types[n]}" for n in names)


def find(session: Any, target: Target, park_id: int, keys: list[tuple], *, lock: bool) -> dict[tuple, Any]:
    """Existing records of the park by key. `lock` holds them until the import ends, so nobody's edit is overwritten."""
    if not keys:
        return {}
    m = target.model
    names = dict.fromkeys(["id", "version", *target.columns])
    columns = [getattr(m, k) for k in target.key]
    found = columns[0].in_([k[0] for k in keys]) if len(columns) == 1 else tuple_(*columns).in_(keys)
    query = select(*(getattr(m, n) for n in names)).where(m.park_id == park_id, found)
    if lock:
        query = query.order_by(m.id).with_for_update()
    rows = session.execute(query).mappings()
    return {tuple(r[k] for k in target.key): r for r in rows}


def insert(session: Any, target: Target, park_id: int, rows: list[dict[str, Any]]) -> dict[tuple, int]:
    """Insert and return key -> id; a key that somebody inserted meanwhile is missing from the answer."""
    if not rows:
        return {}
    names = ["park_id", *target.columns, *target.defaulted]
    ready = []
    for row in rows:
        full = {**target.kind.defaults, **{n: v for n, v in row.items() if v is not None}, "park_id": park_id}
        for name in (*target.columns, *target.defaulted):
            default = target.table.c[name].default
            if full.get(name) is None and default is not None:
                full[name] = default.arg(None) if default.is_callable else default.arg
        ready.append(target.bound(full, names))
    columns, back = ", ".join(names), ", ".join(["id", *target.key])
    sql = (f"INSERT INTO {target.table.name} ({columns}) SELECT {columns} FROM json_to_recordset(CAST(:rows AS json)) "
           f"AS x({target.record(names)}) ON CONFLICT DO NOTHING RETURNING {back}")
    result = session.connection().execute(text(sql), {"rows": json.dumps(ready, ensure_ascii=False)})
    return {tuple(r[1:]): r[0] for r in result}


def update(session: Any, target: Target, rows: list[tuple[int, int, dict[str, Any]]]) -> int:
    """Write (id, version, changed columns) of locked records; columns that did not change keep their value."""
    if not rows:
        return 0
    names = sorted({n for _id, _version, changed in rows for n in changed})
    ready = [{"id": i, "set_": list(changed), **target.bound(changed, names)} for i, _version, changed in rows]
    sets = ", ".join(f"{n} = CASE WHEN x.set_ ? '{n}' THEN x.{n} ELSE t.{n} END" for n in names)
    sql = (f"UPDATE {target.table.name} AS t SET {sets}, version = t.version + 1 FROM json_to_recordset(CAST(%s AS json)) "
           f"AS x(id bigint, set_ jsonb, {target.record(names)}) WHERE t.id = x.id")
    return session.connection().exec_driver_sql(sql, (json.dumps(ready, ensure_ascii=False),)).rowcount


def note_rows(session: Any, batch_id: int, park_id: int, rows: list[dict[str, Any]]) -> None:
    """Remember what each row did, for the undo."""
    if rows:
        session.connection().execute(text(
            "INSERT INTO core_import_row (batch_id, park_id, row_no, record_id, action, version_after, before) "
            "SELECT :batch, :park, x.row_no, x.record_id, x.action, x.version_after, x.before "
            "FROM json_to_recordset(CAST(:rows AS json)) AS x(row_no int, record_id bigint, action text, "
            "version_after int, before jsonb)"),
            {"batch": batch_id, "park": park_id, "rows": json.dumps(rows, ensure_ascii=False)})
