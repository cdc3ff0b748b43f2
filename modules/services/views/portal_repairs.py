"""Repairs in the portal: reported with photos, followed to their end, confirmed with stars or sent back."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request, send_file
from sqlalchemy import select

from parkops import attachments, clock
from parkops.attachments import Attachment
from parkops.errors import NotFound, Problem, RuleError
from parkops.i18n import _, _l
from parkops.security.portal import Area, Rows
from parkops.web.portal.frame import Link, PortalPage
from parkops.web.values import id_typed
from parkops.web.views import PK, route

from ..models.repair import REPAIR_KINDS, URGENCIES, ServiceRepair
from ..services import repairs
from ..states_repair import REPAIR

EVERYBODY = ("owner", "finance", "staff")
PHOTO = "photo"  # the kind of what the firm sees; the staff's papers beside the repair are not shown
PHOTOS, PICTURES = 5, (".jpg", ".jpeg", ".png", ".webp", ".gif")

PORTAL_AREAS = [Area("repairs", _l("Repairs"), EVERYBODY, ("services.repair read add change act",))]
PORTAL_ROWS = [
    Rows(
        "core.attachment",
        lambda cls, who: (
            (cls.resource == "services.repair")
            & (cls.kind == PHOTO)
            & cls.record_id.in_(select(ServiceRepair.id).where(ServiceRepair.firm_id == who.firm_id))
        ),
    ),
]
PORTAL_LINKS = [Link("repairs", _l("Repairs"), "/portal/repairs/", "tool", order=22)]


class RepairsPortal(PortalPage):
    """`/portal/repairs/`: own repairs; `/new` reports one with up to five photos."""

    route_base = "/portal/repairs"
    area = "repairs"

    @route("/", None)
    def index(self) -> Any:
        rows = list(
            self.session.scalars(select(ServiceRepair).order_by(ServiceRepair.reported_at.desc(), ServiceRepair.id.desc()).limit(60))
        )
        return self.draw("services/portal/repairs.html", rows=rows, states=REPAIR.choices, kinds=REPAIR_KINDS, today=clock.today())

    @route("/new", None, methods=("GET", "POST"))
    def new(self) -> Any:
        if request.method == "GET":
            return self._form()
        url, refusal = self.run_once(self._create, "/portal/repairs/")
        return redirect(url, 303) if refusal is None else self._form(self.said(refusal, ServiceRepair))

    def _create(self) -> tuple[str, Any]:
        form = request.form
        photos = [f for f in request.files.getlist("photo") if f.filename]
        if len(photos) > PHOTOS or any(not (f.filename or "").lower().endswith(PICTURES) for f in photos):
            raise RuleError([Problem("services.photo", _l("Add at most five photos (JPG, PNG or WebP)."), "photo")])
        row = repairs.create_repair(
            self.session,
            kind=form.get("kind", ""),
            place=(form.get("place") or "").strip()[:200],
            text=(form.get("text") or "").strip()[:4000],
            urgency=form.get("urgency") or "normal",
            firm_id=self.firm_id,
            reporter=g.user.name[:80],
            phone=(form.get("phone") or "").strip()[:40] or None,
            source="portal",
        )
        for photo in photos:
            attachments.attach(self.session, row, photo.stream, photo.filename or "", PHOTO)
        return f"/portal/repairs/{row.id}", _("Thank you; somebody looks after it by the promised day.")

    def _form(self, problems: list[str] | None = None) -> Any:
        return self.draw(
            "services/portal/repair_new.html",
            422 if problems else 200,
            problems=problems or [],
            typed=request.form,
            kinds=[(c, REPAIR_KINDS.label(c)) for c in REPAIR_KINDS],
            urgencies=[(c, URGENCIES.label(c)) for c in URGENCIES],
        )

    def _photos(self, pk: int) -> list[Attachment]:
        return list(
            self.session.scalars(
                select(Attachment)
                .where(
                    Attachment.resource == "services.repair", Attachment.record_id == pk, Attachment.kind == PHOTO, ~Attachment.is_removed
                )
                .order_by(Attachment.id)
            )
        )

    @route(f"/{PK}", None)
    def show(self, pk: int) -> Any:
        row = self.own(ServiceRepair, pk)
        return self.draw("services/portal/repair.html", row=row, photos=self._photos(pk), states=REPAIR.choices, kinds=REPAIR_KINDS)

    @route(f"/{PK}/photo", None)
    def photo(self, pk: int) -> Any:
        """A photo of an own repair (`?id=`), as a download."""
        self.own(ServiceRepair, pk)
        found = next((a for a in self._photos(pk) if a.id == id_typed(request.args.get("id"))), None)
        if found is None or not attachments.path_of(found.sha256).exists():
            raise NotFound(_l("There is no such file."))
        return send_file(attachments.path_of(found.sha256), mimetype=found.content_type, as_attachment=True, download_name=found.filename)

    @route(f"/{PK}/answer", None, methods=("POST",))
    def answer(self, pk: int) -> Any:
        """Repaired: confirmed with stars, or not repaired after all."""
        self.own(ServiceRepair, pk)
        words = (request.form.get("words") or "").strip()[:300]

        def work() -> None:
            row = self.session.get(ServiceRepair, pk)
            if request.form.get("do") == "reopen":
                repairs.reopen_repair(self.session, row, reason=words, on=clock.today())
            else:
                stars = id_typed(request.form.get("stars")) or 0
                repairs.confirm_repair(self.session, row, stars=stars, remark=words or None, on=clock.today())

        _done, refusal = self.run(work)
        flash("；".join(self.said(refusal)) if refusal is not None else _("Thank you."), "danger" if refusal is not None else "success")
        return redirect(f"/portal/repairs/{pk}", 303)


PAGES = [RepairsPortal]
