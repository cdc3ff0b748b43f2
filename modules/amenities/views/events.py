"""Screens of venues, events, registrations, notices and surveys."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.event import EventRegistration, ParkEvent
from ..models.notice import NoticeReceipt, ParkNotice, Survey, SurveyAnswer, SurveyQuestion, SurveySheet
from ..models.venue import Venue
from ..services import events, notices, surveys
from ..states_event import RATE

V, E, N, U = (f"modules.amenities.services.{n}" for n in ("venues", "events", "notices", "surveys"))


def attendance(session: Any, row: ParkEvent) -> dict[str, Any]:
    """Who came, by firm, and what they thought."""
    stars, n = events.mean_rating(session, row)
    return {"rows": events.by_firm(session, row), "stars": stars, "n": n, "event": row}


def ticket(session: Any, row: EventRegistration) -> dict[str, Any]:
    """The QR code to show at the door."""
    return {"svg": events.qr_svg(row), "row": row}


def reach(session: Any, row: ParkNotice) -> tuple[str, str | None]:
    """Firms it reaches."""
    return str(notices.recipients(session, row)), None if row.state != "draft" else "blue"


def read_fact(session: Any, row: ParkNotice) -> tuple[str, str | None]:
    """Firms that have read it."""
    return str(notices.read_count(session, row.id)), None


def result(session: Any, row: Survey) -> dict[str, Any]:
    """Answers so far."""
    return {**surveys.results(session, row), "survey": row}


RESOURCES = [
    Resource(
        "amenities.venue",
        Venue,
        Titles(_l("Venues"), _l("Venue"), _l("New venue")),
        columns=(
            Col("name", width=200, important=True, link=True),
            Col("kind", width=130, important=True),
            Col("facility.name", _l("Amenity"), 180),
            Col("seats", width=90, important=True),
            Col("area", width=100),
            Col("park_price"),
            Col("public_price"),
            Col("active", width=100),
            Col("resource_id", width=160),
            Col("code", width=100, hidden=True),
            Col("facility_id", hidden=True),
        ),
        sections=(Section(_l("Venue"), ("facility_id", "code", "name", "kind", "seats", "area", "park_price", "public_price", "active")),),
        create=f"{V}:create_venue",
        change=f"{V}:change_venue",
        load=("facility", "resource"),
        search=("name", "code"),
        sort="code",
        parent=("facility_id", "amenities.facility"),
        menu=("events", 50),
        icon="map-pin",
    ),
    Resource(
        "amenities.event",
        ParkEvent,
        Titles(_l("Park events"), _l("Park event"), _l("New event")),
        columns=(
            Col("starts_at", width=140, important=True),
            Col("title", width=300, important=True, link=True),
            Col("kind", width=110),
            Col("venue.name", _l("Venue"), 160),
            Col("place", width=160, hidden=True),
            Col("taken", width=100, important=True, total="sum"),
            Col("places", width=90, total="sum"),
            Col("state", width=100),
            Col("host", width=160, hidden=True),
            Col("venue_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Park event"),
                ("title", "kind", "venue_id", "place", "starts_at", "ends_at", "register_until", "places", "host", "description"),
            ),
        ),
        create=f"{E}:create_event",
        change=f"{E}:change_event",
        workflow="modules.amenities.states_event:EVENT",
        editable_in=("draft", "published"),
        views=(
            View("coming", _l("Coming"), (Filter("state", "in", ["draft", "published"]),), "starts_at"),
            View("held", _l("Took place"), (Filter("state", "eq", "held"),), "-starts_at"),
            View("all", _l("All"), (), "-starts_at"),
        ),
        tabs=(
            Tab("attendance", _l("Attendance by firm"), "amenities/attendance.html", attendance, order=5),
            Related("registrations", _l("Registrations"), "amenities.registration", "event_id", order=10),
        ),
        load=("venue", "booking"),
        search=("title",),
        sort="-starts_at",
        menu=("events", 10),
        icon="calendar-event",
    ),
    Resource(
        "amenities.registration",
        EventRegistration,
        Titles(_l("Registrations"), _l("Event registration"), _l("Register a person")),
        columns=(
            Col("name", width=110, important=True, link=True),
            Col("event.title", _l("Park event"), 260, True),
            Col("firm.name", _l("Firm"), 220),
            Col("phone", width=130),
            Col("state", width=100, important=True),
            Col("checked_in_at", width=140),
            Col("rating", width=80, total="avg"),
            Col("remark", width=200, hidden=True),
            Col("event_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Event registration"), ("event_id", "name", "phone", "firm_id")),
            Section(_l("How it went"), ("checked_in_at", "rating", "remark")),
        ),
        create=f"{E}:register",
        workflow="modules.amenities.states_event:REGISTRATION",
        actions=(Action("rate", _l("Give a rating"), f"{E}:rate", RATE, word="change", guard=f"{E}:why_not_rate"),),
        tabs=(Tab("ticket", _l("QR code"), "amenities/ticket.html", ticket, order=5),),
        load=("event", "firm"),
        search=("event.title", "firm.name"),
        sort="-id",
        parent=("event_id", "amenities.event"),
        icon="ticket",
    ),
    Resource(
        "amenities.notice",
        ParkNotice,
        Titles(_l("Notices to firms"), _l("Notice to firms"), _l("New notice")),
        columns=(
            Col("title", width=320, important=True, link=True),
            Col("scope", width=180),
            Col("publish_at", width=140),
            Col("expires_on", width=105),
            Col("recipients", width=100, important=True, total="sum"),
            Col("sent_at", width=140),
            Col("state", width=100, important=True),
        ),
        sections=(
            Section(_l("Notice to firms"), ("title", "body", "scope", "carrier_id", "track", "facility_id", "publish_at", "expires_on")),
        ),
        create=f"{N}:create_notice",
        change=f"{N}:change_notice",
        workflow="modules.amenities.states_notice:NOTICE",
        editable_in=("draft",),
        views=(
            View("open", _l("To be sent"), (Filter("state", "in", ["draft", "scheduled"]),), "publish_at"),
            View("published", _l("Published"), (Filter("state", "eq", "published"),), "-sent_at"),
            View("all", _l("All"), (), "-id"),
        ),
        tabs=(Related("receipts", _l("Read receipts"), "amenities.notice_receipt", "notice_id", order=5),),
        facts=(Fact(_l("Recipients"), reach), Fact(_l("Have read it"), read_fact)),
        load=("carrier", "facility"),
        search=("title",),
        sort="-id",
        menu=("events", 20),
        icon="speakerphone",
    ),
    Resource(
        "amenities.notice_receipt",
        NoticeReceipt,
        Titles(_l("Read receipts"), _l("Read receipt")),
        columns=(
            Col("firm.name", _l("Firm"), 280, True, link=True),
            Col("notice.title", _l("Park notice"), 280, True),
            Col("read_at", width=150, important=True),
            Col("read_by", width=120),
            Col("notice_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Read receipt"), ("notice_id", "firm_id", "read_at", "read_by")),),
        actions=(
            Action(
                "read",
                _l("Mark as read"),
                f"{N}:mark_read",
                (Input("by", "text", _l("Read by whom"), required=True, max_length=80),),
                word="change",
            ),
        ),
        load=("notice", "firm"),
        sort="id",
        icon="mail-opened",
    ),
    Resource(
        "amenities.survey",
        Survey,
        Titles(_l("Satisfaction surveys"), _l("Satisfaction survey"), _l("New survey")),
        columns=(
            Col("title", width=300, important=True, link=True),
            Col("facility.name", _l("About"), 200),
            Col("opens_on", width=105, important=True),
            Col("closes_on", width=105),
            Col("state", width=130, important=True),
            Col("facility_id", hidden=True),
        ),
        sections=(Section(_l("Satisfaction survey"), ("title", "facility_id", "opens_on", "closes_on")),),
        create=f"{U}:create_survey",
        change=f"{U}:change_survey",
        workflow="modules.amenities.states_notice:SURVEY",
        editable_in=("draft", "open"),
        tabs=(
            Tab("results", _l("Survey results"), "amenities/results.html", result, order=5),
            Related("questions", _l("Questions"), "amenities.survey_question", "survey_id", order=10),
            Related("sheets", _l("Answers of people"), "amenities.survey_sheet", "survey_id", order=20),
        ),
        load=("facility",),
        search=("title",),
        sort="-id",
        menu=("events", 30),
        icon="mood-smile",
    ),
    Resource(
        "amenities.survey_question",
        SurveyQuestion,
        Titles(_l("Questions"), _l("Survey question"), _l("Add a question")),
        columns=(
            Col("position", width=70, important=True),
            Col("text", width=360, important=True, link=True),
            Col("kind", width=140, important=True),
            Col("needed", width=110),
            Col("survey_id", hidden=True),
        ),
        sections=(Section(_l("Survey question"), ("survey_id", "position", "text", "kind", "choices", "needed")),),
        create=f"{U}:create_question",
        change=f"{U}:change_question",
        remove=f"{U}:remove_question",
        load=("survey",),
        sort="position",
        parent=("survey_id", "amenities.survey"),
        icon="help-circle",
    ),
    Resource(
        "amenities.survey_sheet",
        SurveySheet,
        Titles(_l("Answers of people"), _l("Answers of a person")),
        columns=(
            Col("answered_at", width=150, important=True, link=True),
            Col("firm.name", _l("Firm"), 260, True),
            Col("survey.title", _l("Survey"), 260, True),
            Col("survey_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Answers of a person"), ("survey_id", "firm_id", "answered_at")),),
        tabs=(Related("answers", _l("Survey answers"), "amenities.survey_answer", "sheet_id", order=5),),
        load=("survey", "firm"),
        sort="-id",
        icon="checklist",
    ),
    Resource(
        "amenities.survey_answer",
        SurveyAnswer,
        Titles(_l("Survey answers"), _l("Survey answer")),
        columns=(
            Col("question.text", _l("Survey question"), 320, True, link=True),
            Col("score", width=80, important=True),
            Col("text", width=300, important=True),
            Col("sheet_id", hidden=True),
        ),
        sections=(Section(_l("Survey answer"), ("sheet_id", "question_id", "score", "text")),),
        load=("sheet", "question"),
        sort="id",
        icon="message",
    ),
]

slots.tab("tenants.firm", Related("event_visits", _l("Events visited"), "amenities.registration", "firm_id", order=84))
slots.tab("tenants.firm", Related("notices", _l("Notices"), "amenities.notice_receipt", "firm_id", order=85))
slots.tile(
    Tile(
        "amenities.events",
        _l("Coming events"),
        "amenities.event",
        "coming",
        ("operations_clerk", "operations_manager"),
        ("title", "starts_at", "taken"),
        72,
    )
)
