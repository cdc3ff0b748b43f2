"""Staff's side of the portal: invitations, accounts and shared files beside a firm, and the page that shows a link once."""

from __future__ import annotations

from typing import Any

from flask import redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.config import config
from parkops.db.session import system_scope
from parkops.errors import RuleError
from parkops.i18n import _, _l, locale
from parkops.security import passwords
from parkops.security.models import UserProfile
from parkops.security.portal import ROLES
from parkops.web import slots
from parkops.web.addresses import public_url
from parkops.web.editing import attempt
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View
from parkops.web.security_pages import begin
from parkops.web.views import PK, Page, require_record, route

from ..models.firm import Firm
from ..models.portal import PortalAccount, PortalInvitation, SharedFile
from ..services import portal_accounts as service

S = "modules.tenants.services.portal_accounts"


def _seen(model: Any, context: Any) -> Any:
    return select(UserProfile.last_seen_at).where(UserProfile.id == model.user_id).scalar_subquery()


ROLE = Input("role", "choice", _l("Role in the portal"), required=True, choices=ROLES)

ACCOUNT = Resource(
    "tenants.portal_account",
    PortalAccount,
    Titles(_l("Portal accounts"), _l("Portal account")),
    icon="device-mobile",
    columns=(
        Col("user.name", _l("Full name"), 130, True, link=True),
        Col("firm.name", _l("Firm"), 240, True),
        Col("role", important=True, width=150),
        Col("state", width=110),
        Col("joined_at", width=140),
        Col("seen", _l("Last log-in"), 140, sql=_seen, fmt="datetime"),
        Col("invited_by", width=110),
        Col("withdrawn_at", hidden=True),
        Col("withdrawn_by", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(
        Section(_l("Portal account"), ("firm_id", "user_id", "role", "state", "joined_at", "invited_by", "withdrawn_at", "withdrawn_by",
                                        "withdrawn_reason")),
    ),
    views=(
        View("active", _l("May log in"), (Filter("state", "eq", "active"),), sort="-joined_at"),
        View("all", _l("All"), (), sort="-joined_at"),
    ),
    actions=(
        Action("role", _l("Change the role"), f"{S}:change_role", (ROLE,), word="change"),
        Action(
            "withdraw",
            _l("Withdraw access"),
            f"{S}:withdraw_account",
            (Input("reason", "longtext", _l("Reason"), max_length=300),),
            danger=True,
        ),
    ),
    load=("user", "firm"),
    search=("firm.name",),
    sort="-joined_at",
    parent=("firm_id", "tenants.firm"),
    menu=("firms", 80),
)

INVITATION = Resource(
    "tenants.portal_invitation",
    PortalInvitation,
    Titles(_l("Invitations to the portal"), _l("Invitation to the portal")),
    icon="mail-share",
    columns=(
        Col("name", important=True, link=True, width=130),
        Col("firm.name", _l("Firm"), 240, True),
        Col("role", width=150),
        Col("email", width=200),
        Col("state", important=True, width=120),
        Col("expires_at", width=140),
        Col("used_at", width=140),
        Col("invited_by", width=110),
        Col("firm_id", hidden=True),
    ),
    sections=(
        Section(_l("Invitation to the portal"), ("firm_id", "name", "email", "role", "state", "expires_at", "used_at", "invited_by")),
    ),
    views=(
        View("open", _l("Not taken up yet"), (Filter("state", "eq", "open"),), sort="expires_at"),
        View("all", _l("All"), (), sort="-id"),
    ),
    actions=(Action("withdraw", _l("Withdraw the link"), f"{S}:withdraw_invitation", danger=True),),
    load=("firm",),
    search=("firm.name",),
    sort="-id",
    parent=("firm_id", "tenants.firm"),
    menu=("firms", 82),
)

FILE = Resource(
    "tenants.shared_file",
    SharedFile,
    Titles(_l("Files shared with firms"), _l("File shared with a firm")),
    icon="share",
    columns=(
        Col("title", important=True, link=True, width=240),
        Col("firm.name", _l("Firm"), 240, True),
        Col("attachment.filename", _l("File"), 200),
        Col("shared_on", important=True, width=110),
        Col("shared_by", width=110),
        Col("firm_id", hidden=True),
    ),
    sections=(Section(_l("File shared with a firm"), ("firm_id", "title", "shared_on", "shared_by")),),
    remove=f"{S}:unshare_file",
    load=("firm", "attachment"),
    search=("title", "firm.name"),
    sort="-id",
    parent=("firm_id", "tenants.firm"),
    menu=("firms", 84),
)

RESOURCES = [ACCOUNT, INVITATION, FILE]

slots.tab("tenants.firm", Related("portal_accounts", _l("Portal accounts"), "tenants.portal_account", "firm_id", order=91))
slots.tab("tenants.firm", Related("shared_files", _l("Shared files"), "tenants.shared_file", "firm_id", order=92))
slots.action("tenants.firm", Action("portal", _l("Open the portal for a person"), f"{S}:lead_to_invite", word="read"))
slots.action("tenants.firm", Action("share", _l("Share a file in the portal"), f"{S}:lead_to_share", word="read"))


class InvitePage(Page):
    """`/tenants/portal/7/invite`: name, e-mail, role; then the link, shown once."""

    route_base = "/tenants/portal"
    resource = "tenants.portal_invitation"

    @route(f"/{PK}/invite", "add", methods=("GET", "POST"))
    def invite(self, pk: int) -> Any:
        firm = require_record(self.session.get(Firm, pk))
        if request.method == "GET":
            return self._draw(firm)
        typed = {name: request.form.get(name, "")[:300] for name in ("name", "email", "role")}
        made, refusal = attempt(self.session, lambda: service.invite_person(self.session, firm, **typed))
        if refusal is not None:
            return self._draw(firm, typed, refusal)
        row, token = made
        return self.draw("tenants/portal/invited.html", firm=firm, row=row, link=f"{public_url(self.session)}/portal/join/{token}")

    def _draw(self, firm: Firm, typed: dict[str, str] | None = None, refusal: Any = None) -> Any:
        errors = {p.field or "": str(p.message) for p in refusal.problems} if refusal is not None else {}
        return self.draw(
            "tenants/portal/invite.html",
            422 if errors else 200,
            firm=firm,
            typed=typed or {"role": "staff"},
            errors=errors,
            roles=[(c, ROLES.label(c)) for c in ROLES],
        )

    @route(f"/{PK}/share", "add", methods=("GET", "POST"), resource="tenants.shared_file")
    def share(self, pk: int) -> Any:
        """A file beside the firm that its people may open."""
        firm, error = require_record(self.session.get(Firm, pk)), ""
        if request.method == "POST":
            given = request.files.get("file")
            if given is None or not given.filename:
                error = _("Choose a file first.")
            else:
                _row, refusal = attempt(
                    self.session,
                    lambda: service.share_upload(
                        self.session,
                        firm,
                        title=request.form.get("title", "")[:160].strip() or given.filename or "",
                        stream=given.stream,
                        filename=given.filename or "",
                        on=clock.today(),
                    ),
                )
                if refusal is None:
                    return redirect(f"/tenants/firm/{firm.id}?tab=shared_files")
                error = str(refusal)
        return self.draw("tenants/portal/share.html", 422 if error else 200, firm=firm, error=error)


class JoinPage(Page):
    """`/portal/join/<link>`: open to whoever holds the link; says the same for used, old and unknown ones."""

    route_base = "/portal/join"
    portal = True

    def refuse(self, word: str | None, resource: str | None) -> Any:
        return None

    @route("/<string(maxlength=100):token>", None, methods=("GET", "POST"))
    def join(self, token: str) -> Any:
        errors: dict[str, str] = {}
        with system_scope("portal invitation") as s:
            found = service.find_invitation(s, token, clock.now())
            shown = {"name": found.name, "email": found.email}
            firm = str(s.get(Firm, found.firm_id))
        if request.method == "POST":
            try:
                with system_scope("portal invitation", via="screen") as s:
                    account = service.accept_invitation(
                        s,
                        token,
                        password=request.form.get("password", "")[:1024],
                        again=request.form.get("again", "")[:1024],
                        locale=locale(),
                        at=clock.now(),
                    )
                    user_id = account.user_id
                begin(user_id, shown["email"])
                return redirect("/portal/")
            except RuleError as e:
                errors = {p.field or "": str(p.message) for p in reversed(e.problems)}
        return self.draw(
            "parkops/portal/join.html",
            422 if errors else 200,
            invitation=shown,
            firm=firm,
            errors=errors,
            least=passwords.MIN_LENGTH[config().security_profile],
        )


PAGES = [InvitePage, JoinPage]
