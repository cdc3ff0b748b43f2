"""REST for lists: rows, what the grid needs to know, entries for remote selects, saved views and exports.

`GET /api/v1/<module>/<thing>/?q={"filters":[["name","contains","bio"]],"sort":[["name","asc"]],"page":0,"size":25,
"columns":["name"],"text":"…","view":"code","totals":true,"group":["state"],"ids":[1,2]}` answers
`{"count", "rows": [{"id", "_label", "_state", "<column>", "<column>__text"}], "totals", "groups", "page", "size"}`.
A bad question is 400 with one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

from flask import Response, jsonify, request, stream_with_context
from sqlalchemy import select

from ..db.session import scope_of
from ..errors import NotAllowed, NotFound, Problems, Refused
from ..i18n import _, _l
from ..security import access
from . import export, grid, gridinfo
from .models import SavedView
from .values import BadValue, clean_text
from .views import commit, route

QUERY_LIMIT = 20_000
SAVED_LIMIT = 50
STATE_KEYS = {"filters", "sort", "columns", "text", "group"}


def decoded(text: str | None) -> Any:
    """JSON without binary floats; Refused with a sentence when it is none."""
    if text is None or text == "":
        return None
    if len(text) > QUERY_LIMIT or "\0" in text or "\\u0000" in text:
        raise Refused(_l("The list query is too long or holds a character that cannot be searched for."))
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Refused(_l("The list query is no valid JSON.")) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def body() -> dict[str, Any]:
    """The JSON object of a POST."""
    found = decoded(request.get_data(as_text=True))
    if not isinstance(found, dict):
        raise Refused(_l("Send a JSON object."))
    return found


def list_query() -> grid.Query:
    """The query of this request; `q` may come once."""
    unknown = set(request.args) - {"q"}
    if unknown:
        raise Refused(_l("The list takes one parameter, q; %(name)s is unknown.", name=sorted(unknown)[0][:40]))
    return grid.parse(decoded(request.args.get("q")))


class ListApi:
    """Mixed into every resource's REST class (see `views.api_class`)."""

    session: Any
    resolved: Any

    @route("/", "read")
    def get_list(self) -> Any:
        """Rows of a page.
        ---
        get:
          parameters:
          - in: query
            name: q
            schema: {type: string}
            description: 'JSON object: filters, sort, page, size, columns, text, view, totals, group, ids'
          responses:
            200: {description: The rows of the page}
            400: {description: The question cannot be understood}
            401: {description: Not logged in}
            403: {description: No right to read}
        """
        return jsonify(grid.run(self.session, self.resolved, list_query()))

    @route("/_info", "read")
    def get_info(self) -> Any:
        """Columns, filters, views, rights and actions of the list.
        ---
        get:
          responses:
            200: {description: Everything a grid needs}
            401: {description: Not logged in}
            403: {description: No right to read}
        """
        return jsonify(gridinfo.info(self.session, self.resolved))

    @route("/_choices", "read")
    def get_choices(self) -> Any:
        """At most 20 records to choose from.
        ---
        get:
          parameters:
          - {in: query, name: text, schema: {type: string}}
          - {in: query, name: ids, schema: {type: string}}
          - {in: query, name: within, schema: {type: string}, description: 'column:id, only records that name that one'}
          responses:
            200: {description: 'A list of id and label'}
            400: {description: The text or the ids cannot be understood}
            401: {description: Not logged in}
            403: {description: No right to read}
            404: {description: These records have no label to choose by}
        """
        ids = [x for x in request.args.get("ids", "").split(",") if x]
        column, _colon, value = request.args.get("within", "").partition(":")
        asked = grid.parse({"text": request.args.get("text", ""), "ids": ids, "filters": [[column, "eq", value]] if column else []})
        return jsonify(rows=grid.choices(self.session, self.resolved, asked.text, ids=asked.ids, filters=asked.filters))

    @route("/_views", "read")
    def get_views(self) -> Any:
        """Saved views: shared ones and the person's own.
        ---
        get:
          responses:
            200: {description: The saved views}
            401: {description: Not logged in}
            403: {description: No right to read}
        """
        return jsonify(rows=gridinfo.saved_views(self.session, self.resolved.name))

    @route("/_views", "read", ("POST",))
    def post_view(self) -> Any:
        """Save the present filters and columns under a title; the same title again replaces it.
        ---
        post:
          requestBody:
            required: true
            content: {application/json: {schema: {type: object}}}
          responses:
            200: {description: Saved}
            400: {description: The view cannot be understood}
            401: {description: Not logged in}
            403: {description: Sharing needs the right to change these records}
            422: {description: A rule is not met}
        """
        given = body()
        view = save_view(self.session, self.resolved, title=given.get("title"), state=given.get("state"), shared=given.get("shared", False))
        commit()
        return jsonify(id=view.id, title=view.title, shared=view.owner_id is None)

    @route("/_views/<int(max=9223372036854775807):pk>", "read", ("DELETE",))
    def delete_view(self, pk: int) -> Any:
        """Delete a saved view.
        ---
        delete:
          parameters:
          - {in: path, name: pk, schema: {type: integer}, required: true}
          responses:
            200: {description: Deleted}
            401: {description: Not logged in}
            403: {description: Somebody else's shared view}
            404: {description: No such view}
        """
        remove_view(self.session, self.resolved, pk)
        commit()
        return jsonify(message=_("The view was deleted."))

    @route("/_export", "export", ("POST",))
    def post_export(self) -> Any:
        """The list as a file, exactly as shown: `{"q": {...}, "format": "csv"|"xlsx"}`. Large ones answer 202 until approved.
        ---
        post:
          requestBody:
            required: true
            content: {application/json: {schema: {type: object}}}
          responses:
            200: {description: The file}
            202: {description: Large export; approval was asked for}
            400: {description: The query cannot be understood}
            401: {description: Not logged in}
            403: {description: No right to export}
        """
        given = body()
        access.require(self.session, self.resolved.name, "read")
        made = export.order(
            self.session,
            self.resolved,
            grid.parse(given.get("q")),
            raw=given.get("q") or {},
            file_format=given.get("format", "csv"),
            reason=given.get("reason"),
            clear=given.get("unmask") is True,
        )
        commit()
        if made.message is not None:
            return jsonify(message=str(made.message), rows=made.count), 202
        return download(self.session, made)


def download(session: Any, made: export.Order) -> Response:
    """The ordered file as a streamed attachment. The request's own session was given back before the first byte leaves, so
    the stream closes the one it reads with."""

    def parts() -> Iterator[bytes]:
        with closing(session):
            yield from export.stream(session, made)

    response = Response(stream_with_context(parts()), mimetype=made.mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=made.filename)
    response.headers["Cache-Control"] = "no-store"
    return response


def save_view(session: Any, resolved: Any, *, title: Any, state: Any, shared: Any) -> SavedView:
    """Check and store a view of one's own or, with the right to change the records, for everybody in the park."""
    if not isinstance(state, dict) or set(state) - STATE_KEYS or not isinstance(shared, bool):
        raise Refused(_l("A view is saved with title, state and shared."))
    try:
        name = clean_text(title, 60, lines=False)
    except BadValue as e:
        raise Refused(e.message) from None
    if not name:
        raise Refused(_l("Give the view a title."))
    if shared:
        access.require(session, resolved.name, "change")
    grid.Grid(session, resolved, grid.parse(state)).page_ids()  # what cannot be asked cannot be kept
    scope = scope_of(session)
    owner = None if shared else scope.user_id
    mine = list(
        session.scalars(select(SavedView).where(SavedView.resource == resolved.name, SavedView.owner_id.is_not_distinct_from(owner)))
    )
    view = next((v for v in mine if v.title == name), None)
    if view is None:
        problems = Problems()
        if len(mine) >= SAVED_LIMIT:
            problems.add("core.views_full", _l("There are already %(n)s views of this list; delete one first.", n=SAVED_LIMIT))
        problems.stop()
        view = SavedView(resource=resolved.name, title=name, owner_id=owner, made_by_id=scope.user_id)
        session.add(view)
    view.state = json.loads(json.dumps(state, default=str))
    session.flush()
    return view


def remove_view(session: Any, resolved: Any, pk: int) -> None:
    """Delete one's own view, or a shared one that one made or may change."""
    scope = scope_of(session)
    view = session.scalars(select(SavedView).where(SavedView.id == pk, SavedView.resource == resolved.name)).first()
    if view is None or (view.owner_id is not None and view.owner_id != scope.user_id):
        raise NotFound(_l("There is no such view of this list."))
    if view.owner_id is None and view.made_by_id != scope.user_id and not access.may(session, resolved.name, "change"):
        raise NotAllowed(_l("Ask the person who made this shared view to delete it."))
    session.delete(view)
    session.flush()
