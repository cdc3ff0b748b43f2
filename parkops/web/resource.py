"""`Resource`: one literal per kind of record, from which the kernel makes every ordinary screen and the REST interface.

A module's `views/<concept>.py` holds `RESOURCES = [Resource(...), ...]`. Nothing here imports Flask. Labels, formats,
help and masking come from the model's columns (`field(...)`); a `Resource` only says what is shown where, and which
service each button calls. Dotted names (`carrier.name`) follow many-to-one relationships; the grid joins them.
Services are named as text (`"modules.tenants.services.firms:register_firm"`) and imported at start, which fails loudly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Titles:
    """Plural (list), singular (record), new (button and form title). All lazy, none made from class names."""

    many: Any
    one: Any
    new: Any = None


@dataclass(frozen=True)
class Col:
    """A grid column.

    name: column or dotted many-to-one path. title: overrides the model's label. width in px. important: kept on the
    phone card (choose three). hidden: offered in the column chooser only. total: sum|count|avg shown in the footer for
    all filtered rows. filter: text|choice|ref|range|bool|none (derived from the format when not given). sql: a function
    `(model, context) -> ColumnElement` for computed columns (sortable and filterable like any other); context has
    `.today`. fmt as in `field`. choices for computed choice columns. link: opens the record (first column by default).
    needs: another resource that must be readable for this column to be there."""

    name: str
    title: Any = None
    width: int | None = None
    important: bool = False
    hidden: bool = False
    total: str | None = None
    filter: str | None = None
    sql: Callable[..., Any] | None = None
    fmt: str | None = None
    choices: Any = None
    tone: Callable[[Any], str] | None = None
    link: bool = False
    needs: str | None = None


@dataclass(frozen=True)
class Filter:
    """One condition: column name, operator (eq ne contains starts in gte lte between empty notempty), value.
    Values may be the words `@today`, `@today+30`, `@me`, `@month`, resolved when the query runs."""

    column: str
    op: str
    value: Any = None


@dataclass(frozen=True)
class View:
    """A ready-made saved view, a tab above the grid."""

    code: str
    title: Any
    filters: tuple[Filter, ...] = ()
    sort: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Input:
    """A form field that is not simply a model column, or overrides one.

    kind: text|longtext|int|money|decimal|percent|area|date|month|bool|choice|multichoice|ref|refs|file|password.
    ref: resource name whose records may be chosen (always a remote select). choices: Choices or callable(session).
    within: only of the records whose column of this name is the record the form is about (the lines of this bill)."""

    name: str
    kind: str = "text"
    label: Any = None
    required: bool = False
    help: Any = None
    choices: Any = None
    ref: str | None = None
    within: str | None = None
    default: Any = None  # value or callable(session)
    max_length: int | None = None


@dataclass(frozen=True)
class Section:
    """A titled two-column group of a form or of the record's facts. fields: column names or Input."""

    title: Any
    fields: tuple[Any, ...]


@dataclass(frozen=True)
class Action:
    """A button. On a record: `service(session, obj, **form)`; in bulk: `service(session, objs, **form)` (set-based, many).

    word: the right it needs (default act). inputs: fields asked first (at most five, else page=True). danger: asks with
    numbers. guard: `(session, obj) -> reason | None`. preview: `(session, objs, **form) -> (count, sentence)` dry run
    for bulk. money: refuse to act without a one-time key (hidden form field, header Idempotency-Key; implied by the
    resource's `money`). view: shows only in that list when set. result: `message` or `(message, redirect)` is returned by the
    service or None."""

    code: str
    title: Any
    service: str
    inputs: tuple[Input, ...] = ()
    word: str = "act"
    danger: bool = False
    primary: bool = False
    guard: str | None = None
    preview: str | None = None
    confirm: Any = None
    help: Any = None
    money: bool = False


@dataclass(frozen=True)
class ListButton:
    """A button above a list that works on no chosen record: it posts to `url` (a `Page` of the module, whose route checks
    the right again); shown to those who hold `word` on the list's resource."""

    title: Any
    url: str
    word: str = "act"
    icon: str = "player-play"


@dataclass(frozen=True)
class Related:
    """A tab that shows another resource's grid, filtered by `via` (the foreign key column there) = this record's id."""

    code: str
    title: Any
    resource: str
    via: str
    columns: tuple[str, ...] = ()
    order: int = 50


@dataclass(frozen=True)
class Tab:
    """A tab drawn by a template: `data(session, obj) -> dict` fills `template`."""

    code: str
    title: Any
    template: str
    data: Callable[..., dict]
    order: int = 50
    word: str = "read"


@dataclass(frozen=True)
class Fact:
    """A key fact in the record's header: `value(session, obj) -> (text, tone | None)`."""

    title: Any
    value: Callable[..., Any]


@dataclass(frozen=True)
class Resource:
    """Everything the kernel needs to know about one kind of record.

    name: `module.thing`, must equal the model's `__resource__` (or be given for a read-only view of it).
    columns: grid; sections: the form and the record's facts tab (columns of the model by name, or Input);
    create/change/remove: services `create(session, **values) -> obj`, `change(session, obj, **values)`,
    `remove(session, obj)`; None = not offered. workflow: dotted name of the Workflow. tabs: Related or Tab.
    buttons: above the list. search: columns the grid's search box looks in. load: relationship names eager-loaded on the record page.
    export: column names (default: columns). importer: import kind. parent: (fk column, resource) when records are
    normally made from a parent's page. menu: (section, order) or None. icon: Tabler icon name. as_of: whether `?on=`.
    report: name of a printable report for the record. read_only: no forms at all. scope_note: reason when not park-scoped.
    offered: which of its records forms and REST let anybody choose anew (the list itself shows all).
    editable_in: states of the workflow in which a record may still be changed or deleted by hand (none given = in all).
    money: its commands (create, actions, steps, bulk) refuse to act without a one-time key.
    opens: the view the menu opens, where all records together are mostly past ones; none given = all.
    script: address of a script of the module for its form page (`/static/booking/form.js`).
    """

    name: str
    model: Any
    titles: Titles
    columns: tuple[Col, ...]
    sections: tuple[Section, ...] = ()
    create: str | None = None
    change: str | None = None
    remove: str | None = None
    workflow: str | None = None
    views: tuple[View, ...] = ()
    actions: tuple[Action, ...] = ()
    bulk: tuple[Action, ...] = ()
    buttons: tuple[ListButton, ...] = ()
    tabs: tuple[Any, ...] = ()
    facts: tuple[Fact, ...] = ()
    search: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    sort: str = "-id"
    export: tuple[str, ...] = ()
    importer: str | None = None
    parent: tuple[str, str] | None = None
    menu: tuple[str, int] | None = None
    icon: str = "file"
    report: str | None = None
    record_template: str | None = None
    code_field: str | None = None
    base_filters: tuple[Filter, ...] = ()
    offered: tuple[Filter, ...] = ()
    editable_in: tuple[str, ...] = ()
    money: bool = False
    opens: str | None = None
    script: str | None = None

    @property
    def module(self) -> str:
        return self.name.split(".", 1)[0]

    @property
    def thing(self) -> str:
        return self.name.split(".", 1)[1]

    @property
    def url(self) -> str:
        """`/tenants/firm/`; an underscore in the thing stays."""
        return f"/{self.module}/{self.thing}/"

    def with_(self, **changes: Any) -> Resource:
        return replace(self, **changes)


@dataclass(frozen=True)
class Tile:
    """A card of a role's home page: a number and a few rows that are exactly a saved view of a grid.

    roles: which homes show it. view: code of the resource's View. rows: column names of the lines shown (0 = number only)."""

    code: str
    title: Any
    resource: str
    view: str
    roles: tuple[str, ...]
    columns: tuple[str, ...] = ()
    order: int = 50
    tone: str = "blue"
    limit: int = 5
    data: Callable[..., Any] | None = field(default=None)
