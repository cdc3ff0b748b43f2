"""Undo a batch: put back what it changed, remove what it added, unless somebody has worked with the records since."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from ...db import audit
from ...db.base import metadata
from ...errors import Conflict, Problems
from ...i18n import _l
from ...importing import ImportKind, kind_of
from ...security import access
from .bulk import Target
from .engine import RESOURCE, reindex
from .models import ImportBatch, ImportedRow

OWNERS = (("resource", "record_id"), ("owner_resource", "owner_id"))
OWN_TABLES = {"core_audit", "core_import_row"}
SHOWN = 10  # blockers named in the refusal


def undo_batch(session: Any, batch: ImportBatch) -> dict[str, int]:
    """Take a batch back as a whole, or refuse naming what stands in the way. Returns counts; the caller commits."""
    kind = kind_of(batch.kind)
    access.require(session, RESOURCE, "act")
    access.require(session, kind.resource, "change")
    locked = session.execute(select(ImportBatch.state).where(ImportBatch.id == batch.id).with_for_update()).scalar_one()
    if locked != "done":
        raise Conflict(_l("Only a finished import can be undone; reload the page to see its state."))
    target = Target(kind)
    problems = Problems()
    for sentence in blockers(session, target, kind, batch.id):
        problems.add("import.undo_blocked", sentence)
    problems.stop()
    ids = list(session.execute(select(ImportedRow.record_id).where(ImportedRow.batch_id == batch.id)).scalars())
    counts = {"restored": restore(session, target, batch.id), "removed": remove(session, target, kind, batch.id)}
    reindex(session, target.model, ids)
    batch.state = "undone"
    audit.bulk(session, kind.resource, "import undo", len(ids), {"batch": batch.id, **counts}, park_id=batch.park_id)
    session.flush()
    session.expire_all()
    return counts


def blockers(session: Any, target: Target, kind: ImportKind, batch_id: int) -> list[Any]:
    """Sentences for what happened to the batch's records since: changed, removed, or referred to by other records."""
    c = session.connection()
    table = target.table.name
    c.execute(text(f"SELECT t.id FROM {table} t JOIN core_import_row r ON r.record_id = t.id WHERE r.batch_id = :b "
                   "ORDER BY t.id FOR UPDATE OF t"), {"b": batch_id})
    changed = c.execute(text(
        f"SELECT r.row_no FROM core_import_row r LEFT JOIN {table} t ON t.id = r.record_id WHERE r.batch_id = :b AND "
        "(t.id IS NULL OR t.version <> r.version_after) ORDER BY r.row_no"), {"b": batch_id}).scalars().all()
    out: list[Any] = []
    if changed:
        rows = ", ".join(str(n) for n in changed[:SHOWN]) + (" …" if len(changed) > SHOWN else "")
        out.append(_l("%(n)s records were changed after the import (file rows %(rows)s); change them back by hand.",
                      n=len(changed), rows=rows))
    for name, condition in references(target, kind):
        found = c.execute(text(f"SELECT count(*) FROM {name} x WHERE {condition}"), {"b": batch_id}).scalar_one()
        if found:
            out.append(_l("%(n)s records of %(table)s belong to imported records; remove them first.",
                          n=found, table=name.replace("_", ".", 1)))
    return out


def references(target: Target, kind: ImportKind) -> list[tuple[str, str]]:
    """(table, SQL condition) of everything that points to the batch's new records: foreign keys, comments, files, to-dos."""
    new = "(SELECT record_id FROM core_import_row WHERE batch_id = :b AND action = 'insert')"
    out = []
    for table in metadata.tables.values():
        if table.name in kind.children or table.name in OWN_TABLES or table.name.startswith("core_search"):
            continue
        for column in table.columns:
            if any(f.column.table is target.table for f in column.foreign_keys):
                out.append((table.name, f"x.{column.name} IN {new}"))
        for resource, record in OWNERS:
            if resource in table.c and record in table.c:
                out.append((table.name, f"x.{resource} = '{target.kind.resource}' AND x.{record} IN {new}"))
    return out


def restore(session: Any, target: Target, batch_id: int) -> int:
    """The old values of updated records, in one statement."""
    sets = ", ".join(f"{n} = CASE WHEN r.before ? '{n}' THEN x.{n} ELSE t.{n} END" for n in target.columns)
    sql = (f"UPDATE {target.table.name} AS t SET {sets}, version = t.version + 1 FROM core_import_row r "
           f"CROSS JOIN LATERAL jsonb_to_record(r.before) AS x({target.record(target.columns)}) "
           "WHERE r.batch_id = %s AND r.action = 'update' AND t.id = r.record_id")
    return session.connection().exec_driver_sql(sql, (batch_id,)).rowcount


def remove(session: Any, target: Target, kind: ImportKind, batch_id: int) -> int:
    """The added records and the rows the module's own hook made for them."""
    new = "(SELECT record_id FROM core_import_row WHERE batch_id = :b AND action = 'insert')"
    c = session.connection()
    for name in kind.children:
        for column in metadata.tables[name].columns:
            if any(f.column.table is target.table for f in column.foreign_keys):
                c.execute(text(f"DELETE FROM {name} WHERE {column.name} IN {new}"), {"b": batch_id})
    return c.execute(text(f"DELETE FROM {target.table.name} WHERE id IN {new}"), {"b": batch_id}).rowcount
