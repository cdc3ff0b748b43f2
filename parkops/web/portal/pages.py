"""The portal's own pages: log-in, invitation, home, notices, account, and the manifest that makes it installable."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, jsonify, redirect, request, session
from sqlalchemy import select

from ... import clock, todos
from ...config import config
from ...db.session import engine, system_scope
from ...errors import NotFound, RuleError
from ...i18n import _, _l, locale
from ...notify import preferences
from ...security import passwords, portal, sessions, users
from ...security.models import ENDINGS, LOCALES, UserProfile, UserSession
from ...security.redirects import local_path
from ...security.setup import SID
from ..menu import asset
from ..security_api import locked_text, wrong_text
from ..security_pages import _address, _text, begin
from ..session import web_session
from ..views import Page, commit, route
from . import frame
from .frame import PortalPage

HOME = "/portal/"
COLOUR = "#066fd1"  # the blue of the staff's pages


def _target(text: str | None) -> str:
    """Where to go after the log-in: inside the portal only."""
    found = local_path(text, HOME)
    return found if found.startswith(HOME) else HOME


class PortalLoginPage(Page):
    """Log-in space of firms' people; says the same for unknown, withdrawn and staff users."""

    route_base = "/portal"
    portal = True
    default_view = "login"

    def refuse(self, word: str | None, resource: str | None) -> Any:
        return None

    @route("/login/", word=None, methods=("GET", "POST"))
    def login(self) -> Any:
        target = _target(request.values.get("next"))
        if request.method == "GET":
            if g.user.is_portal:
                return redirect(target)
            return self._form(target, ended=session.pop("ended", None))
        name = _text("username", 320)
        if not name.strip() or not _text("password"):
            return self._form(target, message=_("Enter your e-mail address and your password."), status=400)
        done = sessions.log_in(name, _text("password"), now=clock.now(), address=_address(), space="portal")
        if done.outcome == "locked":
            return self._form(target, message=locked_text(), status=429)
        if done.outcome != "ok":
            return self._form(target, message=wrong_text(), status=401)
        begin(done.user_id or 0, done.username)
        return redirect(target)

    @route("/logout/", word=None, methods=("POST",))
    def logout(self) -> Any:
        if isinstance(session.get(SID), str):
            sessions.end_session(session[SID], now=clock.now())
        language = session.get("locale")
        session.clear()
        if language:
            session["locale"] = language
        flash(_("You are logged out."), "success")
        return redirect(frame.LOGIN)

    @route("/locale/", word=None, methods=("POST",))
    def locale(self) -> Any:
        """The language of a visitor or of the signed-in person."""
        code = _text("locale", 10)
        if code in LOCALES:
            session["locale"] = code
            if g.user.is_portal:
                users.set_locale(web_session(), code)
                commit()
        return redirect(_target(request.form.get("next")))

    @route("/manifest.webmanifest", word=None)
    def manifest(self) -> Any:
        """What a phone needs to install the portal. It names no person and no firm."""
        icons = [
            {"src": asset(f"portal-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
            for size in (192, 512)
            for purpose in ("any", "maskable")
        ]
        answer = jsonify(
            {
                "name": str(_l("Park portal")),
                "short_name": str(_l("Park portal")),
                "lang": "en" if locale() == "en" else "zh-CN",
                "id": HOME,
                "start_url": HOME,
                "scope": HOME,
                "display": "standalone",
                "orientation": "portrait",
                "theme_color": COLOUR,
                "background_color": "#ffffff",
                "icons": icons,
            }
        )
        answer.mimetype = "application/manifest+json"
        return answer

    def _form(self, target: str, *, message: str | None = None, ended: str | None = None, status: int = 200) -> Any:
        return self.draw(
            "parkops/portal/login.html",
            status,
            next=target,
            message=message,
            username=_text("username", 320),
            ended=ENDINGS.label(ended) if ended in ENDINGS else None,
            demo=_demo_users(),
            colour=COLOUR,
        )


def _demo_users() -> dict[str, Any] | None:
    """The demo's portal log-ins, shown only where the installation says it is a demo."""
    if not current_app.config["PARKOPS"].demo:
        return None
    from ...demo import PASSWORD

    with system_scope("portal demo log-ins") as s:
        found = (
            s.scalars(select(UserProfile).where(UserProfile.is_demo, UserProfile.is_portal, UserProfile.active).order_by(UserProfile.id))
            .unique()
            .all()
        )
        return {"password": PASSWORD, "users": [(p.username, p.name) for p in found]} if found else None


class PortalHomePage(PortalPage):
    """The first page: what is due, what comes next, what is open. And every part of the portal on one page."""

    route_base = "/portal"

    @route("/", word=None)
    def index(self) -> Any:
        return self.draw("parkops/portal/home.html", cards=frame.cards(self.session), unread=_unread(self.session))

    @route("/all/", word=None)
    def everything(self) -> Any:
        return self.draw("parkops/portal/all.html", unread=_unread(self.session))

    @route("/notices/", word=None)
    def notices(self) -> Any:
        """What the person was told; opening the list changes nothing."""
        return self.draw("parkops/portal/notices.html", rows=todos.notices(self.session, 60))

    @route("/notices/read", word=None, methods=("POST",))
    def read(self) -> Any:
        todos.read_notices(self.session)
        commit()
        return redirect("/portal/notices/")


def _unread(session_: Any) -> int:
    return sum(1 for row in todos.notices(session_, 99) if row.read_at is None)


class PortalAccountPage(PortalPage):
    """The person's own things: password, language, notifications, where one is logged in."""

    route_base = "/portal/account"

    @route("/", word=None)
    def index(self) -> Any:
        return self._show({})

    def _show(self, errors: dict[str, str], status: int = 200) -> Any:
        profile = users.current_profile(self.session)
        open_now = (
            self.session.scalars(
                select(UserSession).where(UserSession.ended_at.is_(None)).order_by(UserSession.last_seen_at.desc()).limit(20)
            )
            .unique()
            .all()
        )
        return self.draw(
            "parkops/portal/account.html",
            status,
            profile=profile,
            role=portal.ROLES.label(g.user.portal_role),
            open_sessions=open_now,
            this_session=g.user.session_id,
            local=clock.local,
            errors=errors,
            wishes=preferences.overview(self.session, portal=True),
        )

    @route("/notifications", word=None, methods=("POST",))
    def notifications(self) -> Any:
        try:
            preferences.save_form(self.session, request.form, portal=True)
            commit()
        except RuleError as e:
            self.session.rollback()
            return self._show({p.field or "": str(p.message) for p in e.problems}, 422)
        flash(_("Saved."), "success")
        return redirect("/portal/account/")

    @route("/password/", word=None, methods=("GET", "POST"))
    def password(self) -> Any:
        profile = users.current_profile(self.session)
        values: dict[str, Any] = {"errors": {}, "least": passwords.MIN_LENGTH[config().security_profile], "profile": profile}
        if request.method == "GET":
            return self.draw("parkops/portal/password.html", **values)
        errors = {}
        if _text("new") != _text("again"):
            errors = {"again": _("The two new passwords differ; type the new password twice.")}
        else:
            try:
                with portal.acting(self.session):
                    users.set_password(self.session, current=_text("current"), new=_text("new"), now=clock.now())
                commit()
            except RuleError as e:
                self.session.rollback()
                errors = {p.field or "": str(p.message) for p in reversed(e.problems)}
        if errors:
            return self.draw("parkops/portal/password.html", 422, **values | {"errors": errors})
        begin(g.user.id, g.user.username)
        flash(_("Your password is changed. All your other sessions have ended."), "success")
        return redirect("/portal/account/")

    @route("/sessions/<int(max=9223372036854775807):pk>/end", word=None, methods=("POST",))
    def end_own(self, pk: int) -> Any:
        with engine().begin() as c:
            if not sessions.end_own(c, g.user.id, pk, now=clock.now()):
                raise NotFound(_l("There is no such record of your firm."))
        return redirect("/portal/account/")


PAGES = [PortalLoginPage, PortalHomePage, PortalAccountPage]
