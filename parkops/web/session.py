"""`web_session`: one database session per request, registered by the running app context and removed with it.

The security manager gives it its scope before the first query; nothing here commits a change (pages and the REST classes
do): a request that only read is ended with an empty commit, see `parkops.db.reads`."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.globals import app_ctx
from sqlalchemy.orm import scoped_session

from ..db import reads
from ..db.session import engine, factory


def _owner() -> int:
    """The key of the session: the app context, which a request never shares."""
    return id(app_ctx._get_current_object())  # type: ignore[attr-defined]


web_session: scoped_session[Any] = scoped_session(factory, scopefunc=_owner)


def init(app: Flask) -> None:
    """Bind the factory and close the session with the app context."""
    with app.app_context():
        engine()

    @app.teardown_appcontext
    def close(error: BaseException | None = None) -> None:
        try:
            if error is None and web_session.registry.has():
                reads.end(web_session())
        finally:
            web_session.remove()
