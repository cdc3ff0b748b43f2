"""Wiring of the web process: `init(app)` before AppBuilder, `finish(app)` after every view is registered.

Order of a request: static files pass untouched; then who is it (one statement), the session's scope, duties such as a
forced password change, the CSRF token; then the view; then headers and the denial record."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, abort, current_app, g, redirect, request, session
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from .. import clock
from ..db import audit
from ..db.session import Scope, engine, system_scope
from ..errors import NotAllowed
from ..i18n import DEFAULT, LANGUAGES, _l
from . import headers, identity, passwords, sessions, totp

log = logging.getLogger(__name__)
SID = "sid"
BLOCKED = {"LocaleView.index", "UtilView.back", "MenuApi.get_menu_data"}  # FAB's GET language switch, "back" to anywhere, own menu
NO_TOKEN = {"ParkSecurityApi.login"}  # no cookie is read or set there
DUTY_FREE = {"PortalAccountPage.password", "PortalLoginPage.logout", "PortalLoginPage.locale",
             "LoginPage.login", "LoginPage.code", "LoginPage.logout", "AccountPage.password", "AccountPage.two_step",
             "AccountPage.locale", "ParkSecurityApi.login", "ParkSecurityApi.logout", "ParkSecurityApi.refresh"}


class Visitor:
    """Nobody is signed in."""

    id = None
    username = "anonymous"
    name = ""
    roles: tuple[str, ...] = ()
    rights: frozenset[tuple[str, str]] = frozenset()
    parks: tuple[int, ...] = ()
    park_id = None
    is_authenticated = False
    is_active = False
    is_anonymous = True
    is_demo = False
    is_portal = False

    def get_id(self) -> None:
        return None

    def may(self, resource: str, word: str) -> bool:
        return False


def init(app: Flask) -> None:
    """Before AppBuilder: CSRF (FAB looks for the extension), proxy, request hooks, nonce."""
    cfg = app.config["PARKOPS"]
    if cfg.proxy_hops:
        n = cfg.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n, x_port=0, x_prefix=0)  # type: ignore[method-assign]
    CSRFProtect(app)
    app.jinja_env.globals["csp_nonce"] = headers.csp_nonce
    app.before_request(enter)
    app.before_request(check_csrf)
    app.after_request(headers.add)
    app.after_request(note_denial)


def finish(app: Flask) -> None:
    """After the views: language by person, the page for a missing token, and a check that nothing escaped."""
    app.extensions["babel"].locale_selector = locale
    from ..web import security_pages

    app.register_error_handler(CSRFError, security_pages.csrf_failed)
    app.extensions["parkops_portal"] = frozenset(
        view.blueprint.name for view in app.appbuilder.baseviews if getattr(view, "portal", False) and view.blueprint is not None)
    app.extensions["parkops_signed"] = frozenset(  # every call carries its own signature; no cookie is read
        view.blueprint.name for view in app.appbuilder.baseviews if getattr(view, "signed", False) and view.blueprint is not None)
    from ..registry import registry

    app.extensions["parkops_open"] = tuple(registry().collect("views", "PORTAL_OPEN"))  # beginnings of addresses open to everybody
    refuse_open_views(app)


def refuse_open_views(app: Flask) -> None:
    """FAB's own user, role, permission and upload views must not be there (traps 24, 25)."""
    known = ("UserDBModelView", "RoleModelView", "PermissionModelView", "ViewMenuModelView", "PermissionViewModelView",
             "UserStatsChartView", "RegisterUserDBView", "ResetPasswordView", "ResetMyPasswordView", "UserInfoEditView",
             "UserGroupModelView", "AuthDBView", "UserApi", "RoleApi", "GroupApi", "ApiKeyApi")
    wrong = [r.rule for r in app.url_map.iter_rules()
             if r.endpoint.split(".")[0] in known or r.rule.endswith("/download/<string:filename>")]
    if wrong:
        raise RuntimeError(f"these framework views must not be served: {', '.join(wrong)}")


def locale() -> str:
    """The language of this request: the person's, else the visitor's choice, else the browser's, else Chinese."""
    given = g.get("locale")
    if given is None:
        given = g.locale = session.get("locale") or request.accept_languages.best_match(list(LANGUAGES), DEFAULT)
    return given if given in LANGUAGES else DEFAULT


def is_bearer() -> bool:
    """A call that shows a token itself: no cookie counts, so no CSRF token is needed."""
    return request.headers.get("Authorization", "")[:7].lower() == "bearer "


def wants_json() -> bool:
    """REST paths and scripts get JSON answers."""
    return request.path.startswith("/api/") or request.is_json or (
        request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json")


def enter() -> Any:
    """before_request: the user and the web session's scope, before any query of a view."""
    if headers.is_static():
        return None
    become(None)
    if request.endpoint in BLOCKED:
        abort(404)
    if request.routing_exception is not None and not is_bearer() and SID not in session:
        return None
    if is_bearer():
        _enter_bearer()
    elif SID in session:
        _enter_cookie(session[SID])
    return _portal_only() or _duty()


def _portal_only() -> Any:
    """A firm's user reaches the pages of the portal and what is open to everybody; nothing else answers, default deny."""
    if not g.user.is_portal or request.routing_exception is not None:
        return None
    if request.blueprint in current_app.extensions.get("parkops_portal", ()) or request.path.startswith(
            current_app.extensions.get("parkops_open", ())):
        return None
    if request.method in ("GET", "HEAD") and not wants_json():
        return redirect("/portal/")
    raise NotAllowed(_l("This part is for the staff of the park. Your own pages are in the portal."))


def become(who: identity.Identity | None, via: str = "screen") -> None:
    """Set user and scope of the request. The scope is fixed before the first query."""
    from ..web.session import web_session

    address = request.remote_addr or ""
    g.user = who or Visitor()
    g._login_user = g.user  # what Flask-Login's current_user answers
    if who is not None:
        g.locale = who.locale if via == "api" else session.get("locale") or who.locale
        scope = who.scope(via=via, address=address, locale=g.locale)
    else:
        scope = Scope(user_name="anonymous", parks=frozenset(), via=via, address=address, locale=locale())
    web_session().info["scope"] = scope


def look_up(token: str) -> identity.Identity | None:
    """The identity behind a session secret; ends sessions that are over; notes the activity once a minute."""
    from ..web.session import web_session

    now = clock.now()
    found, row, why = identity.find(web_session().connection(), token, now)
    if why is not None:
        with engine().begin() as c:
            c.execute(identity.END, {"id": row.session_id, "now": now, "why": why})
        if not is_bearer():
            session["ended"] = why
    elif found is not None and now - found.last_seen_at > identity.TOUCH_EVERY and "X-Background" not in request.headers:
        with engine().begin() as c:
            c.execute(identity.TOUCH, {"id": found.session_id, "now": now})
    return found


def _enter_cookie(token: Any) -> None:
    found = look_up(token) if isinstance(token, str) else None
    if found is None or found.kind != "screen":
        session.pop(SID, None)
        return
    g.session_token = token
    become(found)


def _enter_bearer() -> None:
    """Raises flask-jwt-extended's errors, which answer 401; `load_user_jwt` of the manager does the rest."""
    from flask_jwt_extended import verify_jwt_in_request

    if request.endpoint not in NO_TOKEN:
        verify_jwt_in_request(refresh=request.endpoint == "ParkSecurityApi.refresh")


def _duty() -> Any:
    """A password past its days or given by somebody else, or a missing second step, comes before everything else."""
    who = g.user
    if not who.is_authenticated or who.is_demo or request.endpoint in DUTY_FREE or request.routing_exception is not None:
        return None
    cfg = current_app.config["PARKOPS"]
    if who.must_change_password or passwords.expired(who.password_changed_at, clock.now(), cfg.security_profile):
        target = "/portal/account/password/" if who.is_portal else "/account/password/"
    elif cfg.require_totp and not who.totp_enabled and set(who.roles) & set(totp.FORCED_ROLES):
        target = "/account/two-step/"
    else:
        return None
    if wants_json() or request.method not in ("GET", "HEAD"):
        raise NotAllowed(_l("First set a new password or the two-step log-in under your name at the top right."))
    return redirect(target)


def check_csrf() -> None:
    """Every change needs the token, REST included, unless the call shows a bearer token."""
    if headers.is_static() or is_bearer() or request.endpoint in NO_TOKEN or request.routing_exception is not None:
        return
    if request.blueprint in current_app.extensions.get("parkops_signed", ()):
        return
    current_app.extensions["csrf"].protect()


def note_denial(response: Any) -> Any:
    """403 answers leave an entry: who, where, what."""
    if response.status_code == 403 and not headers.is_static():
        try:
            record_denial()
        except Exception:  # the answer must reach the user even when the record cannot be written
            log.exception("a denial could not be recorded")
    return response


def record_denial() -> None:
    """The entry, in a transaction of its own."""
    who = g.get("user") or Visitor()
    with system_scope("denial record") as s:
        audit.event(s, "denied", {"method": request.method, "path": sessions.clean(request.path)}, result="refused",
                    user_id=who.id, user_name=sessions.clean(who.username), address=(request.remote_addr or "")[:64] or None,
                    via="api" if is_bearer() else "screen")
