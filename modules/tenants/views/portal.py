"""The firm's own pages of this module: data calls to answer, shared documents, who of the firm uses the portal."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request, send_file
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from parkops import attachments
from parkops.attachments import Attachment
from parkops.clock import today
from parkops.errors import Conflict, NotFound
from parkops.i18n import _, _l
from parkops.security import portal
from parkops.security.portal import Area, Open, Own, Rows
from parkops.web.editing import as_rule_error, version_of
from parkops.web.portal.frame import Card, Link, PortalPage
from parkops.web.views import PK, route

from .. import calc_datacall as calc
from ..calc_datacall_forms import GROUPS
from ..models.datacall import DataCall, DataCallResponse
from ..models.firm import Firm
from ..models.portal import PortalAccount, SharedFile
from ..services import datacalls, responses
from ..states_support import DATA_CALL_RESPONSE

ANSWERABLE = ("open", "draft", "returned")

PORTAL_AREAS = [
    Area("home", _l("Home"), ("owner", "finance", "staff"), ("tenants.firm read",)),
    Area("data_call", _l("Data calls"), ("owner", "finance"), ("tenants.data_call_response read change act", "tenants.statement read")),
    Area("documents", _l("Documents"), ("owner", "finance", "staff"), ("tenants.shared_file read",)),
    Area("people", _l("People with access"), ("owner",), ("tenants.portal_account read",)),
]
PORTAL_ROWS = [
    Rows("tenants.firm", lambda cls, who: cls.id == who.firm_id),
    Rows("tenants.data_call", lambda cls, who: cls.id.in_(select(DataCallResponse.call_id).where(DataCallResponse.firm_id == who.firm_id))),
    Rows("tenants.carrier", lambda cls, who: cls.park_id == who.park_id),
    Rows("core.attachment", lambda cls, who: cls.id.in_(select(SharedFile.attachment_id).where(SharedFile.firm_id == who.firm_id))),
    Rows("core.user", lambda cls, who: cls.id.in_(select(PortalAccount.user_id).where(PortalAccount.firm_id == who.firm_id))),
    Own("tenants.portal_account"),
    Own("tenants.shared_file"),
    Open("tenants.checklist_item"),
]
PORTAL_LINKS = [
    Link("data_call", _l("Data calls"), "/portal/datacalls/", "report-analytics", order=40),
    Link("documents", _l("Documents"), "/portal/documents/", "files", order=60),
    Link("people", _l("People with access"), "/portal/people/", "users", order=90),
]


def open_answers(session: Any) -> list[DataCallResponse]:
    """What the firm still has to answer, the next due first."""
    r = DataCallResponse
    return list(
        session.scalars(
            select(r)
            .options(selectinload(r.call))
            .join(DataCall, DataCall.id == r.call_id)
            .where(r.state.in_(ANSWERABLE), DataCall.state == "open")
            .order_by(DataCall.due_on, r.id)
        )
    )


def _tasks_card(session: Any) -> dict[str, Any] | None:
    rows = open_answers(session)
    return {"rows": rows, "today": today()}


def _documents_card(session: Any) -> dict[str, Any] | None:
    rows = list(session.scalars(select(SharedFile).order_by(SharedFile.shared_on.desc(), SharedFile.id.desc()).limit(3)))
    return {"rows": rows} if rows else None


PORTAL_CARDS = [
    Card("data_call", "tenants/portal/tasks_card.html", _tasks_card, order=30),
    Card("documents", "tenants/portal/documents_card.html", _documents_card, order=80),
]


class DataCallsPortal(PortalPage):
    """`/portal/datacalls/`: what the park asks of the firm, and the form of one answer."""

    route_base = "/portal/datacalls"
    area = "data_call"

    @route("/", None)
    def index(self) -> Any:
        """Every call the firm was asked in, the newest first."""
        r = DataCallResponse
        rows = list(
            self.session.scalars(
                select(r)
                .options(selectinload(r.call))
                .join(DataCall, DataCall.id == r.call_id)
                .where(DataCall.state != "draft")
                .order_by(DataCall.due_on.desc(), r.id.desc())
                .limit(100)
            )
        )
        return self.draw(
            "tenants/portal/datacalls.html", rows=rows, today=today(), states=DATA_CALL_RESPONSE.choices, answerable=ANSWERABLE
        )

    @route(f"/{PK}", None, methods=("GET", "POST"))
    def fill(self, pk: int) -> Any:
        """The form; POST saves, and with the button "submit" submits too. What was typed is never lost."""
        response = self.own(DataCallResponse, pk)
        if request.method == "GET":
            return self._form(response, response.answers, response.reasons)
        typed = {k[2:]: v[:40] for k, v in request.form.items() if k.startswith("a.")}
        reasons = {k[2:]: v[:300] for k, v in request.form.items() if k.startswith("r.")}
        submit, version = request.form.get("do") == "submit", request.form.get("_version")
        _done, refusal = self.run(lambda: self._save(pk, typed, reasons, submit, version))
        if refusal is not None:
            return self._form(
                self.own(DataCallResponse, pk), typed, reasons, as_rule_error(refusal), 409 if isinstance(refusal, Conflict) else 422
            )
        flash(_("The answer was submitted.") if submit else _("Saved."), "success")
        return redirect("/portal/datacalls/" if submit else f"/portal/datacalls/{pk}", 303)

    def _save(self, pk: int, typed: dict[str, str], reasons: dict[str, str], submit: bool, version: str | None) -> None:
        response = self.session.scalars(
            select(DataCallResponse)
            .where(DataCallResponse.id == pk, DataCallResponse.firm_id == self.firm_id)
            .with_for_update(of=DataCallResponse)
        ).one()
        if version != version_of(response):
            raise Conflict(_l("Somebody else changed this answer meanwhile. Load the page again before you go on; note what you typed."))
        responses.save_answers(self.session, response, answers=typed, reasons=reasons, on=today(), filled_by=g.user.name[:80])
        if submit:
            responses.submit_response(self.session, response, on=today())

    def _form(
        self, response: DataCallResponse, typed: dict[str, str], reasons: dict[str, str], refusal: Any = None, status: int = 200
    ) -> Any:
        call, fields = response.call, responses.fields_of(response.call)
        before = responses.previous_answers(self.session, response)
        readable, _bad = calc.read_answers(fields, {f.code: typed.get(f.code) for f in fields}, call.unit)
        return self.draw(
            "tenants/portal/fill.html",
            status,
            response=response,
            call=call,
            typed=typed,
            reasons=reasons,
            before=before,
            groups=[(GROUPS.get(x, x), [f for f in fields if f.group == x]) for x in dict.fromkeys(f.group for f in fields)],
            jumps={j.code: j for j in calc.jumps(fields, readable, before, call.jump_percent)},
            wrong={p.field: str(p) for p in (refusal.problems if refusal else ())},
            general=[str(p) for p in (refusal.problems if refusal else ()) if p.field not in {f.code for f in fields}],
            states=DATA_CALL_RESPONSE.choices,
            version=version_of(response),
            period=datacalls.period_of(call).key,
            may_write=response.state in ANSWERABLE and call.state == "open",
            unit=DataCall.__table__.c.unit.type.choices.label(call.unit),
        )


class DocumentsPortal(PortalPage):
    """`/portal/documents/`: what the park shares with the firm; each file is a download."""

    route_base = "/portal/documents"
    area = "documents"

    @route("/", None)
    def index(self) -> Any:
        newest = select(SharedFile).options(selectinload(SharedFile.attachment)).order_by(SharedFile.shared_on.desc(), SharedFile.id.desc())
        rows = list(self.session.scalars(newest.limit(200)))
        return self.draw("tenants/portal/documents.html", rows=rows)

    @route(f"/{PK}", None)
    def download(self, pk: int) -> Any:
        """The file behind a share of the firm; 404 for every other number."""
        found = self.own(SharedFile, pk)
        file = self.own(Attachment, found.attachment_id)
        path = attachments.path_of(file.sha256)
        if file.is_removed or not path.exists():
            raise NotFound(_l("There is no such file."))
        answer = send_file(path, mimetype=file.content_type, as_attachment=True, download_name=file.filename, etag=file.sha256)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


class PeoplePortal(PortalPage):
    """`/portal/people/`: who of the firm has access; the park invites and withdraws."""

    route_base = "/portal/people"
    area = "people"

    @route("/", None)
    def index(self) -> Any:
        active = select(PortalAccount).options(selectinload(PortalAccount.user)).where(PortalAccount.state == "active")
        rows = list(self.session.scalars(active.order_by(PortalAccount.joined_at)))
        firm = self.session.scalar(select(func.max(Firm.name)))
        return self.draw("tenants/portal/people.html", rows=rows, firm=firm, roles=portal.ROLES)


PAGES = [DataCallsPortal, DocumentsPortal, PeoplePortal]
