"""Screens of tickets, cases, their checklist, notices, commitments and hands; the tab on the firm, the cards on the homes."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _, _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.case import MATERIAL_STATES, CaseCommitment, CaseMaterial, CaseNotice, CaseTransfer, ServiceCase
from ..models.queue import QueueTicket
from ..services import cases, tolerance
from ..services.calendar import calendar_of
from ..states import OPEN, TICKING
from . import _ratings

C, Q, T, X, P, HA, RA = (
    f"modules.services.services.{n}" for n in ("cases", "queue", "tolerance", "closing", "partners", "hands", "ratings")
)
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())
WAY = Filter("state", "in", list(OPEN))
CLOCK = Filter("state", "in", list(TICKING))


def checklist(session: Any, case: ServiceCase) -> dict[str, Any]:
    """The checklist with what is missing, the notice, the commitment, days left."""
    return {
        "case": case,
        "rows": cases.checklist(session, case),
        "states": MATERIAL_STATES,
        "notice": cases.notice_of(session, case),
        "promise": tolerance.of_case(session, case),
        "open": case.state in cases.CHECKABLE,
        "latest": cases.latest_notice(session, case),
    }


def due_fact(session: Any, case: ServiceCase) -> tuple[str, str | None]:
    """Working days left to the promised day, or how late it is."""
    if case.completed_on is not None:
        return f"{case.promised_due}", "green" if case.in_time else "red"
    today = clock.today()
    if case.state == "supplement":
        return _("counted anew when supplied"), "amber"
    if case.state not in OPEN:
        return "—", None
    calendar = calendar_of(session, case.park_id)
    if today > case.promised_due:
        return _("%(day)s, %(n)s days late", day=case.promised_due, n=calendar.between(case.promised_due, today)), "red"
    return _("%(day)s, %(n)s days left", day=case.promised_due, n=calendar.between(today, case.promised_due)), None


def late(model: Any, context: Any) -> Any:
    """Past the promised day without a result."""
    return model.state.in_(TICKING) & (model.promised_due < context.today)


TICKET = Resource(
    "services.ticket",
    QueueTicket,
    Titles(_l("Queue numbers"), _l("Queue ticket"), _l("New ticket")),
    columns=(
        Col("day", width=110, important=True),
        Col("number", width=90, important=True, link=True),
        Col("item_class", width=150),
        Col("state", width=120, important=True),
        Col("hall_id", width=180),
        Col("window_id", width=130),
        Col("taken_at", width=150),
        Col("called_at", width=150),
        Col("waited", width=110, total="avg"),
        Col("calls", width=80),
        Col("officer_id", width=120),
    ),
    sections=(
        Section(
            _l("Queue ticket"),
            (
                "hall_id",
                "day",
                "number",
                "item_class",
                "taken_at",
                "called_at",
                "serving_at",
                "ended_at",
                "waited",
                "calls",
                "window_id",
                "officer_id",
            ),
        ),
    ),
    workflow="modules.services.states:TICKET",
    actions=(Action("recall", _l("Call again"), f"{Q}:recall"),),
    views=(
        View("today", _l("Today"), (Filter("day", "eq", "@today"),), "-number"),
        View("waiting", _l("In the hall"), (Filter("day", "eq", "@today"), Filter("state", "eq", "waiting")), "number"),
        View("all", _l("All"), (), "-id"),
    ),
    load=("hall", "window", "officer"),
    sort="-id",
    menu=("hall", 60),
    icon="ticket",
)
CASE = Resource(
    "services.case",
    ServiceCase,
    Titles(_l("Cases"), _l("Hall case"), _l("New case")),
    columns=(
        Col("number", width=140, important=True, link=True),
        Col("applicant", width=230, important=True),
        Col("item_id", width=230),
        Col("state", width=130, important=True),
        Col("received_on", width=105),
        Col("promised_due", width=105),
        Col("channel", width=110),
        Col("officer_id", width=110),
        Col("waited", width=100, total="avg"),
        Col("result", width=100),
        Col("completed_on", width=105),
        Col("in_time", width=80),
        Col("spot", width=90),
        Col("stars", width=70, total="avg"),
        Col("late", _l("Late"), 80, sql=late, fmt="bool", hidden=True),
        Col("hall_id", hidden=True),
        Col("firm_id", hidden=True),
        Col("first_officer_id", hidden=True),
        Col("credit_code", hidden=True),
        Col("statutory_due", hidden=True),
        Col("deemed", hidden=True),
        Col("restarts", hidden=True),
        Col("partner_id", hidden=True),
        Col("incoming", hidden=True),
        Col("foreign_number", hidden=True),
        Col("delivery", hidden=True),
        Col("tracking_no", hidden=True),
        Col("delivered_on", hidden=True),
        Col("device", hidden=True),
        Col("batch", hidden=True),
        Col("ticket_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Hall case"),
            (
                "hall_id",
                "item_id",
                "channel",
                "firm_id",
                Input("applicant", "text", _l("Applicant of the case"), help=_l("Empty: the firm's name"), max_length=200),
                "credit_code",
                "contact",
                "phone",
                "post_address",
                "ticket_id",
                "partner_id",
                "device",
                "note",
            ),
        ),
        Section(
            _l("Limits"),
            (
                "received_at",
                "clock_from",
                "restarts",
                "accepted_on",
                "deemed",
                "promised_days",
                "promised_due",
                "statutory_due",
                "deferred_days",
            ),
        ),
        Section(
            _l("Result"),
            ("result", "completed_on", "result_text", "spot", "in_time", "delivery", "carrier", "tracking_no", "delivered_on", "stars"),
        ),
        Section(_l("Who has it"), ("first_officer_id", "officer_id", "waited", "incoming", "foreign_number", "batch")),
    ),
    create=f"{C}:create_case",
    change=f"{C}:change_case",
    workflow="modules.services.states:CASE",
    editable_in=OPEN,
    actions=(
        Action(
            "sign",
            _l("Commitment signed"),
            f"{T}:sign_commitment",
            (Input("signed_by", "text", _l("Signed by"), required=True, max_length=80), TODAY),
            word="change",
            guard=f"{T}:why_not_sign",
        ),
        Action(
            "transfer",
            _l("Pass on"),
            f"{HA}:transfer_case",
            (
                Input("to_id", "ref", _l("Officer"), ref="core.user"),
                Input("to_text", "text", _l("To an office outside"), max_length=160),
                Input("reason", "text", _l("Reason"), required=True, max_length=300),
                TODAY,
            ),
            word="change",
            guard=f"{HA}:why_not_transfer",
        ),
        Action(
            "defer",
            _l("Ask for a deferral"),
            f"{X}:ask_deferral",
            (Input("days", "int", _l("Working days"), required=True, default=10), Input("reason", "longtext", _l("Reason"), required=True)),
            word="change",
            guard=f"{X}:why_not_defer",
        ),
        Action(
            "partner",
            _l("Choose the partner hall"),
            f"{P}:choose_partner",
            (Input("partner_id", "ref", _l("Partner hall"), ref="services.partner", required=True),),
            word="change",
            guard=f"{P}:why_not_choose",
        ),
        Action(
            "rate",
            _l("Enter the client's rating"),
            f"{RA}:rate_by_staff",
            _ratings.RATE_INPUTS,
            word="change",
            guard=f"{RA}:why_not_rate",
        ),
    ),
    tabs=(
        Tab("checklist", _l("Checklist"), "services/checklist.html", checklist, order=1),
        Tab("rating", _l("Client rating"), "services/rating.html", _ratings.rating_data, order=5),
        Related("hands", _l("Hands"), "services.transfer", "case_id", order=20),
        Related("commitment", _l("Tolerance"), "services.commitment", "case_id", order=30),
        Related("demands", _l("Demands"), "services.demand", "case_id", order=40),
        Related("checks", _l("Quality checks"), "services.quality_check", "case_id", order=50),
        Related("messages", _l("Messages"), "services.partner_message", "case_id", order=60),
    ),
    facts=(
        Fact(_l("Promised for"), due_fact),
        Fact(_l("First asked"), lambda s, o: (str(o.first_officer or "—"), None)),
        Fact(_l("Stars"), lambda s, o: ("★" * o.stars if o.stars else "—", "red" if o.stars and o.stars < 3 else None)),
    ),
    opens="open",
    views=(
        View("open", _l("Under way"), (WAY,), "promised_due"),
        View("late", _l("Late"), (CLOCK, Filter("promised_due", "lte", "@today-1")), "promised_due"),
        View("due", _l("Due by tomorrow"), (CLOCK, Filter("promised_due", "lte", "@today+1")), "promised_due"),
        View("supplement", _l("Waiting for materials"), (Filter("state", "eq", "supplement"),), "received_on"),
        View("handover", _l("Result ready"), (Filter("state", "eq", "completed"),), "completed_on"),
        View("partner", _l("Cross-district"), (Filter("channel", "eq", "cross"),), "-received_on"),
        View("mine", _l("My cases"), (WAY, Filter("officer_id", "eq", "@me")), "promised_due"),
        View("all", _l("All"), (), "-id"),
    ),
    load=("hall", "item", "firm", "ticket", "partner", "first_officer", "officer"),
    search=("number", "applicant"),
    sort="-id",
    importer="services.cases",
    parent=("firm_id", "tenants.firm"),
    menu=("hall", 20),
    icon="folder",
    code_field="number",
)
RESOURCES = [
    TICKET,
    CASE,
    Resource(
        "services.case_material",
        CaseMaterial,
        Titles(_l("Checklist lines"), _l("Checklist line")),
        columns=(
            Col("case_id", width=140, important=True),
            Col("position", width=70),
            Col("name", width=300, important=True, link=True),
            Col("state", width=140, important=True),
            Col("tolerable", width=110),
            Col("supplied_on", width=110),
        ),
        sections=(Section(_l("Checklist line"), ("case_id", "position", "name", "state", "tolerable", "supplied_on")),),
        load=("case",),
        search=("name",),
        sort="-id",
        icon="checklist",
    ),
    Resource(
        "services.case_notice",
        CaseNotice,
        Titles(_l("One-time notices"), _l("One-time notice")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("case_id", width=140, important=True),
            Col("given_on", width=110, important=True),
            Col("latest_on", width=110),
            Col("given_by", width=120),
        ),
        sections=(Section(_l("One-time notice"), ("number", "case_id", "given_on", "given_at", "latest_on", "given_by")),),
        load=("case",),
        search=("number",),
        sort="-id",
        menu=("hall", 80),
        icon="file-alert",
    ),
    Resource(
        "services.commitment",
        CaseCommitment,
        Titles(_l("Tolerance commitments"), _l("Tolerance commitment")),
        columns=(
            Col("case_id", width=140, important=True, link=True),
            Col("due_on", width=110, important=True),
            Col("state", width=120, important=True),
            Col("signed_by", width=120),
            Col("signed_on", width=110),
            Col("ended_on", width=110),
        ),
        sections=(Section(_l("Tolerance commitment"), ("case_id", "signed_by", "signed_on", "due_on", "ended_on")),),
        workflow="modules.services.states_quality:COMMITMENT",
        views=(
            View("open", _l("To be supplied"), (Filter("state", "eq", "open"),), "due_on"),
            View("overdue", _l("Overdue"), (Filter("state", "eq", "overdue"),), "-due_on"),
            View("all", _l("All"), (), "-id"),
        ),
        load=("case",),
        sort="-id",
        menu=("hall", 70),
        icon="writing-sign",
    ),
    Resource(
        "services.transfer",
        CaseTransfer,
        Titles(_l("First-asked register"), _l("Hand-over")),
        columns=(
            Col("on_date", width=110, important=True, link=True),
            Col("case_id", width=140, important=True),
            Col("case.first_officer.name", _l("First asked"), 120),
            Col("from_id", width=120),
            Col("to_id", width=120, important=True),
            Col("to_text", width=160),
            Col("reason", width=260),
        ),
        sections=(Section(_l("Hand-over"), ("case_id", "on_date", "at", "from_id", "to_id", "to_text", "reason")),),
        load=("case", "sender", "receiver"),
        search=("reason",),
        sort="-id",
        menu=("hall", 90),
        icon="arrows-exchange",
    ),
]


def firm_cases(session: Any, firm: Any) -> tuple[str, str | None]:
    """Open cases of a firm."""
    n = cases.open_of_firm(session, firm.id)
    return str(n), "blue" if n else None


slots.tab("tenants.firm", Related("hall_cases", _l("Cases"), "services.case", "firm_id", order=78))
slots.tab("tenants.firm", Related("demands", _l("Demands"), "services.demand", "firm_id", order=79))
slots.fact("tenants.firm", Fact(_l("Open cases"), firm_cases))
CLERK, MANAGER, LEADERSHIP = "operations_clerk", "operations_manager", "leadership"
for _tile in (
    Tile("services.mine", _l("My cases"), "services.case", "mine", (CLERK,), ("applicant", "promised_due"), 70),
    Tile(
        "services.late", _l("Cases late"), "services.case", "late", (CLERK, MANAGER, LEADERSHIP), ("applicant", "promised_due"), 71, "red"
    ),
    Tile(
        "services.handover", _l("Results to hand over"), "services.case", "handover", (CLERK,), ("applicant", "completed_on"), 72, "green"
    ),
    Tile(
        "services.commitments",
        _l("Materials still promised"),
        "services.commitment",
        "open",
        (CLERK, MANAGER),
        ("case_id", "due_on"),
        73,
        "amber",
    ),
):
    slots.tile(_tile)
