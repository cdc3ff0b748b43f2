"""A request that only read ends with COMMIT instead of ROLLBACK.

The driver forgets its prepared statements at every rollback (a rolled-back CREATE could have made them void), so each
request would have its statements parsed and planned anew; the look-up of the session alone cost two milliseconds. A
commit after nothing but SELECT changes nothing. Whatever else ran on the connection (DML, text, a savepoint, FOR UPDATE, a
common table expression) counts as a write, and an uncommitted write is rolled back as ever."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import SelectBase

WROTE = "parkops_wrote"
ONLY_READS = {"parkops_reads": True}  # execution options of a text that is known to be a plain select


def _reads(context: Any) -> bool:
    if context is None:
        return False
    if context.execution_options.get("parkops_reads"):
        return True
    made = context.compiled
    return (made is not None and isinstance(made.statement, SelectBase) and not made.ctes
            and getattr(made.statement, "_for_update_arg", None) is None)


@event.listens_for(Engine, "before_cursor_execute")
def _note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
    if not _reads(context):
        conn.info[WROTE] = True


@event.listens_for(Engine, "begin")
def _forget(conn: Any) -> None:
    conn.info.pop(WROTE, None)


def end(session: Session) -> None:
    """Commit when the session has nothing to write and its transaction only read; otherwise leave it as it is."""
    if not session.in_transaction() or not session.is_active or session.new or session.dirty or session.deleted:
        return
    if not session.connection().info.get(WROTE):
        session.commit()
