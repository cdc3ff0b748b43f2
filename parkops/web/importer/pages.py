"""The import wizard: drop a file → mapping with samples → dry run → import → undo. Thin: every step is a service."""

from __future__ import annotations

import io
from typing import Any

from flask import flash, jsonify, redirect, request, send_file

from ...clock import today
from ...db import audit
from ...db.session import scope_of
from ...errors import NotAllowed, ParkOpsError, Refused
from ...i18n import _, _l
from ...importing import MODES, ImportKind, kind_of, kinds
from ...security import access
from ..resource import Col, Filter, Resource, Titles, View
from ..views import PK, Page, commit, route
from . import batches, errorbook, mapping, undo
from .engine import RESOURCE
from .models import MODE_CHOICES, POLICIES, STATES, ImportBatch
from .prescan import MAX_FILE, MIB

INLINE = 50  # rejected rows shown on the page; the workbook holds them all

IMPORT = Resource(
    name=RESOURCE, model=ImportBatch, titles=Titles(_l("Data imports"), _l("Data import"), _l("New import")), icon="upload",
    columns=(Col("filename", important=True, link=True, width=260), Col("kind", width=140), Col("state", important=True, width=110),
             Col("total", width=90), Col("inserted", width=90), Col("updated", width=90), Col("unchanged", width=90),
             Col("rejected", important=True, width=90), Col("user_name", width=120), Col("created_at", width=150),
             Col("mode", hidden=True), Col("finished_at", hidden=True), Col("message", hidden=True)),
    views=(View("mine", _l("My imports"), (Filter("user_id", "eq", "@me"),)),
           View("done", _l("Imported"), (Filter("state", "eq", "done"),))),
    search=("filename",), sort="-id", menu=("data", 10))


class ImportPage(Page):
    """The wizard's pages."""

    route_base = "/imports"
    resource = RESOURCE

    @route("/")
    def index(self) -> Any:
        return redirect("/core/import/")

    @route("/new", "add")
    def new(self) -> Any:
        return self.form()

    @route("/new", "add", methods=("POST",))
    def receive(self) -> Any:
        """Store and read the upload; a refused file keeps the person on the form with one sentence."""
        code = request.form.get("kind", "")
        file = request.files.get("file")
        try:
            if file is None or not file.filename:
                raise Refused(_l("Choose a file first."))
            batch = batches.upload(self.session, self.allowed(code), file.stream, file.filename)
            commit()
        except Refused as e:
            self.session.rollback()
            return self.form(code, str(e), 400)
        return redirect(f"/imports/{batch.id}")

    @route(f"/{PK}")
    def show(self, pk: int) -> Any:
        return self.batch_page(self.load(pk))

    @route(f"/{PK}/check", "add", methods=("POST",))
    def check(self, pk: int) -> Any:
        """Take mapping and choices, then the dry run."""
        batch = self.load(pk)
        batches.require_content(self.session, batch)
        try:
            columns = {name: int(at) for name, at in chosen(request.form.to_dict())}
            mode, policy = request.form.get("mode", "upsert"), request.form.get("policy", "good")
            if mode not in MODES or policy not in POLICIES:
                raise Refused(_l("Choose how to import from the list."))
            batches.choose(self.session, batch, columns=columns, mode=mode, policy=policy)
            commit()
        except Refused as e:
            self.session.rollback()
            return self.batch_page(self.load(pk), str(e), 400)
        return self.run(batch, dry_run=True)

    @route(f"/{PK}/commit", "add", methods=("POST",))
    def import_rows(self, pk: int) -> Any:
        batch = self.load(pk)
        batches.require_content(self.session, batch)
        return self.run(batch, dry_run=False)

    @route(f"/{PK}/undo", "act", methods=("POST",))
    def undo(self, pk: int) -> Any:
        batch = self.load(pk)
        try:
            counts = undo.undo_batch(self.session, batch)
            commit()
        except ParkOpsError as e:
            self.session.rollback()
            return self.batch_page(self.load(pk), str(e), e.status)
        flash(_("Undone: %(removed)s records removed, %(restored)s restored.", **counts), "success")
        return redirect(f"/imports/{pk}")

    @route(f"/{PK}/progress")
    def progress(self, pk: int) -> Any:
        batch = self.load(pk)
        return jsonify({"state": batch.state, "label": str(STATES.label(batch.state)), "progress": batch.progress,
                        "total": batch.total, "finished": batch.state not in ("checking", "running")})

    @route(f"/{PK}/errors")
    def errors(self, pk: int) -> Any:
        """The error workbook: personal data, so only for its uploader or those who see data unmasked; recorded."""
        batch = self.load(pk)
        batches.require_content(self.session, batch)
        out = io.BytesIO()
        with batches.table_of(batch) as table:
            count = errorbook.write_errors(out, table, batches.header_of(batch), batches.errors_of(batch))
        audit.event(self.session, "export", {"batch": batch.id, "rows": count}, resource=batch.kind, record_id=batch.id,
                    label=batch.filename, park_id=batch.park_id)
        commit()
        out.seek(0)
        name = _("Errors") + f"-{batch.id}.xlsx"
        return send_file(out, as_attachment=True, download_name=name,
                         mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")

    # ---- helpers --------------------------------------------------------------------------------------------------

    def load(self, pk: int) -> ImportBatch:
        batch = batches.load(self.session, pk)
        state = batch.state
        batches.settle(self.session, batch)
        if batch.state != state:
            commit()
        return batch

    def allowed(self, code: str) -> ImportKind:
        """The kind, when the person may add or change what it writes."""
        kind = kind_of(code)
        if not any(access.may(self.session, kind.resource, w) for w in ("add", "change")):
            raise NotAllowed(_l("You are not allowed to do this. Ask a system administrator for the right, or a colleague "
                                "who has it."))
        return kind

    def form(self, code: str | None = None, error: str | None = None, status: int = 200) -> Any:
        code = code if code is not None else request.args.get("kind", "")
        offered = [k for k in kinds().values()
                   if any(access.may(self.session, k.resource, w) for w in ("add", "change"))]
        return self.draw("parkops/import/new.html", status, kinds=offered, code=code, error=error, max_mib=MAX_FILE // MIB)

    def run(self, batch: ImportBatch, *, dry_run: bool) -> Any:
        try:
            batches.start(scope_of(self.session), batch, on=today(), dry_run=dry_run)
        except ParkOpsError as e:
            self.session.rollback()
            flash(str(e), "error")
        return redirect(f"/imports/{batch.id}")

    def batch_page(self, batch: ImportBatch, error: str | None = None, status: int = 200) -> Any:
        kind = kind_of(batch.kind)
        self.session.refresh(batch, ["errors"]) if batch.state in ("checked", "done", "undone") else None
        values: dict[str, Any] = {
            "batch": batch, "kind": kind, "error": error, "state": STATES.label(batch.state), "tone": STATES.tone(batch.state),
            "modes": MODE_CHOICES, "policies": POLICIES, "rejections": batches.errors_of(batch)[:INLINE]
            if batch.state in ("checked", "done", "undone") else [], "field_title": lambda n: title_of(kind, n),
            "own": self.own(batch), "may_undo": access.may(self.session, RESOURCE, "act"), "samples": None}
        if batch.state in batches.OPEN_STATES and values["own"]:
            values["samples"] = self.samples(batch)
        return self.draw("parkops/import/batch.html", status, **values)

    def own(self, batch: ImportBatch) -> bool:
        try:
            batches.require_content(self.session, batch)
        except NotAllowed:
            return False
        return True

    def samples(self, batch: ImportBatch) -> list[list[str]] | None:
        try:
            with batches.table_of(batch) as table:
                return mapping.samples(table, batches.header_of(batch))
        except ParkOpsError:  # the file was swept; the page still shows what happened
            return None


def chosen(form: dict[str, str]) -> list[tuple[str, str]]:
    """`column-<n> = field` of the mapping form, turned round; a field chosen twice is refused."""
    pairs = [(value, key.removeprefix("column-")) for key, value in form.items() if key.startswith("column-") and value]
    if any(not at.isdigit() or len(at) > 4 for _name, at in pairs):
        raise Refused(_l("The mapping names a column that the file does not have; choose the columns again."))
    if len({name for name, _at in pairs}) != len(pairs):
        raise Refused(_l("One field is chosen for two columns; choose each field once."))
    return pairs


def title_of(kind: ImportKind, name: str | None) -> Any:
    """The title of a field, or of a model column a check named."""
    for f in kind.fields:
        if name == f.name or name in f.columns:
            return f.title
    return name or ""


class BatchPage(Page):
    """A batch opened from the list."""

    route_base = "/core/import"
    resource = RESOURCE

    @route(f"/{PK}")
    def record(self, pk: int) -> Any:
        return redirect(f"/imports/{pk}")

    @route("/new", "add")
    def new(self) -> Any:
        return redirect("/imports/new")


RESOURCES = [IMPORT]
PAGES = [ImportPage, BatchPage]
