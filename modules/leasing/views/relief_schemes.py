"""Relief schemes with thresholds, budgets, papers and listed regions."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Titles, View

from ..models.relief import ReliefBudget, ReliefPaperKind, ReliefScheme, ReliefThreshold, RiskListing
from ..models.relief_case import METHODS
from . import _relief

S, C, P = "modules.leasing.services.relief_schemes", "modules.leasing.services.relief_cases", "modules.leasing.services.relief_pack"
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())
METHOD = Input("method", "choice", _l("Method"), required=True, choices=METHODS, default="exempt")

SCHEME = Resource(
    name="leasing.relief_scheme",
    model=ReliefScheme,
    titles=Titles(_l("Relief schemes"), _l("Relief scheme"), _l("New relief scheme")),
    icon="discount-check",
    columns=(
        Col("code", link=True, width=120),
        Col("title", important=True, width=300),
        Col("state", important=True, width=130),
        Col("doc_no", width=260),
        Col("budget", important=True, width=140, total="sum"),
        Col("committed", width=140, total="sum"),
        Col("rule_set", width=130),
        Col("months", width=80),
        Col("rate", width=90),
        Col("covers_from", width=95),
        Col("covers_to", width=95),
        Col("apply_from", hidden=True),
        Col("apply_to", hidden=True),
        Col("provenance", hidden=True),
        Col("landlord", hidden=True),
    ),
    sections=(
        Section(
            _l("Policy"),
            (
                "code",
                "title",
                "title_en",
                "doc_no",
                "provenance",
                "landlord",
                Input("rule_set", "choice", _l("Rule set"), required=True, choices=_relief.rule_sets),
            ),
        ),
        Section(
            _l("What it grants"),
            ("months", "months_listed", "rate", "then_months", "then_rate", "pro_rata", "rent_base", "covers_from", "covers_to"),
        ),
        Section(
            _l("Applications and budget"),
            ("apply_from", "apply_to", "unlimited", "budget", "exempts", "deducts", "refunds", "publicity_days", "pass_through", "note"),
        ),
    ),
    create=f"{S}:create_scheme",
    change=f"{S}:change_scheme",
    remove=f"{S}:remove_scheme",
    workflow="modules.leasing.states_relief:RELIEF_SCHEME",
    actions=(
        Action(
            "prepare",
            _l("Prepare applications"),
            f"{C}:prepare_applications",
            (TODAY, METHOD),
            word="read",
            help=_l("A draft for every lease that would qualify today and has none yet"),
        ),
        Action(
            "pack",
            _l("Audit pack in the background"),
            f"{P}:order_pack",
            (Input("period", "text", _l("Period"), required=True, max_length=7, help=_l("Such as 2022, 2022Q2 or 2022-06")), TODAY),
            word="read",
        ),
    ),
    tabs=(
        Tab("overview", _l("Budget and progress"), "leasing/relief_scheme.html", _relief.scheme_data, order=1),
        Related("applications", _l("Relief applications"), "leasing.relief_application", "scheme_id", order=10),
        Related("thresholds", _l("Approvers by amount"), "leasing.relief_threshold", "scheme_id", order=20),
        Related("budgets", _l("Budgets per carrier"), "leasing.relief_budget", "scheme_id", order=30),
        Related("papers", _l("Documents asked for"), "leasing.relief_paper_kind", "scheme_id", order=40),
    ),
    facts=(Fact(_l("Budget left"), lambda s, o: (f"{o.budget - o.committed:,.2f}" if o.budget is not None else "—", None)),),
    views=(View("open", _l("Open for applications"), (Filter("state", "eq", "open"),), sort="code"), View("all", _l("All"), ())),
    search=("code", "title", "doc_no"),
    sort="-id",
    menu=("relief", 20),
    code_field="code",
)

THRESHOLD = Resource(
    name="leasing.relief_threshold",
    model=ReliefThreshold,
    titles=Titles(_l("Approvers by amount"), _l("Step of approval"), _l("New threshold")),
    icon="users-group",
    columns=(
        Col("from_amount", link=True, important=True, width=150),
        Col("people", important=True, width=140),
        Col("scheme_id", important=True, width=260),
    ),
    sections=(Section(_l("Step of approval"), ("scheme_id", "from_amount", "people")),),
    create=f"{S}:add_threshold",
    change=f"{S}:change_threshold",
    remove=f"{S}:remove_threshold",
    sort="from_amount",
    load=("scheme",),
    parent=("scheme_id", "leasing.relief_scheme"),
)

BUDGET = Resource(
    name="leasing.relief_budget",
    model=ReliefBudget,
    titles=Titles(_l("Budgets per carrier"), _l("Budget of a carrier"), _l("New budget")),
    icon="chart-pie",
    columns=(
        Col("carrier_id", link=True, important=True, width=220),
        Col("amount", important=True, width=140, total="sum"),
        Col("committed", important=True, width=140, total="sum"),
        Col("scheme_id", width=260),
    ),
    sections=(Section(_l("Budget"), ("scheme_id", "carrier_id", "amount", "committed")),),
    create=f"{S}:add_budget",
    change=f"{S}:change_budget",
    remove=f"{S}:remove_budget",
    sort="id",
    load=("scheme", "carrier"),
    parent=("scheme_id", "leasing.relief_scheme"),
)

PAPER_KIND = Resource(
    name="leasing.relief_paper_kind",
    model=ReliefPaperKind,
    titles=Titles(_l("Documents asked for"), _l("Document asked for"), _l("New document")),
    icon="checklist",
    columns=(
        Col("title", link=True, important=True, width=260),
        Col("required", important=True, width=90),
        Col("sublet_only", important=True, width=160),
        Col("position", width=90),
        Col("code", width=140),
        Col("scheme_id", hidden=True),
        Col("title_en", hidden=True),
    ),
    sections=(Section(_l("Document"), ("scheme_id", "code", "title", "title_en", "required", "sublet_only", "position")),),
    create=f"{S}:add_paper_kind",
    change=f"{S}:change_paper_kind",
    remove=f"{S}:remove_paper_kind",
    sort="position",
    load=("scheme",),
    parent=("scheme_id", "leasing.relief_scheme"),
)

LISTING = Resource(
    name="leasing.risk_listing",
    model=RiskListing,
    titles=Titles(_l("Listed regions"), _l("Listed region"), _l("New listed region")),
    icon="map-pin-exclamation",
    columns=(
        Col("region", link=True, important=True, width=240),
        Col("level", important=True, width=110),
        Col("listed_on", important=True, width=110),
        Col("lifted_on", width=110),
        Col("doc_no", width=240),
    ),
    sections=(Section(_l("Listed region"), ("region", "level", "listed_on", "lifted_on", "doc_no", "note")),),
    create=f"{S}:add_listing",
    change=f"{S}:change_listing",
    remove=f"{S}:remove_listing",
    search=("region", "doc_no"),
    sort="-listed_on",
    menu=("relief", 50),
)

RESOURCES = [SCHEME, THRESHOLD, BUDGET, PAPER_KIND, LISTING]
