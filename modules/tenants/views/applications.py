"""Intake: leads, applications with documents and review, decision minutes, checklist templates."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.i18n import _l
from parkops.rules import engine
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.application import (
    DECISIONS,
    Application,
    ApplicationDocument,
    DecisionMinute,
    Lead,
    Reviewer,
    ReviewScore,
)
from ..models.checklist import ChecklistItem
from ..services import applications, reviews
from ..services.reviews import average_score

LEADS, SERVICES = "modules.tenants.services.leads", "modules.tenants.services.applications"
CHECKLISTS, REVIEWS = "modules.tenants.services.checklists", "modules.tenants.services.reviews"
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())


def eligibility(session: Any, application: Application) -> dict[str, Any]:
    """The entry conditions today, and what was stored with earlier steps."""
    return {"outcome": applications.examine_application(session, application, on=clock.today()),
            "decisions": engine.decisions_of(session, application), "application": application}


def review(session: Any, application: Application) -> dict[str, Any]:
    """Reviewers with their sheets, the mean, and whether the reader may score."""
    rows = list(session.scalars(select(Reviewer).where(Reviewer.application_id == application.id).order_by(Reviewer.id)))
    scores = session.scalars(select(ReviewScore).where(ReviewScore.reviewer_id.in_([r.id for r in rows])))
    sheet = {(s.reviewer_id, s.item_id): s.score for s in scores}
    mean, done, total = average_score(session, application)
    return {"application": application, "reviewers": rows, "criteria": reviews.criteria(session, application.park_id),
            "sheet": sheet, "mean": mean, "done": done, "total": total, "minute": reviews.minute_of(session, application),
            "why_not_score": reviews.why_not_score(session, application)}


def score_fact(session: Any, application: Application) -> tuple[Any, str | None]:
    """Mean score and how many sheets are in."""
    mean, done, total = average_score(session, application)
    return (f"{mean} ({done}/{total})" if mean is not None else f"{done}/{total}" if total else "", None)


LEAD = Resource(
    name="tenants.lead", model=Lead, titles=Titles(_l("Leads"), _l("Lead"), _l("New lead")), icon="user-search",
    columns=(Col("name", important=True, link=True, width=240), Col("state", important=True, width=110), Col("track", width=120),
             Col("source", width=130), Col("contact_name", width=100), Col("phone", width=130),
             Col("next_on", important=True, width=120), Col("owner_id", width=110), Col("found_on", width=110),
             Col("area_wanted", hidden=True, total="sum"), Col("project", hidden=True), Col("credit_code", hidden=True),
             Col("firm_id", hidden=True), Col("lost_reason", hidden=True)),
    sections=(Section(_l("Lead"), ("name", "credit_code", "track", "project", "area_wanted", "source")),
              Section(_l("Contact"), ("contact_name", "phone")),
              Section(_l("Follow-up"), ("found_on", "next_on", Input("owner_id", "ref", _l("Owner"), ref="core.user"), "firm_id",
                                        "lost_reason", "note"))),
    create=f"{LEADS}:add_lead", change=f"{LEADS}:change_lead", remove=f"{LEADS}:remove_lead", workflow="modules.tenants.states:LEAD",
    views=(View("due", _l("Follow-up due"), (Filter("next_on", "lte", "@today"), Filter("state", "in", [
               "new", "contacted", "visited", "negotiating"])), sort="next_on"),
           View("mine", _l("My leads"), (Filter("owner_id", "eq", "@me"), Filter("state", "in", [
               "new", "contacted", "visited", "negotiating"])), sort="next_on"),
           View("open", _l("Under way"), (Filter("state", "in", ["new", "contacted", "visited", "negotiating"]),), sort="next_on"),
           View("all", _l("All"), ())),
    tabs=(Related("applications", _l("Applications"), "tenants.application", "lead_id", order=10),),
    search=("name", "project", "credit_code"), sort="-id", load=("firm", "owner"), menu=("intake", 10))

APPLICATION = Resource(
    name="tenants.application", model=Application, titles=Titles(_l("Applications"), _l("Application"), _l("New application")),
    icon="file-text",
    columns=(Col("number", link=True, width=130), Col("name", important=True, width=240), Col("state", important=True, width=120),
             Col("kind", width=90), Col("track", important=True, width=120), Col("project", width=220), Col("applied_on", width=110),
             Col("area_wanted", width=110, total="sum"), Col("investment", width=130, total="sum"), Col("carrier_id", width=160),
             Col("decided_on", hidden=True), Col("admitted_on", hidden=True), Col("credit_code", hidden=True),
             Col("firm_id", hidden=True), Col("submitted_on", hidden=True), Col("created_by_id", hidden=True),
             Col("contact_name", hidden=True), Col("phone", hidden=True), Col("lead_id", hidden=True)),
    sections=(Section(_l("Applicant"), ("name", "kind", "credit_code", "registered_on", "industry", "contact_name", "phone",
                                        "firm_id", "lead_id")),
              Section(_l("Project"), ("track", "project", "summary", "applied_on", "carrier_id", "area_wanted", "investment")),
              Section(_l("Facts for the entry conditions"), (
                  "team_size", "rd_people", "ip_count", "revenue_last_year", "funds_committed", "in_catalogue",
                  "environment_cleared", "safety_cleared", "licence_cleared")),
              Section(_l("Progress"), ("submitted_on", "decided_on", "admitted_on", "created_by_id", "note"))),
    create=f"{SERVICES}:add_application", change=f"{SERVICES}:change_application", workflow="modules.tenants.states:APPLICATION",
    views=(View("waiting", _l("Waiting for review"), (Filter("state", "in", ["submitted", "reviewing"]),), sort="applied_on"),
           View("drafts", _l("Drafts and returned"), (Filter("state", "in", ["draft", "returned"]),), sort="applied_on"),
           View("approved", _l("To be admitted"), (Filter("state", "eq", "approved"),), sort="decided_on"),
           View("closed", _l("Closed"), (Filter("state", "in", ["admitted", "rejected", "withdrawn"]),), sort="-decided_on"),
           View("all", _l("All"), ())),
    actions=(
        Action("conflict", _l("Declare an interest"), f"{REVIEWS}:declare_conflict",
               (Input("reason", "text", _l("What the interest is"), required=True, max_length=300),), word="read",
               guard=f"{REVIEWS}:why_not_score"),
        Action("minute", _l("Record the minute"), f"{REVIEWS}:record_minute", (
            Input("held_on", "date", _l("Held on"), required=True, default=lambda s: clock.today()),
            Input("chair", "text", _l("Chair"), required=True, max_length=80),
            Input("attendance", "longtext", _l("Attendance"), required=True),
            Input("decision", "choice", _l("Decision"), required=True, choices=DECISIONS),
            Input("text", "longtext", _l("Minute"), required=True)), guard=f"{REVIEWS}:why_not_minute")),
    tabs=(Tab("eligibility", _l("Entry conditions"), "tenants/application_eligibility.html", eligibility, order=5),
          Related("documents", _l("Documents"), "tenants.application_document", "application_id", order=10),
          Tab("review", _l("Review"), "tenants/application_review.html", review, order=15),
          Related("minutes", _l("Decision minutes"), "tenants.decision_minute", "application_id", order=20)),
    facts=(Fact(_l("Mean score"), score_fact),),
    search=("number", "name", "project", "credit_code"), sort="-id", load=("firm", "carrier"), menu=("intake", 20), code_field="number")

DOCUMENT = Resource(
    name="tenants.application_document", model=ApplicationDocument, titles=Titles(_l("Application documents"), _l("Application document")),
    icon="checklist",
    columns=(Col("item_id", important=True, link=True, width=260), Col("state", important=True, width=110),
             Col("required", width=90), Col("received_on", width=110), Col("application_id", important=True, width=240), Col("note")),
    sections=(Section(_l("Document"), ("application_id", "item_id", "required", "state", "received_on", "note")),),
    actions=(Action("receive", _l("Received"), f"{SERVICES}:receive_document", (TODAY, Input("note", "text", _l("Note"), max_length=200)),
                    word="change", primary=True),
             Action("waive", _l("Not needed"), f"{SERVICES}:waive_document",
                    (Input("note", "text", _l("Why"), required=True, max_length=200),), word="act")),
    bulk=(Action("receive", _l("Received"), f"{SERVICES}:receive_documents", (TODAY,), word="change"),),
    views=(View("missing", _l("Missing"), (Filter("state", "eq", "missing"), Filter("required", "eq", True))), View("all", _l("All"), ())),
    sort="id", load=("item", "application"), menu=("intake", 30))

MINUTE = Resource(
    name="tenants.decision_minute", model=DecisionMinute, titles=Titles(_l("Decision minutes"), _l("Decision minute")), icon="notes",
    columns=(Col("application_id", important=True, link=True, width=260), Col("held_on", important=True, width=110),
             Col("decision", important=True, width=110), Col("chair", width=110), Col("text", width=360)),
    sections=(Section(_l("Minute"), ("application_id", "held_on", "chair", "attendance", "decision", "text")),),
    search=("text", "chair"), sort="-held_on", load=("application",), menu=("intake", 40))

CHECKLIST = Resource(
    name="tenants.checklist_item", model=ChecklistItem, titles=Titles(_l("Checklists"), _l("Checklist line"), _l("New checklist line")),
    icon="list-check",
    columns=(Col("title", important=True, link=True, width=240), Col("kind", important=True, width=150), Col("code", width=140),
             Col("applies_to", width=110), Col("track", width=120), Col("required", width=90), Col("weight", important=True, width=100),
             Col("position", width=90), Col("is_active", width=90), Col("title_en", hidden=True)),
    sections=(Section(_l("Line"), ("kind", "code", "title", "title_en", "applies_to", "track", "required", "weight", "position",
                                   "is_active")),),
    create=f"{CHECKLISTS}:add_item", change=f"{CHECKLISTS}:change_item", remove=f"{CHECKLISTS}:remove_item",
    views=(View("document", _l("Application documents"), (Filter("kind", "eq", "document"),), sort="position"),
           View("criterion", _l("Review criteria"), (Filter("kind", "eq", "criterion"),), sort="position"),
           View("moveout", _l("Move-out"), (Filter("kind", "eq", "moveout"),), sort="position")),
    search=("title", "code"), sort="position", menu=("setup", 10))

UNLISTED = {"tenants.reviewer": _l("Reviewer"), "tenants.review_score": _l("Score of a reviewer")}
RESOURCES = [LEAD, APPLICATION, DOCUMENT, MINUTE, CHECKLIST]
