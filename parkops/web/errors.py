"""One readable answer for everything that can go wrong: a page for people, JSON for programs, never a stack or a name of
a constraint. Unexpected errors get a number that stands in the log."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, flash, g, jsonify, redirect, render_template, request
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from .. import refs
from ..db import reads
from ..errors import Moved, ParkOpsError, RuleError
from ..i18n import _l
from .session import web_session

log = logging.getLogger(__name__)
TITLES = {
    400: _l("This request cannot be understood"),
    401: _l("Please log in"),
    403: _l("Not allowed"),
    404: _l("Nothing here"),
    405: _l("This address cannot be used that way"),
    409: _l("Somebody else was quicker"),
    410: _l("Merged"),
    413: _l("Too large"),
    422: _l("Something needs correcting"),
    429: _l("Too many requests"),
    500: _l("Something went wrong"),
    503: _l("The database is not available"),
}
SENTENCES = {
    400: _l("Go back, check what you entered and try again."),
    401: _l("Please log in first; your session may have ended."),
    403: _l("You are not allowed to do this. Ask a system administrator for the right, or a colleague who has it."),
    404: _l("There is no such page or record, or it belongs to another park. Check the address or search for it."),
    405: _l("Open the page from the menu instead of typing its address."),
    409: _l("Somebody else changed this record meanwhile. Look at it again before you go on."),
    413: _l("The file is larger than 20 MB; make it smaller or split it."),
    415: _l("Send JSON with the content type application/json."),
    422: _l("Correct the marked fields and try again."),
    429: _l("Wait a minute, then try again."),
    500: _l("Your last step was not saved. Try again; if it happens again, tell a system administrator the number below."),
    503: _l("Wait a moment, then try again; tell a system administrator if it stays so."),
}


def wants_json() -> bool:
    """Programs and scripts get JSON."""
    if request.path.startswith("/api/") or request.is_json or request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return True
    accept = request.accept_mimetypes
    return accept.best_match(["text/html", "application/json"]) == "application/json" and not accept.accept_html


def answer(status: int, message: Any = None, *, problems: list[Any] | None = None, number: str | None = None) -> Any:
    """The page or the JSON for a status."""
    text = str(message) if message else str(SENTENCES.get(status, SENTENCES[400 if status < 500 else 500]))
    if wants_json():
        out: dict[str, Any] = {"message": text}
        if problems is not None:
            out["problems"] = [{"code": p.code, "field": p.field, "message": str(p.message)} for p in problems]
        if number:
            out["number"] = number
        return jsonify(out), status
    return page(status, text, number), status


def page(status: int, text: str, number: str | None = None) -> str:
    """The frame when it can be drawn, a bare page when even that fails (no database)."""
    values = {"status": status, "title": str(TITLES.get(status, TITLES[400 if status < 500 else 500])), "message": text, "number": number}
    if status < 500:
        own = "parkops/portal/error.html" if getattr(g.get("user"), "is_portal", False) else "parkops/error.html"
        try:
            return render_template(own, **values)
        except Exception:
            log.exception("the error page itself failed")
            _rollback()
    try:
        return render_template("parkops/error_bare.html", **values)
    except Exception:
        log.exception("the bare error page failed")
        return f"{status} {text}"


def _rollback() -> None:
    try:
        web_session.rollback()
    except Exception:
        log.exception("rollback failed")


def _leave() -> None:
    """End the transaction of what was refused on purpose: rolled back, or where it only read, an empty commit (the driver
    keeps its prepared statements, see `db.reads`)."""
    try:
        if web_session.registry.has():
            reads.end(web_session())
    except Exception:
        log.exception("the empty commit failed")
    _rollback()


def refused(error: ParkOpsError) -> Any:
    """A refusal on purpose: its own sentence and status."""
    _leave()
    problems = error.problems if isinstance(error, RuleError) else None
    return answer(error.status, str(error) or None, problems=problems)


def moved(error: Moved) -> Any:
    """A record that was merged: whoever reads it is led to the surviving one (301, programs 308), whoever writes is told (410)."""
    _rollback()
    page_url, text = refs.url(error.resource, error.record_id), str(error)
    query = request.query_string.decode("ascii", "ignore")
    reading = request.method in ("GET", "HEAD")
    if not wants_json():
        if not reading:
            return page(410, text), 410
        flash(text, "info")
        return redirect(f"{page_url}?{query}" if query else page_url, 301)
    url = f"/api/v1{page_url}" if request.path.startswith("/api/") else page_url
    response = jsonify(message=text, id=error.record_id, url=url)
    if not reading:
        return response, 410
    response.headers["Location"] = f"{url}?{query}" if query else url
    return response, 308


def http(error: HTTPException) -> Any:
    """Flask's own refusals; redirects pass."""
    if error.response is not None:
        return error.response
    code = error.code or 500
    if code < 400:
        return error
    _leave()
    said = getattr(error, "parkops_message", None)
    made = answer(code, said)
    if code == 405 and error.get_headers():
        response = made[0] if hasattr(made[0], "headers") else None
        if response is not None and getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(error.valid_methods)
    return made


def database(error: DBAPIError) -> Any:
    """Constraint violations in words, lost connections as 503, the rest as 500."""
    _rollback()
    state = getattr(error.orig, "sqlstate", None) or ""
    from .dberrors import as_refusal

    found = as_refusal(error)
    if found is not None:
        return refused(found)
    if state in ("57014",):
        log.warning("busy: %s", state)
        return answer(503, _l("Too many people are working on the same records. Try again in a moment."))
    if state.startswith("22"):
        return answer(400, _l("A value cannot be stored; check numbers, days and special characters."))
    if isinstance(error, OperationalError | InterfaceError) or state.startswith(("08", "53", "57")):
        log.error("database unavailable: %s", error)
        return answer(503)
    return unexpected(error)


def stale(error: StaleDataError) -> Any:
    """The optimistic lock noticed a second writer."""
    _rollback()
    return answer(409)


def unexpected(error: BaseException) -> Any:
    """A defect of ours: a number for the log, nothing else leaves."""
    _rollback()
    number = secrets.token_hex(4)
    user = getattr(getattr(g, "user", None), "id", None)
    log.error("error %s on %s %s (user %s)", number, request.method, request.path, user, exc_info=error)
    return answer(500, number=number)


def init(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(Moved, moved)
    app.register_error_handler(ParkOpsError, refused)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(DBAPIError, database)
    app.register_error_handler(StaleDataError, stale)
    app.register_error_handler(Exception, unexpected)


__all__ = ["answer", "init", "wants_json"]
