"""Pages and APIs: FAB views behind our checks, and the compilation of every `Resource` into one page and one API class.

`@route(url, word)` is the only way to expose a method: it asks for a log-in, checks `(resource, word)` exactly, and rolls
the web session back when the method fails. A `Page` with an exposed method that lacks it is refused at import."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, g, jsonify, redirect, request
from flask_appbuilder.api import BaseApi
from flask_appbuilder.baseviews import BaseView

from ..clock import now
from ..db.session import scope_of
from ..errors import NotAllowed, NotFound
from ..i18n import _, _l, locale
from ..security import access
from .compile import Resolved
from .resources import all_pages, all_resources
from .resources import resolved as resolved_by_name
from .session import web_session

PAGE_PARTS = ("parkops.web.listpages:ListPages", "parkops.web.record:RecordPages", "parkops.web.editing:EditPages",
              "parkops.web.actions:ActionPages")
API_PARTS = ("parkops.web.api:ListApi", "parkops.web.rest:ItemApi")
PK = "<int(max=9223372036854775807):pk>"
MUTATING = {"POST", "PUT", "PATCH", "DELETE"}


def signed_in() -> bool:
    """Whether the request acts for a person (cookie or token)."""
    user = getattr(g, "user", None)
    return user is not None and bool(getattr(user, "is_authenticated", False))


def commit() -> None:
    """The one commit of a page or REST call."""
    web_session().commit()


def route(url: str, word: str | None = "read", methods: tuple[str, ...] = ("GET",), resource: str | None = None) -> Callable:
    """Expose a method at `url` (below the class's route_base) for those who hold `word` on `resource` (default: the
    class's). `word=None` asks for a log-in only; the method then checks itself."""

    def wrap(method: Callable) -> Callable:
        inner = getattr(method, "_inner", method)

        @functools.wraps(inner)
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            refusal = self.refuse(word, resource)
            if refusal is not None:
                return refusal
            try:
                return inner(self, *args, **kwargs)
            except BaseException:
                web_session().rollback()
                raise

        guarded._inner = inner
        guarded._urls = [*getattr(method, "_urls", []), (url, methods)]
        guarded._permission_name = word or "read"
        guarded._needs = word
        return guarded

    return wrap


def safe_path(text: str | None, fallback: str) -> str:
    """A local path to go back to; anything that could leave the site becomes `fallback`."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or "\\" in text:
        return fallback
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or any(ord(c) < 32 for c in text):
        return fallback
    return text


class _Guarded:
    """What pages and APIs share: the class's resource and the check."""

    resource: str | None = None  # name of the resource whose rights count

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in dir(cls):
            value = getattr(cls, name, None)
            if hasattr(value, "_urls") and not hasattr(value, "_needs"):
                raise TypeError(f"{cls.__name__}.{name}: expose it with parkops.web.views.route, which checks the right")

    @property
    def session(self) -> Any:
        return web_session()

    def refuse(self, word: str | None, resource: str | None) -> Any:
        """None when the request may go on; a response for anonymous visitors; NotAllowed otherwise."""
        if not signed_in():
            return self.anonymous()
        name = resource or self.resource
        if word is not None and name is not None:
            access.require(web_session(), name, word)
        return None

    def anonymous(self) -> Any:
        raise NotImplementedError


class Page(_Guarded, BaseView):
    """Base of every page. Set `route_base` and `resource`; expose methods with `route`; draw with `self.draw`."""

    default_view = "index"

    def __init__(self) -> None:
        self.class_permission_name = self.resource or type(self).__name__
        super().__init__()

    def anonymous(self) -> Any:
        if request.method in MUTATING:
            raise NotAllowed(_l("Please log in first; your session may have ended."))
        return redirect("/login/?next=" + _quoted(request.full_path.rstrip("?")))

    def draw(self, template: str, status: int = 200, **values: Any) -> Any:
        """Render a template with the session and scope at hand."""
        session = web_session()
        return self.render_template(template, session_scope=scope_of(session), page=self, locale_code=locale(), **values), status


def _quoted(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/")


class Api(_Guarded, BaseApi):
    """Base of every REST class: cookie with CSRF token, or bearer token."""

    allow_browser_login = True
    csrf_exempt = False

    def __init__(self) -> None:
        self.class_permission_name = self.resource or type(self).__name__
        super().__init__()

    def anonymous(self) -> Any:
        return jsonify({"message": str(_l("Please log in first; your session may have ended."))}), 401


class ResourcePage(Page):
    """The page class of one resource; list, record, form and action routes are mixed in by `register_all`."""

    resolved_name: str = ""

    @property
    def resolved(self) -> Resolved:
        return resolved_by_name(self.resolved_name)


class ResourceApi(Api):
    """The REST class of one resource."""

    resolved_name: str = ""

    @property
    def resolved(self) -> Resolved:
        return resolved_by_name(self.resolved_name)


def _parts(names: tuple[str, ...]) -> tuple[type, ...]:
    out = []
    for dotted in names:
        module, _colon, name = dotted.partition(":")
        if importlib.util.find_spec(module) is not None:
            out.append(getattr(importlib.import_module(module), name))
    return tuple(out)


def class_name(resource: str) -> str:
    """`tenants.firm_person` -> `TenantsFirmPerson`."""
    return "".join(part.capitalize() for part in resource.replace(".", "_").split("_"))


def page_class(name: str, url: str) -> type[ResourcePage]:
    """The FAB view of one resource."""
    return type(f"{class_name(name)}Page", (*_parts(PAGE_PARTS), ResourcePage), {
        "resource": name, "resolved_name": name, "route_base": url.rstrip("/")})


def api_class(name: str, url: str) -> type[ResourceApi]:
    """The FAB API of one resource."""
    return type(f"{class_name(name)}Api", (*_parts(API_PARTS), ResourceApi), {
        "resource": name, "resolved_name": name, "route_base": f"/api/v1{url.rstrip('/')}", "openapi_spec_tag": name})


def register_all(appbuilder: Any) -> None:
    """Make and register the classes of every resource and special page. Nothing is written to the database."""
    from ..rules.facts import text_of
    from ..rules.units import unit_text
    from . import show

    current_app.jinja_env.globals.update(
        _=_, show_value=show.shown, fact_text=text_of, unit_text=unit_text, show_time=lambda at: show.shown("datetime", at), now=now)
    for cls in all_pages():  # first, so that a special page wins over the generic one of the same address
        appbuilder.add_view_no_menu(cls)
    for name, resource in all_resources().items():
        resolved_by_name(name)  # every mistake in a Resource stops the start with a sentence
        appbuilder.add_view_no_menu(page_class(name, resource.url))
        appbuilder.add_view_no_menu(api_class(name, resource.url))


def require_record(obj: Any) -> Any:
    """The record, or NotFound: the session's scope has already hidden other parks."""
    if obj is None:
        raise NotFound(_l("There is no such record in your parks."))
    return obj


__all__ = ["PK", "Api", "Page", "ResourceApi", "ResourcePage", "commit", "register_all", "require_record", "route", "safe_path",
           "signed_in"]
