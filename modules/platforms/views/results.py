"""Screens of results, the benefit evaluation of instruments and maintenance."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.maintenance import WORK_KINDS, MaintenancePlan, MaintenanceWork
from ..models.result import GRADES, InstrumentYear, PlatformResult
from ..services import evaluations

R = "modules.platforms.services.results"
E = "modules.platforms.services.evaluations"
M = "modules.platforms.services.maintenance"
ON = Input("on", "date", _l("Date"), required=True)
TITLES = {
    "EQ-1": _l("Machine hours"),
    "EQ-2": _l("Training of people"),
    "EQ-3": _l("Results of research"),
    "EQ-4": _l("Service income"),
    "EQ-5": _l("Functions used and developed"),
}
COMPARED = {"hours": _l("Effective hours"), "outside_hours": _l("Hours of outside users"), "share_rate": _l("Share rate")}


def evaluation_tab(session: Any, row: InstrumentYear) -> dict[str, Any]:
    """The five dimensions, what is missing, and the sharing metrics."""
    made, counted = evaluations.verdict(session, row)
    last = date(row.year, 12, 31)
    labels = {n: InstrumentYear.__table__.c[n].info["label"] for n in evaluations.REPORTED}
    return {
        "verdict": made,
        "counted": counted,
        "titles": TITLES,
        "labels": labels,
        "grades": GRADES,
        "sharing": evaluations.sharing(session, row),
        "weights": evaluations.weights(session, last),
        "national": evaluations.beside_national(session, row),
        "benchmark": evaluations.benchmark(session, last),
        "metrics": COMPARED,
        "rated": row.instrument.rated_hours,
    }


RESULT = Resource(
    "platforms.result",
    PlatformResult,
    Titles(_l("Results of the platforms"), _l("Result of a platform"), _l("Record a result")),
    columns=(
        Col("on_date", width=105, important=True),
        Col("kind", width=130),
        Col("title", width=280, important=True, link=True),
        Col("reference", width=170),
        Col("platform.name", _l("Platform"), 220),
        Col("firm.name", _l("Firm"), 220),
        Col("amount", total="sum"),
        Col("state", width=110, important=True),
        Col("platform_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Result of a platform"),
            ("platform_id", "kind", "title", "reference", "on_date", "firm_id", "instrument_id", "amount", "note"),
        ),
    ),
    create=f"{R}:record_result",
    change=f"{R}:change_result",
    remove=f"{R}:remove_result",
    views=(
        View("recorded", _l("To be confirmed"), (Filter("state", "eq", "recorded"),), "on_date"),
        View("patents", _l("Patents"), (Filter("kind", "eq", "patent"), Filter("state", "eq", "confirmed"))),
        View("transfers", _l("Results transferred"), (Filter("kind", "eq", "transfer"), Filter("state", "eq", "confirmed"))),
        View("all", _l("All"), ()),
    ),
    actions=(
        Action("confirm", _l("Confirm"), f"{R}:confirm_result", (ON,), guard=f"{R}:why_not_confirm", primary=True),
        Action("refuse", _l("Refuse"), f"{R}:refuse_result", (Input("reason", "longtext", _l("Reason"), required=True),), danger=True),
    ),
    load=("platform", "firm", "instrument"),
    search=("title", "reference", "firm.name"),
    sort="-on_date",
    parent=("platform_id", "platforms.platform"),
    menu=("operators", 30),
    icon="award",
    code_field="reference",
)

YEAR = Resource(
    "platforms.instrument_year",
    InstrumentYear,
    Titles(_l("Evaluation of instruments"), _l("Evaluation of an instrument"), _l("Report a year")),
    columns=(
        Col("year", width=80, important=True),
        Col("instrument.name", _l("Instrument"), 260, True, link=True),
        Col("score", width=100, important=True),
        Col("grade", width=120),
        Col("evaluated_on", width=110),
        Col("operators", width=110),
        Col("papers", width=110),
        Col("instrument_id", hidden=True),
    ),
    sections=(
        Section(_l("Evaluation of an instrument"), ("instrument_id", "year")),
        Section(
            _l("Reported"),
            (
                "operators",
                "guided",
                "shown",
                "national_awards",
                "provincial_awards",
                "own_awards",
                "papers",
                "functions",
                "functions_used",
                "functions_new",
            ),
        ),
    ),
    create=f"{E}:create_year",
    change=f"{E}:change_year",
    remove=f"{E}:remove_year",
    actions=(Action("evaluate", _l("Evaluate"), f"{E}:evaluate_year", (ON,), word="change", primary=True),),
    tabs=(Tab("evaluation", _l("Evaluation"), "platforms/evaluation.html", evaluation_tab, order=5),),
    load=("instrument",),
    search=("instrument.name",),
    sort="-year",
    parent=("instrument_id", "platforms.instrument"),
    menu=("operators", 40),
    icon="clipboard-data",
)

PLAN = Resource(
    "platforms.maintenance_plan",
    MaintenancePlan,
    Titles(_l("Maintenance plans"), _l("Maintenance plan"), _l("New maintenance plan")),
    columns=(
        Col("instrument.name", _l("Instrument"), 240, True),
        Col("title", width=240, important=True, link=True),
        Col("kind", width=140),
        Col("every_days", width=110),
        Col("next_on", width=110, important=True),
        Col("active", width=80),
        Col("instrument_id", hidden=True),
    ),
    sections=(Section(_l("Maintenance plan"), ("instrument_id", "kind", "title", "every_days", "next_on", "user_id", "active")),),
    create=f"{M}:create_plan",
    change=f"{M}:change_plan",
    remove=f"{M}:remove_plan",
    views=(
        View("due", _l("Due"), (Filter("active", "eq", True), Filter("next_on", "lte", "@today+7")), "next_on"),
        View("all", _l("All"), ()),
    ),
    load=("instrument",),
    search=("title", "instrument.name"),
    sort="next_on",
    parent=("instrument_id", "platforms.instrument"),
    menu=("registry", 60),
    icon="tool",
)

WORK = Resource(
    "platforms.maintenance_work",
    MaintenanceWork,
    Titles(_l("Outages and maintenance"), _l("Outage or maintenance"), _l("Report an outage")),
    columns=(
        Col("instrument.name", _l("Instrument"), 240, True),
        Col("kind", width=140),
        Col("title", width=260, important=True, link=True),
        Col("starts_at", width=150),
        Col("ends_at", width=150, important=True),
        Col("cost", total="sum"),
        Col("reported_by", width=110),
        Col("instrument_id", hidden=True),
    ),
    sections=(Section(_l("Outage or maintenance"), ("instrument_id", "kind", "title", "starts_at", "ends_at", "plan_id", "cost", "note")),),
    create=f"{M}:report_work",
    change=f"{M}:change_work",
    views=(View("open", _l("Out of order now"), (Filter("ends_at", "empty"),), "starts_at"), View("all", _l("All"), ())),
    actions=(
        Action(
            "finish",
            _l("Back in use"),
            f"{M}:finish_now",
            (Input("cost", "money", _l("Cost")),),
            word="change",
            primary=True,
        ),
    ),
    load=("instrument", "plan"),
    search=("title", "instrument.name"),
    sort="-starts_at",
    parent=("instrument_id", "platforms.instrument"),
    menu=("registry", 65),
    icon="alert-triangle",
)

RESOURCES = [RESULT, YEAR, PLAN, WORK]

slots.tab("platforms.platform", Related("results", _l("Results of the platforms"), "platforms.result", "platform_id", order=70))
slots.tab("platforms.instrument", Related("work", _l("Outages and maintenance"), "platforms.maintenance_work", "instrument_id", order=60))
slots.tab("platforms.instrument", Related("plans", _l("Maintenance plans"), "platforms.maintenance_plan", "instrument_id", order=61))
slots.tab("platforms.instrument", Related("years", _l("Evaluation of instruments"), "platforms.instrument_year", "instrument_id", order=62))
slots.tab("tenants.firm", Related("platform_results", _l("Results of the platforms"), "platforms.result", "firm_id", order=94))
slots.action(
    "platforms.instrument",
    Action(
        "outage",
        _l("Report an outage"),
        f"{M}:outage_now",
        (
            Input("kind", "choice", _l("Kind"), required=True, choices=WORK_KINDS, default="fault"),
            Input("title", "text", _l("What happened"), required=True, max_length=200),
        ),
        word="change",
    ),
)
slots.tile(
    Tile(
        "platforms.results_waiting",
        _l("Results to confirm"),
        "platforms.result",
        "recorded",
        ("operations_manager",),
        ("title", "on_date"),
        64,
    )
)
slots.tile(
    Tile(
        "platforms.outages",
        _l("Instruments out of order"),
        "platforms.maintenance_work",
        "open",
        ("operations_clerk", "operations_manager"),
        ("instrument_id", "title"),
        58,
        "red",
    )
)
slots.tile(
    Tile(
        "platforms.maintenance",
        _l("Maintenance due"),
        "platforms.maintenance_plan",
        "due",
        ("operations_clerk",),
        ("instrument_id", "title", "next_on"),
        59,
        "amber",
    )
)
