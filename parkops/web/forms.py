"""Forms from resolved fields: WTForms machinery, our own exact parsing, and nothing lost when a value is refused.

A personal value is never sent to the browser: its field stays empty with the masked value as a hint, an empty post keeps
what is stored, and a separate tick removes it. `values()` holds typed values for the service."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from wtforms import Field
from wtforms.form import BaseForm

from ..errors import RuleError
from ..i18n import _l
from . import show, values
from .compile import Resolved, ResolvedField, input_field

CLEAR = "_clear."


class TypedField(Field):
    """One field: keeps the text that was typed, parses it with `values.parse`, collects sentences."""

    def __init__(self, spec: ResolvedField, session: Any, **kwargs: Any):
        super().__init__(label=str(spec.label), **kwargs)
        self.spec, self.session = spec, session
        self.raw: Any = None
        self.kept = False  # personal and left empty: the stored value stays
        self.masked: str | None = None
        self.about: Any = None  # the record a button acts on
        self.label_text = ""  # shown text of a chosen record
        self.disabled = False

    def process_formdata(self, valuelist: list[Any]) -> None:
        multiple = self.spec.kind in ("multichoice", "refs")
        self.raw = list(valuelist) if multiple else (valuelist[-1] if valuelist else None)
        self.kept = self.masked is not None and values.blank(self.raw)

    def take(self, *, cleared: bool) -> None:
        """Parse what was typed into `data`; errors go to `errors`."""
        self.errors = []
        if self.kept and not cleared:
            return
        self.kept = False
        try:
            self.data = values.parse(self.spec, self.raw, self.session)
        except values.BadValue as e:
            self.errors = [e.message]

    def show_stored(self, value: Any) -> None:
        """Fill the field from a stored value."""
        self.data = value
        if self.spec.personal and value not in (None, ""):
            self.masked, self.raw = show.masked_text(self.spec, value), ""
        else:
            self.raw = values.to_text(self.spec, value)

    @property
    def text(self) -> str:
        """What stands in the input."""
        return "" if self.raw is None or isinstance(self.raw, list) or hasattr(self.raw, "filename") else str(self.raw)

    @property
    def chosen(self) -> list[str]:
        return [str(v) for v in self.raw] if isinstance(self.raw, list) else [self.text] if self.text else []

    @property
    def options(self) -> list[tuple[str, Any]]:
        return values.choice_items(self.spec, self.session)

    def chosen_refs(self) -> list[tuple[str, str]]:
        """(id, label) of the chosen records, for the remote select's first paint."""
        out = []
        for text in self.chosen:
            known = self.spec.ref and text.isascii() and text.isdecimal() and len(text) < 19
            found = values.find_ref(self.session, self.spec.ref, int(text)) if known else None
            if found is not None:
                out.append((text, str(found)))
        return out


@dataclass
class Section:
    title: Any
    fields: list[TypedField]


class RecordForm(BaseForm):
    """A form over sections of resolved fields."""

    def __init__(self, sections: Iterable[tuple[Any, list[ResolvedField]]], session: Any, *, accept: Callable[..., Any] | None = None):
        self.layout = [(title, list(fields)) for title, fields in sections]
        self.specs = {f.name: f for _title, fields in self.layout for f in fields}
        unbound = {name: _unbound(spec, session) for name, spec in self.specs.items()}
        super().__init__(unbound, meta=_NoMeta())
        self.summary: list[Any] = []  # sentences that belong to no field
        self.service = accept

    @property
    def sections(self) -> list[Section]:
        return [Section(title, [self[f.name] for f in fields]) for title, fields in self.layout]

    def fill(self, obj: Any = None, given: dict[str, Any] | None = None) -> RecordForm:
        """From a record (edit), else from defaults and `given` texts (new from a parent's page)."""
        for name, spec in self.specs.items():
            if obj is not None and (spec.column or (spec.kind not in ("password", "file") and hasattr(obj, name))):
                self[name].show_stored(getattr(obj, spec.column or name))
            elif obj is None or not spec.column:
                default = spec.default(self[name].session) if callable(spec.default) else spec.default
                self[name].show_stored(default)
                self[name].masked = None
            if given and name in given and obj is None:
                self[name].raw = given[name]
        return self

    def read(self, form: Any, files: Any = None) -> bool:
        """Take a posted form; False when something is wrong with a field."""
        for name, spec in self.specs.items():
            source = files if spec.kind == "file" and files is not None else form
            self[name].process_formdata(source.getlist(name) if hasattr(source, "getlist") else _listed(source, name))
            self[name].take(cleared=bool(form.get(CLEAR + name)))
        return not any(self[name].errors for name in self.specs)

    def values(self) -> dict[str, Any]:
        """Typed values by name. What was kept is passed only when the service insists on it."""
        needed = required_names(self.service) if self.service else set()
        return {n: self[n].data for n in self.specs if not self[n].kept or n in needed}

    def complain(self, error: RuleError) -> None:
        """Put a service's problems beside their fields, the rest into the summary."""
        for problem in error.problems:
            if problem.field in self.specs:
                self[problem.field].errors = [*self[problem.field].errors, problem.message]
            else:
                self.summary.append(problem.message)

    @property
    def problems(self) -> list[tuple[str | None, Any, Any]]:
        """(field, label, sentence) of everything wrong, in the form's order, the general ones first."""
        out: list[tuple[str | None, Any, Any]] = [(None, None, m) for m in self.summary]
        for name, spec in self.specs.items():
            out += [(name, spec.label, m) for m in self[name].errors]
        return out

    def texts(self) -> dict[str, Any]:
        """What stands in the fields now (kept as the original beside the version)."""
        return {n: (self[n].chosen if isinstance(self[n].raw, list) else self[n].text) for n in self.specs
                if self.specs[n].kind not in ("file", "password")}


class _NoMeta:
    """WTForms asks its Meta for these; translations and CSRF are the kernel's business."""

    csrf = False
    locales = ()

    def bind_field(self, form: Any, unbound_field: Any, options: dict) -> Any:
        return unbound_field.bind(form=form, **options)

    def get_translations(self, form: Any) -> None:
        return None

    def wrap_formdata(self, form: Any, formdata: Any) -> Any:
        return formdata

    def render_field(self, field: Any, render_kw: dict) -> Any:  # fields are drawn by parkops/form_fields.html
        return field.text


def _unbound(spec: ResolvedField, session: Any) -> Any:
    return TypedField(spec, session)


def _listed(source: Any, name: str) -> list[Any]:
    found = source.get(name)
    return found if isinstance(found, list) else [] if found is None else [found]


def required_names(service: Callable[..., Any]) -> set[str]:
    """Keyword-only arguments without a default."""
    return {p.name for p in inspect.signature(service).parameters.values()
            if p.kind is p.KEYWORD_ONLY and p.default is p.empty}


def new_form(resolved: Resolved, session: Any, given: dict[str, Any] | None = None) -> RecordForm:
    """The empty form of a new record."""
    return RecordForm(resolved.form_fields("create"), session, accept=resolved.create).fill(given=given)


def edit_form(resolved: Resolved, session: Any, obj: Any) -> RecordForm:
    """The form of a stored record."""
    return RecordForm(resolved.form_fields("change"), session, accept=resolved.change).fill(obj)


def inputs_form(inputs: Iterable[Any], session: Any, service: Callable[..., Any] | None = None, *, about: Any = None) -> RecordForm:
    """The form of a step's or action's inputs; `about` is the record it acts on."""
    form = RecordForm([("", [input_field(i) for i in inputs])], session, accept=service).fill()
    for name in form.specs:
        form[name].about = about
    return form


def read_json(fields: Iterable[ResolvedField], body: dict[str, Any], session: Any, *, partial: bool,
              typed: bool = False) -> dict[str, Any]:
    """Typed values from a JSON object; raises RuleError with every problem. Unknown names are refused. `typed`: the values
    are what a person typed into a form (percent as percent; an empty box is no). A program that leaves a yes/no out of a
    new record means what the empty form shows."""
    from ..errors import Problems

    specs, problems, out = {f.name: f for f in fields}, Problems(), {}
    for name in body:
        if name not in specs:
            problems.add("core.unknown_field", _l("There is no field %(name)s here; leave it out.", name=str(name)[:60]), None)
    for name, spec in specs.items():
        if name not in body and partial:
            continue
        if name not in body and not typed and spec.fmt == "bool" and spec.default is not None:
            out[name] = bool(spec.default(session) if callable(spec.default) else spec.default)
            continue
        try:
            out[name] = values.parse(spec, body.get(name), session, form=typed)
        except values.BadValue as e:
            problems.add("core.bad_value", e.message, name)
    problems.stop()
    return out
