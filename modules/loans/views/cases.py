"""Screens of loan cases, their people, documents and clocks; the tab on the firm, the cards on the homes."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.case import METHODS, LoanCase
from ..models.scheme import KINDS
from ..states import BEFORE, EDITABLE, OWING, PARTIES
from . import _tabs

C, D, P, W = (f"modules.loans.services.{n}" for n in ("cases", "decide", "persons", "papers"))
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda s: clock.today())


def outstanding(model: Any, context: Any) -> Any:
    """Principal left."""
    return model.disbursed - model.principal_repaid


CASE = Resource(
    name="loans.case",
    model=LoanCase,
    titles=Titles(_l("Loan cases"), _l("Loan case"), _l("New loan case")),
    icon="building-bank",
    columns=(
        Col("number", link=True, important=True, width=130),
        Col("firm_id", important=True, width=240),
        Col("state", important=True, width=150),
        Col("kind", width=120),
        Col("amount_requested", width=125, total="sum"),
        Col("amount_approved", width=125, total="sum"),
        Col("disbursed", width=125, total="sum"),
        Col("outstanding", _l("Still owed"), 125, sql=outstanding, fmt="money", total="sum"),
        Col("days_overdue", width=90),
        Col("risk", width=100),
        Col("matures_on", width=110),
        Col("bank_id", width=150),
        Col("applied_on", width=110),
        Col("scheme_id", hidden=True),
        Col("fund_id", hidden=True),
        Col("channel_id", hidden=True),
        Col("rate", hidden=True),
        Col("exposure", hidden=True, total="sum"),
        Col("overdue_amount", hidden=True, total="sum"),
        Col("next_due_on", hidden=True),
        Col("verdict", hidden=True),
        Col("jobs", hidden=True, total="sum"),
        Col("use_no", hidden=True),
        Col("contract_on", hidden=True),
        Col("settled_on", hidden=True),
        Col("prepared_by_id", hidden=True),
        Col("reject_code", hidden=True),
    ),
    sections=(
        Section(
            _l("Loan case"),
            (
                "number",
                "firm_id",
                "kind",
                "applied_on",
                "amount_requested",
                "term_months",
                "partners",
                "purpose",
                "jobs",
                "method",
                "every_months",
                "counter_guarantee",
            ),
        ),
        Section(_l("Parties of the loan"), ("channel_id", "bank_id", "fund_id", "hr_id", "finance_id")),
        Section(_l("As declared"), ("earlier_uses", "other_loans", "past_overdue", "note")),
        Section(
            _l("Result"),
            (
                "scheme_id",
                "rule_set",
                "verdict",
                "use_no",
                "hr_reference",
                "amount_approved",
                "rate",
                "lpr",
                "approved_on",
                "contract_no",
                "contract_on",
                "reject_code",
            ),
        ),
        Section(
            _l("Loan"),
            (
                "first_paid_on",
                "matures_on",
                "extended_to",
                "disbursed",
                "principal_repaid",
                "interest_paid",
                "compensated",
                "exposure",
                "days_overdue",
                "overdue_amount",
                "risk",
                "next_due_on",
                "watched_on",
                "settled_on",
                "prepared_by_id",
                "decided_by_id",
            ),
        ),
    ),
    create=f"{C}:create_case",
    change=f"{C}:change_case",
    remove=f"{C}:remove_case",
    workflow="modules.loans.states:LOAN",
    editable_in=EDITABLE,
    actions=(
        Action("retest", _l("Test again"), f"{C}:retest_case", (TODAY,), word="change", guard=f"{C}:why_not_retest"),
        Action(
            "parties",
            _l("Choose bank and fund"),
            f"{C}:choose_parties",
            (
                Input("bank_id", "ref", _l("Lending bank"), ref="loans.organisation", required=True),
                Input("fund_id", "ref", _l("Guarantee fund"), ref="loans.organisation", required=True),
                Input("hr_id", "ref", _l("HR office"), ref="loans.organisation"),
                Input("finance_id", "ref", _l("Finance office"), ref="loans.organisation"),
            ),
            word="change",
            guard=f"{C}:why_not_choose",
        ),
        Action(
            "hand_over",
            _l("Hand the ball over"),
            "modules.loans.services.clocks:hand_over",
            (
                Input("party", "choice", _l("Whose turn"), choices=PARTIES, required=True),
                TODAY,
                Input("note", "text", _l("Note"), required=True, max_length=300),
            ),
            word="change",
            guard="modules.loans.services.clocks:why_not_hand_over",
        ),
        Action(
            "decision",
            _l("Record the bank's decision"),
            f"{D}:record_decision",
            (
                Input("amount", "money", _l("Amount approved"), required=True),
                Input("rate", "percent", _l("Interest rate a year"), required=True),
                TODAY,
                Input("method", "choice", _l("Way of repayment"), choices=METHODS),
                Input("every_months", "int", _l("Months between instalments")),
            ),
            word="change",
            guard=f"{D}:why_not_record",
            primary=True,
        ),
        Action(
            "watch",
            _l("Look at the arrears"),
            "modules.loans.services.servicing:watch_case",
            (TODAY,),
            word="change",
            guard="modules.loans.services.servicing:why_not_watch",
        ),
        Action(
            "extension",
            _l("Ask for an extension"),
            "modules.loans.services.extensions:ask_extension",
            (Input("new_day", "date", _l("Extended to"), required=True), Input("reason", "longtext", _l("Reason"), required=True), TODAY),
            word="change",
            guard="modules.loans.services.extensions:why_not_ask",
        ),
        Action(
            "guarantee_claim",
            _l("Claim on the guarantee"),
            "modules.loans.services.guarantee:prepare_claim",
            (TODAY, Input("interest", "money", _l("Interest")), Input("note", "longtext", _l("Note"))),
            word="change",
            guard="modules.loans.services.guarantee:why_not_claim",
        ),
    ),
    tabs=(
        Tab("desk", _l("At a glance"), "loans/desk.html", _tabs.desk_data, order=1),
        Related("people", _l("People"), "loans.case_party", "case_id", order=10),
        Related("papers", _l("Documents"), "loans.paper", "case_id", order=20),
        Tab("schedule", _l("Repayment schedule"), "loans/schedule.html", _tabs.schedule_data, order=30),
        Related("tranches", _l("Payouts"), "loans.tranche", "case_id", order=32),
        Related("repayments", _l("Repayments"), "loans.repayment", "case_id", order=34),
        Related("subsidy", _l("Interest subsidy"), "loans.subsidy_line", "case_id", order=40),
        Related("other_subsidy", _l("Other subsidies"), "loans.other_subsidy", "case_id", order=42),
        Related("extensions", _l("Loan extensions"), "loans.extension", "case_id", order=50),
        Related("claims", _l("Guarantee claims"), "loans.claim", "case_id", order=52),
        Related("clock", _l("Clock"), "loans.stage", "case_id", order=60),
    ),
    facts=(
        Fact(_l("Amount"), lambda s, o: (f"{o.amount_approved or o.amount_requested:,.2f}", None)),
        Fact(_l("Still owed"), lambda s, o: (f"{o.outstanding:,.2f}" if o.disbursed else "—", "red" if o.days_overdue else None)),
        Fact(_l("Whose turn"), lambda s, o: _turn(s, o)),
    ),
    opens="open",
    views=(
        View("open", _l("Under way"), (Filter("state", "in", list(BEFORE)),), sort="applied_on"),
        View("approve", _l("To be approved"), (Filter("state", "eq", "approval"),), sort="applied_on"),
        View("returned", _l("Returned"), (Filter("state", "eq", "returned"),), sort="applied_on"),
        View("paying", _l("Being paid out"), (Filter("state", "in", ["contract", "disbursing"]),), sort="applied_on"),
        View("running", _l("On loan"), (Filter("state", "in", list(OWING)),), sort="matures_on"),
        View("watch", _l("Watch list"), (Filter("days_overdue", "gt", 0), Filter("state", "in", list(OWING))), sort="-days_overdue"),
        View(
            "maturing",
            _l("Due within 90 days"),
            (Filter("state", "in", list(OWING)), Filter("matures_on", "lte", "@today+90")),
            sort="matures_on",
        ),
        View("settled", _l("Loan paid back"), (Filter("state", "eq", "settled"),), sort="-settled_on"),
        View("all", _l("All"), ()),
    ),
    search=("number", "firm.name", "contract_no"),
    sort="-id",
    load=("firm", "scheme", "bank", "fund", "channel", "hr", "finance"),
    menu=("loans", 10),
    money=True,
    code_field="number",
    parent=("firm_id", "tenants.firm"),
)


def _turn(session: Any, case: LoanCase) -> tuple[str, str | None]:
    span = _tabs.clocks.open_span(session, case)
    return (str(PARTIES.label(span.party)), None) if span is not None else ("—", None)


RESOURCES = [CASE]

slots.tab("tenants.firm", Related("loans", _l("Start-up loans"), "loans.case", "firm_id", order=74))
slots.tab("tenants.firm", Related("loan_facts", _l("Loan facts"), "loans.standing", "firm_id", order=75))
slots.fact("tenants.firm", Fact(_l("Loans paid out / owed"), _tabs.firm_fact))
slots.action(
    "tenants.firm",
    Action(
        "loan",
        _l("Loan enquiry"),
        f"{C}:enquire_for_firm",
        (
            Input("kind", "choice", _l("Borrower is"), choices=KINDS, required=True, default="firm"),
            Input("amount_requested", "money", _l("Loan amount asked for"), required=True),
            Input("term_months", "int", _l("Term in months"), required=True, default=24),
            Input("applied_on", "date", _l("Applied on"), required=True, default=lambda s: clock.today()),
        ),
        word="read",
    ),
)

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
for _tile in (
    Tile("loans.open", _l("Loan cases under way"), "loans.case", "open", (CLERK,), ("firm_id", "state"), 60),
    Tile("loans.returned", _l("Loan cases to complete"), "loans.case", "returned", (CLERK,), ("firm_id", "amount_requested"), 61, "amber"),
    Tile("loans.papers", _l("Loan documents that expire"), "loans.paper", "expiring", (CLERK,), ("kind_id", "expires_on"), 62, "amber"),
    Tile(
        "loans.approve",
        _l("Loans to approve"),
        "loans.case",
        "approve",
        (MANAGER, LEADERSHIP),
        ("firm_id", "amount_requested"),
        60,
        "violet",
    ),
    Tile("loans.watch", _l("Loans overdue"), "loans.case", "watch", (CLERK, MANAGER, LEADERSHIP), ("firm_id", "overdue_amount"), 63, "red"),
    Tile("loans.confirm", _l("Payouts to confirm"), "loans.tranche", "open", (FINANCE, MANAGER), ("case_id", "amount"), 64, "violet"),
    Tile("loans.subsidy", _l("Subsidy claims to check"), "loans.subsidy_claim", "open", (FINANCE, MANAGER), ("bank_id", "total"), 65),
):
    slots.tile(_tile)
