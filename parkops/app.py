"""`create_app`: the wiring of the web process, no logic. Nothing is written at boot: no DDL, no permission sync."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask
from flask_appbuilder import AppBuilder

from .config import Config, config
from .registry import registry, resting_collector


@resting_collector()
def create_app(cfg: Config | None = None) -> Flask:
    """Build the Flask app for the installed modules. Raises `Refused` when the database is empty or unsafe."""
    cfg = cfg or config()
    from . import upgrade
    from .db.session import engine, refuse_unsafe
    from .errors import Refused

    logging.basicConfig(level=cfg.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("flask_appbuilder").setLevel(logging.WARNING)
    refuse_unsafe(engine())
    names = upgrade.installed()
    if not names:
        raise Refused("the database is empty; run `parkops upgrade` first")
    registry().load(names, screens=True)

    from .security import settings as security_settings
    from .security import setup as security_setup
    from .security.manager import ParkSecurityManager
    from .web import errors, home, menu, session, views
    from .web.rules import LateRule

    app = Flask("parkops", static_folder="web/static", template_folder="web/templates", static_url_path="/static/parkops")
    app.url_rule_class = LateRule
    app.config.update(security_settings.flask_settings(cfg))
    session.init(app)
    security_setup.init(app)
    with app.app_context():
        appbuilder = AppBuilder(app, session.web_session, security_manager_class=ParkSecurityManager,
                                indexview=home.HomeView, base_template="parkops/base.html", update_perms=False)
        _blueprints(app)
        views.register_all(appbuilder)
        menu.init(app)
        errors.init(app)
        security_setup.finish(app)
    return app


def _blueprints(app: Flask) -> None:
    """One plain blueprint per module for its templates and static files."""
    from flask import Blueprint

    for m in registry().manifests.values():
        folder: Any = {}
        if (m.path / "templates").is_dir():
            folder["template_folder"] = str(m.path / "templates")
        if (m.path / "static").is_dir():
            folder |= {"static_folder": str(m.path / "static"), "static_url_path": f"/static/{m.name}"}
        if folder:
            app.register_blueprint(Blueprint(f"module_{m.name}", m.package, **folder))
