"""The bill run: four steps with counts, exceptions that open the record to fix, progress, result; and bills as PDF files."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

from flask import Response, flash, jsonify, redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Refused
from parkops.i18n import _l
from parkops.refs import load, url
from parkops.reports.registry import Request
from parkops.reports.typst import compile_document
from parkops.web.editing import attempt
from parkops.web.resource import Col, Filter, Related, Resource, Section, Titles, View
from parkops.web.values import day_typed, month_typed
from parkops.web.views import PK, Page, commit, route

from ..models.bill import Bill, BillRun
from ..reports.bill import bill_sheet
from ..services import run_exceptions, runs

STEPS = (("collect", _l("Collect")), ("exceptions", _l("Exceptions")), ("preview", _l("Preview")), ("post", _l("Post the bills")))
MOST = 200

RESOURCES = [
    Resource(
        "billing.bill_run",
        BillRun,
        Titles(_l("Bill runs"), _l("Bill run")),
        icon="player-play",
        columns=(
            Col("month", width=90, important=True, link=True),
            Col("state", width=120, important=True),
            Col("issued_on", width=105),
            Col("charges", width=100, total="sum"),
            Col("drafts", width=90, total="sum"),
            Col("posted", width=100, total="sum"),
            Col("exceptions", width=90),
            Col("gross", width=130, important=True, total="sum"),
            Col("started_by", width=110),
            Col("finished_at", width=150),
        ),
        sections=(
            Section(_l("Bill run"), ("month", "issued_on", "state", "started_by", "finished_at")),
            Section(_l("Counts"), ("charges", "drafts", "posted", "exceptions", "gross")),
        ),
        views=(View("open", _l("Unfinished"), (Filter("state", "in", ["collected", "drafted", "posting"]),), "-month"),),
        tabs=(Related("bills", _l("Bills"), "billing.bill", "run_id", order=10),),
        sort="-month",
        menu=("bills", 22),
    ),
]


class BillRunPage(Page):
    """`/billing/run/`: start or go on with the run of a month."""

    route_base = "/billing/run"
    resource = "billing.bill_run"
    title = _l("Bill run of the month")
    menu = ("bills", 20)
    icon = "player-play"

    @route("/")
    def index(self) -> Any:
        """The month to choose and the last runs."""
        last = self.session.scalars(select(BillRun).order_by(BillRun.month.desc(), BillRun.id.desc()).limit(12)).all()
        return self.draw("billing/run_start.html", last=last, month=clock.today(), today=clock.today(), refusal=None)

    @route("/start", "add", methods=("POST",))
    def start(self) -> Any:
        """Open the run of the month and park, or the one that is there."""
        run, refusal = attempt(
            self.session,
            lambda: runs.start_run(self.session, month=_month(request.form.get("month")),
                                   issued_on=day_typed(request.form.get("issued_on"))),
        )
        if refusal is None:
            return redirect(f"/billing/run/{run.id}", 303)
        flash(str(refusal), "danger")
        return redirect("/billing/run/", 303)

    @route(f"/{PK}")
    def show(self, pk: int) -> Any:
        """The run with its four steps."""
        run = load(self.session, self.resource, pk)
        found = run_exceptions.of(run)
        return self.draw(
            "billing/run_show.html",
            run=run,
            steps=STEPS,
            at=_place(run),
            found=found,
            url=url,
            stops=sum(1 for e in found if e.stops),
            progress=runs.progress(self.session, run),
            waiting=(run.detail or {}).get("waiting", 0),
        )

    @route(f"/{PK}/progress")
    def progress(self, pk: int) -> Any:
        """Counts for the live bar."""
        found = runs.progress(self.session, load(self.session, self.resource, pk))
        return jsonify({**found, "gross": str(found["gross"])})

    @route(f"/{PK}/collect", "change", methods=("POST",))
    def collect(self, pk: int) -> Any:
        """Count again after something was fixed."""
        return self._do(pk, runs.collect_run)

    @route(f"/{PK}/draft", "change", methods=("POST",))
    def draft(self, pk: int) -> Any:
        """Make the drafts."""
        return self._do(pk, runs.draft_run)

    @route(f"/{PK}/void", "remove", methods=("POST",))
    def void(self, pk: int) -> Any:
        """Throw the drafts away."""
        return self._do(pk, runs.void_run)

    @route(f"/{PK}/post", "act", methods=("POST",))
    def post(self, pk: int) -> Any:
        """Post the next batch: the page calls it until nothing is left; without scripts one press posts one batch."""
        left, refusal = attempt(self.session, lambda: runs.post_next(self.session, load(self.session, self.resource, pk)))
        if request.headers.get("Accept", "").startswith("application/json"):
            return (jsonify({"left": left}), 200) if refusal is None else (jsonify({"message": str(refusal)}), 422)
        if refusal is not None:
            flash(str(refusal), "danger")
        return redirect(f"/billing/run/{pk}", 303)

    def _do(self, pk: int, service: Any) -> Any:
        _run, refusal = attempt(self.session, lambda: service(self.session, load(self.session, self.resource, pk)))
        if refusal is not None:
            flash(str(refusal), "danger")
        return redirect(f"/billing/run/{pk}", 303)


class BillFilesPage(Page):
    """`/billing/bills/pdf?ids=…`: the PDF files of several bills in one archive."""

    route_base = "/billing/bills"
    resource = "billing.bill"
    default_view = "pdf"

    @route("/pdf", "export")
    def pdf(self) -> Any:
        """A zip of one PDF per bill."""
        ids = [int(i) for i in request.args.get("ids", "").split(",") if i.isascii() and i.isdigit() and len(i) < 19]
        if not 0 < len(ids) <= MOST:
            raise Refused(_l("Choose at most %(n)s bills at once.", n=MOST))
        data = pack(self.session, ids)
        commit()
        return Response(
            data, mimetype="application/zip", headers={"Content-Disposition": f'attachment; filename="bills-{clock.today():%Y%m%d}.zip"'}
        )


def pack(session: Any, ids: list[int]) -> bytes:
    """The archive; audited as an export."""
    stream, scope = io.BytesIO(), scope_of(session)
    rows = session.scalars(select(Bill).where(Bill.id.in_(ids)).order_by(Bill.id)).all()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for bill in rows:
            asked = Request(bill.park_id, None, clock.today(), clock.now(), bill.id, scope.user_name)
            archive.writestr(f"{bill.number or f'draft-{bill.id}'}.pdf", compile_document(bill_sheet(session, asked)))
    audit.event(session, "export", {"rows": len(rows), "kind": "pdf"}, resource="billing.bill")
    return stream.getvalue()


def _place(run: BillRun) -> int:
    """Which of the four steps comes next."""
    if run.state == "collected":
        return 1 if run.exceptions else 2
    return {"drafted": 3, "posting": 3}.get(run.state, 4)


def _month(text: str | None) -> date:
    found = month_typed(text)
    if found is None:
        raise Refused(_l("Choose a month."))
    return found


PAGES = [BillRunPage, BillFilesPage]
