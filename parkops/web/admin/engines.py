"""Screens of the kernel's engines: rules and parameters, settings, number ranges, outbox, audit trail, modules, files."""

from __future__ import annotations

from typing import Any

from flask import redirect, request

from ... import sequences, settings
from ...db.audit import AuditEntry
from ...db.session import scope_of
from ...db.types import Choices
from ...errors import Refused, RuleError
from ...i18n import _l, i18n_text
from ...models import InstalledModule, Park
from ...outbox import OutboxMessage
from ...rules.models import Decision, Parameter, Rule, RuleSet
from ...security import access
from ...sequences import IssuedNumber, Sequence
from ..files import FilesPage
from ..resource import Action, Col, Filter, Input, Related, Resource, Section, Tab, Titles, View
from ..views import Page, commit, route
from . import engine_services as services

SERVICES = "parkops.web.admin.engine_services"

# For the list only: codes of modules that are not named here show as they are stored.
OPERATIONS = Choices(
    "core.audit_operation", ("insert", _l("Added")), ("update", _l("Changed")), ("delete", _l("Deleted")), ("move", _l("State changed")),
    ("login", _l("Logged in")), ("logout", _l("Logged out")), ("denied", _l("Denied")), ("export", _l("Exported")),
    ("unmask", _l("Personal data shown")), ("password", _l("Password changed")), ("roles", _l("Roles changed")),
    ("rights", _l("Rights changed")), ("parks", _l("Parks changed")), ("activate", _l("Activated")), ("deactivate", _l("Deactivated")),
    ("unlock", _l("Unlocked")), ("merge", _l("Merged")), ("compute", _l("Computed")), ("kpi_freeze", _l("Period frozen")),
    ("refresh", _l("Refreshed")), ("sync", _l("Rights synchronised")), ("job_run", _l("Job run")), ("job_retry", _l("Job repeated")),
    ("job_skip", _l("Job skipped")), ("remind", _l("Reminded")), ("audit_purge", _l("Old entries removed")))
WAYS = Choices("core.audit_way", ("screen", _l("Screen")), ("api", _l("Interface")), ("cli", _l("Command")), ("import", _l("Import")),
               ("job", _l("Job")), ("system", _l("System")))
RESULTS = Choices("core.audit_result", ("done", _l("Done")), ("refused", _l("Refused")), ("locked", _l("Locked")))

RULE_SET = Resource(
    name="core.rule_set", model=RuleSet, titles=Titles(_l("Rule sets"), _l("Rule set")), icon="gavel",
    columns=(Col("key", important=True, link=True, width=140), Col("title", important=True, width=300), Col("doc_no", width=200),
             Col("provenance", important=True), Col("family", width=110), Col("subject", width=120), Col("effective_from"),
             Col("effective_to"), Col("enabled", width=80), Col("revision", width=80), Col("title_en", hidden=True)),
    sections=(Section(_l("Rule set"), ("key", "family", "subject", "title", "title_en", "doc_no", "provenance", "effective_from",
                                       "effective_to", "combine", "enabled", "revision", "note")),),
    views=(View("in_use", _l("In use"), (Filter("enabled", "eq", True),), sort="key"),
           View("unverified", _l("Unverified"), (Filter("provenance", "eq", "R"),), sort="key")),
    tabs=(Related("rules", _l("Rules"), "core.rule", "rule_set_id",
                  ("code", "article", "sentence", "fact", "op", "shown_value", "unit"), order=1),
          Tab("replay", _l("Who would flip"), "parkops/admin/replay.html", services.replay_data, order=5)),
    actions=(
        Action("switch_on", _l("Put into use"), f"{SERVICES}:switch_on", guard=f"{SERVICES}:why_not_on", word="change"),
        Action("switch_off", _l("Take out of use"), f"{SERVICES}:switch_off", guard=f"{SERVICES}:why_not_off", word="change",
               danger=True)),
    search=("key", "title", "doc_no"), sort="key", code_field="key", menu=("rules", 10))

RULE = Resource(
    name="core.rule", model=Rule, titles=Titles(_l("Rules"), _l("Rule")), icon="list-check",
    columns=(Col("code", important=True, link=True, width=110), Col("rule_set.key", _l("Rule set"), width=130),
             Col("article", width=150), Col("sentence", important=True, width=420), Col("fact", width=170), Col("op", important=True),
             Col("shown_value", _l("Threshold"), sql=services.value_text, width=120), Col("unit", width=80),
             Col("sentence_en", hidden=True), Col("any_of", hidden=True), Col("collect", hidden=True)),
    sections=(Section(_l("Rule"), ("code", "article", "sentence", "sentence_en", "fact", "op", "unit", "any_of", "collect",
                                   "collect_en")),),
    search=("code", "sentence", "fact"), sort="code", load=("rule_set",), parent=("rule_set_id", "core.rule_set"))

PARAMETER = Resource(
    name="core.parameter", model=Parameter, titles=Titles(_l("Parameters"), _l("Parameter"), _l("New value")), icon="adjustments",
    columns=(Col("code", important=True, link=True, width=220), Col("title", important=True, width=260),
             Col("shown_value", _l("Value"), sql=services.value_text, important=True, width=110), Col("unit", width=80),
             Col("effective_from"), Col("effective_to"), Col("doc_no", width=200), Col("provenance"), Col("note", hidden=True)),
    sections=(Section(_l("Parameter"), (
        "code", "title", "title_en", Input("value", "text", _l("Value"), required=True, max_length=200), "unit", "effective_from",
        "effective_to", "doc_no", "provenance", "note")),),
    create=f"{SERVICES}:add_parameter", change=f"{SERVICES}:change_parameter",
    search=("code", "title", "doc_no"), sort="code", code_field="code", menu=("rules", 20))

DECISION = Resource(
    name="core.decision", model=Decision, titles=Titles(_l("Decisions"), _l("Decision")), icon="scale",
    columns=(Col("rule_set_key", important=True, link=True), Col("verdict", important=True), Col("on_date", important=True),
             Col("subject_resource", width=130), Col("subject_id", width=90, fmt="int"), Col("user_name"), Col("decided_at")),
    sections=(Section(_l("Decision"), ("rule_set_key", "rule_set_revision", "verdict", "on_date", "user_name", "decided_at")),),
    tabs=(Tab("card", _l("Rule by rule"), "parkops/admin/decision.html", services.decision_data, order=1),),
    search=("rule_set_key",), sort="-id", menu=("rules", 30))

SEQUENCE = Resource(
    name="core.sequence", model=Sequence, titles=Titles(_l("Number ranges"), _l("Number range")), icon="hash",
    columns=(Col("code", important=True, link=True, width=240), Col("year", important=True, fmt="code"), Col("last", important=True),
             Col("park_id", _l("Park"))),
    sections=(Section(_l("Number range"), ("code", "year", "last")),),
    tabs=(Related("numbers", _l("Issued numbers"), "core.sequence_number", "sequence_id",
                  ("number", "n", "issued_on", "user_name"), order=1),),
    search=("code",), sort="code", menu=("system", 40))

SEQUENCE_NUMBER = Resource(
    name="core.sequence_number", model=IssuedNumber, titles=Titles(_l("Issued numbers"), _l("Issued number")), icon="hash",
    columns=(Col("number", important=True, link=True, width=200), Col("n", important=True), Col("issued_on", important=True),
             Col("user_name")),
    sections=(Section(_l("Issued number"), ("number", "n", "issued_on", "user_name")),),
    search=("number",), sort="-id", parent=("sequence_id", "core.sequence"))

OUTBOX = Resource(
    name="core.outbox", model=OutboxMessage, titles=Titles(_l("Outgoing messages"), _l("Outgoing message")), icon="send",
    columns=(Col("topic", important=True, link=True, width=220), Col("key", width=240), Col("state", important=True),
             Col("attempts", width=90), Col("next_at", important=True), Col("done_at"), Col("last_error", width=320), Col("created_at")),
    sections=(Section(_l("Outgoing message"), ("topic", "key", "state", "attempts", "next_at", "done_at", "last_error")),),
    views=(View("dead", _l("Failed"), (Filter("state", "eq", "dead"),), sort="-id"),
           View("waiting", _l("Waiting"), (Filter("state", "eq", "pending"),), sort="next_at")),
    actions=(Action("retry", _l("Try again now"), f"{SERVICES}:retry_message", guard=f"{SERVICES}:why_not_retry", primary=True),),
    bulk=(Action("retry", _l("Try again now"), f"{SERVICES}:retry_messages"),),
    search=("topic", "key"), sort="-id", menu=("system", 50))

AUDIT = Resource(
    name="core.audit", model=AuditEntry, titles=Titles(_l("Audit trail"), _l("Audit entry")), icon="history",
    columns=(Col("at", important=True, link=True, width=140), Col("user_name", important=True, width=110),
             Col("op", important=True, fmt="choice", choices=OPERATIONS, width=130), Col("label", width=260), Col("resource", width=180),
             Col("record_id", width=80, fmt="int"), Col("via", fmt="choice", choices=WAYS, width=90),
             Col("result", fmt="choice", choices=RESULTS, width=90),
             Col("address"), Col("action_id", hidden=True), Col("note", hidden=True), Col("user_id", hidden=True)),
    sections=(Section(_l("Audit entry"), ("at", "user_name", Input("op", "choice", choices=OPERATIONS), "resource", "record_id", "label",
                                          Input("via", "choice", choices=WAYS), Input("result", "choice", choices=RESULTS), "address",
                                          "action_id", "note")),),
    views=(View("refused", _l("Refused"), (Filter("result", "ne", "done"),), sort="-id"),
           View("logins", _l("Log-ins"), (Filter("resource", "eq", "core.session"),), sort="-id"),
           View("unmasked", _l("Personal data shown"), (Filter("op", "eq", "unmask"),), sort="-id"),
           View("exports", _l("Exports"), (Filter("op", "eq", "export"),), sort="-id")),
    tabs=(Tab("change", _l("Before and after"), "parkops/admin/audit_change.html", services.audit_data, order=1),),
    search=("user_name", "label", "resource"), sort="-id", menu=("system", 10))

MODULE = Resource(
    name="core.module", model=InstalledModule, titles=Titles(_l("Modules"), _l("Module")), icon="puzzle",
    columns=(Col("name", important=True, link=True), Col("module_version", important=True), Col("installed_at", important=True)),
    sections=(Section(_l("Module"), ("name", "module_version", "installed_at")),),
    tabs=(Tab("about", _l("About"), "parkops/admin/module.html", services.module_data, order=1),),
    search=("name",), sort="name", menu=("system", 60))

UNLISTED = {  # what the audit trail tells of without a list of its own
    "core.approval_vote": _l("Vote"), "core.attachment": _l("File"), "core.comment": _l("Comment"), "core.job": _l("Job"),
    "core.import_mapping": _l("Column mapping"), "core.kpi": _l("Indicator"), "core.kpi_freeze": _l("Frozen period"),
    "core.kpi_target": _l("Target of an indicator"), "core.role": _l("Role"), "core.saved_view": _l("Saved view"),
    "core.setting": _l("Setting"), "core.user_park": _l("Park of a user"),
}
RESOURCES = [RULE_SET, RULE, PARAMETER, DECISION, SEQUENCE, SEQUENCE_NUMBER, OUTBOX, AUDIT, MODULE]


class SettingsPage(Page):
    """Every setting by module: company value, this park's value, default."""

    route_base = "/core/setting"
    resource = "core.setting"
    title = _l("Settings")
    menu = ("settings", 20)
    icon = "adjustments-horizontal"

    @route("/")
    def index(self) -> Any:
        return self._show({}, {})

    @route("/", "change", methods=("POST",))
    def save(self) -> Any:
        """One setting per post: `key`, `place` (company or park), `value`, or `reset`."""
        key, place = request.form.get("key", ""), request.form.get("place", "company")
        if place not in ("company", "park"):
            raise Refused(_l("Choose the company or the park."))
        park = scope_of(self.session).park_id if place == "park" else None
        if place == "park" and park is None:
            raise Refused(_l("Choose a park first: this record needs one."))
        try:
            if request.form.get("reset"):
                settings.definition(key)
                settings.reset(self.session, key, park)
            else:
                settings.put(self.session, key, request.form.get("value", ""), park)
        except RuleError as error:
            self.session.rollback()
            return self._show({(key, place): str(error)}, {(key, place): request.form.get("value", "")}, 422)
        commit()
        return redirect(f"/core/setting/#{key}")

    def _show(self, errors: dict, typed: dict, status: int = 200) -> Any:
        scope = scope_of(self.session)
        park = self.session.get(Park, scope.park_id) if scope.park_id is not None else None
        groups = services.setting_groups(self.session, scope.park_id, errors, typed)
        return self.draw("parkops/admin/settings.html", status, groups=groups, park=park, park_name=i18n_text(park, "name") if park else "",
                         may_change=access.may(self.session, "core.setting", "change"))


class GapsPage(Page):
    """Continuity of numbers: an honest system prints none."""

    route_base = "/core/number_gaps"
    resource = "core.sequence"
    title = _l("Gaps in numbers")
    menu = ("system", 41)
    icon = "hash"

    @route("/")
    def index(self) -> Any:
        parks = {p.id: p.name for p in services.parks(self.session)}
        return self.draw("parkops/admin/gaps.html", gaps=sequences.gaps(self.session), parks=parks,
                         ranges=services.ranges(self.session))


PAGES = [SettingsPage, GapsPage, FilesPage]
