"""Files over HTTP: always a download, never shown in our origin; the owner's right and park decide."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request, send_file

from .. import attachments, refs
from ..errors import Problem, RuleError
from ..i18n import _l
from .views import PK, Page, commit, route, safe_path


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


class FilesPage(Page):
    """Upload beside a record, download, remove."""

    route_base = "/files"
    resource = None

    @route(f"/{PK}", None)
    def download(self, pk: int) -> Any:
        """The content as an attachment; 404 for a foreign park, a missing right or a removed file alike."""
        found = attachments.find(self.session, pk)
        answer = send_file(attachments.open_file(self.session, found), mimetype=found.content_type, as_attachment=True,
                           download_name=found.filename, etag=found.sha256, conditional=True)
        commit()  # a look at people in the clear is in the audit trail
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "private, no-store"
        return answer

    @route("/<string(maxlength=80):resource>/<int(max=9223372036854775807):record_id>", None, methods=("POST",))
    def upload(self, resource: str, record_id: int) -> Any:
        """One or more files (`file`), optionally of one `kind`; all or none."""
        owner = refs.load(self.session, resource, record_id)
        attachments.require_unsealed(resource)
        given = [f for f in request.files.getlist("file") if f.filename]
        if not given:
            raise RuleError([Problem("file.none", _l("Choose a file first."), "file")])
        kind = (request.form.get("kind") or "").strip()[:40] or None
        rows = [attachments.attach(self.session, owner, f.stream, f.filename or "", kind) for f in given]
        commit()
        if _wants_json():
            return jsonify({"files": [{"id": r.id, "filename": r.filename, "size": r.size, "url": f"/files/{r.id}"} for r in rows]}), 201
        return redirect(safe_path(request.form.get("_next"), refs.url(resource, record_id)))

    @route(f"/{PK}/remove", None, methods=("POST",))
    def remove(self, pk: int) -> Any:
        """Take a file off its record."""
        found = attachments.find(self.session, pk)
        attachments.require_unsealed(found.resource)
        attachments.remove(self.session, found)
        commit()
        if _wants_json():
            return jsonify({"removed": pk})
        return redirect(safe_path(request.form.get("_next"), refs.url(found.resource, found.record_id)))


PAGES = [FilesPage]
