"""The frame's own pages: search results, the inbox behind the bell, and what scripts ask for (live search, preferences).
Also the list of large exports."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, jsonify, redirect, request
from sqlalchemy import select

from ... import approval, refs, search, todos
from ...clock import today
from ...db.session import scope_of
from ...errors import Refused
from ...i18n import _, _l
from .. import resources
from ..api import body
from ..models import ExportRequest, UserPreference
from ..resource import Col, Filter, Resource, Section, Titles, View
from ..values import BadValue, clean_text
from ..views import Api, Page, commit, route

SEARCH_LIMIT, PAGE_LIMIT = 8, 60
KEY_LIMIT, VALUE_LIMIT, KEYS_LIMIT = 120, 8_000, 300


def search_text() -> str:
    """What was typed; Refused with a sentence when it cannot be looked for."""
    try:
        return clean_text(request.args.get("text", ""), 100, lines=False) or ""
    except BadValue as e:
        raise Refused(e.message) from None


def found(session: Any, text: str, limit: int) -> list[dict[str, Any]]:
    """Hits of the global search that have a page, with the kind in words."""
    out = []
    for hit in search.query(session, text, limit) if text else []:
        if resources.has(hit.resource):
            resource = resources.all_resources()[hit.resource]
            out.append(
                {
                    "label": hit.label,
                    "detail": hit.detail or "",
                    "kind": str(resource.titles.one),
                    "kinds": str(resource.titles.many),
                    "url": f"{resource.url}{hit.id}",
                }
            )
    return out


class SearchPage(Page):
    """`/search?text=…`: everything found, by kind."""

    route_base = "/search"

    @route("", None)
    def index(self) -> Any:
        """Results by kind, best first within a kind."""
        text = search_text()
        hits = found(self.session, text, PAGE_LIMIT)
        groups: dict[str, list[dict[str, Any]]] = {}
        for hit in hits:
            groups.setdefault(hit["kinds"], []).append(hit)
        return self.draw("parkops/search.html", search_text=text, hits=hits, groups=list(groups.items()))


class InboxPage(Page):
    """What waits for the person: approvals, to-dos, notices."""

    route_base = "/me/inbox"

    @route("", None)
    def index(self) -> Any:
        """Three lists; reading changes nothing."""
        told = [
            {"text": _(n.msgid, **(n.values or {})), "at": n.told_at, "read": n.read_at is not None, "url": notice_url(n)}
            for n in todos.notices(self.session)
        ]
        return self.draw(
            "parkops/inbox.html",
            approvals=approval.waiting(self.session),
            todos=todos.mine(self.session),
            notices=told,
            unread=sum(1 for n in told if not n["read"]),
            today=today(),
        )

    @route("/read", None, ("POST",))
    def read(self) -> Any:
        """Mark all notices as read."""
        todos.read_notices(self.session)
        commit()
        flash(_("Notices are marked as read."), "success")
        return redirect("/me/inbox", 303)


def notice_url(notice: Any) -> str | None:
    """The page a notice is about, when there is one."""
    if not notice.resource or not notice.record_id or not resources.has(notice.resource):
        return None
    return refs.url(notice.resource, notice.record_id)


class MeApi(Api):
    """What the frame's scripts ask for."""

    route_base = "/api/v1/me"

    @route("/search", None)
    def live_search(self) -> Any:
        """The best hits while typing.
        ---
        get:
          parameters:
          - {in: query, name: text, schema: {type: string}}
          responses:
            200: {description: Hits}
            400: {description: The text cannot be looked for}
            401: {description: Not logged in}
        """
        return jsonify(rows=found(self.session, search_text(), SEARCH_LIMIT))

    @route("/preferences/<key>", None, ("PUT",))
    def put_preference(self, key: str) -> Any:
        """Keep a screen setting of this person.
        ---
        put:
          parameters:
          - {in: path, name: key, required: true, schema: {type: string}}
          requestBody:
            required: true
            content: {application/json: {schema: {type: object}}}
          responses:
            200: {description: Kept}
            400: {description: Not a small JSON object}
            401: {description: Not logged in}
        """
        keep_preference(self.session, key, body())
        commit()
        return jsonify(message=_("Saved."))


def keep_preference(session: Any, key: str, value: dict[str, Any]) -> None:
    """Store or replace one setting; at most 300 of 8 kB each per person."""
    text = json.dumps(value, default=str)
    if len(key) > KEY_LIMIT or "\0" in key or len(text) > VALUE_LIMIT:
        raise Refused(_l("This setting is too long to keep."))
    user = scope_of(session).user_id
    rows = list(session.scalars(select(UserPreference).where(UserPreference.user_id == user)))
    row = next((r for r in rows if r.key == key), None)
    if row is None:
        if len(rows) >= KEYS_LIMIT:
            raise Refused(_l("This setting is too long to keep."))
        row = UserPreference(user_id=user, key=key)
        session.add(row)
    row.value = json.loads(text)
    session.flush()


RESOURCES = [
    Resource(
        name="core.export_request",
        model=ExportRequest,
        icon="file-export",
        titles=Titles(_l("Large exports"), _l("Large export")),
        columns=(
            Col("title", important=True, link=True, width=320),
            Col("state", important=True),
            Col("row_count", width=90),
            Col("file_format", width=80),
            Col("user_id", important=True),
            Col("reason", width=220),
            Col("created_at", _l("Asked at")),
            Col("done_at"),
        ),
        sections=(Section(_l("Export"), ("title", "resource", "row_count", "file_format", "user_id", "reason", "state", "done_at")),),
        views=(
            View("waiting", _l("Waiting for approval"), (Filter("state", "eq", "waiting"),)),
            View("mine", _l("Mine"), (Filter("user_id", "eq", "@me"),)),
        ),
        search=("title", "reason"),
        sort="-id",
        menu=("system", 55),
    )
]
PAGES = [SearchPage, InboxPage, MeApi]
