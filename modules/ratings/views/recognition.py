"""Screens of recognition: kept assessments and the records it reads; the pages are in `recognition_pages.py`."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Col, Filter, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.assessment import RecognitionAssessment
from ..models.filing import CarrierIncident, CarrierIncome, StaffBasis, StatisticsFiling
from . import _recognition

F = "modules.ratings.services.filings"

ASSESSMENT = Resource(
    "ratings.assessment",
    RecognitionAssessment,
    Titles(_l("Kept assessments"), _l("Kept assessment")),
    columns=(
        Col("on_date", width=110, important=True, link=True),
        Col("carrier.name", _l("Carrier"), 260, True),
        Col("rule_set", width=150, important=True),
        Col("verdict", width=110),
        Col("passed", width=100),
        Col("failed", width=110),
        Col("unknown", width=130),
        Col("missing", width=340),
        Col("created_at", _l("Kept at"), hidden=True),
    ),
    sections=(
        Section(_l("Kept assessment"), ("carrier_id", "rule_set", "on_date", "verdict", "passed", "failed", "unknown", "missing", "note")),
    ),
    tabs=(Tab("lines", _l("Rule by rule"), "ratings/kept.html", _recognition.kept_data, order=1),),
    views=(
        View("all", _l("All"), ()),
        View("open", _l("Not met"), (Filter("verdict", "ne", "pass"),), "-on_date"),
        View("lately", _l("Not met lately"), (Filter("verdict", "ne", "pass"), Filter("on_date", "gte", "@month-1")), "-failed"),
    ),
    load=("carrier",),
    search=("carrier.name", "rule_set"),
    sort="-on_date",
    parent=("carrier_id", "tenants.carrier"),
    menu=("recognition", 30),
    icon="clipboard-check",
)
FILING = Resource(
    "ratings.filing",
    StatisticsFiling,
    Titles(_l("Statistics filed"), _l("Filing of statistics"), _l("New filing")),
    columns=(
        Col("carrier.name", _l("Carrier"), 280, True),
        Col("year", width=90, important=True, link=True),
        Col("filed_on", width=120, important=True),
        Col("receipt", width=220),
    ),
    sections=(Section(_l("Filing of statistics"), ("carrier_id", "year", "filed_on", "receipt")),),
    create=f"{F}:create_filing",
    change=f"{F}:change_filing",
    remove=f"{F}:remove_filing",
    load=("carrier",),
    sort="-year",
    parent=("carrier_id", "tenants.carrier"),
    menu=("recognition", 40),
    icon="file-check",
)
INCIDENT = Resource(
    "ratings.incident",
    CarrierIncident,
    Titles(_l("Incidents of carriers"), _l("Incident of a carrier"), _l("New incident of a carrier")),
    columns=(
        Col("on_date", width=110, important=True, link=True),
        Col("carrier.name", _l("Carrier"), 260, True),
        Col("kind", width=180, important=True),
        Col("major", width=80),
        Col("cleared_on", width=110),
        Col("detail", width=300),
    ),
    sections=(Section(_l("Incident of a carrier"), ("carrier_id", "kind", "major", "on_date", "cleared_on", "document", "detail")),),
    create=f"{F}:create_incident",
    change=f"{F}:change_incident",
    remove=f"{F}:remove_incident",
    load=("carrier",),
    sort="-on_date",
    parent=("carrier_id", "tenants.carrier"),
    menu=("recognition", 60),
    icon="alert-triangle",
)
INCOME = Resource(
    "ratings.income",
    CarrierIncome,
    Titles(_l("Income of carriers"), _l("Income of a carrier's year"), _l("New year of income")),
    columns=(
        Col("carrier.name", _l("Carrier"), 260, True),
        Col("year", width=90, important=True, link=True),
        Col("total", width=150, important=True, total="sum"),
        Col("rent", width=140, total="sum"),
        Col("property", width=140, total="sum"),
        Col("service", width=140, total="sum"),
        Col("investment", width=140, total="sum"),
        Col("separate", width=120),
        Col("source", width=200),
    ),
    sections=(
        Section(
            _l("Income of a carrier's year"),
            ("carrier_id", "year", "total", "rent", "property", "service", "investment", "separate", "source"),
        ),
    ),
    create=f"{F}:create_income",
    change=f"{F}:change_income",
    remove=f"{F}:remove_income",
    load=("carrier",),
    sort="-year",
    parent=("carrier_id", "tenants.carrier"),
    menu=("recognition", 50),
    icon="cash",
)
STAFF = Resource(
    "ratings.staff_basis",
    StaffBasis,
    Titles(_l("Dispatched and part-time staff"), _l("Employment of a person"), _l("New entry")),
    columns=(
        Col("staff.name", _l("Person"), 180, True),
        Col("basis", width=130, important=True, link=True),
        Col("starts_on", width=110, important=True),
        Col("ends_on", width=110),
    ),
    sections=(Section(_l("Employment of a person"), ("staff_id", "basis", "starts_on", "ends_on")),),
    create=f"{F}:create_staff_basis",
    change=f"{F}:change_staff_basis",
    remove=f"{F}:remove_staff_basis",
    load=("staff",),
    sort="-starts_on",
    menu=("recognition", 70),
    icon="users",
)
RESOURCES = [ASSESSMENT, FILING, INCIDENT, INCOME, STAFF]

slots.tab("tenants.carrier", Tab("recognition", _l("Recognition"), "ratings/carrier_tab.html", _recognition.carrier_data, order=30))
slots.tab("tenants.carrier", Related("assessments", _l("Kept assessments"), "ratings.assessment", "carrier_id", order=31))
slots.tile(
    Tile(
        "ratings.open",
        _l("Assessments not met"),
        "ratings.assessment",
        "open",
        ("operations_manager", "leadership"),
        ("carrier.name", "rule_set"),
        62,
        "amber",
    )
)
slots.tile(
    Tile(
        "ratings.not_met",
        _l("Assessments not met lately"),
        "ratings.assessment",
        "lately",
        ("leadership", "operations_manager"),
        ("carrier.name", "failed", "on_date"),
        62,
        "red",
    )
)
