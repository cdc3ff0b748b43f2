"""The frame's content: menu from manifests and screens, park switcher, bell, icons, texts for scripts.

The tree is built once per process; each request shows only what the person may read. A special page enters the menu with
the class attributes `title`, `menu = (section, order)`, and optionally `icon`, `menu_word` (default read), `menu_url`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, request, url_for
from markupsafe import Markup, escape
from sqlalchemy import select

from .. import i18n
from ..clock import today
from ..comments import full_names
from ..i18n import LANGUAGES, _l
from ..models import Park
from ..registry import registry
from ..security import access
from . import resources, show
from .session import web_session

STATIC = Path(__file__).resolve().parent / "static"
KERNEL_SECTIONS = (
    ("work", _l("My work")),
    ("people", _l("People and rights")),
    ("rules", _l("Rules and parameters")),
    ("numbers", _l("Indicators and reports")),
    ("data", _l("Data exchange")),
    ("system", _l("System")),
    ("settings", _l("Settings")),
)
WORK = "work"


@dataclass(frozen=True)
class Entry:
    """A line of the menu; shown to those who hold `word` on `resource`."""

    title: Any
    url: str
    icon: str
    resource: str
    word: str
    section: str
    order: int
    view: str | None = None

    @property
    def href(self) -> str:
        return f"{self.url}?view={self.view}" if self.view else self.url


@dataclass
class Group:
    """A module in the menu with its sections in manifest order."""

    code: str
    title: Any
    icon: str
    sections: list[tuple[Any, list[Entry]]] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        return [e for _title, entries in self.sections for e in entries]

    def holds(self, path: str) -> bool:
        """Whether the page at `path` belongs to this group."""
        return self.inside(self.entries, path)

    @staticmethod
    def inside(entries: list[Entry], path: str) -> bool:
        """Whether the page at `path` belongs to one of the entries."""
        return any(is_at(e, path) for e in entries)


def is_at(entry: Entry, path: str) -> bool:
    """Whether `path` is the entry's list or one of its records."""
    return path == entry.url or (entry.url != "/" and path.startswith(entry.url.rstrip("/") + "/"))


def _page_entry(page: Any) -> tuple[str, Entry] | None:
    menu = page.__dict__.get("menu") or getattr(page, "menu", None)
    if not menu:
        return None
    parts = page.__module__.split(".")
    module = parts[1] if parts[0] == "modules" else "core"
    url = getattr(page, "menu_url", None) or f"{page.route_base.rstrip('/')}/"
    return module, Entry(
        getattr(page, "title", page.__name__),
        url,
        getattr(page, "icon", "file"),
        page.resource or "",
        getattr(page, "menu_word", "read"),
        menu[0],
        menu[1],
    )


@lru_cache(maxsize=1)
def tree() -> list[Group]:
    """Every entry of the process, modules in manifest order, the kernel's settings last."""
    found: dict[str, list[Entry]] = {}
    for resource in resources.all_resources().values():
        if resource.menu:
            entry = Entry(resource.titles.many, resource.url, resource.icon, resource.name, "read", *resource.menu, resource.opens)
            found.setdefault(resource.module, []).append(entry)
    for page in resources.all_pages():
        made = _page_entry(page)
        if made:
            found.setdefault(made[0], []).append(made[1])
    groups = []
    work = [e for e in found.get("core", []) if e.section == WORK]
    if work:
        groups.append(Group("work", _l("My work"), "checkbox", _sections(work, ((WORK, ""),))))
    for manifest in registry().manifests.values():
        if manifest.name in found:
            sections = tuple((code, _l(title)) for code, title in manifest.menu)
            groups.append(Group(manifest.name, _l(manifest.title), manifest.icon, _sections(found[manifest.name], sections)))
    rest = [e for e in found.get("core", []) if e.section != WORK]
    if rest:
        groups.append(Group("settings", _l("Settings"), "settings", _sections(rest, KERNEL_SECTIONS[1:])))
    return groups


def _sections(entries: list[Entry], titles: tuple) -> list[tuple[Any, list[Entry]]]:
    codes = [code for code, _title in titles]
    codes += sorted({e.section for e in entries} - set(codes))
    names = dict(titles)
    made = [(names.get(c, ""), sorted((e for e in entries if e.section == c), key=lambda e: (e.order, str(e.url)))) for c in codes]
    return [(title, items) for title, items in made if items]


def visible(session: Any) -> list[Group]:
    """The tree as this person may see it."""
    out = []
    for group in tree():
        sections = [(t, [e for e in entries if not e.resource or access.may(session, e.resource, e.word)]) for t, entries in group.sections]
        sections = [(t, entries) for t, entries in sections if entries]
        if sections:
            out.append(Group(group.code, group.title, group.icon, sections))
    return out


class Shell:
    """What the base template asks for; each part is looked up only when the page shows it."""

    languages = LANGUAGES

    @property
    def user(self) -> Any:
        """The signed-in person or None."""
        user = getattr(g, "user", None)
        return user if user is not None and getattr(user, "is_authenticated", False) else None

    @property
    def session(self) -> Any:
        return web_session()

    @property
    def locale(self) -> str:
        return i18n.locale()

    @property
    def path(self) -> str:
        return request.path

    @cached_property
    def menu(self) -> list[Group]:
        return visible(self.session) if self.user else []

    @property
    def nav(self) -> Markup:
        """The menu. Modules the page is none of look the same on every page: they are drawn once per language and rights."""
        return Markup("").join(
            _drawn(group, self.path) if group.holds(self.path) else _quiet(self.locale, group.code, tuple(e.url for e in group.entries))
            for group in self.menu)

    @cached_property
    def parks(self) -> list[Any]:
        """(id, name) of the parks the person may work in."""
        if not self.user:
            return []
        statement = select(Park.id, Park.name, Park.name_en).where(Park.is_active).order_by(Park.code)
        scope = self.session.info["scope"]
        if scope.parks is not None:
            statement = statement.where(Park.id.in_(scope.parks))
        english = self.locale == "en"
        return [(p.id, p.name_en if english and p.name_en else p.name) for p in self.session.execute(statement)]

    @cached_property
    def park(self) -> Any:
        """(id, name) of the current park or None."""
        current = self.session.info["scope"].park_id if self.user else None
        return next((p for p in self.parks if p[0] == current), None)

    @cached_property
    def bell(self) -> Any:
        from ..todos import bell

        return bell(self.session, today())

    @cached_property
    def _people(self) -> dict[str, str]:
        return {}

    def person(self, user_name: str | None) -> str:
        """The full name of a user as rows keep them; the user name where there is none (any more)."""
        if user_name and user_name not in self._people:
            self._people[user_name] = full_names(self.session, [user_name]).get(user_name, user_name)
        return self._people.get(user_name or "", "")

    def texts(self) -> Markup:
        """Translations for scripts as JSON."""
        return _texts(self.locale)


def _drawn(group: Group, path: str) -> Markup:
    return Markup(current_app.jinja_env.get_template("parkops/_nav_group.html").render(group=group, path=path))  # noqa: S704


@lru_cache(maxsize=512)
def _quiet(locale: str, code: str, urls: tuple[str, ...]) -> Markup:
    """A module without the page, with the entries of these addresses, in the language that is on."""
    group = next(g for g in tree() if g.code == code)
    sections = [(t, [e for e in entries if e.url in urls]) for t, entries in group.sections]
    return _drawn(Group(group.code, group.title, group.icon, [(t, entries) for t, entries in sections if entries]), "")


@lru_cache(maxsize=8)
def _texts(locale: str) -> Markup:
    from .jstexts import texts

    return as_json(texts())


@lru_cache(maxsize=1)
def _nodes() -> dict[str, list]:
    path = STATIC / "vendor" / "icons.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


@lru_cache(maxsize=2048)
def icon(name: str, size: int = 18) -> Markup:
    """An inline Tabler outline icon; an unknown name draws a plain file."""
    nodes = _nodes().get(name) or _nodes().get("file", [])
    body = "".join("<{} {}/>".format(tag, " ".join(f'{k}="{escape(v)}"' for k, v in attrs.items())) for tag, attrs in nodes)
    return Markup(  # noqa: S704  vendor data, every value escaped
        f'<svg class="icon" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{body}</svg>'
    )


@lru_cache(maxsize=512)
def asset(name: str) -> str:
    """The address of one of our static files with a mark that changes with its content."""
    path = STATIC / name
    mark = hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.exists() else "0"
    return url_for("static", filename=name, v=mark)


def as_json(value: Any) -> Markup:
    """JSON for a `<script type="application/json">` block (lazy texts included)."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    # every sign that could end the script block is written as an escape
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def init(app: Flask) -> None:
    """Names for templates: `shell`, `icon`, `asset`, `as_json`, `shown`, and our own translations."""
    app.jinja_env.globals.update(
        icon=icon, asset=asset, as_json=as_json, shown=show.shown, program=show.program, is_at=is_at,
        gettext=i18n._, ngettext=i18n._n, _=i18n._
    )
    app.context_processor(lambda: {"shell": Shell()})
    for kept in (tree, _quiet, _texts):
        kept.cache_clear()
    if not app.testing:
        asset.cache_clear()
