"""What every plain record service does: right, known fields, lengths, choices, references in the park, uniqueness,
date order, no facts from the future. Every problem is collected before anything is refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, String, UniqueConstraint, inspect, select

from . import clock
from .db.session import scope_of
from .db.types import EnumText, Scaled
from .errors import Problems, Refused
from .i18n import _l
from .security import access

Check = Callable[[Any, dict[str, Any], Problems], None]
OWN = {"id", "version", "created_at", "park_id"}


def create(session: Any, model: Any, values: dict[str, Any], check: Check | None = None) -> Any:
    """Add one record. `check(session, values, problems)` adds the field's own rules. Raises RuleError with all problems."""
    access.require(session, model.__resource__, "add")
    problems = Problems()
    values = _clean(session, model, values, problems)
    full = {**_defaults(model), **values}
    _required(model, full, problems)
    if check and not problems.found:
        check(session, full, problems)
    park_id = _park_of(session, model, values)
    if not problems.found:
        _unique(session, model, full, None, park_id, problems)
    problems.stop()
    obj = model(**values, **({"park_id": park_id} if _scoped(model) else {}))
    session.add(obj)
    session.flush()
    return obj


def change(session: Any, obj: Any, values: dict[str, Any], check: Check | None = None) -> Any:
    """Change one record; the rules are asked with the values it will have."""
    model = type(obj)
    access.require(session, model.__resource__, "change")
    problems = Problems()
    values = _clean(session, model, values, problems)
    full = {**{c: getattr(obj, c) for c in _columns(model)}, **values}
    _required(model, full, problems)
    if check and not problems.found:
        check(session, full, problems)
    if not problems.found:
        _unique(session, model, full, obj.id, getattr(obj, "park_id", None), problems)
    problems.stop()
    for name, value in values.items():
        if getattr(obj, name) != value:
            setattr(obj, name, value)
    session.flush()
    return obj


def remove(session: Any, obj: Any, *children: tuple[Any, str, Any]) -> None:
    """Delete a record that nothing refers to; `children` are (model, foreign key, sentence) looked at first."""
    access.require(session, type(obj).__resource__, "remove")
    problems = Problems()
    for model, column, sentence in children:
        if session.scalar(select(model.id).where(getattr(model, column) == obj.id).limit(1)) is not None:
            problems.add("record.in_use", sentence)
    problems.stop()
    session.delete(obj)
    session.flush()


def date_order(values: dict[str, Any], problems: Problems, earlier: str, later: str, sentence: Any) -> None:
    """`later` may not lie before `earlier`; an empty one is not compared."""
    first, second = values.get(earlier), values.get(later)
    if first is not None and second is not None and second < first:
        problems.add("record.date_order", sentence, later)


def not_future(values: dict[str, Any], problems: Problems, names: Iterable[str], today: date | None = None) -> None:
    """Facts cannot lie after today (park zone)."""
    limit = today or clock.today()
    for name in names:
        if values.get(name) is not None and values[name] > limit:
            problems.add("record.future_date", _l("This date lies in the future. Enter the day it happened."), name)


def _scoped(model: Any) -> bool:
    return "park_id" in model.__table__.c  # a chart of accounts or a price list belongs to the whole company


def _columns(model: Any) -> list[str]:
    return [c.key for c in inspect(model).column_attrs if c.key not in OWN]


def _defaults(model: Any) -> dict[str, Any]:
    return {c.name: c.default.arg for c in model.__table__.columns
            if c.default is not None and not callable(c.default.arg) and c.name not in OWN}


def _clean(session: Any, model: Any, values: dict[str, Any], problems: Problems) -> dict[str, Any]:
    known, table, out = set(_columns(model)), model.__table__, {}
    for name, value in values.items():
        if name not in known:
            raise Refused(_l("There is no field %(name)s here. Load the page again.", name=name))
        column = table.c[name]
        if isinstance(value, str):
            value = unicodedata.normalize("NFC", value).strip() or None
        out[name] = value
        if value is not None:
            _check_type(column, value, problems)
    _references(session, model, out, problems)
    return out


def _check_type(column: Any, value: Any, problems: Problems) -> None:
    type_ = column.type
    if isinstance(type_, EnumText):
        if value not in type_.choices:
            problems.add("record.not_a_choice", _l("Choose one of the values offered."), column.name)
    elif isinstance(type_, String):
        if type_.length and len(value) > type_.length:
            problems.add("record.too_long", _l("Use at most %(n)s characters.", n=type_.length), column.name)
    elif isinstance(type_, Date) and not isinstance(value, date):
        problems.add("record.not_a_date", _l("Enter a date such as 2026-11-22."), column.name)
    elif isinstance(type_, Scaled):
        try:
            number = type_.process_bind_param(value, None)
        except (TypeError, ValueError):
            problems.add("record.not_a_number", _l("Enter a number with at most %(n)s decimals.", n=type_.places), column.name)
            return
        if abs(number) >= 2**62:
            problems.add("record.too_large", _l("This number is too large. Check the unit."), column.name)
    elif isinstance(type_, Boolean):
        if not isinstance(value, bool):
            problems.add("record.not_yes_no", _l("Answer yes or no."), column.name)


def _references(session: Any, model: Any, values: dict[str, Any], problems: Problems) -> None:
    """A reference must exist in the session's parks; the scope answers, so a foreign one looks like none."""
    for relation in inspect(model).relationships:
        if relation.direction.name != "MANYTOONE":
            continue
        name = next(iter(relation.local_columns)).name
        value = values.get(name)
        if value is not None and session.get(relation.mapper.class_, value) is None:
            problems.add("record.no_such_record", _l("There is no such record in your parks."), name)


def _required(model: Any, values: dict[str, Any], problems: Problems) -> None:
    seen = {p.field for p in problems.found}
    for column in model.__table__.columns:
        if column.name in OWN or column.nullable or column.name in seen or column.name not in _columns(model):
            continue
        if values.get(column.name) is None and (column.server_default is None or column.name in values):
            problems.add("record.missing", _l("Fill this in."), column.name)


def _unique(session: Any, model: Any, values: dict[str, Any], own_id: int | None, park_id: int | None,
            problems: Problems) -> None:
    for constraint in model.__table__.constraints:
        if not isinstance(constraint, UniqueConstraint):
            continue
        names = [c.name for c in constraint.columns if c.name != "park_id"]
        nulls_equal = constraint.dialect_options["postgresql"].get("nulls_not_distinct")
        if not names or (not nulls_equal and any(values.get(n) is None for n in names)):
            continue
        query = select(model.id).where(*(getattr(model, n).is_not_distinct_from(values.get(n)) for n in names))
        query = query.where(model.park_id == park_id) if _scoped(model) else query
        if own_id is not None:
            query = query.where(model.id != own_id)
        if session.scalar(query.limit(1)) is not None:
            problems.add("record.already_there", _l("This is recorded already. Change the existing record instead."), names[-1])


def _park_of(session: Any, model: Any, values: dict[str, Any]) -> int | None:
    """A child belongs to its parent's park; a record without a parent to the current one."""
    for relation in inspect(model).relationships:
        value = values.get(next(iter(relation.local_columns)).name) if relation.direction.name == "MANYTOONE" else None
        parent = session.get(relation.mapper.class_, value) if value is not None else None
        if parent is not None and getattr(parent, "park_id", None) is not None:
            return parent.park_id
    return scope_of(session).park_id
