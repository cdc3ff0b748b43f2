"""What the database refuses, as the sentences a service would have written. Constraint names are never shown."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from ..db.base import Model
from ..errors import Conflict, ParkOpsError, Problem, RuleError
from ..i18n import _l

RETRY = {"40001", "40P01", "55P03"}
CHANGED = _l("Somebody else changed this record meanwhile. Compare both versions and save again.")


def as_refusal(error: BaseException) -> ParkOpsError | None:
    """The refusal a database error stands for, or None when it is a real fault."""
    if isinstance(error, StaleDataError):
        return Conflict(CHANGED)
    if not isinstance(error, DBAPIError):
        return None
    state = getattr(error.orig, "sqlstate", None)
    if state in RETRY:
        return Conflict(_l("Somebody else is changing the same records right now. Try again in a moment."))
    handler = HANDLERS.get(state or "")
    if handler is not None:
        return RuleError([handler(error)])
    if isinstance(error, IntegrityError):
        return RuleError([Problem("core.refused_by_database", _l("These values contradict other records; check them and save again."))])
    return None


def _diag(error: DBAPIError) -> Any:
    return getattr(error.orig, "diag", None)


def _table(error: DBAPIError) -> Any:
    name = getattr(_diag(error), "table_name", None)
    return next((m.local_table for m in Model.registry.mappers if m.local_table.name == name), None) if name else None


def _label(table: Any, name: str) -> Any:
    column = table.columns.get(name) if table is not None else None
    return (column.info.get("label") if column is not None else None) or name


def _columns(error: DBAPIError) -> tuple[Any, list[str]]:
    """(table, columns) of the violated constraint, the park left out."""
    table, name = _table(error), getattr(_diag(error), "constraint_name", None)
    if table is None or not name:
        return table, []
    for constraint in (*table.constraints, *table.indexes):
        if str(constraint.name) == name and (not hasattr(constraint, "columns") or len(constraint.columns)):
            return table, [c.name for c in constraint.columns if c.name != "park_id"]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | ForeignKeyConstraint):
            names = [c.name for c in constraint.columns]
            if name.endswith("_".join(names)):
                return table, [n for n in names if n != "park_id"]
    return table, []


def _unique(error: DBAPIError) -> Problem:
    table, names = _columns(error)
    if not names:
        return Problem("core.taken", _l("There is already such a record; open it instead of making another."))
    words = "、".join(str(_label(table, n)) for n in names)
    return Problem("core.taken", _l("Another record already has this: %(fields)s. Change it, or open the other record.", fields=words),
                   names[0] if len(names) == 1 else None)


def _foreign(error: DBAPIError) -> Problem:
    table, names = _columns(error)
    detail = getattr(_diag(error), "message_primary", "") or ""
    if getattr(error.orig, "sqlstate", None) == "23001" and not getattr(_diag(error), "table_name", None):
        return _raised(error)  # a trigger of ours said no, not a foreign key
    if detail.startswith("update or delete"):
        return Problem("core.still_used", _l("Other records still refer to this one; remove or move them first."))
    word = _label(table, names[0]) if names else ""
    return Problem("core.gone", _l("The chosen record is no longer there (%(field)s); choose another one.", field=word),
                   names[0] if names else None)


def _overlap(error: DBAPIError) -> Problem:
    return Problem("core.overlap", _l("This overlaps another entry for the same time; change the dates or end the other one first."))


def _missing(error: DBAPIError) -> Problem:
    name = getattr(_diag(error), "column_name", None)
    return Problem("core.missing", _l("Please fill in: %(field)s.", field=_label(_table(error), name) if name else ""), name)


def _check(error: DBAPIError) -> Problem:
    table, name = _table(error), getattr(_diag(error), "constraint_name", "") or ""
    column = next((c.name for c in table.columns if name == f"ck_{table.name}_{c.name}"), None) if table is not None else None
    if column:
        return Problem("core.not_allowed_value", _l("This value is not allowed: %(field)s.", field=_label(table, column)), column)
    return Problem("core.not_allowed_value", _l("These values do not fit together; check dates, numbers and choices and save again."))


def _too_long(error: DBAPIError) -> Problem:
    return Problem("core.too_long", _l("A text is longer than its field; shorten it and save again."))


def _range(error: DBAPIError) -> Problem:
    return Problem("core.out_of_range", _l("A number is too large for its field; check the unit."))


def _unreadable(error: DBAPIError) -> Problem:
    return Problem("core.unreadable", _l("A text holds a character that cannot be stored; type it again instead of pasting it."))


def _raised(error: DBAPIError) -> Problem:
    return Problem("core.locked", _l("This record is final and cannot be changed or deleted; correct it with a new one."))


HANDLERS = {"23505": _unique, "23503": _foreign, "23001": _foreign, "23P01": _overlap, "23502": _missing, "23514": _check,
            "22001": _too_long, "22003": _range, "22021": _unreadable, "22P05": _unreadable, "P0001": _raised}
