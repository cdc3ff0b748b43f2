"""Screens of saved and kept reports; the pages are in `report_pages.py`."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.report_made import ReportMade, ReportRun
from ..models.report_plan import ReportPlan, ReportReader
from ..services.report_plans import REPORT_NAMES, report_choices
from . import _reports

P = "modules.ratings.services.report_plans"
R = "modules.ratings.services.report_readers"

PLAN = Resource(
    "ratings.report_plan",
    ReportPlan,
    Titles(_l("Saved reports"), _l("Saved report"), _l("New saved report")),
    columns=(
        Col("name", width=260, important=True, link=True),
        Col("report", width=160, fmt="choice", choices=REPORT_NAMES),
        Col("carrier.name", _l("Carrier"), 200),
        Col("period_rule", width=170, important=True),
        Col("every", width=110, important=True),
        Col("after_days", width=80),
        Col("language", width=90),
        Col("as_pdf", width=70),
        Col("as_xlsx", width=70),
        Col("is_on", width=90),
    ),
    sections=(
        Section(
            _l("Report"),
            (
                "name", Input("report", "choice", _l("Report"), required=True, choices=report_choices), "carrier_id", "period_rule",
                "language", "as_pdf", "as_xlsx",
            ),
        ),
        Section(_l("Dates"), ("every", "after_days", "starts_on", "is_on")),
    ),
    create=f"{P}:create_plan",
    change=f"{P}:change_plan",
    remove=f"{P}:remove_plan",
    tabs=(
        Tab("make", _l("Make it"), "ratings/report_make.html", _reports.plan_data, order=1),
        Related("made", _l("Kept reports"), "ratings.report_made", "plan_id", order=2),
        Related("readers", _l("Receivers"), "ratings.report_reader", "plan_id", order=3),
    ),
    views=(
        View("on", _l("In use"), (Filter("is_on", "eq", True),), "name"),
        View("dated", _l("With dates"), (Filter("every", "ne", "none"), Filter("is_on", "eq", True)), "name"),
        View("all", _l("All"), ()),
    ),
    load=("carrier",),
    search=("name", "report"),
    sort="name",
    menu=("reports", 20),
    icon="calendar-repeat",
)  # fmt: skip
READER = Resource(
    "ratings.report_reader",
    ReportReader,
    Titles(_l("Receivers of reports"), _l("Receiver of a report"), _l("New receiver")),
    columns=(Col("plan.name", _l("Saved report"), 260, True), Col("user.name", _l("Receiver"), 180, True, link=True)),
    sections=(Section(_l("Receiver of a report"), ("plan_id", Input("user_id", "ref", _l("Receiver"), required=True, ref="core.user"))),),
    create=f"{R}:create_reader",
    remove=f"{R}:remove_reader",
    load=("plan", "user"),
    parent=("plan_id", "ratings.report_plan"),
    icon="mail",
)
MADE = Resource(
    "ratings.report_made",
    ReportMade,
    Titles(_l("Kept reports"), _l("Kept report")),
    columns=(
        Col("as_of", width=150, important=True, link=True),
        Col("name", width=260, important=True),
        Col("period_key", width=90, important=True),
        Col("report", width=150, fmt="choice", choices=REPORT_NAMES),
        Col("carrier.name", _l("Carrier"), 200, hidden=True),
        Col("language", width=90),
        Col("made_by", width=110),
        Col("due_on", width=105),
        Col("figure_count", width=90),
        Col("figures_sha256", width=200),
    ),
    sections=(
        Section(
            _l("Kept report"),
            (
                "name", Input("report", "choice", choices=REPORT_NAMES), "carrier_id", "period_key", "as_of", "counted_on", "due_on",
                "language", "made_by", "figure_count",
            ),
        ),
        Section(_l("Hashes"), ("figures_sha256", "pdf_sha256", "xlsx_sha256")),
    ),
    tabs=(Tab("shown", _l("Report as made"), "ratings/report_made.html", _reports.made_data, order=1),),
    views=(View("all", _l("All"), (), "-as_of"), View("dated", _l("On their dates"), (Filter("due_on", "notempty"),), "-as_of")),
    load=("carrier", "plan"),
    search=("name", "period_key", "report"),
    sort="-as_of",
    parent=("plan_id", "ratings.report_plan"),
    menu=("reports", 30),
    icon="archive",
)
RUN = Resource(
    "ratings.report_run",
    ReportRun,
    Titles(_l("Makings of reports"), _l("Making of a report")),
    columns=(
        Col("created_at", _l("Asked for at"), 150, True, link=True),
        Col("plan.name", _l("Saved report"), 240, True),
        Col("period_key", width=90),
        Col("state", width=110, important=True),
        Col("asked_by", width=120),
        Col("message", width=320),
    ),
    sections=(Section(_l("Making of a report"), ("plan_id", "period_key", "state", "step", "steps", "asked_by", "message", "made_id")),),
    views=(View("all", _l("All"), ()), View("failed", _l("Not made"), (Filter("state", "eq", "failed"),))),
    load=("plan", "made"),
    parent=("plan_id", "ratings.report_plan"),
    icon="progress",
)
RESOURCES = [PLAN, READER, MADE, RUN]

slots.tile(Tile("ratings.kept_reports", _l("Kept reports"), "ratings.report_made", "all", ("leadership",), ("name", "period_key"), 64))
slots.tile(
    Tile(
        "ratings.failed_reports",
        _l("Reports not made"),
        "ratings.report_run",
        "failed",
        ("operations_manager",),
        ("plan.name", "message"),
        65,
        "red",
    )
)
