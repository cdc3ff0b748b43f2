"""The run of an import: the same road for the dry run and the commit, chunk by chunk, in the caller's transaction.

Services of the importer: they check rights, take the date, flush and never commit. Every row of the file is counted once:
inserted + updated + unchanged + rejected = rows with content below the headings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from ...db import audit
from ...db.session import scope_of, unprepared
from ...errors import Problem, Refused
from ...i18n import _l
from ...importing import MODES, BadValue, ImportKind, ImportRow
from ...security import access
from . import bulk
from .bulk import Target
from .mapping import Header
from .reader import LONG_NUMBER, Table

CHUNK = 2_000
RESOURCE = "core.import"


@dataclass(frozen=True)
class Rejection:
    """Why a row was not taken: the first problem. `message` is lazy, so that each reader sees it in his language."""

    row: int
    field: str | None
    message: Any

    def as_dict(self) -> dict[str, Any]:
        return {"row": self.row, "field": self.field, "message": str(self.message)}


@dataclass
class Outcome:
    """What the run did, or would do."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    saved: bool = False  # False after a dry run, and when "all or nothing" met a rejected row

    @property
    def total(self) -> int:
        return self.inserted + self.updated + self.unchanged + len(self.rejected)

    def as_dict(self) -> dict[str, Any]:
        return {"inserted": self.inserted, "updated": self.updated, "unchanged": self.unchanged,
                "rejected": [r.as_dict() for r in self.rejected]}


class Undone(Exception):
    """Inside the savepoint: leave nothing behind."""


def require_rights(session: Any, kind: ImportKind, mode: str) -> None:
    """Importing needs core.import:add and the very rights a person would need on the screen."""
    access.require(session, RESOURCE, "add")
    if mode in ("insert", "upsert"):
        access.require(session, kind.resource, "add")
    if mode in ("update", "upsert"):
        access.require(session, kind.resource, "change")


def run_import(session: Any, kind: ImportKind, table: Table, *, header: Header, columns: dict[str, int], on: date,
               mode: str = "upsert", all_or_nothing: bool = False, dry_run: bool = False, batch_id: int | None = None,
               progress: Callable[[int], None] | None = None) -> Outcome:
    """Check every row and, unless `dry_run`, write the good ones. Flushes; the caller commits.

    Raises NotAllowed without the rights, Refused for an unreadable file; rows never raise, they are rejected."""
    if mode not in MODES:
        raise Refused(_l("The mode is not known; use one of %(modes)s.", modes=", ".join(MODES)))
    require_rights(session, kind, mode)
    if scope_of(session).park_id is None:
        raise Refused(_l("Choose a park first: this record needs one."))
    run = _Run(session, kind, table, header, columns, on, mode, all_or_nothing, dry_run, batch_id)
    try:
        with session.begin_nested(), unprepared(session):
            run.work(progress or (lambda done: None))
            if run.outcome.rejected and all_or_nothing:
                raise Undone
    except Undone:
        run.outcome.saved = False
        return run.outcome
    run.outcome.saved = not dry_run
    return run.outcome


def take_turns(session: Any, kind: ImportKind, park_id: int) -> None:
    """One import of a kind into a park at a time: two would reject each other's rows, or deadlock on them."""
    session.connection().execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:k, :park))"),
                                 {"k": f"import {kind.code}", "park": park_id})


class _Run:
    """The state of one run."""

    def __init__(self, session: Any, kind: ImportKind, table: Table, header: Header, columns: dict[str, int], on: date,
                 mode: str, all_or_nothing: bool, dry_run: bool, batch_id: int | None):
        self.session, self.kind, self.table, self.header = session, kind, table, header
        self.columns, self.on, self.mode = columns, on, mode
        self.writing, self.strict, self.batch_id = not dry_run, all_or_nothing, batch_id
        self.target, self.park_id = Target(kind), scope_of(session).park_id
        self.fields = [(kind.field(name), at) for name, at in columns.items()]
        self.outcome, self.seen = Outcome(), {}
        self.inserted_ids: list[int] = []
        self.updated_ids: list[int] = []

    def work(self, progress: Callable[[int], None]) -> None:
        if self.writing:
            take_turns(self.session, self.kind, self.park_id)
        for chunk in self.chunks():
            self.chunk(chunk)
            progress(self.outcome.total)
        self.outcome.rejected.sort(key=lambda r: r.row)
        if self.writing and not (self.strict and self.outcome.rejected):
            self.finish()

    def chunks(self) -> Iterator[list[ImportRow]]:
        chunk: list[ImportRow] = []
        for number, cells in self.table.rows():
            if number <= self.header.row or not any(c.strip() for c in cells):
                continue
            chunk.append(self.parse(number, cells))
            if len(chunk) >= CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def parse(self, number: int, cells: list[str]) -> ImportRow:
        row = ImportRow(number, {})
        if any(c.strip() for c in cells[len(self.header.names):]):
            row.refuse("import.too_wide", _l("The row has more cells than there are headings; check its separators."))
        for f, at in self.fields:
            cell = cells[at] if at < len(cells) else ""
            try:
                if cell == LONG_NUMBER:
                    raise BadValue(_l("%(field)s is a number of more than 15 digits, which the spreadsheet has already "
                                      "rounded; format the column as text and type it again.", field=f.title))
                row.values.update(f.read(cell))
            except BadValue as e:
                row.refuse("import.bad_value", e.message, f.name)
        self.check_lengths(row)
        return row

    def check_lengths(self, row: ImportRow) -> None:
        for name, value in row.values.items():
            if isinstance(value, str):
                limit = self.target.limits.get(name)
                if limit and len(value) > limit:
                    label = self.target.table.c[name].info.get("label") or name
                    row.refuse("import.too_long", _l("%(field)s is longer than %(n)s characters; shorten it.",
                                                     field=label, n=limit), name)
                elif "\x00" in value:
                    row.refuse("import.bad_value", _l("A cell holds an unreadable character; type it again."), name)

    def chunk(self, rows: list[ImportRow]) -> None:
        good = [r for r in rows if not r.problems]
        for row in good:
            key = self.key(row)
            if key in self.seen:
                row.refuse("import.twice", _l("This row repeats row %(row)s; delete one of them.", row=self.seen[key]),
                           self.kind.key[0])
            else:
                self.seen[key] = row.number
        good = [r for r in good if not r.problems]
        if self.kind.prepare and good:
            self.kind.prepare(self.session, good, self.on)
            good = [r for r in good if not r.problems]
        self.write([r for r in good if not r.problems])
        self.reject([r for r in rows if r.problems])

    def key(self, row: ImportRow) -> tuple:
        return tuple(row.values.get(k) for k in self.kind.key)

    def reject(self, rows: list[ImportRow]) -> None:
        for row in rows:
            first: Problem = row.problems[0]
            self.outcome.rejected.append(Rejection(row.number, first.field, first.message))

    def write(self, rows: list[ImportRow]) -> None:
        """Sort into new, changed and unchanged; write when asked to."""
        lock = self.writing and self.mode != "insert"
        known = bulk.find(self.session, self.target, self.park_id, [self.key(r) for r in rows], lock=lock)
        new, changed = [], []
        for row in rows:
            old = known.get(self.key(row))
            difference = self.difference(row, old) if old is not None else None
            if old is not None and not difference:
                self.outcome.unchanged += 1
            elif old is None and self.mode == "update":
                row.refuse("import.unknown", _l("There is no such record to update; choose adding or correct the key."),
                           self.kind.key[0])
            elif old is not None and self.mode == "insert":
                row.refuse("import.exists", _l("The record exists with other values; choose updating to change it."),
                           self.kind.key[0])
            elif old is None:
                new.append(row)
            else:
                changed.append((row, old, difference))
        if self.writing and not (self.strict and self.outcome.rejected):
            self.save(new, changed)
        else:
            self.outcome.inserted += len(new)
            self.outcome.updated += len(changed)

    def difference(self, row: ImportRow, old: Any) -> dict[str, Any]:
        """Columns whose stated value differs; an empty cell states nothing."""
        return {n: v for n, v in row.values.items() if v is not None and n in old and old[n] != v}

    def save(self, new: list[ImportRow], changed: list[tuple]) -> None:
        try:
            with self.session.begin_nested():
                self.save_together(new, changed)
        except (IntegrityError, DataError):
            if len(new) + len(changed) == 1:
                self.refused_by_database(new[0] if new else changed[0][0])
                return
            # one row breaks a rule of the database: halve until it stands alone, so that it alone is rejected
            for half in (slice(None, len(new) // 2), slice(len(new) // 2, None)):
                if new[half]:
                    self.save(new[half], [])
            for half in (slice(None, len(changed) // 2), slice(len(changed) // 2, None)):
                if changed[half]:
                    self.save([], changed[half])

    def refused_by_database(self, row: ImportRow) -> None:
        row.refuse("import.refused", _l("These values contradict each other or other records; correct the row."))

    def save_together(self, new: list[ImportRow], changed: list[tuple]) -> None:
        ids = bulk.insert(self.session, self.target, self.park_id, [r.values for r in new])
        lost = [r for r in new if self.key(r) not in ids]
        bulk.update(self.session, self.target, [(old["id"], old["version"], diff) for _row, old, diff in changed])
        notes = [{"row_no": r.number, "record_id": ids[self.key(r)], "action": "insert", "version_after": 1, "before": None}
                 for r in new if self.key(r) in ids]
        notes += [{"row_no": row.number, "record_id": old["id"], "action": "update", "version_after": old["version"] + 1,
                   "before": self.target.bound(dict(old), list(diff))} for row, old, diff in changed]
        if self.batch_id is not None:
            bulk.note_rows(self.session, self.batch_id, self.park_id, notes)
        self.inserted_ids += list(ids.values())
        self.updated_ids += [old["id"] for _row, old, _diff in changed]
        self.outcome.inserted += len(ids)
        self.outcome.updated += len(changed)
        for row in lost:  # somebody added this very key after our look-up
            row.refuse("import.meanwhile", _l("Somebody added this record meanwhile; import the row again."),
                       self.kind.key[0])

    def finish(self) -> None:
        """What belongs to the records besides the table itself: the module's own rows, the search index, the audit."""
        if self.kind.after:
            self.kind.after(self.session, self.inserted_ids, self.updated_ids, self.on)
        reindex(self.session, self.target.model, [*self.inserted_ids, *self.updated_ids])
        o = self.outcome
        audit.bulk(self.session, self.kind.resource, "import", o.inserted + o.updated, {
            "batch": self.batch_id, "inserted": o.inserted, "updated": o.updated, "unchanged": o.unchanged,
            "rejected": len(o.rejected)}, park_id=self.park_id)
        self.session.expire_all()


def reindex(session: Any, model: Any, ids: list[int]) -> None:
    """Refresh the search index of records written past the unit of work."""
    if ids and getattr(model, "__search__", None):
        from ... import search

        search.reindex(session, model, ids)
