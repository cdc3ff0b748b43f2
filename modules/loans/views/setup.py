"""Screens of schemes with their documents, stage promises and organisations."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Col, Fact, Filter, ListButton, Related, Resource, Section, Tab, Titles, View

from ..models.organisation import LoanOrganisation
from ..models.scheme import LoanPaperKind, LoanScheme, LoanStagePromise
from . import _setup

S = "modules.loans.services.schemes"
O = "modules.loans.services.organisations"

SCHEME = Resource(
    name="loans.scheme",
    model=LoanScheme,
    titles=Titles(_l("Loan schemes"), _l("Loan scheme"), _l("New loan scheme")),
    icon="gavel",
    columns=(
        Col("code", link=True, important=True, width=140),
        Col("region", width=100),
        Col("title", important=True, width=280),
        Col("doc_no", width=180),
        Col("effective_from", important=True, width=110),
        Col("effective_to", width=110),
        Col("subsidy_person", width=200),
        Col("subsidy_firm", hidden=True),
        Col("rate_cap_bp", width=110),
        Col("provenance", width=130),
        Col("enabled", width=80),
    ),
    sections=(
        Section(
            _l("Loan scheme"), ("code", "region", "title", "title_en", "doc_no", "provenance", "effective_from", "effective_to", "enabled")
        ),
        Section(_l("Rules"), ("rule_person", "rule_partnership", "rule_firm")),
        Section(_l("Interest"), ("rate_cap_bp", "lpr_tenor", "day_basis", "extension_months", "extension_subsidised")),
        Section(_l("Interest subsidy"), ("subsidy_person", "subsidy_firm", "subsidy_share", "subsidy_bp", "subsidy_from", "note")),
    ),
    buttons=(ListButton(_l("Enter the national schemes"), "/loans/start/", word="add", icon="download"),),
    create=f"{S}:create_scheme",
    change=f"{S}:change_scheme",
    remove=f"{S}:remove_scheme",
    tabs=(
        Tab("rules", _l("Rules and LPR"), "loans/scheme.html", _setup.scheme_data, order=1),
        Related("papers", _l("Documents"), "loans.paper_kind", "scheme_id", order=10),
        Related("cases", _l("Loan cases"), "loans.case", "scheme_id", order=20),
    ),
    search=("code", "title", "doc_no"),
    sort="-effective_from",
    menu=("loan_setup", 10),
    code_field="code",
)

PAPER_KIND = Resource(
    name="loans.paper_kind",
    model=LoanPaperKind,
    titles=Titles(_l("Documents of schemes"), _l("Document of the scheme"), _l("New document")),
    icon="files",
    columns=(
        Col("title", link=True, important=True, width=260),
        Col("code", width=130),
        Col("scheme_id", width=170),
        Col("borrower", width=140),
        Col("required", important=True, width=90),
        Col("valid_days", important=True, width=110),
        Col("position", width=100),
    ),
    sections=(
        Section(_l("Document of the scheme"), ("scheme_id", "code", "title", "title_en", "borrower", "required", "valid_days", "position")),
    ),
    create=f"{S}:add_paper_kind",
    change=f"{S}:change_paper_kind",
    remove=f"{S}:remove_paper_kind",
    sort="position",
    load=("scheme",),
    parent=("scheme_id", "loans.scheme"),
)

PROMISE = Resource(
    name="loans.stage_promise",
    model=LoanStagePromise,
    titles=Titles(_l("Promises of the stages"), _l("Promise of a stage")),
    icon="hourglass",
    columns=(
        Col("stage", link=True, important=True, width=160),
        Col("party", important=True, width=150),
        Col("days", important=True, width=150),
    ),
    sections=(Section(_l("Promise of a stage"), ("stage", "party", "days")),),
    change=f"{S}:change_promise",
    sort="id",
    menu=("loan_setup", 30),
)

ORGANISATION = Resource(
    name="loans.organisation",
    model=LoanOrganisation,
    titles=Titles(_l("Loan partners"), _l("Loan partner"), _l("New loan partner")),
    icon="building-community",
    columns=(
        Col("name", link=True, important=True, width=240),
        Col("kind", important=True, width=120),
        Col("line", width=140),
        Col("committed", important=True, width=140),
        Col("bears", width=110),
        Col("is_active", width=80),
        Col("contact", hidden=True),
        Col("phone", hidden=True),
    ),
    sections=(
        Section(_l("Loan partner"), ("kind", "name", "name_en", "line", "bears", "committed", "is_active")),
        Section(_l("Contact"), ("contact", "phone", "note")),
    ),
    create=f"{O}:create_organisation",
    change=f"{O}:change_organisation",
    remove=f"{O}:remove_organisation",
    tabs=(Tab("exposure", _l("Line and loans"), "loans/fund.html", _setup.organisation_data, order=1),),
    facts=(Fact(_l("Line left"), lambda s, o: (f"{o.line - o.committed:,.2f}" if o.line is not None else "—", None)),),
    views=(
        View("all", _l("All"), ()),
        View("banks", _l("Banks"), (Filter("kind", "eq", "bank"),)),
        View("funds", _l("Guarantee funds"), (Filter("kind", "eq", "fund"),)),
    ),
    search=("name",),
    sort="kind",
    menu=("loan_setup", 20),
)

RESOURCES = [SCHEME, PAPER_KIND, PROMISE, ORGANISATION]
