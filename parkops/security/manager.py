"""FAB's security manager, cut down: no work at boot, no permission writes, no views of its own, no ORM user per request.

Rights come from the scope (`Identity.rights`), compared exactly; roles are configuration (personas) or rows (site roles)."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, jsonify
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_jwt_extended import JWTManager
from flask_login import LoginManager

from ..errors import Refused
from ..i18n import _l

FRAMEWORK = {("OpenApi", "get"), ("SwaggerView", "show")}  # the interface's description, when config.swagger is on
ANSWER = _l("Please log in first; your session may have ended.")


class ParkSecurityManager(SecurityManager):
    """Authentication by `security.sessions`, authorisation by `security.access`."""

    def create_db(self) -> None:
        """Alembic owns the schema; nothing happens at boot (trap 1)."""

    def register_views(self) -> None:
        """Our log-in, account and token views instead of FAB's two dozen."""
        from ..web.security_api import ParkSecurityApi
        from ..web.security_pages import AccountPage, LoginPage

        api = self.appbuilder.add_api(ParkSecurityApi)
        self.auth_view = self.appbuilder.add_view_no_menu(LoginPage())
        account = self.appbuilder.add_view_no_menu(AccountPage())
        for view, methods in ((api, ["POST"]), (self.auth_view, ["POST"]), (account, ["POST"])):
            self.limiter.limit(_rate, methods=methods)(view.blueprint)

    def create_login_manager(self, app: Any) -> LoginManager:
        """Flask-Login only answers `current_user`; its cookie is not used."""
        lm = LoginManager(app)
        lm.login_view = "LoginPage.login"
        lm.user_loader(self.load_user)
        lm.request_loader(lambda request: g.get("user"))
        return lm

    def create_jwt_manager(self, app: Any) -> JWTManager:
        manager = JWTManager()
        manager.init_app(app)
        manager.user_lookup_loader(self.load_user_jwt)
        for loader in (manager.unauthorized_loader, manager.invalid_token_loader):
            loader(_refused)
        for loader in (manager.expired_token_loader, manager.revoked_token_loader, manager.user_lookup_error_loader,
                       manager.needs_fresh_token_loader):
            loader(_refused)
        return manager

    def load_user(self, pk: Any) -> None:
        """Flask-Login's `_user_id` cookie value is never believed."""
        return None

    def load_user_jwt(self, _header: dict, data: dict) -> Any:
        """The user of a bearer token: its server-side session must still be open and of the same epoch (G37)."""
        from . import setup

        sid = data.get("sid")
        found = setup.look_up(sid) if isinstance(sid, str) else None
        if found is None or found.kind != "api" or str(found.id) != str(data.get("sub")):
            return None
        g.session_token = sid
        setup.become(found, via="api")
        return found

    @staticmethod
    def before_request() -> None:
        """`setup.enter` has done it."""

    @property
    def current_user(self) -> Any:
        user = g.get("user")
        return user if user is not None and user.is_authenticated else None

    def has_access(self, permission_name: str, view_name: str) -> bool:
        """Exact comparison with the rights of the request's scope (trap 24)."""
        from ..web.session import web_session
        from .access import may

        if self.current_user is None:
            return False
        word = permission_name.removeprefix("can_")
        if (view_name, word) in FRAMEWORK:
            return bool(current_app.config["FAB_API_SWAGGER_UI"])
        return may(web_session(), view_name, word)

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public by permission; public pages are the log-in pages."""
        return False

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """FAB's menu is not used."""
        return set()

    def get_user_roles(self, user: Any) -> list[Any]:
        return list(user.roles) if user is not None else []

    def add_permissions_view(self, base_permissions: Any, view_menu: Any) -> None:
        """`parkops upgrade` syncs (traps 2 and 3)."""

    def add_permissions_menu(self, view_menu_name: str) -> None:
        """See `add_permissions_view`."""

    def security_cleanup(self, baseviews: Any, menus: Any) -> None:
        raise Refused("run `parkops upgrade` instead")

    def auth_user_db(self, username: str, password: str) -> None:
        """Log-ins pass `security.sessions.log_in`, which locks out; this road is closed."""
        return None


def _rate() -> str:
    return current_app.config["AUTH_RATE_LIMIT"]


def _refused(*_args: Any) -> Any:
    return jsonify({"message": str(ANSWER)}), 401
