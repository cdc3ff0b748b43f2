"""Screens of reported figures, and what the support half adds to the firm's page: results, support, qualifications."""

from __future__ import annotations

from typing import Any

from parkops.clock import today
from parkops.i18n import _, _l
from parkops.web import slots
from parkops.web.resource import Col, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.statement import FirmStatement
from ..services.firm_results import results

S = "modules.tenants.services.statements"
MONEY = ("revenue", "net_profit", "rd_expense", "tax_paid", "imports", "exports", "total_assets", "angel_vc")
STAFF = ("staff_total", "staff_doctor", "staff_college", "staff_returnee", "staff_talent", "staff_graduate", "staff_rd")
TECH = (
    "ip_applied",
    "ip_granted",
    "ip_valid",
    "ip_invention",
    "ip_software",
    "ip_plant",
    "ip_layout",
    "foreign_patents_bought",
    "tech_contracts",
    "tech_contract_amount",
    "national_projects",
    "provincial_awards",
)
SHOWN = ("revenue", "rd_expense", "tax_paid", "staff_total", "ip_valid")

RESOURCES = [
    Resource(
        "tenants.statement",
        FirmStatement,
        Titles(_l("Reported figures"), _l("Reported figures"), _l("Enter figures")),
        columns=(
            Col("firm.name", _l("Firm"), 260, True, link=True),
            Col("grain", width=80),
            Col("period_start", width=90, important=True),
            *(Col(n, width=130, important=n == "revenue", total="sum") for n in SHOWN),
            Col("source", width=110),
            Col("reported_on", width=105),
            *(Col(n, hidden=True) for n in (*MONEY, *STAFF, *TECH, "premises_area") if n not in SHOWN),
            Col("form_version", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Period"), ("firm_id", "grain", "period_start", Input("reported_on", "date", required=True, default=lambda _s: today()))
            ),
            Section(_l("Operations"), (*MONEY, "premises_area")),
            Section(_l("People"), STAFF),
            Section(_l("Intellectual property and technology"), TECH),
        ),
        create=f"{S}:create_statement",
        change=f"{S}:change_statement",
        remove=f"{S}:remove_statement",
        load=("firm",),
        views=(
            View("year", _l("Annual"), (Filter("grain", "eq", "year"),), "-period_start"),
            View("month", _l("Monthly"), (Filter("grain", "eq", "month"),), "-period_start"),
            View("no_revenue", _l("Revenue not reported"), (Filter("revenue", "empty"),), "-period_start"),
        ),
        search=("firm.name",),
        sort="-period_start",
        parent=("firm_id", "tenants.firm"),
        menu=("results", 5),
        icon="report-analytics",
    ),
]


def _chart(code: str, title: Any, values: list[Any], money: bool) -> dict[str, Any]:
    return {"code": code, "title": str(title), "money": money, "values": [None if v is None else float(v) for v in values], "exact": values}


def result_charts(session: Any, firm: Any) -> dict[str, Any]:
    """Small multiples over the years; an unreported year is a gap in the chart and a word in the table."""
    found = results(session, firm.id, today(), firm.entered_on)
    charts = [
        _chart("revenue", _l("Total revenue"), found["revenue"], True),
        _chart("rd_expense", _l("R&D expense"), found["rd_expense"], True),
        _chart("net_profit", _l("Net profit"), found["net_profit"], True),
        _chart("staff_total", _l("Staff"), found["staff_total"], False),
        _chart("ip_valid", _l("Valid IP"), found["ip_valid"], False),
        _chart("equity", _l("Equity obtained"), found["equity"], True),
    ]
    wire = [{k: v for k, v in c.items() if k != "exact"} for c in charts]
    return {
        "years": found["years"],
        "charts": charts,
        "wire": {"years": found["years"], "charts": wire, "wan": _("10,000 yuan"), "missing": _("not reported")},
    }


def _results(session: Any, firm: Any) -> dict[str, Any]:
    grids = grids_of(
        session,
        firm,
        (
            Related(
                "statements", _l("Reported figures"), "tenants.statement", "firm_id", columns=("grain", "period_start", *SHOWN, "source")
            ),
            Related("responses", _l("Data calls"), "tenants.data_call_response", "firm_id"),
            Related("awards", _l("Awards"), "tenants.award", "firm_id", columns=("title", "level", "issuer", "on_date", "amount")),
        ),
    )
    return {**result_charts(session, firm), "grids": grids}


def grids_of(session: Any, obj: Any, items: tuple[Related, ...]) -> list[dict[str, Any]]:
    """Several related grids for one tab: those the reader may see."""
    from parkops.security import access
    from parkops.web.record import related
    from parkops.web.resources import has

    return [
        {"title": item.title, **related(session, item, obj)}
        for item in items
        if has(item.resource) and access.may(session, item.resource, "read")
    ]


def _tab(*items: Related) -> Any:
    return lambda session, obj: {"grids": grids_of(session, obj, items)}


def _rel(resource: str, title: Any, columns: tuple[str, ...]) -> Related:
    return Related(resource.split(".")[1], title, resource, "firm_id", columns=columns)


slots.tab("tenants.firm", Tab("results", _l("Results"), "tenants/support_results.html", _results, order=40))
slots.tab(
    "tenants.firm",
    Tab(
        "support",
        _l("Support"),
        "tenants/support_grids.html",
        _tab(
            _rel("tenants.mentor_agreement", _l("Mentoring relations"), ("mentor.name", "from_on", "to_on", "running", "goal")),
            _rel("tenants.mentoring_session", _l("Mentoring sessions"), ("topic", "mentor.name", "held_on", "minutes", "outcome")),
            _rel("tenants.visit", _l("Visits"), ("subject", "kind", "planned_on", "held_on", "staff.name", "findings")),
            _rel("tenants.follow_up", _l("Follow-ups"), ("title", "category", "due_on", "days_left", "done_on", "result")),
        ),
        order=50,
    ),
)
slots.tab(
    "tenants.firm",
    Tab(
        "standing",
        _l("Qualifications and IP"),
        "tenants/support_grids.html",
        _tab(
            _rel(
                "tenants.qualification",
                _l("Qualifications"),
                ("kind", "certificate_no", "obtained_on", "valid_to", "days_left", "validity"),
            ),
            _rel("tenants.ip", _l("Intellectual property"), ("name", "kind", "number", "applied_on", "granted_on", "valid_to")),
            _rel("tenants.honour", _l("Honours and titles"), ("title", "level", "issuer", "valid_from", "valid_to", "validity")),
        ),
        order=42,
    ),
)
slots.tab(
    "tenants.firm",
    Tab(
        "capital",
        _l("Financing"),
        "tenants/support_grids.html",
        _tab(
            _rel("tenants.financing", _l("Financing"), ("kind", "round", "on_date", "investor", "amount_cny", "park_fund")),
            _rel("tenants.exit_event", _l("Acquisitions and listings"), ("kind", "on_date", "market", "code", "evidence")),
        ),
        order=44,
    ),
)
