"""A batch's life: uploaded → checked → done → undone. What a screen or a job calls; each step is safe against a second
click, a second clerk and a killed process, because the effect and the new state commit in one transaction."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select, text, update

from ...clock import now
from ...config import config
from ...db.session import Scope, scope_of, session_scope
from ...errors import Conflict, NotAllowed, NotFound, ParkOpsError, Refused
from ...i18n import Lazy, _l, force_locale
from ...importing import ImportKind, kind_of
from ...security import access
from .engine import RESOURCE, Outcome, require_rights, run_import
from .mapping import Header, check, find_header, recall, remember
from .models import ImportBatch
from .prescan import MAX_FILE, MIB
from .reader import SUFFIXES, Table, open_table, refuse_large

IN_REQUEST = 20_000  # rows that are worked on while the browser waits; more run in a thread
KEEP_DAYS, KEEP_ERRORS = 30, 50_000
OPEN_STATES = ("uploaded", "checked", "failed")


def folder() -> Path:
    path = config().data_dir / "imports"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def path_of(batch: ImportBatch) -> Path:
    return folder() / (batch.sha256 + Path(batch.filename).suffix.lower())


def store(stream: BinaryIO, filename: str, limit: int) -> tuple[Path, str]:
    """Keep an upload by its checksum; refuses more than the limit without reading on."""
    suffix = Path(filename).suffix.lower()
    if suffix not in SUFFIXES:
        raise Refused(_l("Files of this kind cannot be imported; save the table as .xlsx, .xls or .csv."))
    sweep()
    digest, size = hashlib.sha256(), 0
    handle, name = tempfile.mkstemp(dir=folder())
    try:
        with os.fdopen(handle, "wb") as out:
            while block := stream.read(MIB):
                size += len(block)
                if size > limit:
                    refuse_large(limit)
                digest.update(block)
                out.write(block)
        target = folder() / (digest.hexdigest() + suffix)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target, digest.hexdigest()


def sweep() -> None:
    """Uploads hold personal data: files nobody needs any more go away."""
    limit = time.time() - timedelta(days=KEEP_DAYS).total_seconds()
    for path in folder().iterdir():
        try:
            if path.stat().st_mtime < limit:
                path.unlink()
        except OSError:  # another worker was quicker
            continue


def upload(session: Any, kind: ImportKind, stream: BinaryIO, filename: str, *, limit: int = MAX_FILE) -> ImportBatch:
    """Store, read and count a file; nothing of a refused one is kept. Flushes."""
    access.require(session, RESOURCE, "add")
    scope = scope_of(session)
    if scope.park_id is None:
        raise Refused(_l("Choose a park first: this record needs one."))
    filename = os.path.basename(filename.replace("\\", "/")).replace("\x00", "")[-200:]
    path, digest = store(stream, filename, limit)
    try:
        with open_table(path, filename, limit=limit) as table:
            header = find_header(kind, table)
            total = sum(1 for n, cells in table.rows() if n > header.row and any(c.strip() for c in cells))
    except ParkOpsError:
        path.unlink(missing_ok=True)
        raise
    batch = ImportBatch(
        park_id=scope.park_id, kind=kind.code, filename=filename, sha256=digest, state="uploaded", total=total,
        header_row=header.row, headings=list(header.names), columns=recall(session, kind, header),
        user_id=scope.user_id, user_name=scope.user_name)
    session.add(batch)
    session.flush()
    return batch


def header_of(batch: ImportBatch) -> Header:
    return Header(batch.header_row, tuple(batch.headings))


def table_of(batch: ImportBatch) -> Table:
    """Open the stored file of a batch."""
    path = path_of(batch)
    if not path.exists():
        raise NotFound(_l("The uploaded file is no longer kept; upload it again."))
    return open_table(path, batch.filename, limit=max(MAX_FILE, path.stat().st_size))  # checked when it came


def load(session: Any, batch_id: int) -> ImportBatch:
    """The batch in the session's parks, for those who may see imports."""
    access.require(session, RESOURCE, "read")
    batch = session.execute(select(ImportBatch).where(ImportBatch.id == batch_id)).scalar_one_or_none()
    if batch is None:
        raise NotFound(_l("There is no such record in your parks."))
    return batch


def require_content(session: Any, batch: ImportBatch) -> None:
    """The file itself (samples, error workbook): its uploader, or whoever may see personal data unmasked."""
    if scope_of(session).user_id != batch.user_id and not access.may_unmask(session, kind_of(batch.kind).resource):
        raise NotAllowed(_l("Only %(name)s, who uploaded the file, can see its rows.", name=batch.user_name))


def choose(session: Any, batch: ImportBatch, *, columns: dict[str, int], mode: str, policy: str) -> None:
    """Set mapping, mode and policy of an open batch and remember the mapping."""
    kind = kind_of(batch.kind)
    require_rights(session, kind, mode)
    if batch.state not in OPEN_STATES:
        raise Conflict(_l("This import is running or finished; upload the file again to import it anew."))
    columns = check(kind, header_of(batch), columns)
    remember(session, kind, header_of(batch), columns)
    batch.columns, batch.mode, batch.policy, batch.state, batch.errors = columns, mode, policy, "uploaded", None
    session.flush()


def claim(scope: Scope, batch_id: int, state: str) -> None:
    """Take an open batch for one runner, in its own transaction; the loser of a race gets one sentence."""
    with session_scope(scope) as s:
        batch = load(s, batch_id)
        settle(s, batch)
        allowed = ("checked",) if state == "running" else OPEN_STATES
        won = s.connection().execute(
            update(ImportBatch.__table__).where(ImportBatch.id == batch_id, ImportBatch.state.in_(allowed))
            .values(state=state, progress=0, heartbeat_at=now(), message=None)).rowcount
        if not won:
            raise Conflict(_l("This import is running or finished; upload the file again to import it anew."))


def lock_key(batch_id: int) -> dict[str, Any]:
    return {"k": f"import batch {batch_id}"}


def settle(session: Any, batch: ImportBatch) -> None:
    """A run whose process died holds no lock any more: say so. Its transaction saved nothing."""
    if batch.state not in ("checking", "running"):
        return
    fresh = batch.heartbeat_at is not None and now() - batch.heartbeat_at < timedelta(seconds=15)
    if fresh:
        return
    free = session.connection().execute(text("SELECT pg_try_advisory_xact_lock(hashtextextended(:k, 0))"),
                                        lock_key(batch.id)).scalar_one()
    if free:
        session.connection().execute(
            update(ImportBatch.__table__).where(ImportBatch.id == batch.id, ImportBatch.state == batch.state)
            .values(state="failed", message=str(_l("The import was interrupted and saved nothing; start it again."))))
        session.refresh(batch)


def run_batch(scope: Scope, batch_id: int, *, on: date, dry_run: bool) -> None:
    """Check or import a claimed batch in one transaction of its own; a failure is recorded in a second one."""
    try:
        with force_locale(scope.locale), session_scope(replace(scope, via="import")) as s:
            s.connection().execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 0))"), lock_key(batch_id))
            batch = load(s, batch_id)
            kind = kind_of(batch.kind)
            with table_of(batch) as table:
                outcome = run_import(
                    s, kind, table, header=header_of(batch), columns=batch.columns, on=on, mode=batch.mode,
                    all_or_nothing=batch.policy == "all", dry_run=dry_run, batch_id=None if dry_run else batch.id,
                    progress=beat(scope, batch_id))
            record(s, batch, outcome, dry_run=dry_run)
    except Exception as e:
        fail(scope, batch_id, e)
        raise


def record(session: Any, batch: ImportBatch, outcome: Outcome, *, dry_run: bool) -> None:
    """The result, in the transaction that holds the effect."""
    batch.inserted, batch.updated, batch.unchanged = outcome.inserted, outcome.updated, outcome.unchanged
    batch.rejected, batch.progress, batch.total = len(outcome.rejected), outcome.total, outcome.total
    batch.errors = [[r.row, r.field, packed(r.message)] for r in outcome.rejected[:KEEP_ERRORS]]
    batch.dry_run, batch.finished_at, batch.heartbeat_at = dry_run, now(), now()
    batch.state, batch.message = "checked" if dry_run else "done", None
    if not dry_run and not outcome.saved:
        batch.state = "checked"
        batch.message = str(_l("Nothing was saved because %(n)s rows have errors; correct them or import the good rows.",
                               n=len(outcome.rejected)))
    session.flush()


def packed(message: Any) -> Any:
    """A sentence as JSON that can still be translated: msgid and values, values likewise."""
    if isinstance(message, Lazy):
        return {"msgid": message.msgid, "values": {k: packed(v) for k, v in message.values.items()}}
    return message if isinstance(message, int) else str(message)


def unpacked(message: Any) -> Any:
    if isinstance(message, dict):
        return Lazy(message["msgid"], **{k: unpacked(v) for k, v in message["values"].items()})
    return message


def errors_of(batch: ImportBatch) -> list[tuple[int, str | None, str]]:
    """(row, field, sentence in the reader's language) of the rejected rows."""
    return [(row, name, str(unpacked(message))) for row, name, message in batch.errors or []]


def beat(scope: Scope, batch_id: int) -> Callable[[int], None]:
    """Progress that others can see while the long transaction is open; at most once a second."""
    last = [0.0]

    def tell(done: int) -> None:
        if time.monotonic() - last[0] < 1:
            return
        last[0] = time.monotonic()
        with session_scope(scope) as s:
            s.connection().execute(update(ImportBatch.__table__).where(ImportBatch.id == batch_id)
                                   .values(progress=done, heartbeat_at=now()))

    return tell


def fail(scope: Scope, batch_id: int, error: Exception) -> None:
    message = str(error) if isinstance(error, ParkOpsError) else str(
        _l("The import broke off and saved nothing; start it again, and tell the administrator if it happens twice."))
    with session_scope(scope) as s:
        s.connection().execute(
            update(ImportBatch.__table__).where(ImportBatch.id == batch_id, ImportBatch.state.in_(("checking", "running")))
            .values(state="failed", message=message[:1000], finished_at=now()))


def start(scope: Scope, batch: ImportBatch, *, on: date, dry_run: bool) -> bool:
    """Claim and run: at once for ordinary files, in a thread for long ones. Returns whether it already finished."""
    claim(scope, batch.id, "checking" if dry_run else "running")
    if batch.total <= IN_REQUEST:
        run_batch(scope, batch.id, on=on, dry_run=dry_run)
        return True

    def work() -> None:
        try:
            run_batch(scope, batch.id, on=on, dry_run=dry_run)
        except ParkOpsError:
            pass  # recorded by fail()

    threading.Thread(target=work, name=f"import-{batch.id}", daemon=True).start()
    return False
