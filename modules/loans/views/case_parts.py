"""Screens of what belongs to a loan case: people, documents, the clock; and the loan facts of firms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case as sql_case

from parkops import clock
from parkops.db.types import Choices
from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.case import LoanCaseParty
from ..models.paper import PAPER_STATES, LoanPaper, LoanStage
from ..models.person import LoanPerson
from ..models.standing import LoanStanding
from ..services.dossier import EXPIRED
from ..states import BEFORE

P, W, F = (f"modules.loans.services.{n}" for n in ("persons", "papers", "standings"))
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())


def paper_status(model: Any, context: Any) -> Any:
    """missing, received, waived, or expired today."""
    expired = (model.state == "received") & (model.expires_on < context.today)
    return sql_case((expired, "expired"), else_=model.state)


STATUS = Choices("loans.paper_status", *((c, t, PAPER_STATES.tone(c)) for c, t in PAPER_STATES.items()), ("expired", EXPIRED, "red"))

PERSON = Resource(
    name="loans.person",
    model=LoanPerson,
    titles=Titles(_l("People of loans"), _l("Person of the loan"), _l("New person of a loan")),
    icon="user-shield",
    columns=(
        Col("name", link=True, important=True, width=120),
        Col("identity_group", important=True, width=220),
        Col("mobile", width=130),
        Col("consent_on", important=True, width=110),
        Col("consent_text", width=110),
        Col("withdrawn_on", width=110),
        Col("graduated_on", hidden=True),
    ),
    sections=(
        Section(
            _l("Consent first"),
            (
                "consent_on",
                "consent_how",
                Input("consent_text", "text", _l("Version of the consent text"), required=True, max_length=80, default="PI-2022"),
            ),
        ),
        Section(
            _l("Person of the loan"),
            ("name", "id_number", "mobile", "identity_group", "graduated_on", "tenant_person_id", "note", "withdrawn_on", "consent_by"),
        ),
    ),
    create=f"{P}:add_person",
    change=f"{P}:change_person",
    remove=f"{P}:remove_person",
    actions=(
        Action(
            "withdraw",
            _l("Withdraw the consent"),
            f"{P}:withdraw_consent",
            (TODAY,),
            word="change",
            danger=True,
            guard=f"{P}:why_not_withdraw",
        ),
    ),
    tabs=(Related("cases", _l("Loan cases"), "loans.case_party", "person_id", order=10),),
    search=("name",),
    sort="-id",
    menu=("loans", 40),
)

PARTY = Resource(
    name="loans.case_party",
    model=LoanCaseParty,
    titles=Titles(_l("People of the cases"), _l("Person in the case"), _l("Add a person")),
    icon="users",
    columns=(
        Col("role", link=True, important=True, width=110),
        Col("person_id", important=True, width=140),
        Col("person.identity_group", _l("Group of the person"), 220),
        Col("case_id", important=True, width=140),
        Col("case.firm_id", _l("Firm"), 220),
    ),
    sections=(Section(_l("Person in the case"), ("case_id", "person_id", "role")),),
    create=f"{P}:add_party",
    remove=f"{P}:remove_party",
    sort="id",
    load=("case", "person"),
    parent=("case_id", "loans.case"),
)

PAPER = Resource(
    name="loans.paper",
    model=LoanPaper,
    titles=Titles(_l("Loan documents"), _l("Loan document")),
    icon="file-check",
    columns=(
        Col("kind_id", link=True, important=True, width=260),
        Col("status", _l("State"), 110, important=True, sql=paper_status, fmt="choice", choices=STATUS),
        Col("issued_on", width=110),
        Col("expires_on", important=True, width=110),
        Col("received_on", width=110),
        Col("case_id", width=140),
        Col("case.firm_id", _l("Firm"), 220),
        Col("note", width=200),
        Col("state", hidden=True),
    ),
    sections=(Section(_l("Loan document"), ("case_id", "kind_id", "state", "received_on", "issued_on", "expires_on", "note")),),
    actions=(
        Action(
            "receive",
            _l("Received"),
            f"{W}:receive_paper",
            (
                TODAY,
                Input("issued_on", "date", _l("Date of issue")),
                Input("expires_on", "date", _l("Valid until")),
                Input("file", "file", _l("File")),
                Input("note", "text", _l("Note"), max_length=300),
            ),
            word="change",
            primary=True,
        ),
        Action("waive", _l("Not needed"), f"{W}:waive_paper", (Input("note", "text", _l("Why"), required=True, max_length=300),)),
    ),
    bulk=(Action("receive", _l("Received"), f"{W}:receive_papers", (TODAY,), word="change"),),
    views=(
        View("missing", _l("Missing"), (Filter("state", "eq", "missing"), Filter("case.state", "in", list(BEFORE)))),
        View(
            "expiring",
            _l("Expires within 30 days"),
            (Filter("state", "eq", "received"), Filter("expires_on", "lte", "@today+30"), Filter("case.state", "in", list(BEFORE))),
            sort="expires_on",
        ),
        View("all", _l("All"), ()),
    ),
    sort="id",
    load=("kind", "case"),
    parent=("case_id", "loans.case"),
    menu=("loans", 50),
)

STAGE = Resource(
    name="loans.stage",
    model=LoanStage,
    titles=Titles(_l("Clock of the cases"), _l("Span of the clock")),
    icon="clock",
    columns=(
        Col("case_id", important=True, width=140, link=True),
        Col("stage", important=True, width=160),
        Col("party", important=True, width=130),
        Col("from_on", width=110),
        Col("to_on", width=110),
        Col("days", width=100, total="sum"),
        Col("promised", width=110),
        Col("case.firm_id", _l("Firm"), 220),
        Col("note", width=200),
    ),
    sections=(Section(_l("Span of the clock"), ("case_id", "stage", "party", "promised", "from_on", "to_on", "days", "note")),),
    views=(View("now", _l("Running now"), (Filter("to_on", "empty"),), sort="from_on"), View("all", _l("All"), ())),
    sort="-id",
    load=("case",),
    parent=("case_id", "loans.case"),
    menu=("loans", 60),
)

STANDING = Resource(
    name="loans.standing",
    model=LoanStanding,
    titles=Titles(_l("Loan facts of firms"), _l("Loan facts"), _l("New loan facts")),
    icon="clipboard-list",
    columns=(
        Col("firm_id", link=True, important=True, width=260),
        Col("on_date", important=True, width=110),
        Col("staff_total", width=90),
        Col("hired_eligible", important=True, width=110),
        Col("contracts_year", width=110),
        Col("in_arrears", width=110),
        Col("other_loans", width=110),
        Col("past_overdue", width=110),
        Col("earlier_uses", width=100),
        Col("source", width=200),
    ),
    sections=(
        Section(
            _l("Loan facts"),
            (
                "firm_id",
                "on_date",
                "staff_total",
                "hired_eligible",
                "contracts_year",
                "in_arrears",
                "other_loans",
                "past_overdue",
                "earlier_uses",
                "source",
            ),
        ),
    ),
    create=f"{F}:add_standing",
    change=f"{F}:change_standing",
    remove=f"{F}:remove_standing",
    search=("firm.name",),
    sort="-on_date",
    load=("firm",),
    parent=("firm_id", "tenants.firm"),
    menu=("loans", 70),
)

RESOURCES = [PERSON, PARTY, PAPER, STAGE, STANDING]
