"""Users and open sessions as resources; roles as a matrix of rights."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased

from ... import clock
from ...errors import RuleError
from ...i18n import _, _l
from ...security import catalogue, lockout, site_roles, users
from ...security.models import LoginAttempt, Role, UserProfile, UserSession, assoc_user_role
from ...security.roles import PERSONAS, ROLES, WORDS
from ..resource import Action, Col, Fact, Filter, Input, Resource, Section, Titles, View
from ..views import Page, route

S = "parkops.security.users"
TITLES = {"read": _l("See"), "add": _l("Add"), "change": _l("Change"), "remove": _l("Remove"), "act": _l("Act"),
          "export": _l("Export"), "unmask": _l("Personal data in the clear")}


def _roles(model: Any, context: Any) -> Any:
    """Role titles in one text, for the grid."""
    title = case({r.code: str(r.title) for r in ROLES}, value=Role.name, else_=Role.name)
    return (select(func.string_agg(title, ", ")).select_from(assoc_user_role).join(Role, Role.id == assoc_user_role.c.role_id)
            .where(assoc_user_role.c.user_id == model.user_id).scalar_subquery())


def _open(model: Any, context: Any) -> Any:
    """How many sessions are open."""
    inner = aliased(UserSession)
    return select(func.count(inner.id)).where(inner.user_id == model.id, inner.ended_at.is_(None)).scalar_subquery()


def _lock_fact(session: Any, profile: UserProfile) -> tuple[Any, str | None]:
    until = lockout.locked([profile.username], session.connection(), clock.now()).get(profile.username)
    if until is None:
        return _l("no"), None
    return _l("until %(time)s", time=f"{clock.local(until):%H:%M}"), "red"


def why_not_unlock(session: Any, profile: UserProfile) -> Any:
    """Nothing to unlock without failed log-ins."""
    found = session.scalar(select(LoginAttempt.id).where(LoginAttempt.name_hash == lockout.name_hash(profile.username)))
    return None if found else _l("There are no failed log-ins.")


def why_not_deactivate(session: Any, profile: UserProfile) -> Any:
    return None if profile.active else _l("The user is deactivated already.")


def why_not_activate(session: Any, profile: UserProfile) -> Any:
    return _l("The user is active.") if profile.active else None


def why_not_reset_totp(session: Any, profile: UserProfile) -> Any:
    return None if profile.totp_enabled else _l("Two-step log-in is off.")


HERE = "parkops.web.admin.users"
USER = Resource(
    name="core.user", model=UserProfile, titles=Titles(_l("Users"), _l("User"), _l("New user")), icon="users",
    columns=(Col("name", important=True, link=True, width=160), Col("username", important=True, width=150), Col("email", width=200),
             Col("roles", _l("Roles"), important=True, sql=_roles, width=260), Col("active", width=80), Col("all_parks", width=90),
             Col("totp_enabled", width=110), Col("last_seen_at", width=150),
             Col("open", _l("Open sessions"), sql=_open, fmt="int", width=110),
             Col("must_change_password", hidden=True), Col("password_changed_at", hidden=True), Col("locale", hidden=True),
             Col("created_at", hidden=True), Col("is_portal", hidden=True)),
    offered=(Filter("is_portal", "eq", False),),  # staff choose among themselves
    sections=(
        Section(_l("Person"), ("username", "name", Input("email", required=True), "phone", "locale")),
        Section(_l("Rights"), (
            Input("role_codes", "multichoice", _l("Roles"), choices=users.role_choices),
            Input("park_ids", "multichoice", _l("Parks"), choices=users.park_choices), "all_parks")),
        Section(_l("Password"), (Input("password", "password", _l("Password"), help=_l(
            "Given by you, changed by the user at the first log-in. Leave it empty to keep the present one.")),))),
    create=f"{S}:create_user", change=f"{S}:change_user",
    views=(View("active", _l("Active"), (Filter("active", "eq", True),), sort="name"),
           View("inactive", _l("Deactivated"), (Filter("active", "eq", False),), sort="name")),
    actions=(
        Action("reset_password", _l("Set a password"), f"{S}:reset_password",
               (Input("password", "password", _l("New password"), required=True),), word="change"),
        Action("unlock", _l("Unlock"), f"{S}:unlock_user", word="change", guard=f"{HERE}:why_not_unlock"),
        Action("end_sessions", _l("End all sessions"), f"{S}:end_sessions", word="change", danger=True),
        Action("reset_totp", _l("Switch two-step log-in off"), f"{S}:reset_totp", word="change", danger=True,
               guard=f"{HERE}:why_not_reset_totp"),
        Action("deactivate", _l("Deactivate"), f"{S}:deactivate_user", word="change", danger=True, guard=f"{HERE}:why_not_deactivate"),
        Action("activate", _l("Activate"), f"{S}:activate_user", word="change", guard=f"{HERE}:why_not_activate")),
    facts=(Fact(_l("Locked"), _lock_fact),
           Fact(_l("Last log-in"), lambda s, p: (f"{clock.local(p.last_seen_at):%Y-%m-%d %H:%M}" if p.last_seen_at else "—", None)),
           Fact(_l("Two-step log-in"), lambda s, p: (_l("on") if p.totp_enabled else _l("off"), None))),
    search=("username", "name"), sort="name", code_field="username", menu=("people", 10))

SESSION = Resource(
    name="core.session", model=UserSession, titles=Titles(_l("Log-in sessions"), _l("Log-in session")), icon="device-desktop",
    columns=(Col("user_id", _l("User"), important=True, link=True, width=160), Col("kind", width=90),
             Col("address", important=True, width=130), Col("agent", width=260), Col("started_at", width=150),
             Col("last_seen_at", important=True, width=150), Col("expires_at", hidden=True),
             Col("ended_at", width=150), Col("ended_why", width=160)),
    views=(View("open", _l("Open"), (Filter("ended_at", "empty"),), sort="-last_seen_at"),
           View("ended", _l("Ended"), (Filter("ended_at", "notempty"),), sort="-ended_at")),
    actions=(Action("end", _l("End session"), f"{S}:end_one", danger=True),),
    bulk=(Action("end", _l("End sessions"), f"{S}:end_chosen", danger=True),),
    sort="-last_seen_at", menu=("people", 30))

RESOURCES = [USER, SESSION]


class RolesPage(Page):
    """Every role with its rights; site roles can be made and changed."""

    route_base = "/core/role"
    resource = "core.role"
    title = _l("Roles")
    menu = ("people", 20)
    icon = "shield"

    @route("/")
    def index(self) -> Any:
        counts = site_roles.members(self.session)
        site = list(self.session.scalars(select(Role).where(Role.name.not_in(PERSONAS)).order_by(Role.name)))
        rows = [{"name": r.code, "title": r.title, "summary": r.summary, "persona": True, "users": counts.get(r.code, 0),
                 "rights": len(site_roles.rights_of(self.session, r.code))} for r in ROLES]
        rows += [{"name": r.name, "title": r.name, "summary": "", "persona": False, "users": counts.get(r.name, 0),
                  "rights": len(site_roles.rights_of(self.session, r.name))} for r in site]
        return self.draw("parkops/security/roles.html", rows=rows, may_add=self._may("add"))

    @route("/new/", "add", methods=("GET", "POST"))
    def new(self) -> Any:
        if request.method == "GET":
            return self._matrix(None, frozenset())
        posted = _posted_rights()
        try:
            role = site_roles.create_role(self.session, name=request.form.get("name", ""), rights=posted)
            self.session.commit()
        except RuleError as e:
            self.session.rollback()
            return self._matrix(None, posted, errors=e.problems, typed=request.form.get("name", ""), status=422)
        flash(_("The role %(name)s was made.", name=role.name), "success")
        return redirect("/core/role/")

    @route("/show/<string:name>/")
    def show(self, name: str) -> Any:
        if name not in PERSONAS:
            site_roles.site_role(self.session, name)
        return self._matrix(name, site_roles.rights_of(self.session, name))

    @route("/change/<string:name>/", "change", methods=("POST",))
    def change(self, name: str) -> Any:
        role, posted = site_roles.site_role(self.session, name), _posted_rights()
        try:
            site_roles.change_rights(self.session, role, rights=posted)
            self.session.commit()
        except RuleError as e:
            self.session.rollback()
            return self._matrix(name, posted, errors=e.problems, status=422)
        flash(_("The rights of %(name)s are saved; its users log in again.", name=name), "success")
        return redirect("/core/role/")

    @route("/remove/<string:name>/", "remove", methods=("POST",))
    def remove(self, name: str) -> Any:
        try:
            site_roles.remove_role(self.session, site_roles.site_role(self.session, name))
            self.session.commit()
            flash(_("The role %(name)s was removed.", name=name), "success")
        except RuleError as e:
            self.session.rollback()
            flash(str(e), "danger")
        return redirect("/core/role/")

    def _may(self, word: str) -> bool:
        from ...security.access import may

        return may(self.session, self.resource, word)

    def _matrix(self, name: str | None, rights: frozenset[tuple[str, str]], *, errors: Any = (), typed: str = "", status: int = 200) -> Any:
        persona = next((r for r in ROLES if r.code == name), None)
        editable = persona is None and self._may("change" if name else "add")
        from ..resources import all_resources

        titles = {n: r.titles.many for n, r in all_resources().items()}
        named = {g.resource for g in catalogue.grants()} | {r for r, _word in rights}
        names = [n for n in catalogue.resource_names() if n in titles or n in named]
        return self.draw("parkops/security/role.html", status, name=name, role=persona, names=names, titles=titles, words=WORDS,
                         word_titles=TITLES, rights=rights, editable=editable, errors=errors, typed=typed, may_remove=self._may("remove"))


def _posted_rights() -> frozenset[tuple[str, str]]:
    out = set()
    for text in request.form.getlist("right")[:5000]:
        resource, _colon, word = text.partition(":")
        out.add((resource, word))
    return frozenset(out)


PAGES = [RolesPage]
