"""The hole beside the scope: a select that names a scoped model only inside `.filter()`, `.over()` or an ordered aggregate is
not recognised as an ORM statement, so no criterion is attached to it. Such a select is completed at the top (the entity is
named in FROM, which changes nothing else) and refused below it.

`select(func.count().filter(Firm.state == "x"))` would otherwise count every park's firms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import Select, SelectBase

from ..errors import Refused
from .base import Model, ParkScoped
from .park_optional import ParkMarked
from .session import ParkSession

_tables: set[Any] = set()  # see scoped_tables; emptied when a class is mapped
_fine: set[Any] = set()  # shapes of statements that were looked at and need nothing; emptied likewise
FINE_MAX = 4000


@event.listens_for(Mapper, "instrument_class")
def _forget(_mapper: Any, _class: Any) -> None:
    _tables.clear()
    _fine.clear()


def scoped_tables() -> set[Any]:
    """Tables whose rows belong to parks."""
    if not _tables:
        _tables.update(m.local_table for m in Model.registry.mappers if issubclass(m.class_, ParkScoped | ParkMarked))
    return _tables


def _is_orm(select: Any) -> bool:
    return select._propagate_attrs.get("compile_state_plugin") == "orm"


def _draws_from_scoped(select: Select) -> bool:
    """Whether a select reads a scoped table itself (not through a sub-query, which is looked at on its own)."""
    known = scoped_tables()
    for origin in select.get_final_froms():
        for part in visitors.iterate(origin, {"column_collections": False}):
            if isinstance(part, SelectBase):
                break
            table = getattr(part, "element", part)
            if getattr(table, "_deannotate", None) is not None and table._deannotate() in known:
                return True
    return False


def complete(statement: Any) -> Any:
    """The statement with its entity named, when it reads scoped rows unrecognised; Refused when it does so in a sub-query."""
    if not isinstance(statement, SelectBase):
        return statement
    shape = statement._generate_cache_key()  # what SQLAlchemy itself keys its compiled form by: everything but the values
    if shape is not None and shape.key in _fine:
        return statement
    found = _complete(statement)
    if found is statement and shape is not None:
        if len(_fine) >= FINE_MAX:
            _fine.clear()
        _fine.add(shape.key)
    return found


def _complete(statement: Any) -> Any:
    for part in visitors.iterate(statement):
        if isinstance(part, Select) and not _is_orm(part) and _draws_from_scoped(part):
            if part is not statement:
                raise Refused("a sub-query reads park-scoped rows that are not confined; add .select_from(Model) to it")
            return _complete(_named(statement))
    return statement


def _named(statement: Select) -> Select:
    for part in visitors.iterate(statement):
        entity = part._annotations.get("parententity") if hasattr(part, "_annotations") else None
        if entity is not None and issubclass(inspect(entity.entity).mapper.class_, ParkScoped | ParkMarked):
            return statement.select_from(entity.entity)
    raise Refused("a Core select reads park-scoped rows and is not confined; select from the mapped class instead of its table")


ParkSession.walls.append(complete)
