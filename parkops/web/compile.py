"""From a `Resource` and its model to what grid, forms, records and REST need: one `Resolved` per resource.

Everything that can be wrong in a `Resource` (an unknown column, a service that does not exist) is found here, at start,
with a sentence naming the resource. Forms offer exactly the fields the service accepts: a service that names its keyword
arguments limits the form to them, one that takes `**values` gets every field."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import func, type_coerce
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.types import BigInteger, Integer, String

from ..db.base import format_of
from ..db.types import Choices, EnumText, Scaled
from ..errors import Refused
from ..i18n import _l, locale
from ..security import access
from . import slots
from .resource import Action, Col, Input, Related, Resource

PLAIN = {"id": _l("Id"), "park_id": _l("Park"), "created_at": _l("Created at"), "version": _l("Version")}
LABELS = ("name", "title", "full_name", "number", "code", "username")
FILTERS = {"money": "range", "int": "range", "decimal": "range", "percent": "range", "area": "range", "date": "range",
           "datetime": "range", "month": "range", "bool": "bool", "choice": "choice", "ref": "ref"}
PERSON = "_by"  # text columns that hold a user name end so
KINDS = {"code": "text", "datetime": "datetime", "ref": "ref"}
SYSTEM = {"id", "version", "created_at", "park_id"}


@dataclass(frozen=True)
class ResolvedColumn:
    """One grid column, ready to be queried.

    path: many-to-one relationship names to join; attr: mapped attribute on `model` at the end of the path (None when
    `sql` computes it); ref: resource a `ref` column points to and `relation` the relationship that loads it; guard: the
    resource whose `unmask` right uncovers a personal value; filter: text|choice|ref|range|bool|none."""

    name: str
    title: Any
    fmt: str
    model: Any
    path: tuple[str, ...] = ()
    attr: str | None = None
    choices: Any = None
    personal: str | None = None
    sql: Callable[..., Any] | None = None
    ref: str | None = None
    relation: str | None = None
    guard: str = ""
    filter: str = "text"
    places: int = 0
    nullable: bool = True
    help: Any = None
    col: Col = field(default_factory=lambda: Col(""))

    @property
    def person(self) -> bool:
        """Whether it holds the user name of who did something: shown and looked for by the full name too."""
        return self.fmt == "text" and not self.personal and (self.attr or "").endswith(PERSON)


@dataclass(frozen=True)
class ResolvedField:
    """One form field and fact line. column: the model's attribute it reads (None for a pure Input)."""

    name: str
    label: Any
    kind: str
    required: bool = False
    help: Any = None
    choices: Any = None
    ref: str | None = None
    relation: str | None = None
    default: Any = None
    max_length: int | None = None
    places: int = 0
    personal: str | None = None
    column: str | None = None
    fmt: str = "text"
    nullable: bool = True
    python: type = str
    limit: int = 2**53
    within: str | None = None


@dataclass
class Resolved:
    """A resource with everything looked up. `columns` is what clients may name; `extras` also serves fixed filters."""

    resource: Resource
    model: Any
    columns: dict[str, ResolvedColumn]
    extras: dict[str, ResolvedColumn]
    sections: list[tuple[Any, list[ResolvedField]]]
    create: Callable[..., Any] | None
    change: Callable[..., Any] | None
    remove: Callable[..., Any] | None
    workflow: Any = None

    @property
    def name(self) -> str:
        return self.resource.name

    @property
    def url(self) -> str:
        return self.resource.url

    @property
    def api_url(self) -> str:
        return f"/api/v1{self.resource.url}"

    def shown_to(self, session: Any) -> dict[str, ResolvedColumn]:
        """The columns there are for this person: one that shows another resource's figures needs the right to read those."""
        return {n: c for n, c in self.columns.items() if not c.col.needs or access.may(session, c.col.needs, "read")}

    @cached_property
    def fields(self) -> dict[str, ResolvedField]:
        return {f.name: f for _title, fields in self.sections for f in fields}

    @cached_property
    def state_column(self) -> str | None:
        return self.workflow.column if self.workflow is not None else None

    def fixed(self, obj: Any) -> Any:
        """The sentence why this record is not changed or deleted by hand any more, or None."""
        states = self.resource.editable_in
        if not states or self.state_column is None or getattr(obj, self.state_column) in states:
            return None
        return _l("“%(name)s” is past the state in which it is edited; use the buttons of the record instead.", name=str(obj))

    def find(self, name: str) -> ResolvedColumn | None:
        """A column the server itself may filter by (saved views, related tabs, base filters)."""
        return self.columns.get(name) or self.extras.get(name)

    def form_fields(self, purpose: str) -> list[tuple[Any, list[ResolvedField]]]:
        """Sections with the fields the `create` or `change` service accepts."""
        service = self.create if purpose == "create" else self.change
        if service is None:
            return []
        names = accepted(service)
        out = []
        for title, fields in self.sections:
            kept = [f for f in fields if (names is None or f.name in names) and f.name != self.state_column
                    and f.column not in SYSTEM]
            if kept:
                out.append((title, kept))
        return out

    def form_field_list(self, purpose: str) -> list[ResolvedField]:
        return [f for _title, fields in self.form_fields(purpose) for f in fields]

    @property
    def tabs(self) -> list[Any]:
        return sorted([*self.resource.tabs, *slots.TABS.get(self.name, [])], key=lambda t: t.order)

    @property
    def actions(self) -> dict[str, Action]:
        return {a.code: a for a in (*self.resource.actions, *slots.ACTIONS.get(self.name, []))}

    @property
    def bulk(self) -> dict[str, Action]:
        return {a.code: a for a in self.resource.bulk}

    @property
    def facts(self) -> list[Any]:
        return [*self.resource.facts, *slots.FACTS.get(self.name, [])]


def load_object(dotted: str, where: str) -> Any:
    """`"package.module:name"` -> the object; a sentence naming `where` when it does not exist."""
    module, _colon, name = dotted.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as e:
        raise Refused(f"{where}: cannot import {dotted!r} ({e})") from e


def accepted(service: Callable[..., Any]) -> set[str] | None:
    """The keyword arguments a service takes after (session, obj), or None when it takes any."""
    parameters = inspect.signature(service).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}


def label_attr(model: Any) -> str | None:
    """The column that stands for a record in SQL: `__label__` or the first of name, title, number, code."""
    given = getattr(model, "__label__", None)
    if given:
        return given
    columns = sa_inspect(model).column_attrs
    return next((n for n in LABELS if n in columns), None)


def label_expr(entity: Any, attr: str) -> Any:
    """The label column of an entity or alias in the reader's language: `name_en` where it is kept and English is read."""
    english = getattr(entity, f"{attr}_en", None) if locale() == "en" else None
    shown = getattr(entity, attr)
    return shown if english is None else type_coerce(func.coalesce(english, shown), shown.type)


def choosable(resolved: Resolved) -> bool:
    """Whether records can be offered by name: they have a label column, or nothing personal that their words could give away."""
    attrs = sa_inspect(resolved.model).column_attrs
    return label_attr(resolved.model) in attrs or not any(
        c.info.get("personal") for a in attrs for c in a.columns if hasattr(c, "info"))


def ref_resource(model: Any, attr: str) -> tuple[str | None, str | None]:
    """(resource, relationship name) an attribute points to, by a foreign key or by a relationship that spells out its join."""
    mapper = sa_inspect(model)
    column = mapper.column_attrs[attr].columns[0]
    for relation in mapper.relationships:
        if relation.direction.name == "MANYTOONE" and column in relation.local_columns and len(relation.local_columns) == 1:
            return getattr(relation.mapper.class_, "__resource__", None), relation.key
    for key in getattr(column, "foreign_keys", ()):
        table = key.target_fullname.split(".")[0]
        return table.replace("_", ".", 1), None
    return None, None


def _walk(model: Any, name: str, where: str) -> tuple[Any, tuple[str, ...], str]:
    """(end model, relationship path, attribute) of a dotted name."""
    *path, last = name.split(".")
    for step in path:
        relations = sa_inspect(model).relationships
        if step not in relations or relations[step].direction.name != "MANYTOONE":
            raise Refused(f"{where}: {name!r}: {step!r} is no many-to-one relationship of {model.__name__}")
        model = relations[step].mapper.class_
    mapper = sa_inspect(model)
    if last in mapper.column_attrs:
        return model, tuple(path), last
    if last in mapper.relationships and mapper.relationships[last].direction.name == "MANYTOONE":
        column = next(iter(mapper.relationships[last].local_columns))
        return model, tuple(path), mapper.get_property_by_column(column).key
    raise Refused(f"{where}: {model.__name__} has no column {last!r}")


def _described(model: Any, attr: str) -> tuple[Any, dict[str, Any], Any]:
    """(column, info, label) of a mapped attribute."""
    column = sa_inspect(model).column_attrs[attr].columns[0]
    info = getattr(column, "info", {}) or {}
    return column, info, info.get("label") or PLAIN.get(attr) or attr


def resolve_column(model: Any, col: Col, where: str) -> ResolvedColumn:
    """Look up one grid column; raises Refused naming `where`."""
    if col.sql is not None:
        fmt = col.fmt or ("choice" if col.choices else "text")
        return ResolvedColumn(col.name, col.title or col.name, fmt, model, sql=col.sql, choices=col.choices, guard="",
                              filter=col.filter or FILTERS.get(fmt, "text"), places=2 if fmt in ("money", "area") else 0, col=col)
    end, path, attr = _walk(model, col.name, where)
    column, info, label = _described(end, attr)
    fmt = col.fmt or info.get("fmt") or format_of(column.type)
    ref = relation = None
    if attr != "id" and (fmt == "ref" or (column.foreign_keys and fmt == "int")):
        fmt, (ref, relation) = "ref", ref_resource(end, attr)
    choices = col.choices or (column.type.choices if isinstance(column.type, EnumText) else None)
    return ResolvedColumn(
        col.name, col.title or label, fmt, end, path, attr, choices, info.get("personal"), None, ref, relation,
        getattr(end, "__resource__", "") or "", col.filter or FILTERS.get(fmt, "text"),
        column.type.places if isinstance(column.type, Scaled) else 0, bool(column.nullable) or bool(path), info.get("help"), col)


def resolve_field(model: Any, item: Any, where: str) -> ResolvedField:
    """A section's entry (column name or Input) as a form field. An Input named like a column inherits from it."""
    given = item if isinstance(item, Input) else None
    name = given.name if given else item
    if name in sa_inspect(model).column_attrs:
        base = _column_field(model, name)
    elif given is None:
        raise Refused(f"{where}: {model.__name__} has no column {name!r}; use an Input for anything else")
    else:
        base = ResolvedField(name, given.label or name, given.kind, fmt=_input_fmt(given.kind))
    return overlay(base, given) if given else base


def overlay(base: ResolvedField, given: Input) -> ResolvedField:
    """What an Input says wins over what the column says."""
    kind = base.kind if base.column and given.kind == "text" else given.kind
    return replace(base, kind=kind, label=given.label or base.label, required=given.required or base.required,
                   help=given.help or base.help, choices=given.choices or base.choices, ref=given.ref or base.ref, within=given.within,
                   default=given.default if given.default is not None else base.default,
                   max_length=given.max_length or base.max_length, places=base.places or _places(kind))


def input_field(given: Input) -> ResolvedField:
    """A free-standing Input (workflow step, action) as a field."""
    return overlay(ResolvedField(given.name, given.label or given.name, given.kind, fmt=_input_fmt(given.kind)), given)


def _places(kind: str) -> int:
    return {"money": 2, "area": 2, "percent": 8, "decimal": 8}.get(kind, 0)


def _input_fmt(kind: str) -> str:
    return {"multichoice": "text", "refs": "text", "file": "text", "password": "text"}.get(kind, kind)


def _column_field(model: Any, name: str) -> ResolvedField:
    column, info, label = _described(model, name)
    fmt = info.get("fmt") or format_of(column.type)
    ref = relation = None
    if column.foreign_keys or fmt == "ref":
        fmt, (ref, relation) = "ref", ref_resource(model, name)
    default = column.default.arg if column.default is not None and column.default.is_scalar else None
    required = not column.nullable and column.default is None and column.server_default is None
    length = column.type.length if isinstance(column.type, String) and not isinstance(column.type, EnumText) else None
    return ResolvedField(
        name, label, KINDS.get(fmt, fmt), required and fmt != "bool", info.get("help"),
        column.type.choices if isinstance(column.type, EnumText) else None, ref, relation, default, length,
        column.type.places if isinstance(column.type, Scaled) else 0, info.get("personal"), name, fmt, bool(column.nullable),
        _python(column.type), _limit(column.type))


def _limit(type_: Any) -> int:
    """The largest magnitude the column stores exactly (in the value's own unit)."""
    if isinstance(type_, Scaled):
        return min(10**13, (2**63 - 1) // 10**type_.places)
    return 2**53 if isinstance(type_, BigInteger) or not isinstance(type_, Integer) else 2**31 - 1


def _python(type_: Any) -> type:
    try:
        return type_.python_type
    except NotImplementedError:
        return str


def _extras(resource: Resource, columns: Iterable[str], where: str) -> dict[str, ResolvedColumn]:
    """Columns that saved views, base filters, the search box, export and related tabs name but the grid does not show."""
    mapper = sa_inspect(resource.model)
    names = {a.key for a in mapper.column_attrs if a.columns[0].foreign_keys} | {"id"} & set(mapper.column_attrs.keys())
    names |= {f.column for v in resource.views for f in v.filters} | {f.column for f in (*resource.base_filters, *resource.offered)}
    names |= set(resource.search) | set(resource.export) | {c for v in resource.views for c in v.columns}
    names |= {v.sort.lstrip("-") for v in resource.views if v.sort} | {resource.sort.lstrip("-")} - {""}
    return {n: resolve_column(resource.model, Col(n, hidden=True), where) for n in sorted(names - set(columns))}


def _service(dotted: str | None, where: str) -> Callable[..., Any] | None:
    return load_object(dotted, where) if dotted else None


def resolve(resource: Resource) -> Resolved:
    """Look everything up once per resource; raises Refused with the resource's name."""
    hit = _cache.get(resource.name)
    if hit is not None and hit.resource is resource:
        return hit
    where = f"resource {resource.name}"
    columns = {c.name: resolve_column(resource.model, c, where) for c in (*resource.columns, *slots.COLUMNS.get(resource.name, []))}
    workflow = None
    if resource.workflow:
        workflow = load_object(resource.workflow if ":" in resource.workflow else _colon(resource.workflow), where)
    sections = [(s.title, [resolve_field(resource.model, f, where) for f in s.fields]) for s in resource.sections]
    for action in (*resource.actions, *resource.bulk):
        load_object(action.service, f"{where}, action {action.code}")
    if resource.opens and resource.opens not in [v.code for v in resource.views]:
        raise Refused(f"{where}: opens: there is no view {resource.opens!r}")
    found = Resolved(resource, resource.model, columns, _extras(resource, columns, where), sections,
                     _service(resource.create, where), _service(resource.change, where), _service(resource.remove, where), workflow)
    _cache[resource.name] = found
    return found


def _colon(dotted: str) -> str:
    module, _dot, name = dotted.rpartition(".")
    return f"{module}:{name}"


_cache: dict[str, Resolved] = {}


def clear() -> None:
    """Forget everything resolved (tests that declare their own resources)."""
    _cache.clear()


__all__ = ["Choices", "Related", "Resolved", "ResolvedColumn", "ResolvedField", "accepted", "clear", "input_field", "label_attr",
           "label_expr", "load_object", "ref_resource", "resolve", "resolve_column", "resolve_field"]
