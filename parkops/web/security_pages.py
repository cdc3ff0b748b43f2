"""Log-in, one-time code, log-out, and the user's own account: password, two-step log-in, language, park, sessions."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, jsonify, redirect, render_template, request, session
from markupsafe import Markup
from sqlalchemy import select

from .. import clock
from ..db import audit
from ..db.session import engine, system_scope
from ..errors import RuleError
from ..i18n import _
from ..models import Park
from ..notify import preferences
from ..security import passwords, sessions, totp, users
from ..security.identity import IDLE
from ..security.models import ENDINGS, LOCALES, UserProfile, UserSession
from ..security.redirects import local_path
from ..security.setup import SID, wants_json
from .security_api import locked_text, wrong_text
from .session import web_session
from .views import Page, route

PENDING, PENDING_SECONDS = "pending", 300
SECRET_FIELDS = {"csrf_token", "password", "current", "new", "again", "code"}


def _address() -> str:
    return request.remote_addr or ""


def _text(name: str, longest: int = 1024) -> str:
    return (request.form.get(name) or "")[:longest]


def begin(user_id: int, username: str) -> None:
    """A fresh cookie session (no fixation: everything the visitor had is dropped) bound to a new server-side one."""
    if isinstance(session.get(SID), str):
        sessions.end_session(session[SID], now=clock.now())
    token = sessions.open_session(user_id, now=clock.now(), address=_address(), agent=request.user_agent.string, username=username)
    language = session.get("locale")
    session.clear()
    session.permanent = True
    session[SID] = token
    if language:
        session["locale"] = language


class LoginPage(Page):
    """Open to everybody; says the same for unknown users, wrong passwords and deactivated users."""

    route_base = ""
    default_view = "login"

    def refuse(self, word: str | None, resource: str | None) -> Any:
        return None

    @route("/login/", word=None, methods=("GET", "POST"))
    def login(self) -> Any:
        target = local_path(request.values.get("next"))
        if request.method == "GET":
            if g.user.is_authenticated:
                return redirect(target)
            return self._form(target, ended=session.pop("ended", None))
        name = _text("username", 320)
        if not name.strip() or not _text("password"):
            return self._form(target, message=_("Enter your user name and your password."), status=400)
        done = sessions.log_in(name, _text("password"), now=clock.now(), address=_address())
        if done.outcome == "locked":
            return self._form(target, message=locked_text(), status=429)
        if done.outcome == "wrong":
            return self._form(target, message=wrong_text(), status=401)
        if done.outcome == "code":
            session[PENDING] = {"id": done.user_id, "name": done.username, "epoch": done.epoch, "next": target,
                                "until": clock.now().timestamp() + PENDING_SECONDS}
            return redirect("/login/code/")
        begin(done.user_id or 0, done.username)
        return redirect(target)

    @route("/login/code/", word=None, methods=("GET", "POST"))
    def code(self) -> Any:
        """The second step: the password was right within the last five minutes."""
        pending = session.get(PENDING)
        if not isinstance(pending, dict) or pending["until"] < clock.now().timestamp():
            session.pop(PENDING, None)
            return redirect("/login/")
        if request.method == "GET":
            return self.draw("parkops/security/code.html")
        done = sessions.log_in(pending["name"], "", _text("code", 12), now=clock.now(), address=_address(), code_only_for=pending["id"])
        if done.outcome == "locked":
            session.pop(PENDING, None)
            return self._form(pending["next"], message=locked_text(), status=429)
        if done.outcome != "ok" or done.epoch != pending["epoch"]:
            return self.draw("parkops/security/code.html", 401,
                             message=_("The code is wrong, too old or was used already. Enter the newest code."))
        begin(done.user_id or 0, done.username)
        return redirect(local_path(pending["next"]))

    @route("/logout/", word=None, methods=("POST",))
    def logout(self) -> Any:
        token, who = session.get(SID), g.user
        if isinstance(token, str):
            sessions.end_session(token, now=clock.now())
        if who.is_authenticated:
            with system_scope("log-out record") as s:
                audit.event(s, "logout", None, resource="core.session", user_id=who.id, user_name=who.username,
                            address=_address() or None, via="screen")
        language = session.get("locale")
        session.clear()
        if language:
            session["locale"] = language
        flash(_("You are logged out."), "success")
        return redirect("/login/")

    @route("/login/locale/", word=None, methods=("POST",))
    def visitor_locale(self) -> Any:
        """The language of somebody who is not signed in yet."""
        if _text("locale", 10) in LOCALES:
            session["locale"] = _text("locale", 10)
        return redirect(local_path(request.form.get("next"), "/login/"))

    def _form(self, target: str, *, message: str | None = None, ended: str | None = None, status: int = 200) -> Any:
        return self.draw(
            "parkops/security/login.html", status, next=target, message=message, username=_text("username", 320),
            ended=ENDINGS.label(ended) if ended in ENDINGS else None, demo=_demo_users(), locales=LOCALES)


def _demo_users() -> dict[str, Any] | None:
    """Who may try the demo, shown only when the installation says it is one."""
    if not current_app.config["PARKOPS"].demo:
        return None
    from ..demo import PASSWORD

    titles: dict[Any, Any] = dict(users.role_choices(web_session()))
    found = web_session().scalars(select(UserProfile).where(UserProfile.is_demo).order_by(UserProfile.id)).unique().all()
    return {"password": PASSWORD, "users": [(p.username, p.name, titles.get(p.home_role, p.home_role)) for p in found if p.active]}


class AccountPage(Page):
    """A signed-in user's own things; no right is needed beyond being signed in."""

    route_base = "/account"

    @route("/", word=None)
    def index(self) -> Any:
        profile = users.current_profile(web_session())
        titles = dict(users.role_choices(web_session()))
        parks = web_session().scalars(select(Park).where(Park.id.in_(g.user.parks or (-1,))).order_by(Park.id)).all()
        open_now = web_session().scalars(select(UserSession).where(
            UserSession.user_id == profile.id, UserSession.ended_at.is_(None)).order_by(UserSession.last_seen_at.desc()).limit(20)).all()
        return self.draw("parkops/security/account.html", profile=profile, roles=[titles.get(r, r) for r in profile.role_codes],
                         parks=parks, open_sessions=open_now, this_session=g.user.session_id, locales=LOCALES, local=clock.local)

    @route("/password/", word=None, methods=("GET", "POST"))
    def password(self) -> Any:
        profile = users.current_profile(web_session())
        rules = current_app.config["PARKOPS"].security_profile
        values: dict[str, Any] = {
            "profile": profile, "errors": {}, "least": passwords.MIN_LENGTH[rules], "mixed": rules == "dengbao",
            "forced": profile.must_change_password, "old": passwords.expired(profile.password_changed_at, clock.now(), rules)}
        if request.method == "GET":
            return self.draw("parkops/security/password.html", **values)
        if _text("new") != _text("again"):
            return self.draw("parkops/security/password.html", 422, **values | {
                "errors": {"again": _("The two new passwords differ; type the new password twice.")}})
        try:
            users.set_password(web_session(), current=_text("current"), new=_text("new"), now=clock.now())
            web_session().commit()
        except RuleError as e:
            web_session().rollback()
            return self.draw("parkops/security/password.html", 422, **values | {"errors": {
                p.field: str(p.message) for p in reversed(e.problems)}})
        begin(g.user.id, g.user.username)
        flash(_("Your password is changed. All your other sessions have ended."), "success")
        return redirect("/account/")

    @route("/two-step/", word=None, methods=("GET", "POST"))
    def two_step(self) -> Any:
        """Enrol: the secret waits in the signed cookie until one code has proved the app."""
        profile = users.current_profile(web_session())
        if profile.totp_enabled:
            return redirect("/account/")
        secret = session.get("totp_new")
        if not isinstance(secret, str):
            secret = session["totp_new"] = totp.new_secret()
        message = None
        if request.method == "POST":
            try:
                users.enable_totp(web_session(), secret=secret, code=_text("code", 12), now=clock.now())
                web_session().commit()
                session.pop("totp_new", None)
                flash(_("Two-step log-in is on."), "success")
                return redirect("/account/")
            except RuleError as e:
                web_session().rollback()
                message = str(e)
        return self.draw("parkops/security/two_step.html", 422 if message else 200, secret=secret, message=message,
                         qr=Markup(totp.qr_svg(secret, profile.username)))  # noqa: S704 - drawn here from our own text

    @route("/two-step/off/", word=None, methods=("POST",))
    def two_step_off(self) -> Any:
        """Asks for the password, as for changing it."""
        profile = users.current_profile(web_session())
        done = sessions.log_in(profile.username, _text("password"), _text("code", 12), now=clock.now(), address=_address())
        if done.outcome != "ok":
            flash(locked_text() if done.outcome == "locked" else
                  _("The password or the code is wrong; two-step log-in stays on."), "danger")
            return redirect("/account/")
        users.disable_own_totp(web_session())
        web_session().commit()
        flash(_("Two-step log-in is off."), "success")
        return redirect("/account/")

    @route("/notifications/", word=None, methods=("GET", "POST"))
    def notifications(self) -> Any:
        """Where the person is reached besides the bell, and what about."""
        errors: dict[str, str] = {}
        if request.method == "POST":
            try:
                preferences.save_form(web_session(), request.form, portal=False)
                web_session().commit()
                flash(_("Saved."), "success")
                return redirect("/account/notifications/")
            except RuleError as e:
                web_session().rollback()
                errors = {p.field or "": str(p.message) for p in e.problems}
        return self.draw("parkops/security/notifications.html", 422 if errors else 200, errors=errors,
                         wishes=preferences.overview(web_session(), portal=False))

    @route("/locale/", word=None, methods=("POST",))
    def locale(self) -> Any:
        code = _text("locale", 10)
        if code in LOCALES:
            users.set_locale(web_session(), code)
            web_session().commit()
            session["locale"] = code
        return redirect(local_path(request.form.get("next")))

    @route("/park/", word=None, methods=("POST",))
    def park(self) -> Any:
        """Switch the current park; another park than one's own answers 404."""
        text = _text("park_id", 19)
        users.switch_park(web_session(), int(text) if text.isascii() and text.isdigit() else -1)
        web_session().commit()
        return redirect(local_path(request.form.get("next")))

    @route("/sessions/<int:pk>/end/", word=None, methods=("POST",))
    def end_own(self, pk: int) -> Any:
        """End one of the own sessions; foreign ones are not found."""
        with engine().begin() as c:
            sessions.end_own(c, g.user.id, pk, now=clock.now())
        return redirect("/account/")


def csrf_failed(error: Any) -> Any:
    """A missing or old token: what happened, what to do, and what was typed. Sending again in one click is offered only
    when the browser says the form came from this site."""
    if wants_json():
        return jsonify({"message": _("The page was open too long or did not come from this site. Load it again and repeat the step.")}), 400
    web_session().rollback()
    own = request.headers.get("Sec-Fetch-Site") == "same-origin" or request.headers.get("Origin") == request.host_url.rstrip("/")
    typed = [(k, v) for k, v in request.form.items(multi=True) if k not in SECRET_FIELDS and "password" not in k and len(v) < 20000]
    keep = own and not request.files and len(typed) <= 300
    html = render_template("parkops/security/csrf.html", typed=typed[:300], resend=keep, action=local_path(request.full_path.rstrip("?")),
                           signed_in=g.user.is_authenticated, minutes=int(IDLE.total_seconds() // 60), base_template="parkops/bare.html")
    return html, 400

