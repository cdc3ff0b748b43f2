"""Screens of what a lease consists of: units, lines, steps, rent-free days, indexation, discounts, subsidies; due rows and index values."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Col, Filter, Input, Resource, Section, Titles, View

from ..models.lease import LeaseDue, LeaseLine, LeaseUnit
from ..models.lease_terms import IndexValue, LeaseDiscount, LeaseIndexation, LeaseRentFree, LeaseStep, LeaseSubsidy

L = "modules.leasing.services.lease_lines"
LINE = Col("line_id", important=True, width=220)

UNIT = Resource(
    name="leasing.lease_unit",
    model=LeaseUnit,
    titles=Titles(_l("Units of leases"), _l("Unit of a lease"), _l("Add a unit")),
    icon="door",
    columns=(
        Col("unit_id", important=True, link=True, width=140),
        Col("lease_id", important=True, width=160),
        Col("area", important=True, total="sum"),
        Col("lease.firm_id", _l("Firm"), width=240),
        Col("lease.state", _l("State"), width=130),
    ),
    sections=(Section(_l("Letting unit"), ("lease_id", "unit_id", "area")),),
    create=f"{L}:create_unit",
    change=f"{L}:change_unit_form",
    remove=f"{L}:remove_unit",
    parent=("lease_id", "leasing.lease"),
    sort="-id",
)

LINES = Resource(
    name="leasing.lease_line",
    model=LeaseLine,
    titles=Titles(_l("Lines of leases"), _l("Line of a lease"), _l("Add a line")),
    icon="list-details",
    columns=(
        Col("lease_id", important=True, link=True, width=160),
        Col("item_id", important=True, width=140),
        Col("basis", width=130),
        Col("price", important=True),
        Col("turnover_rate"),
        Col("minimum"),
        Col("cycle_months", width=90),
        Col("timing", width=90),
        Col("unit_id", width=120),
        Col("starts_on"),
        Col("ends_on"),
        Col("memo", width=200),
    ),
    sections=(
        Section(
            _l("Lease line"), ("lease_id", "item_id", "basis", "price", "cycle_months", "timing", "unit_id", "starts_on", "ends_on", "memo")
        ),
        Section(_l("Share of turnover"), ("turnover_rate", "minimum")),
    ),
    create=f"{L}:create_line",
    change=f"{L}:change_line_form",
    remove=f"{L}:remove_line",
    parent=("lease_id", "leasing.lease"),
    sort="-id",
    views=(View("all", _l("All"), ()), View("turnover", _l("Share of turnover"), (Filter("basis", "eq", "turnover"),))),
    load=("lease", "item"),
    menu=("leases", 60),
)

STEP = Resource(
    name="leasing.lease_step",
    model=LeaseStep,
    titles=Titles(_l("Price steps"), _l("Price step"), _l("Add a step")),
    icon="stairs",
    columns=(LINE, Col("starts_on", important=True, link=True), Col("price", important=True)),
    sections=(Section(_l("Price step"), ("line_id", "starts_on", "price")),),
    create=f"{L}:create_step",
    remove=f"{L}:remove_term",
    sort="-id",
)

FREE = Resource(
    name="leasing.lease_rent_free",
    model=LeaseRentFree,
    titles=Titles(_l("Rent-free days"), _l("Rent-free days"), _l("Add rent-free days")),
    icon="calendar-off",
    columns=(
        Col("lease_id", important=True, width=160),
        Col("starts_on", important=True, link=True),
        Col("ends_on", important=True),
        LINE,
        Col("reason", width=220),
    ),
    sections=(Section(_l("Rent-free days"), ("lease_id", "line_id", "starts_on", "ends_on", "reason")),),
    create=f"{L}:create_rent_free",
    remove=f"{L}:remove_term",
    sort="-id",
)

INDEX = Resource(
    name="leasing.lease_indexation",
    model=LeaseIndexation,
    titles=Titles(_l("Indexations"), _l("Indexation"), _l("Add an indexation")),
    icon="trending-up",
    columns=(LINE, Col("every_months", important=True), Col("rate", important=True, link=True), Col("index_code"), Col("first_on")),
    sections=(Section(_l("Indexation"), ("line_id", "every_months", "first_on", "rate", "index_code")),),
    create=f"{L}:create_indexation",
    remove=f"{L}:remove_term",
    sort="-id",
)

REDUCTION = (Col("starts_on", important=True, link=True), Col("ends_on", important=True), Col("percent"), Col("amount"), Col("area_cap"))
DISCOUNT = Resource(
    name="leasing.lease_discount",
    model=LeaseDiscount,
    titles=Titles(_l("Landlord discounts"), _l("Landlord discount"), _l("Add a discount")),
    icon="discount",
    columns=(LINE, *REDUCTION, Col("reason", width=220)),
    sections=(Section(_l("Landlord discount"), ("line_id", "starts_on", "ends_on", "percent", "amount", "area_cap", "reason")),),
    create=f"{L}:create_discount",
    remove=f"{L}:remove_term",
    sort="-id",
)

SUBSIDY = Resource(
    name="leasing.lease_subsidy",
    model=LeaseSubsidy,
    titles=Titles(_l("Rent subsidies of third parties"), _l("Subsidy of a third party"), _l("Add a subsidy")),
    icon="coin",
    columns=(LINE, Col("funder_id", important=True, width=220), *REDUCTION, Col("doc_no", width=180)),
    sections=(
        Section(
            _l("Subsidy of a third party"), ("line_id", "funder_id", "starts_on", "ends_on", "percent", "amount", "area_cap", "doc_no")
        ),
    ),
    create=f"{L}:create_subsidy",
    remove=f"{L}:remove_term",
    sort="-id",
    menu=("leases", 70),
)

DUE = Resource(
    name="leasing.lease_due",
    model=LeaseDue,
    titles=Titles(_l("Instalments"), _l("Instalment")),
    icon="calendar-dollar",
    columns=(
        Col("lease_id", important=True, width=150),
        Col("lease.firm_id", _l("Firm"), width=230),
        Col("line_id", width=180),
        Col("kind", width=130),
        Col("period_from", important=True, link=True),
        Col("period_to"),
        Col("bill_month"),
        Col("due_on"),
        Col("amount", important=True, total="sum"),
        Col("funder_id", hidden=True),
        Col("explain", width=320),
    ),
    sections=(
        Section(
            _l("Instalment"),
            (
                "lease_id",
                "line_id",
                "kind",
                "funder_id",
                "period_from",
                "period_to",
                "bill_month",
                "due_on",
                "quantity",
                "unit_price",
                "amount",
                "explain",
            ),
        ),
    ),
    views=(
        View("month", _l("Billed this month"), (Filter("bill_month", "eq", "@month"),), sort="lease_id"),
        View("all", _l("All"), (), sort="-bill_month"),
    ),
    sort="-bill_month",
    menu=("leases", 50),
)

VALUE = Resource(
    name="leasing.index_value",
    model=IndexValue,
    titles=Titles(_l("Index values"), _l("Index value"), _l("New index value")),
    icon="chart-line",
    columns=(Col("code", important=True, link=True), Col("month", important=True), Col("value", important=True), Col("source", width=260)),
    sections=(
        Section(
            _l("Index value"),
            (
                "code",
                "month",
                "value",
                "source",
                Input(
                    "on",
                    "date",
                    _l("Plan written as of"),
                    help=_l("Leases that waited for this value get their further rows as of this day."),
                    default=lambda s: clock.today(),
                ),
            ),
        ),
    ),
    create=f"{L}:enter_index",
    sort="-month",
    menu=("setup", 60),
)

RESOURCES = [UNIT, LINES, STEP, FREE, INDEX, DISCOUNT, SUBSIDY, DUE, VALUE]
