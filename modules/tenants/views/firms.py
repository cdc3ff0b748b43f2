"""Firms: the list, the 360 page, stage history, names, merges, extensions of the term."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, case, cast

from parkops import clock
from parkops.i18n import _, _l
from parkops.security import masking
from parkops.web.resource import Action, Col, Fact, Filter, Input, ListButton, Related, Resource, Section, Tab, Titles, View

from .. import calc
from ..models.firm import TRACKS, DuplicatePair, Firm, FirmMerge, FirmName
from ..models.stage import Stage, TermExtension
from ..services import fact_queries, terms
from ..states import CARRIER, NOTE, ON, REASON
from .overview import overview

FIRMS, STAGES = "modules.tenants.services.firms", "modules.tenants.services.stages"
TERMS, MERGE = "modules.tenants.services.terms", "modules.tenants.services.merge"


def days_in(model: Any, context: Any) -> Any:
    """SQL: days in incubation, the first day counted; empty for everybody else."""
    return case((model.state == "incubating", cast(context.today - model.incubating_since, Integer) + 1), else_=None)


def days_left(model: Any, context: Any) -> Any:
    """SQL: days until the term ends; negative when it is over."""
    return case((model.state == "incubating", cast(model.term_ends_on - context.today, Integer)), else_=None)


def left_tone(value: Any) -> str:
    """Red when the term is over, amber when it ends within 90 days."""
    return "grey" if value is None or value > 90 else "red" if value < 0 else "amber"


def track_fact(session: Any, firm: Firm) -> tuple[Any, str | None]:
    """The industry track."""
    return (TRACKS.label(firm.track), None) if firm.track else ("", None)


def term_fact(session: Any, firm: Firm) -> tuple[Any, str | None]:
    """Days in incubation of days allowed."""
    found = terms.term_of(session, firm, clock.today())
    if found is None:
        return "", None
    if found.allowed is None or firm.state != "incubating":
        return _("%(n)s days", n=found.days), None
    return _("%(n)s of %(all)s days", n=found.days, all=found.allowed), left_tone(found.left)


def size_fact(session: Any, firm: Firm) -> tuple[Any, str | None]:
    """Size class by the 2011 table on the newest annual statement."""
    row = fact_queries.latest_statement(session, [firm.id], clock.today()).get(firm.id)
    found = calc.size_class(firm.industry, staff=getattr(row, "staff_total", None), revenue=getattr(row, "revenue", None),
                            assets=getattr(row, "total_assets", None))
    words = {"micro": _("Micro"), "small": _("Small"), "medium": _("Medium"), "large": _("Large"), "unknown": _("Cannot say")}
    return words[found.size], "amber" if found.size == "unknown" else None


def merge_values(session: Any, line: FirmMerge) -> dict[str, Any]:
    """The merged record's values with labels; personal ones masked."""
    columns, rows = Firm.__table__.columns, []
    for name, value in line.snapshot.items():
        info = columns[name].info if name in columns else {}
        if value is None or not info.get("label"):
            continue
        rows.append({"label": info["label"], "text": masking.mask(info["personal"], value) if info.get("personal") else value})
    return {"merge": line, "values": rows}


FIRM = Resource(
    name="tenants.firm", model=Firm, titles=Titles(_l("Firms"), _l("Firm"), _l("New register entry")), icon="building-skyscraper",
    columns=(
        Col("name", important=True, link=True, width=260), Col("credit_code", width=180), Col("state", important=True, width=120),
        Col("track", important=True, width=120), Col("carrier_id", width=180), Col("entered_on", width=110),
        Col("days_in", _l("Days in incubation"), sql=days_in, fmt="int", width=110),
        Col("term_left", _l("Days left of the term"), sql=days_left, fmt="int", width=110, tone=left_tone),
        Col("registered_on", width=110), Col("capital_amount", width=130, total="sum", hidden=True),
        Col("capital_currency", hidden=True), Col("technology_field", hidden=True), Col("industry", hidden=True),
        Col("registration_type", hidden=True), Col("firm_type", hidden=True), Col("legal_representative", hidden=True, width=110),
        Col("phone", hidden=True, width=130), Col("email", hidden=True), Col("incubating_since", hidden=True),
        Col("term_ends_on", hidden=True), Col("graduated_on", hidden=True), Col("moved_out_on", hidden=True),
        Col("taxpayer", hidden=True), Col("province", hidden=True), Col("city", hidden=True), Col("address", hidden=True),
        Col("source", hidden=True), Col("watch", hidden=True), Col("capital_text", hidden=True), Col("business_scope", hidden=True),
        Col("short_name", hidden=True), Col("name_en", hidden=True), Col("registered_in_carrier", hidden=True)),
    sections=(
        Section(_l("Registration"), ("name", Input("credit_code", max_length=30), "short_name", "name_en", "registration_type", "firm_type",
                                     "registered_on", "taxpayer", "capital_amount", "capital_currency", "capital_text",
                                     "founding_capital")),
        Section(_l("Business activity"), ("track", "technology_field", "industry", "industry_code", "products", "business_scope")),
        Section(_l("Contact"), ("legal_representative", "phone", "email", "website", "bank_name", "bank_account",
                                "province", "city", "address",
                                "registered_in_carrier")),
        Section(_l("In the park"), ("carrier_id", "entered_on", "incubating_since", "term_ends_on", "graduated_on",
                                    "moved_out_on", "was_team")),
        Section(_l("Remarks"), ("source", "watch", "note"))),
    create=f"{FIRMS}:register_firm", change=f"{FIRMS}:change_firm", remove=f"{FIRMS}:remove_firm",
    workflow="modules.tenants.states:FIRM",
    opens="incubating", views=(
        View("incubating", _l("In incubation"), (Filter("state", "eq", "incubating"),), sort="name"),
        View("teams", _l("Teams"), (Filter("state", "eq", "team"),), sort="-entered_on"),
        View("expiring", _l("Term ending"), (Filter("state", "eq", "incubating"), Filter("term_ends_on", "lte", "@today+90")),
             sort="term_ends_on"),
        View("graduated", _l("Graduated"), (Filter("state", "in", ["graduated", "accelerating"]),), sort="-graduated_on"),
        View("gone", _l("Left"), (Filter("state", "in", ["left", "dissolved"]),), sort="-moved_out_on"),
        View("register", _l("Register"), (Filter("state", "eq", "prospect"),), sort="-id"),
        View("watch", _l("Watch list"), (Filter("watch", "eq", True),), sort="name"),
        View("all", _l("All"), (), sort="-id")),
    actions=(
        Action("move", _l("Change carrier"), f"{STAGES}:move_firm", (ON, CARRIER, NOTE), guard=f"{STAGES}:why_not_move"),
        Action("propose_graduation", _l("Propose graduation"), "modules.tenants.services.graduation:propose_case",
               (ON, Input("note", "longtext", _l("Note"))), word="change", guard="modules.tenants.services.graduation:why_not_propose"),
        Action("extend", _l("Extend the term"), f"{TERMS}:request_extension",
               (Input("months", "int", _l("Months"), required=True, default=12), ON, REASON), word="change",
               guard=f"{TERMS}:why_not_extend"),
        Action("move_out", _l("Open move-out"), "modules.tenants.services.moveout:open_from_firm",
               (Input("announced_on", "date", _l("Announced on"), required=True, default=lambda s: clock.today()),
                Input("planned_on", "date", _l("Planned for")), Input("destination", "text", _l("Where to"), max_length=200), REASON),
               word="change", guard="modules.tenants.services.moveout:why_not_open"),
        Action("rename", _l("Rename"), f"{FIRMS}:rename_firm",
               (Input("name", "text", _l("New name"), required=True, max_length=200), ON), word="change"),
        Action("merge", _l("Merge a duplicate"), f"{MERGE}:start_merge",
               (Input("drop_id", "ref", _l("Record to merge into this one"), required=True, ref="tenants.firm"),), word="remove"),
        Action("undo", _l("Take the last step back"), f"{STAGES}:undo_last_stage", (REASON,), danger=True,
               guard=f"{STAGES}:why_not_undo")),
    bulk=(Action("watch", _l("Put on the watch list"), f"{FIRMS}:watch_firms", word="change"),
          Action("unwatch", _l("Take off the watch list"), f"{FIRMS}:unwatch_firms", word="change"),
          Action("move", _l("Change carrier"), f"{STAGES}:move_firms", (ON, CARRIER, NOTE))),
    tabs=(
        Tab("overview", _l("Overview"), "tenants/firm_overview.html", overview, order=5),
        Related("people", _l("People"), "tenants.firm_person", "firm_id", order=10),
        Related("stages", _l("Stage history"), "tenants.stage", "firm_id", order=15),
        Related("applications", _l("Applications"), "tenants.application", "firm_id", order=80),
        Related("cases", _l("Graduation"), "tenants.graduation_case", "firm_id", order=82),
        Related("extensions", _l("Extensions"), "tenants.term_extension", "firm_id", order=84),
        Related("moveouts", _l("Move-out"), "tenants.moveout", "firm_id", order=86),
        Related("projects", _l("Signed projects"), "tenants.signing_project", "firm_id", order=88),
        Related("names", _l("Former names"), "tenants.firm_name", "firm_id", order=90),
        Related("merges", _l("Merged records"), "tenants.firm_merge", "firm_id", order=92)),
    facts=(Fact(_l("Industry track"), track_fact), Fact(_l("Days in incubation"), term_fact), Fact(_l("Size class"), size_fact)),
    search=("name", "short_name", "credit_code", "name_en"), load=("carrier",), sort="-id", importer="tenants.firms",
    menu=("firms", 10), code_field="credit_code", report="firm-sheet")

STAGE = Resource(
    name="tenants.stage", model=Stage, titles=Titles(_l("Stage history"), _l("Stage")), icon="timeline",
    columns=(Col("firm_id", important=True, link=True, width=240), Col("state", important=True, width=130),
             Col("carrier_id", important=True, width=180), Col("starts_on", width=110), Col("ends_on", width=110),
             Col("reason", width=260)),
    sections=(Section(_l("Stage"), ("firm_id", "state", "carrier_id", "starts_on", "ends_on", "reason")),),
    views=(View("now", _l("In force"), (Filter("ends_on", "empty"),), sort="-starts_on"), View("all", _l("All"), (), sort="-starts_on")),
    search=("reason",), sort="-starts_on", menu=("firms", 40))

NAME = Resource(
    name="tenants.firm_name", model=FirmName, titles=Titles(_l("Former names"), _l("Former name")), icon="history",
    columns=(Col("name", important=True, link=True, width=260), Col("firm_id", important=True, width=260), Col("since"),
             Col("until", important=True)),
    sections=(Section(_l("Former name"), ("firm_id", "name", "since", "until")),), search=("name",), sort="-until")

MERGED = Resource(
    name="tenants.firm_merge", model=FirmMerge, titles=Titles(_l("Merged records"), _l("Merged record")), icon="git-merge",
    columns=(Col("dropped_name", important=True, link=True, width=260), Col("dropped_code", width=180),
             Col("firm_id", important=True, width=260), Col("merged_on", important=True), Col("user_name")),
    sections=(Section(_l("Merge"), ("firm_id", "dropped_name", "dropped_code", "dropped_id", "merged_on", "user_name")),),
    tabs=(Tab("values", _l("Values"), "tenants/merge_values.html", merge_values, order=10),),
    search=("dropped_name", "dropped_code"), sort="-merged_on")

DUPLICATE = Resource(
    name="tenants.duplicate_pair", model=DuplicatePair, titles=Titles(_l("Possible duplicates"), _l("Possible duplicate")),
    icon="copy-check",
    columns=(Col("firm_id", important=True, link=True, width=260), Col("other_id", important=True, width=260),
             Col("reason", important=True, width=140), Col("state", width=120), Col("found_on", width=110),
             Col("firm.credit_code", _l("Credit code"), width=180), Col("other.credit_code", _l("Other credit code"), width=180),
             Col("note", hidden=True)),
    sections=(Section(_l("Pair"), ("firm_id", "other_id", "reason", "state", "found_on", "note")),),
    views=(View("open", _l("To be checked"), (Filter("state", "eq", "open"),), sort="reason"),
           View("different", _l("Not duplicates"), (Filter("state", "eq", "different"),))),
    actions=(Action("merge", _l("Compare and merge"), f"{MERGE}:start_merge_pair", word="act", primary=True),
             Action("dismiss", _l("Not a duplicate"), f"{MERGE}:dismiss_pair",
                    (Input("note", "longtext", _l("Why these are two firms"), required=True),), word="change")),
    buttons=(ListButton(_l("Search for duplicates now"), "/tenants/duplicates/search", word="add", icon="refresh"),),
    sort="-id", load=("firm", "other"), menu=("firms", 50))

EXTENSION = Resource(
    name="tenants.term_extension", model=TermExtension, titles=Titles(_l("Extensions of the term"), _l("Extension of the term")),
    icon="calendar-plus",
    columns=(Col("firm_id", important=True, link=True, width=260), Col("months", important=True, width=90),
             Col("state", important=True, width=160), Col("requested_on"), Col("decided_on"), Col("reason", width=260)),
    sections=(Section(_l("Extension"), ("firm_id", "months", "state", "requested_on", "decided_on", "reason", "answer")),),
    views=(View("waiting", _l("Waiting for approval"), (Filter("state", "eq", "requested"),), sort="requested_on"),
           View("all", _l("All"), ())),
    sort="-requested_on", menu=("incubation", 40))

RESOURCES = [FIRM, STAGE, NAME, MERGED, DUPLICATE, EXTENSION]
