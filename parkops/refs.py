"""Names of records: resource name <-> model, and the label and address of a record one only knows by (resource, id)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import select

from .db.base import Model
from .db.session import scope_of
from .errors import Moved, NotFound, ParkOpsError, Refused
from .i18n import _l

_models: dict[str, Any] = {}


def model_of(resource: str) -> Any:
    """`tenants.firm` -> `Firm`. Raises Refused when no installed module has such a resource."""
    if resource not in _models:
        _models.update({m.class_.__resource__: m.class_ for m in Model.registry.mappers
                        if getattr(m.class_, "__resource__", None)})
    if resource not in _models:
        raise Refused(_l("There is no such kind of record: %(name)s.", name=resource))
    return _models[resource]


def ref(obj: Any) -> tuple[str, int]:
    """(resource, id) of a saved record."""
    if obj.id is None:
        raise Refused(_l("Save the record first."))
    return obj.__resource__, obj.id


def load(session: Any, resource: str, record_id: int) -> Any:
    """The record in the session's scope; raises NotFound when it is not there (or in another park)."""
    scope_of(session)
    try:
        found = session.execute(select(model_of(resource)).where(model_of(resource).id == record_id)).scalar_one_or_none()
    except Refused:
        found = None
    if found is None:
        raise NotFound(_l("There is no such record in your parks."))
    return found


_successors: dict[str, Callable[[Any, int], int]] = {}


def successor(resource: str) -> Callable[[Callable[[Any, int], int]], Callable[[Any, int], int]]:
    """Decorator: `fn(session, id) -> id` knows under which number a record lives since it went into another one (the same
    number when it did not), within the session's scope."""

    def register(fn: Callable[[Any, int], int]) -> Callable[[Any, int], int]:
        _successors[resource] = fn
        return fn

    return register


def missing(session: Any, resource: str, record_id: int) -> ParkOpsError:
    """What to raise about a record that is not there: `Moved` when it went into one the actor may see, else `NotFound`."""
    known = _successors.get(resource)
    now = known(session, record_id) if known is not None else record_id
    name = labels(session, [(resource, now)]).get((resource, now)) if now != record_id else None
    if name is None:
        return NotFound(_l("There is no such record in your parks."))
    return Moved(_l("This record was merged into %(name)s, number %(id)s; open that one.", name=name, id=now), resource, now)


def labels(session: Any, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Labels of many records, one query per kind; what the scope hides or the past removed is left out."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for resource, record_id in pairs:
        if record_id is not None:
            wanted[resource].add(record_id)
    out: dict[tuple[str, int], str] = {}
    for resource, ids in wanted.items():
        try:
            model = model_of(resource)
        except Refused:
            continue
        for obj in session.execute(select(model).where(model.id.in_(ids))).scalars():
            out[resource, obj.id] = str(obj)
    return out


def label(session: Any, resource: str, record_id: int) -> str:
    """One record's label, `resource 12` when it cannot be seen any more."""
    return labels(session, [(resource, record_id)]).get((resource, record_id), f"{resource} {record_id}")


def url(resource: str, record_id: int | None = None) -> str:
    """The page of a resource (its list) or of one record."""
    module, thing = resource.split(".", 1)
    return f"/{module}/{thing}/" if record_id is None else f"/{module}/{thing}/{record_id}"


def named(text: str) -> Any:
    """The object behind `"package.module:name"`."""
    import importlib

    module, _, name = text.partition(":")
    return getattr(importlib.import_module(module), name)
