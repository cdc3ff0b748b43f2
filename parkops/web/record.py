"""The record page: header, tabs, related grids, timeline, comments, to-dos, unmasking, print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, jsonify, redirect, request
from sqlalchemy import select

from .. import attachments, comments, refs, timeline, todos
from ..clock import today
from ..db import audit
from ..errors import NotFound
from ..i18n import _, _l
from ..registry import registry
from ..security import access, masking
from . import idempotency, show
from .actions import buttons
from .compile import Resolved, ResolvedField
from .editing import as_rule_error, attempt, load_record, version_of
from .forms import inputs_form
from .grid import Grid, Query
from .resource import Input, Related, Tab
from .resources import has
from .resources import resolved as resolved_by_name
from .views import PK, commit, route

FACTS_TAB = "facts"
TABS_MAX = 12  # above that, tabs stand together by module, and those with nothing behind them wait under "More"
COMMENT = (Input("text", "longtext", _l("Comment"), required=True, max_length=4000),)
TODO = (Input("title", "text", _l("To do"), required=True, max_length=200), Input("due_on", "date", _l("Due on")),
        Input("assignee_id", "ref", _l("Assigned to"), ref="core.user"))


@dataclass(frozen=True)
class Line:
    """One fact in words. url: page of the referenced record; masked: a personal value that can be uncovered."""

    name: str
    label: Any
    text: str
    help: Any = None
    url: str | None = None
    masked: bool = False
    long: bool = False
    number: bool = False
    tone: str | None = None
    why: Any = None  # why there is nothing


@dataclass(frozen=True)
class TabLink:
    """`empty`: nothing stands behind it yet, so that it waits under "More" where a record has many."""

    code: str
    title: Any
    active: bool
    empty: bool = False
    module: str = ""


@dataclass(frozen=True)
class TabGroup:
    """The tabs one module brings to a record; `code` is the tab it opens with."""

    code: str
    title: Any
    active: bool
    empty: bool


def module_of(tab: Any, own: str) -> str:
    """Which module a tab belongs to: that of the records it lists or of the function that fills it."""
    if isinstance(tab, Related):
        return tab.resource.split(".")[0]
    place = tab.data.__module__.split(".")
    return place[1] if place[0] == "modules" else own


def tab_groups(links: list[TabLink], own: str) -> tuple[list[TabGroup], list[TabLink]]:
    """Where a record has many tabs of several modules: the modules (the record's own first, then as in the sidebar) and the
    tabs of the open one; else no groups and all tabs."""
    known = registry().manifests
    names = sorted({t.module for t in links}, key=lambda m: (m != own, list(known).index(m) if m in known else -1))
    if len(links) <= TABS_MAX or len(names) < 2:
        return [], links
    here = next(t.module for t in links if t.active)
    by = {m: [t for t in links if t.module == m] for m in names}
    first = {m: next((t for t in by[m] if not t.empty), by[m][0]) for m in names}
    titles = {m: _l(known[m].title) if m in known else _l("System") for m in names}
    return [TabGroup(first[m].code, titles[m], m == here, all(t.empty for t in by[m])) for m in names], by[here]


def visible_tabs(session: Any, resolved: Resolved) -> list[Any]:
    """Tabs whose content the actor may read."""
    out = []
    for tab in resolved.tabs:
        if isinstance(tab, Related):
            if has(tab.resource) and access.may(session, tab.resource, "read"):
                out.append(tab)
        elif access.may(session, resolved.name, tab.word):
            out.append(tab)
    return out


def empty_tabs(session: Any, tabs: list[Any], obj: Any) -> set[str]:
    """Codes of the tabs whose list has no row of this record; one statement, asked only where there are many tabs."""
    lists = [t for t in tabs if isinstance(t, Related)]
    if len(tabs) <= TABS_MAX or not lists:
        return set()
    asked = [select(model.id).where(getattr(model, t.via) == obj.id).exists().label(t.code)
             for t in lists for model in (resolved_by_name(t.resource).model,)]
    row = session.execute(select(*asked)).one()
    return {t.code for t, found in zip(lists, row, strict=True) if not found}


def line(session: Any, resolved: Resolved, obj: Any, field: ResolvedField) -> Line:
    """A field of the record as its fact line."""
    value = getattr(obj, field.column or field.name)
    if field.personal and value not in (None, "") and (
            field.personal in masking.ALWAYS_MASKED or not access.may_unmask(session, resolved.name)):
        return Line(field.name, field.label, show.masked_text(field, value), field.help, masked=True)
    text = show.field_text(field, value, session, obj)
    url = refs.url(field.ref, value) if field.kind == "ref" and value is not None and text != show.EMPTY and has(field.ref) \
        and access.may(session, field.ref, "read") else None
    if value is not None and (named := show.other_record(session, resolved, obj, field, value)):
        text, url = named
    why = None
    if text == show.EMPTY:
        reported = (field.column or field.name) in getattr(resolved.model, "__reported__", ())
        text = _("not reported") if reported else text
        why = _l("Nobody has reported this figure yet; it is not zero") if reported else _l("Not given")
    tone = field.choices.tone(value) if field.kind == "choice" and value and getattr(field.choices, "tones", None) else None
    return Line(field.name, field.label, text, field.help, url, long=field.kind == "longtext", tone=tone, why=why,
                number=field.fmt in ("money", "int", "decimal", "percent", "area"))


def fact_sections(session: Any, resolved: Resolved, obj: Any) -> list[tuple[Any, list[Line]]]:
    """The facts tab: every section with what the record holds of it."""
    out = []
    for title, fields in resolved.sections:
        lines = [line(session, resolved, obj, f) for f in fields
                 if f.name != resolved.state_column and (f.column or hasattr(obj, f.name)) and f.kind not in ("file", "password")]
        if lines:
            out.append((title, lines))
    return out


def header(session: Any, resolved: Resolved, obj: Any) -> dict[str, Any]:
    """Name, code, state and key facts."""
    resource = resolved.resource
    state = None
    if resolved.state_column:
        code, choices = getattr(obj, resolved.state_column), resolved.workflow.choices
        state = {"code": code, "label": choices.label(code), "tone": choices.tone(code)}
    facts = []
    for fact in resolved.facts:
        found = fact.value(session, obj)
        text, tone = found if isinstance(found, tuple) else (found, None)
        facts.append({"title": fact.title, "text": show.EMPTY if text in (None, "") else str(text), "tone": tone})
    return {"title": str(obj), "code": getattr(obj, resource.code_field) if resource.code_field else None, "state": state, "facts": facts}


def parent_link(session: Any, resolved: Resolved, obj: Any) -> tuple[str, str] | None:
    """(label, address) of the record this one belongs to, for the breadcrumb; None when there is none to be seen."""
    if obj is None or not resolved.resource.parent:
        return None
    column, resource = resolved.resource.parent
    pk = getattr(obj, column, None)
    if pk is None or not has(resource) or not access.may(session, resource, "read"):
        return None
    label = refs.labels(session, [(resource, pk)]).get((resource, pk))
    return (label, refs.url(resource, pk)) if label else None


class RecordPages:
    """Routes for looking at one record (mixed into the resource's page class)."""

    def _record(self, pk: int, *, lock: bool = False) -> Any:
        """The record, or NotFound when the scope or the resource's base filters hide it."""
        resolved, session = self.resolved, self.session
        if resolved.resource.base_filters and pk not in Grid(session, resolved, Query(ids=(pk,), count=False)).page_ids():
            raise NotFound(_l("There is no such record in your parks."))
        return load_record(session, resolved, pk, lock=lock)

    @route(f"/{PK}")
    def show(self, pk: int) -> Any:
        resolved, session = self.resolved, self.session
        obj = self._record(pk)
        tabs = visible_tabs(session, resolved)
        wanted = request.args.get("tab", "")
        active = next((t for t in tabs if t.code == wanted), None)
        if active is None and tabs and not resolved.sections:
            active = tabs[0]
        own = resolved.name.split(".")[0]
        links = [TabLink(FACTS_TAB, _l("Facts"), active is None, module=own)] if resolved.sections else []
        empty = empty_tabs(session, tabs, obj)
        links += [TabLink(t.code, t.title, t is active, t.code in empty and t is not active, module_of(t, own)) for t in tabs]
        groups, links = tab_groups(links, own)
        return self.draw(
            resolved.resource.record_template or "parkops/record.html", resolved=resolved, obj=obj, version=version_of(obj),
            header=header(session, resolved, obj), buttons=buttons(session, resolved, obj), tabs=links, groups=groups,
            once=idempotency.new_key(), parent=parent_link(session, resolved, obj),
            **self._tab(active, obj), **self._rights(obj), **self._timeline(obj))

    def _tab(self, tab: Any, obj: Any) -> dict[str, Any]:
        """What the active tab needs; only that one is computed."""
        session, resolved = self.session, self.resolved
        if tab is None:
            return {"tab": None, "sections": fact_sections(session, resolved, obj)}
        if isinstance(tab, Related):
            return {"tab": tab, "related": related(session, tab, obj)}
        assert isinstance(tab, Tab)
        return {"tab": tab, "data": tab.data(session, obj)}

    def _rights(self, obj: Any) -> dict[str, bool]:
        session, resolved = self.session, self.resolved
        fixed = resolved.fixed(obj) is not None
        may = {word: access.may(session, resolved.name, word) for word in ("change", "remove", "unmask", "add")}
        return {"may_change": may["change"] and resolved.change is not None and not fixed,
                "may_remove": may["remove"] and resolved.remove is not None and not fixed,
                "may_unmask": may["unmask"], "may_comment": comments.may_write(session, resolved.name),
                "may_todo": access.may(session, "core.todo", "add"),
                "may_attach": may["change"], "may_add": may["add"] and resolved.create is not None}

    def _timeline(self, obj: Any) -> dict[str, Any]:
        session = self.session
        return {"timeline": timeline.of(session, obj), "todos": todos.of(session, obj), "files": attachments.of(session, obj),
                "today": today(), "comment_form": inputs_form(COMMENT, session), "todo_form": inputs_form(TODO, session)}

    @route(f"/{PK}/print")
    def print_view(self, pk: int) -> Any:
        resolved, session = self.resolved, self.session
        obj = self._record(pk)
        return self.draw("parkops/print.html", resolved=resolved, obj=obj, header=header(session, resolved, obj),
                         sections=fact_sections(session, resolved, obj), timeline=timeline.of(session, obj))

    @route(f"/{PK}/unmask/<name>", "unmask", methods=("POST",))
    def unmask(self, pk: int, name: str) -> Any:
        """One personal value in full; who looked at what is recorded first."""
        resolved, session = self.resolved, self.session
        obj = self._record(pk)
        field = resolved.fields.get(name)
        if field is None or not field.personal:
            raise NotFound(_l("There is no such personal value here."))
        audit.event(session, "unmask", {"field": field.name}, resource=resolved.name, record_id=pk, label=str(obj),
                    park_id=getattr(obj, "park_id", None))
        commit()
        return jsonify({"value": getattr(obj, field.column or field.name)})

    @route(f"/{PK}/comment", "read", methods=("POST",))
    def comment(self, pk: int) -> Any:
        return self._post(pk, COMMENT, lambda s, obj, values: comments.add(s, obj, values["text"]))

    @route(f"/{PK}/todo", "read", methods=("POST",))
    def todo(self, pk: int) -> Any:
        access.require(self.session, "core.todo", "add")
        return self._post(pk, TODO, lambda s, obj, v: todos.add(s, obj, v["title"], v["due_on"], v["assignee_id"]))

    @route(f"/{PK}/todo/<int(max=9223372036854775807):todo_id>/done", "read", methods=("POST",))
    def todo_done(self, pk: int, todo_id: int) -> Any:
        def finish(session: Any, obj: Any, values: dict) -> None:
            found = next((t for t in todos.of(session, obj) if t.id == todo_id), None)
            if found is None:
                raise NotFound(_l("There is no such to-do on this record."))
            todos.done(session, found)

        return self._post(pk, (), finish)

    def _post(self, pk: int, inputs: tuple[Input, ...], work: Any) -> Any:
        """A small form on the record page: parse, do, commit, back to the page."""
        session, back = self.session, f"{self.resolved.url}{pk}"
        obj = self._record(pk)
        form = inputs_form(inputs, session)
        if not form.read(request.form):
            flash("; ".join(str(message) for _name, _label, message in form.problems), "danger")
            return redirect(back, 303)
        claimed = idempotency.claim(session, request.form.get("_once"), request.path, {k: request.form.get(k) for k in form.specs})
        if claimed.answer is not None:
            session.rollback()
            return redirect(back, 303)
        _done, refusal = attempt(session, lambda: (work(session, obj, form.values()), session.flush()))
        if refusal is not None:
            flash(str(as_rule_error(refusal)), "danger")
        return redirect(f"{back}#timeline", 303)


def related(session: Any, tab: Related, obj: Any) -> dict[str, Any]:
    """What the template needs to draw another resource's grid with its fixed filter."""
    target = resolved_by_name(tab.resource)
    columns = list(tab.columns) or [n for n, c in target.shown_to(session).items() if not c.col.hidden and n != tab.via
                                    and not n.startswith(tab.via.removesuffix("_id") + ".")]
    new = None
    if target.create is not None and access.may(session, tab.resource, "add"):
        new = f"{target.url}new?{tab.via}={obj.id}&_next={refs.url(obj.__resource__, obj.id)}%3Ftab%3D{tab.code}"
    return {"resolved": target, "filters": [[tab.via, "eq", obj.id]], "columns": columns, "new_url": new,
            "new_title": target.resource.titles.new or _("New")}


__all__ = ["Line", "RecordPages", "fact_sections", "header", "line", "parent_link", "visible_tabs"]
